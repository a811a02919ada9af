"""A flat module description -> one with the structure that an engineer would give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from caffetools.torch.export.block_classes import with_blocks
from caffetools.torch.export.block_names import common_start
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.names import MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names
from caffetools.torch.export.nesting import nested, values_of
from caffetools.torch.export.norms import with_pytorch_norms
from caffetools.torch.export.parallel_blocks import with_parallel_blocks
from caffetools.torch.export.sequential import as_sequential
from caffetools.torch.export.state_dict import converted

if TYPE_CHECKING:
    from numpy.typing import NDArray


def structured(spec: ModuleSpec, *, trains: bool = False) -> ModuleSpec:
    """Return the description of a module that computes the same with less text.

    `trains` is for the module of a solver: it keeps Caffe's own running sums.
    """
    return _structured(spec if trains else for_inference(spec), trains=trains)


def for_inference(spec: ModuleSpec) -> ModuleSpec:
    """Return the description for phase TEST alone, if the net is one to run, not to train."""
    is_run = spec.net.state.phase == "TEST" and not spec.loss_weights
    return _for_inference(spec) if is_run else spec


def _structured(spec: ModuleSpec, *, trains: bool) -> ModuleSpec:
    spec = with_parallel_blocks(with_blocks(spec if trains else with_pytorch_norms(spec)))
    outputs = [tensor for found in spec.outputs.values() for tensor in found]
    blocks = (
        replace(block, statements=nested(block.statements, block.outputs, comments=False))
        for block in spec.blocks
    )
    spec = as_sequential(spec)
    spec = spec if spec.is_sequential else _with_shared_members(_with_phases_last(spec))
    return replace(
        spec,
        blocks=tuple(blocks),
        is_structured=True,
        statements=nested(spec.statements, outputs),
        # `caffe_params` says the names of layers, so that no comment has to.
        constructions=tuple(replace(each, layer=each.name) for each in spec.constructions),
    )


_STATELESS = frozenset({"nn.AvgPool2d", "nn.Dropout", "nn.LocalResponseNorm", "nn.MaxPool2d"})


def _with_shared_members(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with one member for equal ones without parameters."""
    equal: dict[str, list[str]] = {}
    for each in spec.constructions:
        if each.value.function in _STATELESS:
            equal.setdefault(repr(each.value), []).append(each.name)
    taken = {each.name for each in spec.constructions}
    names = Names({*MODULE_ATTRIBUTES, *OWN_ATTRIBUTES, *taken}, "layer")
    moved: dict[str, str] = {}
    for found in equal.values():
        if len(found) > 1:
            wanted = common_start(found).rstrip("0123456789_") or found[0]
            moved |= dict.fromkeys(found, names.add(found[0], wanted))
    kept = {found[0] for found in equal.values()} | taken - moved.keys()
    return replace(
        spec,
        constructions=tuple(
            replace(each, name=moved.get(each.name, each.name))
            for each in spec.constructions
            if each.name in kept
        ),
        statements=tuple(
            replace(each, members={s: moved.get(name, name) for s, name in each.members.items()})
            for each in spec.statements
        ),
    )


def _with_phases_last(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with the statements of one phase alone behind the others."""
    order = (None, "TRAIN", "TEST")
    values = values_of(spec.statements)
    for (_, reads), each in zip(values, spec.statements, strict=True):
        if each.phase and any(values[-1][0].get(v[1], (-1, v[1])) != v for v in reads):
            return spec
    found = sorted(spec.statements, key=lambda each: order.index(each.phase))
    return replace(spec, statements=tuple(found))


def in_flat_form(spec: ModuleSpec, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return a state dict of either form with the keys of the flat one, `spec`."""
    found = []
    for form in _forms(spec):
        unknown = state.keys() - {each.key for own in form.params.values() for each in own}
        found.append((form, unknown))
        if not unknown:
            break
    form, extra = min(found, key=lambda each: len(each[1]))
    if form is spec:
        return dict(state)
    return converted(state, form, spec) | {key: state[key] for key in extra}


def _forms(spec: ModuleSpec) -> Iterator[ModuleSpec]:
    """Yield the forms that a state dict may have, each made when it is needed."""
    yield spec
    for trains in (False, True):
        yield structured(spec, trains=trains)
    if "TEST" in spec.outputs and not spec.loss_weights:
        yield _structured(_for_inference(spec), trains=False)


def _for_inference(spec: ModuleSpec) -> ModuleSpec:
    """Return the description for phase TEST alone, without inputs that are only passed through."""
    kept = [each for each in spec.statements if each.phase != "TRAIN"]
    read = {tensor.blob for each in kept for tensor in each.bottoms}
    inputs = tuple(tensor for tensor in spec.inputs if tensor.blob in read) or spec.inputs
    dropped = {*spec.inputs} - {*inputs}
    used = {name for each in kept for name in each.members.values()}
    return replace(
        spec,
        phases=("TEST",),
        inputs=inputs,
        outputs={"TEST": tuple(each for each in spec.outputs["TEST"] if each not in dropped)},
        statements=tuple(replace(each, phase=None) for each in kept),
        constructions=tuple(each for each in spec.constructions if each.name in used),
    )
