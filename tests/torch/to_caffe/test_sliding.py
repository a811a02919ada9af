"""Convolution and pooling: the windows must be Caffe's, or the operator is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe import axes, sliding
from caffetools.torch.to_caffe.sliding import Windows
from tests.torch.drafts import computed, drafted, drawn, ends, types


def test_windows() -> None:
    windows = Windows.of((3, 5), 2, (1, 2))
    assert tuple(windows) == ((3, 5), [2, 2], [(1, 1), (2, 2)], [1, 1])
    assert windows.options() == {
        "kernel_h": 3, "kernel_w": 5, "stride": 2, "pad_h": 1, "pad_w": 2,
    }  # fmt: skip
    assert Windows.of((3,), 1, 0, 2).options() == {"kernel_size": 3, "dilation": 2}
    assert Windows.of((3, 3)).options() == {"kernel_size": 3}


@pytest.mark.parametrize(
    ("extent", "kernel", "stride", "lower", "pad"),
    [
        (8, 4, 1, False, (1, 2)),  # 8 windows: 7 * 1 + 4 - 8 = 3
        (8, 4, 1, True, (2, 1)),
        (8, 3, 2, False, (0, 1)),  # 4 windows: 3 * 2 + 3 - 8 = 1
        (9, 2, 3, False, (0, 0)),  # 3 windows: 2 * 3 + 2 - 9 < 0
    ],
)
def test_same_padding(
    extent: int, kernel: int, stride: int, lower: bool, pad: tuple[int, int]
) -> None:
    assert Windows.of((kernel,), stride).same((extent,), lower=lower).pad == [pad]


POOLED = st.fixed_dictionaries(
    {
        "kernel_size": st.integers(1, 4),
        "stride": st.integers(1, 4),
        "padding": st.integers(0, 2),
        "ceil_mode": st.booleans(),
    }
)


@given(POOLED, st.integers(4, 9), st.sampled_from(["MAX", "AVE", "AVE without padding"]))
def test_pooling_is_pytorchs_or_refused(options: dict[str, Any], extent: int, method: str) -> None:
    """Caffe cannot drop a window that starts beyond the input if there is no padding."""
    kernel, stride = options["kernel_size"], options["stride"]
    assume(2 * options["padding"] <= kernel)
    x = drawn(1, 2, extent, extent)
    counts = method == "AVE"
    more = {} if method == "MAX" else {"count_include_pad": counts}
    function: Any = F.max_pool2d if method == "MAX" else F.avg_pool2d
    expected = function(torch.tensor(x), **options, **more).numpy()
    d, a = drafted(x.shape)
    d.start("pool", expected.shape)
    windows = Windows.of((kernel, kernel), stride, options["padding"])
    try:
        y = sliding.pooling(d, a, method[:3], windows, counts_padding=counts or method == "MAX")
    except CaffeToolsError:
        refusable = options["padding"] == 0 and options["ceil_mode"] and stride > kernel
        assert refusable
        return
    np.testing.assert_allclose(computed(d, y, x), expected, rtol=1e-5, atol=1e-6)


def test_rounding_is_written_where_it_matters() -> None:
    """112 with 3/2/1: Caffe rounds (112 + 2 - 3) / 2 + 1 up to 57, PyTorch down to 56."""
    for extent, expected in ((112, True), (113, False)):
        d, x = drafted((1, 1, extent, extent))
        size = (extent + 2 - 3) // 2 + 1
        d.start("pool", (1, 1, size, size))
        y = sliding.pooling(d, x, "MAX", Windows.of((3, 3), 2, 1))
        assert ("round_mode: FLOOR" in ends(d, y).text) is expected


@pytest.mark.parametrize(("divisor", "factor"), [(4, 9 / 4), (9, 1)])
def test_a_divisor_of_its_own(divisor: int, factor: float) -> None:
    d, x = drafted((1, 1, 6, 6))
    d.start("pool", (1, 1, 2, 2))
    y = sliding.pooling(d, x, "AVE", Windows.of((3, 3), 3), divisor=divisor)
    assert d.makers[y.name].options.get("scale", 1) == factor


def test_refusals_of_pooling() -> None:
    d, x = drafted((1, 1, 6, 6))
    d.start("pool", (1, 1, 9, 9))
    with pytest.raises(CaffeToolsError, match="expected 1 x 1 x 9 x 9, found 1 x 1 x 3 x 3 in"):
        sliding.pooling(d, x, "MAX", Windows.of((2, 2), 2))
    with pytest.raises(CaffeToolsError, match="over two axes, without dilation"):
        sliding.pooling(d, x, "MAX", Windows.of((2, 2), 2, 0, 2))
    windows = Windows.of((3, 3))._replace(pad=[(0, 1), (0, 1)])
    with pytest.raises(CaffeToolsError, match="an average beside asymmetric padding"):
        sliding.pooling(d, x, "AVE", windows, counts_padding=False)


@pytest.mark.parametrize(
    ("around", "layers"), [([(1, 1), (2, 2)], 1), ([(1, 1), (0, 2)], 9), ([(-1, -1), (0, 0)], 3)]
)
def test_padding_before_a_convolution_is_merged(around: list[tuple[int, int]], layers: int) -> None:
    x, weight = drawn(1, 2, 5, 6), drawn(3, 2, 3, 3)
    d, a = drafted(x.shape)
    padded = axes.pad(d, a, [(0, 0), (0, 0), *around])
    y = sliding.convolution(d, padded, weight, None, Windows.of((3, 3)))
    assert (len(types(ends(d, y).text)) == 1) is (layers == 1)
    values = F.pad(torch.tensor(x), (*around[1], *around[0]))
    np.testing.assert_allclose(
        computed(d, y, x), F.conv2d(values, torch.tensor(weight)), rtol=1e-4, atol=1e-5
    )


@given(st.integers(1, 3), st.integers(0, 1), st.integers(0, 2), st.sampled_from([1, 2]))
def test_output_padding(stride: int, pad: int, more: int, groups: int) -> None:
    assume(more < stride)
    x, weight = drawn(1, 4, 3, 4), drawn(4, 3, 3, 2)
    expected = F.conv_transpose2d(
        torch.tensor(x), torch.tensor(weight), None, stride, pad, more, groups
    )
    d, a = drafted(x.shape)
    windows = Windows.of((3, 2), stride, pad)
    y = sliding.transposed_convolution(d, a, weight, None, windows, more, groups)
    assert types(ends(d, y).text) == ["Deconvolution"]
    np.testing.assert_allclose(computed(d, y, x), expected, rtol=1e-4, atol=1e-5)


def test_output_padding_with_dilation_is_refused() -> None:
    d, x = drafted((1, 2, 3, 3))
    windows = Windows.of((2, 2), 2, 0, 2)
    with pytest.raises(CaffeToolsError, match="output padding with dilation"):
        sliding.transposed_convolution(d, x, drawn(2, 1, 2, 2), None, windows, 1, 1)


@pytest.mark.parametrize(("axis", "start", "step"), [(2, 0, 2), (3, 1, 2), (3, 2, 3)])
def test_every_nth_element(axis: int, start: int, step: int) -> None:
    x = drawn(1, 3, 7, 8)
    d, a = drafted(x.shape)
    index = [slice(None)] * 4
    index[axis] = slice(start, None, step)
    y = sliding.every(d, a, axis, start, step)
    np.testing.assert_array_equal(computed(d, y, x), x[tuple(index)])
