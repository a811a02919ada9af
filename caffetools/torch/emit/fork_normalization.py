"""Forks' Normalize and BN."""

from __future__ import annotations

from caffetools.layers.fork_normalization import BN, Normalize
from caffetools.layers.legacy import four_axes
from caffetools.torch.emit.base import (
    Binary,
    Emission,
    Emitters,
    Expression,
    Member,
    Own,
    Place,
    Slot,
    X,
    call,
    differing,
    method,
    values,
)
from caffetools.torch.emit.fillers import filled
from caffetools.torch.emit.images import image


def normalize(layer: Normalize, place: Place) -> Emission:
    """SSD's with its scale, a helper, or happynear's without."""
    if layer.bare:
        return _bare(layer, place)
    param = layer.param
    options = differing(
        across_spatial=(param.flag("across_spatial"), True),
        channel_shared=(layer.shared, True),
        eps=(param.number("eps"), 1e-10),
    )
    filler = param.message("scale_filler")
    fill = filled(filler, 1.0, given=param.has("scale_filler"), start=1.0)
    module = Member(call("Normalize", place.bottoms[0][1], **options))
    return Emission((call(Own(), X),), (module,), (Slot("weight", fill),))


def _bare(layer: Normalize, place: Place) -> Emission:
    """Each position divided by its length over the channels (normalize_layer.cpp, happynear)."""
    param = place.param("normalize_param")
    kind = param.text("normalize_type")
    for name in ("fix_gradient", "rescale"):
        if param.flag(name):
            raise param.error(f"{name} has no counterpart in PyTorch", name)
    if kind not in ("L1", "L2"):
        raise param.error(f"expected the normalize_type L1 or L2, found {kind!a}", "normalize_type")
    x = image(place)
    terms = method(x, "square" if kind == "L2" else "abs")
    length: Expression = Binary(method(terms, "sum", 1, keepdim=True), "+", 1e-6)
    length = method(length, "sqrt") if kind == "L2" else length
    # Unless bp_norm is given, no gradient comes through the second top.
    shown = length if param.flag("bp_norm") else method(length, "detach")
    return values(*(Binary(x, "/", length), shown)[: layer.top_count])


def batch_normalization(layer: BN, place: Place) -> Emission:
    """The kind that keeps statistics, or the one that takes the batch's in both phases."""
    channels, param = four_axes(place.bottoms[0])[1], layer.param
    if layer.statistics:
        options = differing(
            eps=(param.number("eps"), 1e-5),
            momentum=(param.number("momentum"), 0.9),
            frozen=(layer.frozen, False),
            moving_average=(param.flag("moving_average"), True),
        )
        slots = (*_affine(layer, "slope", "bias"), Slot("mean"), Slot("variance"))
        shaped = tuple(Slot(slot.attribute, slot.fill, (1, channels, 1, 1)) for slot in slots)
        return Emission((call(Own(), X),), (Member(call("BN", channels, **options)),), shaped)
    affine = _affine(layer, "scale", "shift")
    if param.text("bn_mode") == "INFERENCE":
        flat = tuple(Slot(slot.attribute, slot.fill, (channels,)) for slot in affine)
        module = Member(call("Scale", (channels,), bias=True))
        return Emission((call(Own(), X),), (module,), flat)
    eps = param.number("var_eps") if param.has("var_eps") else 1e-9
    module = Member(call("BN", channels, eps=eps, statistics=False))
    axes = (0, 2, 3)
    results: tuple[Expression, ...] = (
        call(Own(), X),
        method(method(X, "mean", axes, keepdim=True), "detach"),
        method(method(X, "var", axes, correction=0, keepdim=True), "detach"),
    )
    return Emission(results[: layer.top_count], (module,), affine)


def _affine(layer: BN, *roles: str) -> tuple[Slot, ...]:
    """The factor and the summand of each channel; without a filler Caffe starts both at 0."""
    fillers = (f"{role}_filler" for role in roles)
    return tuple(
        Slot(
            attribute,
            filled(layer.param.message(filler), given=layer.param.has(filler), start=start),
        )
        for attribute, filler, start in zip(("weight", "bias"), fillers, (1.0, 0.0), strict=True)
    )


EMITTERS: Emitters = {BN: batch_normalization, Normalize: normalize}
