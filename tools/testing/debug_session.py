# SPDX-License-Identifier: BSD-2-Clause
"""gdb at its prompt, as `make debug` starts it, and the archive that the machine boots with."""

import glob
import os
import re
import sys
import tempfile
import time

from . import core, images
from .boot import mkimage
from .core import Failed
from .session import CTRL_C, TRIES, Session

SECONDS = 120
PROMPT = r"^\(gdb\) "
PROGRAMS = "init bank pager console shell constructor ping pong fault listener".split()
# As a terminal and make would: the terminal is ours, Ctrl-C is a signal, and whoever starts run-gdb ends by one that reaches it.
STARTER = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
subprocess.call(["stty", "sane"])
os.environ.update(TERM="dumb", LYKOS_GDB="")
sys.exit(subprocess.call(sys.argv[1:]))
"""


def archive(context):
    """An archive with the first servers, some programs, and those of tests/programs, which are described there."""
    folder = context.path("debug")
    path = os.path.join(folder, "archive")
    os.makedirs(folder, exist_ok=True)
    system = core.system_text()
    text = system.split("# ping and pong", 1)[0]
    for name in ("ping", "pong", "fault", "listener"):
        text += re.search(rf"^program {name}\n(?:    .*\n|#.*\n)+", system, re.MULTILINE)[0]
    with open(os.path.join(core.ROOT, "tests", "programs", "embrace.lyk"), encoding="utf-8") as f:
        text += f.read()
    files = [os.path.join(context.build, "user", name) for name in PROGRAMS]
    files += [os.path.join(context.build, "test", "programs", name) for name in ("embrace", "embraced")]
    made = mkimage(path, *files, images.table(context, folder, text))
    if made.returncode != 0:
        raise Failed("mkimage failed", core.tail(made.stderr))
    return path


class Debugger(Session):
    """gdb at its prompt, in kernel_main. The machine has a log of its own, as several may run at once."""

    def __init__(self, context, *more, command=None):
        if command is None:
            command = [os.path.join(core.ROOT, "tools", "run-gdb"), context.build]
            self.log_path = os.path.join(tempfile.mkdtemp(dir=context.folder), "console.log")
            more += ("--log", self.log_path)
        super().__init__(context, "debug", (), SECONDS, [sys.executable, "-c", STARTER, *command, *more])
        self.socket = self.expect(r"Remote debugging using (\S+)")[1]
        self.expect(r"Breakpoint 1, .*kernel_main")
        self.expect(PROMPT)

    def command(self, line):
        """What gdb prints until its next prompt."""
        self.type(line + "\n")
        self.expect(re.escape(line) + r"\n", "the line typed")
        begin = self.read_to
        self.expect(PROMPT, "gdb's prompt")
        return self.text[begin : self.read_to].rsplit("(gdb)", 1)[0]

    def go_on(self, seconds):
        """Let the machine run for a while, and stop it with Ctrl-C."""
        self.type("continue\n")
        self.expect(r"^Continuing\.")
        time.sleep(seconds)
        self.type(CTRL_C)
        self.expect(r"received signal SIGINT", "that Ctrl-C stopped the machine")
        self.expect(PROMPT, "gdb's prompt")

    def log(self):
        """All of the console."""
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read().replace("\r", "")

    def console(self, pattern):
        """Let it run until the end of the console shows this."""
        for _ in range(TRIES):
            self.go_on(0.5)
            shown = self.command("lykos console")
            if re.search(pattern, shown, re.MULTILINE):
                return
        raise Failed(f"not seen on the console: {pattern!r}", core.tail(shown))

    def stops(self):
        """Let it run until it stops by itself: what gdb says."""
        self.type("continue\n")
        self.expect(r"^Continuing\.")
        begin = self.read_to
        self.expect(PROMPT, "that a break point is met")
        return self.text[begin : self.read_to].rsplit("(gdb)", 1)[0]

    def until(self, command, pattern):
        """Let it run for a moment, as often as it takes until a command shows this: what it shows."""
        for _ in range(TRIES):
            shown = self.command(command)
            if re.search(pattern, shown, re.MULTILINE):
                return shown
            self.go_on(0.5)
        raise Failed(f"never seen: {pattern!r}", core.tail(shown))

    def machine(self):
        """Process IDs of QEMU, and of who started it."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    words = f.read().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if any(self.socket in word for word in words) and not any("lykos-gdb.py" in word for word in words):
                found.append(int(path.split("/")[2]))
        return found

    def gone(self):
        deadline = time.monotonic() + self.context.limit(10)
        while self.machine():
            if time.monotonic() > deadline:
                raise Failed("QEMU is left behind", [str(pid) for pid in self.machine()])
            time.sleep(0.1)
