"""Layer types that take from a log what its prototxt does not determine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from caffetools.check.printed import Printed
from caffetools.errors import CaffeToolsError
from caffetools.layers.base import Facts, Layer, LayerClass, Spec
from caffetools.layers.blobs import Shape, at_least, dims
from caffetools.layers.registry import REGISTRY, Registry
from caffetools.net.reading import note_unknown_fields
from caffetools.proto.message import Notes

_MASTER = "BVLC/caffe"


class Tolerant(Registry):
    """The layer types, made so that what is unknown or refused is as the log prints it.

    So is what a fork's layer of another shape gives, except that of `forks`, if given, only those.
    """

    def __init__(
        self,
        types: set[str],
        logged: Mapping[str, Sequence[Shape | None]],
        printed: Printed,
        forks: Collection[str] | None,
    ) -> None:
        super().__init__({})
        self.refusals: dict[str, str] = {}
        """Why a layer is refused, by its name."""
        self.differing: dict[str, str] = {}
        """How a fork's layer differs from its rules, by its name."""
        self._types = types
        self._logged = logged
        self._printed = printed
        self._forks = forks

    def find(self, name: str) -> LayerClass | None:
        """Return the class of a type, also of an unknown type of the net."""
        found = super().find(name)
        known = REGISTRY.find(name)
        if found is None and (known is not None or name in self._types):
            self.register(self._class(name, known or Unknown))
            found = super().find(name)
        return found

    def _class(self, name: str, base: LayerClass) -> LayerClass:
        registry = self

        def set_up(self: Layer, spec: Spec) -> None:
            vars(self)["spec"] = spec
            try:
                base.__init__(self, spec)
            except CaffeToolsError as error:
                registry.refuse(spec, base, error.message)

        def facts(self: Layer, bottoms: tuple[Shape, ...]) -> Facts:
            spec: Spec = vars(self)["spec"]
            if spec.name not in {*registry.refusals, *registry.differing}:
                try:
                    return registry.as_logged(spec, base, base.facts(self, bottoms))
                except CaffeToolsError as error:
                    registry.refuse(spec, base, error.message)
            return Facts(registry.logged_tops(spec))

        return type(base.__name__, (base,), {"type": name, "__init__": set_up, "facts": facts})

    def refuse(self, spec: Spec, base: LayerClass, reason: str) -> None:
        """Note why a layer is refused."""
        if self._may_differ(spec, base) and self._logged.get(spec.name):
            self.differing[spec.name] = f"{base.origin or _MASTER} refuses it: {reason}"
        else:
            self.refusals[spec.name] = reason

    def logged_tops(self, spec: Spec) -> tuple[Shape | None, ...]:
        """Return the shapes of a layer's tops as far as the log prints them."""
        shapes = (*self._logged.get(spec.name, ()), *(None for _ in spec.tops))
        return shapes[: len(spec.tops)]

    def as_logged(self, spec: Spec, base: LayerClass, facts: Facts) -> Facts:
        """Return what a layer gives, with the shapes of the log where its fork differs."""
        if not self._may_differ(spec, base) or self._printed.without_batch:
            return facts
        for own, printed in zip(facts.tops, self.logged_tops(spec), strict=False):
            if own and printed and self._printed.expected(own, printed) != printed:
                words = f"{dims(printed)} in the log, {dims(own)} in {base.origin or _MASTER}"
                self.differing[spec.name] = words
                return replace(facts, tops=self.logged_tops(spec))
        return facts

    def _may_differ(self, spec: Spec, base: LayerClass) -> bool:
        """Whether the log's Caffe may have another layer of this type: forks have many versions.

        A field that no known fork has shows it, too.
        """
        if not spec.bottoms or (self._forks is not None and spec.name not in self._forks):
            return False
        unknown = Notes()
        note_unknown_fields(spec.message, unknown)
        return base.origin is not None or bool(unknown.all())


class Unknown(Layer):
    """An unregistered layer type."""

    bottoms = at_least(0)
    tops = at_least(0)

    def __init__(self, spec: Spec) -> None:
        raise CaffeToolsError(f"unknown layer type {spec.message.text('type')!a}")
