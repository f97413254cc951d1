# SPDX-License-Identifier: BSD-2-Clause
"""What the records of a trace mean: for each process when it ran, was ready, waited and for what; when it was not schedulable;
messages; and marks for what happens at once.

The records tell what happens, not what is. A process is known from its first record on; where records are lost nothing is known
of anybody, until he is met again.
"""

from dataclasses import dataclass, field

from . import names, stream

RUNNING, READY, OPEN, CLOSED, NOTICE, BLOCKED, FAULTED = STATES = (
    "running", "ready", "open wait", "closed wait", "notice wait", "blocked", "faulted",
)  # fmt: skip
N = names.NUMBERS
LOW = 0xFFFFFFFF
PROXY_ENTRY = names.TYPE_CODES["proxy_entry"]
PROCESS_KIND = names.TYPE_CODES["process"]
PSEUDO = {N["LK_YIELD"]: "yield", N["LK_COPY_CAP"]: "copy capability", N["LK_SET_FS_BASE"]: "set FS base"}
RESUME = next(key for key, name in names.OPERATIONS.items() if name == "Process.resume")


@dataclass
class Mark:
    """Something that happens at once: `kind` is one of KINDS."""

    time: int
    kind: str
    text: str


KINDS = ("notice", "fault", "error", "preempted", "deferral", "restart", "blocked", "entry", "interrupt", "timer", "end")


@dataclass
class Message:
    """Sent at a time, and the receiver runs with it, `arrived`. Either side may be None: not known."""

    sent: int
    sender: object
    receiver: object
    text: str
    arrived: int = None


@dataclass
class Process:
    """One process. Spans are (begin, end, state), those of holds (begin, end, mask)."""

    oid: int
    number: int
    name: str = ""
    spans: list = field(default_factory=list)
    held: list = field(default_factory=list)
    marks: list = field(default_factory=list)
    state: str = None
    since: int = 0
    holds: int = 0
    holds_since: int = 0
    control: int = 0  # of its last system call

    def title(self):
        return self.name or f"process {self.oid:x}"

    def become(self, state, time):
        if self.state is not None and time > self.since:
            if self.spans and self.spans[-1][1:] == (self.since, self.state):
                self.spans[-1] = (self.spans[-1][0], time, self.state)
            else:
                self.spans.append((self.since, time, self.state))
        self.state, self.since = state, time

    def hold(self, mask, time):
        if self.holds and mask != self.holds and time > self.holds_since:
            self.held.append((self.holds_since, time, self.holds))
        if mask != self.holds:
            self.holds, self.holds_since = mask, time

    def mark(self, time, kind, text):
        self.marks.append(Mark(time, kind, text))


@dataclass
class Timeline:
    """All of it, in order of time. CPU spans are (begin, end, process)."""

    begin: int
    end: int
    program: str
    lost: int
    processes: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    cpu_marks: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    gaps: list = field(default_factory=list)  # (begin, end, records lost; 0: the tracer took a break)


def not_delivered(records):
    """The numbers of records of system calls whose message, if any, was not delivered then and there."""
    last, refused = {}, set()
    for i, r in enumerate(records):
        if r.event == "SYSCALL":
            last[r.process] = i
        elif r.event in ("BLOCK", "RESULT", "RESTART"):
            refused.add(last.pop(r.process, None))
        elif r.event == "LOST":
            last.clear()
    return refused


def _state_of(word):
    """Of the word in a switch: what the process before does now."""
    run_state, wait = word & 0xFF, word >> 8 & 0xFF
    if run_state == N["LK_STATE_RECEIVING"]:
        return {N["LK_WAIT_OPEN"]: OPEN, N["LK_WAIT_NOTICE"]: NOTICE}.get(wait, CLOSED)
    return {N["LK_STATE_BLOCKED"]: BLOCKED, N["LK_STATE_FAULTED"]: FAULTED}.get(run_state, READY)


class Builder:
    """Goes through the records once. `known` are the processes that there are, by oid."""

    def __init__(self, s):
        self.records = s.records
        self.refused = not_delivered(s.records)
        self.line = Timeline(s.records[0].time, s.records[-1].time, s.program, s.lost)
        self.known = {}
        self.before = {}  # behind a gap: those that were known, and not met again yet
        self.current = None
        self.current_since = 0
        self.on_the_way = {}  # by number of the process: messages that it has not run with yet
        self.paused_at = None

    def process(self, oid):
        """The process of this oid; None: there is none."""
        if oid == 0:
            return None
        if oid not in self.known:
            self.known[oid] = self.before.pop(oid, None) or self.new_process(oid)
        return self.known[oid]

    def new_process(self, oid):
        self.line.processes.append(Process(oid, len(self.line.processes)))
        return self.line.processes[-1]

    def build(self):
        for i, r in enumerate(self.records):
            getattr(self, "on_" + r.event.lower())(i, r)
        for p in list(self.known.values()):
            self.leave(p, self.line.end)
        self.run(None, self.line.end)
        for m in self.line.messages:
            m.arrived = m.sent if m.arrived is None else m.arrived
        return self.line

    # --- what follows from what ---

    def run(self, p, time):
        if self.current is not None and time > self.current_since:
            self.line.cpu.append((self.current_since, time, self.current))
        self.current, self.current_since = p, time

    def leave(self, p, time):
        p.become(None, time)
        p.hold(0, time)

    def wakes(self, p, time):
        """It has what it waited for. Who is not schedulable, or of lower priority, does not run at once."""
        if p is not None and p is not self.current:
            p.become(READY, time)

    def send(self, time, sender, receiver, text):
        m = Message(time, sender, receiver, text)
        self.line.messages.append(m)
        if receiver is self.current:
            m.arrived = time
        elif receiver is not None:
            self.on_the_way.setdefault(receiver.number, []).append(m)
        self.wakes(receiver, time)

    def forget(self, begin, end, lost):
        """Nothing is known of what was between."""
        for p in self.known.values():
            self.leave(p, begin)
        self.run(None, begin)
        self.before |= self.known
        self.known = {}
        self.on_the_way = {}
        self.line.gaps.append((begin, end, lost))

    # --- one for each kind of record ---

    def on_begin(self, _i, _r):
        pass

    on_program = on_end = on_none = on_begin

    def on_lost(self, i, r):
        self.forget(self.records[i - 1].time, r.time, r.a)

    def on_pause(self, _i, r):
        self.paused_at = r.time

    def on_resume(self, _i, r):
        self.forget(self.paused_at, r.time, 0)

    def on_switch(self, _i, r):
        before, name = self.current, stream.label(r.a, r.b)
        self.run(None, r.time)
        if before is not None:
            before.become(_state_of(r.above), r.time)
        if r.process == 0:
            return
        p = self.process(r.process)
        if p.name and name and p.name != name:  # the end of the one before was not seen
            self.leave(p, r.time)
            p = self.known[r.process] = self.new_process(r.process)
        p.name = name or p.name
        p.become(RUNNING, r.time)
        self.run(p, r.time)
        for m in self.on_the_way.pop(p.number, []):
            m.arrived = r.time

    def on_syscall(self, i, r):
        p, to = self.process(r.process), self.process(r.b >> 32)
        kind, method = r.a >> 48, r.a >> 32 & 0xFFFF
        if p is None:
            return
        p.control = r.a & LOW
        if to is None:
            p.mark(r.time, "entry", self.without_message(p.control, kind, method))
            if (kind, method) == RESUME and i not in self.refused and r.b & LOW in self.known:
                self.wakes(self.known[r.b & LOW], r.time)
        elif i not in self.refused and kind != PROXY_ENTRY:
            self.send(r.time, p, to, f"{'call' if p.control & N['LK_CALLBIT'] else 'send'}, word 0: {method}")

    def without_message(self, control, kind, method):
        if not control & N["LK_SEND"]:
            return "wait" if control & N["LK_RECV"] else PSEUDO.get(control & 0xFF, "malformed")
        return names.operation(kind, method)

    def on_message(self, i, r):
        sender, receiver = self.process(r.a & LOW), self.process(r.a >> 32)
        fault = sender is not None and sender.state != BLOCKED
        self.send(r.time, sender, receiver, "a fault is told" if fault else "a message that waited")
        if not fault and sender is not self.current:
            waits = CLOSED if sender.control & N["LK_CLOSED"] else OPEN
            sender.become(waits if sender.control & N["LK_RECV"] else READY, r.time)

    def on_proxy(self, i, r):
        target, receiver = self.process(r.a & LOW), self.process(r.b & LOW)
        forced = ", forced" if r.b >> 32 else ""
        target.mark(r.time, "preempted", f"its handler {receiver.title()} is told{forced}")
        if self.records[i - 1].event == "MESSAGE" and self.records[i - 1].a >> 32 == receiver.oid:
            return  # it waited
        at = next((j for j in range(i - 1, 0, -1) if self.records[j].event in ("SYSCALL", "SWITCH", "TIMER", "IRQ")), 0)
        sends = self.records[at].event == "SYSCALL" and self.records[at].a >> 48 == PROXY_ENTRY and at not in self.refused
        sender = self.process(self.records[at].process) if sends else target
        self.send(r.time, sender, receiver, f"proxied {'message' if sends else 'notice'} for {target.title()}{forced}")

    def on_notice(self, _i, r):
        plain, preempting = r.a & LOW, r.a >> 32
        words = [f"{kind} {bits:#x}" for kind, bits in (("plain", plain), ("preempting", preempting)) if bits]
        by = f", by {self.current.title()}" if self.current is not None and self.records[_i].process else ""
        p = self.process(r.b & LOW)
        p.mark(r.time, "notice", f"notice: {', '.join(words) or 'no bits'}{by}")
        if plain and p.state in (OPEN, NOTICE):
            self.wakes(p, r.time)

    def on_fault(self, i, r):
        p, behind = self.process(r.process), self.records[i + 1]
        if behind.event == "MESSAGE" and self.process(behind.a & LOW) is not None:
            p = self.process(behind.a & LOW)
        elif behind.event == "BLOCK" and behind.process == r.process:
            last = next(x for x in reversed(self.records[:i]) if x.event == "SYSCALL" and x.process == r.process)
            p = self.process(last.b >> 32) or p
        if p is None:
            return
        p.mark(r.time, "fault", f"fault: {names.FAULTS.get(r.a, r.a)} ({r.b:#x})")
        handler = self.known.get(behind.process) if behind.event == "SWITCH" and p is self.current else None
        if handler is not None and handler.state in (OPEN, CLOSED):
            self.send(r.time, p, handler, "its handler is told of a fault")

    def on_result(self, _i, r):
        self.process(r.process).mark(r.time, "error", f"refused: {names.STATUS.get(r.a, r.a)}")

    def on_block(self, _i, r):
        if r.process:
            self.process(r.process).mark(r.time, "blocked", "waits to send")

    def on_restart(self, _i, r):
        if r.process:
            self.process(r.process).mark(r.time, "restart", "its system call begins again")

    def on_wake(self, _i, r):
        self.wakes(self.process(r.a & LOW), r.time)

    def on_hold(self, _i, r):
        self.process(r.a & LOW).hold(r.b & 0xFF, r.time)

    def on_defer(self, _i, r):
        self.process(r.a & LOW).mark(r.time, "deferral", f"it defers; something waits, for {r.b} ns at most")

    def on_irq(self, _i, r):
        self.line.cpu_marks.append(Mark(r.time, "interrupt", f"interrupt line {r.a}"))

    def on_timer(self, _i, r):
        self.line.cpu_marks.append(Mark(r.time, "timer", "the timer"))

    def on_rescind(self, _i, r):
        if r.b == PROCESS_KIND:
            self.before.pop(r.a & LOW, None)
        p = self.known.get(r.a & LOW) if r.b == PROCESS_KIND else None
        if p is not None:
            p.mark(r.time, "end", "it is destroyed")
            self.leave(p, r.time)
            del self.known[p.oid]
            if p is self.current:
                self.run(None, r.time)


def build(s):
    """The timeline of a stream.Stream. Processes of which nothing is seen but that they are named are left out."""
    line = Builder(s).build()
    line.processes = [p for p in line.processes if p.spans or p.marks or p.held]
    return line
