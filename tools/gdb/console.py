# SPDX-License-Identifier: BSD-2-Clause
"""The console of the machine that `make debug` has started: what was printed, and typing at its prompt."""

import os

import gdb

LINES = 24


def tail():
    """The end of what was printed."""
    path = os.environ.get("LYKOS_LOG", os.path.join(os.environ.get("LYKOS_BUILD", "build"), "run", "console.log"))
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "\n".join(f.read().splitlines()[-LINES:])
    except OSError as why:
        raise gdb.GdbError(f"there is no log of the console: {why}") from None


class Typist:
    """Types at the console, through the named pipe that it reads from; opened when first used."""

    def __init__(self):
        self.pipe = None

    def open(self):
        path = os.environ.get("LYKOS_CONSOLE")
        if path is None:
            raise gdb.GdbError("the console is not ours: start with make debug")
        self.pipe = os.open(path + ".in", os.O_WRONLY | os.O_NONBLOCK)

    def type(self, words):
        line = words.encode("latin-1", "replace") + b"\r"
        try:
            if self.pipe is None:
                self.open()
            taken = os.write(self.pipe, line)
        except BlockingIOError:
            taken = 0
        except OSError:
            raise gdb.GdbError("the machine has ended") from None
        if taken < len(line):
            raise gdb.GdbError("too much was typed that the console has not read: let the machine go on")
