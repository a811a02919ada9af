"""A net cut to what chosen outputs need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches

from caffetools.errors import CaffeToolsError, Note
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.overwritten import overwritten_blobs


def with_outputs(net: Net, names: Sequence[str]) -> Net:
    """Return the net with these blobs as outputs, in this order, and the layers that they need.

    Raises CaffeToolsError, located, for a blob that the net does not have.
    """
    blobs = {net.blob(top): top for layer in net.layers for top in layer.node.tops}
    for name in names:
        if name not in blobs:
            near = get_close_matches(name, blobs, 1)
            hint = f"; did you mean {near[0]!a}" if near else ""
            text = f"the net has no blob {name!a} to be an output{hint}"
            raise CaffeToolsError(text, net.inferred.graph.message.location())
    outputs = tuple(blobs[name] for name in dict.fromkeys(names))
    inferred = net.inferred
    kept = _needed(net, outputs)
    cut = [_cut(inferred.layers[index], wanted, outputs) for index, wanted in kept.items()]
    graph = inferred.graph._replace(nodes=tuple(layer.node for layer in cut), outputs=outputs)
    backward = tuple(inferred.backward[index] for index in kept)
    layers = tuple(_with_owners(cut))
    return replace(net, inferred=inferred._replace(graph=graph, layers=layers, backward=backward))


def _needed(net: Net, outputs: tuple[int, ...]) -> dict[int, set[int]]:
    """Return the indices of the layers that blobs depend on, each with the blobs needed after it.

    A layer that overwrites a blob in place is one of them, also where it is no top of the layer.
    """
    found, wanted = {}, {*outputs}
    graph = net.inferred.graph._replace(outputs=outputs)
    overwritten = [*overwritten_blobs(net.inferred._replace(graph=graph))]
    for index in reversed(range(len(net.inferred.layers))):
        node = net.inferred.layers[index].node
        if wanted.intersection((*node.tops, *overwritten[index])):
            found[index] = {*wanted}
            wanted.update(node.bottoms)
    return dict(reversed(found.items()))


def _cut(layer: InferredLayer, wanted: set[int], outputs: tuple[int, ...]) -> InferredLayer:
    """Return a layer without loss weights of other blobs; an input also without other tops."""
    node = layer.node
    weights = (
        weight if top in outputs else 0.0
        for top, weight in zip(node.tops, layer.loss_weights, strict=True)
    )
    layer = layer._replace(loss_weights=tuple(weights))
    if node.bottoms or layer.params:
        return layer
    kept = [index for index, top in enumerate(node.tops) if top in wanted]
    return layer._replace(
        node=node._replace(tops=tuple(node.tops[index] for index in kept)),
        tops=tuple(layer.tops[index] for index in kept),
        loss_weights=tuple(layer.loss_weights[index] for index in kept),
    )


def _with_owners(layers: Sequence[InferredLayer]) -> Iterator[InferredLayer]:
    """Yield the layers; a blob whose owner was cut off belongs to the first that shares it."""
    keys = {layer.node.key for layer in layers}
    owners: dict[str | None, str] = {}
    for layer in layers:
        params = []
        for blob in layer.params:
            owner = blob.owner
            if owner is not None and owner not in keys:
                owner = owners.get(blob.name)
                owners.setdefault(blob.name, layer.node.key)
            params.append(blob._replace(owner=owner))
        yield layer._replace(params=tuple(params))


def scores_note(net: Net) -> Iterator[Note]:
    """Yield a note on a net in the phase TEST that only measures its scores."""
    scored = {
        net.blob(top): net.blob(layer.node.bottoms[0])
        for layer in net.layers
        if layer.layer is not None and (layer.layer.is_loss or layer.layer.is_accuracy)
        for top in layer.node.tops
    }
    if net.state.phase == "TEST" and net.outputs and scored.keys() >= {*net.outputs}:
        scores = ",".join(dict.fromkeys(scored[output] for output in net.outputs))
        text = f"the outputs are losses and accuracies; pass --outputs {scores} for the scores"
        yield Note(net.inferred.graph.message.location(), ascii(text)[1:-1])
