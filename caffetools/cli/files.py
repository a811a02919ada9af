"""Files that commands write: nothing is overwritten unless that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from caffetools.errors import CaffeToolsError, Location
from caffetools.writing import replace_file


def write_files(
    files: Mapping[str, bytes | Iterable[bytes | memoryview]],
    force: bool,
    folder: str | None = None,
) -> None:
    """Write each file by its path, whole or in pieces.

    Where they lie in a `folder` that is new, it is made first.
    Raises CaffeToolsError before anything is written if one is there, unless with `force`.
    """
    there = next((path for path in files if os.path.lexists(path)), None)
    if there is not None and not force:
        raise CaffeToolsError("this is there already; --force overwrites it", Location(there))
    if folder is not None:
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            message = f"this folder cannot be made: {error.strerror}"
            raise CaffeToolsError(message, Location(folder)) from None
    for path, data in files.items():
        replace_file(path, data)
