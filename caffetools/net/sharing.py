"""Parameter blobs with their owners and multipliers (net.cpp, AppendParam)."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.layers.base import Param, Shape, count, dims
from caffetools.net.graph import Node
from caffetools.proto.message import Message


class ParamBlob(NamedTuple):
    """One of a layer's blobs, in the net."""

    name: str | None
    """By which other layers may share it."""
    role: str
    shape: Shape
    lr_mult: float
    decay_mult: float
    statistic: bool
    owner: str | None
    """The key of the layer whose blob this is; None where it is this layer's own."""
    needs_backward: bool
    """Does the layer's flag count it as learning? For BatchNorm's statistics Caffe may say so."""

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return count(self.shape)

    @property
    def learnable(self) -> bool:
        """Would a solver change it?"""
        return self.lr_mult != 0 and not self.statistic


class Sharing:
    """The named blobs that the layers so far own."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, ParamBlob]] = {}
        self._given: dict[tuple[str, str], float] = {}

    def add(self, node: Node, params: tuple[Param, ...]) -> tuple[ParamBlob, ...]:
        """The blobs of a layer. Raises GraphError, placed, for a sharing that Caffe refuses."""
        specs = node.message.messages("param")
        if len(specs) > len(params):
            raise node.message.error(
                f"expected at most {len(params)} param, one for each of the layer's blobs, "
                f"found {len(specs)}",
                "param",
                len(params),
                GraphError,
            )
        return tuple(
            self.blob(node, param, specs[index] if index < len(specs) else None)
            for index, param in enumerate(params)
        )

    def blob(self, node: Node, param: Param, spec: Message | None) -> ParamBlob:
        """One blob, by its `param` in the prototxt where it has one."""
        if spec is None:
            lr_mult = 0.0 if param.statistic else 1.0
            return ParamBlob(None, *param[:2], lr_mult, 1.0, param.statistic, None, True)
        lr_mult, decay_mult = spec.number("lr_mult"), spec.number("decay_mult")
        name = spec.text("name") or None
        owner = self._owners.get(name) if name else None
        blob = ParamBlob(name, *param[:2], lr_mult, decay_mult, param.statistic, None, lr_mult != 0)
        if name and not owner:
            self._owners[name] = (node.key, blob)
        elif owner:
            self.check_shape(spec, blob, *owner)
            blob = blob._replace(owner=owner[0])
        if name:
            for field in ("lr_mult", "decay_mult"):
                self.check_multiplier(spec, name, field)
        return blob

    def settled(self, blob: ParamBlob) -> ParamBlob:
        """The blob with the multipliers that a solver goes by, once all layers are there.

        A shared blob has those that any of its layers gives, be it a sharer and not the owner.
        """
        if blob.name is None:
            return blob
        return blob._replace(
            lr_mult=self._given.get((blob.name, "lr_mult"), blob.lr_mult),
            decay_mult=self._given.get((blob.name, "decay_mult"), blob.decay_mult),
        )

    def check_shape(self, spec: Message, blob: ParamBlob, key: str, owner: ParamBlob) -> None:
        """Do the sharer's and the owner's blobs fit?"""
        permissive = spec.text("share_mode") == "PERMISSIVE"
        fits = blob.elements == owner.elements if permissive else blob.shape == owner.shape
        if not fits:
            raise spec.error(
                f"cannot share {blob.name!a} with layer {key!a}: expected its shape "
                f"{dims(owner.shape)}, found {dims(blob.shape)}",
                "name",
                kind=GraphError,
            )

    def check_multiplier(self, spec: Message, name: str, field: str) -> None:
        """All that give a shared blob's multiplier must give the same."""
        if spec.has(field):
            given = self._given.setdefault((name, field), spec.number(field))
            if spec.number(field) != given:
                raise spec.error(
                    f"the shared blob {name!a} has {field} {given:g} elsewhere, "
                    f"found {spec.number(field):g}",
                    field,
                    kind=GraphError,
                )
