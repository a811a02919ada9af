"""Layers that set each element in proportion to others."""

from __future__ import annotations

from caffetools.layers.normalization import LRN, MVN, BatchNorm, Softmax
from caffetools.torch.emit.base import (
    Emission,
    Emitters,
    Member,
    Own,
    Place,
    Slot,
    X,
    call,
    differing,
    values,
)
from caffetools.torch.emit.fillers import filled


def lrn(layer: LRN, place: Place) -> Emission:
    """`nn.LocalResponseNorm` across channels; within one PyTorch has none."""
    param = place.param("lrn_param")
    alpha, beta, k = (param.number(name) for name in ("alpha", "beta", "k"))
    if layer.within:
        options = differing(alpha=(alpha, 1.0), beta=(beta, 0.75))
        return values(call("lrn_within_channel", X, layer.size, **options))
    options = differing(alpha=(alpha, 1e-4), beta=(beta, 0.75), k=(k, 1.0))
    module = call("nn.LocalResponseNorm", layer.size, **options)
    return Emission((call(Own(), X),), (Member(module),))


def batch_norm(layer: BatchNorm, place: Place) -> Emission:
    """The statistics as Caffe keeps them; NVIDIA's affine part is a Scale of its own."""
    param = layer.param
    given = param.has("use_global_stats") or place.phase is not None
    frozen = (
        param.flag("use_global_stats") if param.has("use_global_stats") else place.phase == "TEST"
    )
    channels = place.bottoms[0][1]
    options = differing(
        eps=(param.number("eps"), 1e-5),
        moving_average_fraction=(param.number("moving_average_fraction"), 0.999),
        use_global_stats=(frozen if given else None, None),
    )
    statistics = tuple(Slot(name) for name in ("mean", "variance", "scale_factor"))
    module = Member(call("BatchNorm", channels, **options))
    if not layer.affine:
        return Emission((call(Own(), X),), (module,), statistics)
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
    return Emission((call(Own("scale"), call(Own(), X)),), (module, affine), slots)


def mvn(layer: MVN, place: Place) -> Emission:
    """A helper: Caffe's gradient is not the derivative."""
    param = place.param("mvn_param")
    options = differing(
        normalize_variance=(param.flag("normalize_variance"), True),
        across_channels=(layer.across, False),
        eps=(param.number("eps"), 1e-9),
    )
    return values(call("mean_variance_normalize", X, **options))


def softmax(layer: Softmax, place: Place) -> Emission:
    """`F.softmax`."""
    return values(call("F.softmax", X, dim=layer.axis(place.bottoms[0])))


EMITTERS: Emitters = {BatchNorm: batch_norm, LRN: lrn, MVN: mvn, Softmax: softmax}
