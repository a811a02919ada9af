"""The records of an LMDB.

Our own reader of as much of the format as that takes: the library maps the file into memory, so
that a database whose copy was cut short kills the whole process; and it opens a database once in a
process and its children, where training opens one for each net and each worker. Layout: OpenLDAP's
mdb.c, release 0.9, 64 bits, the low byte first.
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
"""The file in an LMDB's folder that holds the records."""

_MAGIC = 0xBEEFC0DE
_HEADER = 16
"""Bytes before a page's content; its flags stand 6 bytes before their end."""
_META = struct.Struct("<II 16x I 44x 40xQ QQ")
"""Magic and version; the page size; the root of the main tree; the last page, the transaction."""
_NODE = struct.Struct("<HHHH")
_BRANCH, _LEAF = 1, 2
_ON_OTHER_PAGES = 1
_NO_PAGE = 2**64 - 1
_DEEPEST = 32
"""Levels of a tree: mdb.c's own limit."""


class _Tree(NamedTuple):
    """What a meta page says of the records."""

    transaction: int
    page_size: int
    root: int
    last_page: int = 0


class Lmdb:
    """All records of a database, by their index in the order of the keys.

    Raises CaffeToolsError for what is not an LMDB, or not a whole one; OSError for a file that
    cannot be read.
    """

    def __init__(self, path: str) -> None:
        data = os.path.join(path, DATA) if os.path.isdir(path) else path
        self._file = open(data, "rb")  # noqa: SIM115  # as long as the records
        self._tree = tree = _tree(self._file)
        needed = (tree.last_page + 1) * tree.page_size
        if os.fstat(self._file.fileno()).st_size < needed:
            raise CaffeToolsError(f"{DATA} ends too early to be a whole LMDB")
        leaves = [] if tree.root == _NO_PAGE else list(self._leaves())
        self._pages = [page for page, _ in leaves]
        self._ends = list(accumulate(count for _, count in leaves))
        self._leaf: tuple[int, bytes] | None = None

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, index: int) -> bytes:
        """The record of an index."""
        page, offset = self._find(index)
        low, middle, high, key_size = _NODE.unpack_from(page, offset)
        rest = page[offset + _NODE.size + key_size :]
        return _value(self._file, self._tree, rest, (low, middle, high))

    def key(self, index: int) -> bytes:
        """Its key."""
        page, offset = self._find(index)
        *_, key_size = _NODE.unpack_from(page, offset)
        return page[offset + _NODE.size :][:key_size]

    def _find(self, index: int) -> tuple[bytes, int]:
        """The leaf that holds a record, and where its node stands there."""
        leaf = bisect_right(self._ends, index)
        if self._leaf is None or self._leaf[0] != leaf:
            self._leaf = leaf, self._page(self._pages[leaf])
        page = self._leaf[1]
        return page, _node_offset(page, index - (self._ends[leaf - 1] if leaf else 0))

    def _leaves(self) -> Iterator[tuple[int, int]]:
        """The leaves in order, each with how many records it has."""
        waiting, visited = [self._tree.root], 0
        while waiting:
            number = waiting.pop()
            visited += 1
            page = self._page(number)
            flags, lower = struct.unpack_from("<HH", page, _HEADER - 6)
            count = (lower - _HEADER) // 2
            fits = 0 < count <= (len(page) - _HEADER) // 2
            if not fits or not flags & (_LEAF | _BRANCH) or visited > self._tree.last_page:
                raise CaffeToolsError(f"{DATA} is damaged: its tree leads nowhere")
            if flags & _LEAF:
                yield number, count
            else:
                waiting += (_child(page, index) for index in reversed(range(count)))

    def _page(self, number: int) -> bytes:
        return _read(self._file, number * self._tree.page_size, self._tree.page_size)


def _child(page: bytes, index: int) -> int:
    """The page that a node of a branch leads to."""
    low, middle, high, _ = _NODE.unpack_from(page, _node_offset(page, index))
    return int(low | middle << 16 | high << 32)


def _node_offset(page: bytes, index: int) -> int:
    """Where a node stands in its page."""
    (offset,) = struct.unpack_from("<H", page, _HEADER + 2 * index)
    if offset + _NODE.size > len(page):
        raise CaffeToolsError(f"{DATA} is damaged: its tree leads nowhere")
    return int(offset)


def first_value(folder: str) -> bytes | None:
    """The value of the least key in the main database; None if it has no records.

    Raises CaffeToolsError for what is not an LMDB, or not a whole one; OSError for a file that
    cannot be read.
    """
    with open(os.path.join(folder, DATA), "rb") as file:
        tree = _tree(file)
        return None if tree.root == _NO_PAGE else _leftmost(file, tree)


def _tree(file: BinaryIO) -> _Tree:
    """The tree as the later transaction of two left it: each writes the meta page of the other."""
    first = _meta(file, 0)
    return max(first, _meta(file, first.page_size))


def _meta(file: BinaryIO, offset: int) -> _Tree:
    magic, version, page_size, root, last_page, transaction = _META.unpack(
        _read(file, offset + _HEADER, _META.size)
    )
    if magic != _MAGIC or version != 1 or page_size < 512:
        raise CaffeToolsError(f"{DATA} is not an LMDB as Caffe reads it (release 0.9, 64 bits)")
    return _Tree(transaction, page_size, root, last_page)


def _leftmost(file: BinaryIO, tree: _Tree) -> bytes:
    page_number = tree.root
    for _ in range(_DEEPEST):
        page = _read(file, page_number * tree.page_size, tree.page_size)
        (flags,) = struct.unpack_from("<H", page, _HEADER - 6)
        (offset,) = struct.unpack_from("<H", page, _HEADER)
        if offset + _NODE.size > len(page):
            break
        low, middle, high, key_size = _NODE.unpack_from(page, offset)
        if flags & _LEAF:
            return _value(file, tree, page[offset + _NODE.size + key_size :], (low, middle, high))
        if not flags & _BRANCH:
            break
        page_number = low | middle << 16 | high << 32
    raise CaffeToolsError(f"{DATA} is damaged: its tree leads nowhere")


def _value(file: BinaryIO, tree: _Tree, rest: bytes, node: tuple[int, int, int]) -> bytes:
    """The value of a leaf's node: in the page after the key, or on pages of its own."""
    low, middle, flags = node
    size = low | middle << 16
    if not flags & _ON_OTHER_PAGES:
        return rest[:size]
    page_number = int.from_bytes(rest[:8], "little")
    return _read(file, page_number * tree.page_size + _HEADER, size)


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset + size > os.fstat(file.fileno()).st_size:
        raise CaffeToolsError(f"{DATA} ends too early to be a whole LMDB")
    file.seek(offset)
    return file.read(size)
