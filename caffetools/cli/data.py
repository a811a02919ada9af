"""`caffetools data`: databases made of images, their means, and what they hold."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import counter
from caffetools.cli.options import choice, flag, force_option, output_option, plugin_option
from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.database import backend_of
from caffetools.writing import format_of, replace_file, write_files

if TYPE_CHECKING:
    from caffetools.datasets.annotated_listing import AnnotatedListing
    from caffetools.datasets.convert import Conversion, Listing

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
@click.option(
    "--annotations",
    "form",
    type=click.Choice(["voc", "coco", "txt"]),
    help="The list has lines `image annotation`, or is COCO's instances.json: make AnnotatedDatum.",
)
@click.option("--label-map", metavar="FILE", help="Numbers of the annotations' classes.")
@flag("--check-label", help="Stop at a name that is twice in --label-map.")
@click.option("--min-dim", type=click.IntRange(min=0), default=0, metavar="N")
@click.option("--max-dim", type=click.IntRange(min=0), default=0, metavar="N")
@click.option("--labels", metavar="FILE", help="Write the classes' names, or their label map.")
@flag("--strict", help="Stop at an image that cannot be read.")
def convert_command(folder: str, output: str, **options: Any) -> None:
    """Make a database of the images in a folder.

    It is as those of convert_imageset and convert_annoset. Without --list each folder in FOLDER is
    a class, labelled from 0 in the order of their names.
    With --annotations classes count from 1 in the order of their names, unless --label-map says so.
    """
    from caffetools.datasets.convert import Conversion, convert

    backend, shuffle, seed, labels = (
        options.pop(name) for name in ("backend", "shuffle", "seed", "labels")
    )
    if bool(options["height"]) != bool(options["width"]):
        raise click.UsageError("--resize-height and --resize-width go together")
    given = {name: options.pop(name) for name in ("path", "form", "label_map", "check_label")}
    conversion = Conversion(**options)
    listing, names, classes = _listing(folder, conversion, **given)
    if labels is not None and not names:
        raise click.UsageError("--labels are the names of folders: they do not go with --list")
    if shuffle:
        listing = listing.shuffled(seed)
    note = partial(click.echo, err=True)
    count = convert(listing, output, _BACKENDS[backend], conversion, note, counter("images"))
    if labels is not None:
        replace_file(labels, names)
    click.echo(f"{count} images of {classes} classes in {output}", err=True)


def _listing(
    folder: str,
    conversion: Conversion,
    path: str | None,
    form: str | None,
    label_map: str | None,
    check_label: bool,
) -> tuple[Listing | AnnotatedListing, bytes, int]:
    """Return the images, the names of their classes as a file, and the number of classes."""
    from caffetools.datasets.annotated_listing import listed_annotations
    from caffetools.datasets.convert import found, listed
    from caffetools.formats.label_map import label_map as written
    from caffetools.formats.label_map import read_label_map

    if form is None:
        if label_map or conversion.min_dim or conversion.max_dim:
            raise click.UsageError("--label-map, --min-dim and --max-dim go with --annotations")
        listing = found(folder) if path is None else listed(folder, path)
        names = "".join(f"{name}\n" for name in listing.classes)
        classes = len({line.label for line in listing.images} - {None})
        return listing, names.encode("utf-8", "surrogateescape"), classes
    if path is None:
        raise click.UsageError("--annotations goes with --list")
    labels = None if label_map is None else read_label_map(label_map, unique=check_label)
    annotated = listed_annotations(folder, path, form, labels)
    classes = len(set(annotated.labels.values()) - {0})
    return annotated, written(annotated.labels, annotated.shown), classes


@command.command("mean")
@click.argument("database", metavar="DATABASE")
@click.argument("output", metavar="[FILE.binaryproto]", required=False)
def mean_command(database: str, output: str | None) -> None:
    """Compute the mean of a database's items.

    A file is for mean_file; what is printed is for mean_value.
    """
    from caffetools.datasets.mean import mean_of

    mean = mean_of(database, _backend(database))
    if output is not None:
        replace_file(output, mean.binaryproto())
    click.echo(f"{mean.count} items of {' x '.join(map(str, mean.image.shape))}", err=True)
    for channel in mean.channels:
        click.echo(f"mean_value: {channel:g}")


def _backend(database: str) -> str:
    """Return the kind of a database; raise CaffeToolsError if it is none."""
    if not os.path.isdir(database):
        raise CaffeToolsError("there is no such database", Location(database))
    backend = backend_of(database)
    if backend is None:
        text = "this is neither an LMDB nor a LevelDB"
        raise CaffeToolsError(text, Location(database))
    return backend


@command.command("class-weights")
@click.argument("database", metavar="DATABASE")
@click.argument("output", metavar="[FILE.binaryproto]", required=False)
def class_weights_command(database: str, output: str | None) -> None:
    """Weigh classes against their counts.

    Of DATABASE, for InfogainLoss: each class gets the weight items / (classes * its items), so that
    all classes count the same and the loss keeps its size. FILE is infogain_loss_param's source.
    """
    from caffetools.datasets.class_weights import balanced_weights, class_counts, infogain_matrix

    counts = class_counts(database, _backend(database))
    weights = balanced_weights(counts)
    if output is not None:
        replace_file(output, infogain_matrix(weights))
    click.echo("label,items,weight")
    for label, (count, weight) in enumerate(zip(counts, weights, strict=True)):
        click.echo(f"{label},{count},{weight:g}")


@command.command("show")
@click.argument("source", metavar="DATABASE|NET")
@output_option("FILE", "Where to: a .png, .svg or .pdf.")
@click.option("--first", type=click.IntRange(min=0), default=0, help="Number of the first item.")
@click.option("--count", type=click.IntRange(1, 400), default=16, help="Number of items.")
@click.option("--columns", type=click.IntRange(1, 20), default=4, help="Items in a row.")
@choice("Of a NET.", "--phase", of=("train", "test"))
@click.option("--seed", type=int, default=0, help="Of crops, mirroring, patches and distortion.")
@click.option("--label-map", metavar="FILE", help="Names of the classes.")
@force_option
def show_command(source: str, output: str, first: int, count: int, **options: Any) -> None:
    """Draw items of a database or a data layer.

    They are those of DATABASE as stored, or of NET's first data layer as the net sees them. Objects
    of an AnnotatedDatum have their boxes; those of difficult ones are dashed.
    """
    from caffetools.datasets.shown_items import seen_items, stored_items
    from caffetools.formats.label_map import label_names

    form, numbers = format_of(output), range(first, first + count)
    names = label_names(options["label_map"]) if options["label_map"] else {}
    backend = backend_of(source)
    if backend is not None:
        items = list(stored_items(source, backend, numbers))
    else:
        from caffetools.net.loading import load
        from caffetools.torch.solver.net_batches import readers_of

        reader = readers_of(load(source, options["phase"]), options["seed"], 0)[0][0]
        items = list(seen_items(reader.batches.source, reader.batches.reading, numbers))
    if not items:
        raise CaffeToolsError(f"found no item from number {first} on", Location(source))
    from caffetools.figures.image_sheet import Mark, Picture, image_sheet

    pictures = [
        Picture(
            item.title,
            item.pixels,
            [
                Mark(box.label, names.get(box.label, str(box.label)), box[2:6], box.difficult)
                for box in item.boxes
            ],
        )
        for item in items
    ]
    write_files({output: image_sheet(pictures, form, options["columns"])}, options["force"])
