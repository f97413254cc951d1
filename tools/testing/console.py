# SPDX-License-Identifier: BSD-2-Clause
"""The console session of tools/test: the image that `make run` boots, on a pseudo-terminal, with commands typed at the prompt
as a person would type them, and looked at as a person would see it."""

import os
import pty
import re
import select
import subprocess
import time
import tty

from . import core
from .core import Failed, Job, Part, Result, Skipped

PROMPT = "lykos> "
SECONDS = 60
SOAK_SEEDS = 20
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


# ---- the cases: each is given a session that stands behind the prompt, and leaves it there -----------------------------

CASES = []


def case(text):
    """A case of the session; its name is the function's."""

    def add(function):
        CASES.append((function.__name__, text, function))
        return function

    return add


def need(session, output, *patterns):
    for pattern in patterns:
        if not re.search(pattern, output, re.MULTILINE):
            raise Failed(f"not seen: {pattern!r}", core.tail(output) + ["(of all:)"] + core.tail(session.text, 10))


def seconds_up(session):
    output = session.command("uptime")
    found = re.search(r"([0-9]+(?:\.[0-9]+)?)\s*s", output)
    if not found:
        raise Failed("uptime says no number of seconds", core.tail(output))
    return float(found[1])


@case("the first lines say how to leave QEMU")
def first_lines(session):
    need(session, session.text, r"Ctrl-A.*X")


@case("help lists the commands")
def help_lists(session):
    output = session.command("help")
    for word in ("help", "ps", "caps", "log", "ping", "sleep", "fault", "bench", "halt", "reboot"):
        need(session, output, rf"^\s*{word}\b")


@case("a command that does not exist is named")
def unknown_command(session):
    need(session, session.command("frobnicate 1 2"), "frobnicate")


@case("an empty line gives another prompt")
def empty_line(session):
    session.type("\r")
    session.prompt()
    session.type("   \r")
    session.prompt()


@case("ps shows name, state, priority, CPU time and what a program waits for")
def ps(session):
    output = session.command("ps")
    need(session, output, r"NAME\s+STATE\s+PRI\s+CPU TIME.*WAITS FOR")
    need(session, output, r"^console\s+receiving\s+180\s+[0-9.]+ s", r"^shell\s+\S+\s+[0-9]+", r"^init\s+\S+\s+200")


@case("caps shows what a program holds, and says when there is no such program")
def caps(session):
    output = session.command("caps console")
    need(session, output, r"ioports 0x3f8-0x3ff|IOPriv", r"IrqWait|irq 4", r"Process\s+itself")
    need(session, session.command("caps nosuch"), "nosuch")
    need(session, session.command("caps"), r"\S")


@case("log shows the kernel log from the start")
def log(session):
    need(session, session.command("log"), r"Lykos [0-9]", r"^\[")


@case("ping calls a server in another space, and refuses what is no number")
def ping(session):
    need(session, session.command("ping"), r"1000 round trips")
    need(session, session.command("ping 7"), r"\b7 round trips")
    session.command("ping x")
    need(session, session.command("ping 3"), r"\b3 round trips")


@case("sleep waits as long as it says")
def sleep(session):
    before = seconds_up(session)
    session.command("sleep 2")
    after = seconds_up(session)
    if after - before < 2:
        raise Failed(f"it waited for {after - before:.3f} s, not for 2")


@case("Ctrl-C ends a sleep")
def interrupt_sleep(session):
    session.type("sleep 100000\r")
    session.expect(r"sleep 100000\n")
    session.type(CTRL_C)
    session.prompt()
    if seconds_up(session) > 50000:
        raise Failed("the sleep came to its end")


@case("Ctrl-C ends a program in the foreground that never waits")
def interrupt_program(session):
    session.type("run spin\r")
    session.expect(r"run spin\n")
    session.type(CTRL_C)
    session.prompt()
    output = session.command("ps")
    if re.search(r"^spin\s+(ready|receiving|blocked)", output, re.MULTILINE):
        raise Failed("the program still runs", core.tail(output))


@case("Ctrl-C at the prompt drops the line")
def interrupt_line(session):
    session.type("rubbish" + CTRL_C)
    session.prompt()
    need(session, session.command("echo clean"), r"^clean$")


@case("every kind of fault is told in words: what, where, in whom")
def fault(session):
    output = session.command("fault help")
    kinds = re.findall(r"^fault:   ([a-z][a-z0-9-]*)\b", output, re.MULTILINE)
    if len(kinds) < 4:
        raise Failed("'fault help' lists few kinds of faults", core.tail(output))
    for kind in kinds:
        if kind == "help":
            continue
        output = session.command(f"fault {kind}")
        need(session, output, r"fault in program fault: \S+", r"at rip 0x[0-9a-f]+", r"rsp [0-9a-f]+")
    need(session, session.command("fault nosuch"), "one of")
    need(session, session.command("ps"), r"^shell")


@case("the line is edited with arrows, Home, End, Delete and Backspace")
def edit_line(session):
    for keys, result in (
        ("echo abd" + LEFT + "c", "abcd"),
        ("echo axbc" + LEFT * 2 + BACKSPACE, "abc"),
        ("echo abxc" + LEFT * 2 + DELETE, "abc"),
        ("cho front" + HOME + "e", "front"),
        ("ho again" + CTRL_A + "ec" + END + "!", "again!"),
        ("echo one" + LEFT * 3 + RIGHT * 2 + "-", "on-e"),
        ("echo keep drop" + LEFT * 5 + CTRL_K, "keep"),
        ("nonsense" + CTRL_U + "echo whole", "whole"),
        ("echo two words" + CTRL_W + "lines", "two lines"),
        ("echo end" + CTRL_A + CTRL_E + "ing", "ending"),
    ):
        session.type(keys + "\r")
        session.expect(rf"^{re.escape(result)}$", f"what {keys!r} makes: {result}")
        session.prompt()


@case("the arrows bring earlier lines back")
def history(session):
    session.command("echo first")
    session.command("echo second")
    session.type(UP + UP + "\r")
    session.expect(r"^first$")
    session.prompt()
    session.type(UP + UP + DOWN + "\r")
    session.expect(r"^first$")
    session.prompt()
    session.type(UP + BACKSPACE * 5 + "third\r")
    session.expect(r"^third$")
    session.prompt()
    session.type("echo not yet" + UP + DOWN + "\r")
    session.expect(r"^not yet$", "the line that was being typed")
    session.prompt()


@case("bytes that are no text, and unknown escape sequences, do no harm")
def rubbish(session):
    session.type("\x1b[99~\x1bO\x1b[\x80\x81\xff\x00\x02\x04\x1b[1;5C\x1b\x1b")
    session.type(CTRL_U + CTRL_C)
    session.prompt()
    need(session, session.command("echo alive"), r"^alive$")


@case("a line that is far too long is cut and can be dropped")
def long_line(session):
    for _ in range(20):
        session.type("x" * 50)
        session.expect("x")
    session.type(CTRL_C)
    session.prompt()
    need(session, session.command("echo short"), r"^short$")


@case("what is typed while a command runs is not lost")
def type_ahead(session):
    session.type("sleep 1\recho later\r")
    session.expect(r"^later$")
    session.prompt()


@case("programs leave no memory behind")
def no_leak(session):
    session.command("ping 1")
    before = session.command("mem")
    for _ in range(10):
        session.command("ping 1")
    session.command("fault")
    after = session.command("mem")
    for line in before.splitlines():
        if re.match(r"free|given|objects", line) and line not in after.splitlines():
            raise Failed("mem says something else after programs came and went", core.tail(before) + core.tail(after))


@case("a program is started, listed and destroyed")
def start_destroy(session):
    session.command("start hello")
    need(session, session.command("ps"), r"^hello\s+(receiving|ready|blocked)")
    session.command("destroy hello")
    output = session.command("ps")
    if re.search(r"^hello\s+(receiving|ready|blocked)", output, re.MULTILINE):
        raise Failed("the program is still there", core.tail(output))


@case("reboot starts the machine again")
def reboot(session):
    session.type("reboot\r")
    session.expect(r"Lykos [0-9]", "the first line of the kernel again")
    session.prompt()
    need(session, session.command("echo again"), r"^again$")


@case("halt ends the machine, and QEMU with status 0")
def halt(session):
    session.type("halt\r")
    session.end(core.PASS)


LAST = "halt"


def run_cases(context, pattern, seed=None):
    """The cases in one session. One that fails, or ends the machine, leaves the next a new session. With a seed the kernel
    takes the CPU away at random."""
    results = []
    session = None
    words = f"seed={seed}" if seed is not None else ""
    again = f"--seed={seed}" if seed is not None else ""
    for name, text, function in CASES:
        if not core.matches(name, pattern):
            continue
        try:
            if session is None:
                session = Session(context, f"console-{seed}", ["--append", words], interactive=True)
                session.prompt()
            function(session)
            results.append(Result(name, "pass", text))
            broken = name == LAST
        except Failed as failure:
            results.append(Result(name, "fail", text, failure.lines, again))
            broken = True
        except Skipped as why:
            results.append(Result(name, "skip", str(why)))
            broken = True
        if broken and session is not None:
            session.__exit__()
            session = None
    if session is not None:
        session.__exit__()
    return results


def part(context):
    names = [name for name, _, _ in CASES]
    seeds = [context.seed] if context.seed is not None else [None] + list(range(1, SOAK_SEEDS + 1 if context.soak else 1))

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, seed), names)

    return Part("console", [job(seed) for seed in seeds])
