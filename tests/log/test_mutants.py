"""No damaged log gives a traceback: each is read, or refused in one line."""

from __future__ import annotations

import pytest

from tests.commands import run
from tests.log.mutants import mutant
from tests.logs import CAFFE, SOLVER, line, net_log, train_log

LOG = (
    line("Initializing solver from parameters: ", CAFFE)
    + 'base_lr: 0.01\nnet: "small.prototxt"\n'
    + net_log()
    + line("Solving small")
    + train_log(range(0, 200, 10))
    + line("Iteration 190, Testing net (#0)")
    + line("    Test net output #0: accuracy = 0.5")
    + line("Restoring previous solver status from x.solverstate")
    + train_log(range(150, 400, 10), 60)
    + line("conv\tforward: 1.5 ms.", CAFFE)
    + line("[Forward] Layer conv, top blob conv data: 0.5", "net.cpp:600")
    + line("Batch 0, accuracy = 0.25", CAFFE)
    + line("Optimization Done.", SOLVER)
).encode()


WAYS = (
    *(("parse-log", "-", "--format", form) for form in ("table", "json", "csv")),
    ("shapes", "-"),  # the log as a net
)


def answer(data: bytes, seed: int) -> str | None:
    """What is wrong with how a command answers these bytes; None if nothing is."""
    way = WAYS[seed % len(WAYS)]
    try:
        status, out, err = run(*way, stdin=data)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
        return f"{type(error).__name__}: {error}"
    if status == 0:
        return None if out or "csv" in way else "nothing is told"
    return None if status == 1 and err.startswith("<stdin>:") else f"status {status}: {err[:200]}"


@pytest.mark.parametrize("seed", range(100))
def test_a_mutant_is_read_or_refused(seed: int) -> None:
    assert answer(mutant(LOG, seed), seed) is None


def test_the_judge_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above could fail: a bug of ours comes back as one."""
    monkeypatch.setattr("caffetools.cli.parse_log.read_log", lambda *_: 1 / 0)
    assert answer(b"", 0) == "ZeroDivisionError: division by zero"
