"""`caffetools data`: databases made of images, and their means."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import click

from caffetools.cli.options import choice, flag, output_option, plugin_option
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.database import backend_of
from caffetools.writing import replace_file

_BACKENDS = {"lmdb": "LMDB", "leveldb": "LEVELDB"}


@click.group("data")
@plugin_option
def command() -> None:
    """Make the databases and mean images that data layers read."""


@command.command("convert")
@click.argument("folder", metavar="FOLDER")
@output_option("DATABASE", "Where to; it must be new.")
@click.option("--list", "path", metavar="FILE", help="`path label` a line, in Caffe's form.")
@choice("The kind of database.", "--backend", of=tuple(_BACKENDS))
@flag("--gray", help="Read the images in grey.")
@flag("--shuffle", help="Mix them.")
@click.option("--seed", type=int, default=0, help="For --shuffle.")
@click.option("--resize-height", "height", type=click.IntRange(min=0), default=0, metavar="N")
@click.option("--resize-width", "width", type=click.IntRange(min=0), default=0, metavar="N")
@flag("--encoded", help="Keep them in a file's form, decoded when read.")
@click.option(
    "--encode-type", default="", show_default=False, metavar="jpg|png", help="In this form."
)
@flag("--check-size", help="Stop at one of another size than the first.")
@click.option("--labels", metavar="FILE", help="Write the names of the classes, one a line.")
@flag("--strict", help="Stop at an image that cannot be read.")
def convert_command(folder: str, output: str, **options: Any) -> None:
    """Make a database of the images in FOLDER, as Caffe's convert_imageset does.

    Without --list each folder in FOLDER is a class, labelled from 0 in the order of their names.
    """
    from caffetools.datasets.convert import Conversion, convert, found, listed

    path, backend, shuffle, seed, labels = (
        options.pop(name) for name in ("path", "backend", "shuffle", "seed", "labels")
    )
    if bool(options["height"]) != bool(options["width"]):
        raise click.UsageError("--resize-height and --resize-width go together")
    listing = found(folder) if path is None else listed(folder, path)
    if labels is not None and not listing.classes:
        raise click.UsageError("--labels are the names of folders: they do not go with --list")
    if shuffle:
        listing = listing.shuffled(seed)
    count = convert(
        listing, output, _BACKENDS[backend], Conversion(**options), partial(click.echo, err=True)
    )
    if labels is not None:
        names = "".join(f"{name}\n" for name in listing.classes)
        replace_file(labels, names.encode("utf-8", "surrogateescape"))
    classes = len({line.label for line in listing.images} - {None})
    click.echo(f"{count} images of {classes} classes in {output}", err=True)


@command.command("mean")
@click.argument("database", metavar="DATABASE")
@click.argument("output", metavar="[FILE.binaryproto]", required=False)
def mean_command(database: str, output: str | None) -> None:
    """Compute the mean of DATABASE's items; write it for mean_file, show it for mean_value."""
    from caffetools.datasets.mean import mean_of

    if not os.path.isdir(database):
        raise CaffeToolsError("there is no such database", Location(database))
    backend = backend_of(database)
    if backend is None:
        text = "this is neither an LMDB nor a LevelDB"
        raise CaffeToolsError(text, Location(database))
    mean = mean_of(database, backend)
    if output is not None:
        replace_file(output, mean.binaryproto())
    click.echo(f"{mean.count} items of {' x '.join(map(str, mean.image.shape))}", err=True)
    for channel in mean.channels:
        click.echo(f"mean_value: {channel:g}")
