"""The layer types that a net may use: Caffe's own, those of SSD, all, or a list in a file."""

from __future__ import annotations

from dataclasses import dataclass

from caffetools.layers.registry import REGISTRY
from caffetools.proto.source import decode, read_bytes

_ORIGINS: dict[str, tuple[str | None, ...]] = {"bvlc": (None,), "ssd": (None, "weiliu89/caffe")}
"""Where the types of a named profile come from; None is BVLC's master."""


@dataclass(frozen=True)
class Profile:
    """A named set of layer types."""

    name: str
    types: frozenset[str] | None = None
    """The types of a file; None for a named profile."""

    def allows(self, kind: str) -> bool:
        """Whether a net may have layers of this type; Input is always allowed."""
        if self.types is not None:
            return kind in self.types or kind == "Input"
        found = REGISTRY.find(kind)
        if found is None:
            return False
        return self.name == "any" or found.origin in _ORIGINS[self.name]


def read_profile(name: str) -> Profile:
    """Return the profile bvlc, ssd or any, or that of a file with one type a line.

    In a file, `#` starts a comment. Raises CaffeToolsError, located, for a file that cannot be
    read.
    """
    if name == "any" or name in _ORIGINS:
        return Profile(name)
    lines = decode(name, read_bytes(name)).text.splitlines()
    types = frozenset(line.partition("#")[0].strip() for line in lines)
    return Profile(name, types - {""})
