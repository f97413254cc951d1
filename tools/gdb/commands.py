# SPDX-License-Identifier: BSD-2-Clause
"""The commands `lykos ...`: what each prints. What is broken is said behind `!!`, and the rest is shown."""

import contextlib
import os
import subprocess

import gdb

from . import abi, entries, machine, memory, messages, objects, programs, space, stack
from .console import Typist, tail
from .memory import DIRECT_MAP, Broken
from .objects import OID_SHIFT, Endpoint, cap_text, every, frame_of, is_frame, processes
from .layout import symbol
from .waits import Graph

LINES_MOST = 2000
TRACE_DEFAULT = 32
WITHOUT_MACHINE = ("console", "program")  # commands that are of use when the machine has ended
# In the gdb that looks at a process: each capability of its start block that has a name.
LIST_NAMES = (
    "s = gdb.parse_and_eval('*lk_start'); n = s['cap'].type.range()[1] + 1; "
    "[print(int(c['reg']), c['name'].string()) for c in (s['cap'][i] for i in range(min(int(s['cap_count']), n)))]"
)


class Lykos(gdb.Command):
    """Commands for gdb that know Lykos, on a machine that is stopped (Ctrl-C) and on a dump of one. docs/debugging.md shows them.

    lykos ps                 every process: number, label, program, priority, state, what it waits for, where it is
    lykos process P          registers, slots, holds, notices
    lykos caps P             its capability registers
    lykos bt P               back-trace of a process, running or not; `lykos bt P full`: with variables
    lykos in P COMMAND       what gdb says to a command in that process: `lykos in P print total`
    lykos space P            its tree of GPTs, and what the hardware tables have of it
    lykos queue E            endpoints: recipient, senders that wait, senders of proxied messages; E: a number, or P
    lykos waits              who waits for whom; rings are deadlocks
    lykos cpu                what the CPU does: current process, transaction, ready queues; of what the kernel dies
    lykos trace [N [P]]      the last events of the trace ring, in words; or those of P
    lykos program NAME       symbols of a user program, in place of those loaded before
    lykos dump [FILE]        write the machine's memory to a file, for `make debug DUMP=FILE`
    lykos console            the end of the console
    lykos type WORDS         type a line at the console's prompt; it is read when the machine goes on

P is a label as `lykos ps` shows it, a number (oid), or the name of a program. In a condition, $lykos_runs("NAME") is 1 while that
process or program is the one that runs: all programs lie at the same addresses, so a break point in one stops all."""

    def __init__(self):
        super().__init__("lykos", gdb.COMMAND_USER, prefix=True)


def show(lines):
    """Print as they come, bounded; what breaks is said."""
    count = 0
    try:
        for line in lines:
            count += 1
            if count > LINES_MOST:
                print(f"!! more than {LINES_MOST} lines: the rest is not shown")
                return
            print(line)
    except Broken as why:
        print(f"!! {why}")


class Command(gdb.Command):
    """One of them: lines() makes what it prints from its argument."""

    def __init__(self, name, lines, doc):
        self.name = name
        self.lines = lines
        self.__doc__ = doc
        super().__init__(f"lykos {name}", gdb.COMMAND_USER)

    def invoke(self, argument, _from_tty):
        try:
            symbol("sizeof(struct process)")
        except Broken as why:
            raise gdb.GdbError(f"{why}: start with make debug") from None
        if self.name not in WITHOUT_MACHINE and gdb.selected_inferior().connection is None:
            raise gdb.GdbError("there is no machine, and no dump of one: start with make debug")
        show(self.lines(argument.strip()))


def without_words(function):
    """For a command that takes none."""

    def lines(argument):
        if argument:
            raise gdb.GdbError(f"lykos {function.__name__} takes no words, such as '{argument}'")
        return function()

    return lines


def one(argument):
    if not argument:
        raise gdb.GdbError("which process? Give a label, a number, or the name of a program, as in lykos ps")
    return programs.find(argument)


@without_words
def ps():
    yield f"{'oid':>10}  {'label':16} {'program':12} {'prio':>4}  {'rip':>18}  state"
    current = stack.running()
    for p in processes():
        try:
            program = programs.program_of(p)
            state = "running" if p.address == current and p.state() == "ready" else messages.state_text(p)
            rip = stack.registers(p)["rip"]
            name = program.name if program else "?"
            yield f"{p.oid:#10x}  {p.label():16} {name:12} {p.priority():4}  {rip:#18x}  {state}"
        except Broken as why:
            yield f"{p.oid:#10x}  !! {why}"


def process(argument):
    p = one(argument)
    yield f"{p}: {messages.state_text(p)}, priority {p.priority()}; (struct process *){p.address:#x}"
    preempt = p["preempt"]
    yield (
        f"  notices {int(p['notices']):#x}, preempting {int(preempt['notices']):#x}, tables {int(p['space_root']):#x}, "
        f"last called {cap_text(p['last_called'])}"
    )
    attention = [name for name, bit in abi.ATTENTION.items() if bit & bit - 1 == 0 and int(p["attention"]) & bit]
    yield f"  attention: {', '.join(attention) or 'none'}"
    regs = list(stack.registers(p).items())
    for i in range(0, len(regs), 4):
        yield "  " + "  ".join(f"{name:>7} {content:016x}" for name, content in regs[i : i + 4])
    for i, name in enumerate(abi.SLOTS):
        yield f"  slot {name}: {cap_text(p['slot'][i])}"


def caps(argument):
    p = one(argument)
    names = register_names(p)
    for i in range(p["capreg"].type.range()[1] + 1):
        text = cap_text(p["capreg"][i])
        if text != "null":
            yield f"  {i:2} {names.get(i, ''):12} {text}"


def register_names(p):
    """What its start block calls its registers; nothing where it has none, or it was not touched yet."""
    try:
        said = stack.ask(p, f"python {LIST_NAMES}")
    except (Broken, gdb.error, subprocess.TimeoutExpired):
        return {}
    pairs = (line.split() for line in said.splitlines())
    return {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2 and pair[0].isdigit()}


def bt(argument):
    name, _, how = argument.partition(" ")
    p = one(name)
    program = programs.program_of(p)
    known = f"program {program.name}" if program else "a program that was not built here"
    yield f"{p}, {known}: {messages.state_text(p)}"
    if p.address == stack.running() and not stack.at_user_level():
        yield "in the kernel:"
        yield gdb.execute("bt", to_string=True).rstrip()
        yield "at user level, by the registers saved last:"
    yield stack.ask(p, f"bt {how}".strip(), everything=bool(how))


def inside(argument):
    name, _, command = argument.partition(" ")
    if not command:
        raise gdb.GdbError("lykos in P COMMAND: what gdb says to the command in that process")
    yield stack.ask(one(name), command)


def space_lines(argument):
    p = one(argument)
    root = p.slot("addr_space")
    yield f"address space of {p}: {cap_text(root)}"
    yield from space.Tree(root).lines
    where = int(p["space_root"])
    yield f"hardware tables {where:#x}:"
    if where == symbol("kernel_root"):
        yield "  none of its own yet"
        return
    runs, tables = space.hardware(where)
    for run in runs:
        yield f"  {run}  at {run.frames[0]:#x}{'...' if len(run.frames) > 1 else ''}"
    yield f"  {tables} tables, {sum(r.end - r.start for r in runs) >> space.PAGE_SHIFT} pages"
    yield from (f"  {line}" for line in space.disagreements(p, runs))


def queue(argument):
    """An endpoint by its number or address, or all those of a process."""
    if not argument:
        raise gdb.GdbError("which endpoint? Give its number, or a process for all those where it receives")
    try:
        number = int(argument, 0)
    except ValueError:
        number = None
    if number is not None:
        address = number if number >= DIRECT_MAP else DIRECT_MAP + (number << OID_SHIFT)
        if is_frame(address - DIRECT_MAP >> 12) and frame_of(address - DIRECT_MAP >> 12)[0] == symbol("FRAME_ENDPOINT"):
            found = [e for e in every("endpoint") if e.address == address]
            if not found:
                raise gdb.GdbError(f"no endpoint lives at {number:#x}")
            yield from messages.queue_lines(found[0])
            return
    p = one(argument)
    found = messages.endpoints_of(p)
    if not found:
        yield f"{p} receives nowhere"
    for endpoint in found:
        yield from messages.queue_lines(endpoint)


@without_words
def waits():
    return Graph().lines()


def trace(argument):
    number, _, of = argument.partition(" ")
    try:
        most = int(number, 0) if number else TRACE_DEFAULT
    except ValueError:
        most = 0
    if most < 1:
        raise gdb.GdbError("lykos trace [N [P]]: how many of the last events, and of whom")
    return messages.trace_lines(most, one(of).oid if of else None)


def program(argument):
    if not argument:
        now = programs.loaded()
        yield f"symbols of {now.name} are loaded" if now else "no user program's symbols are loaded"
        return
    try:
        chosen = programs.by_name(argument)
    except gdb.GdbError:
        of = [p for p in processes() if p.label() == argument]
        chosen = programs.program_of(of[0]) if of else None
        if chosen is None:
            raise
    nowhere = programs.nowhere()
    before = programs.load(chosen)
    yield f"symbols of {chosen.name} ({os.path.relpath(chosen.path)})" + (
        f" instead of those of {before.name}" if before and before is not chosen else ""
    )
    lost = [number for number in programs.nowhere() if number not in nowhere]
    if lost:
        which = f"breakpoint {lost[0]} stops" if len(lost) == 1 else f"breakpoints {', '.join(lost)} stop"
        yield f"{which} nobody until `lykos program {before.name}`: {chosen.name} has no such place"


def dump(argument):
    where = os.path.join(os.environ.get("LYKOS_BUILD", "build"), "run", "lykos.dump")
    path = machine.dump(argument or where)
    yield f"written: {path}; open it with: make debug DUMP={path}"


@without_words
def console():
    if "LYKOS_LOG" not in os.environ and gdb.selected_inferior().connection is not None:
        return machine.log_lines()
    return (tail(),)


_typist = Typist()


def type_words(argument):
    _typist.type(argument)
    return ()


@without_words
def cpu():
    return machine.cpu_lines()


@without_words
def opened():
    return machine.describe()


class Runs(gdb.Function):
    """$lykos_runs("NAME"), $lykos_runs(NUMBER): 1 while the process of this label, number or program is the one that runs."""

    def __init__(self):
        super().__init__("lykos_runs")

    def invoke(self, *arguments):
        name = asked(arguments)
        memory.forget()  # gdb says nothing when it goes on behind a condition that did not hold
        objects.forget()
        address = stack.running()
        if address == 0:
            return 0
        try:
            of = next(p for p in processes() if p.address == address)
            found = programs.program_of(of)
        except (Broken, StopIteration):
            return 0
        return int(name in (of.oid, of.label(), hex(of.oid), found.name if found else None))


def asked(arguments):
    """The argument of $lykos_runs, a text or a number."""
    with contextlib.suppress(gdb.error, ValueError):
        if len(arguments) == 1 and arguments[0].type.strip_typedefs().code == gdb.TYPE_CODE_INT:
            return int(arguments[0])
        if len(arguments) == 1:
            return arguments[0].string()
    raise gdb.GdbError('$lykos_runs("NAME"): the label or the number of a process, or the name of a program')


COMMANDS = {
    "ps": (ps, "Every process: number, label, program, priority, state, what it waits for, where it is."),
    "process": (process, "Registers, slots, holds and notices of a process: lykos process P."),
    "caps": (caps, "Capability registers of a process, with the names that its description gives them: lykos caps P."),
    "bt": (bt, "Back-trace of a process, by the registers that it has saved: lykos bt P [full]."),
    "in": (inside, "What gdb says to a command in a process, with its program's symbols and memory: lykos in P COMMAND."),
    "space": (space_lines, "The tree of GPTs of a process, and what the hardware tables have of it: lykos space P."),
    "queue": (queue, "An endpoint, and who waits there: lykos queue E. E is its number, or a process for all of its endpoints."),
    "waits": (waits, "Who waits for whom, and rings of waits: deadlocks. Of locks within a program: `locks NAME` at the prompt."),
    "cpu": (cpu, "What each CPU does, and of what the kernel dies."),
    "trace": (trace, "The last events of the trace ring, oldest first: lykos trace [N [P]]."),
    "program": (program, "Load the symbols of a user program, in place of those loaded before: lykos program NAME."),
    "dump": (dump, "Write the machine's memory to a file: lykos dump [FILE]."),
    "console": (console, "The end of the console."),
    "type": (type_words, "Type a line at the console's prompt: lykos type WORDS. It is read when the machine goes on."),
    "opened": (opened, "What was opened: kernel, CPUs, last event."),
}


def register():
    gdb.execute("set confirm off")
    gdb.execute("set pagination off")
    Lykos()
    Runs()
    entries.register()
    for name, (lines, doc) in COMMANDS.items():
        Command(name, lines, doc)
