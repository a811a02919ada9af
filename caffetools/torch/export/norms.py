"""BatchNorm and the Scale behind it as one `nn.BatchNorm2d`, where that is exact.

It is exact where the running statistics are used and not updated. In training PyTorch's running
averages are not Caffe's quotient of running sums (batch_norm_layer.cpp), so the helper is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from caffetools.layers.elementwise import Scale
from caffetools.layers.normalization import BatchNorm
from caffetools.torch.emit.base import Call, Expression, MemberRef, X, call
from caffetools.torch.export.module_spec import Construction, ModuleSpec, Statement, Variable

COUNTER = "num_batches_tracked"
"""Key of the buffer in the place of Caffe's scale factor, by which the others are divided."""
_DIMENSIONS = {2: 1, 3: 1, 4: 2, 5: 3}


def norm_keys(name: str) -> tuple[str, ...]:
    """Return the keys of a BatchNorm of PyTorch in the order of Caffe's blobs."""
    return tuple(f"{name}.{each}" for each in ("running_mean", "running_var", COUNTER))


def with_pytorch_norms(spec: ModuleSpec) -> ModuleSpec:
    """Return the description with PyTorch's BatchNorm in place of the helper, where exact."""
    made = {each.layer: each for each in spec.constructions}
    found = dict(_norms(spec, made))
    scales = {scale.layer for _, scale, _ in found.values() if scale is not None}
    params = dict(spec.params)
    for layer, (_, scale, _) in found.items():
        name = made[layer].name
        params[layer] = tuple(
            replace(param, key=key, fill=None)
            for param, key in zip(params[layer], norm_keys(name), strict=True)
        )
        if scale is not None:
            params[scale.layer] = tuple(
                replace(param, key=f"{name}.{param.key.rpartition('.')[2]}")
                for param in params[scale.layer]
            )
    return replace(
        spec,
        params=params,
        constructions=tuple(
            replace(each, value=found[each.layer][2]) if each.layer in found else each
            for each in spec.constructions
            if each.layer not in scales
        ),
        statements=tuple(
            replace(each, targets=scale.targets) if scale is not None else each
            for each in spec.statements
            if each.layer not in scales
            for scale in [found[each.layer][1] if each.layer in found else None]
        ),
    )


def _norms(
    spec: ModuleSpec, made: Mapping[str, Construction]
) -> Iterator[tuple[str, tuple[Statement, Statement | None, Call]]]:
    """Yield each layer to replace: its statement, that of its Scale, and the constructor."""
    for index, norm in enumerate(spec.statements):
        shape = norm.targets[0].shape if norm.targets else None
        if norm.layer_class is not BatchNorm or shape is None or not _is_alone(spec, norm, made):
            continue
        value = made[norm.layer].value
        options = dict(value.keywords)
        frozen = options.get("use_global_stats")
        running = spec.phases == ("TEST",) and frozen is not False and len(shape) in _DIMENSIONS
        if not running and not (frozen is True and len(shape) == 4):
            continue
        scale = _scale(spec, index, made)
        function = f"nn.BatchNorm{_DIMENSIONS[len(shape)]}d" if running else "FrozenBatchNorm2d"
        keywords = {"eps": options["eps"]} if "eps" in options else {}
        affine: dict[str, Expression] = {} if scale is not None else {"affine": False}
        yield norm.layer, (norm, scale, call(function, *value.arguments, **keywords, **affine))


def _is_alone(spec: ModuleSpec, each: Statement, made: Mapping[str, Construction]) -> bool:
    """Whether a statement only applies its member, which nothing else uses."""
    construction = made.get(each.layer)
    if construction is None or each.values != (call(MemberRef(), X),):
        return False
    name = construction.name
    uses = sum(name in other.members.values() for other in spec.statements)
    tied = {key.rpartition(".")[0] for tie in spec.ties for key in (tie.source, tie.target)}
    # In-place ReLUs may apply later members to the signs that they pass (in_place.py).
    again = any(f"self.{name}'" in repr(other.values) for other in spec.statements)
    return uses == 1 and name not in tied and not again and not each.phase and not each.stopped


def _scale(spec: ModuleSpec, index: int, made: Mapping[str, Construction]) -> Statement | None:
    """Return the statement of a Scale with bias that alone reads what a BatchNorm computes."""
    (top,) = spec.statements[index].targets
    readers = list(_readers(top, spec.statements[index + 1 :]))
    if len(readers) != 1 or readers[0].layer_class is not Scale:
        return None
    (scale,) = readers
    returned = any(top in found for found in spec.outputs.values()) and scale.targets != (top,)
    if returned or not _is_alone(spec, scale, made):
        return None
    channels = (top.shape or ())[1:2]
    return scale if made[scale.layer].value == call("Scale", channels, bias=True) else None


def _readers(variable: Variable, following: tuple[Statement, ...]) -> Iterator[Statement]:
    """Yield the statements that read a variable before it is written again."""
    for each in following:
        if variable in each.bottoms:
            yield each
        if variable in each.targets:
            return
