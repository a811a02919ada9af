"""Options that several commands share."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from caffetools.layers.base import Options

Command = TypeVar("Command", bound=Callable[..., Any])


class ShapeType(click.ParamType):  # type: ignore[type-arg]  # older clicks have no type argument
    """A shape `D,D,…`, or `TOP=D,D,…` for the shape of a named top."""

    name = "shape"

    def __init__(self, named: bool) -> None:
        self.named = named

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder in the help."""
        return "TOP=D,D,…" if self.named else "C,H,W"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a shape, or a top and its shape; anything else is a usage error."""
        if not isinstance(value, str):
            return value
        top, _, sizes = value.rpartition("=") if self.named else ("", "", value)
        if self.named and not top:
            self.fail(f"expected TOP=D,D,…, found {value!a}", param, ctx)
        try:
            shape = tuple(int(size) for size in sizes.split(",")) if sizes else ()
        except ValueError:
            self.fail(f"expected integers separated by commas, found {sizes!a}", param, ctx)
        if any(size < 0 for size in shape):
            self.fail(f"expected sizes of at least 0, found {sizes!a}", param, ctx)
        return (top, shape) if self.named else shape


class FileType(click.ParamType):  # type: ignore[type-arg]  # older clicks have no type argument
    """The path of a file or folder, for the completion of shells; nothing is checked."""

    name = "path"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete paths."""
        return [CompletionItem(incomplete, type="file")]


_PATHS = re.compile(
    r"\[?(FILE|NET|OLD|NEW|TRAIN_VAL|LOG|STEM|STATE|DIR|DATABASE|DEPLOY|FOLDER|IMAGE|SCRIPT|MODEL|W\b|OUT$)"
)
"""Beginnings of the placeholders of paths."""


def complete_paths(command: click.Command) -> click.Command:
    """Let shells complete paths where the help of a command, or its commands, shows one."""
    for each in (command, *getattr(command, "commands", {}).values()):
        for param in each.params:
            if param.type is click.STRING and _PATHS.match(param.metavar or ""):
                param.type = FileType()
    return command


def plugin_option(command: Command) -> Command:
    """Add `--plugin FILE.py`, which every command has."""

    def load(ctx: click.Context, _param: click.Parameter, paths: tuple[str, ...]) -> None:
        if paths and not ctx.resilient_parsing:  # a shell that completes runs nothing
            from caffetools.layers.registry import load_plugin

            for path in paths:
                load_plugin(Path(path))

    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        expose_value=False,
        is_eager=True,
        callback=load,
        metavar="FILE.py",
        help="Run a Python file that registers layer types. Repeatable.",
    )(command)


phase_option = click.option(
    "--phase",
    type=click.Choice(("train", "test"), case_sensitive=False),
    default="train",
    help="Phase of the net; of a solver, its train net or its first test net.",
)
test_phase_option = click.option(
    "--phase",
    type=click.Choice(("test", "train"), case_sensitive=False),
    default="test",
    help="Phase of the net; of a solver, its first test net or its train net.",
)

flag = functools.partial(click.option, is_flag=True)
force_option = flag("--force", help="Overwrite existing files.")


def log_options(command: Command) -> Command:
    """Add what commands that read logs and write files share."""
    years = click.IntRange(1970, 9999)
    year_option = click.option("--year", type=years, help="Year of the first line of a log.")
    return plugin_option(year_option(force_option(command)))


def output_option(metavar: str, text: str, **more: Any) -> Callable[[Command], Command]:
    """Return the option `-o`, required unless it has a default."""
    more = more or {"required": True}
    return click.option("-o", "--output", metavar=metavar, help=text, **more)


def repeatable(text: str, *names: str, **more: Any) -> Callable[[Command], Command]:
    """Return an option that collects the values of all its uses."""
    return click.option(*names, multiple=True, help=f"{text} Repeatable.", **more)


def choice(text: str, *names: str, of: Sequence[str], **more: Any) -> Callable[[Command], Command]:
    """Return an option that is one of some words, the first by default."""
    return click.option(*names, type=click.Choice(of), help=text, **{"default": of[0], **more})


def format_option(*formats: str, text: str = "Output format.") -> Callable[[Command], Command]:
    """Return the option `--format`, whose default is the first of the formats."""
    return choice(text, "--format", "form", of=formats)


def net_options(command: Command) -> Command:
    """Add the state of a net and the shapes of its inputs."""
    stages = repeatable(
        "Add a stage for include and exclude rules.", "--stage", "stages", metavar="NAME"
    )
    level = click.option(
        "--level", type=int, default=0, help="Level for include and exclude rules."
    )
    return phase_option(stages(level(data_options(plugin_option(command)))))


def preprocess_options(command: Command) -> Command:
    """Add the sources of what is done to images."""
    option = click.option(
        "--preprocess-from",
        metavar="TRAIN_VAL",
        help="Net to train, whose data layer says what is done to an image.",
    )
    text = "Steps that `deploy --preprocess` wrote."
    return option(click.option("--preprocess", metavar="FILE.json", help=text)(command))


def data_options(command: Command) -> Command:
    """Add the shapes of a net's inputs."""
    options = (
        repeatable(
            "Shape of a top of an input, data or unknown layer, or of a Reshape.",
            "--input-shape",
            "input_shapes",
            type=ShapeType(named=True),
        ),
        click.option(
            "--data-shape",
            type=ShapeType(named=False),
            help="Shape of one item of a data layer, if nothing else gives it.",
        ),
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            metavar="N",
            help="Override the batch size of inputs and data layers.",
        ),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def shape_options(
    net: str, input_shapes: Any, data_shape: Any, batch_size: int | None, **_: Any
) -> Options:
    """Return the overrides for the file `net` from a command's options."""
    from caffetools.layers.base import Options

    return Options(dict(input_shapes), data_shape, batch_size, os.path.dirname(net) or ".")
