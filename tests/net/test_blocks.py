"""Repeated blocks of steps: where they begin, what they read, when they are worth a definition."""

from __future__ import annotations

from collections.abc import Sequence

from caffetools.net.blocks import Block, Step, repeated_blocks


def chain(signatures: str, weight: int = 5) -> list[Step]:
    """Steps that each read what the step before wrote; x reads that of two steps before, too."""
    return [
        Step(
            None if name == "-" else name,
            (index - 1, index - 2)[: 1 + (name == "x")],
            (index,),
            weight,
        )
        for index, name in enumerate(signatures)
    ]


def found(steps: Sequence[Step], **options: object) -> list[Block]:
    return repeated_blocks(steps, frozenset({len(steps) - 1}), **options)  # type: ignore[arg-type]


def test_the_longest_run_is_a_block() -> None:
    (block,) = found(chain("iabcabcabco"))
    assert block == Block((1, 4, 7), 3, 1, ((2, 0),))
    assert list(block.window(4)) == [4, 5, 6]


def test_blocks_need_not_be_neighbours() -> None:
    assert [each.starts for each in found(chain("iabcpabcqabc"))] == [(1, 5, 9)]


def test_few_lines_are_no_block() -> None:
    assert found(chain("iabcabcabco", weight=1)) == []


def test_a_step_without_a_signature_is_in_no_block() -> None:
    assert [each.length for each in found(chain("ab-cab-cab-c", weight=9))] == [2]


def test_a_block_does_not_begin_within_a_joined_pair() -> None:
    """b stays with its a, so that runs begin with a or c."""
    steps = [step._replace(is_joined=step.signature == "b") for step in chain("babcabcabca")]
    (block,) = found(steps)
    assert steps[block.starts[0]].signature != "b"


def test_what_is_read_twice_enters_once() -> None:
    """Each x reads the two values before it: the second x of a block reads one from outside."""
    (block, *_) = found(chain("iiabxcabxcabxc"))
    assert (block.starts, block.length, block.entries) == ((2, 6, 10), 4, 1)


def test_values_that_leave_in_one_place_only_make_a_difference() -> None:
    """The second a is read at the end, too: it is in no block, and b and c are."""
    steps = chain("iabcpabcqabco", weight=20)
    assert [(each.starts, each.length) for each in found(steps)] == [((1, 5, 9), 3)]
    steps[-1] = steps[-1]._replace(reads=(11, 5))
    assert [(each.starts, each.length) for each in found(steps)][:1] == [((2, 6, 10), 2)]


def test_a_block_may_be_refused() -> None:
    steps = chain("iabcabcabco")
    assert all(each.length < 3 for each in found(steps, accepts=lambda block: block.length < 3))
