from __future__ import annotations

import pytest

from caffetools.layers.blobs import Shape
from caffetools.layers.window import Window
from tests.layers.cases import bottoms_of, check_explained, check_refused, layer_text, set_up


def inner_product(options: str) -> str:
    return layer_text("InnerProduct", f"inner_product_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params", "macs"),
    [
        (
            "num_output: 4096",
            (256, 256, 6, 6),
            (256, 4096),
            {"weight": (4096, 256 * 6 * 6), "bias": (4096,)},
            256 * 4096 * 256 * 6 * 6,
        ),
        ("num_output: 10 bias_term: false", (8, 500), (8, 10), {"weight": (10, 500)}, 8 * 10 * 500),
        (
            "num_output: 10 transpose: true",
            (8, 500),
            (8, 10),
            {"weight": (500, 10), "bias": (10,)},
            8 * 10 * 500,
        ),
        (
            "num_output: 7 axis: 2",
            (2, 3, 4, 5),
            (2, 3, 7),
            {"weight": (7, 4 * 5), "bias": (7,)},
            2 * 3 * 7 * 4 * 5,
        ),
        (
            "num_output: 7 axis: -1",
            (2, 3, 4, 5),
            (2, 3, 4, 7),
            {"weight": (7, 5), "bias": (7,)},
            2 * 3 * 4 * 7 * 5,
        ),
        ("num_output: 7 axis: 0", (6,), (7,), {"weight": (7, 6), "bias": (7,)}, 7 * 6),
        ("num_output: 7 bias_term: false", (0, 6), (0, 7), {"weight": (7, 6)}, 0),
    ],
)
def test_inner_product(
    options: str, bottom: Shape, top: Shape, params: dict[str, Shape], macs: int
) -> None:
    case = set_up(inner_product(options), bottom)
    assert (case.tops, case.params, case.macs, case.notes) == ((top,), params, macs, ())
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms_of(case)) is None
    check_explained(inner_product(options), bottom)


def test_explained() -> None:
    assert check_explained(inner_product("num_output: 4096"), (256, 256, 6, 6)) == [
        "inputs: 256 * 6 * 6 = 9216",
        "weight: 4096 * 9216 = 37748736",
        "bias: 4096 = 4096",
        "multiply-accumulates: 256 * 4096 * 9216 = 9663676416",
    ]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("", (2, 3), 2, 1, "the weight of shape 0 x 3 is empty"),
        ("num_output: 2", (2, 0), 2, 1, "the weight of shape 2 x 0 is empty"),
        ("num_output: 2", (0, 3), 1, 1, "expected a bottom that is not empty, found 0 x 3"),
        (
            "num_output: 2 axis: 2",
            (2, 3),
            2,
            37,
            "axis 2 is out of range for a blob of shape 2 x 3",
        ),
        ("num_output: 2", (), 2, 1, "axis 1 is out of range for a blob of shape scalar"),
        (
            "num_output: 4294967295",
            (2, 3),
            1,
            1,
            "the weight would have more than 2^31 - 1 elements",
        ),
        (
            'num_output: 2 weight_filler { type: "xavier" sparse: 3 }',
            (2, 3),
            2,
            68,
            "sparse is for gaussian fillers, found xavier",
        ),
    ],
)
def test_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(inner_product(options), (bottom,), line, column, fragment)


def embed(options: str) -> str:
    return layer_text("Embed", f"embed_param {{ {options} }}")


@pytest.mark.parametrize(
    ("options", "bottom", "top", "params"),
    [
        (
            "input_dim: 8801 num_output: 1000",
            (20, 16),
            (20, 16, 1000),
            {"weight": (8801, 1000), "bias": (1000,)},
        ),
        ("input_dim: 5 num_output: 3 bias_term: false", (7,), (7, 3), {"weight": (5, 3)}),
        ("input_dim: 5 num_output: 3", (), (3,), {"weight": (5, 3), "bias": (3,)}),
        ("input_dim: 5 num_output: 3 bias_term: false", (0,), (0, 3), {"weight": (5, 3)}),
    ],
)
def test_embed(options: str, bottom: Shape, top: Shape, params: dict[str, Shape]) -> None:
    case = set_up(embed(options), bottom)
    assert (case.tops, case.params, case.macs) == ((top,), params, 0)
    check_explained(embed(options), bottom)


def test_embed_explained() -> None:
    assert check_explained(embed("input_dim: 5 num_output: 3"), (7,)) == [
        "weight: 5 * 3 = 15",
        "bias: 3 = 3",
    ]


@pytest.mark.parametrize(
    ("options", "bottom", "line", "column", "fragment"),
    [
        ("num_output: 3", (7,), 2, 1, "expected input_dim of at least 1, found 0"),
        ("input_dim: 3", (7,), 2, 1, "expected num_output of at least 1, found 0"),
        ("input_dim: 3 num_output: 2147483648", (7,), 2, 28, "found 2147483648"),
        (
            'input_dim: 3 num_output: 2 weight_filler { type: "bilinear" }',
            (7,),
            2,
            58,
            "the weight is 3 x 2",
        ),
        ("input_dim: 3 num_output: 2", (7, 0), 1, 1, "expected a bottom that is not empty"),
        (
            "input_dim: 65536 num_output: 65536",
            (7,),
            1,
            1,
            "the weight would have more than 2^31 - 1",
        ),
        ("input_dim: 3 num_output: 2", (1,) * 32, 1, 1, "would have 33 axes, more than 32"),
    ],
)
def test_embed_refused(options: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(embed(options), (bottom,), line, column, fragment)


def distance(options: str = "", bottoms: str = "a") -> str:
    return layer_text("InnerDistance", f"inner_distance_param {{ {options} }}", bottoms)


@pytest.mark.parametrize(
    ("options", "bottoms", "top", "weight"),
    [
        ("num_output: 10", ((64, 2),), (64, 10), (10, 2)),
        ("num_output: 10 transpose: true", ((64, 2, 3, 3),), (64, 10), (2 * 3 * 3, 10)),
        ("num_output: 10 axis: -2", ((4, 5, 6, 7),), (4, 5, 10), (10, 6 * 7)),
        ("", ((64, 512), (10572, 512)), (64, 10572), None),
        ("update_center_only: true", ((64, 512), (20, 512)), (64, 20), (20, 512)),
        ("update_center_only: true", ((64, 512), (20, 512), (64,)), (64, 20), None),
    ],
)
def test_inner_distance(
    options: str, bottoms: tuple[Shape, ...], top: Shape, weight: Shape | None
) -> None:
    text = distance(options, "a b c"[: 2 * len(bottoms)])
    case = set_up(text, *bottoms)
    assert case.tops == (top,)
    assert case.params == ({"weight": weight} if weight else {})
    assert case.macs == 0
    assert case.layer.layer is not None
    assert case.layer.layer.windows(bottoms) is None
    check_explained(text, *bottoms)


@pytest.mark.parametrize("options", ["bias_term: true", "bias_filler { value: 1 }"])
def test_the_first_version_has_a_bias(options: str) -> None:
    text = distance(f"num_output: 3 {options}")
    assert set_up(text, (2, 100)).params == {"weight": (3, 100), "bias": (3,)}
    check_explained(text, (2, 100))
    assert set_up(distance("num_output: 3 bias_term: false"), (2, 100)).params == {
        "weight": (3, 100)
    }


def test_its_filler_is_a_forks() -> None:
    text = distance('num_output: 4 weight_filler { type: "gaussian_unitball" }')
    assert "'gaussian_unitball'" in set_up(text, (1, 8)).notes[0]


@pytest.mark.parametrize(
    ("options", "column", "fragment"),
    [
        ("num_output: 4 axis: 2", 38, "axis 2 is out of range for a blob of shape 3 x 8"),
        ("num_output: 2147483648", 24, "expected num_output below 2^31"),
        ("", 1, "nothing can be filled"),
    ],
)
def test_refused_inner_distance(options: str, column: int, fragment: str) -> None:
    check_refused(distance(options), ((3, 8),), 2, column, fragment)


def local(options: str) -> str:
    return f'layers {{ name: "l" type: LOCAL bottom: "a" top: "y"\nlocal_param {{ {options} }} }}'


@pytest.mark.parametrize(
    ("options", "bottom", "height", "width"),
    [
        ("num_output: 3 kernel_size: 1", (2, 8, 32, 32), 32, 32),
        ("num_output: 6 kernel_size: 3 stride: 2 pad: 1", (2, 4, 9, 8), 5, 4),
    ],
)
def test_local(options: str, bottom: Shape, height: int, width: int) -> None:
    case = set_up(local(options), bottom)
    outputs = int(options.split()[1])
    kernel = int(options.split()[3])
    inputs = bottom[1] * kernel * kernel
    assert case.tops == ((bottom[0], outputs, height, width),)
    assert case.params == {
        "weight": (outputs, 1, inputs, height * width),
        "bias": (1, 1, outputs, height * width),
    }
    assert case.macs == bottom[0] * outputs * inputs * height * width
    check_explained(local(options), bottom)


def test_local_without_bias() -> None:
    text = local("num_output: 2 kernel_size: 2 bias_term: false")
    assert set_up(text, (1, 3, 4, 4)).params == {"weight": (2, 1, 3 * 2 * 2, 3 * 3)}
    assert check_explained(text, (1, 3, 4, 4)) == [
        "height: (4 - 2 + 2*0) / 1 + 1 = 3",
        "width: (4 - 2 + 2*0) / 1 + 1 = 3",
        "inputs of a position: 3 * 2 * 2 = 12",
        "weight: 2 * 12 * 9 = 216",
        "multiply-accumulates: 1 * 2 * 1 * 12 * 9 = 216",
    ]


@pytest.mark.parametrize(
    ("text", "windows"),
    [(local("num_output: 2 kernel_size: 3 stride: 2 pad: 1"), [Window(3, 2, 1)] * 2)],
)
def test_windows_of_local(text: str, windows: list[Window]) -> None:
    layer = set_up(text, (1, 2, 8, 8)).layer.layer
    assert layer is not None
    assert layer.windows(((1, 2, 8, 8),)) == windows


@pytest.mark.parametrize(
    ("text", "bottom", "line", "column", "fragment"),
    [
        (local("kernel_size: 1"), (1, 2, 4, 4), 2, 1, "num_output of at least 1, found 0"),
        (
            local("num_output: 1 kernel_size: 0"),
            (1, 2, 4, 4),
            2,
            29,
            "kernel_size of at least 1, found 0",
        ),
        (
            local("num_output: 1 kernel_size: 1 stride: 0"),
            (1, 2, 4, 4),
            2,
            44,
            "stride of at least 1, found 0",
        ),
        (
            local("num_output: 1 kernel_size: 5 pad: 2"),
            (1, 2, 6, 4),
            2,
            29,
            "kernel extent 5 exceeds the bottom's 4",
        ),
    ],
)
def test_local_refused(text: str, bottom: Shape, line: int, column: int, fragment: str) -> None:
    check_refused(text, (bottom,), line, column, fragment)


MARGIN = "margin_inner_product_param { num_output: 10 type: QUADRUPLE }"


@pytest.mark.parametrize("kind", ["Margin", "LargeMargin"])
def test_margins(kind: str) -> None:
    options = MARGIN if kind == "Margin" else "large" + MARGIN
    text = layer_text(f"{kind}InnerProduct", options, "a label", "y lambda")
    case = set_up(text, (4, 8, 2), (4,))
    assert (case.tops, case.params) == (((4, 10), (1,)), {"weight": (10, 16)})
    assert check_explained(text, (4, 8, 2), (4,))[0] == "inputs: 8 * 2 = 16"
    fragment = "expected a label for each item, found 4 x 8 and 3"
    check_refused(text, ((4, 8), (3,)), 1, 1, fragment)


def test_a_margin_of_given_weights() -> None:
    text = layer_text("LargeMarginInnerProduct", f"large{MARGIN}", "a label w", "y lambda")
    case = set_up(text, (4, 8), (4,), (6, 8))
    assert (case.tops, case.params) == (((4, 6), (1,)), {})
