from __future__ import annotations

from pathlib import Path

import pytest

import caffetools
from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.data import HDF5Data
from caffetools.layers.registry import REGISTRY
from caffetools.net.net import Net
from caffetools.torch.solver import data_layers
from caffetools.torch.solver.data_layers import check_sources, labels_of, origins_of, sources_of
from caffetools.torch.training.data.hdf5_rows import Hdf5
from caffetools.torch.training.data.image_list import ImageList
from caffetools.torch.training.data.sources import ArraySource, Database, DataSource, LabelRange
from caffetools.torch.training.data.transformer import Transform
from caffetools.torch.training.data.windows import WindowFile

TOPS = ("data", "label")
HEAD = 'layer { name: "d" top: "data" top: "label" type: '
CASES: list[tuple[str, DataSource]] = [
    (
        """"Data" data_param { source: "db" backend: LMDB batch_size: 4 rand_skip: 5 }
        transform_param { crop_size: 8 mirror: true scale: 0.5 mean_value: 1 mean_value: 2
          mean_value: 3 force_color: true } }""",
        Database(
            TOPS,
            "db",
            "LMDB",
            4,
            Transform(crop_size=8, mirror=True, scale=0.5, mean_values=(1, 2, 3), force_color=True),
            5,
        ),
    ),
    (
        '"Data" data_param { source: "db" batch_size: 4 } transform_param { mean_file: "m" } }',
        Database(TOPS, "db", "LEVELDB", 4, Transform(mean_file="m")),
    ),
    (
        """"ImageData" image_data_param { source: "l" batch_size: 2 root_folder: "r/"
          new_height: 5 new_width: 6 is_color: false shuffle: true rand_skip: 3 } }""",
        ImageList(
            TOPS,
            "l",
            2,
            root_folder="r/",
            new_height=5,
            new_width=6,
            is_color=False,
            shuffle=True,
            rand_skip=3,
        ),
    ),
    (
        '"HDF5Data" hdf5_data_param { source: "l" batch_size: 3 shuffle: true } }',
        Hdf5(TOPS, "l", 3, shuffle=True),
    ),
    (
        """"WindowData" window_data_param { source: "w" batch_size: 8 scale: 0.5 fg_threshold: 0.6
          bg_threshold: 0.4 fg_fraction: 0.5 context_pad: 2 crop_mode: "square" root_folder: "r" }
        transform_param { crop_size: 8 } }""",
        WindowFile(
            TOPS,
            "w",
            8,
            Transform(crop_size=8),
            scale=0.5,
            fg_threshold=0.6,
            bg_threshold=0.4,
            fg_fraction=0.5,
            context_pad=2,
            crop_mode="square",
            root_folder="r",
        ),
    ),
    (
        '"MemoryData" memory_data_param { batch_size: 5 channels: 1 height: 2 width: 3 } }',
        ArraySource(TOPS, 5, shapes=((1, 2, 3), ())),
    ),
    (
        '"Input" input_param { shape { dim: 6 dim: 2 } shape { dim: 6 } } }',
        ArraySource(TOPS, 6, shapes=((2,), ())),
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_sources(text: str, expected: DataSource) -> None:
    net = caffetools.from_text(HEAD + text, data_shape=(3, 9, 9))
    assert sources_of(net) == (expected,)


def test_a_forgotten_kind_of_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never replaced by arrays that a program feeds."""
    monkeypatch.delitem(data_layers._SOURCES, HDF5Data)
    text = HEAD + '"HDF5Data" hdf5_data_param { source: "l" batch_size: 3 } }'
    net = caffetools.from_text(text)
    with pytest.raises(CaffeToolsError) as caught:
        sources_of(net)
    assert caught.value.message == "training cannot read the list of HDF5 files of 'HDF5Data'"
    assert caught.value.location == Location("<text>", 1, HEAD.index("type") + 1)


def test_every_kind_of_source_is_read() -> None:
    found = map(REGISTRY.find, REGISTRY.types())
    assert {each for each in found if each and each.source_kind} == data_layers._SOURCES.keys()


def test_what_makes_its_own_tops_is_no_source() -> None:
    text = 'layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 2 } } }'
    assert sources_of(caffetools.from_text(text)) == ()


NET = """\
layer {{ name: "data" type: "Input" top: "data" top: "label"
  input_param {{ shape {{ dim: 4 dim: 3 dim: 2 }} shape {{ dim: 4 dim: 2 }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "loss" {loss} }}
layer {{ name: "acc" type: "Accuracy" bottom: "data" bottom: "label" top: "acc" {accuracy} }}
"""


@pytest.mark.parametrize(
    ("loss", "accuracy", "expected"),
    [
        ("", "", LabelRange(3)),
        (
            "loss_param { ignore_label: 255 }",
            "accuracy_param { ignore_label: 255 }",
            LabelRange(3, 255),
        ),
        ("loss_param { ignore_label: 255 }", "", LabelRange(3)),  # the other reads it as a class
    ],
)
def test_labels(loss: str, accuracy: str, expected: LabelRange) -> None:
    net = caffetools.from_text(NET.format(loss=loss, accuracy=accuracy))
    assert labels_of(net) == {"label": expected}


def test_labels_of_all_outputs() -> None:
    text = """
    layer { name: "data" type: "Input" top: "data" top: "label" top: "other"
      input_param { shape { dim: 4 dim: 3 dim: 2 } shape { dim: 4 } shape { dim: 4 } } }
    layer { name: "hinge" type: "HingeLoss" bottom: "data" bottom: "label" top: "loss" }"""
    assert labels_of(caffetools.from_text(text)) == {"label": LabelRange(3 * 2)}


def written(folder: Path, text: str) -> Net:
    path = folder / "net.prototxt"
    path.write_text(HEAD + text)
    return caffetools.load(path)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ('"Data" data_param { source: "gone" batch_size: 4 } }', 70, "no such database: 'gone'"),
        (
            '"Data" data_param { source: "folder" batch_size: 4 } }',
            70,
            "expected an LMDB or a LevelDB, found 'folder'",
        ),
        (
            '"ImageData" image_data_param { source: "gone" batch_size: 4 } }',
            81,
            "no such list of images: 'gone'",
        ),
        (
            '"ImageData" image_data_param { source: "folder" batch_size: 4 } }',
            81,
            "expected a list of images, 'folder' is not a file",
        ),
        (
            '"ImageData" image_data_param { source: "list" batch_size: 4 } }',
            81,
            "the image 'gone.png' does not exist",
        ),
        (
            '"HDF5Data" hdf5_data_param { source: "list" batch_size: 4 } }',
            79,
            "the source lists 'gone.png', which does not exist",
        ),
        (
            """"WindowData" window_data_param { source: "gone" batch_size: 4 }
               transform_param { crop_size: 3 } }""",
            83,
            "no such window file: 'gone'",
        ),
    ],
)
def test_sources_that_are_not_there(tmp_path: Path, text: str, column: int, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "list").write_text("gone.png 1\n")
    net = written(tmp_path, text)
    with pytest.raises(CaffeToolsError) as caught:
        check_sources(net)
    assert caught.value.message == message
    assert caught.value.location == Location(f"{tmp_path}/net.prototxt", 1, column)


def test_sources_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "windows").write_text("# 0 a.png 3 9 9 0\n")
    text = """"WindowData" window_data_param { source: "windows" batch_size: 4 }
        transform_param { crop_size: 3 } }"""
    check_sources(written(tmp_path, text))
    memory = '"MemoryData" memory_data_param { batch_size: 5 channels: 1 height: 2 width: 3 } }'
    check_sources(written(tmp_path, memory))


@pytest.mark.parametrize(
    ("error", "column"),
    [
        (CaffeToolsError("it is damaged"), 70),
        (CaffeToolsError("it is damaged", Location("here/db")), 70),
        (CaffeToolsError("it is damaged", Location("here/mean")), 117),
    ],
)
def test_origins_place_errors(tmp_path: Path, error: CaffeToolsError, column: int) -> None:
    text = (
        '"Data" data_param { source: "db" batch_size: 4 } transform_param { mean_file: "mean" } }'
    )
    (origin,) = origins_of(written(tmp_path, text))
    placed = origin(error)
    assert placed.message == str(error)
    assert placed.location == Location(f"{tmp_path}/net.prototxt", 1, column)


def test_origins_of_what_is_fed(tmp_path: Path) -> None:
    net = written(tmp_path, '"Input" input_param { shape { dim: 6 dim: 2 } shape { dim: 6 } } }')
    (origin,) = origins_of(net)
    assert origin(CaffeToolsError("none")).location == Location(f"{tmp_path}/net.prototxt", 1, 1)
