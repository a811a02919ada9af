from __future__ import annotations

import pytest

import caffetools
from caffetools.torch.data_layers import labels_of, sources_of
from caffetools.torch.training.data.hdf5 import Hdf5
from caffetools.torch.training.data.image_list import ImageList
from caffetools.torch.training.data.labels import LabelRange
from caffetools.torch.training.data.sources import ArraySource, Database, Source
from caffetools.torch.training.data.transform import Transform
from caffetools.torch.training.data.windows import WindowFile

TOPS = ("data", "label")
HEAD = 'layer { name: "d" top: "data" top: "label" type: '
CASES: list[tuple[str, Source]] = [
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
def test_sources(text: str, expected: Source) -> None:
    net = caffetools.from_text(HEAD + text, data_shape=(3, 9, 9))
    assert sources_of(net) == (expected,)


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
