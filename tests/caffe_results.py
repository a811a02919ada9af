"""What real builds of Caffe computed, packed in tests/golden/caffe.

    python -m tests.caffe_results GOLDEN

packs the folders of GOLDEN that `PACKED` names anew. The archives are the same for the same files.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "golden" / "caffe"

PACKED = {
    "layers": "one small net for each of Caffe's layer types and options",
    "layers_ssd": "the same of the SSD fork's layers, and small detectors",
    "layers_hard": "small nets with corner cases of shapes, sharing and propagation",
    "layers_quirks": "nets in which layers in place overwrite what Caffe's gradients are made of",
    "layers_forks": "the same of types that forks define, built from their own CPU code",
    "training": "training runs: solver, first weights, log, last snapshot",
    "ssd_data": "databases with boxes, and what the SSD fork's layer and converter made",
    "ssd_training": "a training run of a small SSD",
    "training_2": "further runs: clipping with decay, stages, LSTM, a net cut by propagate_down",
}
"""The archives, and what each holds."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(source: Path, archive: Path) -> None:
    """Write the files below `source` to a zip archive, in order and without their dates."""
    paths = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != ".md")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in paths:
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _EPOCH)
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def unpack(folder: Path) -> Path:
    """Unpack every archive into a folder of its name below `folder`."""
    for name in PACKED:
        with zipfile.ZipFile(FOLDER / f"{name}.zip") as packed:
            packed.extractall(folder / name)
    return folder


def cases(name: str) -> list[str]:
    """The cases of an archive, `name/case`, in order."""
    with zipfile.ZipFile(FOLDER / f"{name}.zip") as packed:
        return sorted(
            {f"{name}/{path.partition('/')[0]}" for path in packed.namelist() if "/" in path}
        )


def members(name: str, folder: str) -> list[str]:
    """The cases in a folder of an archive, in order."""
    with zipfile.ZipFile(FOLDER / f"{name}.zip") as packed:
        inside = [
            path.removeprefix(folder) for path in packed.namelist() if path.startswith(folder)
        ]
    return sorted({path.partition("/")[0] for path in inside})


def main(golden: Path) -> None:
    for name in PACKED:
        pack(golden / name, FOLDER / f"{name}.zip")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
