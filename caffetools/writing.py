"""Atomic writing of files and folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from caffetools.errors import CaffeToolsError, Location

Data: TypeAlias = "bytes | Iterable[bytes | memoryview]"
"""The content of a file, or its pieces."""


def replace_file(path: str | os.PathLike[str], data: Data) -> None:
    """Write `data`, or its pieces, to a temporary file that then replaces the file at `path`.

    As `replace_files` with one file.
    """
    replace_files({os.fspath(path): data})


def replace_files(files: Mapping[str, Data], *, last_marks: bool = False) -> None:
    """Write files to temporary ones, which replace those at the paths once all are written.

    Existing files keep their permissions, and their content if anything cannot be written. With
    `last_marks` the last file says that the others are complete: an older one is removed before
    they are replaced. Raises CaffeToolsError for a path that cannot be written, and for one that is
    neither a regular file nor a link to one.
    """
    staged: list[tuple[str, str]] = []
    try:
        for path, data in files.items():
            target = os.path.realpath(path)
            if os.path.lexists(target) and not os.path.isfile(target):
                raise CaffeToolsError("cannot be written: expected a regular file", Location(path))
            with placed_errors("cannot be written", path):
                name = _temporary_name(os.path.dirname(target))
                handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=name)
                staged.append((temporary, target))
                with open(handle, "wb") as file:
                    file.writelines([data] if isinstance(data, bytes) else data)
                    if last_marks:  # also after a loss of power
                        file.flush()
                        os.fsync(file.fileno())
                _copy_permissions(target, temporary)
        if last_marks:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(staged[-1][1])
        while staged:
            with placed_errors("cannot be written", staged[0][1]):
                os.replace(*staged[0])
            del staged[0]
    finally:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def replace_folder(folder: str | os.PathLike[str], files: Mapping[str, Data]) -> None:
    """Write files, by their relative paths, to a temporary folder, then move them into `folder`.

    If anything fails, a new folder is not created, and an existing one gets no new file. Raises
    CaffeToolsError for a folder that cannot be written.
    """
    target = os.path.realpath(folder)
    with placed_errors("cannot be written", folder):
        os.makedirs(os.path.dirname(target), exist_ok=True)
    with placed_errors("cannot be written", folder), temporary_folder(target) as temporary:
        for name, data in files.items():
            path = os.path.join(temporary, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            replace_file(path, data)
        if os.path.isdir(target):
            _move(temporary, target, files)
        else:
            os.chmod(temporary, 0o777 & ~_umask())
            os.rename(temporary, target)


@contextlib.contextmanager
def temporary_folder(target: str) -> Iterator[str]:
    """Make a folder beside `target`, removed at the end unless it has been renamed."""
    parent = os.path.dirname(os.path.realpath(target))
    temporary = tempfile.mkdtemp(dir=parent, prefix=_temporary_name(parent))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_name(folder: str) -> str:
    """Return the start of a temporary name; remove what killed processes have left in a folder.

    The name has the machine and the process, so that files of running ones stay.
    """
    if os.name != "posix":
        return ".caffetools-"
    start = f".caffetools-{os.uname().nodename}-"
    for name in os.listdir(folder or "."):
        process = name.removeprefix(start).partition("-")[0]
        if name.startswith(start) and process.isdecimal() and not _is_running(int(process)):
            path = os.path.join(folder, name)
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                os.unlink(path)
    return f"{start}{os.getpid()}-"


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        pass
    return True


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
    files: Mapping[str, Data],
    force: bool,
    folder: str | None = None,
    inputs: Iterable[str] = (),
) -> None:
    """Write files by their paths, all or none, after making the `folder` they are in.

    Raises CaffeToolsError before anything is written as `check_absent` does.
    """
    check_absent(files, force, inputs)
    if folder is not None:
        with placed_errors("this folder cannot be made", folder):
            os.makedirs(folder, exist_ok=True)
    replace_files(files)


def check_absent(paths: Iterable[str], force: bool = False, inputs: Iterable[str] = ()) -> None:
    """Raise CaffeToolsError, placed, for the first path that exists, unless `force` is given.

    A path that is one of `inputs` is refused with `force`, too.
    """
    given = [os.path.realpath(path) for path in inputs]
    for path in paths:
        if os.path.lexists(path):
            if not force:
                raise CaffeToolsError("file exists; use --force to overwrite", Location(path))
            if os.path.realpath(path) in given:
                raise CaffeToolsError("this is an input; choose another output", Location(path))


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
