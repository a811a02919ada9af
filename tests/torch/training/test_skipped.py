from __future__ import annotations

import io

from caffetools.torch.training.glog import Log
from caffetools.torch.training.skipped import Found, Skipped
from tests.torch.training.cases import lines


def test_each_is_told_once_and_all_are_counted() -> None:
    stream = io.StringIO()
    skipped = Skipped(Log(stream))
    for notes in (["a is damaged"], [], ["b is damaged", "a is damaged"]):
        skipped.tell(notes)
    assert skipped.count == 3
    skipped.sum_up([skipped.found])
    assert lines(stream) == [
        "a is damaged; the next item takes its place",
        "b is damaged; the next item takes its place",
        "damaged items that were skipped in this run: 3",
    ]
    assert {line[0] for line in stream.getvalue().splitlines()} == {"W"}


def test_nothing_is_said_where_nothing_was_skipped() -> None:
    stream = io.StringIO()
    Skipped(Log(stream)).sum_up([Found(0, ()), Found(0, ())])
    assert stream.getvalue() == ""


def test_what_other_processes_met_is_told_in_the_end() -> None:
    stream = io.StringIO()
    skipped = Skipped(Log(stream))
    skipped.tell(["a is damaged"])
    skipped.sum_up([skipped.found, Found(4, ("b is damaged", "a is damaged"))])
    assert lines(stream) == [
        "a is damaged; the next item takes its place",
        "b is damaged; the next item takes its place",
        "damaged items that were skipped in this run: 5",
    ]
