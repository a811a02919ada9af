from __future__ import annotations

from collections.abc import Callable

import pytest

import caffetools
from caffetools.errors import CaffeToolsError
from caffetools.proto.message import Message
from caffetools.torch.solver.annotated_options import batch_samplers_of, transform_of_annotated
from caffetools.torch.solver.data_layers import sources_of
from caffetools.torch.training.data.annotated_image import EmitConstraint
from caffetools.torch.training.data.annotated_items import AnnotatedDatabase
from caffetools.torch.training.data.annotated_transform import AnnotatedTransform, Expansion
from caffetools.torch.training.data.box_samplers import BatchSampler, SampleConstraint, Sampler
from caffetools.torch.training.data.distortion import Distortion
from caffetools.torch.training.data.image_noise import Noise, SaltPepper
from caffetools.torch.training.data.image_resize import Resize
from caffetools.torch.training.data.sources import Database

NET = """\
layer { name: "data" type: "AnnotatedData" top: "data" top: "label"
transform_param { mean_value: 104 mean_value: 117 mirror: true crop_h: 2 %s }
data_param { source: "db" batch_size: 4 backend: LMDB }
annotated_data_param { %s } }
"""


def layer(transform: str = "", options: str = "", net: str = NET) -> Message:
    loaded = caffetools.from_text(net % (transform, options), data_shape=(3, 30, 40))
    return loaded.layers[0].node.message


def test_a_layer() -> None:
    """Of every message only what is set, in the numbers of the prototxt."""
    net = caffetools.from_text(
        NET
        % (
            """resize_param { height: 3 width: 4 resize_mode: FIT_LARGE_SIZE_AND_PAD
                 interp_mode: AREA interp_mode: CUBIC pad_value: 7 pad_mode: MIRRORED }
               noise_param { hist_eq: true saltpepper_param { fraction: 0.5 value: 9 } }
               distort_param { hue_prob: 0.5 hue_delta: 18 }
               expand_param { prob: 0.25 max_expand_ratio: 4 }
               emit_constraint { emit_type: MIN_OVERLAP emit_overlap: 0.5 }""",
            "anno_type: BBOX",
        ),
        data_shape=(3, 30, 40),
    )
    transform = AnnotatedTransform(
        mean_values=(104, 117),
        mirror=True,
        crop_h=2,
        resize_param=Resize(3, 4, "FIT_LARGE_SIZE_AND_PAD", "MIRRORED", (7,), ("AREA", "CUBIC")),
        noise_param=Noise(hist_eq=True, saltpepper_param=SaltPepper(0.5, (9,))),
        distort_param=Distortion(hue_prob=0.5, hue_delta=18),
        expand_param=Expansion(0.25, 4),
        emit_constraint=EmitConstraint("MIN_OVERLAP", 0.5),
    )
    expected = AnnotatedDatabase(("data", "label"), "db", "LMDB", 4, transform, annotated=True)
    assert sources_of(net) == (expected,)


def test_samplers() -> None:
    message = layer(
        options="""batch_sampler { max_sample: 1 max_trials: 1 }
        batch_sampler { sampler { min_scale: 0.25 max_aspect_ratio: 2 }
          sample_constraint { min_jaccard_overlap: 0 max_object_coverage: 0.5 } }"""
    )
    constraint = SampleConstraint(min_jaccard_overlap=0, max_object_coverage=0.5)
    assert batch_samplers_of(message) == (
        BatchSampler(max_sample=1, max_trials=1),
        BatchSampler(Sampler(0.25, max_aspect_ratio=2), constraint),
    )


@pytest.mark.parametrize(
    ("transform", "options", "read", "line", "fragment"),
    [
        ("resize_param { height: 3 }", "", transform_of_annotated, 2, "found 3 x 0"),
        ("expand_param { }", "", transform_of_annotated, 2, "max_expand_ratio over 1"),
        (
            "",
            "batch_sampler { sampler { min_scale: 2 } }",
            batch_samplers_of,
            4,
            "expected scales over 0",
        ),
    ],
)
def test_mistakes_have_a_place(
    transform: str, options: str, read: Callable[[Message], object], line: int, fragment: str
) -> None:
    with pytest.raises(CaffeToolsError, match=fragment) as caught:
        read(layer(transform, options))
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_other_layers_resize_as_the_fork_does() -> None:
    text = """layer { name: "data" type: "Data" top: "data"
      transform_param { resize_param { height: 3 width: 4 } } data_param { source: "db" } }"""
    (source,) = sources_of(caffetools.from_text(text, data_shape=(3, 30, 40)))
    assert isinstance(source, Database)
    assert source.transform == AnnotatedTransform(resize_param=Resize(3, 4))
