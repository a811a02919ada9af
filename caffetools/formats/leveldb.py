"""The first record of a LevelDB, read with plyvel."""

from __future__ import annotations

from caffetools.errors import CaffeToolsError

CURRENT = "CURRENT"
"""The file by which a LevelDB's folder is known."""


def first_value(folder: str) -> bytes | None:
    """The value of the least key; None if there are no records.

    Opening a LevelDB locks it and finishes what its last writer left, in Caffe as here. Raises
    CaffeToolsError where that fails, ImportError without plyvel.
    """
    import plyvel

    try:
        database = plyvel.DB(folder)
        try:
            with database.iterator(include_key=False) as values:
                value: bytes | None = next(values, None)
                return value
        finally:
            database.close()
    except (plyvel.Error, OSError) as error:
        raise CaffeToolsError(f"the LevelDB cannot be opened: {told(error)}") from None


def told(error: Exception) -> str:
    """What plyvel says, which is bytes."""
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)
