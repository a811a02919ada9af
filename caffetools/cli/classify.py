"""`caffetools classify`: classes of images."""

from __future__ import annotations

import json
from typing import Any

import click

from caffetools.cli.console import table_lines
from caffetools.cli.devices import label_names
from caffetools.cli.image_options import image_net, image_options
from caffetools.cli.options import format_option
from caffetools.table import Column, csv_table, printable


@click.command("classify")
@image_options
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line.")
@click.option("--top", type=click.IntRange(min=1), default=5, help="Classes of each image.")
@format_option("table", "json", "csv")
def command(net: str, labels: str | None, top: int, form: str, **options: Any) -> None:
    """Classify images by a net.

    IMAGE is a file or a folder. NET is a net to deploy, or one to train, whose data layer says what
    is done to an image; the options replace that. The steps are printed on standard error.
    """
    names = label_names(labels)
    images, keywords = image_net(net, options)
    from caffetools.torch.verbs.image_outputs import classify

    found = classify(images, most=top, **keywords)
    rows = [
        (
            path,
            guess.number,
            names[guess.number] if guess.number < len(names) else None,
            guess.score,
        )
        for path, guesses in zip(keywords["paths"], found, strict=True)
        for guess in guesses
    ]
    if form == "json":
        keys = ("image", "class", "label", "score")
        click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
    elif form == "csv":
        click.echo(csv_table(_COLUMNS, rows), nl=False)
    else:
        for line in table_lines(_COLUMNS, rows):
            click.echo(line)


_COLUMNS: list[Column[tuple[str, int, str | None, float]]] = [
    Column("image", lambda row: printable(row[0])),
    Column("class", lambda row: row[1], numeric=True),
    Column("label", lambda row: printable(row[2] or "")),
    Column("score", lambda row: f"{row[3]:.6f}", numeric=True),
]
