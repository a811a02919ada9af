"""What a log says of its run."""

from __future__ import annotations

import pytest

from caffetools.check.findings import Best, Findings, find
from tests.logs import SGD, line, read

SOLVER = line("Initializing solver from parameters: ") + "max_iter: 1000\n" + line("Solving x")


def losses(*values: object) -> str:
    """The lines of iterations 0, 10, 20, …"""
    return "".join(line(f"Iteration {10 * i}, loss = {x}") for i, x in enumerate(values))


def found(log: str) -> Findings:
    return find(read(SOLVER + log))


def test_best_values() -> None:
    test = (
        "Iteration {0}, Testing net (#0)",
        "    Test net output #0: accuracy = {1}",
        "    Test net output #1: loss = {2} (* 1 = {2} loss)",
        "    Test net output #2: margin = 5",
    )
    rows = ((0, 0.1, 3), (10, 0.9, "nan"), (20, 0.9, 0.5), (30, 0.8, 0.75))
    log = losses(3, 1, 2) + "".join(line(text.format(*row)) for row in rows for text in test)
    assert found(log).best == (
        Best(None, "", 1, 10),
        Best(0, "accuracy", 0.9, 10),
        Best(0, "loss", 0.5, 20),
    )


@pytest.mark.parametrize(
    ("values", "since"),
    [
        ((3, 2, "nan", "nan"), 20),
        ((3, 2, "inf"), 20),
        ((3, "nan", 2), None),
        ((3, 87.3365, 87.3365, 87.3365), 10),
        ((3, 2, 87.3365), None),
        (("nan",), 0),
    ],
)
def test_divergence(values: tuple[object, ...], since: int | None) -> None:
    assert found(losses(*values)).diverged == since


def noise(i: int) -> float:
    """Numbers around 0 that look random."""
    return (i * 7919 % 101 - 50) / 500


def test_a_stalled_run() -> None:
    """It falls for 30 of 100 rows."""
    values = [max(5 - i / 10, 2) + noise(i) for i in range(100)]
    assert found(losses(*values)).stalled == 300
    falling = [5 - i / 50 + noise(i) for i in range(100)]
    assert found(losses(*falling)).stalled is None
    assert found(losses(*[2.0] * 100)).stalled == 0
    assert found(losses(*[2.0] * 30)).stalled is None


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (line("Optimization Done."), "finished at 10"),
        (line("Optimization stopped early."), "stopped early by a signal at 10"),
        (line("Check failed: x", severity="F"), "died at 10: Check failed: x"),
        ("", "the log ends at iteration 10 of 1,000, before the run does"),
        (
            line("Check failed: x", severity="F") + line("Solving x"),
            "the log ends at iteration 10 of 1,000, before the run does",
        ),
    ],
)
def test_ends(end: str, expected: str) -> None:
    assert found(losses(3, 2) + end).end == expected


def test_a_log_without_a_run() -> None:
    nothing = find(read(line("Hello", SGD)))
    assert nothing == Findings((), None, None, "")
    assert nothing.to_dict() == {"best": [], "diverged": None, "stalled": None, "end": None}
    assert find(read(line("Check failed: x", severity="F"))).end == "died: Check failed: x"
