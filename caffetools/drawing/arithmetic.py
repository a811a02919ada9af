"""The steps of a layer as lines to be drawn."""

from __future__ import annotations

from caffetools.net.explain import steps
from caffetools.net.infer import InferredLayer

_AXES = {"length", "depth", "height", "width"}


def formulas(layer: InferredLayer) -> list[tuple[str, str]]:
    """What each step of a layer gives, and its arithmetic.

    Such as `height, width` and `(227 − 11 + 2·0) / 4 + 1 = 55`. A formula stands there once, under
    the names of all spatial axes that it gives, or under the first of other names.
    """
    names: dict[str, list[str]] = {}
    for step in steps(layer):
        if step.formula != str(step.value):
            named = names.setdefault(f"{typeset(step.formula)} = {step.value:,}", [])
            if not named or {step.name, *named} <= _AXES:
                named.append(step.name)
    return [(", ".join(named), formula) for formula, named in names.items()]


def typeset(formula: str) -> str:
    """A formula with the signs of print: `·` for `*`, `−` for `-`."""
    return formula.replace("*", "·").replace("-", "−")
