"""Which layers a net keeps in a state: include and exclude rules (net.cpp, FilterNet)."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.proto.message import Message


class State(NamedTuple):
    """What the rules are held against: Caffe's NetState."""

    phase: str = "TRAIN"
    stages: tuple[str, ...] = ()
    level: int = 0


def keeps(state: State, layer: Message) -> bool:
    """Does a net in this state have the layer? Raises GraphError for rules of both kinds on it."""
    include, exclude = layer.messages("include"), layer.messages("exclude")
    if include and exclude:
        raise layer.error(
            "expected include rules or exclude rules, found both", "exclude", kind=GraphError
        )
    if include:
        return any(meets(state, rule) for rule in include)
    return not any(meets(state, rule) for rule in exclude)


def meets(state: State, rule: Message) -> bool:
    """Does the state meet all that the rule names?"""
    return (
        (not rule.has("phase") or rule.text("phase") == state.phase)
        and (not rule.has("min_level") or state.level >= rule.integer("min_level"))
        and (not rule.has("max_level") or state.level <= rule.integer("max_level"))
        and all(stage in state.stages for stage in rule.texts("stage"))
        and not any(stage in state.stages for stage in rule.texts("not_stage"))
    )
