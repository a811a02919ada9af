"""Nets written in Python: `NetSpec`, and the makers `layers` and `params` (net_spec.py)."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from caffetools.pycaffe import caffe_pb2
from caffetools.pycaffe.caffe_pb2 import protobuf_classes

Names = dict[Any, str]


class Top:
    """One output of a layer."""

    def __init__(self, fn: Function, n: int) -> None:
        self.fn, self.n = fn, n

    def to_proto(self) -> Any:
        """Return a NetParameter with all layers that this output needs."""
        return to_proto(self)


class Function:
    """A layer: its type, its inputs and its options.

    `ntop` in the options is the number of outputs, `in_place` whether they are the inputs.
    """

    def __init__(self, type_name: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> None:
        for index, given in enumerate(inputs):
            if not isinstance(given, Top):
                raise TypeError(f"{type_name} input {index} is not a Top (type is {type(given)})")
        self.type_name, self.inputs, self.params = type_name, inputs, params
        self.ntop = params.pop("ntop", 1)
        self.in_place = params.pop("in_place", False)
        self.tops = tuple(Top(self, n) for n in range(self.ntop))

    def add_to(self, layers: OrderedDict[Function, Any], names: Names, counts: Counter[str]) -> Any:
        """Add the layer after those of its inputs, unless it is there; return it."""
        if self in layers:
            return layers[self]
        bottoms = [top.fn.add_to(layers, names, counts).top[top.n] for top in self.inputs]
        layer: Any = protobuf_classes()["LayerParameter"](type=self.type_name, bottom=bottoms)
        if self.in_place:
            layer.top.extend(bottoms)
        else:
            layer.top.extend([_name(top, self.type_name, names, counts) for top in self.tops])
        named = self.tops[0] if self.tops else self
        layer.name = names.setdefault(self, _name(named, self.type_name, names, counts))
        for key, value in self.params.items():
            own = _param_fields().get(self.type_name)
            is_own = own and not key.endswith("param") and hasattr(getattr(layer, own), key)
            assign_proto(getattr(layer, str(own)) if is_own else layer, key, value)
        layers[self] = layer
        return layer


def _name(key: Any, type_name: str, names: Names, counts: Counter[str]) -> str:
    """Return the name of an output or a layer, a new one such as Convolution1 if it has none."""
    if key not in names:
        counts[type_name] += 1
        names[key] = f"{type_name}{counts[type_name]}"
    return names[key]


class NetSpec:
    """A net whose outputs are attributes: their names are those of the layers and blobs."""

    tops: OrderedDict[str, Any]

    def __init__(self) -> None:
        super().__setattr__("tops", OrderedDict())

    def __setattr__(self, name: str, value: Any) -> None:
        self.tops[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # copy and pickle look for their methods
            raise AttributeError(name)
        return self.tops[name]

    __setitem__ = __setattr__
    __getitem__ = __getattr__

    def to_proto(self) -> Any:
        """Return a NetParameter with all layers."""
        return _net(self.tops.values(), {top: name for name, top in self.tops.items()})


def to_proto(*tops: Top) -> Any:
    """Return a NetParameter with all layers that these outputs need, with names of their types."""
    return _net(tops, {})


def _net(tops: Any, names: Names) -> Any:
    layers: OrderedDict[Function, Any] = OrderedDict()
    counts: Counter[str] = Counter()
    for top in tops:
        getattr(top, "fn", top).add_to(layers, names, counts)
    return protobuf_classes()["NetParameter"](layer=layers.values())


def assign_proto(proto: Any, name: str, value: Any) -> None:
    """Set a field: a dict is a message, a list or a single value those of a repeated field."""
    field = getattr(proto, name)
    if hasattr(field, "extend") and not isinstance(value, list):
        value = [value]
    if isinstance(value, list) and isinstance(value[0], Mapping):
        for item in value:
            _assign_all(field.add(), item)
    elif isinstance(value, list):
        field.extend(value)
    elif isinstance(value, Mapping):
        _assign_all(field, value)
    else:
        setattr(proto, name, value)


def _assign_all(proto: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        assign_proto(proto, key, value)


@cache
def _param_fields() -> dict[str, str]:
    """Return the field with the options of each type: Convolution's is convolution_param."""
    fields: Any = protobuf_classes()["LayerParameter"].DESCRIPTOR.fields
    return {
        field.message_type.name.removesuffix("Parameter"): field.name
        for field in reversed(fields)
        if field.name.endswith("_param") and field.message_type
    }


class Layers:
    """Makes layers: `layers.Convolution(bottom, num_output=20, kernel_size=5)`."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def make(*inputs: Any, **options: Any) -> Any:
            function = Function(name, inputs, options)
            return function.tops[0] if function.ntop == 1 else function.tops or function

        return make


class Parameters:
    """Values of enums: `params.Pooling.MAX`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(caffe_pb2, f"{name}Parameter")


layers = Layers()
params = Parameters()
