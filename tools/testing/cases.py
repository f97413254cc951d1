# SPDX-License-Identifier: BSD-2-Clause
"""Cases that take turns on one machine, because it takes long to start: a list of them, and how they are run. Each is known by the
name of its function."""

from . import core
from .core import Failed, Result, Skipped


class Cases(list):
    """(name, text, function, ...), in the order in which they stand in the file."""

    def case(self, text, *more):
        """A decorator: this function is a case. `text` says what holds."""

        def add(function):
            self.append((function.__name__, text, function, *more))
            return function

        return add

    def names(self):
        return [name for name, *_ in self]


def run_in_turn(cases, pattern, start, act, shown=None, again="", last=()):
    """Run those whose names match. start() makes a machine, when one is needed; act(machine, function) runs a case on it. One that
    fails, or that is one of `last`, leaves the next a new machine. shown(machine): more lines for the report of a failure."""
    results, machine = [], None
    try:
        for name, text, function, *_ in cases:
            if not core.matches(name, pattern):
                continue
            try:
                machine = machine or start()
                act(machine, function)
                results.append(Result(name, "pass", text))
                if name not in last:
                    continue
            except Skipped as why:
                results.append(Result(name, "skip", str(why)))
            except Failed as failure:
                lines = failure.lines + (shown(machine) if machine and shown else [])
                results.append(Result(name, "fail", text, lines, again))
                if machine is None:
                    break  # it does not even come up
            if machine is not None:
                machine.__exit__()
                machine = None
    finally:
        if machine is not None:
            machine.__exit__()
    return results
