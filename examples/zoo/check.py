"""Public Caffe models, taken through caffetools: reading, shapes, PyTorch, ONNX, weights.

    python examples/zoo/check.py --clones DIR [--only TEXT] [--results FILE] [-o FILE]

zoo.tsv names each model by repository, path, commit and SHA-256; DIR holds clones of the
repositories, as OWNER/NAME or OWNER+NAME, with or without work trees. Each model runs in a process
of its own, with limits of time and memory. Weights are those of the repository where zoo.tsv names
them and the clone has them, else seeded. Results in FILE are kept, and not computed again.

Needs PyTorch, safetensors, onnx, onnxscript and onnxruntime. With OpenCV 4, the last one that
imports Caffe's files, installed, each model is compared with it, too.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import re
import resource
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from stages import STAGES, Model  # noqa: E402

import caffetools  # noqa: E402
from tests.public_nets import content  # noqa: E402

Row = dict[str, str]
Results = dict[str, list[str]]
"""By stage, a word and a reason."""


def rows(table: Path = HERE / "zoo.tsv") -> list[Row]:
    """The models of a table."""
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def model_of(row: Row, clones: Path, folder: Path) -> Model | None:
    """The model of a row, out of its clone; None where it is absent."""
    data = content(clones, row)
    if data is None:
        return None
    text = data.decode("utf-8", "surrogateescape")
    for name, value in pairs(row["values"]).items():
        text = text.replace(f"${name}", value)
    shapes = {
        name: tuple(map(int, sizes.split(","))) for name, sizes in pairs(row["shapes"]).items()
    }
    stored = {**row, "path": row["weights"], "sha256": row["weights_sha256"]}
    weights = content(clones, stored) if row["weights"] else None
    return Model(text, row["path"], row["phase"], row["parameters"], shapes, weights, folder)


def pairs(text: str) -> dict[str, str]:
    """What `name=value name=value` says."""
    return dict(each.split("=", 1) for each in text.split())


def walk(row: Row, clones: Path, folder: Path, memory: int, results: Connection) -> None:
    """Send what each stage comes to. Later stages need the earlier ones, but OpenCV not ONNX."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    model = model_of(row, clones, folder)
    if model is None:
        results.send(("reads", ["absent", ""]))
        return
    if row["weights"]:
        results.send(("weights", ["absent" if model.weights is None else "real", ""]))
    for stage, step in model.stages():
        results.send((stage, ["no", "ended by a limit of time or memory"]))
        try:
            results.send((stage, [step(), ""]))
        except Exception as error:  # noqa: BLE001  # whatever goes wrong is the verdict
            lines = str(error).strip().splitlines() or [type(error).__name__]
            text = re.sub(r"^OpenCV\S+ \S+ error: ", "", lines[0]).replace(f"{folder}/", "")
            results.send((stage, ["no", text[:200]]))
            if stage not in STAGES[3:]:
                return


def checked(row: Row, clones: Path, seconds: float, memory: int) -> Results:
    """What a model comes to, in a process of its own."""
    found: Results = {}
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        work = (row, clones, Path(folder), memory, sender)
        process = multiprocessing.get_context("fork").Process(target=walk, args=work)
        process.start()
        sender.close()
        process.join(seconds)
        process.kill()
        while receiver.poll():
            try:
                stage, result = receiver.recv()
            except EOFError:
                break
            found[stage] = result
        process.join()
    return found


HEADER = """\
# Public Caffe models in caffetools

Written by check.py; not to be edited. {models} models of {repos} repositories. A stage is tried
where the one before it is passed. Of ONNX and OpenCV 4 the largest difference from the PyTorch
module is shown, relative to the largest value of its blob. Weights are seeded but for those marked
`real`, which lie in the repository. A row without results has not been checked yet. Accuracies are
those that the repositories state.

| stage | models | of |
| --- | --- | --- |
"""


def status(table: list[Row], results: dict[str, Results]) -> str:
    """STATUS.md: figures, a row for each model, and the reason of each failure."""
    lines = HEADER.format(models=len(table), repos=len({row["repo"] for row in table})).splitlines()
    stages = (*STAGES, "weights")
    words = {
        row["name"]: [results.get(row["name"], {}).get(stage, ["", ""])[0] for stage in stages]
        for row in table
    }
    for stage, found in zip(stages, zip(*words.values(), strict=True), strict=True):
        tried = [word for word in found if word not in {"", "absent"}]
        lines.append(f"| {stage} | {len(tried) - tried.count('no')} | {len(tried)} |")
    lines += ["", f"| family | model | parameters | {' | '.join(stages)} | accuracy |"]
    lines.append("| --- " * (len(stages) + 4) + "|")
    for row in table:
        link = f"https://github.com/{row['repo']}/blob/{row['commit']}/{row['path']}"
        count = f"{int(row['parameters']):,}" if row["parameters"] else ""
        cells = [row["family"], f"[{row['name']}]({link})", count, *words[row["name"]]]
        lines.append(f"| {' | '.join([*cells, row['accuracy']])} |")
    lines += ["", "## Reasons", ""]
    for row in table:
        for stage, (_, why) in results.get(row["name"], {}).items():
            lines += [f"- {row['name']}, {stage}: {why}"] if why else []
    return "\n".join(lines) + "\n"


def warm_up() -> None:
    """Export a small net, so that no process imports by itself what that takes."""
    with tempfile.TemporaryDirectory() as folder:
        lenet = HERE.parent / "lenet" / "deploy.prototxt"
        caffetools.export(lenet, f"{folder}/lenet.onnx", to="onnx")


def main() -> int:
    """Check the models that are left and write the status of all; returns the exit status."""
    parser = argparse.ArgumentParser(description="Take public Caffe models through caffetools.")
    parser.add_argument("--clones", type=Path, required=True, help="folder of clones")
    parser.add_argument("--table", type=Path, default=HERE / "zoo.tsv", help="table of models")
    parser.add_argument(
        "--only", default="", help="models whose family, name or repository has TEXT"
    )
    parser.add_argument("--results", type=Path, help="JSON lines: results to keep and to add to")
    parser.add_argument("--jobs", type=int, default=1, help="models at a time (default: 1)")
    parser.add_argument("--seconds", type=float, default=300, help="limit of time (default: 300)")
    parser.add_argument("--gib", type=int, default=12, help="limit of memory (default: 12)")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "STATUS.md")
    given = parser.parse_args()
    table = [row for row in rows(given.table) if given.only in str(row)]
    kept: dict[str, Results] = {}
    if given.results and given.results.exists():
        kept = dict(map(json.loads, given.results.read_text().splitlines()))
    left = [row for row in table if row["name"] not in kept]
    work = partial(checked, clones=given.clones, seconds=given.seconds, memory=given.gib * 2**30)
    if left:
        warm_up()
    with ThreadPoolExecutor(given.jobs) as pool:
        for row, found in zip(left, pool.map(work, left), strict=True):
            kept[row["name"]] = found
            if given.results:
                with given.results.open("a") as lines:
                    lines.write(json.dumps([row["name"], found]) + "\n")
            print(row["name"], json.dumps(found), flush=True)
    given.output.write_text(status(table, kept), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
