"""Options of the commands that read image files, and the net that reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import report_notes
from caffetools.cli.devices import gpus_of, require_torch
from caffetools.cli.options import (
    Command,
    ShapeType,
    data_options,
    flag,
    plugin_option,
    preprocess_options,
)
from caffetools.net.loading import load

if TYPE_CHECKING:
    import torch

    from caffetools.torch.verbs.image_outputs import ImageNet


def image_options(command: Command) -> Command:
    """Add the net, its weights, the images and what is done to them."""
    for option in (
        plugin_option,
        data_options,
        click.option("--gpu", metavar="N", help="GPU to run on (default: the CPU)."),
        click.option("--scale", type=float, help="Factor of the values, after the mean."),
        click.option(
            "--mean", metavar="B,G,R|FILE", help="Mean of each channel, or a .binaryproto."
        ),
        click.option(
            "--resize",
            type=ShapeType(named=False),
            metavar="H,W",
            help="Size to resize to before the crop (default: the input's, without a crop).",
        ),
        preprocess_options,
        flag("--oversample", help="Take the mean of ten crops: corners, center, mirrored."),
        click.option("--weights", metavar="W[,W]", required=True, help="Weights of the net."),
        click.argument("images", metavar="IMAGE…", nargs=-1, required=True),
        click.argument("net", metavar="NET"),
    ):
        command = option(command)
    return command


def image_net(net: str, options: dict[str, Any]) -> tuple[ImageNet, dict[str, Any]]:
    """Return the net, and the keywords of `classify` and `features`; report the steps."""
    gpu, batch = options.pop("gpu"), options.pop("batch_size") or 16
    sources = (options.pop("preprocess"), options.pop("preprocess_from"))
    names = ("scale", "mean", "resize", "oversample", "weights", "images")
    given = {name: options.pop(name) for name in names}
    if given["resize"] is not None and len(given["resize"]) != 2:
        raise click.UsageError("--resize expected H,W")
    loaded = load(net, "test", **options)
    require_torch("classification")
    import torch

    from caffetools.torch.export.preprocess import with_sources
    from caffetools.torch.verbs.image_inputs import image_files, with_mean
    from caffetools.torch.verbs.image_outputs import ImageNet

    images = ImageNet.of(loaded)
    report_notes(images.net.notes if images.net is not loaded else loaded.notes)
    steps = with_sources(images.steps, *sources)
    if given["mean"] is not None:
        steps = with_mean(steps, given["mean"])
    if given["resize"] is not None:
        steps = replace(steps, resize=given["resize"])
    if given["scale"] is not None:
        steps = replace(steps, scale=given["scale"])
    if given["oversample"] and steps.resize is None:
        raise click.UsageError("--oversample needs --resize H,W, larger than the net's input")
    click.echo(f"images: {steps.checked().lines()}", err=True)
    device: torch.device = torch.device(f"cuda:{gpu}" if gpus_of(gpu) else "cpu")
    return replace(images, steps=steps), {
        "weights": [name.strip() for name in given["weights"].split(",")],
        "paths": image_files(given["images"]),
        "oversample": given["oversample"],
        "batch": batch,
        "device": device,
    }
