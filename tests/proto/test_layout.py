"""The layout itself: lines, indents, what fits on one line, comments, blank lines."""

from __future__ import annotations

import pytest

from caffetools.proto.layout import WIDTH, Block, Field, text


def test_nothing() -> None:
    assert text(Block()) == ""
    assert text(Block(below=["", "# end", ""])) == "# end\n"


def test_fields_and_messages() -> None:
    inner = Block([Field("pad", "1"), Field("kernel_size", "3")])
    layer = Block([Field("name", '"p"'), Field("pooling_param", inner)])
    assert text(Block([Field("name", '"n"'), Field("layer", layer)])) == (
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
        ("shape", Block([Field("dim", "1"), Field("dim", "2")]), "shape { dim: 1 dim: 2 }\n"),
        ("include", Block([Field("phase", "TEST")]), "include { phase: TEST }\n"),
        ("include", Block(), "include {}\n"),
        ("pooling_param", Block(), "pooling_param {}\n"),
        ("layer", Block(), "layer {}\n"),
        ("layer", Block([Field("name", "1")]), "layer {\n  name: 1\n}\n"),
        ("layers", Block([Field("name", "1")]), "layers {\n  name: 1\n}\n"),
        ("pooling_param", Block([Field("pad", "1")]), "pooling_param {\n  pad: 1\n}\n"),
        ("shape", Block([Field("dim", "1", [""])]), "shape { dim: 1 }\n"),
        ("shape", Block([Field("dim", "1")], below=[""]), "shape { dim: 1 }\n"),
        # With a comment anywhere inside, or a message, it takes several lines.
        ("shape", Block([Field("dim", "1", ["# c"])]), "shape {\n  # c\n  dim: 1\n}\n"),
        ("shape", Block([Field("dim", "1", beside="# c")]), "shape {\n  dim: 1  # c\n}\n"),
        ("shape", Block([Field("dim", "1")], "# c"), "shape {  # c\n  dim: 1\n}\n"),
        ("shape", Block([Field("dim", "1")], below=["# c"]), "shape {\n  dim: 1\n  # c\n}\n"),
        ("shape", Block(opening="# c"), "shape {  # c\n}\n"),
        ("sampler", Block([Field("a", Block())]), "sampler {\n  a {}\n}\n"),
    ],
)
def test_one_line_or_several(name: str, block: Block, expected: str) -> None:
    assert text(Block([Field(name, block)])) == expected


@pytest.mark.parametrize("spare", [0, 1])
def test_width(spare: int) -> None:
    digits = WIDTH - len("  a { b:  }") + spare
    outer = Block([Field("outer_param", Block([Field("a", Block([Field("b", "1" * digits)]))]))])
    lines = text(outer).splitlines()
    assert (lines[1].strip() == "a {") is bool(spare)
    assert len(lines[1]) == WIDTH if not spare else len(lines) == 5


def test_comments_and_blank_lines() -> None:
    fields = [
        Field("a", "1", ["", "# of a", ""], "# beside a"),
        Field("b", Block([Field("c", "2", ["", "", "# of c"])], below=["", "", "# end of b", ""]),
              ["", "", "# of b"], "# beside b"),
        Field("d", "3", [""]),
    ]  # fmt: skip
    assert text(Block(fields, below=["", "# the end", ""])) == (
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
