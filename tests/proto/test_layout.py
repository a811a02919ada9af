"""The layout itself: lines, indents, what fits on one line, comments, blank lines."""

from __future__ import annotations

import pytest

from caffetools.proto.layout import WIDTH, LayoutBlock, LayoutField, text


def test_nothing() -> None:
    assert text(LayoutBlock()) == ""
    assert text(LayoutBlock(below=["", "# end", ""])) == "# end\n"


def test_fields_and_messages() -> None:
    inner = LayoutBlock([LayoutField("pad", "1"), LayoutField("kernel_size", "3")])
    layer = LayoutBlock([LayoutField("name", '"p"'), LayoutField("pooling_param", inner)])
    assert text(LayoutBlock([LayoutField("name", '"n"'), LayoutField("layer", layer)])) == (
        'name: "n"\n'
        "layer {\n"
        '  name: "p"\n'
        "  pooling_param {\n"
        "    pad: 1\n"
        "    kernel_size: 3\n"
        "  }\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("name", "block", "expected"),
    [
        (
            "shape",
            LayoutBlock([LayoutField("dim", "1"), LayoutField("dim", "2")]),
            "shape { dim: 1 dim: 2 }\n",
        ),
        ("include", LayoutBlock([LayoutField("phase", "TEST")]), "include { phase: TEST }\n"),
        ("include", LayoutBlock(), "include {}\n"),
        ("pooling_param", LayoutBlock(), "pooling_param {}\n"),
        ("layer", LayoutBlock(), "layer {}\n"),
        ("layer", LayoutBlock([LayoutField("name", "1")]), "layer {\n  name: 1\n}\n"),
        ("layers", LayoutBlock([LayoutField("name", "1")]), "layers {\n  name: 1\n}\n"),
        ("pooling_param", LayoutBlock([LayoutField("pad", "1")]), "pooling_param {\n  pad: 1\n}\n"),
        ("shape", LayoutBlock([LayoutField("dim", "1", [""])]), "shape { dim: 1 }\n"),
        ("shape", LayoutBlock([LayoutField("dim", "1")], below=[""]), "shape { dim: 1 }\n"),
        # With a comment anywhere inside, or a message, it takes several lines.
        ("shape", LayoutBlock([LayoutField("dim", "1", ["# c"])]), "shape {\n  # c\n  dim: 1\n}\n"),
        (
            "shape",
            LayoutBlock([LayoutField("dim", "1", trailing="# c")]),
            "shape {\n  dim: 1  # c\n}\n",
        ),
        ("shape", LayoutBlock([LayoutField("dim", "1")], "# c"), "shape {  # c\n  dim: 1\n}\n"),
        (
            "shape",
            LayoutBlock([LayoutField("dim", "1")], below=["# c"]),
            "shape {\n  dim: 1\n  # c\n}\n",
        ),
        ("shape", LayoutBlock(opening="# c"), "shape {  # c\n}\n"),
        ("sampler", LayoutBlock([LayoutField("a", LayoutBlock())]), "sampler {\n  a {}\n}\n"),
    ],
)
def test_one_line_or_several(name: str, block: LayoutBlock, expected: str) -> None:
    assert text(LayoutBlock([LayoutField(name, block)])) == expected


@pytest.mark.parametrize("spare", [0, 1])
def test_width(spare: int) -> None:
    digits = WIDTH - len("  a { b:  }") + spare
    outer = LayoutBlock(
        [
            LayoutField(
                "outer_param",
                LayoutBlock([LayoutField("a", LayoutBlock([LayoutField("b", "1" * digits)]))]),
            )
        ]
    )
    lines = text(outer).splitlines()
    assert (lines[1].strip() == "a {") is bool(spare)
    assert len(lines[1]) == WIDTH if not spare else len(lines) == 5


def test_comments_and_blank_lines() -> None:
    c = LayoutField("c", "2", ["", "", "# of c"])
    inner = LayoutBlock([c], below=["", "", "# end of b", ""])
    fields = [
        LayoutField("a", "1", ["", "# of a", ""], "# beside a"),
        LayoutField("b", inner,
              ["", "", "# of b"], "# beside b"),
        LayoutField("d", "3", [""]),
    ]  # fmt: skip
    assert text(LayoutBlock(fields, below=["", "# the end", ""])) == (
        "# of a\n"
        "\n"
        "a: 1  # beside a\n"
        "\n"
        "# of b\n"
        "b {\n"
        "  # of c\n"
        "  c: 2\n"
        "\n"
        "  # end of b\n"
        "}  # beside b\n"
        "\n"
        "d: 3\n"
        "\n"
        "# the end\n"
    )
