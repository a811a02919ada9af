"""The schema at run time, against what Caffe's files mean, and against the tables of facts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffetools.proto import schema
from caffetools.proto.schema import Descriptor, Enum, Field


def field(path: str) -> Field:
    """The field of a path such as "LayerParameter.name"."""
    message, _, name = path.rpartition(".")
    return schema.message(message).fields[name]


def all_fields() -> Iterator[tuple[Descriptor, Field]]:
    for name in schema.messages():
        descriptor = schema.message(name)
        for found in descriptor.fields.values():
            yield descriptor, found


def facts(shared: Path, name: str) -> Iterator[dict[str, str]]:
    with (shared / "facts" / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


@pytest.mark.parametrize(
    ("path", "number", "kind", "default"),
    [
        ("AccuracyParameter.top_k", 1, "uint32", 1),
        ("BatchNormParameter.eps", 3, "float", 1e-5),
        ("BatchNormParameter.moving_average_fraction", 2, "float", 0.999),
        ("ConvolutionParameter.bias_term", 2, "bool", True),
        ("ConvolutionParameter.engine", 15, "enum", "DEFAULT"),
        ("DataParameter.backend", 8, "enum", "LEVELDB"),
        ("FillerParameter.type", 1, "string", "constant"),
        ("LRNParameter.alpha", 2, "float", 1.0),
        ("NetState.phase", 1, "enum", "TEST"),
        ("PoolingParameter.global_pooling", 12, "bool", False),
        ("SolverParameter.clip_gradients", 35, "float", -1.0),
        ("SolverParameter.delta", 31, "float", 1e-8),
        ("SolverParameter.random_seed", 20, "int64", -1),
        ("SolverParameter.solver_mode", 17, "enum", "GPU"),
        ("SolverParameter.type", 40, "string", "SGD"),
        ("V0LayerParameter.det_crop_mode", 59, "string", "warp"),
        ("PriorBoxParameter.offset", 13, "float", 0.5),
        ("DetectionOutputParameter.code_type", 6, "enum", "CORNER"),
    ],
)
def test_declared_default(path: str, number: int, kind: str, default: schema.Default) -> None:
    found = field(path)
    assert (found.number, found.type, found.default) == (number, kind, default)
    assert type(found.default) is type(default)
    assert found.declared is not None
    assert not found.repeated
    assert not found.required


@pytest.mark.parametrize(
    ("path", "kind", "default"),
    [
        ("ConvolutionParameter.num_output", "uint32", 0),
        ("ArgMaxParameter.axis", "int32", 0),
        ("SolverParameter.base_lr", "float", 0.0),
        ("BatchNormParameter.use_global_stats", "bool", False),
        ("LayerParameter.name", "string", ""),
        ("Datum.data", "bytes", b""),
        ("LayerParameter.phase", "enum", "TRAIN"),
        ("V1LayerParameter.type", "enum", "NONE"),
        ("LayerParameter.convolution_param", "message", None),
        ("LayerParameter.bottom", "string", None),
        ("LayerParameter.loss_weight", "float", None),
        ("V1LayerParameter.blob_share_mode", "enum", None),
    ],
)
def test_without_a_declared_default(path: str, kind: str, default: schema.Default) -> None:
    found = field(path)
    assert (found.type, found.default, found.declared) == (kind, default, None)
    assert type(found.default) is type(default)


@pytest.mark.parametrize(
    ("path", "repeated", "required", "packed"),
    [
        ("BlobProto.data", True, False, True),
        ("BlobShape.dim", True, False, True),
        ("ConvolutionParameter.kernel_size", True, False, False),
        ("PoolingParameter.kernel_size", False, False, False),
        ("PriorBoxParameter.min_size", True, False, False),
        ("ClipParameter.min", False, True, False),
        ("PSROIPoolingParameter.output_dim", False, True, False),
    ],
)
def test_label(path: str, *, repeated: bool, required: bool, packed: bool) -> None:
    found = field(path)
    assert (found.repeated, found.required, found.packed) == (repeated, required, packed)


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("Phase", "TEST", 1),
        ("PoolingParameter.PoolMethod", "AVE", 1),
        ("EltwiseParameter.EltwiseOp", "MAX", 2),
        ("HingeLossParameter.Norm", "L1", 1),
        ("LossParameter.NormalizationMode", "NONE", 3),
        ("V1LayerParameter.LayerType", "CONVOLUTION", 4),
        ("V1LayerParameter.LayerType", "DECONVOLUTION", 39),
        ("ConvolutionParameter.Engine", "MKL2017", 3),
        ("PriorBoxParameter.CodeType", "CENTER_SIZE", 2),
    ],
)
def test_enum_value(name: str, value: str, number: int) -> None:
    enum = schema.enum(name)
    assert enum.numbers[value] == number
    assert enum.names[number] == value


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("LayerParameter.convolution_param", None),
        ("LayerParameter.permute_param", "weiliu89/caffe"),
        ("LayerParameter.roi_pooling_param", "rbgirshick/caffe-fast-rcnn"),
        ("PermuteParameter.order", "weiliu89/caffe"),
        ("BatchNormParameter.scale_bias", "NVIDIA/caffe"),
        ("BatchNormParameter.filler", "intel/caffe"),
        ("DetectNetGroundTruthParameter.ClassMapping.src", "NVIDIA/caffe"),
    ],
)
def test_origin_of_a_field(path: str, origin: str | None) -> None:
    assert field(path).origin == origin


def test_origin_of_messages_and_values() -> None:
    assert schema.message("ConvolutionParameter").origin is None
    assert schema.message("PermuteParameter").origin == "weiliu89/caffe"
    assert schema.enum("PoolingParameter.Engine").origins == {
        "MKL2017": "intel/caffe",
        "MKLDNN": "intel/caffe",
        "LIBDNN": "BVLC/caffe",
    }


def test_message_and_enum_of_a_field() -> None:
    convolution = field("LayerParameter.convolution_param")
    assert convolution.message is schema.message("ConvolutionParameter")
    assert convolution.enum is None
    engine = field("ConvolutionParameter.engine")
    assert engine.enum is schema.enum("ConvolutionParameter.Engine")
    assert engine.message is None
    assert field("ConvolutionParameter.pad").message is None


def test_names_without_a_message_or_enum() -> None:
    with pytest.raises(KeyError, match="NoParameter"):
        schema.message("NoParameter")
    with pytest.raises(KeyError, match="Engine"):
        schema.enum("Engine")


def test_every_number_and_name_is_unique() -> None:
    text = Path(schema.__file__).with_name("schema.txt").read_text(encoding="utf-8")
    _, *paragraphs = text.split("\n\n")
    assert len(paragraphs) == len(schema.messages()) + len(schema.enums())
    for paragraph in paragraphs:
        head, *lines = paragraph.splitlines()
        kind, name, *_ = head.split()
        if kind == "message":
            descriptor = schema.message(name)
            assert len(descriptor.fields) == len(descriptor.by_number) == len(lines), name
        else:
            enum = schema.enum(name)
            assert len(enum.numbers) == len(enum.names) == len(lines), name


def test_every_type_is_there() -> None:
    for descriptor, found in all_fields():
        assert (found.message is not None) == (found.type == "message"), (descriptor, found)
        assert (found.enum is not None) == (found.type == "enum"), (descriptor, found)
        if found.enum is not None and not found.repeated:
            assert found.default in found.enum.numbers, (descriptor, found)


def test_all_of_a_fork_s_message_is_a_fork_s() -> None:
    for descriptor, found in all_fields():
        if descriptor.origin is not None:
            assert found.origin is not None, (descriptor, found)


def test_representations() -> None:
    assert repr(field("LayerParameter.name")) == "<field name = 1, string>"
    assert repr(schema.message("BlobShape")) == "<message BlobShape>"
    assert repr(schema.enum("Phase")) == "<enum Phase>"


def as_written(found: Field) -> str:
    """A field's default in the tables' form."""
    if found.declared is None:
        return ""
    return f"{found.default:.9g}" if isinstance(found.default, float) else found.declared


def test_every_field_of_master(shared: Path) -> None:
    rows = [row for row in facts(shared, "proto_fields.tsv") if row["where"] == "master"]
    assert len(rows) > 400
    for row in rows:
        found = field(f"{row['message']}.{row['field']}")
        label = "repeated" if found.repeated else "required" if found.required else "optional"
        own = found.type_name.removeprefix(f"{row['message']}.")
        assert (found.number, own, label) == (int(row["number"]), row["type"], row["label"]), row
        assert found.packed == (row["packed"] == "packed"), row
        assert as_written(found) == row["default"], row
        assert found.origin is None, row


def test_every_enum_value_of_master(shared: Path) -> None:
    rows = [row for row in facts(shared, "proto_enums.tsv") if row["where"] == "master"]
    assert len(rows) > 100
    for row in rows:
        enum: Enum = schema.enum(row["enum"])
        assert enum.numbers[row["value"]] == int(row["number"]), row
        assert row["value"] not in enum.origins, row


def test_nothing_passes_for_master_s_that_is_not(shared: Path) -> None:
    master = {
        (row["message"], row["field"])
        for row in facts(shared, "proto_fields.tsv")
        if row["where"] == "master"
    }
    ours = {(message.name, found.name) for message, found in all_fields() if found.origin is None}
    assert ours == master


def test_every_fork_field_in_use(shared: Path) -> None:
    rows = [row for row in facts(shared, "fork_fields_in_use.tsv") if int(row["repos"]) >= 2]
    assert len(rows) > 90
    missing = []
    for row in rows:
        message, _, name = row["field"].rpartition(".")
        found = schema.message(message).fields.get(name)
        if found is None or found.origin is None:
            missing.append(row["field"])
    assert missing == []
