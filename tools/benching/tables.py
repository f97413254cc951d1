# SPDX-License-Identifier: BSD-2-Clause
"""The numbers as tables: on the terminal, and between the marks of pages that people read."""

import re

from .boots import EVENTS, GROWN
from .events import SERIALISING
from .reference import ROWS, WAYS, over_target, short

SPREAD_MOST = 10  # percent, between the least and the most with any number of programs
COLUMNS = ("serialising", "locked", "fence", "cache_lines_data", "cache_lines_code")
HEADS = ("entries", "CR3", "invalid.", "interr.", "serial.", "locked", "fence", "data", "code")
SHOWN = COLUMNS + SERIALISING + ("cache_lines_data_kernel", "cache_lines_code_kernel")


def decimal(value):
    return str(value) if value.denominator == 1 else f"{float(value):.2f}"


def spreads(values):
    """name -> percent between the least and the most of its values, whatever number of programs live."""
    of = {}
    for name, (value, _, _) in values.items():
        if found := GROWN.fullmatch(name):
            of.setdefault(found[1], []).append(float(value))
    return {name: 100 * (max(v) / min(v) - 1) for name, v in of.items()}


def growing(values):
    """The lines that depend on how many programs live, said in words."""
    for name, percent in spreads(values).items():
        if percent > SPREAD_MOST:
            of = ", ".join(f"{n} {v[0]}" for n, v in values.items() if n.startswith(name) and GROWN.fullmatch(n))
            yield f"{name} depends on how many programs live, by more than {SPREAD_MOST} %: {of}"


def print_table(values, work):
    """All measurements with their events; the last column has instructions that hide work."""
    over = {name: target for name, _, target in over_target({name: float(v[0]) for name, v in values.items()})}
    print(f"\n{'':36}{'value':>10} " + "".join(f"{head:>9}" for head in HEADS) + "  hidden")
    for name, (value, events, _) in values.items():
        of = work.get(name, {})
        counts = [events[e] for e in EVENTS] + [decimal(of[e]) if e in of else "-" for e in COLUMNS]
        hides = ", ".join(f"{kind} {decimal(n)}" for kind, n in sorted(of.items()) if kind not in SHOWN)
        mark = f"  over its target, {short(over[name])}" if name in over else ""
        print(f"{name:36}{value:>10} " + "".join(f"{count:>9}" for count in counts) + f"  {hides or '-'}{mark}")


def table_lines(head, rows):
    """A table of Markdown; the first column has names."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join([f"`{row[0]}`"] + row[1:]) + " |" for row in rows]) + "\n"


def between_marks(text, mark):
    """(before, between, behind) the marks of this name, which belong to the outer parts."""
    before, begin, rest = text.partition(f"<!-- {mark}: begin -->\n")
    table, end, behind = rest.partition(f"<!-- {mark}: end -->")
    return before + begin, table, end + behind


def described_table(text, mark, head, rows):
    """A new table between the marks of this name. The last column, what is said of each, stays as it was; a new one is to be
    described there. So does what stands behind the table."""
    before, table, behind = between_marks(text, mark)
    said = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", table, re.MULTILINE))
    rest = table[table.rindex(" |\n") + 3 :] if " |\n" in table else ""
    return before + table_lines(head + ["what"], [row + [said.get(row[0], "")] for row in rows]) + rest + behind


def rewrite(path, change):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(change(text))


def write_readme(path, values, work, derived, grown, figures):
    """The numbers into README.md, between its marks."""

    def change(text):
        rows = []
        for name, (value, events, _) in values.items():
            of = work.get(name, {})
            lines = [decimal(of[e]) if e in of else "" for e in ("serialising", "cache_lines_data", "cache_lines_code")]
            rows.append([name, short(value)] + [events[e] for e in EVENTS[:3]] + lines)
        rows += [[name, value if unit == "instructions" else f"{value} {unit}"] + [""] * 6 for name, value, unit in derived]
        head = ["name", "instructions", "kernel entries", "CR3 writes", "TLB invalidations"]
        head += ["serialising", "data lines", "code lines"]
        text = described_table(text, "bench", head, rows)
        rows = []
        for name, percent in spreads(grown).items():
            of = {GROWN.fullmatch(n)[2]: v for n, v in grown.items() if GROWN.fullmatch(n)[1] == name}
            events = list(of.values())[-1][1]
            counts = [short(v[0]) for v in of.values()] + [f"{percent:.2f} %"] + [events[e] for e in EVENTS[:3]]
            rows.append([name] + counts)
        head = ["name"] + [f"{int(n):,} live" for n in of] + ["spread", "kernel entries", "CR3 writes", "TLB invalidations"]
        text = described_table(text, "growth", head, rows)
        rows = [[name, f"{float(value):,.15g}", unit] for name, (value, unit) in figures.items() if value is not None]
        return described_table(text, "figures", ["name", "value", "unit"], rows)

    rewrite(path, change)


def compared(text, values):
    """docs/performance.md with the numbers beside seL4's. values: name -> number."""

    def words(number):
        return "" if number is None else short(number)

    rows = []
    for row in ROWS:
        value = values.get(row.name)
        share = f"{100 * value / row.sel4:.0f} %" if value is not None and row.sel4 else ""
        met = "" if row.target is None or value is None else "yes" if value <= row.target else "**no**"
        numbers = [words(n) for n in (value, row.sel4, row.mcs)] + [share]
        rows.append([row.name] + numbers + [words(n) for n in (row.floor, row.target, row.aim)] + [met, row.note])
    head = ["name", "Lykos", "seL4", "seL4 MCS", "of seL4", "floor", "target", "aim", "met", "seL4's number"]
    before, _, behind = between_marks(text, "compared")
    return before + table_lines(head, rows) + behind


def events_beside(text, values):
    """docs/performance.md with what the compared lines touch. values: name -> number, events by NAME.EVENT."""
    rows = []
    for row in ROWS:
        if f"{row.name}.cr3_writes" in values:
            events = ("entries", "cr3_writes", "serialising", "locked", "fence")
            lines = [f"cache_lines_{sort}" for sort in ("data", "data_kernel", "code", "code_kernel")]
            rows.append([row.name] + [short(values.get(f"{row.name}.{e}", 0)) for e in (*events, *lines)])
    head = ["name", "kernel entries", "CR3 writes", "serialising", "locked", "fences"]
    head += ["data lines", "the kernel's", "code lines", "the kernel's"]
    before, _, behind = between_marks(text, "lines")
    return before + table_lines(head, rows) + behind


def ways(text, values):
    """docs/preemption.md with what the two ways take. values: name -> number, events by NAME.EVENT."""
    rows = []
    for name, by_hand in WAYS.items():
        row = [name]
        for event in ("", ".entries", ".cr3_writes"):
            here = short(values.get(name + event, 0))
            there = "–" if by_hand is None else "the same" if by_hand == name else short(values.get(by_hand + event, 0))
            row += [here, there]
        rows.append(row)
    head = ["name", "proxy", "by hand", "entries", "by hand", "CR3 writes", "by hand"]
    return described_table(text, "ways", head, rows)
