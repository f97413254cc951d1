# SPDX-License-Identifier: BSD-2-Clause
"""The committed numbers, tests/bench-baseline.json: each instruction count and each event, with the compiler and the QEMU
that they are of. Counts are exact, so nothing may be more than there; what is less belongs there."""

import json
import os

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


def say(title, lines):
    if lines:
        print(f"bench-check: {title}:")
        for line in lines:
            print(f"  {line}")


def check(compiler, qemu, counts):
    """Compare what was measured with the baseline, in words. Exit status: 0; 1 if anything is more, or gone."""
    base = load()
    more, less, gone, added = changes(base["counts"], counts)
    say("more than the baseline", more)
    say("not measured any more", gone)
    say("less than the baseline", less)
    say("not in the baseline", added)
    for what, here in (("compiler", compiler), ("qemu", qemu)):
        if base[what] != here:
            print(f"bench-check: the baseline is of {base[what]}, this is {here}: counts may differ, so this decides nothing")
            return 0
    if more or gone:
        print(f"bench-check: failed. If it is meant to be so, the baseline needs new numbers: {UPDATE}")
        return 1
    if less or added:
        print(f"bench-check: nothing is more. The baseline needs the new numbers: {UPDATE}")
    else:
        print(f"bench-check: all {len(counts)} counts are those of the baseline")
    return 0
