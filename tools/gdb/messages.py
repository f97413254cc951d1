# SPDX-License-Identifier: BSD-2-Clause
"""Invocations in words: control words, queues of senders, the trace ring."""

from . import abi
from .layout import enum_name, fetch, symbol
from .memory import DIRECT_MAP, Broken
from .objects import Endpoint, Process, every, frame_of, label_text, live, payload, senders, type_name

CALL, SEND, RECV = abi.SHAPE["callbit"], abi.SHAPE["send"], abi.SHAPE["recv"]
CLOSED, BLOCK = abi.SHAPE["closed"], abi.SHAPE["block"]
TARGET_SHIFT, REGISTERS = abi.SHAPE["target_shift"], abi.SHAPE["cap_regs"]
OTHER_ENTRIES = {abi.SHAPE["yield"]: "yield", abi.SHAPE["copy_cap"]: "copy capability", abi.SHAPE["set_fs_base"]: "set FS base"}


def target_register(control):
    """The capability register that a control word invokes."""
    return control >> TARGET_SHIFT & REGISTERS - 1


def control_text(control):
    """What kind of invocation a control word asks for."""
    shape = control & 0xFF
    through = f"through register {target_register(control)}"
    if shape in OTHER_ENTRIES:
        return OTHER_ENTRIES[shape]
    if shape & CALL:
        return f"call {through}"
    if shape & SEND and shape & RECV:
        return f"reply and wait {through}"
    if shape & SEND:
        return f"{'send' if shape & BLOCK else 'send without waiting'} {through}"
    if shape & RECV:
        return "closed wait" if shape & CLOSED else "wait"
    return f"malformed control word {control:#x}"


def invoked(process):
    """The capability that a waiting sender invokes."""
    return process["capreg"][target_register(process.regs()["rax"])]


def sender_text(process):
    """What a process that waits in a queue wants to send."""
    code = int(process["fault_code"])
    if code:
        return f"its fault: {abi.FAULTS.get(code, code)}, information {int(process['fault_info']):#x}"
    regs = process.regs()
    entry = invoked(process)
    text = f"{control_text(regs['rax'])}, payload {payload(entry):#x}, word 0 {regs['rdi']:#x}"
    if regs["rax"] & abi.SHAPE["sstr"]:
        text += f", string of {regs['r9'] & 0xFFFFFFFF} bytes"
    return text


def endpoints_of(process):
    """All endpoints whose recipient it is."""
    return [e for e in every("endpoint") if e.recipient() == process]


def queue_lines(endpoint):
    """An endpoint: its recipient, and who waits there."""
    recipient = endpoint.recipient()
    match = "on" if int(endpoint["state"]["match"]) else "off"
    expects = endpoint.expects()
    outstanding = f", a reply is outstanding (payload {expects >> 16:#x})" if expects else ""
    yield f"{endpoint}; payload match {match}{outstanding}"
    if recipient:
        yield f"  recipient {recipient}, priority {recipient.priority()}: {state_text(recipient)}"
    yield from _waiting(endpoint.at("senders"), "senders that wait")
    if recipient:
        yield from _waiting(recipient.at("preempt.senders"), f"senders that wait for {recipient.label()} to be notified")


def _waiting(head, words):
    count = 0
    try:
        for process, target in senders(head):
            if count == 0:
                yield f"  {words}, first comes first:"
            count += 1
            if target:
                yield f"    {count}. {process}, priority {process.priority()}: is to be notified, {notify_text(process)}"
            else:
                yield f"    {count}. {process}, priority {process.priority()}: {sender_text(process)}"
    except Broken as why:
        yield f"    !! {why}"
    if count == 0:
        yield f"  no {words}"


def notify_text(process):
    bits = int(process["preempt"]["notices"])
    return f"bits {bits:#x} wait" if bits else "senders wait"


def sleeping(process):
    return process.attends("sleeping")


def reply_endpoint(process):
    """The endpoint in its slot replyEndpoint, or None."""
    found = live(process.slot("reply_endpoint"))
    return found if isinstance(found, Endpoint) else None


def awaits_reply(process):
    """Is its closed wait that for the reply of a call?"""
    endpoint = reply_endpoint(process)
    return process.wait() == "closed" and endpoint is not None and process.regs()["r8"] == endpoint.id()


def called(process):
    """The endpoint that it called last, if that lives."""
    found = live(process["last_called"])
    return found if isinstance(found, Endpoint) else None


def sends_to(process):
    """The endpoint in whose queue it waits, if that lives."""
    found = live(process["sending_to"])
    return found if isinstance(found, Endpoint) else None


def whose(endpoint):
    recipient = endpoint.recipient() if endpoint else None
    return recipient.label() if recipient else "somebody who is gone"


def wait_text(process):
    """What it waits for; an empty text: nothing."""
    wait = process.wait()
    if sleeping(process):
        return f"the time {int(process['sleep_timer']['time']) / 1e9:.6f} s"
    if wait == "open":
        return "a message or notice"
    if wait == "notice":
        return "a notice"
    if wait == "closed" and not awaits_reply(process):
        return f"a message to its endpoint {process.regs()['r8']:#x}"
    if wait == "closed":
        return f"the answer of {whose(called(process))}"
    if wait == "sending":
        entry = invoked(process)
        if type_name(entry) == "proxyentry":
            return f"{whose(live(entry))} to be notified"
        return f"{whose(sends_to(process))} to take its message"
    if wait == "fault_send":
        return f"{whose(sends_to(process))} to take its fault"
    return "" if wait == "none" else wait


def state_text(process):
    """Run state, what it waits for, holds, fault."""
    text = process.state()
    what = wait_text(process)
    text += f", waits for {what}" if what else ""
    holds = process.holds()
    text += f", held: {', '.join(holds)}" if holds else ""
    code = int(process["fault_code"])
    text += f", fault: {abi.FAULTS.get(code, code)}" if code else ""
    if not what and process.state() == "ready" and type_name(process.slot("schedule")) == "null":
        text += ", has no schedule"
    return text


# ---- the trace ring --------------------------------------------------------------------------------------------------


def seconds(cycles):
    """A time of arch_cycles() as seconds since boot."""
    since = cycles - symbol("clock_tsc_at_boot")
    return (since * symbol("clock_ns_per_cycle") >> 32) / 1e9


def process_name(oid):
    """Of a process that may be gone since."""
    address = DIRECT_MAP + (oid << 6)
    try:
        if oid and frame_of(oid >> 6)[0] == symbol("FRAME_PROCESS"):
            return Process(address).label()
    except Broken:
        pass
    return f"{oid:#x}" if oid else "nobody"


def _endpoint_name(oid):
    try:
        if frame_of(oid >> 6)[0] == symbol("FRAME_ENDPOINT"):
            return whose(Endpoint(DIRECT_MAP + (oid << 6)))
    except Broken:
        pass
    return f"{oid:#x}"


def event_text(event, a, b):
    """What happened, in words; the process that was current stands before it."""
    words = {
        "syscall": lambda: _syscall_text(a, b),
        "fault": lambda: f"fault: {abi.FAULTS.get(a, a)}, information {b:#x}",
        "block": lambda: f"blocks: {abi.WAITS.get(a, a)}, endpoint {b:#x} of {_endpoint_name(b)}",
        "result": lambda: f"refused with {abi.STATUS.get(a, a)}: {control_text(b)}",
        "notice": lambda: f"notice {a:#x} to {process_name(b)}",
        "irq": lambda: f"interrupt of line {a}",
        "timer": lambda: "interrupt of the timer",
        "switch": lambda: f"the CPU goes to {label_text(a, b) if a else 'nobody: idle'}",
        "restart": lambda: f"the system call begins again, the {a}th that did",
        "rescind": lambda: f"destroys {enum_name('enum frame_kind', b, 'FRAME_')} {a:#x}",
        "hold": lambda: f"holds of {process_name(a)}: {', '.join(_holds(b)) or 'none'}",
        "defer": lambda: f"{process_name(a)} is told that something waits for its deferral to end, in {b / 1e6:g} ms at most",
        "proxy": lambda: f"{process_name(a)} is stopped, {process_name(b & 0xFFFFFFFF)} told{', by force' if b >> 32 else ''}",
        "message": lambda: f"{process_name(a >> 32)} takes the message of {process_name(a & 0xFFFFFFFF)} at endpoint {b:#x}",
        "wake": lambda: f"the time has come that {process_name(a)} waits for",
    }
    name = enum_name("enum trace_event", event & 0xFF, "TRACE_")
    return words[name]() if name in words else f"{name} {a:#x} {b:#x}"


def _syscall_text(a, b):
    text = f"system call: {control_text(a & 0xFFFFFFFF)}, word 0 {a >> 32 & 0xFFFF:#x}"
    text += f", {enum_name('enum cap_type', a >> 48, 'CAP_')} {b & 0xFFFFFFFF:#x}"
    return text + (f" to {process_name(b >> 32)}" if b >> 32 else "")


def _holds(bits):
    return [abi.HOLDS.get(n, f"hold {n}") for n in range(8) if bits >> n & 1]


def trace_lines(most, oid=None):
    """The last events, oldest first; those of one process, if its oid is given."""
    records = symbol("sizeof(trace_ring.record) / sizeof(trace_ring.record[0])")
    ring, count = symbol("(unsigned long)&trace_ring.record"), symbol("trace_ring.end / sizeof(struct trace_record)")
    size = symbol("sizeof(struct trace_record)")
    found = []
    for n in range(count - 1, max(0, count - records) - 1, -1):
        if len(found) == most:
            break
        record = fetch("struct trace_record", ring + n % records * size)
        if oid is None or int(record["process"]) == oid:
            found.append(record)
    for record in reversed(found):
        text = event_text(int(record["event"]), int(record["a"]), int(record["b"]))
        yield f"[{seconds(int(record['cycles'])):14.9f}] {process_name(int(record['process'])):16}  {text}"
