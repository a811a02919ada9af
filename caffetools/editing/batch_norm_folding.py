"""Fold BatchNorm and Scale into the preceding layers, in the prototxt and the weights."""

from __future__ import annotations

from caffetools.editing.edited_net import Array, EditedNet
from caffetools.editing.equality import tensors_of
from caffetools.editing.messages import with_values
from caffetools.errors import CaffeToolsError
from caffetools.proto.message import Message
from caffetools.torch.export.assembly import assemble, assemble_folded
from caffetools.torch.export.fold import fold_tensors


def fold_batch_norm(edited: EditedNet, *, required: bool = True) -> EditedNet:
    """Fold each BatchNorm and Scale that follows a convolution or inner product.

    Raises CaffeToolsError if there is none, unless `required` is false, and if a layer to fold has
    no weights.
    """
    spec, plain = assemble_folded(edited.net), assemble(edited.net)
    if not spec.folds and required:
        text = "no BatchNorm or Scale follows a layer that it can be folded into"
        for layer in edited.net.layers:
            param = layer.node.message.message("batch_norm_param")
            if param.has("use_global_stats") and not param.flag("use_global_stats"):
                text = "a BatchNorm with use_global_stats: false cannot be folded"
                raise param.error(text, "use_global_stats", kind=CaffeToolsError)
        raise edited.message.error(text, kind=CaffeToolsError)
    tensors = fold_tensors(spec, plain, tensors_of(edited.net, edited.weights, plain))
    layers = {layer.node.key: layer for layer in edited.net.layers}
    tops: dict[str, list[str]] = {}
    weights: dict[str, tuple[Array, ...]] = {}
    gone: set[str] = set()
    for fold in spec.folds:
        behind = [layers[key].node for key in (fold.norm, fold.scale) if key is not None]
        name = layers[fold.layer].node.name
        gone.update(node.name for node in behind)
        tops[name] = behind[-1].message.texts("top")
        weights[name] = tuple(
            tensors[param.key].reshape(param.shape) for param in spec.params[fold.layer]
        )

    def changed(layer: Message) -> list[Message]:
        name = layer.text("name")
        if name in gone:
            return []
        return [_with_bias(layer, tops[name])] if name in tops else [layer]

    return edited.with_messages(changed).with_weights(weights)


def _with_bias(layer: Message, tops: list[str]) -> Message:
    fields = dict(layer.fields)
    for name in ("convolution_param", "inner_product_param"):
        if name in fields:
            ((param, offset),) = fields[name]
            assert isinstance(param, Message)
            kept = {field: each for field, each in param.fields.items() if field != "bias_term"}
            fields[name] = [(param.replaced(kept), offset)]
    return with_values(layer.replaced(fields), "top", tops)
