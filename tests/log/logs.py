"""Logs of a small net, written here in the words of Caffe 1.0, for the tests."""

from __future__ import annotations

import io

from caffetools.log.contents import LogContents
from caffetools.log.parse import read_log

NET = """\
name: "small"
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "fc" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 4 } }
layer { name: "act" type: "ReLU" bottom: "y" top: "y" }
"""


def line(place: str, text: str, second: int = 0, severity: str = "I") -> str:
    return f"{severity}0721 10:38:{second:02}.500000  4692 {place}] {text}\n"


def expanded() -> str:
    """The net as Caffe echoes it: a statement a line."""
    text = NET.replace("{ ", "{\n").replace(" }", "\n}")
    for name in ("type", "top", "bottom", "input_param", "shape", "dim", "inner_product_param"):
        text = text.replace(f" {name}", f"\n{name}")
    return text


def net_log(width: int = 4, memory: int = 88) -> str:
    """What is printed while the net is built: (2·3 + 2·width + 2·width)·4 bytes."""
    told = [
        ("Creating Layer in", 84),
        ("in -> x", 380),
        ("Setting up in", 122),
        ("Top shape: 2 3 (6)", 129),
        ("Memory required for data: 24", 137),
        ("Creating Layer fc", 84),
        ("fc <- x", 406),
        ("fc -> y", 380),
        ("Setting up fc", 122),
        (f"Top shape: 2 {width} ({2 * width})", 129),
        ("Memory required for data: 56", 137),
        ("Creating Layer act", 84),
        ("act <- y", 406),
        ("act -> y (in-place)", 367),
        ("Setting up act", 122),
        (f"Top shape: 2 {width} ({2 * width})", 129),
        (f"Memory required for data: {memory}", 137),
        ("act does not need backward computation.", 200),
        ("fc does not need backward computation.", 200),
        ("in does not need backward computation.", 200),
        ("This network produces output y", 242),
        ("Network initialization done.", 255),
    ]
    head = line("net.cpp:51", "Initializing net from parameters: ")
    return head + expanded() + "".join(line(f"net.cpp:{at}", text) for text, at in told)


def train_log(start: int = 0, stop: int = 40, step: int = 10) -> str:
    """Iterations of a solver: iteration i has the loss i + 0.5, a vector of two, the rate 0.01."""
    lines = [line("solver.cpp:279", "Solving small")]
    for i in range(start, stop, step):
        lines += [
            line("solver.cpp:228", f"Iteration {i}, loss = {i}.5", i % 60),
            line("solver.cpp:244", f"    Train net output #0: v = {i}", i % 60),
            line("solver.cpp:244", f"    Train net output #1: v = -{i}", i % 60),
            line("sgd_solver.cpp:106", f"Iteration {i}, lr = 0.01", i % 60),
        ]
    return "".join(lines)


def read(text: str | bytes, year: int | None = None) -> LogContents:
    data = text.encode() if isinstance(text, str) else text
    return read_log(io.BytesIO(data), year)
