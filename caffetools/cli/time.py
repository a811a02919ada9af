"""`caffetools time`: `caffe time` on PyTorch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.console import report_notes, table_lines
from caffetools.cli.devices import device_of, require_torch, verb_options
from caffetools.cli.options import data_options, format_option, phase_option, plugin_option
from caffetools.net.loading import load
from caffetools.table import csv_table, record_columns

if TYPE_CHECKING:
    from caffetools.torch.verbs.layer_times import NetTimes


@click.command("time")
@verb_options
@click.option("--weights", metavar="FILE[,FILE]", help="Weights (default: Caffe's fillers).")
@click.option(
    "--iterations", type=click.IntRange(min=1), default=50, metavar="N", help="Passes to time."
)
@phase_option
@format_option("table", "json", "csv")
@data_options
@plugin_option
def command(
    model: str, weights: str | None, iterations: int, gpu: str | None, form: str, **options: Any
) -> None:
    """Time each layer of a net, as `caffe time` does.

    Layers run forward and backward, one after the other.

    Inputs are drawn from a fixed seed, so that no data is needed. The log goes to standard error,
    in Caffe's format. Standard output gets the least and the median milliseconds of each layer, of
    their sum and of the module called as a whole, and the peak of memory.
    """
    net = load(model, **options)
    require_torch("timing")
    from caffetools.torch.training.glog_writer import GlogWriter
    from caffetools.torch.verbs.layer_times import time_net

    report_notes(net.notes)
    log = GlogWriter(sys.stderr)
    device = device_of(gpu, log, "caffe.cpp:339", "caffe.cpp:343")
    paths = [name.strip() for name in weights.split(",")] if weights else []
    found = time_net(net, paths, iterations, device, log)
    rows = list(_rows(found))
    columns = record_columns(rows, digits=4)
    for column, title in zip(columns, _TITLES, strict=True):
        column.title = title
    if form == "json":
        click.echo(json.dumps({"rows": rows, "peak_bytes": found.peak_bytes}))
    elif form == "csv":
        click.echo(csv_table(columns, rows), nl=False)
    else:
        for line in table_lines(columns, rows):
            click.echo(line)
        click.echo(f"peak memory: {found.peak_bytes:,} bytes")


_KEYS = (
    *("layer", "type", "forward_min_ms", "forward_median_ms"),
    *("backward_min_ms", "backward_median_ms", "gflops"),
)

_TITLES = ("layer", "type", "forward ms", "median", "backward ms", "median", "GFLOP/s")


def _rows(found: NetTimes) -> Iterator[dict[str, str | float | None]]:
    lines: list[tuple[str, str, Sequence[float], Sequence[float], float | None]] = [
        (each.name, each.type, each.times.forward, each.times.backward, each.gflops)
        for each in found.layers
    ]
    lines.append(("sum of the layers", "", found.sums("forward"), found.sums("backward"), None))
    lines.append(("the whole", "", found.whole.forward, found.whole.backward, None))
    for name, kind, forward, backward, speed in lines:
        times = (of(each) if each else None for each in (forward, backward) for of in (min, median))
        yield dict(zip(_KEYS, (name, kind, *times, speed), strict=True))
