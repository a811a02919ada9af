"""The times of `caffe time` and the means of debug_info."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from caffetools.log.curve_columns import Column, number
from caffetools.log.prefix import Message

_UNIT = r"(ms|milli ?seconds|seconds)\b"
_LAYER_TIME = re.compile(rf"\s*(.+?)\s+(forward|backward): +(\S+) {_UNIT}")
_INTEL_TIME = re.compile(rf"LAYER-([0-9]+ .+): (forward|backward)_time: (\S+) {_UNIT}")
_NET_TIME = re.compile(rf"(?:Average )?(Forward|Backward) pass: (\S+) {_UNIT}")
_TIMED = re.compile(r"Testing for ([0-9]{1,9}) ?[Ii]terations")
_MEAN = re.compile(
    r"\s*\[(Forward|Backward|Update)\] (?:Layer (.+?), |(?=Input ))"
    r"(?:(top|bottom|param) blob|(param|Input)) (.+?)(?: \(owned by .*\))? (data|diff): ([^\s;]+)"
)
_DIFF = re.compile(r"; diff: (\S+)")
_NET_MEANS = re.compile(
    r"\s*\[Backward\] All net params \(data, diff\): "
    r"(L1) norm = \(([^,)]+), ([^)]+)\); (L2) norm = \(([^,)]+), ([^)]+)\)"
)


class Timing(NamedTuple):
    """Duration of a pass of a layer or, without a name, of the net."""

    layer: str
    way: str
    """forward or backward."""
    ms: float | None
    """As printed: since 2015 the mean per iteration, before that the sum of `iterations`."""
    iterations: int


class Timings:
    """The tables of `caffe time`, in order."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, int, float], int] = {}
        self._keys = array("L")
        self._values = Column()
        self._iterations = 1

    def __len__(self) -> int:
        return len(self._keys)

    def read(self, message: Message) -> bool:
        """Read a line of a benchmark."""
        text = message.text
        if found := _TIMED.match(text):
            self._iterations = int(found[1])
        elif found := _NET_TIME.match(text):
            self._add("", found[1].lower(), found[2], found[3], text.startswith("Average"))
        elif found := _INTEL_TIME.match(text) or _LAYER_TIME.match(text):
            self._add(found[1], found[2], found[3], found[4], found[4] == "ms")
        return found is not None

    def _add(self, layer: str, way: str, value: str, unit: str, is_mean: bool) -> None:
        scale = 1000.0 if unit == "seconds" else 1.0
        key = layer, way, 1 if is_mean else self._iterations, scale
        self._keys.append(self._names.setdefault(key, len(self._names)))
        self._values.append(value)

    def __iter__(self) -> Iterator[Timing]:
        names = list(self._names)
        for key, text in zip(self._keys, self._values, strict=True):
            layer, way, iterations, scale = names[key]
            value = number(text)
            yield Timing(layer, way, None if value is None else scale * value, iterations)


class DebugMean(NamedTuple):
    """Mean absolute value of a blob, as debug_info prints it."""

    row: int
    """The row of the training curve at whose iteration it was printed."""
    way: str
    """Forward, Backward or Update."""
    layer: str
    """"" for the L1 and L2 norms of all parameters of the net."""
    blob: str
    """`top conv1`, `bottom data`, `param 0`."""
    what: str
    """data or diff."""
    value: float | None


class DebugMeans:
    """The output of debug_info."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str, str], int] = {}
        self._keys = array("L")
        self._rows = array("L")
        self._values = Column()

    def __len__(self) -> int:
        return len(self._keys)

    def read(self, message: Message, row: int, next_row: int) -> bool:
        """Read a line of debug_info.

        The gradients of an iteration are printed before its loss, at `next_row`; its updates after.
        """
        text = message.text
        if found := _NET_MEANS.match(text):
            l1, data, diff, l2, data_2, diff_2 = found.groups()
            for norm, of_data, of_diff in ((l1, data, diff), (l2, data_2, diff_2)):
                self._add(row, ("Backward", "", norm, "data"), of_data)
                self._add(row, ("Backward", "", norm, "diff"), of_diff)
        elif found := _MEAN.match(text):
            way, layer, role, other, blob, what, value = found.groups(default="")
            name = f"{role or other.lower()} {blob}"
            at = row if way == "Update" else next_row
            self._add(at, (way, layer, name, what), value)
            if diff_too := _DIFF.search(text, found.end()):
                self._add(at, (way, layer, name, "diff"), diff_too[1])
        return found is not None

    def _add(self, row: int, key: tuple[str, str, str, str], value: str) -> None:
        self._rows.append(row)
        self._keys.append(self._names.setdefault(key, len(self._names)))
        self._values.append(value)

    def __iter__(self) -> Iterator[DebugMean]:
        names = list(self._names)
        for row, key, value in zip(self._rows, self._keys, self._values, strict=True):
            yield DebugMean(row, *names[key], number(value))
