"""Emitted layers -> the description of one module, with a Python name for each part."""

from __future__ import annotations

from dataclasses import replace

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.blobs import count, dims
from caffetools.net.graph import AUTOMATIC
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.net.overwritten import overwritten_notes
from caffetools.torch.emit.base import (
    Attribute,
    Bottom,
    Emission,
    Member,
    MemberRef,
    X,
    call,
    method,
)
from caffetools.torch.export.emitted_layers import (
    EmittedLayer,
    emission_of,
    emit_layers,
    loss_weights,
    merge_phases,
    output_keys,
)
from caffetools.torch.export.fold import folded
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.in_place import with_later_signs, with_reused_memory
from caffetools.torch.export.module_spec import (
    Construction,
    ModuleSpec,
    ParameterSpec,
    Placeholder,
    Statement,
    Tie,
    Variable,
)
from caffetools.torch.export.names import GLOBALS, MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names, camel


def assemble_folded(net: Net) -> ModuleSpec:
    """Describe the module of a net for inference, BatchNorm and Scale folded.

    Raises CaffeToolsError as `assemble` does.
    """
    kept, folds = folded(emit_layers(net))
    assembly = _Assembly()
    for line in kept:
        assembly.add(line)
    return replace(assembly.finish([net]), folds=tuple(folds))


def assemble(net: Net, other: Net | None = None) -> ModuleSpec:
    """Describe the module of a net, which also serves the phase of `other` if possible.

    Raises CaffeToolsError, located, for a layer that cannot be exported.
    """
    both = merge_phases(net, other) if other is not None else None
    nets = [net] if other is None or both is None else [net, other]
    assembly = _Assembly()
    for line in emit_layers(net) if both is None else both:
        assembly.add(line)
    return assembly.finish(nets)


def assemble_layer(net: Net, layer: InferredLayer) -> ModuleSpec | None:
    """Describe the module of one layer, from its bottoms to its tops; None without a value.

    The names in it do not depend on those of the layer and its blobs, so that equal layers have
    equal modules. Raises CaffeToolsError, located, for a layer that cannot be exported.
    """
    node = layer.node
    emission = emission_of(net, layer)
    if emission is None or not emission.values:
        return None
    bottoms, tops = (
        tuple(Variable(f"{side}{index}", f"{side}{index}", shape) for index, shape in shapes)
        for side, shapes in (("bottom", enumerate(layer.bottoms)), ("top", enumerate(layer.tops)))
    )
    assembly = _Assembly()
    assembly.inputs += bottoms
    assembly.tensors.update((tensor.blob, tensor) for tensor in bottoms)
    alone = layer._replace(
        node=node._replace(key="layer", name="layer"),
        params=tuple(blob._replace(name=None, owner=None) for blob in layer.params),
    )
    names, top_names = (tuple(tensor.blob for tensor in each) for each in (bottoms, tops))
    assembly.add(EmittedLayer(alone, names, top_names, emission))
    return assembly.described([net], {net.state.phase: tops}, {})


class _Assembly:
    def __init__(self) -> None:
        reserved = {*GLOBALS, *helpers()}
        self.names = Names(MODULE_ATTRIBUTES | OWN_ATTRIBUTES, "layer")
        self.variables = Names(reserved, "blob")
        self.classes: dict[str, str] = {}
        self.uses: dict[str, list[InferredLayer]] = {}
        self.inputs: list[Variable] = []
        self.tensors: dict[str, Variable] = {}
        self.read: set[str] = set()
        self.constructions: list[Construction] = []
        self.ties: list[Tie] = []
        self.statements: list[Statement] = []
        self.params: dict[str, tuple[ParameterSpec, ...]] = {}
        self.owners: dict[str, tuple[str, int, ParameterSpec]] = {}
        self.made: dict[str, tuple[tuple[Member, ...], dict[str, str]]] = {}
        self.notes: list[Note] = []

    def add(self, line: EmittedLayer) -> None:
        """Add the next layer."""
        node, emission = line.layer.node, line.emission
        if emission is None and node.bottoms:
            emission = self.placeholder(line.layer)
        tops = tuple(
            Variable(key, self.variables.add(key, key.replace(AUTOMATIC, node.name)), shape)
            for key, shape in zip(line.tops, line.layer.tops, strict=True)
        )
        bottoms = tuple(self.tensors[key] for key in line.bottoms)
        self.tensors.update((top.blob, top) for top in tops)
        if emission is None:
            self.inputs += tops
            return
        self.notes += (Note(node.message.location(), text) for text in emission.notes)
        self.read |= {bottom.blob for bottom in bottoms} if emission.values else set()
        self.statements.append(
            Statement(
                node.key,
                node.type,
                node.layer_class,
                emission.values,
                tops,
                bottoms,
                self.construct(line.layer, emission),
                line.phase,
                line.stopped,
            )
        )
        self.statements += (self.overwriting(line, tops[0], key) for key in line.overwritten)

    def overwriting(self, line: EmittedLayer, top: Variable, key: str) -> Statement:
        """Return the assignment of a top to another blob that has its memory (Blob::ShareData).

        As in Caffe, the gradient of that blob does not pass through the layer of the top.
        """
        other = self.tensors[key]
        values = method(X, "reshape", Attribute(Bottom(1), "shape"))
        value = call("with_gradient_of", X if top.shape == other.shape else values, Bottom(1))
        key = line.layer.node.key
        return Statement(key, "Split", None, (value,), (other,), (top, other), {}, line.phase)

    def placeholder(self, layer: InferredLayer) -> Emission:
        """Return the emission of a layer of unknown type: a class to fill in."""
        node = layer.node
        if node.type not in self.classes:
            taken = {*helpers(), *self.classes.values()}
            name = camel(node.type, taken, "Layer")
            self.classes[node.type] = name if name not in taken else f"{name}{len(taken)}"
        self.uses.setdefault(node.type, []).append(layer)
        bottoms = (Bottom(index) for index in range(len(node.bottoms)))
        return Emission((call(MemberRef(), *bottoms),), (Member(call(self.classes[node.type])),))

    def construct(self, layer: InferredLayer, emission: Emission) -> dict[str, str]:
        """Construct the layer's members and return their names, or those of a shared layer."""
        key = layer.node.key
        shared = self.shared(layer, emission)
        if shared is not None:
            self.params[key] = tuple(replace(each, shared=True) for each in self.params[shared])
            return self.made[shared][1]
        members = {}
        for member in emission.members:
            wanted = f"{layer.node.name}_{member.suffix}" if member.suffix else layer.node.name
            name = self.names.add((key, member.suffix), wanted)
            members[member.suffix] = name
            self.constructions.append(Construction(name, member.value, key, member.buffer))
        self.made[key] = (emission.members, members)
        if emission.slots:
            self.params[key] = tuple(self.parameters(layer, emission, members))
        return members

    def shared(self, layer: InferredLayer, emission: Emission) -> str | None:
        """Return the key of the layer whose members this one uses, None if it has its own."""
        owners = {blob.owner for blob in layer.params}
        owner = next(iter(owners), None)
        if len(owners) != 1 or owner is None or emission.keeps_state:
            return None
        places = [self.owners[blob.name or ""][1] for blob in layer.params]
        whole = places == list(range(len(self.params[owner])))
        return owner if whole and self.made[owner][0] == emission.members else None

    def parameters(
        self, layer: InferredLayer, emission: Emission, members: dict[str, str]
    ) -> list[ParameterSpec]:
        """Return the layer's parameters; those that other layers own are tied."""
        found = []
        for index, (blob, slot) in enumerate(zip(layer.params, emission.slots, strict=True)):
            key = members[slot.suffix] + (f".{slot.attribute}" if slot.attribute else "")
            made = ParameterSpec(key, blob.shape, slot.shape or blob.shape, slot.fill, shared=False)
            if blob.owner is None:
                if blob.name is not None:
                    self.owners[blob.name] = (layer.node.key, index, made)
            else:
                owner = self.owners[blob.name or ""][2]
                reshaped = owner.stored != made.stored
                fits = count(owner.stored) == count(made.stored) and slot.attribute
                if reshaped and not fits:
                    raise layer.node.message.error(
                        f"shape {dims(made.stored)} of the shared parameter {blob.name!a} does not "
                        f"match {dims(owner.stored)} in layer {blob.owner!a}",
                        "param",
                        index,
                        CaffeToolsError,
                    )
                self.ties.append(Tie(key, owner.key, reshaped))
                made = replace(owner, shape=made.shape, shared=True)
            found.append(made)
        return found

    def finish(self, nets: list[Net]) -> ModuleSpec:
        """Return the description of the module once all layers are added."""
        outputs: dict[str, tuple[Variable, ...]] = {}
        weights: dict[str, float] = {}
        for net in nets:
            outputs[net.state.phase] = tuple(self.tensors[key] for key in output_keys(net))
            for key, weight in loss_weights(net).items():
                weights.setdefault(key, weight)
        return self.described(nets, outputs, weights)

    def described(
        self, nets: list[Net], outputs: dict[str, tuple[Variable, ...]], weights: dict[str, float]
    ) -> ModuleSpec:
        """Return the description of a module with these outputs, by phase."""
        kept = self.read | {tensor.blob for each in outputs.values() for tensor in each}
        taken = {*helpers(), *self.classes.values()}
        return ModuleSpec(
            name=camel(nets[0].name, taken),
            net=nets[0],
            phases=tuple(net.state.phase for net in nets),
            inputs=tuple(self.inputs),
            outputs=outputs,
            loss_weights=weights,
            constructions=tuple(self.constructions),
            ties=tuple(self.ties),
            statements=with_reused_memory(
                with_later_signs(self.dropping(each, kept) for each in self.statements)
            ),
            params=self.params,
            placeholders=tuple(
                Placeholder(name, kind, tuple(self.uses[kind]))
                for kind, name in self.classes.items()
            ),
            notes=(*self.notes, *overwritten_notes(nets[0].inferred)),
        )

    def dropping(self, statement: Statement, kept: set[str]) -> Statement:
        """Return the statement; one without values deletes the bottoms that nothing else reads."""
        if statement.values:
            return statement
        kept = kept | {tensor.blob for tensor in self.inputs}
        dropped = tuple(bottom for bottom in statement.bottoms if bottom.blob not in kept)
        return replace(statement, bottoms=dropped)
