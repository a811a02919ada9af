from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.layers.cases import check_refused, layer_text, set_up

TEXT = layer_text("HDF5Data", 'hdf5_data_param { source: "list" batch_size: 4 }', "", "data label")


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, Any]:
    """A folder with a list of one HDF5 file, as the option of that name."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        file.create_dataset("data", (10, 3, 8, 9), "f4")
        file.create_dataset("label", (10, 1), "i4")
        file.create_dataset("others", (11,), "f8")
    (tmp_path / "list").write_text("rows.h5\n")
    return {"folder": str(tmp_path)}


def test_rows_of_datasets(folder: dict[str, Any]) -> None:
    case = set_up(TEXT, data_shape=(1, 2, 2), **folder)
    assert (case.tops, case.notes) == (((4, 3, 8, 9), (4, 1)), ())
    assert set_up(TEXT, batch_size=7, **folder).tops == ((7, 3, 8, 9), (7, 1))
    shapes = {"data": (5, 6)}
    assert set_up(TEXT, input_shapes=shapes, **folder).tops == ((5, 6), (5, 1))


def test_refused(folder: dict[str, Any]) -> None:
    text = TEXT.replace('"label"', '"others"')
    check_refused(text, (), 2, 19, "as many rows, found 10 x 3 x 8 x 9 and 11", **folder)
    text = TEXT.replace('"label"', '"none"')
    check_refused(text, (), 2, 19, "no dataset 'none'", **folder)
    text = TEXT.replace("hdf5_data_param {", "transform_param { } hdf5_data_param {")
    check_refused(text, (), 2, 1, "HDF5Data layers take no transform_param", **folder)
    text = TEXT.replace("batch_size: 4", "batch_size: 2147483648")
    check_refused(text, (), 2, 34, "expected batch_size below 2^31", **folder)
    path = Path(folder["folder"])
    (path / "rows.h5").write_text("not HDF5")
    check_refused(TEXT, (), 2, 19, "cannot be read as HDF5", **folder)
    (path / "list").write_text(" \n")
    check_refused(TEXT, (), 2, 19, "list' is empty", **folder)


DATA = "nothing tells the shape of 'data': pass --data-shape C,H,W or --input-shape data=N,C,H,W"
LABEL = "nothing tells the shape of 'label': pass --input-shape label=N,C,H,W"


def test_without_the_file(tmp_path: Path) -> None:
    case = set_up(TEXT)
    assert (case.tops, case.notes) == ((None, None), (DATA, LABEL))
    case = set_up(TEXT, data_shape=(3, 8))
    assert (case.tops, case.notes) == (((4, 3, 8), None), (LABEL,))
    case = set_up(TEXT, data_shape=(3, 8), input_shapes={"label": (4, 2)})
    assert (case.tops, case.notes) == (((4, 3, 8), (4, 2)), ())
    case = set_up(TEXT, input_shapes={"data": (9, 1), "label": (9,)})
    assert (case.tops, case.notes) == (((9, 1), (9,)), ())
    (tmp_path / "list").write_text("elsewhere.h5")
    case = set_up(TEXT, folder=str(tmp_path))
    assert case.notes[0] == "the source lists 'elsewhere.h5', which is not there"


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "list").write_text("list")
    case = set_up(TEXT, data_shape=(3, 8), folder=str(tmp_path))
    assert case.tops == ((4, 3, 8), None)
    assert case.notes == ("reading the source takes h5py: pip install 'caffetools[data]'", LABEL)


def test_hdf5_output() -> None:
    text = layer_text("HDF5Output", 'hdf5_output_param { file_name: "out.h5" }', "a b", "")
    case = set_up(text, (4, 3), (5,))
    assert (case.tops, case.params, case.macs) == ((), {}, 0)
    check_refused(layer_text("HDF5Output", "", "a b"), ((1,), (1,)), 1, 62, "no top")
