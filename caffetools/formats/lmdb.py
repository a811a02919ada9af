"""The records of an LMDB.

Not read with the library `lmdb`: that maps the file into memory, so that a database whose copy was
cut short kills the whole process; and it opens a database once in a process and its children, while
training opens one for each net and each worker. Layout: OpenLDAP's mdb.c, release 0.9, 64 bits,
little-endian.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO, NamedTuple

from caffetools.errors import CaffeToolsError

DATA = "data.mdb"
"""The file with the records in an LMDB's folder."""

_MAGIC = 0xBEEFC0DE
_HEADER = 16
"""Bytes before a page's content; its flags begin 6 bytes before their end."""
_META = struct.Struct("<II 16x I 44x 40xQ QQ")
"""Magic, version; page size; root of the main tree; last page, transaction."""
_NODE = struct.Struct("<HHHH")
_BRANCH, _LEAF = 1, 2
_OVERFLOW = 1
"""Flag of a value on pages of its own."""
_NO_PAGE = 2**64 - 1
_MAX_DEPTH = 32
"""Levels of a tree: mdb.c's own limit."""


class _Meta(NamedTuple):
    """The content of a meta page."""

    transaction: int
    page_size: int
    root: int
    last_page: int


class _Tree:
    """The main tree of an open file, as the later of two transactions left it.

    Each transaction writes the meta page of the one before the last.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size, self._time = _state(file)
        first = self._read_meta(0)
        self.meta = max(first, self._read_meta(first.page_size))

    def _read_meta(self, offset: int) -> _Meta:
        magic, version, page_size, root, last_page, transaction = _META.unpack(
            self._read(offset + _HEADER, _META.size)
        )
        if magic != _MAGIC or version != 1 or page_size < 512:
            raise CaffeToolsError(f"{DATA} is not an LMDB as Caffe reads it (release 0.9, 64 bits)")
        return _Meta(transaction, page_size, root, last_page)

    def leaves(self) -> Iterator[tuple[int, int]]:
        """The page number of each leaf in order, and its number of records."""
        waiting = [(self.meta.root, 0)] if self.meta.root != _NO_PAGE else []
        visited = 0
        while waiting:
            number, depth = waiting.pop()
            visited += 1
            page = self.page(number)
            flags, lower = struct.unpack_from("<HH", page, _HEADER - 6)
            count = (lower - _HEADER) // 2
            fits = 0 < count <= (len(page) - _HEADER) // 2
            if not fits or not flags & (_LEAF | _BRANCH) or visited > self.meta.last_page:
                raise _damaged()
            if flags & _LEAF:
                yield number, count
            elif depth < _MAX_DEPTH:
                children = (_child(page, index) for index in reversed(range(count)))
                waiting += ((child, depth + 1) for child in children)
            else:
                raise _damaged()

    def page(self, number: int) -> bytes:
        """The bytes of a page."""
        return self._read(number * self.meta.page_size, self.meta.page_size)

    def value(self, page: bytes, offset: int) -> bytes:
        """The value of a leaf's node: in the page after the key, or on pages of its own."""
        low, high, flags, key_size = _NODE.unpack_from(page, offset)
        rest = page[offset + _NODE.size + key_size :]
        size = low | high << 16
        if not flags & _OVERFLOW:
            return rest[:size]
        page_number = int.from_bytes(rest[:8], "little")
        return self._read(page_number * self.meta.page_size + _HEADER, size)

    def _read(self, offset: int, size: int) -> bytes:
        if _state(self._file) != (self.size, self._time):
            text = "was changed while it was read; write the new one elsewhere and rename it"
            raise CaffeToolsError(f"{DATA} {text}")
        if offset + size > self.size:
            raise _cut_off()
        self._file.seek(offset)
        return self._file.read(size)


class Lmdb:
    """All records of a database, by their index in the order of the keys.

    Raises CaffeToolsError for what is not an LMDB, or an incomplete one; OSError for a file that
    cannot be read.
    """

    def __init__(self, path: str) -> None:
        data = os.path.join(path, DATA) if os.path.isdir(path) else path
        self._file = open(data, "rb")  # noqa: SIM115  # as long as the records
        self._tree = _Tree(self._file)
        needed = (self._tree.meta.last_page + 1) * self._tree.meta.page_size
        if self._tree.size < needed:
            raise _cut_off()
        leaves = list(self._tree.leaves())
        self._pages = [page for page, _ in leaves]
        self._ends = list(accumulate(count for _, count in leaves))
        self._leaf: tuple[int, bytes] | None = None

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int) -> bytes:
        """Return the record of an index."""
        return self._tree.value(*self._find(index))

    def key(self, index: int) -> bytes:
        """Return its key."""
        page, offset = self._find(index)
        *_, key_size = _NODE.unpack_from(page, offset)
        return page[offset + _NODE.size :][:key_size]

    def _find(self, index: int) -> tuple[bytes, int]:
        """The leaf that holds a record, and the offset of its node."""
        leaf = bisect_right(self._ends, index)
        if self._leaf is None or self._leaf[0] != leaf:
            self._leaf = leaf, self._tree.page(self._pages[leaf])
        page = self._leaf[1]
        return page, _node_offset(page, index - (self._ends[leaf - 1] if leaf else 0))


def first_value(folder: str) -> bytes | None:
    """Return the value of the least key in the main database; None for an empty one.

    Raises CaffeToolsError for what is not an LMDB, or is incomplete before that value; OSError for
    a file that cannot be read.
    """
    with open(os.path.join(folder, DATA), "rb") as file:
        tree = _Tree(file)
        for number, _ in tree.leaves():
            page = tree.page(number)
            return tree.value(page, _node_offset(page, 0))
    return None


def _child(page: bytes, index: int) -> int:
    """The page that a node of a branch points to."""
    low, middle, high, _ = _NODE.unpack_from(page, _node_offset(page, index))
    return int(low | middle << 16 | high << 32)


def _node_offset(page: bytes, index: int) -> int:
    """The offset of a node in its page."""
    (offset,) = struct.unpack_from("<H", page, _HEADER + 2 * index)
    if offset + _NODE.size > len(page):
        raise _damaged()
    return int(offset)


def _state(file: BinaryIO) -> tuple[int, int]:
    """Return the size of an open file and the time of its last change, in nanoseconds."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _damaged() -> CaffeToolsError:
    return CaffeToolsError(f"{DATA} is damaged: its tree leads nowhere")


def _cut_off() -> CaffeToolsError:
    return CaffeToolsError(f"{DATA} ends too early to be a whole LMDB")
