"""Builds the nets of a log from the messages of net.cpp of every age.

    Creating Layer conv1
    conv1 <- data
    conv1 -> conv1
    Top shape: 256 96 55 55 (74342400)
    conv1 needs backward computation.

In 2013 the shapes followed in a second pass; since September 2014 the backward lines follow all
layers; NVCaffe prints the layer's name and number with a shape.
"""

from __future__ import annotations

import re

from caffetools.log.echo_reader import Echo
from caffetools.log.logged_net import LoggedNet, NetDraft, Sharing
from caffetools.log.prefix import Message

_SOURCE = re.compile(r"Creating (train|test)(?:ing)? net(?: \(#[0-9]+\))?(?:.*? file: (.+))?")
_CREATED = re.compile(r"Creat(?:ing Layer (.+)|ed Layer (.+) \([0-9]+\))")
_TYPED = re.compile(r"Creating layer '(.+)' of type '(.+)'")
_INPUT = re.compile(r"Input [0-9]+ -> (.+)")
_SHAPE = re.compile(
    r"(?:(TRAIN|TEST) )?Top shape(?::| for layer [0-9]+ '(.+)')((?: [0-9]{1,18}){0,32})"
    r"(?: \(([0-9]{1,18}) ?\))?"
)
_WEIGHT = re.compile(r"\s*with loss weight (\S+)")
_MEMORY = re.compile(
    r"(?:Memory +|Top memory \((TRAIN|TEST)\) )required for [Dd]ata:? ?([0-9]{1,18})"
)
_BACKWARD = re.compile(r"(.+) (needs|does not need) backward computation")
_OUTPUT = re.compile(r"This network produces output (.+)")
_SHARING = re.compile(r"Sharing parameters '(.*)' owned by layer '(.*)', param index ([0-9]{1,9})")

_OPEN_THREADS = 16


class NetReader:
    """Folds messages into nets, those of each thread apart.

    The read methods return whether they know the message.
    """

    def __init__(self) -> None:
        self._done: list[LoggedNet] = []
        self._open: dict[str, list[NetDraft]] = {}
        """By thread: the net that is being built, and the inner nets of its layers."""
        self._phase: str | None = None
        self._source: str | None = None
        self._type = ("", "")
        self._known: dict[object, object] = {}

    def end(self) -> list[LoggedNet]:
        """Return all nets at the end of the log, by their first line."""
        self.end_nets()
        return sorted(self._done, key=lambda net: net.line)

    def end_nets(self) -> None:
        """Complete the open nets: a solver or another program begins."""
        for drafts in self._open.values():
            self._end(drafts)
        self._open.clear()

    def _end(self, drafts: list[NetDraft]) -> None:
        # A net within another is a layer's own: LSTM and RNN unroll themselves.
        if drafts and not drafts[0].is_empty:
            self._done.append(drafts[0].net(self._known))

    def read_source(self, message: Message) -> bool:
        """`Creating training net from net file: lenet.prototxt`."""
        found = _SOURCE.match(message.text)
        if not found:
            return self._read_type(message)
        self.end_nets()
        self._phase = found[1].upper()
        self._source = found[2]
        return True

    def _read_type(self, message: Message) -> bool:
        found = _TYPED.match(message.text)
        if found:
            self._type = found[1], found[2]
            return True
        # Before NVCaffe, the factory printed only the name, as net.cpp does.
        return self.read_layer(message) or message.file == "layer_factory.hpp"

    def begin_echo(self, message: Message) -> None:
        """Begin a net, or an inner net that a layer of the open net builds."""
        drafts = self._open.get(message.thread, [])
        if drafts and drafts[-1].is_setting_up:
            drafts.append(NetDraft(message.number))
        else:
            self._begin(message)

    def add_echo(self, echo: Echo) -> None:
        """Add the echo to the net that it announced."""
        for drafts in self._open.values():
            for draft in drafts:
                if draft.line == echo.line:
                    draft.echo = echo

    def _begin(self, message: Message) -> NetDraft:
        self._end(self._open.pop(message.thread, []))
        if len(self._open) >= _OPEN_THREADS:
            self.end_nets()
        draft = NetDraft(message.number, self._phase, self._source)
        self._phase = self._source = None
        self._open[message.thread] = [draft]
        return draft

    def read_layer(self, message: Message) -> bool:
        """`Creating Layer conv1`; of NVCaffe, `Created Layer conv1 (2)`."""
        found = _CREATED.match(message.text)
        if not found:
            return False
        name = (found[1] or found[2]).rstrip()
        draft = self._draft(message, begins=True)
        typed, type_ = self._type
        draft.add_layer(name, type_ if typed == name else None, message.number)
        return True

    def read_input(self, message: Message) -> bool:
        """`Input 0 -> data`, from August 2014 to February 2016."""
        found = _INPUT.match(message.text)
        if found:
            self._draft(message, begins=True).inputs.append(found[1].rstrip())
        return found is not None

    def read_set_up(self, message: Message) -> bool:
        """`Setting up conv1`, before its shapes."""
        if not message.text.startswith("Setting up "):
            return False
        self._draft(message).set_up(message.text[11:].rstrip())
        return True

    def read_shape(self, message: Message) -> bool:
        """`Top shape: 256 96 55 55 (74342400)`."""
        found = _SHAPE.match(message.text)
        if not found:
            return False
        phase, name, extents, count = found.groups(default="")
        draft = self._draft(message)
        layer = draft.find(name) if name else None
        if layer is None:
            layer = draft.shaped(message.number)
        if phase:
            draft.phase = phase
        shape = tuple(map(int, extents.split()))
        layer.add_shape(shape, int(count) if count else None, message.number - draft.line)
        return True

    def read_weight(self, message: Message) -> bool:
        """`with loss weight 1`."""
        found = _WEIGHT.match(message.text)
        if found:
            self._draft(message).shaped(message.number).add_weight(found[1])
        return found is not None

    def read_memory(self, message: Message) -> bool:
        """`Memory required for data: 201476`, so far or in the end."""
        found = _MEMORY.match(message.text)
        if not found:
            return False
        draft = self._draft(message)
        if found[1]:
            draft.phase, draft.is_nvcaffe = found[1], True
        draft.set_memory(int(found[2]), message.number)
        return True

    def read_output(self, message: Message) -> bool:
        """`This network produces output loss`."""
        found = _OUTPUT.match(message.text)
        if found:
            self._draft(message).outputs.append(found[1].rstrip())
        return found is not None

    def read_sharing(self, message: Message) -> bool:
        """`Sharing parameters 'w' owned by layer 'conv1', param index 0`."""
        found = _SHARING.match(message.text)
        if not found:
            return message.text.startswith("Sharing layer ")
        draft = self._draft(message)
        if draft.drafts:
            sharing = Sharing(draft.drafts[-1].name, found[1], found[2], int(found[3]))
            draft.sharing.append(sharing)
        return True

    def read_done(self, message: Message) -> bool:
        """`Network initialization done.`"""
        if not message.text.startswith("Network initialization done"):
            return False
        drafts = self._open.get(message.thread, [])
        if len(drafts) > 1:
            drafts.pop()
        elif drafts:
            drafts[0].is_complete = True
        return True

    def read_other(self, message: Message) -> bool:
        """Messages that begin with a layer's name: `conv1 <- data`, `conv1 needs backward …`."""
        text = message.text.rstrip()
        if not message.place and message.thread not in self._open:
            return False
        for arrow in ("<-", "->"):
            if f" {arrow} " in text:
                self._draft(message).connect(text, arrow, message.number)
                return True
        found = _BACKWARD.match(text)
        if found:
            self._draft(message).set_backward(found[1], found[2] == "needs")
        return found is not None

    def _draft(self, message: Message, begins: bool = False) -> NetDraft:
        """Return the net of a message; a layer after a complete net begins a new one."""
        drafts = self._open.get(message.thread)
        if not drafts or (begins and drafts[-1].is_complete):
            return self._begin(message)
        return drafts[-1]
