from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import caffetools
from caffetools.cli import main
from caffetools.errors import CaffeToolsError
from caffetools.formats.annotated_datum import Box, annotated_datum
from caffetools.formats.datum import raw_datum
from caffetools.proto.wire import bytes_field
from caffetools.torch.training.data.annotated_items import AnnotatedDatabase, _AnnotatedItems
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform
from caffetools.torch.training.data.batches import Batches, Reading
from caffetools.torch.training.data.sources import ReadContext
from tests.caffe_results import members

SCALE = {"test_pad_mirrored": 0.00390625, "test_small_linear": 0.017}
TOPS = ("data", "label")
PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
ITEMS = [
    annotated_datum(raw_datum(PIXELS, -1), [Box(2, 0, 0, 0, 0.5, 0.5), Box(1, 0, 0, 0, 1, 1)]),
    annotated_datum(raw_datum(PIXELS, -1), []),
    annotated_datum(raw_datum(PIXELS, -1), [Box(3, 4, 0.5, 0.5, 1, 1, True)]),
]


@pytest.mark.parametrize("case", members("ssd_data", "layers/"))
def test_batches_are_those_of_the_fork(
    caffe: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Labels are equal; images differ by the rounding of other releases of OpenCV."""
    pytest.importorskip("cv2")
    monkeypatch.chdir(caffe / "ssd_data" / "layers" / case)
    golden = np.load("golden.npz")
    batches = caffetools.batches("net.prototxt", case.partition("_")[0])
    for number in range(3):
        batch = next(batches)
        assert batch["label"] == pytest.approx(golden[f"label_{number}"], abs=1e-6)
        assert batch["data"].shape == golden[f"data_{number}"].shape
        off = abs(batch["data"] - golden[f"data_{number}"]) / SCALE.get(case, 1)
        assert off.mean() < 0.5
        assert off.max() < 12


def test_the_order_of_the_fork(caffe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.chdir(caffe / "ssd_data" / "order" / "test_order")
    golden = np.load("golden.npz")
    batches = caffetools.batches("net.prototxt", "test")
    for number in range(9):
        batch = next(batches)
        assert batch["label"] == pytest.approx(golden[f"label_{number}"], abs=1e-6)
        means = batch["data"].mean((1, 2, 3))
        assert means == pytest.approx(golden[f"mean_{number}"], abs=1)


@pytest.mark.parametrize("case", members("ssd_data", "draws/"))
def test_draws_are_distributed_as_those_of_the_fork(
    caffe: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Means of 600 items, within four standard errors of what 20,000 of the fork's gave."""
    pytest.importorskip("cv2")
    monkeypatch.chdir(caffe / "ssd_data" / "draws" / case)
    columns = json.loads(Path("stats.json").read_text())["reference"]["columns"]
    batches = caffetools.batches("net.prototxt", seed=1)
    drawn = [next(batches) for _ in range(600)]
    values = np.stack([batch["data"][0] for batch in drawn])
    counts = [int((batch["label"][..., 1] >= 0).sum()) for batch in drawn]
    found = {
        "boxes_after": np.array(counts),
        "std": values.std((1, 2, 3)),
        **{f"mean_c{channel}": values[:, channel].mean((1, 2)) for channel in range(3)},
    }
    for name, each in found.items():
        error = each.std() / np.sqrt(len(each))
        assert abs(each.mean() - columns[name]["mean"]) < 4 * error + 1e-9, name


class Stored:
    """Records in memory."""

    def __init__(self, records: list[bytes]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def read(self, index: int) -> bytes:
        return self.records[index]

    def key(self, index: int) -> bytes:
        return b"%d" % index


def opened(
    monkeypatch: pytest.MonkeyPatch, records: list[bytes], tops: tuple[str, ...] = TOPS, **more: Any
) -> AnnotatedDatabase:
    module = "caffetools.torch.training.data.annotated_items.open_database"
    monkeypatch.setattr(module, lambda *_: Stored(records))
    return AnnotatedDatabase(tops, "db", "LMDB", len(records), **more)


def batch_of(source: AnnotatedDatabase) -> dict[str, Any]:
    return Batches(source, Reading(0, train=True, strict=True))[0].tensors


def test_rows_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """(item, class, instance, box, difficult); the second image has none."""
    batch = batch_of(opened(monkeypatch, ITEMS))
    assert batch["data"].shape == (3, 3, 4, 6)
    assert batch["label"].tolist() == [
        [
            [
                [0, 2, 0, 0, 0, 0.5, 0.5, 0],
                [0, 1, 0, 0, 0, 1, 1, 0],
                [2, 3, 4, 0.5, 0.5, 1, 1, 1],
            ]
        ]
    ]


def test_a_batch_without_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_of(opened(monkeypatch, ITEMS[1:2]))["label"].tolist() == [[[[-1.0] * 8]]]


def test_any_number_of_tops(monkeypatch: pytest.MonkeyPatch) -> None:
    assert batch_of(opened(monkeypatch, ITEMS, ("data",))).keys() == {"data"}
    batch = batch_of(opened(monkeypatch, ITEMS, ("data", "label", "more")))
    assert batch["label"].shape == (1, 1, 3, 8)
    assert batch["more"].numel() == 0


def test_records_without_annotations(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [bytes_field(1, raw_datum(PIXELS, label)) for label in (5, 6)]
    assert batch_of(opened(monkeypatch, plain))["label"].flatten().tolist() == [5, 6]
    assert batch_of(opened(monkeypatch, plain))["label"].shape == (2, 1, 1, 1)


@pytest.mark.parametrize("annotated", [True, False])
def test_a_record_that_misses_its_type(monkeypatch: pytest.MonkeyPatch, annotated: bool) -> None:
    records = [ITEMS[0], bytes_field(1, raw_datum(PIXELS, 5))]
    source = opened(monkeypatch, records[annotated:], annotated=annotated)
    with pytest.raises(CaffeToolsError, match=r"db: record ., key '.': the record does not say"):
        batch_of(source)


def test_what_is_drawn_depends_on_the_item_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(monkeypatch, ITEMS, transform=AnnotatedTransform(mirror=True, crop_size=2))
    items = [_AnnotatedItems(source, ReadContext(seed, train=True)) for seed in (3, 3, 4)]
    read = [[each.read(number, 0)[0].tolist() for number in range(9)] for each in items]
    assert read[0] == read[1] != read[2]
    assert items[0].read(7, 2)[0].tolist() == read[0][7]


def test_a_run_that_draws_resumes_bit_for_bit(
    caffe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six iterations, and three that go on from the snapshot of the third: the same files."""
    pytest.importorskip("cv2")
    folder = tmp_path / "run"
    shutil.copytree(caffe / "ssd_training" / "sgd_11point", folder)
    net = (folder / "train.prototxt").read_text()
    assert "scale: 0.0125" in net
    drawn = "mirror: true expand_param { max_expand_ratio: 3 } distort_param { hue_prob: 1 }"
    samplers = "batch_sampler { sampler { min_scale: 0.3 } } label_map_file"
    net = net.replace("scale: 0.0125", f"scale: 0.0125 {drawn}", 1)
    (folder / "train.prototxt").write_text(net.replace("label_map_file", samplers, 1))
    solver = (folder / "solver.prototxt").read_text().replace("snapshot: 0", "snapshot: 3")
    (folder / "solver.prototxt").write_text(solver)
    monkeypatch.chdir(folder)
    options = ["train", "--solver", "solver.prototxt", "--max-iter", "6"]
    names = [f"final_iter_6.{end}" for end in ("caffemodel", "solverstate", "resume.json")]
    found = []
    for start in (["--weights", "init.caffemodel"], ["--snapshot", "final_iter_3.solverstate"]):
        done = CliRunner().invoke(main, [*options, *start])
        assert done.exit_code == 0, done.stderr
        found.append([Path(name).read_bytes() for name in names])
        for name in names:
            Path(name).unlink()
    assert found[0] == found[1]


def test_workers() -> None:
    assert AnnotatedDatabase(TOPS, "db", "LMDB", 1).workers == 2
    assert AnnotatedDatabase(TOPS, "db", "LEVELDB", 1).workers == 0
