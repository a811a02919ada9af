"""Filter and ArgMax: golden cases, shapes and ties."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from caffetools.torch.runtime.elementwise import Scale
from caffetools.torch.runtime.selection import caffe_argmax, filter_items
from tests.torch.cases import Blobs, check_case, check_runs_everywhere, read_case


def test_golden(caffe: Path) -> None:
    scale = Scale((3,))
    check_case(
        read_case(caffe, "layers/filter"),
        lambda blobs: {"y": filter_items(blobs["sel"], scale(blobs["x"]))[0]},
        {"b": scale},
    )


def test_items_of_several_blobs() -> None:
    selector = torch.tensor([1.0, 0, -2]).reshape(3, 1, 1)
    a, b = torch.arange(3.0), torch.arange(6.0).reshape(3, 2)
    chosen = filter_items(selector, a, b)
    assert chosen[0].tolist() == [0, 2]
    assert chosen[1].tolist() == [[0, 1], [4, 5]]
    assert filter_items(selector * 0, b)[0].shape == (0, 2)


def test_shapes_on_the_meta_device() -> None:
    blob = torch.empty(3, 2, device="meta")
    assert filter_items(torch.empty(3, device="meta"), blob)[0].shape == (3, 2)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("argmax_0", lambda b: {"y": caffe_argmax(b["x"], axis=1, top_k=2)}),
        ("argmax_1", lambda b: {"y": caffe_argmax(b["x"], axis=1, out_max_val=True)}),
        ("argmax_2", lambda b: {"y": caffe_argmax(b["x"], top_k=2)}),
    ],
)
def test_golden_argmax(caffe: Path, name: str, function: Callable[[Blobs], Blobs]) -> None:
    check_case(read_case(caffe, f"layers/{name}"), function)


def test_of_equal_values_the_later_is_named_first() -> None:
    x = torch.tensor([[1.0, 3, 3, 2, 3]])
    assert caffe_argmax(x, top_k=4).tolist() == [[[4, 2, 1, 3]]]
    assert caffe_argmax(x, top_k=2, out_max_val=True).tolist() == [[[4, 2], [3, 3]]]
    assert caffe_argmax(x[0]).tolist() == [[[0]]] * 5  # items of one value
    assert caffe_argmax(x, axis=1, top_k=2).tolist() == [[4, 2]]
    assert caffe_argmax(x, axis=1, top_k=2, out_max_val=True).tolist() == [[3, 3]]


@pytest.mark.parametrize(
    ("shape", "axis", "expected"),
    [
        ((4, 5), None, (4, 1, 2)),
        ((4, 5, 6, 7), None, (4, 1, 2, 1)),
        ((4, 5, 6, 7), 3, (4, 5, 6, 2)),
        ((4, 5), 0, (2, 5)),
    ],
)
def test_shapes_of_argmax(
    shape: tuple[int, ...], axis: int | None, expected: tuple[int, ...]
) -> None:
    assert caffe_argmax(torch.zeros(shape), axis, 2).shape == expected


def test_runs_everywhere() -> None:
    check_runs_everywhere(caffe_argmax, torch.randn(2, 3, 4))
