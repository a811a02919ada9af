"""Which layers a state keeps: each field of a rule, and rules of both kinds."""

from __future__ import annotations

import pytest

from caffetools.net.state import State, keeps, meets
from tests import nets
from tests.conftest import CheckError

TRAIN = State("TRAIN")
TEST = State("TEST")


@pytest.mark.parametrize(
    ("rule", "state", "expected"),
    [
        ("", TRAIN, True),
        ("phase: TRAIN", TRAIN, True),
        ("phase: TRAIN", TEST, False),
        ("phase: TEST", TEST, True),
        ("min_level: 2", State(level=1), False),
        ("min_level: 2", State(level=2), True),
        ("min_level: 0", State(level=-1), False),
        ("max_level: 2", State(level=2), True),
        ("max_level: 2", State(level=3), False),
        ("max_level: 0", State(level=1), False),
        ("min_level: 1 max_level: 3", State(level=2), True),
        ("min_level: 3 max_level: 1", State(level=2), False),
        ('stage: "a"', TRAIN, False),
        ('stage: "a"', State(stages=("a",)), True),
        ('stage: "a"', State(stages=("b", "a")), True),
        ('stage: "a" stage: "b"', State(stages=("a",)), False),
        ('stage: "a" stage: "b"', State(stages=("b", "c", "a")), True),
        ('not_stage: "a"', TRAIN, True),
        ('not_stage: "a"', State(stages=("a",)), False),
        ('not_stage: "a" not_stage: "b"', State(stages=("b",)), False),
        ('not_stage: "a" not_stage: "b"', State(stages=("c",)), True),
        ('stage: "a" not_stage: "a"', State(stages=("a",)), False),
        ('phase: TEST stage: "a"', State("TRAIN", ("a",)), False),
        ('phase: TEST stage: "a"', State("TEST", ("a",)), True),
        ('phase: TEST min_level: 1 stage: "a"', State("TEST", ("a",), 0), False),
        ('stage: ""', TRAIN, False),
        ('stage: ""', State(stages=("",)), True),
    ],
)
def test_meets(rule: str, state: State, *, expected: bool) -> None:
    assert meets(state, nets.message(rule, "NetStateRule")) is expected


@pytest.mark.parametrize(
    ("rules", "trained", "tested"),
    [
        ("", True, True),
        ("include { phase: TRAIN }", True, False),
        ("exclude { phase: TRAIN }", False, True),
        # Any include rule that is met keeps the layer; any exclude rule that is met drops it.
        ("include { phase: TRAIN } include { phase: TEST }", True, True),
        ('include { phase: TEST } include { stage: "deploy" }', False, True),
        ("exclude { phase: TRAIN } exclude { phase: TEST }", False, False),
        ('exclude { phase: TEST stage: "deploy" }', True, True),
        # A rule that names nothing is met by every state.
        ("include { }", True, True),
        ("exclude { }", False, False),
        # The layer's own phase is no rule.
        ("phase: TEST", True, True),
    ],
)
def test_keeps(rules: str, *, trained: bool, tested: bool) -> None:
    layer = nets.message(rules, "LayerParameter")
    assert (keeps(TRAIN, layer), keeps(TEST, layer)) == (trained, tested)


@pytest.mark.parametrize("phase", ["train", "test"])
def test_rules_of_both_kinds_are_refused(check_error: CheckError, phase: str) -> None:
    text = """\
layer {
  name: "a" type: "ReLU"
  include { phase: TRAIN }
  exclude { phase: TRAIN }
}
"""
    check_error(text, 4, 3, "expected include rules or exclude rules, found both", phase=phase)


def test_a_state_is_that_of_training_by_default() -> None:
    assert State() == ("TRAIN", (), 0)
