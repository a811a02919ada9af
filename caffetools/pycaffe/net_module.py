"""The parameters and outputs of a live net as a module, which training and snapshots read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from caffetools.net.net import Net
from caffetools.pycaffe.live_blob import Blob
from caffetools.pycaffe.modes import current_device
from caffetools.torch.export.emitted_layers import blob_keys, loss_weights, output_keys


class NetModule(nn.Module):
    """What `torch.training.model` reads of an exported module, of a net that runs by itself.

    `live` is the net, `params` has the blobs of each layer by its key, `blobs` all blobs.
    """

    inputs: tuple[str, ...] = ()

    def __init__(
        self, live: Any, net: Net, params: Mapping[str, Sequence[Blob]], blobs: Sequence[Blob]
    ) -> None:
        super().__init__()
        self.live = live
        self.outputs = output_keys(net)
        self.loss_weights = loss_weights(net)
        # A key's first blob: its Splits have the same key.
        found = dict(zip(reversed(blob_keys(net)), reversed(blobs), strict=True))
        self.results = {key: found[key] for key in self.outputs}
        self.blobs = {
            f"{key}/{index}": blob
            for key, each in params.items()
            for index, blob in enumerate(each)
        }
        self.caffe_params = {
            key: tuple(f"{key}/{index}" for index in range(len(each)))
            for key, each in params.items()
        }

    @property
    def caffe_shapes(self) -> dict[str, tuple[int, ...]]:
        """Caffe's shape of each blob, by key."""
        return {key: tuple(blob.shape) for key, blob in self.blobs.items()}

    def state_dict(self, *_: Any, **__: Any) -> dict[str, Tensor]:  # type: ignore[override]
        """Return the tensors of the blobs, by key."""
        device = current_device()
        return {key: blob.half("data").on(device) for key, blob in self.blobs.items()}

    def result_tensors(self) -> dict[str, Tensor]:
        """Return copies of the outputs."""
        device = current_device()
        return {key: blob.tensor(device).detach().clone() for key, blob in self.results.items()}

    def gradients(self) -> dict[int, Tensor]:
        """Return the `diff` of each parameter, by the identity of its tensor."""
        device = current_device()
        return {
            id(blob.half("data").tensor): blob.tensor(device, "diff").detach()
            for blob in self.blobs.values()
        }
