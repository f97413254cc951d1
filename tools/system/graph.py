# SPDX-License-Identifier: BSD-2-Clause
"""The capability graph, in Graphviz's language, and its picture.

A box is a program, with its priority, its endpoints, and the capabilities that it holds to nothing of another program. An arrow is
a capability to something outside: an endpoint or process of another program, a device. It leaves the box of who holds it and has the
name of the slot that it is in. What very many hold, the console, the list of programs and the bank, stands in the box as well,
unless all arrows are asked for. Programs stand together with their parts; those that are there after boot in a row of their own."""

import html
import re
import shutil
import subprocess
import sys

from .model import INIT, INIT_ENDPOINTS, NAMING, REACHING
from .waits import BANKS

DEVICES = ("ioports", "irq", "devices", "frames")
USUAL = (("console", "main"), (INIT, "programs"))  # endpoints that very many hold an Entry to
FONT = "Helvetica"
COLOURS = {"boot": "#dceaf7", "with": "#e8f3e0", "demand": "#ffffff", "part": "#f1f1f1", "init": "#f7e6cf"}
STYLES = {
    "entry": "color=\"#333333\"",
    "send": "color=\"#333333\", style=dashed",
    "notice": "color=\"#1f5fa8\", style=dotted, penwidth=1.6",
    "process": "color=\"#b02a2a\", arrowhead=diamond",
    "device": "color=\"#777777\", arrowhead=none",
}
HEAD = f"""digraph lykos {{
    graph [rankdir=LR, fontname="{FONT}", fontsize=12, nodesep=0.18, ranksep=1.1, newrank=true, ratio=compress, splines=true]
    node [shape=plain, fontname="{FONT}", fontsize=11]
    edge [fontname="{FONT}", fontsize=9, arrowsize=0.7, fontcolor="#444444"]
"""


class Drawing:
    def __init__(self, system, every_arrow, only_boot):
        self.system = system
        self.every_arrow = every_arrow
        self.programs = [p for p in system.programs if p.at_boot or not only_boot]
        self.names = {str(p.name) for p in self.programs} | {INIT}
        self.lines = []
        self.devices = {}

    def say(self, line, depth=1):
        self.lines.append("    " * depth + line)

    def is_arrow(self, grant):
        """Does it lead out of the box?"""
        if grant.kind in DEVICES:
            return True
        if grant.kind in BANKS:
            return self.every_arrow and self.system.find("bank") is not None
        usual = grant.kind == "entry" and (grant.program, grant.endpoint) in USUAL and grant.payload is None
        return grant.kind in NAMING and grant.program != "self" and (self.every_arrow or not usual)

    # ---- boxes ----

    def box(self, program, depth):
        """A program: its name and priority, endpoints, what it holds without an arrow."""
        held = [g for g in program.grants if not self.is_arrow(g)]
        if program.whole is not None:
            colour = COLOURS["part"]
        else:
            colour = COLOURS["boot" if program.at_boot else "with" if program.start_word else "demand"]
        self.node(program.name, f"{program.name}", f"{program.level}{' urgent' if program.urgent else ''}", program.endpoints,
                  [held_words(g) for g in held], colour, depth)

    def node(self, name, title, remark, endpoints, held, colour, depth):
        rows = [f'<TR><TD BGCOLOR="{colour}" PORT="_"><B>{title}</B> <FONT POINT-SIZE="9">{remark}</FONT></TD></TR>']
        rows += [f'<TR><TD PORT="{e}"><FONT POINT-SIZE="10">{e}</FONT></TD></TR>' for e in endpoints]
        if held:
            lines = "<BR/>".join(html.escape(", ".join(held[i : i + 2])) for i in range(0, len(held), 2))
            rows.append(f'<TR><TD><FONT POINT-SIZE="8" COLOR="#666666">{lines}</FONT></TD></TR>')
        table = f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>'
        self.say(f'"{name}" [id="program:{name}", label=<{table}>]', depth)

    def groups(self):
        """Those that are there after boot; each program with its parts; the rest."""
        boot = [p for p in self.programs if p.at_boot]
        wholes = [str(p.whole) for p in self.programs if p.whole is not None]
        families = [(name, [p for p in self.programs if name in (p.name, p.whole)]) for name in dict.fromkeys(wholes)]
        taken = {id(p) for _, family in families for p in family} | {id(p) for p in boot}
        single = [p for p in self.programs if id(p) not in taken]
        yield "after boot", boot
        yield from ((f"{name} and its parts", [p for p in family if not p.at_boot]) for name, family in families)
        yield from (("", [p]) for p in single if any(self.is_arrow(g) for g in p.grants) or self.is_meant(p))
        yield "nothing of others", [p for p in single if not any(self.is_arrow(g) for g in p.grants) and not self.is_meant(p)]

    def is_meant(self, program):
        return any(g.program == program.name and self.is_arrow(g) for p in self.programs for g in p.grants)

    def boxes(self):
        if any(g.program == INIT and self.is_arrow(g) for p in self.programs for g in p.grants):
            self.node(INIT, INIT, "200", INIT_ENDPOINTS, [], COLOURS["init"], 1)
        for i, (title, members) in enumerate(self.groups()):
            if title and members:
                self.say(f"subgraph cluster_{i} {{")
                self.say(f'label="{title}"; labeljust=l; color="#bbbbbb"; style=rounded; fontsize=11', 2)
            for program in members:
                self.box(program, 2 if title else 1)
            if title == "nothing of others":
                self.column([p.name for p in members])
            if title and members:
                self.say("}")

    def column(self, names, width=4):
        """Boxes without arrows: rows of some."""
        for i in range(0, len(names), width):
            row = names[i : i + width]
            self.say(" -> ".join(f'"{name}"' for name in row) + " [style=invis]", 2)

    # ---- arrows ----

    def device(self, grant):
        """The node of a device, made at its first use."""
        words = {
            "ioports": f"ports {grant.first:#x}-{grant.last:#x}",
            "irq": f"interrupt line {grant.number}",
            "devices": "memory of devices",
            "frames": "all memory",
        }[grant.kind]
        if words not in self.devices:
            self.devices[words] = f"device{len(self.devices)}"
            shape = "cylinder" if grant.kind in ("devices", "frames") else "hexagon"
            self.say(f'{self.devices[words]} [shape={shape}, label="{words}", id="device:{words}", fontsize=10, '
                     'style=filled, fillcolor="#fbf3d9"]')
        return self.devices[words]

    def arrow(self, program, grant):
        label = str(grant.name)
        style = STYLES["device" if grant.kind in DEVICES else "send" if grant.use == "send" else
                       "entry" if grant.kind in BANKS else grant.kind]
        if grant.kind in DEVICES:
            to = self.device(grant)
        elif grant.kind in BANKS:
            to = '"bank":"main"'
        elif grant.kind in REACHING:
            to = f'"{grant.program}":"{grant.endpoint}"'
        else:
            to = f'"{grant.program}":"_"'
        if grant.use is not None and grant.use != "send":
            label += f" ({grant.use})"
        words = html.escape(f"{program.name}: {grant.name} = {grant.words()}")
        self.say(f'"{program.name}" -> {to} [label="{label}", id="cap:{program.name}:{grant.name}", tooltip="{words}", {style}]')

    def draw(self):
        self.boxes()
        for program in self.programs:
            for grant in program.grants:
                if self.is_arrow(grant) and (grant.program is None or grant.program in self.names):
                    self.arrow(program, grant)
        return HEAD + "\n".join(self.lines) + "\n}\n"


def held_words(grant):
    """What a box says of a capability without an arrow: its name, and what it is if the name does not say it."""
    words = grant.words()
    short = words in (grant.name, f"entry {grant.name}.main", f"entry {INIT}.{grant.name}")
    return str(grant.name) if short else f"{grant.name}: {words}"


def dot(system, every_arrow=False, only_boot=False):
    """The graph in Graphviz's language."""
    return Drawing(system, every_arrow, only_boot).draw()


def draw(text, path):
    """The picture of a graph, as SVG, without what differs between versions and runs of Graphviz."""
    tool = shutil.which("dot")
    if tool is None:
        sys.exit("lykos-system: Graphviz is missing: sudo apt-get install graphviz")
    svg = subprocess.run([tool, "-Tsvg"], input=text, capture_output=True, text=True, check=True).stdout
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL))
