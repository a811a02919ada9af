"""Logs for tests: lines as glog writes them, and what is read of a text."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from caffetools.log.collector import LogContents
from caffetools.log.parser import read_any
from caffetools.log.text import LogText
from caffetools.net.caffe_log import caffe_log
from caffetools.net.loading import from_text
from caffetools.proto import prototxt
from caffetools.proto.printer import debug_string
from caffetools.proto.source import Source

NET = "net.cpp:1"
SOLVER = "solver.cpp:1"
SGD = "sgd_solver.cpp:1"
CAFFE = "caffe.cpp:1"


def line(
    text: str, place: str = SOLVER, time: str = "0721 10:38:15.326920", severity: str = "I"
) -> str:
    """One line of a log, with its end."""
    return f"{severity}{time}  4692 {place}] {text}\n"


def lines(*texts: str, place: str = SOLVER) -> str:
    """Lines of one source file, one second apart."""
    return "".join(
        line(text, place, f"0721 10:{i // 60:02}:{i % 60:02}.000000")
        for i, text in enumerate(texts)
    )


def add(path: Path, data: bytes) -> None:
    """Let a log grow."""
    with path.open("ab") as file:
        file.write(data)


def read(text: str | bytes, year: int | None = None) -> LogContents:
    """What is read of a log's text."""
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return read_any(LogText(file), year)


NET_TEXT = """\
name: "small"
state {
  phase: TRAIN
}
layer {
  name: "data"
  type: "Input"
  top: "data"
  input_param {
    shape {
      dim: 2
      dim: 3
      dim: 8
      dim: 8
    }
  }
}
layer {
  name: "conv"
  type: "Convolution"
  bottom: "data"
  top: "conv"
  convolution_param {
    num_output: 4
    kernel_size: 3
  }
}
layer {
  name: "relu"
  type: "ReLU"
  bottom: "conv"
  top: "conv"
}
layer {
  name: "fc"
  type: "InnerProduct"
  bottom: "conv"
  top: "fc"
  inner_product_param {
    num_output: 5
  }
}
"""
"""A net as Caffe echoes it."""

NET_MESSAGES = (
    "Creating Layer data",
    "data -> data",
    "Setting up data",
    "Top shape: 2 3 8 8 (384)",
    "Memory required for data: 1536",  # 4 * 384
    "Creating Layer conv",
    "conv <- data",
    "conv -> conv",
    "Setting up conv",
    "Top shape: 2 4 6 6 (288)",
    "Memory required for data: 2688",  # 1536 + 4 * 288
    "Creating Layer relu",
    "relu <- conv",
    "relu -> conv (in-place)",
    "Setting up relu",
    "Top shape: 2 4 6 6 (288)",
    "Memory required for data: 3840",  # 2688 + 4 * 288
    "Creating Layer fc",
    "fc <- conv",
    "fc -> fc",
    "Setting up fc",
    "Top shape: 2 5 (10)",
    "Memory required for data: 3880",  # 3840 + 4 * 10
    "fc does not need backward computation.",
    "relu does not need backward computation.",
    "conv does not need backward computation.",
    "data does not need backward computation.",
    "This network produces output fc",
    "Network initialization done.",
)
"""What Caffe of today prints while it builds that net."""


def net_log(*changes: tuple[str, str]) -> str:
    """The log of that net, with texts of it replaced by others."""
    log = (
        line("Creating training net from net file: small.prototxt")
        + line("Initializing net from parameters: ", NET)
        + NET_TEXT
        + lines(*NET_MESSAGES, place=NET)
    )
    for old, new in changes:
        assert old in log, old
        log = log.replace(old, new)
    return log


def built_log(echo: str, built: str | None = None, **options: Any) -> str:
    """What Caffe logs of a net: the prototxt `echo`, and the shapes of that or of `built`."""
    net = from_text(echo if built is None else built, **options)
    head = line("Creating training net from net file: net.prototxt")
    head += line("Initializing net from parameters: ", NET)
    echoed = debug_string(prototxt.parse(Source("net.prototxt", echo)))
    return head + echoed + "".join(line(text, place) for place, text in caffe_log(net.inferred))


def train_log(iterations: range, first_second: int = 0) -> str:
    """The lines of iterations, a second each: losses, a vector of two, the rate."""
    found = []
    for second, i in enumerate(iterations, first_second):
        time = f"0721 10:{second // 60:02}:{second % 60:02}.250000"
        found += [
            line(f"Iteration {i}, loss = {i}.5", SOLVER, time),
            line(f"    Train net output #0: v = {i}", SOLVER, time),
            line(f"    Train net output #1: v = -{i}", SOLVER, time),
            line(f"    Train net output #2: loss = {i}.25 (* 2 = {2 * i}.5 loss)", SOLVER, time),
            line(f"Iteration {i}, lr = 0.01", SGD, time),
        ]
    return "".join(found)
