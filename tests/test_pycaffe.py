"""The scripts of examples/pycaffe, and one net over all the ways to run it."""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import caffetools
from caffetools.pycaffe.script import run_script
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module, run_module
from tests.commands import ROOT, run
from tests.live_nets import caffe, channel_means

SCRIPTS = ROOT / "examples" / "pycaffe"

Script = Callable[..., str]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Script:
    """Run a script in this process; return what it prints, which is no warning."""
    monkeypatch.setenv("GLOG_minloglevel", "1")
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(sys, "path", [*sys.path])

    def ran(name: str, *arguments: str) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run_script(str(SCRIPTS / name), arguments)
        done = capfd.readouterr()
        assert done.err == ""
        return done.out

    return ran


def test_net_surgery(script: Script) -> None:
    assert script("net_surgery.py").splitlines() == [
        "parameters: {'conv': [4, 1, 3, 3], 'fc': [10, 36]}",
        "mean + 1: True",
        "scores: [1, 10, 4, 4]",
        "equal to the classifier's at (1, 2): True",
    ]


def test_digits(script: Script) -> None:
    """A sixth of the script's 300 iterations is enough to see it learn."""
    pytest.importorskip("PIL")
    right = [int(each) for each in re.findall(r"(\d+) of 400 right", script("digits.py", "50"))]
    assert right[0] < 120
    assert right[-1] > 340


def test_logistic_regression(script: Script) -> None:
    """A hundredth of the iterations; with all, 0.77 and 0.84."""
    lines = script("logistic_regression.py", "100").splitlines()
    accuracies = [float(line.rpartition(" ")[2]) for line in lines]
    assert len(accuracies) == 2
    assert min(accuracies) > 0.6


def test_a_net_an_exported_module_and_a_classifier_agree(tmp_path: Path) -> None:
    net, weights = channel_means(tmp_path)
    image = np.random.default_rng(0).random((2, 2, 3)).astype(np.float32)
    found = caffe.Classifier(net, weights).predict([image, image], oversample=False)
    blob = np.stack([image.transpose(2, 0, 1)] * 2)
    live = caffe.Net(net, caffe.TEST, weights=weights).forward(data=blob)["prob"]
    tensors = {"prob.weight": np.eye(3, dtype=np.float32)}
    module = load_module(assemble(caffetools.load(net, "test")), tensors)
    (exported,) = run_module(module, blob)
    np.testing.assert_allclose(found, live, rtol=1e-6)
    np.testing.assert_array_equal(live, exported)
    assert torch.is_grad_enabled()


def test_one_result_for_a_shipped_image(tmp_path: Path) -> None:
    """A digit through `classify`, Classifier, the exported module and ONNX: ten equal scores."""
    pillow = pytest.importorskip("PIL.Image")
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    lenet, digit = ROOT / "examples" / "lenet", tmp_path / "digit.png"
    net, weights = str(lenet / "deploy.prototxt"), str(tmp_path / "w.caffemodel")
    pillow.open(lenet / "digits.png").convert("L").crop((0, 0, 28, 28)).save(digit)
    live, random = caffe.Net(net, caffe.TEST), np.random.default_rng(0)
    for blob in (blob for blobs in live.params.values() for blob in blobs):
        blob.data[...] = random.normal(0, 0.1, blob.data.shape)
    live.save(weights)
    options = ("--weights", weights, "--top", "10", "--scale", str(1 / 256), "--format", "json")
    rows = json.loads(run("classify", net, digit, *options).out)
    expected = [row["score"] for row in sorted(rows, key=lambda row: row["class"])]
    assert len(set(expected)) == 10
    classifier = caffe.Classifier(net, weights, raw_scale=255, input_scale=1 / 256)
    image = caffe.io.load_image(str(digit), color=False)
    found = [classifier.predict([image], oversample=False)[0]]
    batch = np.tile(image.transpose(2, 0, 1) * np.float32(255 / 256), (64, 1, 1, 1))
    with torch.no_grad():
        found.append(caffetools.module(net, weights).eval()(torch.from_numpy(batch))[0].numpy())
    caffetools.export(net, str(tmp_path / "net.onnx"), to="onnx", weights=weights)
    session = runtime.InferenceSession(str(tmp_path / "net.onnx"))
    found.append(session.run(None, {"data": batch})[0][0])
    np.testing.assert_allclose(found, [expected] * 3, rtol=1e-5)
