"""SSD's PriorBox."""

from __future__ import annotations

from caffetools.layers.prior_box import PriorBox
from caffetools.proto.message import Message
from caffetools.torch.emit.base import (
    Bottom,
    Context,
    Emitters,
    Expression,
    X,
    call,
    differing,
    fields,
)


def prior_box(layer: PriorBox, context: Context) -> Expression:
    """The helper `prior_box` with the sizes of `prior_sizes`."""
    param = layer.param
    sizes = call(
        "prior_sizes",
        tuple(param.numbers("min_size")),
        **differing(
            max_size=(tuple(param.numbers("max_size")), ()),
            aspect_ratio=(tuple(param.numbers("aspect_ratio")), ()),
        ),
        **fields(param, flip=True),
    )
    image_size = _pair(param, "img_size", "img_h", "img_w", int)
    if image_size is None and len(context.bottoms) == 1:
        raise context.error("expected a second bottom, the image, or an img_size, found neither")
    options = differing(
        variance=(tuple(param.numbers("variance")) or (0.1,), (0.1,)),
        image_size=(image_size, None),
        step=(_pair(param, "step", "step_h", "step_w", float), None),
    )
    options.update(fields(param, offset=0.5, clip=False))
    return call("prior_box", X, Bottom(min(1, len(context.bottoms) - 1)), sizes, **options)


def _pair(
    param: Message, both: str, height: str, width: str, kind: type[int | float]
) -> Expression:
    """Return height and width, or None if the message has neither form."""
    if param.has(height) or param.has(width):
        return kind(param.number(height)), kind(param.number(width))
    return (kind(param.number(both)),) * 2 if param.has(both) else None


EMITTERS: Emitters = {PriorBox: prior_box}
