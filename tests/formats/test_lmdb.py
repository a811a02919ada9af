from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.formats.lmdb import DATA, Lmdb, first_value
from tests.formats.files import write_lmdb

FEW = (b"first", b"second")
MANY = tuple(bytes([index % 256]) * (900 + index % 5) for index in range(300))
LARGE = (b"x" * 10_000, b"y" * 20_000)


@pytest.mark.parametrize(
    ("records", "expected"),
    [(FEW, FEW[0]), (MANY, MANY[0]), (LARGE, LARGE[0]), ((b"",), b""), ((), None)],
    ids=["one page", "a tree", "pages of its own", "an empty value", "no record"],
)
def test_first_value(tmp_path: Path, records: tuple[bytes, ...], expected: bytes | None) -> None:
    write_lmdb(tmp_path / "db", *records)
    assert first_value(str(tmp_path / "db")) == expected


@pytest.mark.parametrize("records", [FEW, MANY, LARGE, (b"",), ()])
def test_all_records_in_any_order(tmp_path: Path, records: tuple[bytes, ...]) -> None:
    write_lmdb(tmp_path / "db", *records)
    found = Lmdb(str(tmp_path / "db"))
    assert len(found) == len(records)
    order = [*range(len(records)), *reversed(range(len(records)))]
    assert [found.read(index) for index in order] == [records[index] for index in order]


def test_a_database_is_opened_as_often_as_one_likes(tmp_path: Path) -> None:
    write_lmdb(tmp_path / "db", *FEW)
    several = [Lmdb(str(tmp_path / "db")) for _ in range(3)]
    assert [each.read(1) for each in several] == [FEW[1]] * 3


def test_the_later_of_two_transactions_counts(tmp_path: Path) -> None:
    for record in (b"one", b"two", b"three", b"four"):
        write_lmdb(tmp_path / "db", record)
        assert first_value(str(tmp_path / "db")) == record


def test_a_database_that_is_replaced(tmp_path: Path) -> None:
    """By rename, the old one is read to its end; overwritten, it is no more what was opened."""
    write_lmdb(tmp_path / "db", *MANY)
    write_lmdb(tmp_path / "new", *MANY[::-1])
    file = tmp_path / "db" / DATA
    renamed = Lmdb(str(tmp_path / "db"))
    content = file.read_bytes()
    (tmp_path / "new" / DATA).replace(file)
    assert [renamed.read(index) for index in (0, 299)] == [MANY[0], MANY[299]]
    overwritten = Lmdb(str(tmp_path / "db"))
    overwritten.read(0)
    file.write_bytes(content)
    with pytest.raises(CaffeToolsError, match=r"data\.mdb was changed while it was read; write"):
        overwritten.read(299)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("lmdb") / "db"
    write_lmdb(folder, *MANY)
    return (folder / DATA).read_bytes()


@pytest.mark.parametrize("length", [0, 10, 100, 4096, 4200, 8192, 8300])
def test_a_file_that_was_cut_off(tmp_path: Path, tree: bytes, length: int) -> None:
    (tmp_path / DATA).write_bytes(tree[:length])
    with pytest.raises(CaffeToolsError, match=r"data\.mdb ends too early to be a whole LMDB"):
        first_value(str(tmp_path))


@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
def test_all_records_of_a_file_that_was_cut_off(tmp_path: Path, tree: bytes, left: float) -> None:
    (tmp_path / DATA).write_bytes(tree[: int(len(tree) * left)])
    with pytest.raises(CaffeToolsError, match=r"data\.mdb ends too early to be a whole LMDB"):
        Lmdb(str(tmp_path))


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / DATA).write_bytes(b"SQLite format 3\0" * 1000)
    with pytest.raises(CaffeToolsError, match=r"data\.mdb is not an LMDB as Caffe reads it"):
        first_value(str(tmp_path))


def root_page(tree: bytes) -> int:
    """Where the root of the main tree begins, by the later of the two meta pages."""
    page_size = int.from_bytes(tree[40:44], "little")
    meta = max((0, page_size), key=lambda start: tree[start + 144 : start + 152][::-1])
    return int.from_bytes(tree[meta + 128 : meta + 136], "little") * page_size


def test_a_tree_that_leads_nowhere(tmp_path: Path, tree: bytes) -> None:
    root = root_page(tree)
    node = root + int.from_bytes(tree[root + 16 : root + 18], "little")
    number = root // int.from_bytes(tree[40:44], "little")
    for place, data in (
        (node, number.to_bytes(6, "little")),  # in a circle: the first branch is the root
        (root + 10, b"\x04\x00"),  # the root is neither a branch nor a leaf
        (root + 16, b"\xff\xff"),  # the first node lies beyond the page
    ):
        damaged = tree[:place] + data + tree[place + len(data) :]
        (tmp_path / DATA).write_bytes(damaged)
        with pytest.raises(CaffeToolsError, match="is damaged: its tree leads nowhere"):
            first_value(str(tmp_path))
        with pytest.raises(CaffeToolsError, match="is damaged: its tree leads nowhere"):
            Lmdb(str(tmp_path)).read(0)


def all_values(path: str) -> bytes:
    """The longest of all records."""
    records = Lmdb(path)
    return max((records.read(index) for index in range(len(records))), key=len, default=b"")


@given(data=st.data())
def test_damage_is_told(
    tmp_path_factory: pytest.TempPathFactory, tree: bytes, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    damaged = bytearray(tree)
    for _ in range(data.draw(st.integers(1, 6))):
        page = data.draw(st.integers(0, len(tree) // 4096 - 1))
        damaged[page * 4096 + data.draw(st.integers(0, 200))] = data.draw(st.integers(0, 255))
    (folder / DATA).write_bytes(damaged)
    for read in (first_value, all_values):
        try:
            value = read(str(folder))
        except CaffeToolsError:
            continue
        assert value is None or len(value) <= len(tree)
