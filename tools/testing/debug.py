# SPDX-License-Identifier: BSD-2-Clause
"""The debugger of tools/test: `make debug` on a pseudo-terminal, as a person would use it. Ctrl-C stops the machine, and neither
ends QEMU nor make; the commands of lykos-gdb.py tell the truth; and nothing is left when gdb ends."""

import glob
import os
import re
import shutil
import signal
import sys
import time

from . import core
from .core import Failed, Job, Part, Result, Skipped
from .session import CTRL_C, TRIES, Session

SECONDS = 120
PROMPT = r"^\(gdb\) "
# As a terminal and make would: the terminal is ours, Ctrl-C is a signal, and whoever starts run-gdb ends by one that reaches it.
STARTER = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
subprocess.call(["stty", "sane"])
os.environ.update(TERM="dumb", LYKOS_GDB="")
sys.exit(subprocess.call(sys.argv[1:]))
"""


class Debugger(Session):
    """gdb at its prompt, in kernel_main."""

    def __init__(self, context):
        run_gdb = os.path.join(core.ROOT, "tools", "run-gdb")
        super().__init__(context, "debug", (), SECONDS, [sys.executable, "-c", STARTER, run_gdb, context.build])
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

    def console(self, pattern):
        """Let it run until the end of the console shows this."""
        for _ in range(TRIES):
            self.go_on(0.5)
            shown = self.command("lykos console")
            if re.search(pattern, shown, re.MULTILINE):
                return
        raise Failed(f"not seen on the console: {pattern!r}", core.tail(shown))

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


def need(output, *patterns):
    for pattern in patterns:
        if not re.search(pattern, output, re.MULTILINE):
            raise Failed(f"not seen: {pattern!r}", core.tail(output))


def interrupt(gdb):
    if not gdb.machine():
        raise Failed("QEMU is not found while it runs")
    gdb.console(r"^lykos> *$")


def ps(gdb):
    output = gdb.command("lykos ps")
    need(output, r" shell .* receiving, waits for (a notice|the answer of \S+)", r" console .* waits for a message or notice")
    need(output, r" init  ")


def type_line(gdb):
    gdb.command("lykos type echo typed by hand, in a line longer than a FIFO")
    gdb.console(r"^typed by hand, in a line longer than a FIFO$")
    gdb.command("lykos type sleep 1000")
    gdb.console(r"sleep 1000")
    need(gdb.command("lykos process shell"), r"^shell: oid 0x[0-9a-f]+, ")


def names(gdb):
    need(gdb.command("lykos load nosuch"), r"^no program 'nosuch'; there are: .*\bping\b")
    need(gdb.command("lykos process nosuch"), r"^no process 'nosuch'; there are: .*\bshell\b")
    need(gdb.command("lykos load ping"), r"symbol table from file .*ping\.debug")


def quit_ends(gdb):
    gdb.type("quit\n")
    gdb.end(0)
    gdb.gone()


CASES = [
    ("interrupt", "Ctrl-C stops the machine, which goes on by continue, as often as one likes", interrupt),
    ("ps", "lykos ps says what each process waits for", ps),
    ("type", "lykos type types at the prompt", type_line),
    ("names", "a name that does not exist is answered with those that do", names),
    ("quit", "QEMU ends when gdb ends", quit_ends),
]
KILLED = ("killed", "QEMU ends when gdb and all around it are killed")


def in_one_session(context, pattern):
    results = []
    chosen = [case for case in CASES if core.matches(case[0], pattern) or case[0] == "interrupt"]
    name, text = chosen[0][:2]
    try:
        with Debugger(context) as gdb:
            for name, text, function in chosen:
                function(gdb)
                results.append(Result(name, "pass", text))
    except Failed as failure:
        results.append(Result(name, "fail", text, failure.lines))
    return results


def killed(context, pattern):
    name, text = KILLED
    if not core.matches(name, pattern):
        return []
    try:
        with Debugger(context) as gdb:
            gdb.go_on(0.5)
            os.killpg(gdb.process.pid, signal.SIGKILL)
            gdb.gone()
            shutil.rmtree(os.path.dirname(gdb.socket), ignore_errors=True)  # who would have done that was killed
    except Failed as failure:
        return [Result(name, "fail", text, failure.lines)]
    return [Result(name, "pass", text)]


def run(context, pattern):
    try:
        if shutil.which("gdb") is None:
            raise Skipped("gdb is missing: sudo apt-get install gdb")
        only_killed = core.matches(KILLED[0], pattern) and pattern != "*"
        return ([] if only_killed else in_one_session(context, pattern)) + killed(context, pattern)
    except Skipped as why:
        return [Result("gdb", "skip", str(why))]


def part(_context):
    return Part("debug", [Job(run, [name for name, _, _ in CASES] + [KILLED[0]])])
