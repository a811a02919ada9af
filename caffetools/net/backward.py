"""Which layers compute a gradient (net.cpp, Net::Init)."""

from __future__ import annotations

from collections.abc import Sequence

from caffetools.net.graph import Graph, Node


def needs_backward(
    graph: Graph, learns: Sequence[bool], loss_weights: Sequence[tuple[float, ...]]
) -> list[bool]:
    """Return the needs_backward flag of each layer, ignoring the net's force_backward.

    A forward pass sets the flag of each layer that learns (has a blob whose lr_mult is not 0) or
    reads a blob that needs a gradient. A backward pass keeps it only for layers on a path to a loss
    with a top that `propagate_down: false` does not cut off.
    """
    return _flags(graph, learns, loss_weights)[0]


def bottom_flags(
    graph: Graph, learns: Sequence[bool], loss_weights: Sequence[tuple[float, ...]]
) -> list[list[bool]]:
    """Return whether each bottom of each layer gets a gradient, force_backward included."""
    _, bottoms = _flags(graph, learns, loss_weights)
    if not graph.message.flag("force_backward"):
        return bottoms
    return [
        [flag or allowed for flag, allowed in zip(flags, _allowed(node), strict=True)]
        for node, flags in zip(graph.nodes, bottoms, strict=True)
    ]


def _flags(
    graph: Graph, learns: Sequence[bool], loss_weights: Sequence[tuple[float, ...]]
) -> tuple[list[bool], list[list[bool]]]:
    """Return the flag of each layer and of each of its bottoms, ignoring force_backward."""
    inherited = _inherited(graph, learns)
    flags = [own or any(needs) for own, needs in zip(learns, inherited, strict=True)]
    bottoms = [
        _propagated(node) or needs for node, needs in zip(graph.nodes, inherited, strict=True)
    ]
    _clear_without_loss(graph, loss_weights, flags, bottoms)
    return flags, bottoms


def _allowed(node: Node) -> list[bool]:
    """Return whether force_backward reaches each bottom (AllowForceBackward)."""
    given = node.layer_class.force_backward if node.layer_class else ()
    return [*given, *[True] * len(node.bottoms)][: len(node.bottoms)]


def stopped_bottoms(
    graph: Graph, learns: Sequence[bool], backward: Sequence[bool]
) -> list[tuple[int, ...]]:
    """Return the bottoms of each layer whose gradient only `propagate_down: false` stops.

    A net with force_backward propagates to them, too, except where the layer does not allow it.
    Layers that ignore the flag stop nothing unless Caffe skips the layer below: a Split above
    which another layer needs the gradient adds theirs. `backward` are the final flags.
    """
    forced = graph.message.flag("force_backward")
    goes_on = [False] * len(graph.blobs)
    result = []
    for node, needs, runs in zip(graph.nodes, _inherited(graph, learns), backward, strict=True):
        passes = [forced and allowed for allowed in _allowed(node)]
        if node.layer_class and node.layer_class.ignores_propagate_down and node.bottoms:
            passes[0] |= goes_on[node.bottoms[0]]
        flags = zip(needs, _propagated(node), passes, strict=False)
        result.append(
            tuple(
                i for i, (needed, given, passed) in enumerate(flags) if needed > (given or passed)
            )
        )
        for top in node.tops:
            goes_on[top] = runs
    return result


def _inherited(graph: Graph, learns: Sequence[bool]) -> list[list[bool]]:
    """Return for each bottom of each layer whether a layer that learns contributes to it."""
    blob_needs = [False] * len(graph.blobs)
    result = []
    for node, layer_learns in zip(graph.nodes, learns, strict=True):
        inherited = [blob_needs[blob] for blob in node.bottoms]
        if layer_learns or any(inherited):
            for blob in node.tops:
                blob_needs[blob] = True
        result.append(inherited)
    return result


def _propagated(node: Node) -> list[bool]:
    return list(map(bool, node.message.all("propagate_down")))


def _clear_without_loss(
    graph: Graph,
    loss_weights: Sequence[tuple[float, ...]],
    flags: list[bool],
    bottoms: list[list[bool]],
) -> None:
    """Clear flags that no loss needs; as in Caffe by name: all "(automatic)" tops are one."""
    under_loss: set[str] = set()
    cut_off: set[str] = set()
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        tops = {graph.blobs[blob].name for blob in node.tops}
        contributes = any(loss_weights[index]) or not under_loss.isdisjoint(tops)
        if not contributes or (flags[index] and tops <= cut_off):
            flags[index] = False
            bottoms[index] = [False] * len(bottoms[index])
        for blob, needed in zip(node.bottoms, bottoms[index], strict=True):
            if contributes:
                under_loss.add(graph.blobs[blob].name)
            if not needed:
                cut_off.add(graph.blobs[blob].name)
