"""Public nets compared with what real Caffe found: shapes, parameters, backward flags, memory.

    python -m tests.public_nets CLONES [--only TEXT]

CLONES holds clones of the repositories, as CLONES/OWNER/NAME or CLONES/OWNER+NAME, with or without
work trees. The files are other people's and are not part of this project: each is named by its
repository, commit, path and SHA-256, and read out of the clone. Nets whose repository or file is
absent are counted and left out.

`tests/golden/caffe/public_nets.jsonl.xz` has a line for each net and phase, as a CPU build of
Caffe's master (9b8915401), or of its SSD fork (4817bf8b), built it.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import lzma
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import caffetools

EXPECTED = Path(__file__).parent / "golden" / "caffe" / "public_nets.jsonl.xz"
Row = dict[str, Any]

_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERALS = re.compile(rf"{_LITERAL.pattern}(?:\s*{_LITERAL.pattern})*")


def expected() -> list[Row]:
    """What Caffe found, one row for each net and phase."""
    with lzma.open(EXPECTED, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def content(clones: Path, row: Row) -> bytes | None:
    """The net of a row, out of its repository's clone; None where it is absent."""
    owner, _, name = row["repo"].partition("/")
    homes = (clones / owner / name, clones / f"{owner}+{name}", clones / f"{owner}+{name}" / "repo")
    for clone in (home for home in homes if home.is_dir()):
        for data in _versions(clone, row["commit"], row["path"]):
            for text in chain([data], strings(data) if row["path"].endswith(".cpp") else ()):
                if hashlib.sha256(text).hexdigest() == row["sha256"]:
                    return text
    return None


def _versions(clone: Path, commit: str, path: str) -> Iterator[bytes]:
    """A file at a commit, at HEAD (of a shallow clone), and in the work tree."""
    for revision in (commit, "HEAD"):
        command = ["git", "-C", str(clone), "show", f"{revision}:{path}"]
        shown = subprocess.run(command, capture_output=True, check=False)
        if shown.returncode == 0:
            yield shown.stdout
    if (clone / path).is_file():
        yield (clone / path).read_bytes()


def strings(source: bytes) -> Iterator[bytes]:
    """The string literals of a C++ file, adjacent ones joined: Caffe's own tests hold nets so."""
    for literal in _LITERALS.findall(source.decode("utf-8", "replace")):
        yield "".join(map(ast.literal_eval, _LITERAL.findall(literal))).encode()


def differences(row: Row, data: bytes) -> Iterator[str]:
    """What is not as Caffe has it."""
    net = caffetools.from_text(
        data.decode("utf-8", "surrogateescape"),
        row["path"],
        row["phase"].lower(),
        input_shapes={top: tuple(shape) for top, shape in row["inputs"].items()},
    ).to_dict()
    totals = net["totals"]
    layers = [each for each in net["layers"] if not _is_split(each)]
    flags = ["-" if flag == "-" else "" for flag in row["backward"]]  # of data, not compared
    found = {
        "tops": [[top["shape"] for top in layer["tops"]] for layer in layers],
        "params": [[blob["shape"] for blob in layer["params"]] for layer in layers],
        "backward": "".join(
            skipped or str(int(layer["needs_backward"]))
            for skipped, layer in zip(flags, layers, strict=False)
        ),
        "total": totals["params"],
        "memory": totals["memory_bytes"],
    }
    for name, value in found.items():
        if row[name] is not None and value != row[name]:
            yield f"{name}: found {value}, Caffe has {row[name]}"


def _is_split(layer: Row) -> bool:
    """Whether Caffe's results lack the layer: those of the Splits that it inserts itself."""
    return layer["type"] == "Split" and str(layer["name"]).endswith("_split")


def check(clones: Path, only: str = "") -> tuple[int, int, int]:
    """Compare all nets; returns how many are equal, how many were compared, how many are absent."""
    good = compared = absent = 0
    for row in expected():
        label = f"{row['repo']} {row['path']} {row['phase']}"
        if only not in label:
            continue
        data = content(clones, row)
        if data is None:
            absent += 1
            continue
        compared += 1
        try:
            wrong = next(differences(row, data), None)
        except caffetools.CaffeToolsError as error:
            wrong = str(error)
        good += wrong is None
        if wrong is not None:
            sys.stdout.write(f"  {label}: {wrong[:300]}\n")
    return good, compared, absent


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare public nets with what Caffe found.")
    parser.add_argument("clones", type=Path, help="folder with clones of the repositories")
    parser.add_argument("--only", default="", help="compare nets whose repository or path has TEXT")
    given = parser.parse_args()
    good, compared, absent = check(given.clones, given.only)
    sys.stdout.write(f"nets as Caffe built them: {good} of {compared} ({absent} absent)\n")
    return int(good != compared or not compared)


if __name__ == "__main__":
    sys.exit(main())
