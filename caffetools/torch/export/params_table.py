"""The class attributes that say which entries of the state dict are Caffe's blobs, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.pretty import INDENT, Group, Piece, laid_out, string

BODY = INDENT * 2
_FEWEST = 6
"""Minimum number of layers with keys by a rule for a comprehension."""

Keys = Mapping[str, tuple[str, ...]]


def caffe_attributes(spec: ModuleSpec) -> Iterator[str]:
    """Yield `caffe_params` and `caffe_shapes`."""
    changed = {fold.layer for fold in spec.folds}
    keys = {
        layer: tuple(each.key for each in params)
        for layer, params in spec.params.items()
        if layer not in changed
    }
    yield from params_table(keys)
    shapes: list[Piece] = [
        f"{string(each.key)}: {each.shape}"
        for params in spec.params.values()
        for each in params
        if each.shape != each.stored and not each.shared
    ]
    owned = {
        each.key: each for params in spec.params.values() for each in params if not each.shared
    }
    shapes += [
        f"{string(f'{layer}/{index}')}: {each.shape}"
        for layer, params in spec.params.items()
        for index, each in enumerate(params)
        if each.shared and each.shape != owned[each.key].shape
    ]
    if shapes:
        yield f"{INDENT}caffe_shapes: ClassVar[dict[str, tuple[int, ...]]] = {{"
        yield from _rows(shapes)


def params_table(keys: Keys) -> Iterator[str]:
    """Yield `caffe_params`; layers whose keys follow from their names are only named."""
    name = f"{INDENT}caffe_params: ClassVar[dict[str, tuple[str, ...]]] = {{"
    if not keys:
        yield f"{name}}}"
        return
    yield name
    for rule, group in groupby(keys, lambda layer: _rule(layer, keys[layer])):
        layers = list(group)
        if rule and len(layers) >= _FEWEST:
            yield from _comprehension(rule, layers)
        else:
            yield from _rows([_row(layer, keys[layer]) for layer in layers])[:-1]
    yield f"{INDENT}}}"


def _rule(layer: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes, if the submodule has the layer's name and attributes by a rule."""
    attributes = tuple(key.removeprefix(f"{layer}.") for key in keys)
    same = keys == tuple(f"{layer}.{each}" for each in attributes)
    return attributes if same and layer.isidentifier() else ()


def _comprehension(rule: tuple[str, ...], layers: list[str]) -> Iterator[str]:
    values = [f'f"{{layer}}.{each}"' for each in rule]
    yield f"{BODY}**{{"
    yield from laid_out("layer: ", Group("(", values, ")"), BODY + INDENT)
    yield from laid_out("for layer in ", Group("(", list(map(string, layers)), ")"), BODY + INDENT)
    yield f"{BODY}}},"


def _row(layer: str, keys: tuple[str, ...]) -> Piece:
    return Group(f"{string(layer)}: (", list(map(string, keys)), ")")


def _rows(rows: list[Piece]) -> list[str]:
    """Return the entries of a dictionary, one a line, and its end."""
    lines = [line for row in rows for line in laid_out("", row, BODY, ",")]
    return [*lines, f"{INDENT}}}"]
