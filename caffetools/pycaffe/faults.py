"""Errors of the package as the exceptions that pycaffe raises, with their locations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from caffetools.errors import CaffeToolsError, Location


class CaffeError(CaffeToolsError, RuntimeError):
    """What pycaffe raises as RuntimeError, and where Caffe's CHECKs end the process."""


class MissingFileError(CaffeError, FileNotFoundError):
    """An image that scikit-image, with which pycaffe reads them, does not find."""


class LayerNameError(CaffeToolsError, ValueError):
    """A layer to start or end at that the net does not have."""


class UnknownNameError(CaffeToolsError, KeyError):
    """A name of a blob or of a layer with parameters that the net does not have."""


@contextmanager
def failures(place: Location | None = None) -> Iterator[None]:
    """Raise each CaffeToolsError as a CaffeError, at `place` if it has no location."""
    try:
        yield
    except (CaffeError, LayerNameError, UnknownNameError):
        raise
    except CaffeToolsError as error:
        raise CaffeError(error.message, error.location or place, error.excerpt) from None
