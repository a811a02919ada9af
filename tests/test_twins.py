"""Every source file has its test file, at the same place: caffetools/a/b.py and tests/a/test_b.py.

A package's __init__.py has its tests in test_init.py, and needs none if it holds a docstring alone.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "caffetools"

WITHOUT_TWIN = {
    "__main__.py": "three lines that call cli.main: test_init.py of the command line runs them",
    "pycaffe/__main__.py": "three lines that call script.main: its test runs them",
}
"""Source files without a test file of their own, each with the reason."""

WITHOUT_SOURCE = {
    "test_alexnet.py": "examples/alexnet, its recipe and rule",
    "test_api.py": "the public functions and objects, whole",
    "test_conftest.py": "the tests' own helpers",
    "test_contributing.py": "CONTRIBUTING.md",
    "test_finetune.py": "examples/finetune, its commands",
    "test_examples.py": "examples/, whole",
    "test_imports.py": "the package, whole",
    "test_parse_log.py": "caffetools/log, whole",
    "test_protobuf_classes.py": "the tests' own protobuf classes",
    "test_mutants.py": "damaged input, whatever reads it",
    "test_pycaffe.py": "examples/pycaffe, and one image through each way to classify it",
    "test_public_nets.py": "public nets, compared with what Caffe found",
    "test_readme.py": "README.md",
    "test_shapes.py": "examples/ssd, trained",
    "test_twins.py": "the tests, whole",
    "test_zoo.py": "examples/zoo",
    "cli/test_train_data.py": "training with damaged data, whole",
    "torch/test_emitted.py": "emitted modules, whole",
    "torch/test_gpu.py": "modules and training on a GPU, whole",
    "torch/test_training_log.py": "the log of a run, read back",
    "torch/training/test_golden_runs.py": "whole runs, beside Caffe's",
    "torch/training/test_caffe_curves.py": "curves of whole runs, compared with Caffe's",
    "torch/test_caffe_layers.py": "exported modules, compared with Caffe's results",
    "log/test_mutants.py": "damaged logs, whatever reads them",
    "pages/test_browser.py": "pages/script and page.css, in a browser",
}
"""Test files that belong to no single source file, each with what it is about."""

FOLDERS_WITHOUT_SOURCE = {
    "benchmarks": "measurements",
    "proto": "the schema's text, which lies beside the package",
}
"""Folders of tests that mirror nothing in the package, each with what it is about."""


def twin(source: str) -> str:
    """The test file of a source file, both relative to their trees."""
    path = Path(source)
    return path.with_name(f"test_{path.stem.strip('_')}.py").as_posix()


def files(folder: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(pattern))


def is_bare(path: Path) -> bool:
    """Does a module hold nothing but its docstring?"""
    return all(isinstance(node, ast.Expr) for node in ast.parse(path.read_bytes()).body)


def needs_twin(source: str) -> bool:
    bare = source.endswith("__init__.py") and is_bare(SOURCE / source)
    return source not in WITHOUT_TWIN and not bare


@pytest.mark.parametrize("source", files(SOURCE, "*.py"))
def test_source_has_its_tests(source: str) -> None:
    if needs_twin(source):
        assert (TESTS / twin(source)).is_file(), f"write tests/{twin(source)}"


def test_tests_have_their_source() -> None:
    twins = {twin(source) for source in files(SOURCE, "*.py")}
    strays = [
        test
        for test in files(TESTS, "test_*.py")
        if test not in twins
        and test not in WITHOUT_SOURCE
        and test.split("/", maxsplit=1)[0] not in FOLDERS_WITHOUT_SOURCE
    ]
    assert strays == []


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("errors.py", "test_errors.py"),
        ("layers/pooling.py", "layers/test_pooling.py"),
        ("layers/__init__.py", "layers/test_init.py"),
    ],
)
def test_twin(source: str, test: str) -> None:
    assert twin(source) == test
