"""Paths on a page, shortened to what tells files apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def short_paths(paths: Iterable[str]) -> dict[str, str]:
    """Return the shortest end of each path, in whole parts, that no other path has."""
    parts = {path: re.split(r"(?<=[/\\])", path.rstrip("/\\")) for path in paths}
    found = {}
    for path, own in parts.items():
        others = [other for each, other in parts.items() if each != path]
        lengths = range(1, len(own) + 1)
        size = next((n for n in lengths if all(o[-n:] != own[-n:] for o in others)), len(own))
        found[path] = "".join(own[-size:])
    return found


def shortened(words: str, short: Mapping[str, str]) -> str:
    """Return a text with the short forms of the paths in it."""
    for path in sorted(filter(None, short), key=len, reverse=True):
        words = words.replace(path, short[path])
    return words
