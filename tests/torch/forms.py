"""Compare the two forms of exported nets on seeded weights and inputs.

python -m tests.torch.forms NET.prototxt...
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
import torch

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.net.net import Net
from caffetools.torch.export.export import module_spec
from caffetools.torch.export.loaded_module import load_module, run_module, to_caffe
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.module_spec import ModuleSpec
from caffetools.torch.export.state_dict import converted
from caffetools.torch.export.structure import structured
from caffetools.torch.export.verification import seeded_inputs

LARGEST = 5e9
"""Maximum number of multiply-accumulates of a net."""


def seeded_weights(spec: ModuleSpec) -> dict[str, np.ndarray]:
    """Weights with which activations keep their size; statistics are positive."""
    random = np.random.default_rng(3)
    found: dict[str, np.ndarray] = {}
    for param in (param for params in spec.params.values() for param in params):
        values = random.normal(size=param.stored)
        fan = max(1, int(np.prod(param.stored[1:])))
        positive = param.key.endswith(("variance", "scale_factor"))
        scaled = np.abs(values) + 0.5 if positive else values / fan**0.5
        found[param.key] = scaled.astype(np.float32)
    return found


def compare(net: Net, *, trains: bool = False) -> str:
    """Return what differs between the two forms, "" if nothing does.

    Raises CaffeToolsError for a net that cannot be exported.
    """
    flat = module_spec(net)
    made = structured(flat, trains=trains)
    weights = seeded_weights(flat)
    moved = converted(weights, flat, made)
    inputs = seeded_inputs(flat, {})
    training = flat.phases[0] == "TRAIN"
    results = []
    for spec, tensors in ((flat, weights), (made, moved)):
        module = load_module(spec, tensors).train(training)
        torch.manual_seed(1)
        blobs = [tensor.blob for tensor in spec.outputs[spec.phases[0]]]
        found = run_module(module, *(inputs[tensor.blob] for tensor in spec.inputs))
        results.append((dict(zip(blobs, found, strict=True)), to_caffe(module)))
    (expected, before), (found_blobs, after) = results
    for blob, values in found_blobs.items():
        if not np.allclose(values, expected[blob], rtol=1e-4, atol=1e-5, equal_nan=True):
            return f"{blob} differs by {np.abs(values - expected[blob]).max()}"
    if list(after) != list(before):
        return f"layers {sorted({*after} ^ {*before})} or their order"
    back = converted(moved, made, flat)
    kept = {
        key: v for key, v in weights.items() if not key.endswith(("mean", "variance", "factor"))
    }
    return "" if all(np.array_equal(back[key], kept[key]) for key in kept) else "the way back"


def of_one_image(path: str) -> Net:
    """Load a net with a batch size of 1 where its inputs allow this."""
    net = load(path, phase="test")
    shapes = {each.blob: each.shape for each in module_spec(net).inputs}
    ones = {blob: (1, *shape[1:]) for blob, shape in shapes.items() if shape and len(shape) == 4}
    try:
        return load(path, phase="test", input_shapes=ones)
    except CaffeToolsError:
        return net


def main(paths: list[str]) -> None:
    """Print what differs, and how many nets were compared."""
    count = {"equal": 0, "different": 0, "refused": 0}
    for path in paths:
        try:
            net = of_one_image(path)
            if net.cost.macs is None or net.cost.macs > LARGEST:
                raise CaffeToolsError("too large")  # noqa: TRY301
            different = compare(net)
        except (CaffeToolsError, NotImplementedError) as error:
            count["refused"] += 1
            click.echo(f"refused {path}: {error}"[:160])
            continue
        except Exception as error:  # noqa: BLE001
            different = f"{type(error).__name__}: {error}"
        count["different" if different else "equal"] += 1
        if different:
            click.echo(f"DIFFERENT {path}: {different}")
        else:
            flat = module_spec(net)
            lines = [len(model_code(form).splitlines()) for form in (flat, structured(flat))]
            click.echo(
                f"equal {lines[0]:5} {lines[1]:5} {Path(path).parent.name}/{Path(path).name}"
            )
    click.echo(count)


if __name__ == "__main__":
    main(sys.argv[1:])
