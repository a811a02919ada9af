"""Shapes, parameters and flags of all layers of a graph (net.cpp, Net::Init)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from caffetools.errors import CaffeToolsError, GraphError, Note
from caffetools.layers.base import Facts, Layer, Options, Spec
from caffetools.layers.blobs import Shape, check_shape, dims
from caffetools.layers.window import Window
from caffetools.net.backward import needs_backward
from caffetools.net.graph import Graph, Node
from caffetools.net.sharing import ParamBlob, ParamSharing

_MAX_PASSES = 8
"""Maximum number of passes for inferring unknown input shapes. Each pass sets up the whole net; no
real net needs a second one."""


class InferredLayer(NamedTuple):
    """Result of setting up a layer of the graph."""

    node: Node
    layer: Layer | None
    """None for an unregistered type."""
    bottoms: tuple[Shape | None, ...]
    """Shape of each bottom; None if unknown."""
    tops: tuple[Shape | None, ...]
    params: tuple[ParamBlob, ...]
    macs: int | None
    """Multiply-accumulates; None if a shape is unknown, and then `params` are unknown, too."""
    loss_weights: tuple[float, ...]
    """Weight of each top in the loss; 0 for a top that is no loss."""

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.node.name

    @property
    def type(self) -> str:
        """Type of the layer, such as "Convolution"."""
        return self.node.type

    @property
    def bottom_names(self) -> tuple[str, ...]:
        """Names of its inputs, in the prototxt."""
        return tuple(self.node.message.texts("bottom"))

    @property
    def top_names(self) -> tuple[str, ...]:
        """Names of its outputs, in the prototxt."""
        return tuple(self.node.message.texts("top"))

    @property
    def known_bottoms(self) -> tuple[Shape, ...] | None:
        """Shapes of the bottoms; None if the type or the shape of a bottom is unknown."""
        known = tuple(shape for shape in self.bottoms if shape is not None)
        return known if self.layer is not None and len(known) == len(self.bottoms) else None

    @property
    def windows(self) -> list[Window]:
        """Sliding windows, one per spatial axis; empty without any or with an unknown shape."""
        if self.layer is None or not self.known_bottoms:
            return []
        return self.layer.windows(self.known_bottoms) or []

    @property
    def owned_params(self) -> int:
        """Number of parameters that the layer does not share from another layer."""
        return sum(blob.elements for blob in self.params if blob.owner is None)


class Inferred(NamedTuple):
    """A net with the shapes, parameters and flags of its layers."""

    graph: Graph
    layers: tuple[InferredLayer, ...]
    """In the order of the graph, inserted Split layers included."""
    shapes: tuple[Shape | None, ...]
    """Final shape of each blob of the graph."""
    backward: tuple[bool, ...]
    """Whether each layer needs backward, ignoring force_backward (as Caffe logs it)."""
    notes: tuple[Note, ...]

    @property
    def needs_backward(self) -> tuple[bool, ...]:
        """Final needs_backward flag of each layer, force_backward included."""
        forced = self.graph.message.flag("force_backward")
        return (True,) * len(self.layers) if forced else self.backward


def infer(graph: Graph, options: Options) -> Inferred:
    """Set up every layer of the graph in order.

    The unknown shape of an input is inferred from a layer that reads it, if the layer's other
    bottoms determine it: mostly labels. A note says so. Neither such a shape nor a batch size from
    the user makes a net wrong: where it contradicts the net, it is left out, with a note.
    Raises ShapeError or GraphError, placed, for what Caffe refuses.
    """
    assumed: list[Note] = []
    try:
        net = _Inference(graph, options).run()
    except CaffeToolsError as error:
        if options.batch_size is None:
            raise
        net = infer(graph, replace(options, batch_size=None))
        text = f"the batch size {options.batch_size} is not used, as it fits no batch axis: "
        note = Note(error.location or graph.message.location(), text + error.message)
        return net._replace(notes=(*net.notes, note))
    for _ in range(_MAX_PASSES):
        expected: dict[str, Shape] = {}
        for name, shape, reader in expected_inputs(net):
            if expected.setdefault(name, shape) is shape:
                text = f"{name!a} is assumed to be {dims(shape)}, as layer {reader.key!a} expects"
                assumed.append(Note(reader.message.location(), text))
        if not expected:
            break
        options = replace(options, input_shapes={**options.input_shapes, **expected})
        try:
            net = _Inference(graph, options).run()
        except CaffeToolsError as error:
            text = f"the assumed shapes do not fit: {error.message}; they stay unknown"
            refused = Note(error.location or graph.message.location(), text)
            return net._replace(notes=(*net.notes, refused))
    return net._replace(notes=(*net.notes, *assumed))


def expected_inputs(net: Inferred) -> Iterator[tuple[str, Shape, Node]]:
    """Yield each input of unknown shape, the shape that a layer expects of it, and that layer."""
    blobs = net.graph.blobs
    unknown = {
        blobs[blob].name
        for layer in net.layers
        if not layer.node.bottoms
        for blob, shape in zip(layer.node.tops, layer.tops, strict=True)
        if shape is None
    }
    for layer in net.layers if unknown else ():
        if layer.layer is not None and None in layer.bottoms:
            for index, shape in layer.layer.expects(layer.bottoms).items():
                name = blobs[layer.node.bottoms[index]].origin
                if name in unknown:
                    yield name, shape, layer.node


class _Inference:
    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph = graph
        self.options = options
        self.shapes: list[Shape | None] = [None] * len(graph.blobs)
        self.sharing = ParamSharing()
        self.notes: list[Note] = []
        self.batch: int | None = None
        """Batch size: the first size of the first input shape."""

    def run(self) -> Inferred:
        self.check_input_shapes()
        layers = tuple(self.set_up(node) for node in self.graph.nodes)
        learns = [any(blob.needs_backward for blob in layer.params) for layer in layers]
        backward = needs_backward(self.graph, learns, [layer.loss_weights for layer in layers])
        layers = tuple(
            layer._replace(params=tuple(map(self.sharing.with_multipliers, layer.params)))
            for layer in layers
        )
        return Inferred(self.graph, layers, tuple(self.shapes), tuple(backward), tuple(self.notes))

    def check_input_shapes(self) -> None:
        """Note each overridden input shape whose top no layer has."""
        tops = {self.graph.blobs[blob].name for node in self.graph.nodes for blob in node.tops}
        for top in self.options.input_shapes:
            if top not in tops:
                text = f"unused input shape: no layer has the top {top!a}"
                self.notes.append(Note(self.graph.message.location(), text))

    def set_up(self, node: Node) -> InferredLayer:
        try:
            return self.layer(node)
        except CaffeToolsError as error:
            raise node.message.source.place(error, node.message.offset) from None

    def layer(self, node: Node) -> InferredLayer:
        bottoms = tuple(self.shapes[blob] for blob in node.bottoms)
        given = self.is_given(node)
        layer = self.read(node, given)
        facts = None if layer is None else self.facts(node, layer, bottoms, given)
        tops = facts.tops if facts else (None,) * len(node.tops)
        weights = loss_weights(node)
        if not node.bottoms and not (facts and facts.params):  # the top of Parameter is no input
            tops = tuple(self.source_shape(node, *top) for top in zip(node.tops, tops, strict=True))
        else:
            tops = tuple(self.given_shape(node, *top) for top in zip(node.tops, tops, strict=True))
        for blob, shape in zip(node.tops, tops, strict=True):
            if shape is not None:
                check_shape(shape, f"the top {self.graph.blobs[blob].name!a}")
            self.shapes[blob] = shape
        params = self.sharing.add(node, facts.params) if facts else ()
        macs = facts.macs if facts else 0 if given and not node.bottoms else None
        return InferredLayer(node, layer, bottoms, tops, params, macs, weights)

    def is_given(self, node: Node) -> bool:
        """Whether the user sets the shapes of all tops of an input, or of an unknown layer."""
        given = self.options.input_shapes
        is_free = not node.bottoms or node.layer_class is None
        return is_free and all(self.graph.blobs[blob].name in given for blob in node.tops)

    def read(self, node: Node, given: bool) -> Layer | None:
        if node.layer_class is None:
            if not given:
                text = f"unknown layer type {node.type!a}; its output shapes are unknown"
                self.note(node, text)
            return None
        bottoms, tops = (
            tuple(self.graph.blobs[blob].name for blob in blobs)
            for blobs in (node.bottoms, node.tops)
        )
        message = node.message
        phase = message.text("phase") if message.has("phase") else self.graph.state.phase
        return node.layer_class(Spec(message, bottoms, tops, phase, self.options))

    def facts(
        self, node: Node, layer: Layer, bottoms: tuple[Shape | None, ...], given: bool
    ) -> Facts | None:
        known = tuple(shape for shape in bottoms if shape is not None)
        if len(known) < len(bottoms):
            return None
        facts = layer.facts(known)
        for param in facts.params:
            check_shape(param.shape, f"the {param.role}")
        if not given:
            for text in facts.notes:
                self.note(node, text)
        return facts

    def given_shape(self, node: Node, blob: int, shape: Shape | None) -> Shape | None:
        """Return the user's shape of a top that is unknown otherwise, or note that it is unused."""
        name = self.graph.blobs[blob].name
        given = self.options.input_shapes.get(name)
        if given is not None and shape is not None and given != shape:
            text = f"unused input shape: layer {node.key!a} computes {name!a} as {dims(shape)}"
            self.note(node, text)
        return given if shape is None else shape

    def source_shape(self, node: Node, blob: int, shape: Shape | None) -> Shape | None:
        """Return the shape of an input or data layer's top, with the user's overrides."""
        given = self.options.input_shapes.get(self.graph.blobs[blob].name)
        knows_batch = node.layer_class is not None and not node.layer_class.whole_shapes
        if given is None and knows_batch:
            return shape
        shape = shape if given is None else given
        if self.options.batch_size is not None and shape and (knows_batch or self.in_batch(shape)):
            return (self.options.batch_size, *shape[1:])
        return shape

    def in_batch(self, shape: Shape) -> bool:
        """Whether the first size of a shape that is given whole is the batch size.

        It is for the first such shape. For a later one it is if the sizes are equal, except for two
        axes in a batch of 1: more likely an `im_info` of 1 x 3 for one image, or a region of 1 x 5.
        """
        if self.batch is None:
            self.batch = shape[0]
            return True
        return shape[0] == self.batch and (shape[0], len(shape)) != (1, 2)

    def note(self, node: Node, text: str) -> None:
        self.notes.append(Note(node.message.location(), text))


def loss_weights(node: Node) -> tuple[float, ...]:
    """Return the weight of each top in the loss: as given, or 1 for a loss (loss_layer.cpp)."""
    given = node.loss_weights
    none = (0.0,) * len(node.tops)
    if node.layer_class is None:  # its automatic tops are unknown
        return (*given, *none)[: len(none)]
    if not given and node.layer_class.is_loss:
        given = (1.0,)
    if given and len(given) != len(node.tops):
        text = f"expected a loss_weight for each top, {len(node.tops)} in all, found {len(given)}"
        default = "" if node.loss_weights else ", the default 1 of a loss layer"
        raise node.message.error(text + default, "loss_weight", kind=GraphError)
    return given or none
