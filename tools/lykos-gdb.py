# SPDX-License-Identifier: BSD-2-Clause
"""Commands for gdb that know Lykos. `make debug` loads them; `help lykos` lists them.

    lykos ps                 every process: name, state, what it waits for, where it is
    lykos cpu                what each CPU does: current process, transaction, ready queues
    lykos process PROCESS    registers, slots, holds and notices of one
    lykos caps PROCESS       its capability registers
    lykos load PROGRAM       symbols of a user program
    lykos console            the end of the console
    lykos type WORDS         type a line at the console's prompt; it is read when the machine goes on

PROCESS is a name as `lykos ps` shows it, or the address of a struct process. Stop the kernel first, with Ctrl-C.
"""

import os
import signal
import socket
import struct
import sys
import threading

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from idl.numbers import numbers

DIRECT_MAP = 0xFFFF800000000000
CONSOLE_LINES = 24
ATTN_SLEEPING = 0x80  # kernel/include/kernel/process.h
REPLY_ID = 0  # endpoint ID of every reply endpoint, <lykos/start.h>


def value(expression):
    return gdb.parse_and_eval(expression)


def number(expression):
    return int(value(expression))


def constants(prefix):
    """Names of kernel/abi/numbers.idl, LK_STATE_... for one, by number."""
    return [name.removeprefix(prefix).lower() for name in numbers() if name.startswith(prefix)]


STATES = constants("LK_STATE_")
WAITS = constants("LK_WAIT_")


def name_of(names, code):
    return names[code] if code < len(names) else str(code)


def enum_name(enum, code, prefix):
    for field in gdb.lookup_type(enum).fields():
        if field.enumval == code:
            return field.name.removeprefix(prefix).lower()
    return str(code)


def as_process(address):
    return gdb.Value(address).cast(gdb.lookup_type("struct process").pointer()).dereference()


def processes():
    """Every live process, by address."""
    frame = gdb.lookup_type("struct frame")
    offsets = {f.name: f.bitpos // 8 for f in frame.fields()}
    size, kind_at, mask_at = frame.sizeof, offsets["kind"], offsets["live_mask"]
    wanted = number("FRAME_PROCESS")
    count = number("frame_count")
    if count == 0:
        return
    step = gdb.lookup_type("struct process").sizeof
    table = bytes(gdb.selected_inferior().read_memory(number("frame_table"), count * size))
    for pfn in range(count):
        if table[pfn * size + kind_at] != wanted:
            continue
        (mask,) = struct.unpack_from("<Q", table, pfn * size + mask_at)
        for index in range(4096 // 2048):
            if mask >> index & 1 and step <= 2048:
                yield as_process(DIRECT_MAP + pfn * 4096 + index * 2048)


def label(process):
    raw = b"".join(int(process["label"][i]).to_bytes(8, "little") for i in (0, 1))
    return raw.split(b"\0")[0].decode("ascii", "replace") or "?"


def oid(process):
    return (int(process.address) - DIRECT_MAP) >> 6


def find(name):
    """The process of this name or address."""
    names = []
    for process in processes():
        if label(process) == name:
            return process
        names.append(label(process))
    try:
        return as_process(number(name))
    except gdb.error:
        raise gdb.GdbError(f"no process '{name}'; there are: {' '.join(names) or 'none yet'}") from None


def endpoint_of(cap):
    """The endpoint that a capability names; None: it does not live any more."""
    if int(cap["type"]) == number("CAP_NULL"):
        return None
    kind = gdb.lookup_type("struct endpoint").pointer()
    endpoint = gdb.Value(DIRECT_MAP + (int(cap["oid"]) << 6)).cast(kind).dereference()
    return endpoint if int(endpoint["hdr"]["count"]) == int(cap["count"]) else None


def recipient_of(cap):
    """The name of the process that receives there."""
    endpoint = endpoint_of(cap)
    if endpoint is None or int(endpoint["state"]["recipient"]["type"]) == number("CAP_NULL"):
        return "somebody who is gone"
    return label(as_process(DIRECT_MAP + (int(endpoint["state"]["recipient"]["oid"]) << 6)))


def wait(process):
    """What it waits for, in the words of the shell's ps; an empty text: nothing."""
    kind = name_of(WAITS, int(process["s"]["wait"]))
    if int(process["attention"]) & ATTN_SLEEPING:
        return f"the time {int(process['sleep_timer']['time']) / 1e9:.6f} s"
    if kind == "open":
        return "a message or notice"
    if kind == "notice":
        return "a notice"
    if kind == "closed" and int(process["regs"]["r8"]) != REPLY_ID:
        return f"a message to its endpoint {int(process['regs']['r8'])}"
    if kind == "closed":
        return f"the answer of {recipient_of(process['last_called'])}"
    if kind == "sending":
        return f"{recipient_of(process['sending_to'])} to take its message"
    if kind == "fault_send":
        return f"{recipient_of(process['sending_to'])} to take its fault"
    return "" if kind == "none" else kind


def state(process):
    words = process["s"]
    text = name_of(STATES, int(words["run_state"]))
    what = wait(process)
    if what:
        text += ", waits for " + what
    if int(words["holds"]):
        text += f" holds {int(words['holds']):#x}"
    if int(process["fault_code"]):
        text += " fault " + enum_name("enum fault_code", int(process["fault_code"]), "FAULT_")
    return text


def cap_text(cap):
    kind = enum_name("enum cap_type", int(cap["type"]), "CAP_")
    if kind == "null":
        return "null"
    return (
        f"{kind} oid {int(cap['oid']):#x} count {int(cap['count'])} payload {int(cap['payload']):#x}"
        f" aux {int(cap['aux']):#x} restr {int(cap['restr']):#x}"
    )


def list_items(head, kind, member):
    """The objects linked in a struct list."""
    at, stop = int(head["next"]), int(head.address)
    fields = gdb.lookup_type(kind).fields()
    offset = next(f.bitpos // 8 for f in fields if f.name == member)
    node = gdb.lookup_type("struct list").pointer()
    while at != stop and at != 0:
        yield gdb.Value(at - offset).cast(gdb.lookup_type(kind).pointer()).dereference()
        at = int(gdb.Value(at).cast(node).dereference()["next"])


class Lykos(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__("lykos", gdb.COMMAND_USER, prefix=True)


class Ps(gdb.Command):
    """Every process: name, state, what it waits for, where it is."""

    def __init__(self):
        super().__init__("lykos ps", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        print(f"{'oid':>10}  {'name':16} {'prio':>4}  {'rip':>18}  state")
        for p in processes():
            print(
                f"{oid(p):#10x}  {label(p):16} {int(p['priority']):4}  {int(p['regs']['rip']):#18x}  {state(p)}"
                f"  (struct process *){int(p.address):#x}"
            )


class Cpu(gdb.Command):
    """What each CPU does: current process, transaction, ready queues."""

    def __init__(self):
        super().__init__("lykos cpu", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        for i in range(number("cpu_count")):
            cpu = value(f"cpu_table[{i}]")
            if int(cpu["self"]) == 0:
                print(f"CPU {i}: parked")
                continue
            current = "idle"
            if int(cpu["current"]):
                current = label(cpu["current"].dereference())
            txn = cpu["txn"]
            where = "user level"
            if number("$cs") & 3 == 0:
                where = "kernel, " + ("after" if txn["committed"] else "before") + " the commit point"
            print(f"CPU {i}: current {current}; in {where}; page tables {int(cpu['loaded_root']):#x}")
            for word in range(4):
                mask = int(cpu["ready_mask"][word])
                for bit in range(63, -1, -1):
                    if mask >> bit & 1:
                        priority = 64 * word + bit
                        queue = list_items(cpu["ready"][priority], "struct process", "ready_link")
                        print(f"  ready at {priority}: " + ", ".join(label(p) for p in queue))


class Process(gdb.Command):
    """Registers, slots, holds and notices of a process: lykos process NAME-OR-ADDRESS."""

    def __init__(self):
        super().__init__("lykos process", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        p = find(argument)
        print(f"{label(p)}: oid {oid(p):#x}, {state(p)}, priority {int(p['priority'])}")
        print(f"  notices {int(p['notices']):#x}, attention {int(p['attention']):#x}, tables {int(p['space_root']):#x}")
        names = [f.name for f in p["regs"].type.fields()]
        for i in range(0, len(names), 4):
            print("  " + "  ".join(f"{n:>7} {int(p['regs'][n]):016x}" for n in names[i : i + 4]))
        for i in range(p["slot"].type.range()[1] + 1):
            print(f"  slot {i}: {cap_text(p['slot'][i])}")


class Caps(gdb.Command):
    """Capability registers of a process: lykos caps NAME-OR-ADDRESS."""

    def __init__(self):
        super().__init__("lykos caps", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        p = find(argument)
        for i in range(p["capreg"].type.range()[1] + 1):
            text = cap_text(p["capreg"][i])
            if text != "null":
                print(f"  {i:2} {text}")


class Load(gdb.Command):
    """Symbols of a user program: lykos load PROGRAM."""

    def __init__(self):
        super().__init__("lykos load", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        folder = os.path.join(os.environ.get("LYKOS_BUILD", "build"), "user")
        path = os.path.join(folder, argument + ".debug")
        if not os.path.exists(path):
            there = " ".join(sorted(f.removesuffix(".debug") for f in os.listdir(folder) if f.endswith(".debug")))
            raise gdb.GdbError(f"no program '{argument}'; there are: {there}")
        gdb.execute(f"add-symbol-file {path}")


class Console(gdb.Command):
    """The end of the console."""

    def __init__(self):
        super().__init__("lykos console", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        path = os.path.join(os.environ.get("LYKOS_BUILD", "build"), "run", "console.log")
        with open(path, encoding="utf-8", errors="replace") as f:
            print("\n".join(f.read().splitlines()[-CONSOLE_LINES:]))


class Type(gdb.Command):
    """Type a line at the console's prompt: lykos type WORDS. It is read when the machine goes on."""

    def __init__(self):
        super().__init__("lykos type", gdb.COMMAND_USER)
        self.socket = None

    def connect(self):
        path = os.environ.get("LYKOS_CONSOLE")
        if path is None:
            raise gdb.GdbError("the console is not ours: start with make debug")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        # What the console prints is in its log as well; it would stand still if nobody read it here. Signals are gdb's.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        threading.Thread(target=self.read, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def read(self):
        while self.socket.recv(4096):
            pass

    def invoke(self, argument, from_tty):
        if self.socket is None:
            self.connect()
        self.socket.sendall(argument.encode("latin-1", "replace") + b"\r")


gdb.execute("set confirm off")
gdb.execute("set pagination off")
for command in (Lykos, Ps, Cpu, Process, Caps, Load, Console, Type):
    command()
