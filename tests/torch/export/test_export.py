"""Exports as files and notes, without the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import from_text
from caffetools.net.net import Net
from caffetools.torch.export.export import ExportOptions, export, export_onnx, module_spec
from tests.torch.nets import FOLDING, PHASES, drawn, stored

ODD = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 } } }\n'
    'layer { name: "a" type: "Odd" bottom: "x" top: "y" }'
)


def content(pieces: object) -> bytes:
    assert not isinstance(pieces, bytes)
    return b"".join(pieces)  # type: ignore[arg-type]


def weights(net: Net, tmp_path: Path) -> str:
    path = tmp_path / "w.caffemodel"
    path.write_bytes(stored(drawn(net)))
    return str(path)


def test_both_phases_come_from_one_message() -> None:
    assert module_spec(from_text(PHASES)).phases == ("TRAIN", "TEST")
    assert module_spec(from_text(PHASES, phase="test")).phases == ("TEST", "TRAIN")


def test_the_shapes_that_the_user_gives_hold_in_both() -> None:
    text = PHASES.replace("dim: 8 dim: 4 }", "dim: 8 dim: 5 }")
    assert len(module_spec(from_text(text)).phases) == 1
    net = from_text(text, input_shapes={"data": (3, 4), "label": (3,)})
    assert len(module_spec(net).phases) == 2


def test_a_phase_that_caffe_refuses_is_no_phase() -> None:
    text = PHASES.replace('bottom: "ip" bottom: "label" top: "accuracy"', 'bottom: "ip" top: "a"')
    assert module_spec(from_text(text)).phases == ("TRAIN",)


def test_files(tmp_path: Path) -> None:
    net = from_text(PHASES)
    labels = tmp_path / "labels.txt"
    labels.write_text("cat \ndog\n\n")
    made = export(module_spec(net), ExportOptions(weights(net, tmp_path), labels=str(labels)))
    assert list(made.files) == ["model.py", "weights.safetensors"]
    text = made.files["model.py"]
    assert isinstance(text, bytes)
    assert b'LABELS: tuple[str, ...] = ("cat", "dog")' in text
    assert content(made.files["weights.safetensors"])[8:9] == b"{"
    assert (made.notes, made.mistakes) == ((), ())


def test_unknown_types_are_mistakes_unless_allowed() -> None:
    program = module_spec(from_text(ODD))
    (mistake,) = export(program, ExportOptions()).mistakes
    text = "layer 'a' has the unknown type 'Odd'"
    assert mistake.message == f"{text}; pass --allow-missing to export a class to fill in"
    assert mistake.location.line == 2
    allowed = export(program, ExportOptions(allow_missing=True))
    assert (allowed.mistakes, allowed.notes) == ((), (mistake._replace(message=text),))


@pytest.mark.parametrize(
    ("fillers", "found"),
    [
        ("", "zeros"),
        ('weight_filler { type: "constant" value: 2 }', "constants"),
        ('weight_filler { type: "xavier" }', "random, as the fillers say"),
    ],
)
def test_a_net_to_deploy_without_weights_says_what_they_are(fillers: str, found: str) -> None:
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'
        'layer { name: "i" type: "InnerProduct" bottom: "x" top: "y" '
        f"inner_product_param {{ num_output: 2 {fillers} }} }}"
    )
    notes = export(module_spec(from_text(text)), ExportOptions()).notes
    assert [note.message for note in notes] == [
        f"the weights are {found}; pass --weights to export trained ones"
    ]


def test_a_mean_image_is_a_file_of_its_own(tmp_path: Path) -> None:
    mean = b"\x08\x01\x10\x03\x18\x01\x20\x01" + b"\x2a\x0c" + b"\0\0\x80\x3f" * 3
    (tmp_path / "mean.binaryproto").write_bytes(mean)
    text = (
        'layer { name: "d" type: "ImageData" top: "d" top: "l" image_data_param { source: "-" '
        "batch_size: 1 new_height: 1 new_width: 1 } "
        'transform_param { mean_file: "mean.binaryproto" } }'
    )
    net = from_text(text, name=str(tmp_path / "net.prototxt"), folder=str(tmp_path))
    program = module_spec(net)
    made = export(program, ExportOptions())
    assert list(made.files) == ["model.py", "mean.safetensors"]
    code = made.files["model.py"]
    assert isinstance(code, bytes)
    assert b'path = Path(__file__).with_name("mean.safetensors")' in code
    alone = export(program, ExportOptions(alone=True))
    assert list(alone.files) == ["model.py"]
    assert "needs a second file" in alone.notes[-1].message
    assert b"def preprocess" not in bytes(alone.files["model.py"])  # type: ignore[arg-type]


def test_folding(tmp_path: Path) -> None:
    net = from_text(FOLDING, phase="test")
    made = export(module_spec(net), ExportOptions(weights(net, tmp_path), fold=True))
    code = made.files["model.py"]
    assert isinstance(code, bytes)
    assert b"BatchNorm(" not in code
    assert b"folded into the preceding layers" in code


def test_onnx_is_one_file_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert export_onnx(module_spec(from_text(ODD)), ExportOptions()).files == {}
    monkeypatch.setitem(sys.modules, "caffetools.torch.export.onnx_file", None)
    with pytest.raises(CaffeToolsError) as caught:
        export_onnx(module_spec(from_text(PHASES, phase="test")), ExportOptions())
    assert "pip install 'caffetools[torch,onnx]'" in caught.value.message
