from __future__ import annotations

import pytest

from caffetools.log.curve import Output
from tests.logs import CAFFE, line, lines, read

TODAY = (
    "Batch 0, accuracy = 0.5",
    "Batch 0, v = 1",
    "Batch 0, v = 2",
    "Batch 1, accuracy = 0.7",
    "Batch 1, v = 3",
    "Batch 1, v = 4",
    "Loss: 1.25",
    "accuracy = 0.6",
    "v = 2",
    "v = 3",
    "loss = 0.4 (* 2 = 0.8 loss)",
)


def test_caffe_test_of_today() -> None:
    contents = read(lines(*TODAY, place=CAFFE))
    (score,) = contents.scores
    assert (score.line, score.loss) == (7, "1.25")
    assert score.outputs == [Output("accuracy"), Output("v"), Output("v"), Output("loss", "2")]
    assert score.values == ["0.6", "2", "3", "0.4"]
    assert [(row.iteration, row.outputs) for row in contents.batches.rows()] == [
        (0, {"accuracy": [0.5], "v": [1, 2]}),
        (1, {"accuracy": [0.7], "v": [3, 4]}),
    ]


def test_several_runs() -> None:
    contents = read(lines(*TODAY, *TODAY, place=CAFFE))
    assert [score.line for score in contents.scores] == [7, 7 + len(TODAY)]
    assert [row.iteration for row in contents.batches.rows()] == [0, 1, 0, 1]
    assert list(contents.batches.starts) == [0, 2]


@pytest.mark.parametrize(
    ("place", "texts", "batch", "mean"),
    [
        (CAFFE, ("Batch 0, score: 0.5", "Score: 0.25"), {"score": [0.5]}, "score"),
        (
            "test_net.cpp:9",
            ("Batch 0, accuracy: 0.5", "Test accuracy:0.25"),
            {"accuracy": [0.5]},
            "accuracy",
        ),
    ],
    ids=["v0.9999", "v0.9"],
)
def test_forms_of_other_ages(
    place: str, texts: tuple[str, ...], batch: dict[str, list[float]], mean: str
) -> None:
    contents = read(lines(*texts, place=place))
    assert [row.outputs for row in contents.batches.rows()] == [batch]
    assert [(score.outputs, score.values) for score in contents.scores] == [
        ([Output(mean)], ["0.25"])
    ]


def test_a_detectors_test() -> None:
    log = lines("class AP 1: 0.5", "Test net output mAP #0: eval = 0.75", place=CAFFE)
    (score,) = read(log).scores
    assert score.outputs == [Output("eval class AP 1"), Output("eval")]
    assert score.values == ["0.5", "0.75"]


def test_other_messages_are_no_scores() -> None:
    log = line("Using GPUs 0", CAFFE) + line("a = b", "data_layer.cpp:1") + "Loss: 0.5\nx = 1\n"
    assert read(log).scores == ()
