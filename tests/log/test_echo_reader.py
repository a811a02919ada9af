from __future__ import annotations

import pytest

from caffetools.log.echo_reader import Echo, EchoReader
from caffetools.log.prefix import Message
from tests.logs import NET, NET_TEXT, line, read

HEAD = Message(7, "Initializing net from parameters: ")


def recovered(text: str) -> tuple[Echo | None, list[tuple[int, str]]]:
    reader = EchoReader()
    assert reader.begin(HEAD)
    reader.add(8, text.removesuffix("\n"))
    return reader.end()


def test_a_whole_net_is_given_back_as_it_stands() -> None:
    assert recovered(NET_TEXT) == (Echo("net", 7, 8, NET_TEXT, cut=False), [])


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        'a: "}"\n',
        'a: \'x\'\nb: "\\""\n',
        "a {\n  b: -1e-05\n}\nc: TRUE\n",
        "a: {\n}\n",
        "1000: 5\n",
        "[ext.name] {\n}\n",
    ],
)
def test_whole_texts(text: str) -> None:
    echo, others = recovered(text)
    assert (echo, others) == (Echo("net", 7, 8, text, cut=False), [])


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a: 1\nlayer {\n  b: 2\n", "a: 1\n"),
        ("a: 1\nlayer\n", "a: 1\n"),
        ('a: 1\nlayer {\n}\nname: "inceptio\n', "a: 1\nlayer {\n}\n"),
        ("a: 1\nb {\n  c:\n", "a: 1\n"),
    ],
)
def test_of_a_cut_net_the_whole_fields_are_kept(text: str, whole: str) -> None:
    echo, others = recovered(text)
    assert (echo, others) == (Echo("net", 7, 8, whole, cut=True), [])


def test_glog_cuts_at_the_end_of_a_line_too() -> None:
    text = "a: 1\n" * 5981  # 29,905 bytes
    echo, _ = recovered(text)
    assert echo is not None
    assert echo.cut


@pytest.mark.parametrize("text", ["", "\n\n", "layer {\n  a: 1\n", "no prototxt here\n"])
def test_nothing_to_recover(text: str) -> None:
    assert recovered(text)[0] is None


def test_other_programs_lines_leave_their_place_empty() -> None:
    echo, others = recovered("a: 1\nprogress 10 %\nlayer {\n\nmore of it\n}\nTotal jobs: 5 of 7\n")
    assert echo == Echo("net", 7, 8, "a: 1\n\nlayer {\n\n\n}\n", cut=False)
    assert others == [(9, "progress 10 %"), (12, "more of it"), (14, "Total jobs: 5 of 7")]


def test_lines_numbered_by_a_page() -> None:
    echo, _ = recovered("12. a: 1\n13. layer {\n14.   b: 2\n15. }\n")
    assert echo == Echo("net", 7, 8, "a: 1\nlayer {\n  b: 2\n}\n", cut=False)


def test_intels_empty_message_stands_between_head_and_text() -> None:
    log = (
        line("Initializing net from parameters: ", NET) + line("", NET) + NET_TEXT + line("x", NET)
    )
    (net,) = read(log).nets
    assert net.echo is not None
    assert net.echo.text == NET_TEXT


def test_solvers_and_transformed_nets() -> None:
    log = (
        line("Initializing solver from parameters: ")
        + "base_lr: 0.1\n"
        + line("Net after transformation: ", NET)
        + NET_TEXT
        + line("x")
        + line("Initializing solver from parameters: ")
        + "base_lr: 0.2\n"
    )
    contents = read(log)
    assert [(echo.text, echo.line) for echo in contents.solvers] == [
        ("base_lr: 0.1\n", 1),
        ("base_lr: 0.2\n", 5 + NET_TEXT.count("\n")),
    ]
    assert contents.nets == ()
    assert contents.skipped_lines == 0
