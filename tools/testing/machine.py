# SPDX-License-Identifier: BSD-2-Clause
"""A Lykos that serves, for the parts `virsh` and `wire`: what `make serve` runs, with ports in a folder of its own."""

import os
import socket
import subprocess
import tempfile
import time

from remote import ports

from . import core
from .core import Failed, Skipped

CONSOLE_LINES = 12
READY_SECONDS = 120
END_SECONDS = 30
LOOK_SECONDS = 0.05


def wait_until(what, seconds, holds):
    """A time limit, to detect a hang. What is waited for is not in our hands: it happens in another process."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise Failed(f"never: {what}")
        time.sleep(LOOK_SECONDS)


def connects(path):
    """Does somebody listen at this socket?"""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return False
    return True


class Machine:
    """Booted, and ready for clients. On the virtual clock, so that a deadline in the guest means the same however busy this
    machine is. `paths`: the sockets of its ports."""

    def __init__(self, context, name, more=("--icount", "--append", "serve"), ready=True, folder=None):
        self.context = context
        self.folder = folder or tempfile.mkdtemp(prefix=name + "-", dir=context.folder)  # each has a log of its own
        self.log = os.path.join(self.folder, "console.log")
        self.output = context.path(name + ".output")
        self.command = context.qemu_command(name, "--log", self.log, "--serve", "--ports", self.folder, *more)
        with open(self.output, "wb") as output:
            self.process = context.start(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=core.ROOT)
        try:
            if ready:
                self.wait("the line `ready` in the console log", lambda: ports.is_ready(self.log), READY_SECONDS)
            else:
                self.wait("its ports", self._listens, READY_SECONDS)
            self.paths = ports.paths_in(self.folder)
        except ports.Refused as why:
            self.end()
            raise Failed(str(why)) from None
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def _listens(self):
        try:
            return connects(ports.paths_in(self.folder)[-1])
        except ports.Refused:
            return False

    def said(self):
        with open(self.output, encoding="utf-8", errors="replace") as f:
            return f.read()

    def console(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def shown(self):
        """Of the console, for the report of a failure, whose words are to be seen too."""
        return ["(the console:)"] + core.tail(self.console(), CONSOLE_LINES)

    def runs(self):
        return self.process.poll() is None

    def wait(self, what, holds, seconds):
        def now():
            if not self.runs() and not holds():
                if self.process.returncode == core.MISSING:
                    raise Skipped(core.tail(self.said(), 1)[0].removeprefix("run-qemu: "))
                words = core.words_of(self.process.returncode)
                raise Failed(f"before {what}: ended with {words}", core.tail(self.console() + self.said()))
            return holds()

        try:
            wait_until(what, self.context.limit(seconds), now)
        except Failed as failure:
            raise Failed(failure.lines[0], failure.lines[1:] or core.tail(self.console())) from None

    def end(self):
        """As a user ends it; by force only if that does not help."""
        if self.runs():
            self.process.terminate()
            try:
                self.process.wait(self.context.limit(END_SECONDS))
            except subprocess.TimeoutExpired:
                pass
        self.context.finish(self.process)
