"""A log for people."""

from __future__ import annotations

from datetime import date

import pytest

from caffetools.check.log_summary import (
    age_words,
    curve_lines,
    net_words,
    score_line,
    summary,
)
from caffetools.check.parsed_log import ParsedLog
from caffetools.log.age import Age
from tests.logs import SOLVER, line, lines, net_log, read, train_log


def test_the_whole() -> None:
    text = net_log() + line("Solving small") + train_log(range(0, 30, 10))
    log = ParsedLog(read(text))
    curve = "loss = 20.5, lr = 0.01, v = 20 -20, loss = 20.25"
    assert list(summary(log)) == [
        f"log      <log>: {text.count(chr(10))} lines",
        f"caffe    {age_words(log.contents.caffe)}",
        "net      small TRAIN: line 2, 4 layers, 4 tops, 3,880 bytes",
        "         memory counts every top, those in place and of Splits again",
        f"train    3 rows, the last of iteration 20: {curve}",
        "         best: total loss = 0.5 at 0, loss = 0.25 at 0",
        "run      the log ends at iteration 20, before the run does",
        f"event    line {net_log().count(chr(10)) + 1}: start: Solving small",
    ]


def test_differences_stand_below_their_net() -> None:
    log = ParsedLog(read(net_log(("Top shape: 2 5 (10)", "Top shape: 2 6 (12)"))))
    told = list(summary(log))
    at = next(i for i, text in enumerate(told) if text.startswith("net "))
    assert any("fc" in text and "2 x 6" in text for text in told[at + 1 :]), told


def test_many_events_are_cut() -> None:
    warnings = (line(f"look out {i}", SOLVER, severity="W") for i in range(25))
    told = list(summary(ParsedLog(read("".join(warnings) + line("x", SOLVER, severity="E") * 2))))
    assert sum(text.startswith("event ") for text in told) == 20
    assert told[-1] == "         and 7 events more"


def test_of_snapshots_the_last_is_shown() -> None:
    texts = []
    for i in (1, 2, 3):
        texts.append(f"Snapshotting to x_iter_{i}.caffemodel")
        texts.append(f"Snapshotting solver state to binary proto file x_iter_{i}.solverstate")
    told = list(summary(ParsedLog(read(lines(*texts, "Optimization Done.")))))
    assert [text for text in told if text.startswith(("event", "    "))] == [
        "event    line 5: snapshot (3 times): Snapshotting to x_iter_3.caffemodel",
        "event    line 7: done: Optimization Done.",
    ]


def test_a_repeated_warning_is_counted() -> None:
    told = list(summary(ParsedLog(read(line("look out", SOLVER, severity="W") * 1200))))
    assert told[-1] == "event    line 1: warning (1,200 times): look out"


def test_control_characters_are_shown() -> None:
    told = list(summary(ParsedLog(read(line("look\x07out", SOLVER, severity="W")))))
    assert "\x07" not in "".join(told)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (Age(), "unknown version"),
        (Age(fork="odd", differing=1), "a fork; differs in 1 message"),
        (
            Age(fork="odd", nearest=(date(2016, 7, 2), date(2016, 7, 9)), differing=28),
            "a fork near master of 2016-07; differs in 28 messages",
        ),
        (
            Age(fork="odd", nearest=(date(2016, 7, 2), date(2017, 1, 1)), release="NVCaffe 0.16"),
            "NVCaffe 0.16, a fork near master of 2016-07 to 2017-01",
        ),
        (
            Age(date(2014, 1, 2), date(2014, 3, 4), "v0.9"),
            "BVLC master from 2014-01-02 until 2014-03-04 (v0.9)",
        ),
        (
            Age(date(2014, 1, 2), None, "1.0", "changed", differing=3),
            "BVLC master from 2014-01-02 until today (1.0); differs in 3 messages",
        ),
    ],
)
def test_age_words(age: Age, expected: str) -> None:
    assert age_words(age) == expected


def test_net_words_of_a_net_that_tells_little() -> None:
    (net,) = read(line("Creating Layer a", "net.cpp:1")).nets
    assert net_words(net) == "unnamed phase unknown: line 1, 1 layers, 0 tops, memory unknown"


def test_a_long_vector_is_cut() -> None:
    texts = ["Iteration 1, loss = nan", *(f"    Train net output #{i}: v = {i}" for i in range(9))]
    told = list(curve_lines("train", read("".join(map(line, texts))).train))
    assert told == [
        "train    1 rows, the last of iteration 1: loss = nan, v = 0 1 2 3 4 5 6 7 … (9 in all)"
    ]


def test_scores_of_a_test_are_shown() -> None:
    texts = ["Loss: 0.5", "accuracy = 0.25", "p = 1", "p = 2 (* 1 = 2 loss)"]
    log = read("".join(line(text, "caffe.cpp:309") for text in texts))
    assert [score_line(score) for score in log.scores] == [
        "score    line 1: loss = 0.5, accuracy = 0.25, p = 1 2"
    ]
