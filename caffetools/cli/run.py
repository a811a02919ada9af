"""`caffetools run`: run a script that imports caffe."""

from __future__ import annotations

import click

from caffetools.cli.options import plugin_option
from caffetools.pycaffe.script import run_script


@click.command("run", context_settings={"allow_interspersed_args": False})
@click.argument("script", metavar="SCRIPT.py")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@plugin_option
def command(script: str, arguments: tuple[str, ...]) -> None:
    """Run a script that imports caffe, without Caffe.

    `import caffe` gives a module that behaves as pycaffe does, on PyTorch. The script gets ARGS,
    and its folder is searched for modules first, as with `python SCRIPT.py`.
    """
    run_script(script, arguments)
