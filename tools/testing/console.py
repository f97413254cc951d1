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
WIDTH = 80
SECONDS = 60
SOAK_SEEDS = 20
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


def another_prompt(session):
    """Behind something that a program printed, before or after the prompt was."""
    session.type("\r")
    session.prompt()


def until(session, command, pattern):
    """Give a command until it shows what it will in the end."""
    for _ in range(TRIES):
        output = session.command(command)
        if re.search(pattern, output, re.MULTILINE):
            return
    raise Failed(f"never seen: {pattern!r}", core.tail(output))


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
    words = ("help", "ps", "caps", "spaces", "log", "mem", "ping", "sleep", "fault", "bench", "kill", "restart", "suspend")
    words += ("resume", "notify", "halt", "reboot")
    for word in words:
        need(session, output, rf"^\s*{word}\b")


@case("a command that does not exist is named")
def unknown_command(session):
    need(session, session.command("frobnicate 1 2"), "frobnicate")
    need(session, session.command("quit"), r"unknown command 'quit'; 'halt' ends the machine")


@case("help NAME shows one line, and '?' is help")
def help_one(session):
    output = session.command("help notify")
    need(session, output, r"^  notify NAME \[BITS\] +\w")
    if len(output.splitlines()) != 1:
        raise Failed("help of one command is not one line", core.tail(output))
    need(session, session.command("help nosuch"), "unknown command 'nosuch'")
    need(session, session.command("?"), r"^  help \[COMMAND\]", r"^  reboot ")


@case("a command with a word too many is not carried out")
def too_many_words(session):
    for line, word, usage in (
        ("halt now", "now", "halt"),
        ("reboot now please", "now", "reboot"),
        ("uptime x", "x", "uptime"),
        ("mem all", "all", "mem"),
        ("help ps caps", "caps", "help [COMMAND]"),
        ("ps init shell", "shell", "ps [NAME]"),
        ("caps init shell", "shell", "caps NAME"),
        ("suspend spin hello", "hello", "suspend NAME"),
        ("destroy spin hello", "hello", "destroy NAME"),
        ("notify console 1 2", "2", "notify NAME [BITS]"),
        ("sleep 1 2", "2", "sleep SECONDS"),
        ("ping 1 2", "2", "ping [ROUNDS]"),
        ("kill spin 1 2", "2", "kill NAME [SECONDS]"),
        ("restart spin hello", "hello", "restart NAME"),
        ("spaces init shell", "shell", "spaces NAME"),
    ):
        wanted = re.escape(f"'{word}' is too much; the command is '{usage}'")
        need(session, session.command(line), rf"\A{wanted}\n\Z")


@case("an empty line gives another prompt")
def empty_line(session):
    session.type("\r")
    session.prompt()
    session.type("   \r")
    session.prompt()


@case("ps shows name, state, priority, CPU time and what a program waits for")
def ps(session):
    output = session.command("ps")
    need(session, output, r"NAME\s+STATE\s+HOLDS\s+PRI\s+CPU TIME.*WAITS FOR")
    need(session, output, r"^console\s+receiving\s+-\s+180\s+[0-9.]+ s", r"^shell\s+\S+\s+-\s+[0-9]+")
    need(session, output, r"^init\s+\S+\s+-\s+200")
    wide = [line for line in output.splitlines() if len(line) > WIDTH]
    if wide:
        raise Failed("ps writes beyond the right margin", wide)
    names = r"((?: [a-z]+|\n )*)\n"
    groups = re.search(rf"^not running:{names}parts of others, not running:{names}", output, re.MULTILINE)
    if not groups:
        raise Failed("ps does not list what does not run in two groups", core.tail(output))
    whole, parts = set(groups[1].split()), set(groups[2].split())
    if not {"ping", "bench", "watchdog"} <= whole or not {"peer", "calm", "silent"} <= parts:
        raise Failed("ps lists a program in the wrong group", core.tail(output))


@case("a program that is a part of another is not started alone")
def part_of(session):
    for command in ("run", "start"):
        output = session.command(f"{command} calm")
        need(session, output, r"\Acalm is a part of watchdog, which starts it when it needs it: 'run watchdog'\n\Z")
    need(session, session.command("run handler"), "handler is a part of bench")
    if re.search(r"^(calm|watchdog|silent) ", session.command("ps"), re.MULTILINE):
        raise Failed("something of it was started", core.tail(session.text))


@case("ps NAME shows holds, handler, deferral and counters of one program")
def ps_one(session):
    output = session.command("ps init")
    need(session, output, r"^init\s+ready\s+-\s+200", r"^  holds +none$", r"^  handler +none$")
    need(session, output, r"^  deferral +it may not defer$", r"^  pending +nothing$", r"^  notices +[0-9]+ posted")
    need(session, output, r"^  deliveries 0 to its handler, 0 of them forced; 0 senders had to wait$")
    need(session, session.command("ps console"), r"^  notices +[1-9][0-9]* posted, to itself or its handler; [0-9]+ merged")
    need(session, session.command("ps spin"), "spin does not run")
    need(session, session.command("ps nosuch"), "no program 'nosuch'")


@case("caps shows what a program holds, and says when there is no such program")
def caps(session):
    output = session.command("caps console")
    need(session, output, r"ioports 0x3f8-0x3ff|IOPriv", r"IrqWait|irq 4", r"Process\s+itself")
    bare = [line for line in output.splitlines() if re.search(r"^(slot|register) +\S+ +\S+$|\s$", line)]
    if bare:
        raise Failed("caps says nothing of these", bare)
    need(session, output, r"^register 29 +AppNotice +made or received by itself$")
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


@case("Ctrl-C ends with a program whatever that has started")
def interrupt_job(session):
    begin = len(session.text)
    session.type("run watchdog\r")
    session.expect(r"^watchdog: waiter may go on")
    session.type(CTRL_C)
    session.expect(r"^watchdog was destroyed on request$")
    session.prompt()
    session.command("sleep 1")
    left = re.findall(r"^(watchdog|calm|looper|waiter|holder|silent)\s", session.command("ps"), re.MULTILINE)
    if left:
        raise Failed(f"still there: {' '.join(left)}", core.tail(session.text))
    if "of Null" in session.text[begin:]:
        raise Failed("somebody called what was gone", core.tail(session.text))


@case("the line typed ends before the program that it starts prints")
def typed_line_first(session):
    for key in "run fairshare":
        session.type(key)
        session.expect(re.escape(key))
    session.type("\r")
    if session.expect(r"([^\n]*)\nfairshare: ")[1] != "":
        raise Failed("the line typed is not alone", core.tail(session.text))
    session.type(CTRL_C)
    session.prompt()
    session.command("start fairshare")
    session.command("suspend fairshare")
    session.type("resume fairshare\r")
    session.expect(r"resume fairshare\nfairshare is resumed\n", "the answer, before what the program prints")
    another_prompt(session)
    session.command("destroy fairshare")


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
        need(session, output, r"fault in (process helper of )?program fault: \S+", r"at rip 0x[0-9a-f]+", r"rsp [0-9a-f]+")
    need(session, session.command("fault nosuch"), "one of")
    need(session, session.command("ps"), r"^shell")


@case("a fault is told with the functions on the stack, and a stack overflow with how many")
def fault_trace(session):
    output = session.command("fault null")
    need(session, output, r"fault in program fault: null pointer dereference \(address 0x8\)$", r"at rip \S+ \(fault_null\+")
    need(session, output, r"called from \S+ \(main\+0x[0-9a-f]+\)\n.*called from \S+ \(lk_begin\+.*\n.*called from \S+ \(_start\+")
    output = session.command("fault stack")
    words = r"stack overflow in fault \(thread main, function fault_recursion[^ ]*, depth ([0-9]+)\)"
    need(session, output, rf"fault in program fault: {words}$", rf"^fault was ended by a fault: {words}$")
    need(session, output, r"called from \S+ \(fault_recursion\S+, [0-9]+ times$", r"called from \S+ \(main\+")
    depth = int(re.search(words, output)[1])
    times = int(re.search(r"([0-9]+) times$", output, re.MULTILINE)[1])
    if not times + 3 <= depth <= times + 5 or depth < 10:
        raise Failed(f"depth {depth}, but {times} times", core.tail(output))
    need(session, session.command("fault jump"), r"call through a null function pointer", r"called from \S+ \(fault_jump\+")


@case("a thread's stack that overflows is told as such, with the functions on it, wherever it lies")
def fault_thread(session):
    for kind in ("thread", "array", "heap"):
        output = session.command(f"fault {kind}")
        words = r"stack overflow in fault \(thread helper, function fault_recursion[^ ]*, depth ([0-9]+)\)"
        need(session, output, rf"fault in process helper of program fault: {words}$", r"it stays stopped: 'ps helper' shows it$")
        need(session, output, r"called from \S+ \(fault_recursion\S+, [0-9]+ times$", r"called from \S+ \(thread_recursion\+")
        need(session, output, r"called from \S+ \(thread_begin\+", r"^fault ended with status 3$")
        depth = int(re.search(words, output)[1])
        if not (depth > 10 if kind != "thread" else depth > 60):
            raise Failed(f"depth {depth}", core.tail(output))


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
    before = session.command("mem")
    for _ in range(10):
        session.command("ping 1")
    session.command("fault")
    after = session.command("mem")
    if memory_besides(before) != memory_besides(after):
        raise Failed("mem says something else after programs came and went", core.tail(before) + core.tail(after))


def memory_besides(output):
    """What `mem` says of memory that must be the same after programs came and went: which banks there are, and that the topmost
    one pays nothing but them. Those who run touch more of their memory all the time."""
    banks = [(len(indent), name, int(kib)) for indent, name, kib in re.findall(r"^( *)(\S+) +([0-9]+) KiB +\S+", output, re.M)]
    banks = banks[[name for _, name, _ in banks].index("all") :]
    below = sum(kib for indent, _, kib in banks if indent == banks[0][0] + 2)
    return sorted(name for _, name, _ in banks), banks[0][2] - below


@case("mem names all memory there is")
def memory_sum(session):
    output = session.command("mem")
    whole = output.split("\nBANK ")[0]
    sizes = {name.strip(): int(kib) for name, kib in re.findall(r"^(\D+?) +([0-9]+) KiB", whole, re.MULTILINE)}
    if sum(sizes.values()) != 2 * sizes["memory"] or len(sizes) != 4:
        raise Failed("the parts are not the whole", core.tail(output))


@case("mem shows who pays for memory: a tree in which a bank has used what those below it have, and more")
def memory_banks(session):
    session.command("start hello")
    output = session.command("mem")
    need(session, output, r"^BANK +USED +LIMIT +OBJECTS$")
    rows = re.findall(r"^( *)(\S+) +([0-9]+) KiB +(?:-|([0-9]+) KiB) +([0-9]+)$", output.split("\nBANK ")[1], re.MULTILINE)
    banks = [(len(indent) // 2, name, int(used)) for indent, name, used, _, _ in rows]
    if not {"pager", "console", "shell", "hello"} <= {name for depth, name, _ in banks if depth == 1}:
        raise Failed("a bank is missing", core.tail(output))
    for at, (depth, name, used) in enumerate(banks):
        below = 0
        for other, _, theirs in banks[at + 1 :]:
            if other <= depth:
                break
            below += theirs if other == depth + 1 else 0
        if below > used:
            raise Failed(f"below {name} more is used than it has", core.tail(output))
    limits = {name: limit for _, name, _, limit, _ in rows}
    if int(limits["hello"]) < 100 or not any(name == "hello" and int(n) > 5 for _, name, _, _, n in rows):
        raise Failed("hello has no limit, or hardly an object", core.tail(output))
    session.command("destroy hello")
    if re.search(r"^ +hello ", session.command("mem"), re.MULTILINE):
        raise Failed("the bank is still there")


@case("spaces shows the tree of an address space, with the runs of pages and their rights")
def spaces(session):
    output = session.command("spaces console")
    lines = output.splitlines()
    need(session, output, r"\A0x00000000-0xffffffff  GPT l2v 28, slot 15: fault handler$")
    need(session, output, r"^[ |]*[|`]- 0x00400000-0x0040[0-9a-f]{4}  r-x  [0-9]+ pages?$", r"  rw-  1 page$")
    need(session, output, r"^[ |]*[|`]- 0x003ff000-0x003fffff  r--  1 page$")
    if len(lines) < 10 or any(not re.match(r"(?:\|  |   )*[|`]- 0x[0-9a-f]+-0x[0-9a-f]+  \S", line) for line in lines[1:]):
        raise Failed("a line is no line of the tree", lines)
    wide = [line for line in lines if len(line) > WIDTH]
    if wide:
        raise Failed("spaces writes beyond the right margin", wide)
    for line, behind in zip(lines, lines[1:] + [""]):
        for at, mark in enumerate(line):
            if mark in "|" and behind[at : at + 1] not in ("|", "`"):
                raise Failed("a branch ends in nothing", [line, behind])
    need(session, session.command("spaces init"), r"^0x00000000-0x\S+  GPT l2v 43", r"^`- 0x00000000-0xffffffff  GPT l2v 28")
    need(session, session.command("spaces"), r"spaces NAME.*: of which program\?$")
    need(session, session.command("spaces spin"), "spin does not run")
    need(session, session.command("spaces nosuch"), "no program 'nosuch'")


@case("a program is started, listed and destroyed")
def start_destroy(session):
    session.command("start hello")
    need(session, session.command("ps"), r"^hello\s+(receiving|ready|blocked)")
    session.command("destroy hello")
    output = session.command("ps")
    if re.search(r"^hello\s+(receiving|ready|blocked)", output, re.MULTILINE):
        raise Failed("the program is still there", core.tail(output))


def cpu_time(session, name):
    output = session.command(f"ps {name}")
    found = re.search(rf"^{name}\s.*\s([0-9.]+) s\s", output, re.MULTILINE)
    if not found:
        raise Failed(f"ps {name} shows no CPU time", core.tail(output))
    return float(found[1])


@case("a program that is suspended uses no time, and goes on when it is resumed")
def suspend_resume(session):
    session.command("start spin")
    need(session, session.command("suspend spin"), r"^spin is suspended")
    need(session, session.command("suspend spin"), r"^spin was suspended already$")
    need(session, session.command("ps"), r"^spin\s+ready\s+suspend\s+10\s")
    need(session, session.command("ps spin"), r"^  holds +suspend since [0-9.]+ s \([0-9.]+ m?s ago\)$")
    before = cpu_time(session, "spin")
    session.command("sleep 1")
    if cpu_time(session, "spin") != before:
        raise Failed("it used time while it was suspended")
    need(session, session.command("resume spin"), r"^spin is resumed$")
    need(session, session.command("resume spin"), r"^spin was not suspended$")
    need(session, session.command("ps"), r"^spin\s+ready\s+-\s+10\s")
    session.command("sleep 1")
    if cpu_time(session, "spin") <= before:
        raise Failed("it used no time after it was resumed")
    session.command("destroy spin")


@case("a client waits while its server is suspended, and is answered then")
def suspend_server(session):
    session.command("start pong")
    until(session, "ps", r"^pong\s+receiving\s+-.*a message or notice$")
    session.command("suspend pong")
    session.command("start ping 5")
    until(session, "ps", r"^ping\s+receiving\s+-.*the answer of pong$")
    need(session, session.command("ps"), r"^pong\s+ready\s+suspend\s")
    session.type("resume pong\r")
    session.expect(r"ping: 5 round trips")
    another_prompt(session)
    session.command("destroy pong")


@case("what is suspended is destroyed like any other, and what the shell needs is not suspended")
def suspend_limits(session):
    session.command("start hello")
    session.command("suspend hello")
    session.command("destroy hello")
    need(session, session.command("ps hello"), "hello does not run")
    for name in ("shell", "console", "init", "bank", "pager"):
        need(session, session.command(f"suspend {name}"), rf"^{name} is not suspended: \w")
    for command in ("suspend", "resume", "notify"):
        need(session, session.command(command), rf"^{command} NAME.*: which program\?$")
        need(session, session.command(f"{command} nosuch"), "no program 'nosuch'")
        need(session, session.command(f"{command} spin"), "spin does not run")
    for bits in ("x", "0", "0x100000000", "-1"):
        need(session, session.command(f"notify console {bits}"), "is no number from 1 to 0xffffffff")


def start_listener(session, how=""):
    """Start the program that has a notice handler, and wait until it has."""
    session.type(f"start listener {how}\r")
    session.expect(r"^listener: ready.*\n")
    another_prompt(session)


def told(session, line, bits):
    """Type a line that has a program's handler told, and wait until it says so."""
    session.type(f"{line}\r")
    session.expect(rf"^listener was stopped, and ear is told: bits {bits}$")
    session.expect(rf"^listener: told of bits {bits}; listener \w")
    another_prompt(session)


@case("notify stops a program and has its handler told, which lets it go on")
def notify(session):
    gone_on = r"^listener\s+\S+\s+(-|suspend)\s"
    start_listener(session)
    told(session, "notify listener", "0x1")
    until(session, "ps", gone_on)
    told(session, "notify listener 0x80000005", "0x80000005")
    until(session, "ps", gone_on)
    session.command("suspend listener")
    told(session, "notify listener 4", "0x4")
    until(session, "ps", gone_on)
    output = session.command("ps listener")
    need(session, output, r"^listener\s+\S+\s+suspend\s", r"^  handler +ear$", r"^  pending +nothing$")
    need(session, output, r"^  notices +3 posted, .*; 0 merged", r"^  deliveries 3 to its handler, 0 of them forced")
    need(session, session.command("resume listener"), r"^listener is resumed$")
    session.command("destroy listener")


@case("notify says why a handler is not told, and the bits stay pending")
def notify_waits(session):
    start_listener(session, "stay")
    told(session, "notify listener 1", "0x1")
    need(session, session.command("notify listener 2"), r"^bits 0x2 wait for listener: ear has not let listener go on")
    need(session, session.command("notify listener 4"), r"^bits 0x6 wait for listener")
    need(session, session.command("ps"), r"^listener\s+\S+\s+proxy\s")
    session.command("suspend listener")
    need(session, session.command("ps"), r"^listener\s+\S+\s+2 holds\s")
    need(session, session.command("resume listener"), r"^listener is resumed, but stays stopped: proxy since [0-9.]+ s")
    output = session.command("ps listener")
    need(session, output, r"^  holds +proxy since", r"^  pending +bits 0x6 for its handler$", r"^  notices +3 posted")
    session.command("destroy listener")
    start_listener(session, "deaf")
    need(session, session.command("notify listener"), r"^bits 0x1 wait for listener: ear is not waiting to be told$")
    need(session, session.command("ps listener"), r"^  pending +bits 0x1 for its handler$", r"^  deliveries 0 ")
    session.command("destroy listener")


@case("a handler that has faulted is said to have, and can be looked at")
def notify_dead(session):
    start_listener(session, "dead")
    session.type("notify listener\r")
    session.expect(r"fault in process ear of program listener: invalid instruction")
    session.expect(r"it stays stopped: 'ps ear' shows it")
    another_prompt(session)
    output = session.command("ps listener")
    need(session, output, r"^listener\s+\S+\s+proxy\s", r"^  handler +ear, which has faulted: \w")
    output = session.command("notify listener 2")
    need(session, output, r"^bits 0x2 wait for listener: ear, its handler, has faulted, and has not let it go on$")
    output = session.command("ps ear")
    need(session, output, r"^ear\s+faulted\s+-\s+105\s", r"^  inside +listener: it is a process that listener has made$")
    need(session, session.command("caps listener"), r"^register [0-9]+ +Process +ear: made or received by itself$")
    session.command("destroy listener")
    need(session, session.command("ps ear"), "there is no program 'ear', and no process of that name")


@case("bits for a program without a handler stay pending and add up")
def notify_nobody(session):
    session.command("start spin")
    for bits in ("1", "8", "9"):
        output = session.command(f"notify spin {bits}")
        need(session, output, r"^bits 0x[19] wait for spin: spin has no notice handler; they stay pending$")
    output = session.command("ps spin")
    need(session, output, r"^  handler +none$", r"^  pending +bits 0x9 for its handler$")
    need(session, output, r"^  notices +3 posted, .*; 1 merged")
    session.command("destroy spin")
    need(session, session.command("notify init"), r"^init has no notice handler$")


@case("a notification waits for a critical section, but only as long as that may last")
def notify_deferred(session):
    start_listener(session, "defer")
    session.type("notify listener\r")
    session.expect(r"^bits 0x1 wait for listener: listener defers, which it may for [0-9.]+ s$|^listener was stopped")
    session.expect(r"^listener: told of bits 0x1; ", "the handler told when the section is over")
    session.expect(r"^listener: the critical section is over$")
    another_prompt(session)
    need(session, session.command("ps listener"), r"^  deliveries 1 to its handler, 0 of them forced")
    session.command("destroy listener")
    start_listener(session, "hog")
    session.type("notify listener 2\r")
    session.expect(r"^bits 0x2 wait for listener: listener defers, which it may for [0-9.]+ s$")
    session.expect(r"^listener: told of bits 0x2, by force; listener ", "the handler told by force")
    another_prompt(session)
    output = session.command("ps listener")
    need(session, output, r"^  deferral +it may defer, for at most [0-9.]+ s", r"^  deliveries 1 to its handler, 1 of them forced")
    session.command("destroy listener")


def generation(session, name):
    """How often a program was begun again."""
    found = re.search(r"^  begun again (never|[0-9]+)", session.command(f"ps {name}"), re.MULTILINE)
    if not found:
        raise Failed(f"ps {name} does not say how often it was begun again")
    return 0 if found[1] == "never" else int(found[1])


def again(session, name, before):
    """One that was begun again once more than before."""
    for _ in range(TRIES):
        if generation(session, name) == before + 1:
            return
    raise Failed(f"{name} was begun again {generation(session, name)} times, not {before + 1}")


def rounds_of(session, seconds):
    """As many round trips of ping as take so many seconds of the machine's clock."""
    found = re.search(r"([0-9]+) ns each", session.command("ping 10000"))
    return min(max(seconds * 10**9 // int(found[1]), 1), 90_000_000)


@case("kill ends a program; one that is to be begun again is, with its generation counted")
def kill(session):
    session.command("start hello")
    need(session, session.command("kill hello"), r"\Ahello was ended\n\Z")
    need(session, session.command("ps hello"), "hello does not run")
    need(session, session.command("kill hello"), "hello does not run")
    need(session, session.command("kill nosuch"), "no program 'nosuch'")
    need(session, session.command("kill init"), "init is not ended")
    need(session, session.command("kill"), r"kill NAME.*: which program\?$")
    need(session, session.command("kill console x"), r"kill NAME \[SECONDS\]: a whole number")
    for name in ("bank", "pager", "console"):
        before = generation(session, name)
        need(session, session.command(f"kill {name}"), rf"^{name} was ended and begun again$")
        again(session, name, before)
        need(session, session.command("ps"), rf"^begun again:.* {name} {before + 1} times?\b")
        need(session, session.command("ping 7"), r"\b7 round trips")
        need(session, session.command("fault null"), r"^fault was ended by a fault: null")
        need(session, session.command("ps"), rf"^{name} +receiving")


@case("restart ends a program and begins it again, whatever its description says")
def restart(session):
    session.command("start hello")
    session.type("restart hello\r")
    session.expect(r"^hello: ready")
    another_prompt(session)
    if generation(session, "hello") != 1:
        raise Failed("it was not begun again once")
    session.command("destroy hello")
    need(session, session.command("restart hello"), "hello does not run")
    before = generation(session, "console")
    need(session, session.command("restart console"), r"^console was ended and begun again$")
    again(session, "console", before)
    session.command("start ping 1000000")
    need(session, session.command("restart pong"), r"^pong belongs to the job of ping$")
    session.command("destroy ping")


@case("servers are killed while clients work, and those go on")
def kill_under_way(session):
    rounds = rounds_of(session, 4)
    session.command(f"start ping {rounds}")
    session.command("start hello")
    for name in ("bank", "pager", "console", "shell"):
        session.type(f"kill {name}\r")
        session.expect(rf"^{name} was ended and begun again$" if name != "shell" else r"^The shell was begun again")
        another_prompt(session)
    need(session, session.command("ps"), r"^hello ", r"^ping ", r"^begun again: bank.* pager.* console.* shell")
    until(session, "ps", r"^hello +receiving")
    session.expect(rf"^ping: {rounds} round trips", "the client's last line")
    another_prompt(session)
    session.command("destroy hello")
    until(session, "ps ping", r"^ping does not run$")
    need(session, session.command("run ping 9"), r"\b9 round trips")


@case("a server dies while a program runs in the foreground, which Ctrl-C still ends")
def kill_behind(session):
    for name in ("bank", "pager", "console"):
        before = generation(session, name)
        rounds = rounds_of(session, 2)
        session.command(f"kill {name} 1")
        need(session, session.command("sleep 1"), "the clock is taken")
        need(session, session.command(f"run ping {rounds}"), rf"\b{rounds} round trips")
        again(session, name, before)
    session.type("run spin\r")
    session.expect(r"run spin\n")
    session.type(CTRL_C)
    session.prompt()


@case("the line being typed survives the death of the console, and is shown again")
def kill_while_typing(session):
    before = generation(session, "console")
    rounds = rounds_of(session, 4)
    session.command(f"start ping {rounds}")
    session.command("kill console 1")
    session.type("echo ha")
    session.expect(r"echo ha$")
    session.expect(rf"^ping: {rounds} round trips.*\n(?:\[.*\n)*{PROMPT}echo ha$", "the line again, behind what was printed")
    session.type("lf\r")
    session.expect(r"^half$")
    session.prompt()
    until(session, "ps ping", r"^ping does not run$")
    again(session, "console", before)


@case("a shell that is begun again does not carry out the boot command line again")
def kill_shell(session):
    before = generation(session, "shell")
    session.type("kill shell\r")
    session.expect(r"^the shell ends, and is begun again\n\nThe shell was begun again\.")
    session.prompt()
    again(session, "shell", before)
    with Session(session.context, "console-boot", ["--append", "run=ping,3 shell"], interactive=True) as other:
        other.expect(r"^ping: 3 round trips")
        other.prompt()
        other.type("kill shell\r")
        other.expect(r"^The shell was begun again")
        other.prompt()
        need(other, other.command("ping 4"), r"\b4 round trips")
        if len(re.findall(r"3 round trips", other.text)) != 1:
            raise Failed("the boot command line was carried out twice", core.tail(other.text))


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
