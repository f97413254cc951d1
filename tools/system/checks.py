# SPDX-License-Identifier: BSD-2-Clause
"""What must hold of all programs together: names name something, devices have one owner, nobody keeps init waiting. Wait cycles
are in waits.py, what programs ask for in needs.py."""

import itertools
import os

from . import needs, waits
from .model import FIXED, INIT, INIT_ENDPOINTS, NAMING, REACHING
from .words import LIMITS, listed, nearest

# Whom init waits for, the first above the second: no other program may stand above one of them, or it could keep init waiting
# by working on; but for those that are said to be urgent.
WAITED_FOR = ("bank", "pager")
ONLY_FOR = {"frames": "bank"}  # kinds that one program alone may be given
ONCE = ("irq", "frames", "devices")  # kinds of which one program has the thing to itself
FIRST_PROGRAM = "init"  # the kernel starts it; it describes the others


def check(system, mistakes, folders=(), grammar=None, base=()):
    """Tell all that is wrong. `folders`: those of the programs that are built, if that is known; `base`: of others, that need not
    be described, and of which one of the same name in `folders` takes the place."""
    if not system.is_whole:
        return  # what is not known here may stand in what is missing
    for program in system.programs:
        names(system, program, mistakes)
        part(system, program, mistakes)
        priority(system, program, mistakes)
        kept(program, mistakes)
        for grant in program.grants:
            target(system, program, grant, mistakes)
    owners(system, mistakes)
    ports(system, mistakes)
    waits.check(system, mistakes)
    if folders or base:
        built = [name_of(folder) for folder in folders]
        base = [folder for folder in base if name_of(folder) not in built]
        files(system, mistakes, built, [name_of(folder) for folder in base])
        needs.check(system, mistakes, [*folders, *base], grammar)


def name_of(folder):
    return os.path.basename(os.path.normpath(folder))


def names(_system, program, mistakes):
    """A name given to an endpoint of its own and to a capability would name two registers; and there must be registers."""
    for grant in program.grants:
        if grant.name in program.endpoints:
            mistakes.error(grant, f"'{grant.name}' names both an endpoint and a capability of {program.name}")
    used, most = program.named_registers(), LIMITS["NAMED"]
    if used > most:
        fixed = listed(FIXED, "and")
        text = f"program {program.name} has {used} capabilities and further endpoints, but there are registers for {most}"
        mistakes.error(program, f"{text}, those named {fixed} not counted")


def part(system, program, mistakes):
    """What a program is a part of must be there, and a whole."""
    if program.whole is None:
        return
    whole = system.find(program.whole)
    others = [p.name for p in system.programs if p.whole is None and p is not program]
    if whole is None:
        mistakes.error(program.whole, f"unknown program '{program.whole}'{nearest(program.whole, others)}")
    elif whole is program:
        mistakes.error(program.whole, f"'{program.name}' is said to be a part of itself")
    elif whole.whole is not None:
        mistakes.error(program.whole, f"'{program.whole}' is a part itself, of '{whole.whole}'")


def priority(system, program, mistakes):
    for name in WAITED_FOR:
        server = system.find(name)
        if server is program or program.urgent:
            return
        if server is not None and program.level > server.level:
            text = f"the priority of {program.name}, {program.level}, is above that of {name}, {server.level}, for which init waits"
            mistakes.error(program.priority_at, f"{text}; if that is meant, 'urgent' behind it says so")
            return


def kept(program, mistakes):
    """Init keeps the frames of one range for each program."""
    ranges = [grant for grant in program.grants if grant.kind == "range" and grant.kept]
    for grant in ranges[1:]:
        place = ranges[0].at.seen_from(grant.at)
        mistakes.error(grant.kind, f"{program.name} has a range that is kept already, at {place}; there is one for each program")


def target(system, program, grant, mistakes):
    """What a grant names is there, and may be given."""
    only = ONLY_FOR.get(grant.kind)
    if only not in (None, program.name):
        mistakes.error(grant.kind, f"'{grant.kind}' is for {only} alone")
    if grant.kind not in NAMING or (grant.program == INIT and grant.kind == "entry"):
        if grant.program == INIT and grant.endpoint not in INIT_ENDPOINTS:
            endpoint(grant, INIT, INIT_ENDPOINTS, mistakes)
        return
    meant = system.meant(program, grant)
    if grant.program == INIT:
        mistakes.error(grant.program, f"nobody is given a {grant.kind} of init")
    elif meant is None:
        known = [p.name for p in system.programs] + [INIT]
        mistakes.error(grant.program, f"unknown program '{grant.program}'{nearest(grant.program, known)}")
    elif grant.kind in REACHING and grant.endpoint not in meant.endpoints and grant.endpoint not in meant.wrong:
        endpoint(grant, meant.name, meant.endpoints, mistakes)


def endpoint(grant, owner, known, mistakes):
    has = f"; it has {listed(known, 'and')}" if known else "; it has none"
    hint = nearest(grant.endpoint, known) or has
    mistakes.error(grant.endpoint, f"program {owner} has no endpoint '{grant.endpoint}'{hint}")


def owners(system, mistakes):
    """An interrupt line, and what is there once, is one program's alone."""
    first = {}
    for program in system.programs:
        for grant in program.grants:
            if grant.kind not in ONCE or ONLY_FOR.get(grant.kind) not in (None, program.name):
                continue
            thing = f"interrupt line {grant.number}" if grant.kind == "irq" else f"'{grant.kind}'"
            owner = first.setdefault(thing, (program, grant))
            if owner[1] is not grant:
                mistakes.error(grant.kind, f"{thing} belongs to {owner[0].name} already, at {owner[1].at.seen_from(grant.at)}")


def ports(system, mistakes):
    """Ports of several programs are said to be shared by each of them, and by nobody else."""
    given = [(p, g) for p in system.programs for g in p.grants if g.kind == "ioports"]
    sharing = set()
    for (one, a), (other, b) in itertools.combinations(given, 2):
        low, high = max(a.first, b.first), min(a.last, b.last)
        if low > high:
            continue
        sharing |= {id(a), id(b)}
        if not (a.shared and b.shared):
            text = f"ports {low:#x}-{high:#x} belong to {one.name} already, at {a.at.seen_from(b.at)}"
            mistakes.error(b.kind, f"{text}; if that is meant, 'shared' behind both says so")
    for program, grant in given:
        if grant.shared and id(grant) not in sharing:
            mistakes.error(grant.shared, f"nobody shares these ports with {program.name}")


def files(system, mistakes, built, base):
    """The file of each program is built, or one of the base; what is built is some program's."""
    for program in system.programs:
        if program.file_name not in built + base:
            hint = nearest(program.file_name, built + base)
            mistakes.error(program.file_name, f"there is no program '{program.file_name}' to be its file{hint}")
    named = {program.file_name for program in system.programs} | {FIRST_PROGRAM}
    if mistakes.are_errors():
        return  # one with a mistake in it may have meant to name it
    for name in built:
        if name not in named:
            mistakes.warn((1, 1), f"'{name}' is built, but no program here names it: it cannot be started")
