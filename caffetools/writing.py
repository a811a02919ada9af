"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping

from caffetools.errors import CaffeToolsError, Location


def replace_file(path: str | os.PathLike[str], data: bytes | Iterable[bytes | memoryview]) -> None:
    """Put `data`, or its pieces, in the file at `path`: written beside it, then put in its place.

    A file that was there keeps its permissions, and is as it was where anything fails. Raises
    CaffeToolsError for a path that cannot be written.
    """
    target = os.path.realpath(path)
    try:
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".caffetools-")
        try:
            with open(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
            _copy_permissions(target, beside)
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        raise CaffeToolsError(message, Location(os.fspath(path))) from None


def replace_folder(
    folder: str | os.PathLike[str], files: Mapping[str, bytes | Iterable[bytes | memoryview]]
) -> None:
    """Put files, by their names, in a folder: all are written beside it first, then put in place.

    A folder that is not there, or is empty, is as it was where anything fails. Raises
    CaffeToolsError for one that cannot be written.
    """
    target = os.path.realpath(folder)
    try:
        beside = tempfile.mkdtemp(dir=os.path.dirname(target), prefix=".caffetools-")
        try:
            for name, data in files.items():
                replace_file(os.path.join(beside, name), data)
            if os.path.isdir(target) and os.listdir(target):
                for name in files:
                    os.replace(os.path.join(beside, name), os.path.join(target, name))
            else:
                os.chmod(beside, 0o777 & ~_umask())
                if os.path.isdir(target):
                    shutil.copymode(target, beside)
                os.replace(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        message = f"cannot be written: {error.strerror}"
        raise CaffeToolsError(message, Location(os.fspath(folder))) from None


def _copy_permissions(source: str, target: str) -> None:
    if os.path.exists(source):
        shutil.copymode(source, target)
    else:
        os.chmod(target, 0o666 & ~_umask())


def _umask() -> int:
    """The permissions that new files are not to have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
