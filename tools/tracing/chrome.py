# SPDX-License-Identifier: BSD-2-Clause
"""A timeline as Trace Event Format, which Perfetto and chrome://tracing read: a track for each CPU and each process, arrows for
messages, marks. Times are in microseconds since boot, with three places."""

import json

from . import names

CPUS, PROCESSES = 1, 2
# Of what happens at one moment: names of tracks first, then what ends, what begins, and what lies in it.
ORDER = {"M": 0, "E": 1, "e": 2, "B": 3, "b": 4, "s": 5, "i": 6, "f": 7}


def _us(time):
    return time / 1000


def _names(line, tracks):
    out = [
        {"ph": "M", "pid": pid, "name": "process_name", "args": {"name": name}}
        for pid, name in ((CPUS, "CPUs"), (PROCESSES, "Processes"))
    ]
    rows = [(CPUS, 1, "CPU 0")] + [(PROCESSES, tracks[p.oid, p.number], p.title()) for p in line.processes]
    for pid, tid, name in rows:
        out.append({"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": name}})
        out.append({"ph": "M", "pid": pid, "tid": tid, "name": "thread_sort_index", "args": {"sort_index": tid}})
    return out


def _span(pid, tid, name, category, begin, end, args=None):
    first = {"ph": "B", "pid": pid, "tid": tid, "ts": _us(begin), "name": name, "cat": category}
    if args:
        first["args"] = args
    return [first, {"ph": "E", "pid": pid, "tid": tid, "ts": _us(end), "name": name, "cat": category}]


def _held(p, tid, numbers):
    out = []
    for begin, end, mask in p.held:
        both = {"pid": PROCESSES, "tid": tid, "cat": "ns", "id": f"ns{next(numbers)}"}
        name = f"{p.title()} NS: {names.holds_in_words(mask)}"
        out += [both | {"ph": "b", "ts": _us(begin), "name": name}, both | {"ph": "e", "ts": _us(end), "name": name}]
    return out


def _mark(pid, tid, mark):
    event = {"ph": "i", "pid": pid, "tid": tid, "ts": _us(mark.time), "name": mark.kind, "cat": mark.kind, "s": "t"}
    return event | {"args": {"what": mark.text}}


def _arrows(line, tracks):
    out = []
    for number, m in enumerate(line.messages):
        if m.sender is None or m.receiver is None:
            continue
        both = {"pid": PROCESSES, "cat": "message", "name": "message", "id": number}
        sender, receiver = tracks[m.sender.oid, m.sender.number], tracks[m.receiver.oid, m.receiver.number]
        out.append(both | {"ph": "s", "tid": sender, "ts": _us(m.sent), "args": {"what": m.text}})
        out.append(both | {"ph": "f", "bp": "e", "tid": receiver, "ts": _us(m.arrived)})
    return out


def events(line):
    """The list of events of a timeline."""
    tracks = {(p.oid, p.number): tid for tid, p in enumerate(line.processes, 1)}
    numbers = iter(range(10**9))
    out = []
    for begin, end, p in line.cpu:
        out += _span(CPUS, 1, p.title(), "cpu", begin, end)
    for m in line.cpu_marks:
        out.append(_mark(CPUS, 1, m))
    for begin, end, lost in line.gaps:
        name = f"{lost} records lost" if lost else "not recorded: the tracer writes"
        out += _span(CPUS, 1, name, "lost", begin, end, {"lost": lost})
    for p in line.processes:
        tid = tracks[p.oid, p.number]
        for begin, end, state in p.spans:
            out += _span(PROCESSES, tid, state, "state", begin, end)
        out += _held(p, tid, numbers)
        out += [_mark(PROCESSES, tid, m) for m in p.marks]
    out += _arrows(line, tracks)
    out.sort(key=lambda e: (e["ts"], ORDER[e["ph"]]))
    return _names(line, tracks) + out


def document(line):
    """All of the file."""
    return {
        "displayTimeUnit": "ns",
        "otherData": {"program": line.program, "lost": line.lost, "system": "Lykos"},
        "traceEvents": events(line),
    }


def write(line, path):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document(line), f, separators=(",", ":"))
        f.write("\n")
