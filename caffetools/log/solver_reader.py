"""The curves of training: what solver.cpp and sgd_solver.cpp of every age print.

Through v0.999 the rate precedes the loss of its iteration, afterwards it follows the outputs.
"""

from __future__ import annotations

from collections.abc import Collection

from caffetools.log import patterns
from caffetools.log.curve import Curve, Output, Point
from caffetools.log.patterns import VALUE, Block
from caffetools.log.prefix import Message

_SLOW_POINTS = 8
"""Number of points read line by line before the form is learned again."""


class SolverReader:
    """Folds a solver's messages into a curve of the training net and one of each test net.

    `silent` are the source lines whose messages are ignored, as they become known.
    The read methods return whether they know the message.
    """

    def __init__(self, year: int | None = None, silent: Collection[str] = ()) -> None:
        self.tests: dict[int, Curve] = {}
        self.iteration = 0
        """The last iteration."""
        self.epoch: tuple[int, float] | None = None
        """The last iteration that was printed with its epoch, and the epoch."""
        self.block: Block | None = None
        """The form of an iteration's lines, once it has been learned."""
        self._year = year
        self._day = ""
        self._train_curve = Curve(year)
        self._columns: list[list[str]] = []
        self._taken = self._come = 0
        self._form: Block | None = None
        self._train: Point | None = None
        self._lines: list[Message] = []
        self._test: Point | None = None
        self._test_net = 0
        self._told: set[tuple[str, str]] = set()
        self._class_scores: dict[str, list[tuple[str, str]]] = {}
        """By thread: classes and scores of the output that is printed next."""
        self._slow_points = 0
        self._test_blocks: dict[int, Block] = {}
        self._test_lines: list[Message] = []
        self._slow_tests = 0
        self._silent = silent

    @property
    def train(self) -> Curve:
        """The training net's curve."""
        self._add_columns()
        return self._train_curve

    def read_iteration(self, message: Message) -> bool:
        """Read a loss, a rate, or the head of a test."""
        found = patterns.ITERATION.search(message.text) if "=" in message.text else None
        if not found:
            return self.read_testing(message)
        iteration, taken, epoch, what, value = found.groups(default="")
        self._end_test()
        point = self._train
        if point is None or point.iteration != iteration or getattr(point, what) not in {"", value}:
            self._end_train()
            point = self._train = self._point(iteration, message)
        if not getattr(point, what):
            setattr(point, what, value)
            self._lines.append(message)
        if speed := patterns.SPEED.match(taken):
            point.speed = speed[1]
        self.iteration = int(iteration)
        if epoch.strip(".") and epoch.count(".") < 2:
            self.epoch = self.iteration, float(epoch)
        return True

    def read_output(self, message: Message) -> bool:
        """Read an output of either net, or a test result of the first versions."""
        text = message.text
        found = patterns.OUTPUT.search(text) or patterns.OUTPUT_WITH_NOTE.search(text)
        if not found:
            return self._read_test_line(text)
        net, index, name, value, weight = found.groups(default="")
        point = self._train if net == "Train" else self._test
        if point is None:
            return False
        scores = self._class_scores.pop(message.thread, ())
        if (index, name) not in self._told:
            self._told.add((index, name))
            point.outputs += (Output(f"{name} class AP {number}") for number, _ in scores)
            point.values += (score for _, score in scores)
            point.outputs.append(Output(name, weight))
            point.values.append(value)
            (self._lines if net == "Train" else self._test_lines).append(message)
        return True

    def _read_test_line(self, text: str) -> bool:
        if self._test is None:
            return False
        if found := patterns.TEST_LOSS.search(text):
            self._test.loss = found[1]
        elif found := patterns.TEST_SCORE.search(text):
            self._test.outputs.append(Output("score"))
            self._test.values.append(found[2])
        return found is not None

    def read_class_score(self, message: Message) -> bool:
        """Read a detector's score of one class: its layer's output follows those of all classes.

        Each GPU prints its own; a class without detections has none.
        """
        found = patterns.CLASS_SCORE.search(message.text)
        if not found or self._test is None:
            return False
        self._class_scores.setdefault(message.thread, []).append((found[1], found[2]))
        return True

    def read_testing(self, message: Message) -> bool:
        """Read the head of a test."""
        found = patterns.TESTING.search(message.text)
        if not found:
            return False
        iteration, net = found.groups(default="")
        self._end_train()
        self._end_test()
        self.iteration = int(iteration or self.iteration)
        self._test = self._point(str(self.iteration), message)
        self._test_net = int(net or 0)
        self._test_lines[:] = [message]
        return True

    def take_test(self, text: str, start: int) -> tuple[int, int]:
        """Read a test of a known form at `start`; return its end and number of lines."""
        for net, form in self._test_blocks.items():
            if found := form.pattern.match(text, start):
                time, iteration, *values = found.groups()
                self._end_train()
                self._end_test()
                self.iteration = int(iteration)
                self._test = Point(iteration, time, outputs=list(form.outputs), values=values)
                self._test_net, self._told = net, set(form.keys)
                self._test_lines.clear()
                return found.end(), found[0].count("\n")
        return start, 0

    def offer(self, form: Block, columns: list[list[str]]) -> None:
        """Set the iterations that `form` found in the next lines; `advance` accepts them."""
        self._add_columns()
        self._form, self._columns = form, columns
        self._taken = self._come = 0

    def advance(self, count: int) -> None:
        """Accept the first `count` of the iterations offered."""
        assert self._form
        if count > self._come:
            self._end_train()
            self._end_test()
            self._come = count
            self._slow_points = 0
            self.iteration = int(self._columns[self._form.fields.index("iteration")][count - 1])

    def _add_columns(self) -> None:
        """Add the accepted iterations to the curve."""
        if self._form and self._come > self._taken:
            columns = [column[self._taken : self._come] for column in self._columns]
            pairs = list(zip(self._form.fields, columns, strict=True))
            values = [column for name, column in pairs if name == VALUE]
            self._train_curve.extend(dict(pairs), self._form.outputs, values)
            self._taken = self._come

    def turn_to(self, day: str) -> None:
        """Set the date of the following messages, `mmdd` or `yyyymmdd`."""
        self.end_points()
        self._day = day
        for curve in self.curves():
            curve.turn_to(day)

    def start_run(self) -> None:
        """Begin a run."""
        self.end_points()
        for curve in self.curves():
            curve.starts.append(len(curve))

    def restore(self) -> None:
        """Resume the run from a snapshot."""
        self.end_points()
        for curve in self.curves():
            curve.restores.append(len(curve))

    @property
    def row_and_next(self) -> tuple[int, int]:
        """The row of the training curve that was begun last, and the one after it."""
        begun = len(self.train) + (self._train is not None)
        return max(begun - 1, 0), begun

    def curves(self) -> list[Curve]:
        """All curves, the training net's first."""
        return [self.train, *self.tests.values()]

    def end_points(self) -> None:
        """Complete the open iteration and test."""
        self._end_train()
        self._end_test()
        self._add_columns()

    def _point(self, iteration: str, message: Message) -> Point:
        self._told.clear()
        self._class_scores.clear()
        self._lines.clear()
        return Point(iteration, message.time)

    def _end_train(self) -> None:
        if self._train is None:
            return
        self.train.append(self._train)
        self._train = None
        self._slow_points += 1
        if self._slow_points == _SLOW_POINTS:
            self._slow_points = 0
            self.block = patterns.learn(self._lines) or self.block

    def _end_test(self) -> None:
        if self._test is not None and (self._test.outputs or self._test.loss):
            if self._test_net not in self.tests:
                self.tests[self._test_net] = Curve(self._year, self._day)
            self.tests[self._test_net].append(self._test)
            if self._test_lines:
                self._learn_test()
        self._test = None

    def _learn_test(self) -> None:
        if self._test_net not in self._test_blocks or self._slow_tests == _SLOW_POINTS:
            self._slow_tests = 0
            if form := patterns.learn_test(self._test_lines, self._silent):
                self._test_blocks[self._test_net] = form
        self._slow_tests += 1
