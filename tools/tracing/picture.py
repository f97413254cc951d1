# SPDX-License-Identifier: BSD-2-Clause
"""A part of a timeline as SVG, for pages: what few processes do in a short time, with arrows and names. What happens there stands in
the picture as a list, too (`desc`), in order, without times; a page that tells of it can be held against that."""

from dataclasses import dataclass
from html import escape

from . import names, timeline

WIDTH, LEFT, RIGHT, ROW, BAR, TOP = 900, 110, 14, 46, 20, 34
BADGES, BADGE, LEGEND_LINE = 34, 8, 18  # height of the lane of numbers, radius of a number, height of a line of the legend
COLOURS = {
    timeline.RUNNING: "#2e8b57", timeline.READY: "#e6b94a", timeline.OPEN: "#e4e7eb", timeline.CLOSED: "#b9c9e3",
    timeline.NOTICE: "#cfd9d2", timeline.BLOCKED: "#d98a63", timeline.FAULTED: "#c2455a",
}  # fmt: skip
INK, FAINT, NS, ARROW = "#23262b", "#7b7f87", "#7d4fa8", "#3b5f9a"
SIGNS = {"notice": "▼", "fault": "✖", "error": "!", "preempted": "◆", "deferral": "◇"}
MEANING = {"notice": "notice", "fault": "fault", "error": "refused", "preempted": "stopped", "deferral": "defers"}
IN_KERNEL = "in the kernel"
CHARACTER = 6.2  # wide, more or less


@dataclass
class Event:
    """Something that a picture shows, in words; `row`: the process that does it, or to which it happens; None: nobody."""

    time: int
    row: object
    words: str


def _kinds(m):
    """A message in few words."""
    return m.text.split(",")[0]


def events(line, begin, end, processes, entries=()):
    """What happens to these processes and between them, in order; of system calls that are no message those of `entries`, by their
    operations."""
    inside = {id(p) for p in processes}
    found = [Event(m.time, None, m.text) for m in line.cpu_marks]
    for p in processes:
        for m in p.marks:
            words = {"entry": f"{p.title()}: {m.text}", "blocked": f"{p.title()} {m.text}", "preempted": f"{p.title()} is stopped",
                     "deferral": f"{p.title()} defers", "notice": f"{m.text.rpartition(', by ')[2]} → {p.title()}: notice"}.get(m.kind)
            if words and (m.kind != "entry" or m.text in entries):
                found.append(Event(m.time, p, words))
    for m in line.messages:
        if id(m.sender) in inside and id(m.receiver) in inside:
            found.append(Event(m.sent, m.sender, f"{m.sender.title()} → {m.receiver.title()}: {_kinds(m)}"))
    seen = [e for e in found if begin <= e.time <= end]
    return sorted(seen, key=lambda e: (e.time, "→" not in e.words, e.words))


class Picture:
    """Of the time from `begin` to `end`, of these processes, one row each. `numbered`: events that get a number each."""

    def __init__(self, line, begin, end, processes, told, numbered=False):
        self.line, self.begin, self.end = line, begin, max(begin + 1, end)
        self.last = told[-1].time if numbered and told else end
        self.processes = processes
        self.rows = {id(p): i for i, p in enumerate(processes)}
        self.told, self.numbered = told, numbered
        self.top = TOP + (BADGES if numbered else 0)
        self.bottom = self.top + ROW * len(processes)
        self.out = []

    def x(self, time):
        share = (min(max(time, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, row):
        return self.top + row * ROW + (ROW - BAR) // 2

    def seen(self, spans):
        return [s for s in spans if s[1] > self.begin and s[0] < self.end]

    def text(self, x, y, words, more=""):
        self.out.append(f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>')

    def scale(self):
        length = (self.end - self.begin) / 1000
        step = next(s * 10**e for e in range(-2, 9) for s in (1, 2, 5) if length / (s * 10**e) <= 9)
        for n in range(int(length / step) + 1):
            x = self.x(self.begin + n * step * 1000)
            self.out.append(f'<path d="M{x} {TOP - 4}V{self.bottom}" stroke="#dcd8d0"/>')
            self.text(x, TOP - 12, f"{n * step:g} µs", f'fill="{FAINT}" text-anchor="middle"')

    def row(self, p):
        y = self.y(self.rows[id(p)])
        self.text(8, y + 14, p.title(), 'font-weight="600"')
        spans = [(self.x(s[0]), max(0.5, self.x(s[1]) - self.x(s[0])), s) for s in self.seen(p.spans)]
        for x, w, (begin, end, state) in spans:
            what = f"<title>{escape(p.title())}: {state}, {end - begin} ns</title>"
            self.out.append(f'<rect x="{x}" y="{y}" width="{w:.1f}" height="{BAR}" fill="{COLOURS[state]}">{what}</rect>')
        for m in self.shown() if self.numbered else ():
            if m.sender is p and self.kernel(m):
                x = self.x(m.sent)
                self.out.append(f'<rect x="{x}" y="{y}" width="{self.x(m.arrived) - x:.1f}" height="{BAR}" fill="url(#kernel)"/>')
        for x, w, (_, _, state) in spans:
            if w > len(state) * CHARACTER + 8:
                light = state in (timeline.RUNNING, timeline.BLOCKED, timeline.FAULTED)
                self.text(x + 5, y + 14, state, f'fill="{"#fff" if light else INK}"')
        for begin, end, mask in self.seen(p.held):
            x, w = self.x(begin), max(1, self.x(end) - self.x(begin))
            self.out.append(f'<rect x="{x}" y="{y + BAR}" width="{w:.1f}" height="4" fill="{NS}"/>')
            self.text(x + 2, y + BAR + 14, f"not schedulable: {names.holds_in_words(mask)}", f'fill="{NS}" font-size="10"')
        for m in p.marks:
            if m.kind in SIGNS and self.begin <= m.time <= self.end:
                self.out.append(f'<text x="{self.x(m.time)}" y="{y - 2}" text-anchor="middle">'
                                f"<title>{escape(m.text)}</title>{SIGNS[m.kind]}</text>")

    def shown(self):
        """The messages that are arrows."""
        return [m for m in self.line.messages if self.begin <= m.sent <= self.last and m.arrived <= self.end
                and id(m.sender) in self.rows and id(m.receiver) in self.rows]

    def kernel(self, m):
        """Is the sender in the kernel for it from when it is sent until it arrives? Known if it does nothing else until the receiver
        runs in its place."""
        others = [x.time for x in m.sender.marks if x.kind == "entry"] + [x.sent for x in self.line.messages if x.sender is m.sender]
        if any(m.sent < time < m.arrived for time in others):
            return False
        return any(s[2] == timeline.RUNNING and s[0] <= m.sent < s[1] == m.arrived for s in m.sender.spans)

    def arrow(self, m):
        a, b = self.rows[id(m.sender)], self.rows[id(m.receiver)]
        down = b > a
        x, x2 = self.x(m.sent), self.x(m.arrived)
        y, y2 = self.y(a) + (BAR if down else 0), self.y(b) + (0 if down else BAR)
        bend = 14 if down else -14
        self.out.append(f'<path d="M{x} {y}C{x} {y + bend} {x2} {y2 - bend} {x2} {y2}" fill="none" stroke="{ARROW}" '
                        f'stroke-width="1.4" marker-end="url(#tip)"><title>{escape(m.text)}</title></path>')

    def places(self):
        """Where the numbers stand: above their events, or beside where these are too near to each other."""
        least, xs = LEFT, []
        for e in self.told:
            xs.append(max(self.x(e.time), least))
            least = xs[-1] + 2 * BADGE + 2
        most = WIDTH - RIGHT
        for i in reversed(range(len(xs))):
            xs[i] = min(xs[i], most)
            most = xs[i] - 2 * BADGE - 2
        return xs

    def leaders(self):
        """A line from each number to the row where it happens."""
        y = TOP + 2 * BADGE
        for x, e in zip(self.places(), self.told):
            foot = self.bottom if e.row is None else self.y(self.rows[id(e.row)]) + BAR // 2
            self.out.append(f'<path d="M{x:.1f} {y}L{self.x(e.time)} {y + 14}V{foot}" fill="none" stroke="{FAINT}" stroke-width="0.8"/>')

    def badges(self):
        for number, (x, e) in enumerate(zip(self.places(), self.told), 1):
            y = TOP + BADGE
            what = f"<title>{escape(e.words)}</title>"
            self.out.append(f'<circle cx="{x:.1f}" cy="{y}" r="{BADGE}" fill="#fff" stroke="{INK}">{what}</circle>')
            self.text(f"{x:.1f}", y + 3.5, str(number), 'text-anchor="middle" font-size="10" font-weight="600"')
            if e.row is not None:
                at = self.y(self.rows[id(e.row)])
                self.out.append(f'<circle cx="{self.x(e.time)}" cy="{at}" r="2.2" fill="{INK}"/>')

    def meanings(self):
        """What the colours and signs mean that are there: (colour or None, words)."""
        there = {s[2] for p in self.processes for s in self.seen(p.spans)}
        found = [(COLOURS[state], state) for state in timeline.STATES if state in there]
        found += [("url(#kernel)", IN_KERNEL)] if any(map(self.kernel, self.shown())) else []
        found += [(NS, "not schedulable")] if any(self.seen(p.held) for p in self.processes) else []
        there = {m.kind for p in self.processes for m in p.marks if self.begin <= m.time <= self.end}
        return found + [(None, f"{SIGNS[kind]} {MEANING[kind]}") for kind in SIGNS if kind in there]

    def legend(self):
        """Where each of them stands: (x, line, colour, words)."""
        x, line, placed = LEFT, 0, []
        for colour, words in self.meanings():
            wide = round(len(words) * CHARACTER) + (17 if colour else 0)
            if x + wide > WIDTH - RIGHT:
                x, line = LEFT, line + 1
            placed.append((x, line, colour, words))
            x += wide + 9
        return placed

    def draw_legend(self):
        for x, line, colour, words in self.legend():
            y = self.bottom + 6 + line * LEGEND_LINE
            if colour:
                self.out.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
            self.text(x + (17 if colour else 0), y + 10, words, f'fill="{FAINT}"')

    def svg(self):
        height = self.bottom + (10 + LEGEND_LINE * (1 + self.legend()[-1][1]) if self.numbered else 8)
        listed = "\n".join(f"{n}. {e.words}" for n, e in enumerate(self.told, 1))
        self.out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, sans-serif" '
            f'font-size="11" fill="{INK}">',
            f"<!-- made by tools/lykos-trace -->\n<desc>\n{escape(listed)}\n</desc>",
            f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0L8 4L0 8z" fill="{ARROW}"/></marker>'
            f'<pattern id="kernel" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
            f'<rect width="3" height="6" fill="{INK}" fill-opacity="0.35"/></pattern></defs>',
            f'<rect width="{WIDTH}" height="{height}" fill="#fbfaf8"/>',
        ]  # fmt: skip
        self.scale()
        if self.numbered:
            self.leaders()
        for p in self.processes:
            self.row(p)
        for m in self.shown():
            self.arrow(m)
        if self.numbered:
            self.badges()
            self.draw_legend()
        return "\n".join(self.out + ["</svg>", ""])


def chosen(line, begin, end, only):
    """The processes of these names; without names, those that run in that time."""
    if only is None:
        return [p for p in line.processes if any(s[2] == timeline.RUNNING and s[1] > begin and s[0] < end for s in p.spans)]
    return [next((p for p in line.processes if p.name == name), None) or _missing(line, name) for name in only]


def _missing(line, name):
    raise OSError(f"there is no process '{name}' in it; there are {', '.join(p.title() for p in line.processes)}")


def around(line, number, only, messages=6):
    """The time in which so many messages from this number on, of those between these processes, go to and fro."""
    these = [m for m in line.messages if m.sender and m.receiver and {m.sender.name, m.receiver.name} <= set(only or [])]
    if number + messages > len(these):
        raise OSError(f"there are {len(these)} messages between them")
    first, last = these[number], these[number + messages - 1]
    beside = (last.arrived - first.sent) // 20
    return first.sent - beside, last.arrived + beside


def write(line, begin, end, only, path, entries=(), until=None):
    """`until`: each event up to then gets a number."""
    processes = chosen(line, begin, end, only)
    told = events(line, begin, until or end, processes, entries)
    numbered = until is not None
    with open(path, "w", encoding="utf-8") as f:
        f.write(Picture(line, begin, end, processes, told, numbered).svg())
