"""`python -m caffetools`."""

from caffetools.cli import main

main(prog_name="caffetools")
