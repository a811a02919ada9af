"""Where a source lies that a prototxt names."""

from __future__ import annotations

import os


def find(source: str, folder: str) -> str | None:
    """The path of a file or directory that is there, or None.

    Sought from the working directory, as Caffe does, then from `folder`, the prototxt's.
    """
    if not source:
        return None
    paths = (source, os.path.join(folder, source))
    return next((path for path in paths if os.path.exists(path)), None)


def find_file(source: str, folder: str) -> str | None:
    """The same for a regular file: nothing that could be read for ever."""
    path = find(source, folder)
    return path if path and os.path.isfile(path) else None
