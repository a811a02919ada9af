from __future__ import annotations

import pytest

from caffetools.log.prefix import LINE, Message, messages

HEAD = "I0721 10:38:15.326920  4692"


@pytest.mark.parametrize(
    ("text", "head", "place", "message"),
    [
        (f"{HEAD} net.cpp:125] Top shape: 1 (1)", HEAD, "net.cpp:125", "Top shape: 1 (1)"),
        (f"{HEAD} net.cpp:125]     indented", HEAD, "net.cpp:125", "    indented"),
        (f"{HEAD} net.cpp:125]", HEAD, "net.cpp:125", ""),
        ("W20230721 10:38:15.326920 1 a.hpp:1] x", "W20230721 10:38:15.326920 1", "a.hpp:1", "x"),
        ("E0721 10:38:15 0x7f3c a.cu:77] x", "E0721 10:38:15 0x7f3c", "a.cu:77", "x"),
        (
            "F0721 10:38:15.3269 2008298256 b.cpp:9] x",
            "F0721 10:38:15.3269 2008298256",
            "b.cpp:9",
            "x",
        ),
    ],
)
def test_line_takes_every_form_of_the_prefix(
    text: str, head: str, place: str, message: str
) -> None:
    assert LINE.findall(text + "\n") == [(head, place, message, "")]


def test_lines_without_a_prefix_come_together() -> None:
    text = f"one\n\ntwo\n{HEAD} net.cpp:1] x\nInfo without a prefix\nthree\n"
    assert LINE.findall(text) == [
        ("", "", "", "one\n\ntwo\n"),
        (HEAD, "net.cpp:1", "x", ""),
        ("", "", "", "Info without a prefix\n"),
        ("", "", "", "three\n"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("no prefix", [Message(7, "no prefix")]),
        (f"12. {HEAD} net.cpp:1] x", [Message(7, "x", HEAD, "net.cpp:1")]),
        (f"2015-07-21T10:38:15Z {HEAD} net.cpp:1] x", [Message(7, "x", HEAD, "net.cpp:1")]),
        (
            f"{HEAD} net.cpp:1] one{HEAD} net.cpp:2] two",
            [Message(7, "one", HEAD, "net.cpp:1"), Message(7, "two", HEAD, "net.cpp:2")],
        ),
        ("I0721 10:38:15.326920  4692 net.cpp] x", None),
        ("I721 10:38:15.326920  4692 net.cpp:1] x", None),
    ],
)
def test_messages_of_a_line(line: str, expected: list[Message] | None) -> None:
    assert list(messages(7, line)) == (expected or [Message(7, line)])


def test_what_a_message_is_made_of() -> None:
    message = Message(1, "text", "E20230721 10:38:15.326920  4692", "net.cpp:125")
    assert message.severity == "E"
    assert message.time == "20230721 10:38:15.326920"
    assert message.thread == "4692"
    assert message.file == "net.cpp"
    assert message.line == 125
    bare = Message(1, "text")
    assert (bare.severity, bare.time, bare.thread, bare.file, bare.line) == ("", "", "", "", 0)
