"""Find the repeated blocks of a sequence of steps: layers, or whatever stands for them.

Steps correspond if their signatures are equal and they read values that correspond. A block reads
few values from outside and produces few that are read outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple


class Step(NamedTuple):
    """A step of a computation."""

    signature: Hashable
    """Equal for steps that may correspond, None for one that is in no block."""
    reads: tuple[Hashable, ...]
    """Values, each written once."""
    writes: tuple[Hashable, ...]
    weight: float = 1
    """Lines that it takes."""
    is_joined: bool = False
    """Whether it belongs to the step before, as an in-place layer does."""


class Block(NamedTuple):
    """Equal runs of steps."""

    starts: tuple[int, ...]
    length: int
    entries: int
    """Number of values from outside."""
    exits: tuple[tuple[int, int], ...]
    """Values that are read outside: the step in the block, and the index of what it writes."""

    def window(self, start: int) -> range:
        """Return the steps of one run."""
        return range(start, start + self.length)


_LONGEST = 64
_MOST_PORTS = 3
"""Maximum number of values that a block reads from outside, and that are read outside."""
_OVERHEAD = 12
"""Lines of a definition besides those of its steps."""
_FEWEST_SAVED = 8


def repeated_blocks(
    steps: Sequence[Step],
    outputs: frozenset[Hashable],
    accepts: Callable[[Block], bool] = lambda _: True,
) -> list[Block]:
    """Return the blocks, without common steps, that save most lines, best first.

    `outputs` are values that are read when all steps are done. `accepts` decides on each block.
    """
    candidates = list(repeated_runs(steps, outputs))
    taken: set[int] = set()
    found: list[Block] = []
    while candidates:
        fitting = [(block, _apart(block, taken)) for block in candidates]
        kept = [block._replace(starts=starts) for block, starts in fitting if len(starts) > 1]
        best = max(kept, key=lambda block: (_saved(steps, block), block.length), default=None)
        if best is None or _saved(steps, best) < _FEWEST_SAVED:
            break
        if not accepts(best):
            candidates = [block for block in kept if block != best]
            continue
        found.append(best)
        taken.update(step for start in best.starts for step in best.window(start))
        candidates = [block for block in kept if _saved(steps, block) >= _FEWEST_SAVED]
    return found


def _saved(steps: Sequence[Step], block: Block) -> float:
    """Return how many lines a definition of a block saves."""
    lines = sum(steps[step].weight for step in block.window(block.starts[0]))
    use = 2 + (block.entries - 1) + (len(block.exits) - 1)
    return (len(block.starts) - 1) * lines - _OVERHEAD - len(block.starts) * use


def _apart(block: Block, taken: set[int]) -> tuple[int, ...]:
    """Return the starts of runs without taken or common steps."""
    found: list[int] = []
    for start in block.starts:
        if found and start < found[-1] + block.length:
            continue
        if taken.isdisjoint(block.window(start)):
            found.append(start)
    return tuple(found)


def repeated_runs(steps: Sequence[Step], outputs: frozenset[Hashable]) -> Iterator[Block]:
    """Yield all blocks that occur more than once; their runs may overlap.

    `outputs` are values that are read when all steps are done.
    """
    last = {value: len(steps) for value in outputs}
    for index, step in enumerate(steps):
        for value in step.reads:
            last[value] = max(index, last.get(value, 0))
    numbers: dict[Hashable, int] = {}
    runs: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for start in range(len(steps)):
        for end, number, entries in _runs(steps, start, numbers):
            runs[number, end - start, entries].append(start)
    for (_, length, entries), starts in runs.items():
        by_exits: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
        for start in starts if len(starts) > 1 else ():
            by_exits[_exits(steps, start, length, last)].append(start)
        for exits, equal in by_exits.items():
            if len(equal) > 1 and 0 < len(exits) <= _MOST_PORTS:
                yield Block(tuple(equal), length, entries, exits)


def _runs(
    steps: Sequence[Step], start: int, numbers: dict[Hashable, int]
) -> Iterator[tuple[int, int, int]]:
    """Yield the end of each run from `start` on, a number of its form, and what enters it."""
    names: dict[Hashable, Hashable] = {}
    entries = number = 0
    if steps[start].is_joined:
        return
    for end in range(start, min(len(steps), start + _LONGEST)):
        step = steps[end]
        if step.signature is None:
            return
        for value in step.reads:
            if value not in names:
                entries += 1
                names[value] = -entries
        if entries > _MOST_PORTS:
            return
        form = (number, step.signature, tuple(names[value] for value in step.reads))
        number = numbers.setdefault(form, len(numbers) + 1)
        names.update((value, (end - start, index)) for index, value in enumerate(step.writes))
        if end + 1 == len(steps) or not steps[end + 1].is_joined:
            yield end + 1, number, entries


def _exits(
    steps: Sequence[Step], start: int, length: int, last: dict[Hashable, int]
) -> tuple[tuple[int, int], ...]:
    """Return what is read after a run."""
    return tuple(
        (step, index)
        for step in range(length)
        for index, value in enumerate(steps[start + step].writes)
        if last.get(value, -1) >= start + length
    )
