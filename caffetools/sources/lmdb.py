"""The first record of an LMDB.

Our own reader of as much of the format as that takes: the library maps the file into memory, so
that a database whose copy was cut short kills the whole process. Layout: OpenLDAP's mdb.c, release
0.9, 64 bits, the low byte first.
"""

from __future__ import annotations

import os
import struct
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
    magic, version, page_size, root, _, transaction = _META.unpack(
        _read(file, offset + _HEADER, _META.size)
    )
    if magic != _MAGIC or version != 1 or page_size < 512:
        raise CaffeToolsError(f"{DATA} is not an LMDB as Caffe reads it (release 0.9, 64 bits)")
    return _Tree(transaction, page_size, root)


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
