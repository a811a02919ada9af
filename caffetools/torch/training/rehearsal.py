"""What a run may do in place of training: a dry run, or a test."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import torch

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.glog_writer import GlogWriter, number
from caffetools.torch.training.trainer import Trainer


def rehearse(trainer: Trainer, log: GlogWriter) -> None:
    """Run a batch of each net, that of training forward and backward, and log time and memory.

    Weights and files remain as they are. Raises CaffeToolsError for data and nets that do not fit.
    """
    device = trainer.world.device
    start = _now(device)
    trainer.gradients()
    seconds = _now(device) - start
    trainer.losses.fetch()
    trainer.losses.check_finite(trainer.iteration)
    loss, size = trainer.losses.smoothed.value, trainer.settings.iter_size
    batches = "1 batch" if size == 1 else f"{size} batches"
    _say(log, f"loss = {number(loss)}; {batches} forward and backward in {seconds:.3f} s")
    for index, net in enumerate(trainer.tests):
        start = _now(device)
        trainer.forward.mean_outputs(replace(net, iterations=1), lambda: False)
        _say(log, f"test net #{index}: 1 batch forward in {_now(device) - start:.3f} s")
    count = sum(each.numel() for each in trainer.module.parameters())
    _say(log, f"{count:,} parameters; {_peak(device)}; nothing was trained or written")


def evaluate(trainer: Trainer) -> None:
    """Run all test nets once; raise CaffeToolsError if there is none."""
    if not trainer.project.tests:
        raise CaffeToolsError("the solver has no test net")
    with trainer.signals.caught():
        trainer.test_all()


def _say(log: GlogWriter, text: str) -> None:
    log.say("caffe.cpp:239", f"Check: {text}")


def _now(device: torch.device) -> float:
    """Return the time once the device has done what it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _peak(device: torch.device) -> str:
    """Return the most memory that was taken, of the GPU or of the process."""
    if device.type == "cuda":
        return f"at most {torch.cuda.max_memory_allocated(device) / 2**20:.0f} MiB of the GPU"
    if sys.platform == "win32":
        return "memory unknown"
    import resource

    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"at most {taken / (2**20 if sys.platform == 'darwin' else 2**10):.0f} MiB of memory"
