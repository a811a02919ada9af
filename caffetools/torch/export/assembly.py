"""Layers with what they are in PyTorch -> one program, with names for all of it."""

from __future__ import annotations

from dataclasses import replace

from caffetools.errors import CaffeToolsError, Note
from caffetools.layers.base import dims
from caffetools.net.graph import AUTOMATIC
from caffetools.net.infer import InferredLayer
from caffetools.net.net import Net
from caffetools.torch.emit.base import Bottom, Emission, Member, MemberRef, call
from caffetools.torch.export.fold import folded
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.in_place import with_later_signs
from caffetools.torch.export.lines import Line, blob_keys, lines, loss_weights, merged
from caffetools.torch.export.names import GLOBALS, MODULE_ATTRIBUTES, OWN_ATTRIBUTES, Names, camel
from caffetools.torch.export.program import (
    Construction,
    Parameter,
    Placeholder,
    Program,
    Statement,
    Tensor,
    Tie,
)


def assemble_folded(net: Net) -> Program:
    """The program of a net that is only run: BatchNorm and Scale are part of what is before them.

    Raises CaffeToolsError as `assemble` does.
    """
    kept, folds = folded(lines(net))
    assembly = _Assembly()
    for line in kept:
        assembly.add(line)
    return replace(assembly.finish([net]), folds=tuple(folds))


def assemble(net: Net, other: Net | None = None) -> Program:
    """The program of a net, which serves the phase of `other`, too, where one can serve both.

    Raises CaffeToolsError, placed, for a layer that PyTorch cannot have.
    """
    both = merged(net, other) if other is not None else None
    nets = [net] if other is None or both is None else [net, other]
    assembly = _Assembly()
    for line in lines(net) if both is None else both:
        assembly.add(line)
    return assembly.finish(nets)


class _Assembly:
    def __init__(self) -> None:
        reserved = {*GLOBALS, *helpers()}
        self.names = Names(MODULE_ATTRIBUTES | OWN_ATTRIBUTES, "layer")
        self.variables = Names(reserved, "blob")
        self.classes: dict[str, str] = {}
        self.uses: dict[str, list[InferredLayer]] = {}
        self.inputs: list[Tensor] = []
        self.tensors: dict[str, Tensor] = {}
        self.read: set[str] = set()
        self.constructions: list[Construction] = []
        self.ties: list[Tie] = []
        self.statements: list[Statement] = []
        self.params: dict[str, tuple[Parameter, ...]] = {}
        self.owners: dict[str, tuple[str, int, Parameter]] = {}
        self.made: dict[str, tuple[tuple[Member, ...], dict[str, str]]] = {}
        self.notes: list[Note] = []

    def add(self, line: Line) -> None:
        """Take the next layer."""
        node, emission = line.layer.node, line.emission
        if emission is None and node.bottoms:
            emission = self.placeholder(line.layer)
        tops = tuple(
            Tensor(key, self.variables.add(key, key.replace(AUTOMATIC, node.name)), shape)
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
            )
        )

    def placeholder(self, layer: InferredLayer) -> Emission:
        """A layer of a type that is not known: a class to fill in."""
        node = layer.node
        if node.type not in self.classes:
            taken = {*helpers(), *self.classes.values()}
            name = camel(node.type, taken, "Layer")
            self.classes[node.type] = name if name not in taken else f"{name}{len(taken)}"
        self.uses.setdefault(node.type, []).append(layer)
        bottoms = (Bottom(index) for index in range(len(node.bottoms)))
        return Emission((call(MemberRef(), *bottoms),), (Member(call(self.classes[node.type])),))

    def construct(self, layer: InferredLayer, emission: Emission) -> dict[str, str]:
        """Construct what the layer needs, or take what another has that shares all blobs."""
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
        """The key of the layer whose members this one has, too."""
        owners = {blob.owner for blob in layer.params}
        owner = next(iter(owners), None)
        if len(owners) != 1 or owner is None or emission.keeps_state:
            return None
        places = [self.owners[blob.name or ""][1] for blob in layer.params]
        whole = places == list(range(len(self.params[owner])))
        return owner if whole and self.made[owner][0] == emission.members else None

    def parameters(
        self, layer: InferredLayer, emission: Emission, members: dict[str, str]
    ) -> list[Parameter]:
        """Where each of the layer's blobs lies; those of other layers are tied."""
        found = []
        for index, (blob, slot) in enumerate(zip(layer.params, emission.slots, strict=True)):
            key = members[slot.suffix] + (f".{slot.attribute}" if slot.attribute else "")
            made = Parameter(key, blob.shape, slot.shape or blob.shape, slot.fill, shared=False)
            if blob.owner is None:
                if blob.name is not None:
                    self.owners[blob.name] = (layer.node.key, index, made)
            else:
                owner = self.owners[blob.name or ""][2]
                if owner.stored != made.stored:
                    raise layer.node.message.error(
                        f"the shared blob {blob.name!a} is {dims(made.stored)} here and "
                        f"{dims(owner.stored)} in layer {blob.owner!a}: in PyTorch one parameter "
                        "has one shape",
                        "param",
                        index,
                        CaffeToolsError,
                    )
                self.ties.append(Tie(key, owner.key))
                made = replace(owner, shared=True)
            found.append(made)
        return found

    def finish(self, nets: list[Net]) -> Program:
        """The program, once all layers are there."""
        outputs: dict[str, tuple[Tensor, ...]] = {}
        weights: dict[str, float] = {}
        for net in nets:
            keys = blob_keys(net)
            losses = loss_weights(net)
            # A loss that Caffe names by itself, or that a layer reads, is no output of its net, but
            # is to be had here.
            unnamed = (key for key in keys if key.startswith(AUTOMATIC))
            found = [*(keys[blob] for blob in net.inferred.graph.outputs), *unnamed, *losses]
            outputs[net.state.phase] = tuple(self.tensors[key] for key in dict.fromkeys(found))
            for key, weight in losses.items():
                weights.setdefault(key, weight)
        kept = self.read | {tensor.blob for each in outputs.values() for tensor in each}
        taken = {*helpers(), *self.classes.values()}
        return Program(
            name=camel(nets[0].name, taken),
            net=nets[0],
            phases=tuple(net.state.phase for net in nets),
            inputs=tuple(self.inputs),
            outputs=outputs,
            loss_weights=weights,
            constructions=tuple(self.constructions),
            ties=tuple(self.ties),
            statements=with_later_signs(self.dropping(each, kept) for each in self.statements),
            params=self.params,
            placeholders=tuple(
                Placeholder(name, kind, tuple(self.uses[kind]))
                for kind, name in self.classes.items()
            ),
            notes=tuple(self.notes),
        )

    def dropping(self, statement: Statement, kept: set[str]) -> Statement:
        """The statement; one without values drops the bottoms that nothing else reads."""
        if statement.values:
            return statement
        kept = kept | {tensor.blob for tensor in self.inputs}
        dropped = tuple(bottom for bottom in statement.bottoms if bottom.blob not in kept)
        return replace(statement, bottoms=dropped)
