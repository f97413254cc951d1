# SPDX-License-Identifier: BSD-2-Clause
"""Runs a page of the book as it is written: as a person would who sits at a terminal, in an empty folder, with the kit in PATH.

One shell is at the other end of a pseudo-terminal. What is typed goes to whoever has the terminal: the shell, the prompt of Lykos under
`make run`, gdb under `make debug`. Whose turn it is shows in the prompt that stands in the line of the cursor."""

import os
import re
import sys
import termios
import time

from . import core
from .book_page import DOTS, Listing, changed, differs, steps_of
from .core import Failed
from .session import CTRL_C, Session
from .unpacked import environment

SECONDS = 300  # a time limit that detects hangs only
SETTLE_SECONDS = 20  # for what programs print when the prompt is there already
MOMENT = 0.5
TRIES = 40
LOG = 40  # lines of the session with a failure
ROWS, COLUMNS = 10000, 200
PS1 = r"[$? $PWD]\$ "
SHELL_PROMPT = re.compile(r"^\[(\d+) (.*)\][$#]$")
LEAVE_QEMU = "\x01x"
# The terminal is the shell's, which leads its session: when it is ended, so is whatever it runs.
STARTER = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
subprocess.call(["stty", "sane"])
os.execvp(sys.argv[1], sys.argv[1:])
"""
# Commands that only look: given again until they show what the page does, since others are at work meanwhile.
LOOKING = re.compile(r"^(ps|top|locks|caps|mem|log|spaces|lives)\b")


class Reader(Session):
    """A reader of the page, at the terminal."""

    def __init__(self, context, kit, folder, show=None):
        set_ = {**environment(kit, folder), "PS1": PS1, "SHELL": "/bin/bash"}
        shell = ["env", "-i", "-C", folder, *(f"{k}={v}" for k, v in set_.items()), "bash", "--norc", "--noprofile", "--noediting", "-i"]
        super().__init__(context, "book", (), SECONDS, [sys.executable, "-c", STARTER, *shell])
        termios.tcsetwinsize(self.master, (ROWS, COLUMNS))
        self.show = show
        self.shown = 0
        self.mark = 0  # where what was seen after the last line typed begins, in the lines that are finished
        self.status, self.folder = 0, folder
        self.wait_for(self.prompt_seen, SECONDS)
        self.mark = len(self.terminal.done)

    def _more(self, wait):
        alive = super()._more(wait)
        if self.show:
            self.show.write(self.terminal.done[self.shown :])
            self.show.flush()
        self.shown = len(self.terminal.done)
        return alive

    def prompt_seen(self):
        """The prompt in the line of the cursor: "$", "lykos>", "(gdb)"; None."""
        line = self.terminal.line.rstrip()
        found = SHELL_PROMPT.match(line)
        if found:
            self.status, self.folder = int(found[1]), found[2]
            return "$"
        return line if line in ("lykos>", "(gdb)") else None

    def lines(self):
        """What was seen since the last line typed, as far as the lines are finished."""
        return [line.removeprefix("^C") for line in self.terminal.done[self.mark :].splitlines()]

    def wait_for(self, test, seconds):
        """Read on until this is true: what it is in the end."""
        deadline = time.monotonic() + self.context.limit(seconds)
        while not test():
            if not self._more(0.2) or time.monotonic() > deadline:
                break
        return test()

    def enter(self, line):
        """Type a line and see it; the lines that came before that."""
        at = self.mark
        begin = len(self.terminal.done)
        typed = re.compile(rf"^.*{re.escape(line[-30:])}\n", re.MULTILINE)
        self.type(line + ("\r" if self.prompt_seen() == "lykos>" else "\n"))
        if not self.wait_for(lambda: typed.search(self.terminal.done, begin), SECONDS):
            raise Failed("it does not appear when it is typed", core.tail(self.terminal.text(), LOG))
        found = typed.search(self.terminal.done, begin)
        self.mark = found.end()
        return self.terminal.done[at : found.start()].splitlines()


class Run:
    """A page that is being run. Raises Failed, with page and line in its first words."""

    def __init__(self, context, kit, folder, name, text, show=None, settle=SETTLE_SECONDS):
        self.name = name
        self.folder = folder
        self.steps = steps_of(name, text)
        self.arguments = (context, kit, folder, show)
        self.settle = settle
        self.reader = None
        self.at = 1  # the line of the page that it has come to
        self.last = None  # the command before
        self.stopped = []  # what was seen when Ctrl-C stopped something
        self.early = False  # was the machine stopped by Ctrl-C, whenever that was?

    def fail(self, line, why):
        raise Failed(f"{self.name}:{line}: {why}", core.tail(self.reader.terminal.text(), LOG))

    def run(self):
        try:
            self.run_all()
        except Failed as failure:
            if failure.lines[0].startswith(f"{self.name}:"):
                raise
            raise Failed(f"{self.name}:{self.at}: {failure.lines[0]}", failure.lines[1:]) from None

    def run_all(self):
        with Reader(*self.arguments) as self.reader:
            for step, following in zip(self.steps, self.steps[1:] + [None]):
                self.at = step.line
                if isinstance(step, Listing):
                    self.write(step)
                else:
                    self.give(step, not isinstance(following, Listing) and following is not None and following.keys())
            if self.reader.prompt_seen() != "$":
                self.fail(self.last.line, "the session is open at the end of the page")
            self.reader.type("exit 0\n")
            self.reader.end(core.PASS)

    def write(self, listing):
        path = os.path.join(self.reader.folder, listing.path)
        text = listing.text
        if listing.how:
            if not os.path.isfile(path):
                self.fail(listing.line, f"there is no file {listing.path}")
            with open(path, encoding="utf-8") as f:
                text = changed(self.name, listing, f.read())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def give(self, step, keys_follow):
        """One line typed, or keys."""
        if step.keys():
            before = self.reader.prompt_seen()
            self.press(step)
        else:
            before = self.reader.wait_for(self.reader.prompt_seen, SECONDS)  # what programs print takes it away for a moment
            if before != step.prompt:
                self.fail(step.line, f"'{step.words()}' is to be typed, but the prompt is {before!r}")
            lines = self.reader.enter(step.text)
            if before == "lykos>" and self.last.prompt == "lykos>":
                self.late(lines)
            if not step.text.startswith("lykos "):
                self.early = False
        self.early |= step.prompt == "Ctrl-C"
        self.last = step
        if keys_follow:
            self.running(step)
        else:
            self.done(step, before)

    def press(self, step):
        if step.prompt == "Ctrl-A X":
            self.reader.mark = len(self.reader.terminal.done)
            self.reader.type(LEAVE_QEMU)
            return
        if self.stop():
            self.fail(step.line, f"Ctrl-C is to be typed, but nothing runs: the prompt is {self.reader.prompt_seen()!r}")
        for _ in range(TRIES):
            if not step.text or self.on_console(step.text):
                return
            self.go_on()
        self.fail(step.line, f"the console never shows {step.text!r}")

    def stop(self):
        """Ctrl-C, after a moment, as a person would. Had it stopped by itself?"""
        self.reader.mark = len(self.reader.terminal.done)
        by_itself = self.reader.wait_for(self.reader.prompt_seen, MOMENT) is not None
        if not by_itself:
            self.reader.type(CTRL_C)
            self.reader.wait_for(self.reader.prompt_seen, SECONDS)
        self.stopped = self.reader.lines()
        return by_itself

    def go_on(self):
        """In gdb: let the machine run for a moment."""
        self.reader.enter("continue")
        self.reader.wait_for(lambda: any("Continuing." in line for line in self.reader.lines()), SECONDS)
        self.stop()

    def on_console(self, text):
        """In gdb: does the console show this?"""
        self.reader.enter("lykos console")
        self.reader.wait_for(self.reader.prompt_seen, SECONDS)
        return any(text in line for line in self.reader.lines())

    def seen(self, step):
        """What was seen behind this one."""
        return self.stopped if step.prompt == "Ctrl-C" else self.reader.lines()

    def late(self, lines):
        """What programs printed before the next line was typed belongs to the one before."""
        if wrong := differs(self.last.wanted, lines):
            self.fail(wrong[0] or self.last.line, f"{wrong[1]} (behind '{self.last.words()}')")

    def running(self, step):
        """Wait until what the page shows was seen of a command that does not end by itself."""
        wanted = step.wanted + [(step.line, DOTS)]
        if not self.reader.wait_for(lambda: differs(wanted, self.seen(step)) is None, SECONDS):
            number, why = differs(wanted, self.seen(step))
            self.fail(number or step.line, f"{why} (behind '{step.words()}')")

    def done(self, step, before):
        """Wait for the next prompt; what was seen must be what the page shows."""
        if not self.reader.wait_for(self.reader.prompt_seen, SECONDS):
            self.fail(step.line, f"no prompt comes back behind '{step.words()}'")
        prompt = self.reader.prompt_seen()
        if not step.wanted and prompt != before:  # a session begins, or ends: what it says of that need not be shown
            wrong = None
        elif prompt == "lykos>":
            wrong = self.settled(step)
        else:
            wrong = self.looked_again(step) if prompt == "(gdb)" else differs(step.wanted, self.seen(step))
        if wrong:
            self.fail(wrong[0] or step.line, f"{wrong[1]} (behind '{step.words()}')")
        if prompt == "$" and self.reader.status != 0 and (not step.wanted or step.wanted[-1][1].strip() == DOTS):
            self.fail(step.line, f"'{step.text}' ends with status {self.reader.status}, and the page does not show that it fails")

    def settled(self, step):
        """At the prompt of Lykos programs may print what is to be seen when it is there already."""
        looks = LOOKING.match(step.text)
        for _ in range(TRIES if looks else 1):
            if self.reader.wait_for(lambda: differs(step.wanted, self.seen(step)) is None, MOMENT if looks else self.settle):
                return None
            wrong = differs(step.wanted, self.seen(step))
            if looks:
                self.reader.enter(step.text)
                self.reader.wait_for(self.reader.prompt_seen, SECONDS)
        return wrong

    def looked_again(self, step):
        """In gdb the machine may have been stopped too early for what is to be seen: it runs for a moment, and is looked at again."""
        wrong = differs(step.wanted, self.seen(step))
        for _ in range(TRIES if self.early and step.text.startswith("lykos ") else 0):
            if not wrong:
                break
            self.go_on()
            self.reader.enter(step.text)
            self.reader.wait_for(self.reader.prompt_seen, SECONDS)
            wrong = differs(step.wanted, self.seen(step))
        return wrong


def run_page(context, kit, folder, name, text, **more):
    """A page, in this folder, which is empty."""
    os.makedirs(folder, exist_ok=True)
    Run(context, kit, folder, name, text, **more).run()
