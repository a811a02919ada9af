"""`python -m caffetools.pycaffe`."""

import sys

from caffetools.pycaffe.script import main

main(sys.argv[1:])
