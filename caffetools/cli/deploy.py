"""`caffetools deploy`: the net to deploy, made from a net to train."""

from __future__ import annotations

from typing import Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.options import data_options, force_option, output_option, plugin_option
from caffetools.functions.deployment import deployment, write_deployment


@click.command("deploy")
@click.argument("net", metavar="TRAIN_VAL")
@data_options
@output_option("DEPLOY", "Prototxt to write, or - for standard output.")
@click.option(
    "--preprocess", metavar="FILE.json", help="Write what the data layers do to an image."
)
@force_option
@plugin_option
def command(net: str, output: str, preprocess: str | None, force: bool, **options: Any) -> None:
    """Make the net to deploy from a net to train.

    Data layers become Input layers (of a batch of 1, without --batch-size), accuracies are removed,
    and losses become the Softmax or Sigmoid that they contain. Multipliers and fillers are removed,
    too; comments are kept.

    TRAIN_VAL is any file that `shapes` reads; its net of the phase test is taken, or that of the
    phase train if Caffe refuses the former.
    """
    files, notes = deployment(net, output, preprocess, **options)
    report_notes(notes)
    text = files.pop("-", "")
    write_deployment(net, files, force=force)
    if text:
        click.echo(text, nl=False)
