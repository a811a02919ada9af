"""The lines of an iteration, in the forms of all ages and forks."""

from __future__ import annotations

import re

ITERATION = re.compile(
    r"Iteration ?([0-9]{1,18})(?: \(([^()\n]*)\))?,"
    r"(?: ([0-9.]+)(?:/[0-9.]+)?ep,)?[ \t]*(loss|lr) ?= ?([^\s,]+)"
)
"""Groups: iteration, time taken, epoch, what it tells, value.

`Iteration 100, loss = 0.5`, `Iteration 100 (8.1 iter/s, 12.3s/100 iters), loss = 0.5`, and of
NVCaffe `Iteration 100 (8.1 iter/s, 12.3s/100 iter), 1.2/90ep, loss = 0.5` and
`Iteration 100, lr = 0.1, m = 0.9`.
"""

SPEED = re.compile(r"([^\s/]+)(?: iter)?/s")
"""The iterations per second within the time taken."""

OUTPUT = re.compile(
    r"(Train|Test) net output(?: mAP)? #([0-9]{1,9}): (.+) = (\S+)(?: \(\* (\S+) = \S+ loss\))?\s*$"
)
"""Groups: net, index among all numbers, name, value, weight in the loss."""

OUTPUT_WITH_NOTE = re.compile(
    r"(Train|Test) net output(?: mAP)? #([0-9]{1,9}): (\S+) = ([-+.\w]+)"
    r"(?: \(\* (\S+) = \S+ loss\))?"
)
"""The same where something was added to the end of the line."""

TESTING = re.compile(r"(?:Iteration ?([0-9]{1,18}), )?Testing net(?: \(#([0-9]{1,9})\))?")
"""Groups: iteration, which the first form did not tell; test net, since they may be several."""

TEST_SCORE = re.compile(r"Test score #([0-9]{1,9}): ?(\S+)")
"""An output through v0.9999, when they had no names."""

TEST_LOSS = re.compile(r"Test loss: ?(\S+)")

CLASS_SCORE = re.compile(r"class(?: AP )?[0-9]{1,9}: ?(\S+)")
"""A detector's score of one class: `class AP 3: 0.46` of NVCaffe, `class3: 0.46` of SSD."""
