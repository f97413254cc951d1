# SPDX-License-Identifier: BSD-2-Clause
"""A part of a timeline as SVG, for pages: what few processes do in a short time, with arrows and names."""

from html import escape

from . import names, timeline

WIDTH, LEFT, RIGHT, ROW, BAR, TOP = 900, 110, 14, 46, 20, 34
COLOURS = {
    timeline.RUNNING: "#2e8b57", timeline.READY: "#e6b94a", timeline.OPEN: "#e4e7eb", timeline.CLOSED: "#b9c9e3",
    timeline.NOTICE: "#cfd9d2", timeline.BLOCKED: "#d98a63", timeline.FAULTED: "#c2455a",
}  # fmt: skip
INK, FAINT, NS, ARROW = "#23262b", "#7b7f87", "#7d4fa8", "#3b5f9a"
SIGNS = {"notice": "▼", "fault": "✖", "error": "!", "preempted": "◆", "deferral": "◇"}
CHARACTER = 6.2  # wide, more or less


class Picture:
    """Of the time from `begin` to `end`, of these processes, one row each."""

    def __init__(self, line, begin, end, processes):
        self.line, self.begin, self.end = line, begin, max(begin + 1, end)
        self.processes = processes
        self.rows = {id(p): i for i, p in enumerate(processes)}
        self.out = []

    def x(self, time):
        share = (min(max(time, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, row):
        return TOP + row * ROW + (ROW - BAR) // 2

    def seen(self, spans):
        return [s for s in spans if s[1] > self.begin and s[0] < self.end]

    def text(self, x, y, words, more=""):
        self.out.append(f'<text x="{x}" y="{y}" {more}>{escape(words)}</text>')

    def scale(self):
        length = (self.end - self.begin) / 1000
        step = next(s * 10**e for e in range(-2, 9) for s in (1, 2, 5) if length / (s * 10**e) <= 9)
        bottom = TOP + ROW * len(self.processes)
        for n in range(int(length / step) + 1):
            x = self.x(self.begin + n * step * 1000)
            self.out.append(f'<path d="M{x} {TOP - 4}V{bottom}" stroke="#dcd8d0"/>')
            self.text(x, TOP - 12, f"{n * step:g} µs", f'fill="{FAINT}" text-anchor="middle"')

    def row(self, p):
        y = self.y(self.rows[id(p)])
        self.text(8, y + 14, p.title(), 'font-weight="600"')
        for begin, end, state in self.seen(p.spans):
            x, w = self.x(begin), max(0.5, self.x(end) - self.x(begin))
            what = f"<title>{escape(p.title())}: {state}, {end - begin} ns</title>"
            self.out.append(f'<rect x="{x}" y="{y}" width="{w:.1f}" height="{BAR}" fill="{COLOURS[state]}">{what}</rect>')
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

    def arrow(self, m):
        a, b = self.rows[id(m.sender)], self.rows[id(m.receiver)]
        down = b > a
        x, x2 = self.x(m.sent), self.x(m.arrived)
        y, y2 = self.y(a) + (BAR if down else 0), self.y(b) + (0 if down else BAR)
        bend = 14 if down else -14
        self.out.append(f'<path d="M{x} {y}C{x} {y + bend} {x2} {y2 - bend} {x2} {y2}" fill="none" stroke="{ARROW}" '
                        f'stroke-width="1.4" marker-end="url(#tip)"><title>{escape(m.text)}</title></path>')

    def svg(self):
        height = TOP + ROW * len(self.processes) + 8
        self.out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, sans-serif" '
            f'font-size="11" fill="{INK}">',
            "<!-- made by tools/lykos-trace -->",
            f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0L8 4L0 8z" fill="{ARROW}"/></marker></defs>',
            f'<rect width="{WIDTH}" height="{height}" fill="#fbfaf8"/>',
        ]  # fmt: skip
        self.scale()
        for p in self.processes:
            self.row(p)
        for m in self.line.messages:
            if self.begin <= m.sent and m.arrived <= self.end and id(m.sender) in self.rows and id(m.receiver) in self.rows:
                self.arrow(m)
        return "\n".join(self.out + ["</svg>", ""])


def chosen(line, begin, end, only):
    """The processes of these names; without names, those that run in that time."""
    if only is None:
        return [p for p in line.processes if any(s[2] == timeline.RUNNING and s[1] > begin and s[0] < end for s in p.spans)]
    return [next((p for p in line.processes if p.name == name), None) or _missing(line, name) for name in only]


def _missing(line, name):
    raise OSError(f"there is no process '{name}' in it; there are {', '.join(p.title() for p in line.processes)}")


MESSAGES = 6


def around(line, number, only):
    """The time in which the messages from this number on, of those between these processes, go to and fro."""
    these = [m for m in line.messages if m.sender and m.receiver and {m.sender.name, m.receiver.name} <= set(only or [])]
    if number + MESSAGES > len(these):
        raise OSError(f"there are {len(these)} messages between them")
    first, last = these[number], these[number + MESSAGES - 1]
    beside = (last.arrived - first.sent) // 20
    return first.sent - beside, last.arrived + beside


def write(line, begin, end, only, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write(Picture(line, begin, end, chosen(line, begin, end, only)).svg())
