"""Training with data that is damaged: what is told, what goes on, what is kept."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL")
pytest.importorskip("h5py")

from caffetools.formats.datum import encoded_datum, raw_datum
from tests.commands import Ran, run
from tests.formats.files import write_leveldb, write_lmdb
from tests.torch.training.data.images import encoded

NET = """\
layer {{ name: "data" type: "{type}" top: "data" top: "label"
  {param} {{ source: "data" {options} batch_size: 4 }}
  {more} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param {{ num_output: 3 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }}
"""
SOLVER = """\
net: "net.prototxt" base_lr: 0.001 lr_policy: "fixed" max_iter: 8 snapshot_prefix: "net"
"""
LEVELS = np.random.default_rng(0).integers(0, 255, (20, 6, 5, 1)).astype(np.uint8)
RECORDS = [raw_datum(image, index % 3) for index, image in enumerate(LEVELS)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a solver."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    return tmp_path


def write_net(layer: str = "Data", backend: str = "LMDB", more: str = "") -> None:
    param = {"Data": "data_param", "ImageData": "image_data_param"}.get(layer, "hdf5_data_param")
    options = f"backend: {backend}" if layer == "Data" else ""
    text = NET.format(type=layer, param=param, options=options, more=more)
    Path("net.prototxt").write_text(text)


def train(*arguments: str) -> Ran:
    done = run("train", "--solver", "solver.prototxt", "--workers", "0", *arguments)
    assert "Traceback" not in done.err
    return done


def told(done: Ran) -> list[str]:
    """The warnings of a log."""
    warning = re.compile(r"W\d{4} [\d:.]+ +\d+ data_layer\.cpp:100\] (.*)")
    return [found[1] for line in done.err.splitlines() if (found := warning.fullmatch(line))]


def snapshots() -> list[str]:
    return sorted(path.name for path in Path().glob("*.solverstate"))


DAMAGES: list[tuple[bytes, str]] = [
    (b"\xff\xff", "the record is not a Datum: the file ends inside a number (byte 0)"),
    (
        RECORDS[5][:-20],
        "the record is not a Datum: field 4 claims 30 bytes where 14 are left (byte 6)",
    ),
    (
        RECORDS[5].replace(b"\x10\x06", b"\x10\x07"),
        "the shape (1, 7, 5) of the Datum does not match 30 values",
    ),
    (
        encoded_datum(b"no image", 1),
        "the image cannot be decoded: Pillow does not know its format",
    ),
    (
        raw_datum(np.zeros((7, 5, 1), np.uint8), 1),
        "expected (1, 6, 5) for 'data' as most of the batch, found (1, 7, 5)",
    ),
    (
        raw_datum(np.zeros((6, 5, 3), np.uint8), 1),
        "expected (1, 6, 5) for 'data' as most of the batch, found (3, 6, 5)",
    ),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("record", "message"), DAMAGES)
@pytest.mark.parametrize("write", [write_lmdb, write_leveldb])
def test_a_damaged_record(record: bytes, message: str, write: Callable[..., None]) -> None:
    """20 records, 8 batches of 4 and one for the last loss: each comes once or twice."""
    write(Path("data"), *RECORDS[:5], record, *RECORDS[6:])
    write_net(backend="LMDB" if write is write_lmdb else "LEVELDB")
    done = train()
    assert done.status == 0, done.err
    where = "data: record 5, key '00000005'"
    assert told(done) == [
        f"{where}: {message}; the next item takes its place",
        "damaged items that were skipped in this run: 2",
    ]
    strict = train("--strict")
    assert strict.status == 1
    assert strict.err.splitlines()[-1] == f"{where}: {message} (training, iteration 1)"
    assert snapshots() == ["net_iter_1.solverstate", "net_iter_8.solverstate"]


@pytest.mark.usefixtures("folder")
def test_a_resumed_run_skips_what_the_whole_one_skipped() -> None:
    write_lmdb(Path("data"), *RECORDS[:5], b"\xff", *RECORDS[6:11], b"\xff", *RECORDS[12:])
    write_net(more="transform_param { crop_size: 4 mirror: true }")
    solver = Path("solver.prototxt")
    solver.write_text(f"{SOLVER} snapshot: 3 random_seed: 1")
    assert train().status == 0
    whole = Path("net_iter_8.caffemodel").read_bytes()
    Path("net_iter_8.caffemodel").unlink()
    assert train("--snapshot", "net_iter_3.solverstate").status == 0
    assert Path("net_iter_8.caffemodel").read_bytes() == whole


@pytest.mark.usefixtures("folder")
def test_records_that_are_all_damaged_but_the_first() -> None:
    """No batch of a strange size can be made of one item: it stops."""
    other = [raw_datum(np.zeros((7, 5 + i, 1), np.uint8), 1) for i in range(3)]
    write_lmdb(Path("data"), RECORDS[0], *other)
    write_net()
    done = train()
    assert done.status == 1
    assert "net.prototxt:2:16: data: record 1, key '00000001': expected items of one" in done.err


@pytest.mark.usefixtures("folder")
def test_images_that_are_all_damaged_but_the_first() -> None:
    """A whole list is read once more for each image that is missing, and then it stops."""
    Path("a.png").write_bytes(encoded(LEVELS[0, :, :, 0]))
    Path("data").write_text("a.png 0\n" + "gone.png 1\n" * 2000)
    write_net("ImageData")
    done = train()
    assert done.status == 1
    message = "data:2: gone.png: no such file; and so the 999 items"
    assert f"net.prototxt:2:22: {message}" in done.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("label", [3, -1, 2**31 - 1])
def test_a_label_out_of_range(label: int) -> None:
    write_lmdb(Path("data"), *RECORDS[:6], raw_datum(LEVELS[6], label))
    write_net()
    done = train()
    assert done.status == 1
    assert done.err.splitlines()[-1] == (
        f"data: record 6, key '00000006': the label {label:g} is out of range: 'label' is read "
        "for 3 classes, from 0 (training, iteration 1)"
    )
    assert snapshots() == ["net_iter_1.solverstate"]


@pytest.mark.usefixtures("folder")
def test_a_label_that_is_ignored() -> None:
    write_lmdb(Path("data"), *RECORDS[:6], raw_datum(LEVELS[6], -1))
    write_net()
    net = Path("net.prototxt")
    net.write_text(
        net.read_text().replace('top: "loss"', 'top: "loss" loss_param { ignore_label: -1 }')
    )
    assert train().status == 0


def write_list(lines: Sequence[str]) -> None:
    for index in range(8):
        Path(f"{index}.png").write_bytes(encoded(LEVELS[index, :, :, 0]))
    Path("data").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "content", "message"),
    [
        ("gone.png 1", None, "gone.png: no such file"),
        ("5.png 1", b"x", "5.png: the image cannot be decoded: Pillow does not know its format"),
        ("5.png", None, "expected an image and a label, found '5.png'"),
        ("5.png one", None, "expected an image and a label, found '5.png'"),
        ("", None, "expected an image and a label, found ''"),
        (
            "../\\n\x1b[2J.png 1",
            None,
            r"../\n\x1b[2J.png: no such file",
        ),
        (
            "5.png 1",
            encoded(np.zeros((9, 9))),
            "expected (3, 6, 5) for 'data' as most of the batch, found (3, 9, 9)",
        ),
    ],
)
def test_a_damaged_image(line: str, content: bytes | None, message: str) -> None:
    """8 lines, 9 batches of 4."""
    write_list([f"{index}.png {index % 3}" if index != 5 else line for index in range(8)])
    if content is not None:
        Path("5.png").write_bytes(content)
    write_net("ImageData")
    done = train()
    assert done.status == 0, done.err
    assert told(done) == [
        f"data:6: {message}; the next item takes its place",
        "damaged items that were skipped in this run: 4",
    ]
    assert train("--strict").status == 1


@pytest.mark.usefixtures("folder")
def test_a_first_image_that_is_damaged() -> None:
    write_list([f"{index}.png {index % 3}" for index in range(8)])
    Path("0.png").write_bytes(b"x")
    write_net("ImageData")
    done = train()
    assert done.status == 0, done.err
    assert told(done)[0].startswith("data:1: 0.png: the image cannot be decoded")
    assert (
        "expected a JPEG, PNG, BMP or PNM image, found '0.png': Caffe aborts there; the size is"
        in done.err
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda: Path("data/data.mdb").unlink(), "expected an LMDB or a LevelDB, found 'data'"),
        (lambda: Path("data").rename("other"), "no such database: 'data'"),
        (lambda: cut(0.0), "data.mdb ends too early to be a whole LMDB"),
        (lambda: cut(0.4), "data: data.mdb ends too early to be a whole LMDB"),
        (lambda: cut(0.99), "data: data.mdb ends too early to be a whole LMDB"),
    ],
)
def test_a_database_that_is_not_whole(spoil: Callable[[], None], message: str) -> None:
    write_lmdb(Path("data"), *[raw_datum(np.zeros((60, 50, 1), np.uint8), 1)] * 20)
    spoil()
    write_net()
    done = train()
    assert done.status == 1
    assert done.err.splitlines()[-3:-1] == [
        f"net.prototxt:2:16: {message}",
        '    data_param { source: "data" backend: LMDB batch_size: 4 }',
    ]


def cut(part: float) -> None:
    path = Path("data/data.mdb")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("mean", "message"),
    [
        (None, "net.prototxt:3:21: mean: no such file"),
        (b"\x0a", "net.prototxt:3:21: mean: this is not a .binaryproto, or it is cut off"),
        (b"", "net.prototxt:3:21: "),
    ],
)
def test_a_mean_image_that_cannot_be_read(mean: bytes | None, message: str) -> None:
    write_lmdb(Path("data"), *RECORDS)
    write_net(more='transform_param { mean_file: "mean" }')
    if mean is not None:
        Path("mean").write_bytes(mean)
    done = train()
    assert done.status == 1
    assert message in done.err


@pytest.mark.usefixtures("folder")
def test_a_mean_image_of_another_size() -> None:
    from caffetools.formats.blob import Blob, binaryproto

    write_lmdb(Path("data"), *RECORDS)
    write_net(more='transform_param { mean_file: "mean" }')
    Path("mean").write_bytes(binaryproto(Blob((1, 5, 6), np.zeros(30, np.float32))))
    done = train()
    assert done.status == 1
    assert "record 0, key '00000000': the mean image is (1, 5, 6), an item (1, 6, 5)" in done.err


@pytest.mark.usefixtures("folder")
def test_a_crop_that_is_larger_than_the_items() -> None:
    write_lmdb(Path("data"), *RECORDS)
    write_net(more="transform_param { crop_size: 6 }")
    done = train()
    assert done.status == 1
    message = "crop_size 6 exceeds the item's 6 x 5"
    assert f"net.prototxt:3:21: {message}\n" in done.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("settings", "last"),
    [
        ("max_iter: 0", "Optimization Done."),
        ("max_iter: 1 test_iter: 0 test_interval: 1", "Optimization Done."),
        ("max_iter: 1 test_iter: -1 test_interval: 1", "Optimization Done."),
        ("test_iter: 1 test_interval: 0", "expected test_interval of at least 1, found 0"),
        ("test_iter: 1 test_interval: -2", "expected test_interval of at least 1, found -2"),
        ('snapshot_prefix: "a\\000b"', "snapshots cannot be written: embedded null byte"),
        ('snapshot_prefix: "../a\\nb c"', "Optimization Done."),
    ],
)
def test_odd_solvers(settings: str, last: str) -> None:
    write_lmdb(Path("data"), *RECORDS)
    write_net()
    text = SOLVER.replace("max_iter: 8", "") if "max_iter" in settings else SOLVER
    text = text.replace('snapshot_prefix: "net"', "") if "prefix" in settings else text
    Path("solver.prototxt").write_text(f"{text} {settings}")
    done = train()
    assert done.status == (0 if last == "Optimization Done." else 1)
    assert last in done.err


REST = NET[NET.index('layer {{ name: "ip"') :].format()
DUMMY = """\
layer { name: "data" type: "DummyData" top: "data" top: "label"
  dummy_data_param { shape { dim: 4 dim: 3 } shape { dim: 4 }
    data_filler { type: "gaussian" std: 1 } data_filler { type: "constant" value: LABEL } } }
"""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("label", "status"), [("2", 0), ("3", 1)])
def test_dummy_data(label: str, status: int) -> None:
    """No source gives its labels: what the loss says of them is told."""
    Path("net.prototxt").write_text(DUMMY.replace("LABEL", label) + REST)
    done = train()
    assert done.status == status, done.err
    if status:
        message = "a label is out of range: Target 3 is out of bounds. (training, iteration 0)"
        assert done.err.splitlines()[-1] == message


@pytest.mark.usefixtures("folder")
def test_a_label_that_comes_through_another_layer() -> None:
    write_lmdb(Path("data"), *RECORDS[:6], raw_datum(LEVELS[6], 5))
    write_net()
    path = Path("net.prototxt")
    text = path.read_text().replace('bottom: "label" top: "loss"', 'bottom: "same" top: "loss"')
    between = 'layer { name: "f" type: "Flatten" bottom: "label" top: "same" '
    path.write_text(
        text.replace(
            'layer { name: "loss"', between + 'flatten_param { axis: 0 } }\nlayer { name: "loss"'
        )
    )
    done = train()
    assert done.status == 1
    message = "a label is out of range: Target 5 is out of bounds. (training, iteration 1)"
    assert done.err.splitlines()[-1] == message
    assert snapshots() == ["net_iter_1.solverstate"]


@pytest.mark.usefixtures("folder")
def test_inputs_that_nobody_feeds() -> None:
    memory = "memory_data_param { batch_size: 4 channels: 1 height: 6 width: 6 }"
    layer = f'layer {{ name: "data" type: "MemoryData" top: "data" top: "label" {memory} }}\n'
    Path("net.prototxt").write_text(layer + REST)
    done = train()
    assert done.status == 1
    message = "net.prototxt:1:1: expected an array for each of 'data', 'label': fed from Python"
    assert message in done.err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("mode", ["warp", "square"])
def test_windows(mode: str) -> None:
    """Of two images one is missing: its windows are skipped."""
    Path("a.png").write_bytes(encoded(np.zeros((30, 40, 3))))
    windows = "# {i} {name}.png 3 30 40 3 1 .9 2 3 20 20 2 .1 0 0 9 9 2 .7 3 3 39 29\n"
    text = windows.format(i=0, name="a") + windows.format(i=1, name="gone")
    Path("windows").write_text(text)
    layer = f"""layer {{ name: "data" type: "WindowData" top: "data" top: "label"
      window_data_param {{ source: "windows" batch_size: 4 context_pad: 1 crop_mode: "{mode}" }}
      transform_param {{ crop_size: 8 mirror: true mean_value: 3 }} }}"""
    Path("net.prototxt").write_text(layer + REST)
    done = train()
    assert done.status == 0, done.err
    missing = r"windows: window \(.*\) of gone\.png: gone\.png: no such file.*"
    *each, last = told(done)
    assert each
    assert all(re.fullmatch(missing, text) for text in each)
    assert last.startswith("damaged items that were skipped in this run: ")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_a_disk_that_is_full_for_snapshots(form: str) -> None:
    """They are told and training goes on; none stands there half. An old one is as it was."""
    write_lmdb(Path("data"), *RECORDS)
    write_net()
    solver = Path("solver.prototxt")
    solver.write_text(f"{SOLVER} snapshot: 3 snapshot_format: {form}")
    old = Path("net_iter_6.caffemodel" + (".h5" if form == "HDF5" else ""))
    old.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))  # a write fails in the middle
    try:
        done = train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.status == 1
    failures = [line for line in done.err.splitlines() if "no snapshot: " in line]
    assert len(failures) == 3
    assert failures[0].endswith("cannot be written: File too large; training goes on")
    assert "] Optimization Done.\n" in done.err
    assert done.err.splitlines()[-1].endswith("cannot be written: File too large")
    assert sorted(path.name for path in Path().glob("net_*")) == [old.name]
    assert old.read_bytes() == b"old"
    assert not list(Path().glob(".caffetools-*"))
