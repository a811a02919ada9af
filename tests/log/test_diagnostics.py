from __future__ import annotations

import pytest

from caffetools.log.diagnostics import DebugMean, Timing
from tests.logs import CAFFE, NET, line, lines, read


def timings(*texts: str) -> list[Timing]:
    return list(read(lines(*texts, place=CAFFE)).timings)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            (
                "Testing for 50 iterations.",
                "     conv1\tforward: 0.98 ms.",
                "     conv1\tbackward: 3e-05 ms.",
            ),
            [("conv1", "forward", 0.98, 1), ("conv1", "backward", 3e-05, 1)],
        ),
        (
            ("Testing for 10 iterations.", "conv1\tforward: 1001.72 milliseconds."),
            [("conv1", "forward", 1001.72, 10)],
        ),
        (
            ("Testing for 10Iterations.", "conv1\tforward: 12 milli seconds."),
            [("conv1", "forward", 12, 10)],
        ),
        (
            ("Testing for 4 Iterations.", "conv1\tbackward: 0.5 seconds."),
            [("conv1", "backward", 500, 4)],
        ),
        (("  inception 3a/1x1   forward: 2 ms.",), [("inception 3a/1x1", "forward", 2, 1)]),
        (
            (
                "Average Forward pass: 7 ms.",
                "Average Backward pass: 8 ms.",
                "Average Forward-Backward: 15 ms.",
            ),
            [("", "forward", 7, 1), ("", "backward", 8, 1)],
        ),
        (
            ("Testing for 10 iterations.", "Forward pass: 70 milliseconds."),
            [("", "forward", 70, 10)],
        ),
    ],
    ids=["today", "rc", "v0.9999", "v0.9", "a pasted tab", "the net", "the net in rc"],
)
def test_times(texts: tuple[str, ...], expected: list[tuple[str, str, float, int]]) -> None:
    assert timings(*texts) == [Timing(*one) for one in expected]


def test_times_of_intel_caffe() -> None:
    log = line("LAYER-3 Convolution: forward_time: 1.5 ms", "net.cpp:1", severity="W")
    assert list(read(log.replace("net.cpp", "solver.cpp")).timings) == [
        Timing("3 Convolution", "forward", 1.5, 1)
    ]


DEBUG = lines(
    "    [Forward] Input data data: 0.5",
    "    [Forward] Layer conv1, top blob conv1 data: 0.25",
    "    [Forward] Layer conv1, param blob 0 data: 0.125",
    "    [Backward] Layer conv1, bottom blob data diff: 1e-05",
    "    [Backward] Layer conv1, param blob w diff: nan",
    place=NET,
) + lines(
    "    [Update] Layer conv1, param 0 data: 2; diff: 3",
    "    [Update] Layer conv2, param blob w (owned by layer conv1, param w) diff: 4",
    "    [Backward] All net params (data, diff): L1 norm = (1, 2); L2 norm = (3, 4)",
    place=NET,
)


def test_debug_info() -> None:
    head, tail = DEBUG.split("    [Update]", 1)
    loss = line("Iteration 0, loss = 1")
    log = loss.replace(" 0,", " 5,") + head[: head.rindex("\n") + 1] + loss.replace(" 0,", " 10,")
    rest = head[head.rindex("\n") + 1 :] + "    [Update]" + tail
    means = list(read(log + rest).debug_info)
    assert [mean[:5] for mean in means] == [
        (1, "Forward", "", "input data", "data"),
        (1, "Forward", "conv1", "top conv1", "data"),
        (1, "Forward", "conv1", "param 0", "data"),
        (1, "Backward", "conv1", "bottom data", "diff"),
        (1, "Backward", "conv1", "param w", "diff"),
        (1, "Update", "conv1", "param 0", "data"),
        (1, "Update", "conv1", "param 0", "diff"),
        (1, "Update", "conv2", "param w", "diff"),
        (1, "Backward", "", "L1", "data"),
        (1, "Backward", "", "L1", "diff"),
        (1, "Backward", "", "L2", "data"),
        (1, "Backward", "", "L2", "diff"),
    ]
    values = [mean.value for mean in means]
    assert values[:4] + values[5:] == [0.5, 0.25, 0.125, 1e-05, 2, 3, 4, 1, 2, 3, 4]
    assert str(values[4]) == "nan"


def test_the_first_iterations_debug_info_is_its_own() -> None:
    log = line("    [Forward] Layer a, top blob b data: 1", NET) + line("Iteration 0, loss = 1")
    assert list(read(log).debug_info) == [DebugMean(0, "Forward", "a", "top b", "data", 1)]
    assert read(log).event_counts == {}
