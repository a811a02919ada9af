"""Atomic writing of files and folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

from caffetools.errors import CaffeToolsError, Location


def replace_file(path: str | os.PathLike[str], data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, or its pieces, to a temporary file that then replaces the file at `path`.

    An existing file keeps its permissions, and its content if anything fails. Raises
    CaffeToolsError for a path that cannot be written.
    """
    target = os.path.realpath(path)
    with placed_errors("cannot be written", path):
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".caffetools-")
        try:
            with open(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
            _copy_permissions(target, temporary)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def replace_folder(
    folder: str | os.PathLike[str], files: Mapping[str, bytes | Iterable[bytes | memoryview]]
) -> None:
    """Write files, by their relative paths, to a temporary folder, then move them into `folder`.

    If anything fails, a new folder is not created, and an existing one gets no new file. Raises
    CaffeToolsError for a folder that cannot be written.
    """
    target = os.path.realpath(folder)
    with placed_errors("cannot be written", folder):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        temporary = tempfile.mkdtemp(dir=os.path.dirname(target), prefix=".caffetools-")
        try:
            for name, data in files.items():
                path = os.path.join(temporary, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                replace_file(path, data)
            if os.path.isdir(target):
                _move(temporary, target, files)
            else:
                os.chmod(temporary, 0o777 & ~_umask())
                os.rename(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def placed_errors(what: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an OSError into a CaffeToolsError at the path."""
    try:
        yield
    except OSError as error:
        raise CaffeToolsError(f"{what}: {error.strerror}", Location(os.fspath(path))) from None


IMAGE_FORMATS = ("svg", "png", "pdf")


def format_of(path: str, formats: Sequence[str] = IMAGE_FORMATS) -> str:
    """Return the file format that the extension of a path names.

    Raises CaffeToolsError for an extension that is not one of `formats`.
    """
    extension = os.path.splitext(path)[1].lower()
    if extension.removeprefix(".") not in formats:
        expected = ", ".join(f".{name}" for name in formats)
        message = f"file extension expected one of {expected}, found {extension or 'none'}"
        raise CaffeToolsError(message, Location(path))
    return extension.removeprefix(".")


def write_files(
    files: Mapping[str, bytes | Iterable[bytes | memoryview]],
    force: bool,
    folder: str | None = None,
) -> None:
    """Write each file by its path, complete or not at all, after making the `folder` they are in.

    Raises CaffeToolsError before anything is written if one exists, unless `force` is given.
    """
    check_absent(files, force)
    if folder is not None:
        with placed_errors("this folder cannot be made", folder):
            os.makedirs(folder, exist_ok=True)
    for path, data in files.items():
        replace_file(path, data)


def check_absent(paths: Iterable[str], force: bool = False) -> None:
    """Raise CaffeToolsError, placed, for the first path that exists, unless `force` is given."""
    existing = None if force else next((path for path in paths if os.path.lexists(path)), None)
    if existing is not None:
        raise CaffeToolsError("file exists; use --force to overwrite", Location(existing))


def _move(source: str, target: str, names: Iterable[str]) -> None:
    """Move files from folder to folder; remove the new ones if anything fails."""
    new: list[str] = []
    try:
        for name in names:
            path = os.path.join(target, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not os.path.lexists(path):
                new.append(path)
            os.replace(os.path.join(source, name), path)
    except OSError:
        for path in new:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise


def _copy_permissions(source: str, target: str) -> None:
    if os.path.exists(source):
        shutil.copymode(source, target)
    else:
        os.chmod(target, 0o666 & ~_umask())


def _umask() -> int:
    """Return the permissions that new files do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
