"""`caffetools export`: what is written, what is refused, and what the module computes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import caffetools
from caffetools.cli import main
from caffetools.formats.caffemodel import caffemodel

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

ROOT = Path(__file__).parents[2]
LENET = ROOT / "examples" / "lenet" / "deploy.prototxt"
UNHEARD = (
    'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }\n'
    'layer { name: "odd" type: "Unheard" bottom: "x" top: "y" }\n'
)


def export(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, arguments)], input=text)


def built(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("emitted", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build()


def lenet_weights(path: Path) -> dict[str, list[Any]]:
    chance = np.random.default_rng(1)
    blobs = {
        layer.node.name: [
            chance.standard_normal(blob.shape).astype(np.float32) for blob in layer.params
        ]
        for layer in caffetools.load(LENET).layers
        if layer.params
    }
    pieces = caffemodel("LeNet", [(name, "", arrays) for name, arrays in blobs.items()])
    path.write_bytes(b"".join(bytes(piece) for piece in pieces))
    return blobs


def test_a_folder_with_weights_and_the_way_back(tmp_path: Path) -> None:
    blobs = lenet_weights(tmp_path / "lenet.caffemodel")
    result = export(LENET, "--weights", tmp_path / "lenet.caffemodel", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"model.py", "weights.safetensors"}
    module = built(tmp_path / "out")
    found = caffetools.to_caffe(module)
    assert list(found) == list(blobs)
    for name, arrays in blobs.items():
        for expected, actual in zip(arrays, found[name], strict=True):
            np.testing.assert_array_equal(expected, actual)
    shape = caffetools.load(LENET).layers[0].tops[0]
    assert shape is not None
    assert module(torch.zeros(shape)).shape == (shape[0], 10)


def test_the_text_is_the_same_in_two_runs() -> None:
    assert export(LENET).stdout == export(LENET).stdout


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("mine")
    result = export(LENET, "-o", tmp_path)
    assert result.exit_code == 1
    assert (tmp_path / "model.py").read_text() == "mine"
    assert export(LENET, "-o", tmp_path, "--force").exit_code == 0
    assert "class" in (tmp_path / "model.py").read_text()


def test_a_file_alone(tmp_path: Path) -> None:
    assert export(LENET, "-o", tmp_path / "net.py").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


def test_chosen_outputs() -> None:
    for options in (("--outputs", "pool1,ip1"), ("--outputs", "pool1", "--outputs", "ip1")):
        assert 'outputs: tuple[str, ...] = ("pool1", "ip1")' in export(LENET, *options).stdout
    result = export(LENET, "--outputs", "ipp1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("no blob 'ipp1' to be an output; did you mean 'ip1'\n")


def test_steps_of_another_net_and_of_a_file(tmp_path: Path) -> None:
    train = LENET.with_name("train_test.prototxt")
    result = export(LENET, "--preprocess-from", train)
    assert "transform_image(image, size=(28, 28), scale=0.00390625" in result.stdout
    trap = "0.00390625 is a factor, no divisor, and follows the mean."
    assert trap in " ".join(result.stdout.split())
    steps = tmp_path / "steps.json"
    arguments = ["deploy", str(train), "--data-shape", "1,28,28", "-o", "-", "--preprocess"]
    assert CliRunner().invoke(main, [*arguments, str(steps)]).exit_code == 0
    assert export(LENET, "--preprocess", steps).stdout == result.stdout
    assert "def preprocess" not in export(LENET).stdout
    refused = export(LENET, "--to", "onnx", "--preprocess-in-graph")
    assert refused.stderr.endswith(
        "1:1: --preprocess-in-graph needs a data layer, --preprocess or --preprocess-from\n"
    )


def test_weights_need_a_folder() -> None:
    assert export(LENET, "--weights", "x.caffemodel").exit_code == 2


def test_an_unknown_type_is_refused_at_its_place(tmp_path: Path) -> None:
    result = export("-", "-o", tmp_path / "out", text=UNHEARD)
    assert result.exit_code == 1
    assert "<stdin>:2:1" in result.stderr
    assert not (tmp_path / "out").exists()
    allowed = export("-", "-o", tmp_path / "out", "--allow-missing", text=UNHEARD)
    assert (tmp_path / "out" / "model.py").exists() == (allowed.exit_code == 0)


def test_an_unknown_shape_comes_with_the_options_that_set_it() -> None:
    text = (
        'layer { name: "d" type: "Data" top: "x" data_param { source: "none" batch_size: 2 } }\n'
        'layer { name: "r" type: "ReLU" bottom: "x" top: "y" }'
    )
    hint = "pass --data-shape C,H,W or --input-shape x=N,C,H,W"
    for target in ("torch", "onnx"):
        lines = export("-", "--to", target, text=text).stderr.splitlines()
        assert lines[0] == f"<stdin>:1:1: note: the shape of 'x' is unknown; {hint}"
        assert lines[1] == f"<stdin>:2:32: the shape of the bottom 'x' is unknown: {hint}"


def test_weights_that_are_none_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.caffemodel").write_bytes(b"\xff" * 40)
    result = export(LENET, "--weights", tmp_path / "bad.caffemodel", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "bad.caffemodel" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "case", ["conv_4", "lstm", "reshape_infer", "euclidean", "crop", "argmax_1"]
)
def test_outputs_are_caffes(caffe: Path, tmp_path: Path, case: str) -> None:
    folder = caffe / "layers" / case
    told = json.loads((folder / "case.json").read_text())
    with np.load(folder / "data.npz") as stored:
        data = dict(stored)
    options = ("--phase", told["phase"].lower(), "--weights", folder / "net.caffemodel")
    result = export(folder / "net.prototxt", *options, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    module = built(tmp_path / "out")
    module.train(told["phase"] == "TRAIN")
    found = module(*(torch.tensor(data[f"in/{blob}"]) for blob in module.inputs))
    outputs = (found,) if torch.is_tensor(found) else found
    assert set(module.outputs) == set(told["outputs"])
    for blob, value in zip(module.outputs, outputs, strict=True):
        expected = data[f"out/{blob}"]
        limit = 1e-4 * np.abs(expected).max(initial=0) + 1e-6
        np.testing.assert_allclose(value.detach().numpy(), expected, rtol=0, atol=limit)


def test_what_does_not_go_together(tmp_path: Path) -> None:
    for options in (
        ("--fold-bn",),
        ("--fold-bn", "--weights", "w", "--solver", "s", "-o", tmp_path),
        ("--solver", "s"),
        ("--to", "onnx", "-o", tmp_path),
        ("--to", "onnx", "-o", "net.py"),
        ("--to", "onnx", "-o", "net.onnx", "--labels", "l"),
        ("--dynamic", "batch"),
        ("--preprocess-in-graph",),
        ("--outputs", "ip2", "--solver", "s", "-o", tmp_path),
    ):
        assert export(LENET, *options).exit_code == 2, options


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    lenet_weights(tmp_path / "lenet.caffemodel")
    data = (tmp_path / "lenet.caffemodel").read_bytes()
    for end in (len(data) // 2, len(data) - 1):
        (tmp_path / "cut.caffemodel").write_bytes(data[:end])
        result = export(LENET, "--weights", tmp_path / "cut.caffemodel", "-o", tmp_path / "out")
        assert result.exit_code == 1
        assert not (tmp_path / "out").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"lenet.caffemodel", "cut.caffemodel"}


def test_every_blob_that_does_not_fit_is_told(tmp_path: Path) -> None:
    layers = [(name, "", [np.zeros((2, 2)), np.zeros(2)]) for name in ("conv1", "ip2")]
    pieces = caffemodel("LeNet", layers)
    (tmp_path / "w.caffemodel").write_bytes(b"".join(bytes(piece) for piece in pieces))
    result = export(LENET, "--weights", tmp_path / "w.caffemodel", "-o", tmp_path / "out")
    lines = result.stderr.splitlines()
    assert [line.split(": ")[-1] for line in lines[-5:]] == [
        "blob 0 of layer 'conv1' expected 20 x 1 x 5 x 5, found 2 x 2",
        "blob 1 of layer 'conv1' expected 20, found 2",
        "blob 0 of layer 'ip2' expected 10 x 500, found 2 x 2",
        "blob 1 of layer 'ip2' expected 10, found 2",
        "blob 0 of layer 'conv1' expected 20 x 1 x 5 x 5, found 2 x 2, and 3 more",
    ]
    assert "no weights for layer 'conv2'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_folded_weights(tmp_path: Path) -> None:
    from tests.torch.nets import FOLDING, drawn, stored

    (tmp_path / "net.prototxt").write_text(FOLDING)
    net = caffetools.load(tmp_path / "net.prototxt")
    (tmp_path / "w.caffemodel").write_bytes(stored(drawn(net)))
    options = ("--weights", tmp_path / "w.caffemodel", "--fold-bn", "-o", tmp_path / "out")
    assert export(tmp_path / "net.prototxt", *options).exit_code == 0
    module = built(tmp_path / "out")
    assert not module.training
    learned = [name for name, child in module.named_children() if [*child.parameters()]]
    assert learned == ["c", "d", "i"]
    assert module(torch.zeros(2, 4, 9, 9)).shape == (2, 3)
