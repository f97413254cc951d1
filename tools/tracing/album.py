# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of docs that are made from traces (`make pictures`): which program is traced for each, and what of it is shown."""

from dataclasses import dataclass

from . import picture, timeline

NEAR = 3000  # nanoseconds: an interrupt of the timer so shortly before is part of it
PREEMPTION = ("Process.fetchProxyReply", "Process.clearNotSchedulable", "yield")


PLAIN = "tracing.svg"  # a picture without numbers


@dataclass(frozen=True)
class Shot:
    """One picture: of `program` these processes, from the event `first` to when `until` runs again behind the event `last`; what these
    are called, picture.events() says. With `calls`: from that message between them on, so many. `entries`: system calls shown, too."""

    file: str
    program: str
    rows: tuple
    calls: tuple = ()
    first: str = ""
    last: str = ""
    until: str = ""
    entries: tuple = ()


TARGET = ("target", "sender", "handler")
ALBUM = (
    Shot(PLAIN, "ping 10", ("ping", "pong"), calls=(5, 6)),
    Shot("book/call.svg", "ping 10", ("ping", "pong"), calls=(6, 2)),
    Shot("book/call-busy.svg", "scenes", ("target", "sender", "server"), first="sender → server: call", last="server → target: send",
         until="target", entries=("Sleep.sleepUntil",)),
    Shot("book/preempt-computing.svg", "scenes", TARGET, first="sender → handler: proxied message for target",
         last="handler: Process.clearNotSchedulable", until="target", entries=PREEMPTION),
    Shot("book/preempt-waiting.svg", "scenes", ("target", "server", *TARGET[1:]), first="target → server: call",
         last="handler: Process.clearNotSchedulable", until="target", entries=PREEMPTION),
    Shot("book/preempt-lock.svg", "scenes", ("target", "rival", *TARGET[1:]), first="sender waits to send",
         last="handler: Process.clearNotSchedulable", until="target", entries=PREEMPTION),
)  # fmt: skip


def programs():
    return sorted({shot.program for shot in ALBUM})


def of(program):
    return [shot for shot in ALBUM if shot.program == program]


def _window(line, shot):
    """The time that is shown, without its margins."""
    processes = picture.chosen(line, 0, 0, shot.rows)
    all_of_it = picture.events(line, line.begin, line.end, processes, shot.entries)
    begin = next((e.time for e in all_of_it if e.words == shot.first), None)
    end = begin and next((e.time for e in all_of_it if e.time > begin and e.words == shot.last), None)
    until = next(p for p in processes if p.name == shot.until)
    end = end and next((s[0] for s in until.spans if s[2] == timeline.RUNNING and s[0] > end), None)
    if end is None:
        raise OSError(f"{shot.file}: there is no '{shot.first}', with '{shot.last}' behind it, after which {shot.until} runs")
    timers = [m.time for m in line.cpu_marks if m.kind == "timer" and begin - NEAR < m.time < begin]
    return timers[-1] if timers else begin, end


def draw(line, shot, path):
    if shot.calls:
        begin, end = picture.around(line, shot.calls[0], shot.rows, shot.calls[1])
        until = end
    else:
        begin, until = _window(line, shot)
        begin, end = begin - (until - begin) // 12, until + (until - begin) // 20
    numbered = None if shot.file == PLAIN else until
    picture.write(line, begin, end, list(shot.rows), path, shot.entries, numbered)
