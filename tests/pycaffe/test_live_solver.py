from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from caffetools.check.parsed_log import parse_log
from tests.live_nets import DATA, LOSS, PRODUCT, caffe, solver_file

FIXED = 'base_lr: 0.1 lr_policy: "fixed" max_iter: 3 snapshot_after_train: false'


def test_a_step_by_hand(tmp_path: Path) -> None:
    """x = 1, t = 4, b = 0: y = 0, db = 2 · (0 - 4) / 2 = -4, b = 0.4; then y = 0.4 · 4, …"""
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    assert (solver.iter, solver.lr) == (0, pytest.approx(0.1))
    bias = solver.net.params["ip"][1].data
    solver.step(1)
    assert solver.iter == 1
    np.testing.assert_allclose(bias, [0.1 * 4] * 2, rtol=1e-6)
    np.testing.assert_allclose(solver.net.params["ip"][1].diff, [0.1 * -4] * 2, rtol=1e-6)
    assert solver.net.blobs["loss"].data == 4 * 4**2 / (2 * 2)
    solver.step(1)
    np.testing.assert_allclose(bias, [0.4 + 0.1 * (4 - 1.6)] * 2, rtol=1e-6)


def test_a_fraction_of_a_step(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    with pytest.raises(TypeError):
        solver.step(1.5)
    assert solver.iter == 0


def test_what_a_script_writes_is_trained_on(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    solver.net.blobs["t"].data[...] = 0
    solver.net.params["ip"][0].data[...] = 0
    solver.step(2)
    assert not solver.net.params["ip"][1].data.any()


@pytest.mark.parametrize(
    ("name", "update"),
    [
        ("Nesterov", 0.1 * -4),
        ("AdaGrad", -0.1),
        ("RMSProp", -0.1 / np.sqrt(0.02)),
        ("AdaDelta", -0.1 * 4 * np.sqrt(1e-8 / (4**2 + 1e-8))),
        ("Adam", -0.1),
    ],
)
def test_first_updates(tmp_path: Path, name: str, update: float) -> None:
    """With g = -4: AdaGrad g / |g|, RMSProp g / sqrt(0.02 g²), Adam's corrected g / |g|."""
    text = FIXED + f' type: "{name}" rms_decay: 0.98'
    solver = caffe.get_solver(solver_file(tmp_path, text))
    assert isinstance(solver, getattr(caffe, f"{name}Solver"))
    assert isinstance(solver, caffe.SGDSolver)
    solver.step(1)
    np.testing.assert_allclose(solver.net.params["ip"][1].data, [-update] * 2, rtol=1e-4)
    np.testing.assert_allclose(solver.net.params["ip"][1].diff, [update] * 2, rtol=1e-4)


def test_the_class_decides_the_type(tmp_path: Path) -> None:
    solver = caffe.AdaGradSolver(solver_file(tmp_path, FIXED))
    solver.step(1)
    np.testing.assert_allclose(solver.net.params["ip"][1].data, [0.1, 0.1], rtol=1e-5)
    with pytest.raises(RuntimeError, match=r"solver.prototxt: AdaGrad has no momentum"):
        caffe.AdaGradSolver(solver_file(tmp_path, FIXED + " momentum: 0.9"))


def test_apply_update_uses_what_diff_holds(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    solver.net.params["ip"][1].diff[...] = [1, 2]
    solver.apply_update()
    np.testing.assert_allclose(solver.net.params["ip"][1].data, [-0.1, -0.2], rtol=1e-6)
    assert solver.iter == 1


def test_solver_parameter(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED + " display: 7"))
    assert (solver.param.max_iter, solver.param.display) == (3, 7)
    solver.param.base_lr = 0.5
    assert (solver.param.base_lr, solver.lr) == (0.5, 0.5)


def test_callbacks(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    seen: list[tuple[str, float]] = []
    diff = solver.net.params["ip"][1].diff
    solver.add_callback(
        lambda: seen.append(("start", float(diff[0]))),
        lambda: seen.append(("ready", float(diff[0]))),
    )
    solver.step(1)
    assert seen == [("start", 0.0), ("ready", -4.0)]


def test_iter_size_adds_gradients(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED + " iter_size: 2"))
    solver.step(1)
    np.testing.assert_allclose(solver.net.params["ip"][1].data, [0.4, 0.4], rtol=1e-6)


def test_test_nets_get_the_weights_when_they_are_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FIXED + " test_iter: 2 test_interval: 2 test_initialization: false display: 1"
    solver = caffe.SGDSolver(solver_file(tmp_path, text))
    (test,) = solver.test_nets
    solver.step(1)
    assert not test.params["ip"][1].data.any()
    solver.solve()
    assert solver.iter == 3
    assert test.params["ip"][1].data[0] > 0
    test.params["ip"][1].data[0] = 9
    assert solver.net.params["ip"][1].data[0] == 9
    (tmp_path / "log").write_text(capsys.readouterr().err)
    log = parse_log(tmp_path / "log").to_dict()
    assert [row["iteration"] for row in log["train"]] == [0, 1, 2, 3]
    assert [row["iteration"] for row in log["test"]] == [2]


def test_weights_of_the_prototxt_and_share_weights(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    solver.net.params["ip"][1].data[...] = 3
    solver.net.save(str(tmp_path / "w.caffemodel"))
    text = FIXED + f' weights: "{tmp_path}/w.caffemodel" random_seed: 1'
    other = caffe.SGDSolver(solver_file(tmp_path, text))
    assert other.net.params["ip"][1].data.tolist() == [3, 3]
    net = caffe.Net(str(tmp_path / "net.prototxt"), caffe.TEST)
    other.share_weights(net)
    other.net.params["ip"][1].data[...] = 5
    assert net.params["ip"][1].data.tolist() == [5, 5]


def test_snapshots(tmp_path: Path) -> None:
    prefix = f' momentum: 0.5 snapshot: 2 snapshot_prefix: "{tmp_path}/s"'
    path = solver_file(tmp_path, FIXED + prefix)
    solver = caffe.SGDSolver(path)
    solver.step(3)
    assert (tmp_path / "s_iter_2.caffemodel").is_file()
    solver.snapshot()
    assert (tmp_path / "s_iter_3.solverstate").is_file()
    again = caffe.SGDSolver(path)
    again.restore(str(tmp_path / "s_iter_2.solverstate"))
    assert again.iter == 2
    again.step(1)
    ours, theirs = (each.net.params["ip"][1].data for each in (again, solver))
    np.testing.assert_array_equal(ours, theirs)
    third = caffe.SGDSolver(path)
    third.solve(str(tmp_path / "s_iter_2.solverstate"))
    np.testing.assert_array_equal(third.net.params["ip"][1].data, theirs)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda solver: solver.restore("none.solverstate"), r"none.solverstate: .*o such file"),
        (lambda solver: solver.solve("none.solverstate"), r"none.solverstate: .*o such file"),
        (lambda _: caffe.get_solver("none.prototxt"), r"none.prototxt: .*o such file"),
    ],
)
def test_missing_files(tmp_path: Path, use: object, message: str) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED))
    with pytest.raises(RuntimeError, match=message):
        use(solver)  # type: ignore[operator]
    with pytest.raises(TypeError, match="expected a file name"):
        caffe.SGDSolver(3)


@pytest.mark.parametrize("get", ["get_solver", "SGDSolver"])
def test_an_unknown_type(tmp_path: Path, get: str) -> None:
    path = solver_file(tmp_path, FIXED + '\ntype: "Lion"')
    with pytest.raises(RuntimeError, match=r"solver.prototxt:3:\d+: expected type SGD or"):
        getattr(caffe, get)(path)


def test_a_loss_that_is_not_finite_stops_nothing(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, f'{FIXED} snapshot_prefix: "{tmp_path}/s"'))
    solver.net.blobs["t"].data[...] = np.nan
    solver.step(2)
    assert solver.iter == 2
    assert np.isnan(solver.net.params["ip"][1].data).all()
    solver.snapshot()
    names = sorted(path.name for path in tmp_path.glob("s_*"))
    assert names == ["s_iter_2.caffemodel", "s_iter_2.solverstate"]


@pytest.mark.parametrize("name", ["sgd_step", "adam_poly", "sgd_itersize", "sgd_batchnorm"])
def test_a_run_of_caffe(
    caffe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The losses of the first iterations are Caffe's."""
    pytest.importorskip("h5py")
    from tests.live_nets import caffe as pycaffe

    shutil.copytree(caffe / "training" / name, tmp_path / "run")
    for path in (caffe / "training").glob("*.h5"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path / "run")
    solver = pycaffe.get_solver("solver.prototxt")
    solver.net.copy_from("init.caffemodel")
    solver.step(20)
    (tmp_path / "log").write_text(capsys.readouterr().err)
    curves = [
        {row["iteration"]: row["loss"] for row in parse_log(path).to_dict()["train"]}
        for path in ("caffe.log", tmp_path / "log")
    ]
    assert len(curves[1]) >= 10
    for iteration, loss in curves[1].items():
        assert loss == pytest.approx(curves[0][iteration], rel=2e-4)


def test_the_nets_outlive_the_solver(tmp_path: Path) -> None:
    solver = caffe.SGDSolver(solver_file(tmp_path, FIXED, DATA + PRODUCT + LOSS))
    net = solver.net
    del solver
    assert net.forward()["loss"] == 16
