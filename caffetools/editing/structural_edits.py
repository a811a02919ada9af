"""Edits of a net's structure: cut, remove, rename, set a field, other input sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from caffetools.editing.edited_net import EditedNet
from caffetools.editing.messages import moved, shape_text, with_values
from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape
from caffetools.proto import prototxt
from caffetools.proto.comments import NEW
from caffetools.proto.message import Entry, Message
from caffetools.proto.printer import quoted
from caffetools.proto.source import Source


def cut_after(edited: EditedNet, blob: str) -> EditedNet:
    """Keep the layers that a blob depends on, in-place layers on it included."""
    layers = edited.message.messages("layer")
    if not any(blob in layer.texts("top") for layer in layers):
        raise edited.message.error(f"the net has no blob {blob!a}", kind=CaffeToolsError)
    wanted, kept = {blob}, set[int]()
    for layer in reversed(layers):
        if wanted.intersection(layer.texts("top")):
            wanted.update(layer.texts("bottom"))
            kept.add(id(layer))
    return edited.with_messages(lambda layer: [layer] if id(layer) in kept else [])


def remove(edited: EditedNet, name: str) -> EditedNet:
    """Remove the layers of a name; who reads their only top then reads their only bottom.

    Raises CaffeToolsError for a layer whose readers cannot read its bottom.
    """
    instead: dict[str, str] = {}
    layers = edited.message.messages("layer")
    read = {
        blob for layer in layers if layer.text("name") != name for blob in layer.texts("bottom")
    }
    for layer in _named(edited, name):
        bottoms, tops = layer.texts("bottom"), layer.texts("top")
        used = [top for top in tops if top in read and top not in bottoms]
        if used and (len(bottoms), len(tops)) != (1, 1):
            text = f"{used[0]!a} of the removed layer {name!a} is read by others"
            raise layer.error(f"{text}; use --cut-after", "top", kind=CaffeToolsError)
        instead.update((top, bottoms[0]) for top in used)
    return edited.with_messages(
        lambda layer: (
            []
            if layer.text("name") == name
            else [with_values(layer, "bottom", [instead.get(b, b) for b in layer.texts("bottom")])]
        )
    )


def rename(edited: EditedNet, old: str, new: str) -> EditedNet:
    """Rename the layers and the blobs of a name, with their weights.

    Raises CaffeToolsError for an unknown name, and for a new one that exists.
    """
    layers = edited.message.messages("layer")
    names = {layer.text("name") for layer in layers}
    blobs = {blob for layer in layers for blob in (*layer.texts("bottom"), *layer.texts("top"))}
    if old not in names | blobs:
        text = f"the net has no layer or blob {old!a}"
        raise edited.message.error(text, kind=CaffeToolsError)
    if new in (names if old in names else set()) | (blobs if old in blobs else set()):
        text = f"the net has a layer or blob {new!a} already"
        raise edited.message.error(text, kind=CaffeToolsError)

    def renamed(layer: Message) -> Iterator[Message]:
        for field in ("name", "bottom", "top"):
            values = [new if value == old else value for value in layer.texts(field)]
            layer = with_values(layer, field, values)
        yield layer

    weights = {new if name == old else name: blobs for name, blobs in edited.weights.items()}
    return replace(edited, weights=weights).with_messages(renamed)


def set_field(edited: EditedNet, path: str, value: str) -> EditedNet:
    """Set `LAYER.FIELD`, such as `fc8.inner_product_param.num_output`, to a value as text.

    The last of several values of a field is set. Raises CaffeToolsError for an unknown layer or
    field, and for a value that the field cannot hold.
    """
    names = sorted({layer.text("name") for layer in edited.message.messages("layer")}, key=len)
    name = next((each for each in reversed(names) if path.startswith(f"{each}.")), None)
    if name is None:
        text = f"expected LAYER.FIELD of a layer of the net, found {path!a}"
        raise edited.message.error(text, kind=CaffeToolsError)
    fields = path.removeprefix(f"{name}.").split(".")
    layers = {id(layer) for layer in _named(edited, name)}
    return edited.with_messages(
        lambda layer: [with_field(layer, fields, value) if id(layer) in layers else layer]
    )


def with_field(message: Message, path: Sequence[str], value: str) -> Message:
    """Return the message with a field set, which may be in messages of it.

    Raises CaffeToolsError, placed, for an unknown field and for a value that it cannot hold.
    """
    name, *rest = path
    field = message.descriptor.fields.get(name) if message.descriptor else None
    if field is None:
        what = message.descriptor.name if message.descriptor else "an unknown message"
        raise message.error(f"{what} has no field {name!a}", kind=CaffeToolsError)
    old = message.fields.get(name, [])
    if rest:
        inner = message.message(name) if old else Message(field.message, message.source, NEW)
        entry: Entry = (with_field(inner, rest, value), old[-1][1] if old else NEW)
    else:
        written = value
        if field.type in ("string", "bytes") and value[:1] not in ('"', "'"):
            written = quoted(value)
        separator = " " if field.type == "message" else ": "
        assert message.descriptor is not None
        text = f"{name}{separator}{written}"
        made = prototxt.parse(Source("--set", text), message.descriptor.name)
        (found, *more) = made.all(name)
        if more or len(made.fields) > 1:
            raise message.error(f"expected one value of {name}, found {value!a}", name)
        found = moved(found, message.source) if isinstance(found, Message) else found
        entry = (found, old[-1][1] if old else NEW)
    return message.replaced({**message.fields, name: [*old[:-1], entry]})


def resize_inputs(edited: EditedNet, batch_size: int | None, shapes: dict[str, Shape]) -> EditedNet:
    """Set the batch size of inputs and data layers, or whole shapes of the tops of Input layers.

    Raises CaffeToolsError for a shape of what is no top of an Input layer.
    """
    inputs = {
        top: layer
        for layer in edited.net.layers
        if layer.node.type == "Input"
        for top in layer.top_names
    }
    for top in shapes:
        if top not in inputs:
            text = f"{top!a} is no top of an Input layer; use `caffetools deploy` to make it one"
            raise edited.message.error(text, kind=CaffeToolsError)
    wanted = Options({**edited.options.input_shapes, **shapes}, batch_size=batch_size)
    sized = replace(edited, options=replace(wanted, folder=edited.options.folder))
    known = {id(layer.node.message): layer.tops for layer in sized.net.layers}

    def resized(layer: Message) -> Iterator[Message]:
        tops = known.get(id(layer))
        if layer.text("type") == "Input" and tops is not None and None not in tops:
            text = f"input_param {{ {' '.join(shape_text(top or ()) for top in tops)} }}"
            made = moved(prototxt.parse(Source("input", text), "LayerParameter"), layer.source)
            place = layer.place("input_param") if layer.has("input_param") else NEW
            layer = layer.replaced(
                {**layer.fields, "input_param": [(made.message("input_param"), place)]}
            )
        elif batch_size and not layer.texts("bottom"):
            for name, entries in layer.fields.items():
                param = entries[-1][0]
                if isinstance(param, Message) and param.has("batch_size"):
                    layer = with_field(layer, [name, "batch_size"], str(batch_size))
        yield layer

    return replace(edited.with_messages(resized), options=Options(folder=edited.options.folder))


def _named(edited: EditedNet, name: str) -> list[Message]:
    """Return the layers of a name, of any phase; raises CaffeToolsError if there is none."""
    found = [each for each in edited.message.messages("layer") if each.text("name") == name]
    if not found:
        text = f"the net has no layer {name!a}"
        raise edited.message.error(text, kind=CaffeToolsError)
    return found
