"""The lines of an iteration."""

from __future__ import annotations

import pytest

from caffetools.log.curve import Output
from caffetools.log.patterns import ITERATION, OUTPUT, VALUE, learn, learn_test
from caffetools.log.prefix import Message
from tests.logs import SGD, SOLVER, line

HEAD = "I0721 10:38:15.326920  4692"


def told(*texts: str, place: str = SOLVER) -> list[Message]:
    return [Message(number, text, HEAD, place) for number, text in enumerate(texts, 1)]


TODAY = told(
    "Iteration 20, loss = 6.9",
    "    Train net output #0: accuracy = 0.1",
    "    Train net output #1: loss = 6.8 (* 0.3 = 2.04 loss)",
    "Iteration 20, lr = 0.01",
)


def test_the_form_of_todays_lines() -> None:
    block = learn(TODAY)
    assert block is not None
    assert block.fields == ("time", "iteration", "loss", VALUE, VALUE, "lr")
    assert block.outputs == (Output("accuracy"), Output("loss", "0.3"))
    assert block.lines == 4


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (told("Iteration 1, lr = 0.1", "Iteration 1, loss = 2"), ("iteration", "lr", "loss")),
        (
            told("Iteration 1 (8.1 iter/s, 12s/100 iters), loss = 2"),
            ("iteration", "speed", "loss"),
        ),
        (told("[0] Iteration 1 (3.4 s), 0.2/90ep, loss = 2"), ("iteration", "loss")),
        (
            told(
                "    [0.0] Iteration 7 (2 iter/s, 1s/2 iter), 1.2/30ep, loss = 2",
                "[0.0] Iteration 7, lr = 1, m = 0.9",
            ),
            ("iteration", "speed", "loss", "lr"),
        ),
    ],
)
def test_forms_of_other_ages(lines: list[Message], fields: tuple[str, ...]) -> None:
    block = learn(lines)
    assert block is not None
    assert block.fields == ("time", *fields)
    text = "".join(line(message.text) for message in lines)
    between, columns = block.split(text * 2)
    assert between == ["", "", ""]
    assert [len(column) for column in columns] == [2] * len(block.fields)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        told("Iteration 1, lr = 0.1"),
        told("Iteration 1, loss = 0.1 (a note)"),
        told("Iteration 1, loss = 0.1", "    Train net output #0: loss = 1 (* 2 = 2 loss) a note"),
        [TODAY[0], TODAY[1]._replace(number=3)],
        [Message(1, "Iteration 1, loss = 0.1")],
    ],
    ids=["none", "no loss", "note", "note behind an output", "a gap", "no prefix"],
)
def test_lines_that_have_no_form(lines: list[Message]) -> None:
    assert learn(lines) is None


def test_split_gives_columns_and_what_stands_between() -> None:
    lines = [*TODAY[:3], TODAY[3]._replace(place=SGD)]
    block = learn(lines)
    assert block is not None
    one = "".join(line(message.text, message.place) for message in lines)
    other = line("Snapshotting to x")
    between, columns = block.split(other + one + one.replace("6.9", "nan") + other + "bare\n" + one)
    assert between == [other, "", other + "bare\n", ""]
    named = dict(zip(block.fields, columns, strict=True))
    assert named["time"] == ["0721 10:38:15.326920"] * 3
    assert named["loss"] == ["6.9", "nan", "6.9"]
    assert named["lr"] == ["0.01"] * 3


@pytest.mark.parametrize(
    "change",
    [
        ("Iteration 20, lr", "Iteration 40, lr"),
        ("#0: accuracy", "#0: precision"),
        ("(* 0.3 =", "(* 1 ="),
        ("Train net output #1", "Test net output #1"),
        ("loss = 6.9\n", "loss = 6.9 a note\n"),
        ("loss = 6.8 (*", "loss =\n (*"),
        ("4692 solver", "4692\nsolver"),
    ],
)
def test_a_block_of_another_form_is_left_alone(change: tuple[str, str]) -> None:
    block = learn(TODAY)
    text = "".join(line(message.text) for message in TODAY)
    assert change[0] in text
    assert block is not None
    assert block.split(text.replace(*change))[0] == [text.replace(*change)]


def test_a_broken_line_swallows_no_other() -> None:
    block = learn(TODAY)
    text = "".join(line(message.text) for message in TODAY)
    cut = "I0721 10:38:15.326920 a line that was cut\n"
    assert block is not None
    assert block.split(cut + text)[0] == [cut, ""]


TEST = told(
    "Iteration 20, Testing net (#1)",
    "    Test net output #0: accuracy = 0.1",
    "    Test net output #1: loss = 6.8 (* 0.3 = 2.04 loss)",
)


def test_the_form_of_a_test() -> None:
    block = learn_test(TEST, ())
    assert block is not None
    assert block.fields == ("time", "iteration", VALUE, VALUE)
    assert block.outputs == (Output("accuracy"), Output("loss", "0.3"))
    assert block.keys == {("0", "accuracy"), ("1", "loss")}
    found = block.pattern.match("".join(line(message.text) for message in TEST))
    assert found is not None
    assert found.groups() == ("0721 10:38:15.326920", "20", "0.1", "6.8")


@pytest.mark.parametrize(("silent", "is_read"), [((), False), (("data_layer.cpp:73",), True)])
def test_silent_lines_may_stand_in_a_test(silent: tuple[str, ...], *, is_read: bool) -> None:
    block = learn_test(TEST, silent)
    first, *later = (line(message.text) for message in TEST)
    text = first + line("Restarting data prefetching", "data_layer.cpp:73") + "".join(later)
    assert block is not None
    assert (block.pattern.match(text) is not None) is is_read


@pytest.mark.parametrize(
    "lines",
    [
        [],
        TEST[:1],
        TEST[1:],
        told("Testing net (#0)", "    Test net output #0: accuracy = 0.1"),
        [*TEST, *told("    class 1: 0.5")],
    ],
    ids=["none", "no outputs", "no head", "no iteration", "a score of a class"],
)
def test_tests_that_have_no_form(lines: list[Message]) -> None:
    assert learn_test(lines, ()) is None


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Iteration 100, loss = 0.5", ("100", None, None, "loss", "0.5")),
        (
            "Iteration 100 (8.1 iter/s, 12.3s/100 iters), loss = nan",
            ("100", "8.1 iter/s, 12.3s/100 iters", None, "loss", "nan"),
        ),
        ("Iteration 7 (1 iter/s), 1.2/90ep, loss = 2", ("7", "1 iter/s", "1.2", "loss", "2")),
        ("Iteration 100, lr = 0.1, m = 0.9", ("100", None, None, "lr", "0.1")),
    ],
)
def test_iteration(text: str, groups: tuple[str | None, ...]) -> None:
    found = ITERATION.search(text)
    assert found is not None
    assert found.groups() == groups


def test_output() -> None:
    found = OUTPUT.search("Train net output #3: a b = 0.1 (* 2 = 0.2 loss)")
    assert found is not None
    assert found.groups() == ("Train", "3", "a b", "0.1", "2")
