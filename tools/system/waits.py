# SPDX-License-Identifier: BSD-2-Clause
"""Who waits for whom, and whether that can go round in a circle.

A program that calls another waits for its answer; if the other calls it too, each may wait for the other for ever. So who holds
an Entry is taken to call on it, unless the description says what else it does:

    send      sends messages that do not wait, neither for the receiver nor for an answer
    pass      gives the Entry to others, and does not use it itself
    deadline  calls, but each call ends at a time, so nothing lasts: it needs the capability `sleep` for that

A notice and a Process never make their holder wait. What nobody writes down counts too: every program waits for the pager when
it touches memory, for the bank if it has one, and for init when it ends; init waits for the bank and the pager."""

from .model import INIT

CORE = ("bank", "pager")  # begun by init itself, which calls them; they have neither `exit` nor `pager`
BANKS = ("bank", "topbank")  # kinds that are Entries of the bank


def edges(system):
    """(who waits, for whom, grant) of all; grant None: for another reason than a line `cap`."""
    found = [(INIT, name, None) for name in CORE if system.find(name)]
    for program in system.programs:
        found += [(program.name, name, grant) for name, grant in waits_of(system, program)]
    return found


def waits_of(system, program):
    if program.name not in CORE:
        yield INIT, None
        if system.find("pager"):
            yield "pager", None
    for grant in program.grants:
        if grant.kind in BANKS and system.find("bank"):
            yield "bank", grant
        elif grant.kind == "entry" and grant.use is None:
            meant = system.meant(program, grant)
            if grant.program == INIT or (meant is not None and grant.endpoint in meant.endpoints):
                yield (INIT if meant is None else str(meant.name)), grant


def shortest_way(graph, start, end):
    """Edges from a program to another, as few as can be; None: there is no way."""
    ways, seen = [[]], {start}
    for way in ways:  # grows while it is looked at: nearest first
        at = way[-1][1] if way else start
        if at == end:
            return way
        for edge in graph.get(at, ()):
            if edge[1] not in seen or edge[1] == end:
                seen.add(edge[1])
                ways.append(way + [edge])
    return None


def circles(system):
    """Of each line `cap` that lies on a circle the shortest one, each circle once."""
    graph = {}
    found = {}
    for edge in edges(system):
        graph.setdefault(edge[0], []).append(edge)
    for edge in (edge for out in graph.values() for edge in out if edge[2] is not None):
        back = shortest_way(graph, edge[1], edge[0])
        if back is not None:
            way = [edge] + back
            found.setdefault(frozenset(who for who, _, _ in way), way)
    return found.values()


def check(system, mistakes):
    for way in circles(system):
        grants = [(who, grant) for who, _, grant in way if grant is not None]
        who, grant = max(grants, key=lambda g: (system.number(system.find(g[0])), g[1].at))  # what closed it, most likely
        mistakes.error(grant.kind, f"{in_words(way, who)}; {advice(grant)}")
    for program in system.programs:
        if program.at_boot:
            inversions(system, program, mistakes)
        for grant in program.grants:
            if grant.use == "deadline" and not any(g.kind == "sleep" and g.name == "sleep" for g in program.grants):
                mistakes.error(grant.use, f"calls of {program.name} cannot end at a time: it has no 'cap sleep = sleep'")


def in_words(way, first):
    """'a waits for b, which waits for a', beginning with the program of the line that is shown."""
    k = [who for who, _, _ in way].index(first)
    way = way[k:] + way[:k]
    steps = [f"{first} waits for {way[0][1]}"] + [f"which waits for {whom}" for _, whom, _ in way[1:]]
    return "a wait cycle: " + ", ".join(steps)


def advice(grant):
    if grant.kind != "entry":
        return "one of them must do without"
    return "if it never waits there, 'send' or 'pass' behind the entry says so; 'deadline' if each call ends at a time"


def inversions(system, program, mistakes):
    """Who is called should not stand below who calls: programs between the two would keep both waiting."""
    for grant in program.grants:
        server = system.meant(program, grant) if grant.kind == "entry" and grant.use is None else None
        if server is not None and server.level < program.level:
            text = f"{program.name}, of priority {program.level}, calls {server.name}, of priority {server.level}"
            mistakes.warn(grant.kind, f"{text}: while it waits, others run before it")
