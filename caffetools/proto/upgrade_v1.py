"""Nets of 2014 (V1) -> today's form: types as strings, a `param` per blob, `transform_param`.

As upgrade_proto.cpp does it (UpgradeNetDataTransformation, UpgradeV1LayerParameter).
"""

from __future__ import annotations

from caffetools.errors import PrototxtError
from caffetools.proto import schema
from caffetools.proto.message import Entry, Message, Notes, Value, Word
from caffetools.proto.schema import Field
from caffetools.proto.values import read_known

TYPES = {
    "NONE": "", "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "ARGMAX": "ArgMax", "BNLL": "BNLL",
    "CONCAT": "Concat", "CONTRASTIVE_LOSS": "ContrastiveLoss", "CONVOLUTION": "Convolution",
    "DATA": "Data", "DECONVOLUTION": "Deconvolution", "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData", "ELTWISE": "Eltwise", "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp", "FLATTEN": "Flatten", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss", "IM2COL": "Im2col", "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss", "INNER_PRODUCT": "InnerProduct", "LRN": "LRN",
    "MEMORY_DATA": "MemoryData", "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN", "POOLING": "Pooling", "POWER": "Power", "RELU": "ReLU", "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "SILENCE": "Silence",
    "SLICE": "Slice", "SOFTMAX": "Softmax", "SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split",
    "TANH": "TanH", "THRESHOLD": "Threshold", "WINDOW_DATA": "WindowData",
}  # fmt: skip
"""Current name of each of master's types of V1 (UpgradeV1LayerType)."""

FORK_TYPES = {
    "ACCURACY_REGRESSION": "AccuracyRegression", "BATCH_NORM": "BatchNorm", "BN": "BN",
    "CLIP": "Clip", "COMPACT_DATA": "CompactData", "CONVOLUTION3D": "Convolution3D",
    "CROP": "Crop", "DATA_HEATMAP": "DataHeatmap", "DECONVOLUTION3D": "Deconvolution3D",
    "DEPTHWISECONVOLUTION": "DepthwiseConvolution",
    "DETECTIONOUTPUT": "DetectionOutput", "ELTWISE_ACCURACY": "EltwiseAccuracy",
    "ELTWISE_AFFINE": "EltwiseAffine", "EUCLIDEAN_LOSS_HEATMAP": "EuclideanLossHeatmap",
    "IMAGE_SEG_DATA": "ImageSegData", "INSANITY": "Insanity", "LOCAL": "Local",
    "MULTINOMIAL_LOGISTIC_SPARSITY_LOSS": "MultinomialLogisticSparsityLoss",
    "MULTI_STAGE_MEANFIELD": "MultiStageMeanfield", "NORMALIZE": "Normalize",
    "POOLING3D": "Pooling3D", "PRIORBOX": "PriorBox", "RELU6": "ReLU6", "RESHAPE": "Reshape",
    "RESIZE": "Resize", "ROIPOOLING": "ROIPooling", "SMOOTH_L1_LOSS": "SmoothL1Loss",
    "TRIPLET_LOSS": "TripletLoss", "UNPOOLING": "Unpooling", "UPSAMPLE": "Upsample",
    "VIDEO_DATA": "VideoData",
}  # fmt: skip
"""Current name of each type that a fork added to V1."""

_TRANSFORMED = {name: f"{name.lower()}_param" for name in ("DATA", "IMAGE_DATA", "WINDOW_DATA")}
_TRANSFORMATION = ("scale", "mean_file", "crop_size", "mirror")
_PARAM = {
    "param": "name",
    "blob_share_mode": "share_mode",
    "blobs_lr": "lr_mult",
    "weight_decay": "decay_mult",
}
"""Field of `param` for each of V1's lists, which have an entry for each blob."""


def upgrade_v1(net: Message, notes: Notes) -> Message:
    """The net with `layer` for its `layers`.

    Raises PrototxtError, placed, for a field of a fork that cannot be what today's schema says.
    """
    fields: dict[str, list[Entry]] = {}
    for name, entries in net.fields.items():
        if name == "layers":
            fields["layer"] = [(_layer(old, notes), old.offset) for old in net.messages(name)]
        else:
            fields[name] = entries
    return net.replaced(fields)


def _layer(old: Message, notes: Notes) -> Message:
    """One layer in today's form."""
    descriptor, former = schema.message("LayerParameter"), schema.message("V1LayerParameter")
    fields: dict[str, list[Entry]] = {}
    for name, entries in _with_transformation(old).items():
        if name == "type":
            fields[name] = [(_type(old, notes), entries[0][1])]
        elif name in former.fields or name not in descriptor.fields:
            if name not in _PARAM:
                fields[name] = entries
        else:
            fields[name] = retype(old, name, descriptor.fields[name])
    params = _params(old)
    if params:
        fields["param"] = params
    return Message(descriptor, old.source, old.offset, fields)


def _type(old: Message, notes: Notes) -> str:
    name = old.text("type")
    if name in TYPES:
        return TYPES[name]
    if name not in FORK_TYPES:
        notes.add(f"the former layer type {name!a} has no known name in today's form", old, "type")
    return FORK_TYPES.get(name, name)


def _with_transformation(old: Message) -> dict[str, list[Entry]]:
    """A layer's fields, with a data layer's own transformation moved into its `transform_param`."""
    holder = _TRANSFORMED.get(old.text("type"), "")
    data = old.message(holder) if old.has(holder) else None
    moved = {name: data.fields[name] for name in _TRANSFORMATION if data and data.has(name)}
    if data is None or not moved:
        return old.fields
    transform = old.message("transform_param")
    if not old.has("transform_param"):
        transform.offset = next(iter(moved.values()))[0][1]
    left = {name: entries for name, entries in data.fields.items() if name not in moved}
    return {
        **old.fields,
        holder: [(data.replaced(left), data.offset)],
        "transform_param": [(transform.replaced({**transform.fields, **moved}), transform.offset)],
    }


def _params(old: Message) -> list[Entry]:
    """A `param` for each blob in any of V1's lists."""
    specs: list[dict[str, list[Entry]]] = []
    for source, target in _PARAM.items():
        for index, entry in enumerate(old.fields.get(source, ())):
            if index == len(specs):
                specs.append({})
            specs[index][target] = [entry]
    descriptor = schema.message("ParamSpec")
    offsets = [min(entries[0][1] for entries in spec.values()) for spec in specs]
    return [
        (Message(descriptor, old.source, offset, spec), offset)
        for spec, offset in zip(specs, offsets, strict=True)
    ]


def retype(message: Message, name: str, field: Field) -> list[Entry]:
    """Read the values of a field of unknown type again as those of `field`.

    A field that V1's schema does not know may be one of today's. Raises PrototxtError, placed, for
    a value that the field cannot hold.
    """
    entries = message.fields[name]
    if len(entries) > 1 and not field.repeated:
        raise message.error(f"'{name}' is given twice", name, kind=PrototxtError)
    return [
        (_retyped_value(message, name, index, field), offset)
        for index, (_, offset) in enumerate(entries)
    ]


def _retyped_value(message: Message, name: str, index: int, field: Field) -> Value:
    value = message.fields[name][index][0]
    if isinstance(value, Message) and field.type == "message":
        return _retyped_message(value, field.type_name)
    if not isinstance(value, Message | bytes) and field.type != "message":
        try:
            return _retyped_scalar(value, field)
        except ValueError as error:
            text = f"'{name}': {error}"
            raise message.error(text, name, index, PrototxtError) from None
    found = "a message" if isinstance(value, Message) else "a scalar"
    text = f"'{name}' is of type {field.type}, found {found}"
    raise message.error(text, name, index, PrototxtError)


def _retyped_message(untyped: Message, type_name: str) -> Message:
    descriptor = schema.message(type_name)
    fields = {
        name: retype(untyped, name, descriptor.fields[name])
        if name in descriptor.fields
        else entries
        for name, entries in untyped.fields.items()
    }
    return Message(descriptor, untyped.source, untyped.offset, fields)


def _retyped_scalar(value: float | str, field: Field) -> Value:
    quoted = isinstance(value, str) and not isinstance(value, Word)
    if quoted != (field.type in ("string", "bytes")):
        raise ValueError(f"expected a value of type {field.type}, found {value!a}")
    if not quoted:
        return read_known(field, str(value))
    return str(value).encode("utf-8", "surrogateescape") if field.type == "bytes" else value
