"""Edit a net with its weights: one method for each edit, each verified by the exact modules."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf

from caffetools.editing import structural_edits
from caffetools.editing.batch_norm_folding import fold_batch_norm
from caffetools.editing.convolutional import convolutional
from caffetools.editing.edited_net import EditedNet, drawn_blobs, read_blobs
from caffetools.editing.equality import compare
from caffetools.editing.pruning import prune, weakest
from caffetools.errors import CaffeToolsError, Note
from caffetools.formats.caffemodel import caffemodel
from caffetools.layers.base import Options
from caffetools.layers.blobs import Shape
from caffetools.net.graph import State
from caffetools.net.reading import read_net, without_weights
from caffetools.proto.comments import with_comments
from caffetools.writing import write_files


class NetEditor:
    """A net and its weights, edited in place.

    Each edit is verified on inputs drawn from a fixed seed, and described in `changes`. Without
    weights it is verified with drawn ones, and only a prototxt is saved.

    Parameters
    ----------
    path : path
        Any file that `load` reads.
    weights : path, optional
        A .caffemodel of any version and element type, or a .caffemodel.h5.
    phase : {"test", "train"}
        Phase in which edits are inferred and verified; layers of both phases are kept, and a net
        that Caffe sets up in both must still be so after each edit.

    Raises
    ------
    CaffeToolsError
        For files that cannot be read, and from each edit that is refused or fails its
        verification; the net is then unchanged.

    Examples
    --------
    >>> from caffetools import NetEditor
    >>> net = NetEditor("examples/lenet/deploy.prototxt")
    >>> net.convolutional()
    >>> net.cut_after("ip2")
    >>> [layer.node.type for layer in net.edited.net.layers if "ip" in layer.node.name]
    ['Convolution', 'Convolution']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        weights: str | os.PathLike[str] | None = None,
        phase: str = "test",
    ) -> None:
        loaded = read_net(path, phase.upper())
        state = State(phase.upper(), loaded.state.stages, loaded.state.level)
        folder = os.path.dirname(loaded.message.source.name) or "."
        message = without_weights(loaded.message)
        self.edited = EditedNet(message, {}, state, Options(folder=folder))
        self.notes: tuple[Note, ...] = (*loaded.notes, *self.edited.net.notes)
        self.weighted = weights is not None
        self.inputs = [os.fspath(each) for each in (path, weights) if each is not None]
        net = self.edited.net
        nets = [net]
        with suppress(CaffeToolsError):  # many nets are made for one phase alone
            nets.append(self.edited.other.net)
        self.has_both = len(nets) > 1
        """Whether Caffe sets up the net in both phases, and must after each edit."""
        blobs = drawn_blobs(net) if weights is None else read_blobs(weights, *nets)
        self.edited = replace(self.edited, weights=blobs)
        self.changes: list[str] = []
        """A line for each edit: what it did, and the largest difference of a blob."""
        self.difference = 0.0
        """Largest difference of the edits that keep what the net computes."""

    def cut_after(self, blob: str) -> None:
        """Keep what a blob depends on."""
        self._replace(f"cut after {blob!a}", structural_edits.cut_after(self.edited, blob))

    def remove(self, layer: str) -> None:
        """Remove the layers of a name; who reads their top then reads their bottom."""
        self._change(f"removed {layer!a}", structural_edits.remove(self.edited, layer))

    def rename(self, old: str, new: str) -> None:
        """Rename layers and blobs."""
        made = structural_edits.rename(self.edited, old, new)
        self._replace(f"renamed {old!a} to {new!a}", made, renamed={old: new})

    def set(self, path: str, value: str) -> None:
        """Set a field `LAYER.FIELD`; weights of changed shapes are cut, or extended by zeros."""
        made = structural_edits.set_field(self.edited, path, value)
        made = made.with_fitting_weights()
        if self.has_both:
            made = made.with_weights(made.other.with_fitting_weights().weights)
        self._change(f"set {path} to {value}", made)

    def fold_batch_norm(self) -> None:
        """Fold BatchNorm and Scale into the preceding layers."""
        self._replace("folded BatchNorm and Scale", fold_batch_norm(self.edited))

    def convolutional(self, layer: str | None = None) -> None:
        """Make an InnerProduct, or each that allows it, a Convolution."""
        what = "all that allow it" if layer is None else ascii(layer)
        self._replace(f"made convolutional: {what}", convolutional(self.edited, layer))

    def prune(self, layer: str, outputs: float | Collection[int]) -> None:
        """Remove outputs of a layer: a share, of the least L1 norm, or those of some indices."""
        removed = weakest(self.edited, layer, outputs) if isinstance(outputs, float) else outputs
        made, equal = prune(self.edited, layer, removed)
        self._change(f"pruned {len(removed)} outputs of {layer!a}", made)
        try:
            found = compare(equal, made)
        except CaffeToolsError:
            return
        sound = {blob: gap for blob, gap in found.differences.items() if gap != inf}
        gap = max(sound.values(), default=0.0)
        self.changes.append(f"the net with zeros for the removed channels differs by {gap:.1e}")

    def resize(
        self, batch_size: int | None = None, input_shapes: Mapping[str, Shape] | None = None
    ) -> None:
        """Set the batch size of inputs and data layers, or whole shapes of inputs."""
        made = structural_edits.resize_inputs(self.edited, batch_size, dict(input_shapes or {}))
        self._change("resized the inputs", made)

    def prototxt(self) -> str:
        """Return the net as text, with the comments and the order of its author."""
        return with_comments(self.edited.message)

    def save(self, stem: str | os.PathLike[str], force: bool = False) -> None:
        """Write STEM.prototxt and, with weights, STEM.caffemodel: both or, on an error, none.

        Raises CaffeToolsError for files that exist, unless `force` is given, and for those that
        were read.
        """
        files: dict[str, bytes | Iterable[bytes | memoryview]] = {
            f"{os.fspath(stem)}.prototxt": self.prototxt().encode()
        }
        if self.weighted:
            edited = self.edited
            kinds = {
                layer.text("name"): layer.text("type") for layer in edited.message.messages("layer")
            }
            layers = ((key, kinds.get(key, ""), each) for key, each in edited.weights.items())
            name = edited.message.text("name")
            files[f"{os.fspath(stem)}.caffemodel"] = caffemodel(name, layers)
        write_files(files, force, inputs=self.inputs)

    def _replace(
        self, what: str, made: EditedNet, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Take an edit that must keep what the net computes."""
        self._check(made)
        try:
            found = compare(self.edited, made, renamed)
        except CaffeToolsError as error:
            self.changes.append(f"{what}; not verified: {error}")
        else:
            if found.changed:
                blob, gap = next(iter(found.changed.items()))
                raise CaffeToolsError(f"{what}: blob {blob!a} differs by {gap:.1e}")
            self.difference = max(self.difference, found.largest)
            blobs = len(found.differences)
            self.changes.append(f"{what}; {blobs} blobs differ by at most {found.largest:.1e}")
        self.edited = made

    def _check(self, made: EditedNet) -> None:
        """Raise CaffeToolsError, placed, for what Caffe refuses in this phase or the other."""
        made.check_weights()
        if self.has_both:
            try:
                made.other.check_weights()
            except CaffeToolsError as error:
                text = f"in the phase {made.other.state.phase}: {error.message}"
                raise CaffeToolsError(text, error.location) from None

    def _change(self, what: str, made: EditedNet) -> None:
        """Take an edit that may change what the net computes."""
        self._check(made)
        before, after = self.edited.net.cost.params, made.net.cost.params
        what += "" if before == after else f"; {before:,} -> {after:,} parameters"
        try:
            found = compare(self.edited, made)
        except CaffeToolsError as error:
            self.changes.append(f"{what}; not compared: {error}")
        else:
            gaps = {blob: gap for blob, gap in found.changed.items() if blob in made.net.outputs}
            told = [
                f"{blob!a} {'in size' if gap == inf else f'by {gap:.1e}'}"
                for blob, gap in gaps.items()
            ]
            counted = f"{len(found.changed)} of {len(found.differences)} blobs"
            self.changes.append(f"{what}; changes {counted}{': ' if told else ''}{', '.join(told)}")
        self.edited = made
