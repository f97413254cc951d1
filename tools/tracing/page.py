# SPDX-License-Identifier: BSD-2-Clause
"""A timeline as one page of HTML, which needs nothing else: page.html with page.css, page.js and the data in it. Times are in
nanoseconds since the trace began; processes are named by their place in the list."""

import html
import json
import os

from . import names, timeline

FOLDER = os.path.dirname(os.path.abspath(__file__))


def data(line):
    """What page.js draws."""
    place = {(p.oid, p.number): i for i, p in enumerate(line.processes)}
    states = {state: i for i, state in enumerate(timeline.STATES)}
    kinds = {kind: i for i, kind in enumerate(timeline.KINDS)}
    texts, numbers = [], {}

    def text(words):
        if words not in numbers:
            numbers[words] = len(texts)
            texts.append(words)
        return numbers[words]

    def at(time):
        return time - line.begin

    def side(p):
        return -1 if p is None else place[p.oid, p.number]

    def marks(list_of):
        return [[at(m.time), kinds[m.kind], text(m.text)] for m in list_of]

    processes = [
        {
            "name": p.title(),
            "oid": f"{p.oid:x}",
            "spans": [[at(b), at(e), states[s]] for b, e, s in p.spans],
            "held": [[at(b), at(e), text(names.holds_in_words(mask))] for b, e, mask in p.held],
            "marks": marks(p.marks),
        }
        for p in line.processes
    ]
    return {
        "program": line.program,
        "start": line.begin,
        "length": max(1, line.end - line.begin),
        "lost": line.lost,
        "states": list(timeline.STATES),
        "kinds": list(timeline.KINDS),
        "processes": processes,
        "cpu": [[at(b), at(e), side(p)] for b, e, p in line.cpu],
        "cpuMarks": marks(line.cpu_marks),
        "messages": [[at(m.sent), side(m.sender), at(m.arrived), side(m.receiver), text(m.text)] for m in line.messages],
        "gaps": [[at(b), at(e), lost] for b, e, lost in line.gaps],
        "texts": texts,
    }


def part(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


def document(line):
    """The page."""
    text = json.dumps(data(line), separators=(",", ":")).replace("<", "\\u003c")
    page = part("page.html").replace("@TITLE@", html.escape(f"{line.program or 'the system'} on Lykos"))
    return page.replace("@CSS@", part("page.css")).replace("@JS@", part("page.js")).replace("@DATA@", text)


def write(line, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write(document(line))
