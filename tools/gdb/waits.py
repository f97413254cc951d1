# SPDX-License-Identifier: BSD-2-Clause
"""Who waits for whom. Whoever waits for an answer waits for those who hold the reply capability, wherever the message was sent; a
sender waits for the recipient; a process stopped by a fault waits for its handler; one that is held for a notification waits for who
was told. A ring of these is a deadlock: nobody in it goes on unless somebody outside does something."""

import collections
import dataclasses

from . import abi, messages
from .memory import Broken
from .objects import Endpoint, live, processes, type_name
from .space import Walk

DEPTH_MOST = 40
MEMORY_FAULTS = ("INVALID_ADDR", "MALFORMED_SPACE")  # the first and the last, see kernel/fault.c


@dataclasses.dataclass
class Edge:
    """One waits for another, or for nobody who is known; why."""

    whom: object
    why: str


def reply_holders(everybody):
    """The words of each capability in a register or slot of a process: who has it, and where."""
    found = collections.defaultdict(list)
    for process in everybody:
        for place, words in enumerate(process.words("capreg")):
            if words[0]:
                found[words].append((process, f"register {place}"))
        for place, words in enumerate(process.words("slot")):
            if words[0]:
                found[words].append((process, f"slot {abi.SLOTS[place]}"))
    return found


def edges_of(process, holders):
    """For whom a process waits."""
    if "proxy" in process.holds():
        yield Edge(proxy_receiver(process), "is held until who was notified lets it go")
    others = [hold for hold in process.holds() if hold != "proxy"]
    if others:
        yield Edge(None, f"is held ({', '.join(others)}) until somebody clears that")
    if process.state() == "faulted" or process.attends("recv_fault"):
        yield from _fault(process)
    elif process.wait() == "sending":
        yield from _sending(process)
    elif messages.awaits_reply(process) and not messages.sleeping(process):
        yield from _reply(process, holders)


def _fault(process):
    code = int(process["fault_code"])
    what = f"its fault ({abi.FAULTS.get(code, code)})"
    if process.wait() == "fault_send":
        endpoint = messages.sends_to(process)
        yield Edge(endpoint and endpoint.recipient(), f"{what} waits to be taken")
        return
    handler = handler_of(process)
    if handler is None or not process.attends("fault_told"):
        yield Edge(None, f"{what} has nobody who handles it")
    else:
        yield Edge(handler, f"{what} was told, and is not over")


def handler_of(process):
    """Who is told of its fault, or None."""
    code = int(process["fault_code"])
    slot = process.slot("handler")
    if abi.FAULT_CODES[MEMORY_FAULTS[0]] <= code <= abi.FAULT_CODES[MEMORY_FAULTS[1]] and not process.attends("fault_passed"):
        of_memory = Walk(process.slot("addr_space"), int(process["fault_info"])).handler
        if of_memory is not None and usable(of_memory, process):
            slot = of_memory
    return live(slot).recipient() if usable(slot, process) else None


def usable(cap, process):
    """Is it an Entry to another process?"""
    endpoint = live(cap)
    if type_name(cap) != "entry" or not isinstance(endpoint, Endpoint):
        return False
    return endpoint.recipient() is not None and endpoint.recipient() != process


def proxy_receiver(process):
    endpoint = live(process.slot("proxy_receiver"))
    return endpoint.recipient() if isinstance(endpoint, Endpoint) else None


def _sending(process):
    entry = messages.invoked(process)
    if type_name(entry) == "proxyentry":
        target = live(entry)
        target = target.recipient() if target else None
        if target is None:
            yield Edge(None, "its proxied message has no target any more")
        elif int(target["preempt"]["deferred_since"]):
            yield Edge(target, "its proxied message waits for the deferral to end")
        else:
            yield Edge(proxy_receiver(target), f"{target.label()} is to be notified, and who is told does not receive")
        return
    endpoint = messages.sends_to(process)
    if endpoint is None:
        yield Edge(None, "sends to an endpoint that is gone")
    else:
        yield Edge(endpoint.recipient(), f"its message to endpoint {endpoint.oid:#x} (ID {endpoint.id():#x}) waits to be received")


def _reply(process, holders):
    endpoint = messages.reply_endpoint(process)
    expects = endpoint.expects()
    if expects is None:
        yield Edge(None, "waits for a reply, and none is outstanding")
        return
    having = holders.get((expects, int(endpoint["self"])), [])
    for holder, place in having:
        yield Edge(holder, f"waits for the reply, for which the capability is in {place}")
    if not having:
        called = messages.called(process)
        what = "waits for the reply; the capability for it is in nobody's register"
        yield Edge(called.recipient() if called else None, what + (", it called this one" if called else ""))


class Graph:
    """Everybody's waits, as they are now."""

    def __init__(self):
        self.broken = []
        self.everybody = []
        try:
            for process in processes():
                self.everybody.append(process)
        except Broken as why:
            self.broken.append(str(why))
        holders = reply_holders(self.everybody)
        self.edges = {}
        for process in self.everybody:
            try:
                self.edges[process] = list(edges_of(process, holders))
            except Broken as why:
                self.edges[process] = []
                self.broken.append(f"{process}: {why}")
        self.rings = self._rings()
        self.in_ring = {process for ring in self.rings for process in ring}

    def _next(self, process, among):
        return [e.whom for e in self.edges.get(process, []) if e.whom is not None and e.whom in among]

    def _rings(self):
        """Rings, none twice: what is left when those who wait for nobody who is left have gone."""
        left = {p for p in self.everybody if self.edges[p]}
        while True:
            gone = {p for p in left if not self._next(p, left)}
            if not gone:
                break
            left -= gone
        rings, done = [], set()
        for start in self.everybody:
            path = []
            at = start
            while at in left and at not in path and at not in done:
                path.append(at)
                at = self._next(at, left)[0]
            if at in path:
                rings.append(path[path.index(at) :])
            done.update(path)
        return rings

    def lines(self):
        yield from (f"!! {text}" for text in self.broken)
        for ring in self.rings:
            yield "RING: " + " -> ".join(p.label() for p in (*ring, ring[0]))
        awaited = {e.whom for edges in self.edges.values() for e in edges}
        shown = set()
        first = [p for p in self.everybody if self.edges[p] and p not in awaited]
        for process in first + [ring[0] for ring in self.rings]:
            if process not in shown:
                yield f"{process}, priority {process.priority()}"
                yield from self._below(process, 1, shown)
        if not first and not self.rings and not self.broken:
            yield "nobody waits for anybody"

    def _below(self, process, depth, shown):
        if process in shown or depth > DEPTH_MOST:
            return
        shown.add(process)
        for edge in self.edges[process]:
            yield "  " * depth + self._edge_text(process, edge, edge.whom in shown)
            if edge.whom is not None:
                yield from self._below(edge.whom, depth + 1, shown)

    def _edge_text(self, process, edge, before):
        if edge.whom is None:
            return f"-> nobody: {edge.why}"
        whom = edge.whom
        text = f"-> {whom}, priority {whom.priority()}: {edge.why}"
        if whom.priority() < process.priority():
            text += " [of lower priority]"
        if whom in self.in_ring and process in self.in_ring:
            text += " [RING]"
        elif before and self.edges.get(whom):
            text += " [see above]"
        if not self.edges.get(whom):
            text += f"; it is {messages.state_text(whom)}"
        return text
