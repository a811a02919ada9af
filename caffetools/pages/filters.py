"""The filters of a net's first convolution as an image."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any

from caffetools.formats.caffemodel import Weights
from caffetools.layers.blobs import dims
from caffetools.net.net import Net
from caffetools.pages.markup import Markup, element, joined, void

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_FILTERS = 1024
_PIXEL = 4
"""Width of a number of a filter, in pixels of the screen."""


def filter_figure(net: Net, weights: Weights) -> Markup:
    """Return the filters of the first layer whose weight has 1 or 3 channels; "" without one."""
    stored = {layer.name: layer for layer in weights.layers}
    for layer in net.layers:
        found = stored.get(layer.node.name)
        shape = found.blobs[0].shape if found and found.blobs else ()
        if (
            found
            and layer.windows
            and len(shape) == 4
            and shape[1] in {1, 3}
            and shape[2] * shape[3] > 1
        ):
            sheet = filter_sheet(found.blobs[0].values.reshape(shape)[:_MAX_FILTERS])
            height, width = sheet.shape[:2]
            source = f"data:image/png;base64,{base64.b64encode(png(sheet)).decode('ascii')}"
            words = (
                f" weight: {dims(shape)}, as RGB" if shape[1] == 3 else f" weight: {dims(shape)}"
            )
            picture = void(
                "img", src=source, width=_PIXEL * width, height=_PIXEL * height, class_="filters",
                alt=f"The filters of {layer.node.key}",
            )  # fmt: skip
            caption = element("figcaption", element("strong", layer.node.key), words)
            return joined(element("h3", "Filters"), element("figure", caption, picture))
    return Markup("")


def filter_sheet(values: NDArray[Any]) -> NDArray[Any]:
    """Arrange filters (N, C, H, W) in rows, (H, W, 3); 0 is grey, and Caffe's BGR becomes RGB."""
    import numpy as np

    finite = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    scaled = np.rint(127.5 + 127.5 * finite / (np.abs(finite).max() or 1)).astype(np.uint8)
    coloured = np.broadcast_to(scaled[:, ::-1], (len(scaled), 3, *scaled.shape[2:]))
    cells = np.pad(coloured.transpose(0, 2, 3, 1), ((0, 0), (0, 1), (0, 1), (0, 0)))
    cells[:, -1] = cells[:, :, -1] = 255
    columns = min(len(cells), 16)
    rows = -(-len(cells) // columns)
    _, height, width, _ = cells.shape
    spare = np.full((rows * columns - len(cells), height, width, 3), 255, np.uint8)
    grid = np.concatenate([cells, spare]).reshape(rows, columns, height, width, 3)
    sheet: NDArray[Any] = grid.transpose(0, 2, 1, 3, 4)
    return sheet.reshape(rows * height, columns * width, 3)


def png(pixels: NDArray[Any]) -> bytes:
    """Return pixels (H, W, 3) of 8 bits as a PNG."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
