# SPDX-License-Identifier: BSD-2-Clause
"""The picture of the numbers: horizontal bars, Lykos beside seL4, with marks for target and floor. Plain SVG, of which the
colours suit a light page and a dark one."""

from .reference import ROWS, short

WIDTH, LEFT, RIGHT = 860, 150, 50
BAR, GAP, TOP, BOTTOM = 10, 12, 66, 26
STEP = 200  # instructions between two lines of the grid
NUMBER = 36  # how wide a number is, with some room
STYLE = """
text { font: 12px sans-serif; fill: #24292f } .head { font-weight: bold } .small { font-size: 10px; fill: #57606a }
.here { fill: #0969da } .sel4 { fill: #afb8c1 } .mcs { fill: #d8dee4 } .grid { stroke: #d8dee4 }
.target { stroke: #cf222e; stroke-width: 2 } .floor { stroke: #1a7f37; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9da7b3 } .here { fill: #58a6ff } .sel4 { fill: #6e7681 } .mcs { fill: #444c56 }
.grid { stroke: #30363d } .target { stroke: #ff7b72 } .floor { stroke: #56d364 } }"""


def text(x, y, words, more=""):
    return f'<text x="{x:g}" y="{y:g}"{more}>{words}</text>'


def line(kind, x, above, below):
    return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{above:g}" y2="{below:g}"/>'


def legend():
    """The key, above the bars."""
    parts, x = [], LEFT
    for kind, words in (("here", "Lykos"), ("sel4", "seL4"), ("mcs", "seL4 MCS"), ("target", "target"), ("floor", "floor")):
        if kind in ("target", "floor"):
            parts.append(line(kind, x + 6, 30, 42))
        else:
            parts.append(f'<rect class="{kind}" x="{x}" y="31" width="12" height="{BAR}"/>')
        parts.append(text(x + 18, 40, words))
        x += 30 + 8 * len(words) + 18
    return parts


class Scale:
    """Where a number of instructions lies from left to right."""

    def __init__(self, most):
        self.most = -(-int(most) // STEP) * STEP

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.most

    def grid(self, bottom):
        for value in range(0, self.most + 1, STEP):
            yield line("grid", self.x(value), TOP - 8, bottom)
            yield text(self.x(value), bottom + 14, value, ' class="small" text-anchor="middle"')

    def row(self, y, row, bars):
        """Name, bars and marks of one line of the table."""
        end = y + len(bars) * BAR
        yield text(LEFT - 10, (y + end) / 2 + 4, row.name, ' text-anchor="end"')
        marks = [(kind, self.x(value)) for kind, value in (("target", row.target), ("floor", row.floor)) if value is not None]
        for i, (kind, value) in enumerate(bars):
            top, right = y + i * BAR, self.x(value)
            yield f'<rect class="{kind}" x="{LEFT}" y="{top:g}" width="{right - LEFT:.1f}" height="{BAR - 1}"/>'
            at = max([right] + [x for _, x in marks if right <= x <= right + NUMBER])
            yield text(round(at + 5, 1), top + 8.5, short(value), ' class="small"')
        for kind, x in marks:
            yield line(kind, x, y - 3, end + 2)


def draw(values):
    """The SVG. values: name -> number. A row that was not measured has no bar."""
    rows = [row for row in ROWS if row.unit == "instructions" and row.name in values]
    bars_of = [
        [("here", values[row.name])] + [(k, v) for k, v in (("sel4", row.sel4), ("mcs", row.mcs)) if v] for row in rows
    ]
    scale = Scale(max(value for bars in bars_of for _, value in bars))
    bottom = TOP + sum(len(bars) * BAR + GAP for bars in bars_of)
    parts = [text(10, 18, "Guest instructions; fewer is better", ' class="head"'), *legend(), *scale.grid(bottom)]
    y = TOP
    for row, bars in zip(rows, bars_of):
        parts += scale.row(y, row, bars)
        y += len(bars) * BAR + GAP
    size = f'width="{WIDTH}" height="{bottom + BOTTOM}" viewBox="0 0 {WIDTH} {bottom + BOTTOM}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Lykos and seL4 in guest instructions">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>"]) + "\n"
