"""The whole text of a model: golden files, and what holds of every one of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caffetools.net.loading import from_text, load
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import ModelExtras, model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.preprocess import data_steps
from tests.conftest import Golden
from tests.torch.nets import PHASES, SHARING

EXAMPLES = Path(__file__).parents[3] / "examples"
ODD = (
    'name: "a\\"\\"\\"b" layer { name: "in" type: "Input" top: "x" '
    "input_param { shape { dim: 2 dim: 4 } } }\n"
    'layer { name: "o" type: "Odd" bottom: "x" top: "y" }'
)


def spec(name: str) -> ModuleSpec:
    """A program by the name of its golden file."""
    if name == "siamese":
        return assemble(from_text(SHARING, "siamese.prototxt"))
    if name == "odd":
        return assemble(from_text(ODD, "odd.prototxt"))
    if name == "two_phases":
        return assemble(
            from_text(PHASES, "two.prototxt"), from_text(PHASES, "two.prototxt", phase="test")
        )
    return assemble(load(EXAMPLES / name / "deploy.prototxt", phase="test"))


NAMES = ("caffenet", "lenet", "odd", "siamese", "two_phases")


@pytest.mark.parametrize("name", NAMES)
def test_golden(golden: Golden, name: str) -> None:
    golden.check(f"torch/{name}.txt", model_code(spec(name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_clean_by_ruffs_own_rules(name: str, tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    path = tmp_path / "model.py"
    path.write_text(model_code(spec(name)))
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_imported_but_pytorch_and_python(name: str) -> None:
    tree = ast.parse(model_code(spec(name)))
    kinds = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.Expr)
    assert all(isinstance(node, kinds) for node in tree.body)
    assert set(imported(tree)) <= {"__future__", "json", "math", "os", "torch", "typing"}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


def test_weights_beside_the_model_are_the_default() -> None:
    text = model_code(spec("lenet"), ModelExtras(weights="weights.safetensors"))
    assert 'WEIGHTS = Path(__file__).with_name("weights.safetensors")\n' in text
    assert "def build(weights: str | os.PathLike[str] | None = WEIGHTS) -> LeNet:\n" in text


def test_preprocessing_and_labels() -> None:
    net = from_text(
        'layer { name: "d" type: "ImageData" top: "d" top: "l" image_data_param { '
        'source: "-" batch_size: 2 new_height: 8 new_width: 9 } '
        "transform_param { crop_size: 7 mean_value: 104 mean_value: 117 mean_value: 123 } }"
    )
    text = model_code(assemble(net), ModelExtras(steps=data_steps(net), labels=('a "cat"', "b")))
    call = "transform_image(image, size=(8, 9), crop=(7, 7), mean=(104.0, 117.0, 123.0))"
    assert f"    return {call}\n" in text
    assert "into 1 x 3 x 7 x 7." in text
    words = " ".join(text.partition('"""\n\n')[0].split())
    assert words.endswith(
        "Images are BGR, 0 to 255; resize to 8 x 9; crop 7 x 7; subtract 104, 117, 123. "
        "`preprocess` takes RGB and reverses it; the mean is in the order BGR."
    )
    assert 'LABELS: tuple[str, ...] = (\'a "cat"\', "b")\n' in text
    assert text.count("def transform_image(") == 1
