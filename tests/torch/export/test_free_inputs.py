"""DummyData with and without fillers as inputs of a module."""

from __future__ import annotations

import torch

from caffetools.net.loading import from_text
from caffetools.torch.export.export import ExportOptions, export, module_spec
from caffetools.torch.export.loaded_module import load_module

TEXT = """
layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 2 dim: 3 } } }
layer { name: "k" type: "DummyData" top: "k"
  dummy_data_param { shape { dim: 2 dim: 3 } data_filler { value: 4 } } }
layer { name: "e" type: "Eltwise" bottom: "d" bottom: "k" top: "e" }
"""


def test_a_dummy_data_that_nothing_fills_is_an_argument() -> None:
    spec = module_spec(from_text(TEXT))
    assert [tensor.blob for tensor in spec.inputs] == ["d"]
    assert load_module(spec)(torch.ones(2, 3)).tolist() == [[5, 5, 5]] * 2
    (note,) = export(spec, ExportOptions()).notes
    text = "the data_filler of 'k' fills its tops: they are no arguments; use Input to pass them"
    assert str(note) == f"<text>:3:1: {text}"


def test_in_training_its_zeros_are_the_data() -> None:
    spec = module_spec(from_text(TEXT), trains=True)
    assert spec.inputs == ()
    assert load_module(spec)().tolist() == [[4, 4, 4]] * 2
    assert export(spec, ExportOptions(trains=True)).notes == ()
