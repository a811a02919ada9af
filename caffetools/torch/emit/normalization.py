"""Layers that set each element in proportion to others."""

from __future__ import annotations

from caffetools.layers.checks import four_axes
from caffetools.layers.normalization import BN, LRN, MVN, BatchNorm, Normalize
from caffetools.torch.emit.base import (
    Binary,
    Context,
    Emission,
    Emitters,
    Expression,
    Member,
    MemberRef,
    Slot,
    X,
    call,
    differing,
    image,
    method,
    values,
)
from caffetools.torch.emit.fillers import filled


def lrn(layer: LRN, context: Context) -> Emission:
    """`nn.LocalResponseNorm` across channels; within one PyTorch has none."""
    param = context.param("lrn_param")
    alpha, beta, k = (param.number(name) for name in ("alpha", "beta", "k"))
    if layer.within:
        options = differing(alpha=(alpha, 1.0), beta=(beta, 0.75))
        return values(call("lrn_within_channel", X, layer.size, **options))
    options = differing(alpha=(alpha, 1e-4), beta=(beta, 0.75), k=(k, 1.0))
    module = call("nn.LocalResponseNorm", layer.size, **options)
    return Emission((call(MemberRef(), X),), (Member(module),))


def batch_norm(layer: BatchNorm, context: Context) -> Emission:
    """The statistics as Caffe keeps them; NVIDIA's affine part is a Scale of its own."""
    param = layer.param
    given = param.has("use_global_stats") or context.phase is not None
    frozen = (
        param.flag("use_global_stats") if param.has("use_global_stats") else context.phase == "TEST"
    )
    channels = context.bottoms[0][1]
    options = differing(
        eps=(param.number("eps"), 1e-5),
        moving_average_fraction=(param.number("moving_average_fraction"), 0.999),
        use_global_stats=(frozen if given else None, None),
    )
    statistics = tuple(Slot(name) for name in ("mean", "variance", "scale_factor"))
    module = Member(call("BatchNorm", channels, **options))
    if not layer.affine:
        return Emission((call(MemberRef(), X),), (module,), statistics)
    affine = Member(call("Scale", (channels,), bias=True), "scale")
    learned = tuple(
        Slot(
            attribute,
            filled(param.message(name), start, given=param.has(name), start=start),
            suffix="scale",
        )
        for attribute, name, start in (
            ("weight", "scale_filler", 1.0),
            ("bias", "bias_filler", 0.0),
        )
    )
    slots = learned + statistics if layer.affine_first else statistics + learned
    return Emission((call(MemberRef("scale"), call(MemberRef(), X)),), (module, affine), slots)


def mvn(layer: MVN, context: Context) -> Emission:
    """A helper: Caffe's gradient is not the derivative."""
    param = context.param("mvn_param")
    options = differing(
        normalize_variance=(param.flag("normalize_variance"), True),
        across_channels=(layer.across, False),
        eps=(param.number("eps"), 1e-9),
    )
    return values(call("mean_variance_normalize", X, **options))


def normalize(layer: Normalize, context: Context) -> Emission:
    """SSD's with its scale, a helper, or happynear's without."""
    if layer.bare:
        return _bare(layer, context)
    param = layer.param
    options = differing(
        across_spatial=(param.flag("across_spatial"), True),
        channel_shared=(layer.shared, True),
        eps=(param.number("eps"), 1e-10),
    )
    filler = param.message("scale_filler")
    fill = filled(filler, 1.0, given=param.has("scale_filler"), start=1.0)
    module = Member(call("Normalize", context.bottoms[0][1], **options))
    return Emission((call(MemberRef(), X),), (module,), (Slot("weight", fill),))


def _bare(layer: Normalize, context: Context) -> Emission:
    """Each position divided by its length over the channels (normalize_layer.cpp, happynear)."""
    param = context.param("normalize_param")
    kind = param.text("normalize_type")
    for name in ("fix_gradient", "rescale"):
        if param.flag(name):
            raise param.error(f"{name} has no counterpart in PyTorch", name)
    if kind not in ("L1", "L2"):
        raise param.error(f"expected the normalize_type L1 or L2, found {kind!a}", "normalize_type")
    x = image(context)
    terms = method(x, "square" if kind == "L2" else "abs")
    length: Expression = Binary(method(terms, "sum", 1, keepdim=True), "+", 1e-6)
    length = method(length, "sqrt") if kind == "L2" else length
    # Unless bp_norm is given, no gradient comes through the second top.
    shown = length if param.flag("bp_norm") else method(length, "detach")
    return values(*(Binary(x, "/", length), shown)[: layer.top_count])


def batch_normalization(layer: BN, context: Context) -> Emission:
    """The kind that keeps statistics, or the one that takes the batch's in both phases."""
    channels, param = four_axes(context.bottoms[0])[1], layer.param
    if layer.statistics:
        options = differing(
            eps=(param.number("eps"), 1e-5),
            momentum=(param.number("momentum"), 0.9),
            frozen=(layer.frozen, False),
            moving_average=(param.flag("moving_average"), True),
        )
        slots = (*_affine(layer, "slope", "bias"), Slot("mean"), Slot("variance"))
        shaped = tuple(Slot(slot.attribute, slot.fill, (1, channels, 1, 1)) for slot in slots)
        return Emission((call(MemberRef(), X),), (Member(call("BN", channels, **options)),), shaped)
    affine = _affine(layer, "scale", "shift")
    if param.text("bn_mode") == "INFERENCE":
        flat = tuple(Slot(slot.attribute, slot.fill, (channels,)) for slot in affine)
        module = Member(call("Scale", (channels,), bias=True))
        return Emission((call(MemberRef(), X),), (module,), flat)
    eps = param.number("var_eps") if param.has("var_eps") else 1e-9
    module = Member(call("BN", channels, eps=eps, statistics=False))
    axes = (0, 2, 3)
    results: tuple[Expression, ...] = (
        call(MemberRef(), X),
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


EMITTERS: Emitters = {
    BN: batch_normalization,
    BatchNorm: batch_norm,
    LRN: lrn,
    MVN: mvn,
    Normalize: normalize,
}
