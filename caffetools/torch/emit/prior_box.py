"""SSD's PriorBox."""

from __future__ import annotations

from caffetools.layers.prior_box import PriorBox
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emission,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
    module,
)


def prior_box(layer: PriorBox, context: Context) -> Emission:
    """The helper `PriorBox`, with the sizes that Caffe truncates and the ratios that it keeps."""
    param = layer.param
    image_size = _pair(param, "img_size", "img_h", "img_w", int)
    if image_size is None and len(context.bottoms) == 1:
        raise context.error("expected a second bottom, the image, or an img_size, found neither")
    smallest, largest = (
        tuple(float(int(size)) for size in param.numbers(name)) for name in ("min_size", "max_size")
    )
    constructor = call(
        "PriorBox",
        smallest,
        *([largest] if largest or _ratios(param) else []),
        *([_ratios(param)] if _ratios(param) else []),
        **differing(variance=(tuple(param.numbers("variance")) or (0.1,), (0.1,))),
        **fields(param, flip=True),
        **differing(
            image_size=(image_size, None),
            step=(_pair(param, "step", "step_h", "step_w", float), None),
        ),
        **fields(param, offset=0.5, clip=False),
    )
    return module(constructor, inputs=(X, Bottom(min(1, len(context.bottoms) - 1))))


def _ratios(param: Message) -> tuple[float, ...]:
    """Return the aspect ratios without those within 1e-6 of 1 or an earlier box's."""
    known, found = [1.0], []
    for ratio in param.numbers("aspect_ratio"):
        if all(abs(ratio - other) >= 1e-6 for other in known):
            found.append(ratio)
            known += [ratio, 1 / ratio] if param.flag("flip") else [ratio]
    return tuple(found)


def _pair(
    param: Message, both: str, height: str, width: str, kind: type[int | float]
) -> Expression:
    """Return height and width, or None if the message has neither form."""
    if param.has(height) or param.has(width):
        return kind(param.number(height)), kind(param.number(width))
    return (kind(param.number(both)),) * 2 if param.has(both) else None


EMITTERS: Emitters = {PriorBox: prior_box}
