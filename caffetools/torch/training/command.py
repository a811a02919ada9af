"""The command line of an exported `train.py`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog_writer import GlogWriter, one_line
from caffetools.torch.training.project import Feeds, Project, RunOptions
from caffetools.torch.training.run import run
from caffetools.torch.training.settings import SolverSettings


def main(
    project: Project,
    description: str,
    arguments: Sequence[str] | None = None,
    feeds: Feeds | None = None,
    test_feeds: Feeds | None = None,
) -> None:
    """Train a project with the options of the command line; exit with status 1 on an error.

    `feeds` are arrays for the inputs that no data layer fills, by name, `test_feeds` those of the
    test nets; their items are used in order, from the start again after the last.
    """
    given = vars(_parser(description).parse_args(arguments))
    most, folder = given.pop("max_iter"), given.pop("data")
    if most is not None:
        project = replace(project, solver=replace(project.solver, max_iter=most))
    if folder is not None:
        project = replace(project, folder=folder)
    options = RunOptions(**given, feeds=feeds or {}, test_feeds=test_feeds or {})
    log = GlogWriter(sys.stderr if os.environ.get("RANK", "0") == "0" else None)
    kind, _, number = options.device.partition(":")
    if kind == "cuda":
        log.say("caffe.cpp:204", f"Using GPUs {number or 0}")
    else:
        log.say("caffe.cpp:197", "Use CPU.")
    text = "Initializing solver from parameters: \n" + settings_text(project.solver)
    log.say("solver.cpp:45", text)
    try:
        run(project, options, log)
    except CaffeToolsError as error:
        sys.exit(one_line(str(error)))
    except KeyboardInterrupt:  # before or after the loop, which handles SIGINT itself
        sys.exit("interrupted")


def settings_text(settings: SolverSettings) -> str:
    """Return a solver's settings other than the defaults as a prototxt."""
    lines: list[str] = []
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != field.default:
            each = value if isinstance(value, tuple) else (value,)
            lines += (f"{field.name}: {_scalar(field.name, item)}" for item in each)
    return "\n".join(lines)


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    is_enum = name == "snapshot_format"
    return f'"{value}"' if isinstance(value, str) and not is_enum else f"{value}"


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (default: cpu)")
    parser.add_argument(
        "--amp",
        nargs="?",
        const="bf16",
        choices=("bf16", "fp16"),
        help="use bfloat16, or float16 with a scaled loss, where autocast does (default: bf16)",
    )
    parser.add_argument("--compile", action="store_true", help="compile the net first")
    parser.add_argument("--max-iter", type=int, metavar="N", help="override the solver's max_iter")
    parser.add_argument(
        "--resume", dest="snapshot", metavar="FILE.solverstate", help="resume from a snapshot"
    )
    parser.add_argument("--data", metavar="FOLDER", help="search this folder for data, too")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that read data ahead")
    parser.add_argument("--strict", action="store_true", help="stop at a damaged item of the data")
    return parser
