"""`caffetools features`: blobs of a net for images."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import click

from caffetools.cli.image_options import image_net, image_options
from caffetools.cli.options import force_option, output_option, repeatable
from caffetools.errors import CaffeToolsError
from caffetools.table import harmless
from caffetools.writing import check_absent, format_of, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


@click.command("features")
@image_options
@repeatable("Blob to write.", "--blob", "blobs", metavar="B", required=True)
@output_option("FILE.npz|.h5|.csv", "Output file; csv for one blob.")
@force_option
def command(net: str, blobs: tuple[str, ...], output: str, force: bool, **options: Any) -> None:
    """Write blobs of a net for images.

    IMAGE is a file or a folder. NET is a net to deploy, or one to train, whose data layer says what
    is done to an image; the options replace that. npz and h5 hold an array `(images, ...)` for each
    blob, and `images`, the paths.
    """
    form = format_of(output, ("npz", "h5", "csv"))
    if form == "csv" and len(blobs) > 1:
        raise click.UsageError("-o FILE.csv is for one --blob")
    check_absent([output], force)
    images, keywords = image_net(net, options)
    from caffetools.torch.verbs.image_outputs import features

    found = features(images, blobs=blobs, **keywords)
    replace_file(output, _encoded(form, found, keywords["paths"]))


def _encoded(form: str, found: Mapping[str, NDArray[np.float32]], paths: list[str]) -> bytes:
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        (values,) = found.values()
        for path, row in zip(paths, values.reshape(len(values), -1), strict=True):
            writer.writerow([harmless(path), *(f"{value:.9g}" for value in row.tolist())])
        return out.getvalue().encode("utf-8", "surrogateescape")
    if "images" in found:
        raise CaffeToolsError("the blob 'images' has the name of the paths; use csv")
    if form == "npz":
        import numpy as np

        from caffetools.formats.npz import npz

        return b"".join(npz({**found, "images": np.array(paths)}))
    from caffetools.formats.hdf5 import hdf5_arrays

    return hdf5_arrays(found, {"images": paths})
