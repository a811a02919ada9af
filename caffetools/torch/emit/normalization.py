"""LRN, MVN and BatchNorm; Normalize and BN of forks."""

from __future__ import annotations

from dataclasses import replace

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
    fields,
    method,
    module,
)
from caffetools.torch.emit.fillers import slot


def lrn(layer: LRN, context: Context) -> Emission | Expression:
    """`nn.LocalResponseNorm` across channels, the helper `lrn_within_channel` within one.

    In place across channels, Caffe overwrites the bottom before it multiplies by it.
    """
    param = context.param("lrn_param")
    if layer.within:
        return call("lrn_within_channel", X, layer.size, **fields(param, alpha=1.0, beta=0.75))
    options = fields(param, alpha=1e-4, beta=0.75, k=1.0)
    if layer.squared:
        return call("lrn_squared_factor", X, layer.size, **options)
    return module(call("nn.LocalResponseNorm", layer.size, **options))


def batch_norm(layer: BatchNorm, context: Context) -> Emission:
    """The helper `BatchNorm`, followed by `Scale` for the affine part in NVIDIA's Caffe."""
    param, channels = layer.param, context.bottoms[0][1]
    frozen = None if context.phase is None else context.phase == "TEST"
    if param.has("use_global_stats"):
        frozen = param.flag("use_global_stats")
    options = {
        **fields(param, eps=1e-5, moving_average_fraction=0.999),
        **differing(use_global_stats=(frozen, None)),
    }
    statistics = tuple(map(Slot, ("mean", "variance", "scale_factor")))
    emission = module(call("BatchNorm", channels, **options), *statistics)
    if not layer.affine:
        return emission
    affine = Member(call("Scale", (channels,), bias=True), "scale")
    weight = slot("weight", param, "scale_filler", 1.0, 1.0)
    bias = slot("bias", param, "bias_filler", 0.0, 0.0)
    learned = (replace(weight, suffix="scale"), replace(bias, suffix="scale"))
    return Emission(
        (call(MemberRef("scale"), *emission.values),),
        (*emission.members, affine),
        learned + statistics if layer.affine_first else statistics + learned,
    )


def mvn(layer: MVN, context: Context) -> Expression:
    """The helper `mean_variance_normalize`."""
    param = context.param("mvn_param")
    options = {
        **fields(param, normalize_variance=True),
        **differing(across_channels=(layer.across, False)),
        **fields(param, eps=1e-9),
    }
    return call("mean_variance_normalize", X, **options)


def normalize(layer: Normalize, context: Context) -> Emission:
    """The helper `Normalize` for SSD's type, expressions for happynear's, which has no scale."""
    if layer.bare:
        return _bare(layer, context)
    options = {
        **fields(layer.param, across_spatial=True),
        **differing(channel_shared=(layer.param.flag("channel_shared"), True)),
        **fields(layer.param, eps=1e-10),
    }
    weight = slot("weight", layer.param, "scale_filler", 1.0, 1.0)
    return module(call("Normalize", context.bottoms[0][1], **options), weight)


def _bare(layer: Normalize, context: Context) -> Emission:
    """Return each position divided by its norm over channels (normalize_layer.cpp, happynear)."""
    param = context.param("normalize_param")
    kind = param.text("normalize_type")
    if param.flag("rescale"):
        raise param.error("rescale has no counterpart in PyTorch", "rescale")
    if kind not in ("L1", "L2"):
        raise param.error(f"expected the normalize_type L1 or L2, found {kind!a}", "normalize_type")
    x = context.image()
    terms = method(x, "square" if kind == "L2" else "abs")
    norm: Expression = Binary(method(terms, "sum", 1, keepdim=True), "+", 1e-6)
    norm = method(norm, "sqrt") if kind == "L2" else norm
    # The second top passes a gradient back only with bp_norm.
    second = norm if param.flag("bp_norm") else method(norm, "detach")
    note = "Caffe's gradient on a GPU is not divided by the norm (fix_gradient); this one is"
    notes = (note,) if param.flag("fix_gradient") else ()
    return Emission((Binary(x, "/", norm), second)[: layer.top_count], notes=notes)


def batch_normalization(layer: BN, context: Context) -> Emission:
    """The helper `BN`, with running statistics or with those of the batch in both phases."""
    channels, param = four_axes(context.bottoms[0])[1], layer.param
    if layer.statistics:
        options = {
            **fields(param, eps=1e-5, momentum=0.9),
            **differing(frozen=(layer.frozen, False)),
            **fields(param, moving_average=True),
        }
        slots = (*_affine(layer, "slope", "bias"), Slot("mean"), Slot("variance"))
        return module(call("BN", channels, **options), *slots)
    affine, image = _affine(layer, "scale", "shift"), context.image()
    if param.text("bn_mode") == "INFERENCE":
        flat = (replace(each, shape=(channels,)) for each in affine)
        return module(call("Scale", (channels,), bias=True), *flat, inputs=(image,))
    eps = param.number("var_eps") if param.has("var_eps") else 1e-9
    helper = call("BN", channels, eps=eps, statistics=False)
    emission = module(helper, *affine, inputs=(image,))
    axes = (0, 2, 3)
    results: tuple[Expression, ...] = (
        *emission.values,
        method(method(image, "mean", axes, keepdim=True), "detach"),
        method(method(image, "var", axes, correction=0, keepdim=True), "detach"),
    )
    return replace(emission, values=results[: layer.top_count])


def _affine(layer: BN, weight: str, bias: str) -> tuple[Slot, ...]:
    """Return weight and bias; without a filler Caffe initializes both with 0."""
    return (
        slot("weight", layer.param, f"{weight}_filler", start=1.0),
        slot("bias", layer.param, f"{bias}_filler", start=0.0),
    )


EMITTERS: Emitters = {
    BatchNorm: batch_norm,
    BN: batch_normalization,
    LRN: lrn,
    MVN: mvn,
    Normalize: normalize,
}
