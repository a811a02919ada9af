"""The class attributes that say which entries of the state dict are Caffe's blobs, as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.module_spec import Instance, ModuleSpec, split_key
from caffetools.torch.export.norms import norm_keys
from caffetools.torch.export.pretty import INDENT, WIDTH, Group, Piece, laid_out, string

BODY = INDENT * 2
_FEWEST = 6
"""Minimum number of layers with keys by a rule for a comprehension."""

Keys = Mapping[str, tuple[str, ...]]
Instances = Mapping[str, Instance]


def caffe_attributes(spec: ModuleSpec, writer: ExpressionWriter) -> Iterator[str]:
    """Yield `caffe_params` and `caffe_shapes`."""
    changed = {fold.layer for fold in spec.folds}
    keys = {
        layer: tuple(each.key for each in params)
        for layer, params in spec.params.items()
        if layer not in changed
    }
    yield from params_table(keys, writer, spec.instances)
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
        yield f"{INDENT}}}"


def params_table(
    keys: Keys, writer: ExpressionWriter, instances: Instances = MappingProxyType({})
) -> Iterator[str]:
    """Yield `caffe_params`; layers whose keys follow from their names are only named."""
    name = f"{INDENT}caffe_params: ClassVar[dict[str, tuple[str, ...]]] = {{"
    if not keys:
        yield f"{name}}}"
        return
    yield name

    def form(layer: str) -> tuple[bool, tuple[str, ...]]:
        inside = bool(keys[layer] and split_key(keys[layer][0], instances)[0])
        return inside, () if inside else key_rule(layer, keys[layer])

    for (inside, rule), group in groupby(keys, form):
        layers = list(group)
        if inside:
            names = dict.fromkeys(split_key(keys[layer][0], instances)[0] for layer in layers)
            yield from _of_blocks({each: instances[each] for each in names})
        elif rule and len(layers) >= _FEWEST:
            yield from _comprehension(rule, layers)
        else:
            yield from _rows([_row(layer, keys[layer], writer) for layer in layers])
    yield f"{INDENT}}}"


def _of_blocks(instances: Instances) -> Iterator[str]:
    """Yield the layers of blocks, by the tables of their classes."""
    kinds = {each.block for each in instances.values()}
    forms = {name.replace(each.own, "{name}", 1) for name, each in instances.items()}
    form = forms.pop() if len(forms) == 1 else "{block}"
    lists = [name.rpartition(".") for name in instances]
    is_list = all(dot and index == str(i) for i, (_, dot, index) in enumerate(lists))
    if is_list:
        form = f"{lists[0][0]}.{{index}}"
    variables = ["block"] * (form == "{block}") + ["name"] + ["kind"] * (len(kinds) > 1)
    rows: list[Piece] = []
    for name, each in instances.items():
        parts = [string(name)] * (form == "{block}") + [string(each.own)]
        parts += [each.block] * (len(kinds) > 1)
        rows.append(parts[0] if len(parts) == 1 else Group("(", parts, ")"))
    table = "kind" if len(kinds) > 1 else next(iter(kinds))
    inner = BODY + INDENT
    yield f"{BODY}**{{"
    yield f'{inner}layer.format(name): tuple(f"{form}.{{key}}" for key in keys)'
    names = [each.own for each in instances.values()]
    simple = not any(re.search(r"[^\w./-]", name) for name in names)
    if is_list:
        rows = [f'str.split("{" ".join(names)}")'] if simple else [Group("(", rows, ")")]
        group = Group("enumerate(", rows, ")", hugged=True)
        yield from laid_out("for index, name in ", group, inner)
    elif len(variables) == 1 and simple:
        yield from _words("name", names, inner)
    else:
        yield from laid_out(f"for {', '.join(variables)} in ", Group("(", rows, ")"), inner)
    yield f"{inner}for layer, keys in {table}.caffe_params.items()"
    lacking = next((each.lacks for each in instances.values() if each.lacks), "")
    having = [each.own for each in instances.values() if not each.lacks]
    if lacking:
        line = f'{inner}if "{lacking}" not in keys[0]'
        some = Group("(", list(map(string, having)), ")").flat()
        short = f'str.split("{" ".join(having)}")'
        listed = some if len(f"{line} or name in {some}") <= WIDTH else short
        yield f"{line} or name in {listed}" if having else line
    yield f"{BODY}}},"


def _words(variable: str, names: list[str], indent: str) -> list[str]:
    """Return a loop over names, which are in one string if they do not fit in a line."""
    line = f"{indent}for {variable} in {Group('(', list(map(string, names)), ')').flat()}"
    if len(line) <= WIDTH:
        return [line]
    line = f'{indent}for {variable} in str.split("{" ".join(names)}")'
    if len(line) <= WIDTH:
        return [line]
    *lines, last = textwrap.wrap(" ".join(names), WIDTH - len(indent) - 7)
    texts = [*(f"{each} " for each in lines), last]
    inner = [f'{indent}{INDENT}"{each}"' for each in texts]
    return [f"{indent}for {variable} in str.split(", *inner, f"{indent})"]


def key_rule(layer: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes, if the submodule has the layer's name and attributes by a rule."""
    attributes = tuple(key.removeprefix(f"{layer}.") for key in keys)
    same = keys == tuple(f"{layer}.{each}" for each in attributes)
    return attributes if same and layer.isidentifier() else ()


def _comprehension(rule: tuple[str, ...], layers: list[str]) -> Iterator[str]:
    values = [f'f"{{layer}}.{each}"' for each in rule]
    yield f"{BODY}**{{"
    yield from laid_out("layer: ", Group("(", values, ")"), BODY + INDENT)
    yield from _words("layer", layers, BODY + INDENT)
    yield f"{BODY}}},"


def _row(layer: str, keys: tuple[str, ...], writer: ExpressionWriter) -> Piece:
    member = keys[0].rpartition(".")[0] if keys else ""
    if keys == norm_keys(member):
        writer.names.add("norm_keys")
        return f"{string(layer)}: norm_keys({string(member)})"
    return Group(f"{string(layer)}: (", list(map(string, keys)), ")")


def _rows(rows: list[Piece]) -> list[str]:
    """Return the entries of a dictionary, one a line."""
    return [line for row in rows for line in laid_out("", row, BODY, ",")]
