"""Run a project: build its nets, open its data, train."""

from __future__ import annotations

import secrets

import torch
from torch import nn

from caffetools.errors import CaffeToolsError, Location
from caffetools.torch.training import checkpoint, snapshots
from caffetools.torch.training.data.batches import Reading
from caffetools.torch.training.data.draws import Draws
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.forward import TestNet
from caffetools.torch.training.glog_writer import GlogWriter
from caffetools.torch.training.interruptions import as_user_error
from caffetools.torch.training.model import loss_weights, share
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import NetWithData, Project, RunOptions
from caffetools.torch.training.rehearsal import evaluate, rehearse
from caffetools.torch.training.snapshots import Snapshot
from caffetools.torch.training.trainer import Trainer


def run(project: Project, options: RunOptions, log: GlogWriter) -> None:
    """Train a project, alone or with the processes that torchrun started.

    Only the first process logs. Raises CaffeToolsError for wrong settings, data or snapshots, for
    a run that fails and, at the end, for a log that could not be written.
    """
    project.solver.check()
    world = World.join(options.device)
    try:
        _train(project, options, world, log if world.is_first else GlogWriter(None))
    except RuntimeError as error:  # from outside of the loop: building, logging, closing
        raise as_user_error(error) from None
    finally:
        world.leave()


def _train(project: Project, options: RunOptions, world: World, log: GlogWriter) -> None:
    """Train; references to the other processes are gone when this returns."""
    trainer = prepare(project, options, world, log)
    try:
        if options.only == "check":
            rehearse(trainer, log)
        elif options.only == "test":
            evaluate(trainer)
        else:
            log.say("caffe.cpp:239", "Starting Optimization")
            trainer.solve()
            log.say("caffe.cpp:250", "Optimization Done.")
    finally:
        trainer.close()
    if log.failure is not None:
        raise CaffeToolsError(f"lines of the log could not be written: {log.failure}")


def prepare(project: Project, options: RunOptions, world: World, log: GlogWriter) -> Trainer:
    """Build the nets and open the data, at the start or at a snapshot."""
    settings = project.solver
    if world.is_first:
        snapshots.check_writable(settings)
    snapshot = None if options.snapshot is None else snapshots.read(options.snapshot)
    seed = _seed(settings.random_seed, snapshot, world)
    if settings.random_seed < 0:
        log.say("caffe.cpp:239", f"Random seed {seed}, use --seed to draw the same")
    torch.manual_seed(seed)
    net = project.net.fed(options.feeds)
    module = net.build().to(world.device).train()
    readers = _readers(net, project, options, world, (seed, 0))
    tests, alone = [], World(world.device)
    for number, test in enumerate(project.tests if world.is_first else (), 1):
        fed = test.fed(options.test_feeds)
        test_readers = _readers(fed, project, options, alone, (seed, number))
        tests.append(_test_net(fed, module, test_readers))
    torch.manual_seed(seed + world.rank)
    trainer = Trainer(project, options, world, log, (module, readers, tuple(tests)))
    trainer.state.seed = seed
    if snapshot is not None:
        assert options.snapshot is not None
        trainer.state.saved_to = options.snapshot
        log.say("caffe.cpp:235", f"Resuming from {options.snapshot}")
        try:
            checkpoint.restore(trainer.state, snapshot)
        except CaffeToolsError as error:
            raise error.at(Location(options.snapshot)) from None
    return trainer


def _seed(given: int, snapshot: Snapshot | None, world: World) -> int:
    """Return the seed of the snapshot or the solver, or a new one, equal in all processes."""
    if snapshot is not None and snapshot.resume is not None:
        return snapshot.resume.seed
    if given >= 0:
        return given
    return world.first(lambda: secrets.randbelow(2**31))


def _readers(
    net: NetWithData, project: Project, options: RunOptions, world: World, place: tuple[int, int]
) -> tuple[Reader, ...]:
    """Return the readers of a net's sources, each checked by reading its first batch.

    `place` is the seed of the run and the number of the net: 0 for the trained one.
    """
    readers = []
    for index, source in enumerate(net.sources):
        reading = Reading(
            Draws(*place, index).below(2**62),
            train=place[1] == 0,
            folder=project.folder,
            rank=world.rank,
            world=world.size,
            strict=options.strict,
            workers=options.workers,
            labels=net.labels,
        )
        has_gpu = world.device.type == "cuda"  # which may still copy a batch when it is overwritten
        reader = Reader(source, reading, pin=has_gpu, reuse=not has_gpu)
        try:
            reader.first()
        except CaffeToolsError as error:
            raise net.origins[index](error) if net.origins else error from None
        readers.append(reader)
    return tuple(readers)


def _test_net(net: NetWithData, trained: nn.Module, readers: tuple[Reader, ...]) -> TestNet:
    """Return a test net that shares the weights of the trained net, or is the same module."""
    module = net.build()
    if type(module) is type(trained):
        module = trained
    else:
        module = module.to(next(iter(trained.parameters()), torch.empty(0)).device).eval()
        share(module, trained)
    was_training = module.training
    weights = loss_weights(module.eval())
    module.train(was_training)
    return TestNet(module, readers, net.iterations, weights)
