"""Local response normalization: the layer, and the arithmetic that is recognized as one."""

from __future__ import annotations

from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.torch.to_caffe.draft import Draft, Top


def local_response(d: Draft, x: Top, size: int, alpha: float, beta: float, k: float) -> Top:
    """Divide by a power of the mean square of neighboring channels."""
    if size % 2 == 0:
        raise CaffeToolsError(f"LRN expected an odd number of channels, found {size}")
    values = {"alpha": (alpha, 1.0), "beta": (beta, 0.75), "k": (k, 1.0)}
    given: dict[str, Any] = {
        name: float(value) for name, (value, usual) in values.items() if value != usual
    }
    return d.one("LRN", x, local_size=size, **given)


def matched(d: Draft, x: Top, divisor: Top) -> Top | None:
    """Return the LRN layer for `x / (k + alpha * mean(x ** 2)) ** beta`, else None.

    The mean is the one of PyTorch's function: an average over padded channels.
    """
    last = d.makers[divisor.name]
    mean = d.original(d.top(last.bottoms[0])) if last.type == "Power" else x
    pool = d.makers[mean.name]
    size = pool.options.get("kernel_h", 0)
    if pool.type != "Pooling" or pool.options != {"pool": "AVE", "kernel_h": size, "kernel_w": 1}:
        return None
    padded = d.original(d.top(pool.bottoms[0]))
    source, around, value = d.padded.get(padded.name, (x, [], 1.0))
    square = d.makers[d.original(source).name]
    is_lrn = square.type == "Power" and square.options == {"power": 2.0} and value == 0
    amounts = [each for each in around if any(each)]
    if not is_lrn or square.bottoms != [x.name] or size % 2 == 0 or len(x.shape) != 4:
        return None
    if amounts != [(size // 2, size // 2)] or padded.shape[-3] != x.shape[1] + size - 1:
        return None
    alpha, beta, k = (float(last.options.get(name, 1)) for name in ("scale", "power", "shift"))
    k -= "shift" not in last.options
    return local_response(d, x, size, alpha, beta, k)
