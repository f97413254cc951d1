# SPDX-License-Identifier: BSD-2-Clause
"""The committed numbers, tests/bench-baseline.json: each instruction count and each event, with the compiler and the QEMU
that they are of. Counts are exact, so nothing may be more than there; what is less belongs there."""

import json
import os
import re

from .boots import ROOT
from .reference import short

PATH = os.path.join(ROOT, "tests", "bench-baseline.json")
UPDATE = "'make bench-baseline' writes them, to be committed with the change that they are due to"


def load():
    with open(PATH, encoding="ascii") as f:
        return json.load(f)


def save(compiler, qemu, counts):
    with open(PATH, "w", encoding="ascii") as f:
        json.dump({"compiler": compiler, "qemu": qemu, "counts": counts}, f, indent=1)
        f.write("\n")


def changes(old, new):
    """(more, less, gone, added), lines in words. An event that does not stand beside a measurement is 0; a measurement that
    is not there any more is gone."""
    more, less = [], []
    gone = [name for name in old if "." not in name and name not in new]
    added = [name for name in new if "." not in name and name not in old]
    for name in old | new:
        if name.partition(".")[0] in gone + added:
            continue
        was, now = old.get(name, 0), new.get(name, 0)
        if was != now:
            (more if now > was else less).append(f"{name} {short(was)} -> {short(now)}")
    return more, less, gone, added


def series(version):
    """Of a version what may change the counts: "7.2.22 (Debian ...)" is 7.2; a compiler counts whole."""
    found = re.match(r"(\d+\.\d+)\.\d+ ", version)
    return found[1] if found else version


def compare(base, compiler, qemu, counts):
    """What was measured against a baseline: (exit status, lines that say it). The status is 0; 1 if anything is more, or
    gone."""
    more, less, gone, added = changes(base["counts"], counts)
    lines = []
    for title, names in (
        ("more than the baseline", more),
        ("not measured any more", gone),
        ("less than the baseline", less),
        ("not in the baseline", added),
    ):
        lines += [f"{title}:"] * bool(names) + [f"  {name}" for name in names]
    for what, here in (("compiler", compiler), ("qemu", qemu)):
        if series(base[what]) != series(here):
            return 0, lines + [f"the baseline is of {base[what]}, this is {here}: counts may differ, so this decides nothing"]
    if more or gone:
        return 1, lines + [f"failed. If it is meant to be so, the baseline needs new numbers: {UPDATE}"]
    if less or added:
        return 0, lines + [f"nothing is more. The baseline needs the new numbers: {UPDATE}"]
    return 0, [f"all {len(counts)} counts are those of the baseline"]
