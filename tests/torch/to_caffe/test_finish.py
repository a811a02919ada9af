"""Names, unused layers, layers in place, folding."""

from __future__ import annotations

import re

import numpy as np
import pytest

from caffetools.torch.to_caffe import arithmetic, axes, normalizations, products, sliding
from caffetools.torch.to_caffe.draft import Draft, Top
from caffetools.torch.to_caffe.sliding import Windows
from tests.torch.drafts import computed, drafted, drawn, ends, types, values_of


def block(d: Draft, x: Top, kind: str) -> Top:
    """A convolution, BatchNorm with its affine part, and ReLU."""
    d.start("conv", ())
    windows = Windows.of((2, 2))
    if kind == "InnerProduct":
        y = products.by_constant(d, x, drawn(4, x.shape[1]), None)
    elif kind == "Convolution":
        y = sliding.convolution(d, x, drawn(4, 2, 2, 2), drawn(4), windows, 2)
    else:
        y = sliding.transposed_convolution(d, x, drawn(4, 2, 2, 2), None, windows, 0, 2)
    d.start("bn", ())
    y = normalizations.batch_norm(
        d, y, drawn(4), drawn(4)[::-1], drawn(4), np.array([0.5, 1, 2, 3]), 1e-3
    )
    d.start("relu", ())
    return d.one("ReLU", y)


def test_a_block_reads_as_an_author_would_write_it() -> None:
    d, x = drafted((1, 4, 3, 3))
    y = block(d, x, "Convolution")
    d.start("out", ())
    net = ends(d, d.one("Pooling", y, pool="MAX", global_pooling=True))
    assert re.findall(r'  name: "(\w+)"\n.*\n  bottom: "(\w+)"\n  top: "(\w+)"', net.text) == [
        ("conv", "a", "conv"),
        ("bn", "conv", "conv"),
        ("bn_scale", "conv", "conv"),
        ("relu", "conv", "conv"),
        ("out", "conv", "out"),
    ]
    assert net.finals["conv"] == y.name


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution", "InnerProduct"])
def test_folding_computes_the_same(kind: str) -> None:
    shape = (3, 4) if kind == "InnerProduct" else (1, 4, 3, 3)
    d, x = drafted(shape)
    y = block(d, x, kind)
    plain, folded = ends(d, y), ends(d, y, fold=True)
    assert types(folded.text) == [kind, "ReLU"]
    assert len(folded.layers[1].blobs) == 2
    expected = values_of(plain, drawn(*shape))["relu"]
    np.testing.assert_allclose(
        values_of(folded, drawn(*shape))["relu"], expected, rtol=1e-4, atol=1e-5
    )


def test_a_result_that_is_read_twice_is_not_folded() -> None:
    d, x = drafted((1, 4, 3, 3))
    y = sliding.convolution(d, x, drawn(4, 4, 1, 1), None, Windows.of((1, 1)))
    scaled = normalizations.affine(d, y, drawn(4), None)
    both = arithmetic.add(d, scaled, y)
    assert types(ends(d, both, fold=True).text) == ["Convolution", "Scale", "Eltwise"]
    assert types(ends(d, scaled, y, fold=True).text) == ["Convolution", "Scale"]


def test_nothing_is_in_place_of_an_input_an_output_or_shared_memory() -> None:
    """Caffe's Reshape shares the memory of its bottom: in place, ReLU would change both."""
    d, x = drafted((1, 4))
    first = d.one("ReLU", x)
    flat = axes.reshape(d, d.one("TanH", first), (4, 1))
    second = d.one("ReLU", flat)
    net = ends(d, second, first)
    assert all(layer.tops != layer.bottoms for layer in net.layers)


def test_unused_layers_go_and_unused_tops_are_silenced() -> None:
    d, x = drafted((1, 6))
    d.one("ReLU", x)
    parts = d.add("Slice", x, tops=3)
    net = ends(d, parts[1])
    assert types(net.text) == ["Slice", "Silence"]
    assert 'bottom: "y_0"\n  bottom: "y_2"\n' in net.text
    assert computed(d, parts[1], np.arange(6)[None]).tolist() == [[2, 3]]


def test_equal_names_get_numbers() -> None:
    d, x = drafted((1, 6))
    y = d.one("TanH", d.one("TanH", d.one("Sigmoid", x)))
    net = ends(d, y, x)
    assert [layer.name for layer in net.layers] == ["a", "y_sigmoid", "y_tanh", "y"]


def test_tops_of_several_get_names_that_no_layer_has() -> None:
    """PyTorch's second split is split_1, which must not be the first one's top."""
    d, x = drafted((1, 4))
    parts = d.add("Slice", x, tops=2)
    d.start("y_1", ())
    net = ends(d, d.one("ReLU", parts[1]), parts[0])
    assert [layer.tops for layer in net.layers[1:]] == [["y_0", "y_1_"], ["y_1"]]
