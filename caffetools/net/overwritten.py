"""Blobs overwritten in place, and layers whose gradient in Caffe is then not the true one.

A backward pass in Caffe reads blobs as the forward pass left them. Where a layer in place has
overwritten a value that the backward pass of another layer reads, or that of its own, Caffe
computes some other gradient and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from caffetools.errors import Note
from caffetools.net.graph import Node
from caffetools.net.infer import Inferred, InferredLayer

_TRUE = "the exported module computes the true gradient"


def overwritten_notes(net: Inferred) -> Iterator[Note]:
    """Yield a note at each layer whose gradient in Caffe is not the true one."""
    memory = _memory(net)
    writers: dict[int, list[int]] = {}
    for index, each in enumerate(net.layers):
        if each.layer is not None and each.layer.changes_values:
            for blob in _written_in_place(each.node):
                writers.setdefault(memory[blob], []).append(index)
    owners = {blob.owner for each in net.layers for blob in each.params if blob.owner is not None}
    for index, each in enumerate(net.layers):
        needed = net.needs_backward[index] and not each.node.inserted
        found = _overwritten(net, index, memory, writers) if needed else None
        if found is not None:
            what, writer = found
            whom = "it" if writer is each else f"layer {writer.node.name!a}"
            text = f"its backward pass reads its {what}, which {whom} overwrites in place"
            yield _note(each, text)
        shared = each.node.key in owners or any(blob.owner is not None for blob in each.params)
        if shared and each.layer is not None and each.layer.top_is_param:
            yield _note(each, "layers that share its blob overwrite each other's gradient of it")


def overwritten_blobs(net: Inferred) -> Iterator[tuple[int, ...]]:
    """Yield the blobs that each layer in place overwrites besides its own, since they share memory.

    Only those that a later layer reads, and outputs.
    """
    memory, made, last = _memory(net), dict[int, int](), dict[int, int]()
    for index, each in enumerate(net.layers):
        last.update(dict.fromkeys(each.node.bottoms, index))
        for blob in each.node.tops:
            made.setdefault(blob, index)
    last.update(dict.fromkeys(net.graph.outputs, len(net.layers)))
    sharers: dict[int, list[int]] = {}
    for blob in last:
        sharers.setdefault(memory[blob], []).append(blob)
    for index, each in enumerate(net.layers):
        changes = each.layer is not None and each.layer.changes_values
        own = tuple(_written_in_place(each.node)) if changes else ()
        same = (blob for mine in own for blob in sharers.get(memory[mine], ()) if blob not in own)
        yield tuple(blob for blob in same if made[blob] < index < last[blob])


def _note(layer: InferredLayer, why: str) -> Note:
    text = f"Caffe's gradient is not the true one here: {why}; {_TRUE}"
    return Note(layer.node.message.location(), text)


def _written_in_place(node: Node) -> Iterator[int]:
    return (top for top, in_place in zip(node.tops, node.in_place, strict=True) if in_place)


def _memory(net: Inferred) -> list[int]:
    """Return the memory of each blob, as the index of the first blob that has it.

    Layers such as Split share the memory of their bottom (Blob::ShareData).
    """
    memory = list(range(len(net.graph.blobs)))
    for each in net.layers:
        if each.layer is not None and each.layer.shares_data:
            for top in each.node.tops:
                memory[top] = memory[each.node.bottoms[0]]
    return memory


def _overwritten(
    net: Inferred, index: int, memory: list[int], writers: dict[int, list[int]]
) -> tuple[str, InferredLayer] | None:
    """Return what the layer reads in its backward pass and which layer overwrites it before."""
    reader = net.layers[index]
    if reader.layer is None:
        return None
    in_place = any(reader.node.in_place)
    for what in reader.layer.backward_reads(in_place):
        is_top = what.endswith("top")
        blobs = reader.node.tops[:1] if is_top else reader.node.bottoms
        for blob in blobs:
            maker = next(
                each.layer for each in reversed(net.layers[: index + 1]) if blob in each.node.tops
            )
            later = [net.layers[i] for i in writers.get(memory[blob], ()) if i > index]
            if maker is not None and maker.is_positive:
                later = [each for each in later if each.layer and not each.layer.keeps_positive]
            if what == "masked top":
                later = [each for each in later if each.layer and not each.layer.masks]
            if what == "sign":
                later = [each for each in later if each.layer and not each.layer.keeps_sign]
                if in_place and all(_is_chained(each, blob) for each in later):
                    continue  # the exported ReLU reads the later signs, as Caffe does
            if what == "bottom" and in_place and blob in reader.node.tops:
                return what, reader
            if later:
                return "top" if is_top else "bottom", later[0]
    return None


def _is_chained(layer: InferredLayer, blob: int) -> bool:
    return layer.node.bottoms == (blob,) == layer.node.tops
