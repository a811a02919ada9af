"""Options that several commands share, and what they mean to the library."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from caffetools.layers.base import Options
from caffetools.layers.plugin import load_plugin
from caffetools.net.net import PHASES

Command = TypeVar("Command", bound=Callable[..., Any])


class ShapeType(click.ParamType):  # type: ignore[type-arg]  # older clicks have no type argument
    """`D,D,…`, or `TOP=D,D,…` where a top is to be named."""

    name = "shape"

    def __init__(self, named: bool) -> None:
        self.named = named

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """How help shows the value."""
        return "TOP=D,D,…" if self.named else "C,H,W"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as a shape, or as a top and its shape; a usage error for anything else."""
        if not isinstance(value, str):
            return value
        top, _, extents = value.rpartition("=") if self.named else ("", "", value)
        if self.named and not top:
            self.fail(f"expected TOP=D,D,…, found {value!a}", param, ctx)
        try:
            shape = tuple(int(extent) for extent in extents.split(",")) if extents else ()
        except ValueError:
            self.fail(f"expected whole numbers with commas between, found {extents!a}", param, ctx)
        if any(extent < 0 for extent in shape):
            self.fail(f"expected extents of at least 0, found {extents!a}", param, ctx)
        return (top, shape) if self.named else shape


def plugin_option(command: Command) -> Command:
    """`--plugin FILE.py`, which every command has."""

    def load(_ctx: click.Context, _param: click.Parameter, value: tuple[Path, ...]) -> None:
        for path in value:
            load_plugin(path)

    return click.option(
        "--plugin",
        "plugins",
        type=click.Path(path_type=Path),
        multiple=True,
        expose_value=False,
        is_eager=True,
        callback=load,
        metavar="FILE.py",
        help="Layer types of your own: classes that the file registers. May be repeated.",
    )(command)


def net_options(command: Command) -> Command:
    """The state and the shapes of a net."""
    options = (
        click.option(
            "--phase",
            type=click.Choice(tuple(PHASES), case_sensitive=False),
            default="train",
            show_default=True,
            help="The phase that include and exclude rules are held against.",
        ),
        click.option(
            "--stage", "stages", multiple=True, metavar="NAME", help="A stage. May be repeated."
        ),
        click.option("--level", type=int, default=0, show_default=True, help="The level."),
        click.option(
            "--input-shape",
            "input_shapes",
            type=ShapeType(named=True),
            multiple=True,
            help="The shape of an input's or data layer's top; goes before what the files say.",
        ),
        click.option(
            "--data-shape",
            type=ShapeType(named=False),
            help="What one item of a data layer is, where nothing else says.",
        ),
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            metavar="N",
            help="In place of the batch of every input and data layer.",
        ),
    )
    return functools.reduce(
        lambda made, option: option(made), reversed(options), plugin_option(command)
    )


def shape_options(
    net: str, input_shapes: Any, data_shape: Any, batch_size: int | None, **_: Any
) -> Options:
    """What the options of a command say of shapes, for the net in another phase."""
    return Options(dict(input_shapes), data_shape, batch_size, os.path.dirname(net) or ".")
