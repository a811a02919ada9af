"""Parameter blobs with their owners and multipliers (net.cpp, AppendParam)."""

from __future__ import annotations

from typing import NamedTuple

from caffetools.errors import GraphError
from caffetools.layers.base import Param
from caffetools.layers.blobs import Shape, count, dims
from caffetools.net.graph import Node
from caffetools.proto.message import Message


class ParamBlob(NamedTuple):
    """A parameter blob of a layer in the net."""

    name: str | None
    """Name under which layers share it; None without one."""
    role: str
    shape: Shape
    lr_mult: float
    decay_mult: float
    statistic: bool
    owner: str | None
    """Key of the layer that owns a shared blob; None if this layer does."""
    needs_backward: bool
    """Whether the layer's flag counts it as learned; Caffe may do so for BatchNorm's statistics."""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return count(self.shape)

    @property
    def learnable(self) -> bool:
        """Whether a solver changes it."""
        return self.lr_mult != 0 and not self.statistic


class ParamSharing:
    """The named blobs of the layers so far, with owners and multipliers."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, ParamBlob]] = {}
        self._given: dict[tuple[str, str], float] = {}

    def add(self, node: Node, params: tuple[Param, ...]) -> tuple[ParamBlob, ...]:
        """Return the blobs of a layer; GraphError, placed, for sharing that Caffe refuses."""
        specs = node.message.messages("param")
        if len(specs) > len(params):
            most = f"at most {len(params)} param, one for each of the layer's blobs"
            text = f"expected {most}, found {len(specs)}"
            raise node.message.error(text, "param", len(params), GraphError)
        return tuple(
            self.blob(node, param, specs[index] if index < len(specs) else None)
            for index, param in enumerate(params)
        )

    def blob(self, node: Node, param: Param, spec: Message | None) -> ParamBlob:
        """Return one blob, with its `param` in the prototxt, if any."""
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

    def with_multipliers(self, blob: ParamBlob) -> ParamBlob:
        """Return a blob with its final multipliers, once all layers are added.

        A shared blob has the multipliers that any of its layers gives, owner or not.
        """
        if blob.name is None:
            return blob
        return blob._replace(
            lr_mult=self._given.get((blob.name, "lr_mult"), blob.lr_mult),
            decay_mult=self._given.get((blob.name, "decay_mult"), blob.decay_mult),
        )

    def check_shape(self, spec: Message, blob: ParamBlob, key: str, owner: ParamBlob) -> None:
        """Raise GraphError if the shape does not match the owner's."""
        permissive = spec.text("share_mode") == "PERMISSIVE"
        fits = blob.elements == owner.elements if permissive else blob.shape == owner.shape
        if not fits:
            shapes = f"expected shape {dims(owner.shape)}, found {dims(blob.shape)}"
            text = f"cannot share {blob.name!a} with layer {key!a}: {shapes}"
            raise spec.error(text, "name", kind=GraphError)

    def check_multiplier(self, spec: Message, name: str, field: str) -> None:
        """Raise GraphError if layers give a shared blob different multipliers."""
        if spec.has(field):
            value = spec.number(field)
            given = self._given.setdefault((name, field), value)
            if value != given:
                shared = f"{given:g} as elsewhere for the shared blob {name!a}"
                text = f"expected {field} {shared}, found {value:g}"
                raise spec.error(text, field, kind=GraphError)
