"""Names for repeated blocks, their members and their layers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from caffetools.torch.export.names import snake


class Templates(NamedTuple):
    """Names of layers, with {} for what differs between the occurrences of a block."""

    own: tuple[str, ...]
    """What replaces {} in each occurrence."""
    layers: tuple[str, ...]

    @property
    def starts(self) -> bool:
        """Whether all names begin with what differs, the name of the block."""
        return all(layer.startswith("{}") for layer in self.layers)


_KINDS = {
    "nn.Conv2d": "conv",
    "nn.ConvTranspose2d": "deconv",
    "nn.Linear": "fc",
    "nn.MaxPool2d": "pool",
    "nn.AvgPool2d": "pool",
    "nn.Dropout": "drop",
    "nn.PReLU": "prelu",
}


def templates(names: Sequence[Sequence[str]]) -> Templates | None:
    """Return the common form of the names of each occurrence, None if there is none."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    for several in zip(*names, strict=True):
        start = common_start(several)
        rest = [name[len(start) :] for name in several]
        end = common_start([name[::-1] for name in rest])[::-1]
        found.append((start, end, tuple(name[: len(name) - len(end)] for name in rest)))
    if len({own for _, _, own in found}) != 1 or "{" in repr(names) or "}" in repr(names):
        return None
    own = found[0][2]
    if len(set(own)) < len(own):
        return None
    starts, ends = [start for start, _, _ in found], [end for _, end, _ in found]
    if len(set(starts)) == 1:
        own = tuple(starts[0] + each for each in own)
        starts = [""] * len(starts)
    shared = re.match(r"(?:.*(?=[_/-]))?", common_start(ends))
    tail = shared[0].rstrip("_/-") if shared else ""
    if len(ends) == 1 or any(each == tail for each in ends):
        tail = ""
    own = tuple(each + tail for each in own)
    layers = (f"{start}{{}}{end[len(tail) :]}" for start, end in zip(starts, ends, strict=True))
    return Templates(own, tuple(layers))


def common_start(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    first, last = min(names), max(names)
    size = min(len(first), len(last))
    return first[: next((i for i in range(size) if first[i] != last[i]), size)]


def part_name(name: str, own: str, fallback: str) -> str:
    """Return what a name has behind the block's own."""
    behind = name.partition(own)[2] if own and own in name else name
    return snake(behind, "out" if own and not behind else fallback)


def kind(function: str) -> str:
    """Return the name of a kind of module."""
    if "BatchNorm" in function:
        return "norm"
    return _KINDS.get(function, snake(function.rpartition(".")[2], "layer"))


def numbered(names: Sequence[str]) -> list[str]:
    """Return the names with numbers where there are several of one."""
    count, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name}{seen[name]}" if count[name] > 1 else name)
    return found


def class_name(functions: Sequence[str], last: str, groups: bool, shortcut: bool) -> str:
    """Return a name for a class by what its members and its last layer are."""
    convolutions = sum(function.startswith("nn.Conv") for function in functions)
    if "PriorBox" in functions:
        return "Head"
    if last == "Eltwise" and convolutions:
        name = "Bottleneck" if convolutions > 2 else "BasicBlock"
        return name if shortcut else f"Projected{name}"
    if last == "Concat" and convolutions:
        return "DenseLayer" if shortcut else "Fire" if convolutions == 3 else "Inception"
    if groups and convolutions == 2:
        return "Separable"
    return "ConvBlock" if convolutions else "Block"
