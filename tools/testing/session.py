# SPDX-License-Identifier: BSD-2-Clause
"""A session at the console: the image that `make run` boots, on a pseudo-terminal, with commands typed at the prompt as a person
would type them, and looked at as a person would see it."""

import os
import pty
import re
import select
import subprocess
import time
import tty

from . import core
from .core import Failed, Skipped

PROMPT = "lykos> "
WIDTH = 80
TAB = 8
SECONDS = 60
TRIES = 100
SEQUENCE = re.compile(r"\x1b(?:\[([0-9;?]*)[ -/]*([@-~])|[@-Z\\^_])")
UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*)?$")

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
CTRL_A = "\x01\x01"  # once for QEMU, which has commands behind it
CTRL_C, CTRL_E, CTRL_K, CTRL_U, CTRL_W = "\x03", "\x05", "\x0b", "\x15", "\x17"
BACKSPACE = "\x7f"


class Terminal:
    """As much of a terminal as the console uses: what a person sees, line by line."""

    def __init__(self):
        self.done = ""  # the lines that are finished
        self.line = ""  # the one with the cursor
        self.column = 0
        self.pending = ""

    def text(self):
        return self.done + self.line

    def feed(self, data):
        data = self.pending + data
        cut = UNFINISHED.search(data)
        self.pending = data[cut.start() :] if cut else ""
        at = 0
        end = len(data) - len(self.pending)
        while at < end:
            sequence = SEQUENCE.match(data, at)
            if sequence:
                self._control(sequence[2], sequence[1])
                at = sequence.end()
            else:
                self._character(data[at])
                at += 1

    def _control(self, letter, numbers):
        n = int(numbers) if numbers and numbers.isdigit() else 1
        if letter == "K" and numbers in ("", "0"):
            self.line = self.line[: self.column]
        elif letter == "K":
            self.line = " " * self.column if n == 1 else ""
        elif letter == "C":
            self.column += n
        elif letter == "D":
            self.column = max(0, self.column - n)
        elif letter == "G":
            self.column = n - 1

    def _character(self, c):
        if c == "\n":
            self.done += self.line.rstrip() + "\n"
            self.line, self.column = "", 0
        elif c == "\r":
            self.column = 0
        elif c == "\b":
            self.column = max(0, self.column - 1)
        elif c == "\t":
            self.column += TAB - self.column % TAB
        elif c >= " ":
            self.line = self.line.ljust(self.column)
            self.line = self.line[: self.column] + c + self.line[self.column + 1 :]
            self.column += 1


class Session:
    """A boot in QEMU whose console is a pseudo-terminal. `text` is all that was seen."""

    def __init__(self, context, name, more=(), seconds=SECONDS, command=None, interactive=False):
        self.context = context
        self.seconds = seconds
        self.text = ""
        self.read_to = 0  # what was expected so far lies before this
        self.terminal = Terminal()
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        how = ["--interactive"] if interactive else ["--stdin"]
        command = command or context.qemu_command(name, *how, *more)
        self.process = context.start(command, stdin=slave, stdout=slave, stderr=slave, cwd=core.ROOT)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.finish(self.process)
        os.close(self.master)

    def _more(self, wait):
        """Read what there is. False: the other side is gone."""
        ready, _, _ = select.select([self.master], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        if not data:
            return False
        self.terminal.feed(data.decode("latin-1"))
        self.text = self.terminal.text()
        return True

    def _missing(self):
        """Did run-qemu end because a tool is missing?"""
        try:
            if self.process.wait(5) == core.MISSING:
                raise Skipped(core.tail(self.text, 1)[0].removeprefix("run-qemu: "))
        except subprocess.TimeoutExpired:
            pass

    def expect(self, pattern, what=None):
        """Wait for a regular expression in what was not expected before; the match."""
        deadline = time.monotonic() + self.context.limit(self.seconds)
        while True:
            found = re.compile(pattern, re.MULTILINE).search(self.text, self.read_to)
            if found:
                self.read_to = found.end()
                return found
            alive = self._more(1)
            if not alive:
                self._missing()
                raise Failed(f"the machine ended before {what or repr(pattern)} was seen", core.tail(self.text))
            if time.monotonic() > deadline:
                raise Failed(f"never seen: {what or repr(pattern)}", core.tail(self.text))

    def prompt(self):
        """Wait for the prompt; what stood before it."""
        begin = self.read_to
        self.expect(r"^" + PROMPT, "the prompt")
        return self.text[begin : self.read_to]

    def type(self, keys):
        os.write(self.master, keys.encode("latin-1"))

    def command(self, line):
        """Type a line and wait for the next prompt: what was printed in between."""
        self.type(line + "\r")
        self.expect(re.escape(line[-30:]) + r"\n", "the line typed")
        begin = self.read_to
        self.prompt()
        return self.text[begin : self.read_to].rsplit(PROMPT, 1)[0]

    def end(self, status):
        """Wait for the machine's end."""
        deadline = time.monotonic() + self.context.limit(self.seconds)
        while self._more(1):
            if time.monotonic() > deadline:
                raise Failed("the machine does not end", core.tail(self.text))
        try:
            got = self.process.wait(self.context.limit(self.seconds))
        except subprocess.TimeoutExpired:
            raise Failed("run-qemu does not end", core.tail(self.text)) from None
        if got != status:
            raise Failed(f"ended with {core.words_of(got)}, not {core.words_of(status)}", core.tail(self.text))


def need(session, output, *patterns):
    for pattern in patterns:
        if not re.search(pattern, output, re.MULTILINE):
            raise Failed(f"not seen: {pattern!r}", core.tail(output) + ["(of all:)"] + core.tail(session.text, 10))


def another_prompt(session):
    """Behind something that a program printed, before or after the prompt was."""
    session.type("\r")
    session.prompt()


def until(session, command, pattern):
    """Give a command until it shows what it will in the end; what it showed then."""
    for _ in range(TRIES):
        output = session.command(command)
        if re.search(pattern, output, re.MULTILINE):
            return output
    raise Failed(f"never seen: {pattern!r}", core.tail(output))
