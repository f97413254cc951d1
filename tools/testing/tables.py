# SPDX-License-Identifier: BSD-2-Clause
"""Tables of counts that a case prints as comments, added up over all runs of a part.

    # WHAT IT COUNTS:
    #               a column  another
    #   a row               3        -

Columns are parted by two spaces or more. A cell that makes no sense is `-`, in every run.
"""

import collections
import re

CAPTION = re.compile(r"^# (\S.*):$")
ROW = re.compile(r"^#   (\S.*?)((?:\s{2,}(?:\d+|-))+)$")


def read(lines):
    """{(caption, row, column): count} for the tables among the lines."""
    cells = collections.OrderedDict()
    caption, columns = None, None
    for line in lines:
        found = CAPTION.match(line)
        row = ROW.match(line)
        if found:
            caption, columns = found[1], None
        elif caption is None or not line.startswith("#  "):
            caption = None
        elif columns is None:
            columns = re.split(r"\s{2,}", line[1:].strip())
        elif row and len(row[2].split()) == len(columns):
            for column, value in zip(columns, row[2].split()):
                cells[caption, row[1], column] = None if value == "-" else int(value)
        else:
            caption = None
    return cells


def add_up(runs):
    """The tables of all runs, each a list of lines, added up; and in how many runs there were any."""
    total = collections.OrderedDict()
    count = 0
    for lines in runs:
        cells = read(lines)
        count += bool(cells)
        for cell, value in cells.items():
            total[cell] = value if total.get(cell) is None else total[cell] + (value or 0)
    return total, count


def show(total):
    """Lines that show them."""
    lines = []
    for caption in dict.fromkeys(cell[0] for cell in total):
        rows = list(dict.fromkeys(cell[1] for cell in total if cell[0] == caption))
        columns = list(dict.fromkeys(cell[2] for cell in total if cell[0] == caption))
        width = max(len(row) for row in rows)
        wide = 2 + max(len(column) for column in columns)
        lines.append(f"{caption}:")
        lines.append("  " + " " * width + "".join(column.rjust(wide) for column in columns))
        for row in rows:
            values = [total.get((caption, row, column)) for column in columns]
            words = "".join(("-" if value is None else str(value)).rjust(wide) for value in values)
            lines.append(f"  {row.ljust(width)}{words}")
    return lines


def say(runs, whole):
    """What to print of the tables of some runs: all of them added up, or how many cells and their least."""
    total, count = add_up(runs)
    counted = [value for value in total.values() if value is not None]
    if not counted:
        return []
    words = f"counted in {count} runs: {sum(counted)} in {len(counted)} cells, {min(counted)} or more in each"
    return (show(total) if whole else []) + [words]
