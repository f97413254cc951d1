# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's objects: all of a kind that live, found by the frame table, and capabilities in words."""

import struct

import gdb

from . import abi
from .layout import enum_name, fetch, fetch_raw, links, offset_of, symbol, type_of
from .memory import DIRECT_MAP, Broken, read

FRAME = 4096
OID_SHIFT = abi.macros("kernel/include/kernel/object.h", "OID_")["shift"]


class Object:
    """An object, or another structure of the kernel: where it stands, and a copy of it."""

    kind = None  # "struct ..."

    def __init__(self, address):
        self.address = address
        self.raw, self.value = fetch_raw(self.kind, address)

    def __getitem__(self, name):
        return self.value[name]

    def __eq__(self, other):
        return isinstance(other, Object) and self.address == other.address

    def __hash__(self):
        return hash(self.address)

    @property
    def oid(self):
        return (self.address - DIRECT_MAP) >> OID_SHIFT

    def at(self, path):
        """The address of a member."""
        return self.address + offset_of(self.kind, path)


def label_text(*words):
    """A label, as it stands in two words of 64 bits."""
    raw = b"".join(word.to_bytes(8, "little") for word in words)
    return "".join(chr(c) if 32 < c < 127 else "?" for c in raw.split(b"\0")[0]) or "?"


class Process(Object):
    kind = "struct process"

    def label(self):
        return label_text(*(int(self["label"][i]) for i in (0, 1)))

    def __str__(self):
        return f"{self.label()} ({self.oid:#x})"

    def state(self):
        return abi.STATES.get(int(self["s"]["run_state"]), "?")

    def wait(self):
        return abi.WAITS.get(int(self["s"]["wait"]), "?")

    def holds(self):
        bits = int(self["s"]["holds"])
        return [abi.HOLDS.get(n, f"hold {n}") for n in range(8) if bits >> n & 1]

    def attends(self, name):
        """Is this bit of its attention word set?"""
        return bool(int(self["attention"]) & abi.ATTENTION[name])

    def words(self, name):
        """The capabilities of a member that is an array of them, each as two words: rights and object."""
        begin, size = offset_of(self.kind, name), self["capreg"][0].type.sizeof
        values = struct.unpack_from(f"<{self[name].type.sizeof // 8}Q", self.raw, begin)
        return list(zip(values[:: size // 8], values[1 :: size // 8]))

    def slot(self, name):
        return self["slot"][abi.SLOTS.index(name)]

    def regs(self):
        return {field.name: int(self["regs"][field.name]) for field in self["regs"].type.fields()}

    def priority(self):
        return int(self["priority"])


class Endpoint(Object):
    kind = "struct endpoint"

    def id(self):
        return int(self["state"]["id"])

    def recipient(self):
        """The process that receives there, or None."""
        return live(self["state"]["recipient"])

    def expects(self):
        """The capability word of the reply that is outstanding, or None."""
        word = int(self["state"]["reply"])
        return word if word & 0xFF else None

    def __str__(self):
        recipient = self.recipient()
        whose = f"of {recipient.label()}, ID {self.id():#x}" if recipient else "without a recipient"
        return f"endpoint {self.oid:#x} {whose}"


def sender_of(link):
    """Whose link this is, of those in a queue of senders: (process, it is a target that waits to be notified)."""
    node = fetch("struct plist_node", link - offset_of("struct plist_node", "node"))
    preempt = bool(node["preempt"])
    member = "preempt.node" if preempt else "sender_node"
    return Process(link - offset_of("struct plist_node", "node") - offset_of("struct process", member)), preempt


def senders(head):
    """Those in the queue of senders with this head, in their order: (process, it is a target that waits to be notified)."""
    for link in links(head + offset_of("struct plist", "nodes")):
        yield sender_of(link)


class Gpt(Object):
    kind = "struct gpt"


class Schedule(Object):
    kind = "struct schedule"


KINDS = {"process": Process, "endpoint": Endpoint, "gpt": Gpt, "schedule": Schedule}

_frames = {}  # the table of frame descriptors, as long as the machine stands still


def forget(*_):
    _frames.clear()


for _event in (gdb.events.cont, gdb.events.memory_changed, gdb.events.new_objfile, gdb.events.inferior_deleted):
    _event.connect(forget)


def frame_table():
    """(bytes, how many, size of one)"""
    if not _frames:
        size = type_of("struct frame").sizeof
        count = symbol("frame_count")
        if count == 0:
            raise Broken("the kernel has not come so far that there are objects")
        _frames["table"] = (read(symbol("(unsigned long)frame_table"), count * size), count, size)
    return _frames["table"]


def is_frame(pfn):
    """Has the table a descriptor of it?"""
    return 0 <= pfn < frame_table()[1]


def frame_of(pfn):
    """The descriptor of a frame: kind, which objects live."""
    table, count, size = frame_table()
    if not 0 <= pfn < count:
        raise Broken(f"frame {pfn:#x} is none: there are {count:#x}")
    kind = table[pfn * size + offset_of("struct frame", "kind")]
    (mask,) = struct.unpack_from("<Q", table, pfn * size + offset_of("struct frame", "live_mask"))
    return kind, mask


def object_size(kind):
    """How far apart the objects of a kind stand in a frame."""
    name = f"{kind.upper()}_SIZE"
    found = abi.macros(f"kernel/include/kernel/{kind}.h", name[:-4])
    if "size" not in found:
        raise Broken(f"{name} is not in the kernel's headers")
    return found["size"]


def every(kind):
    """Every live object of a kind."""
    wanted, size = symbol(f"FRAME_{kind.upper()}"), object_size(kind)
    table, count, step = frame_table()
    kind_at, mask_at = offset_of("struct frame", "kind"), offset_of("struct frame", "live_mask")
    kinds = table[kind_at::step]
    pfn = kinds.find(wanted)
    while pfn != -1:
        (mask,) = struct.unpack_from("<Q", table, pfn * step + mask_at)
        for index in range(FRAME // size):
            if mask >> index & 1:
                yield KINDS[kind](DIRECT_MAP + pfn * FRAME + index * size)
        pfn = kinds.find(wanted, pfn + 1)


def processes():
    return every("process")


# ---- capabilities ----------------------------------------------------------------------------------------------------


def type_name(cap):
    return enum_name("enum cap_type", int(cap["type"]), "CAP_")


def header_of(cap):
    return DIRECT_MAP + (int(cap["oid"]) << OID_SHIFT)


# What a capability to an endpoint is called.
THROUGH = ("endpoint", "entry", "proxyentry", "appnotice")


def object_kind(cap):
    """The kind of object that a capability names; None: none that is made from storage."""
    name = type_name(cap)
    if name in THROUGH:
        return "endpoint"
    return name if name in (*KINDS, "page", "cappage", "devicepage") else None


def alive(cap):
    """Does the object that a capability names still live? True for a type without an object."""
    kind = object_kind(cap)
    if kind is None:
        return True
    header = header_of(cap)
    if kind in KINDS and frame_of((header - DIRECT_MAP) // FRAME)[0] != symbol(f"FRAME_{kind.upper()}"):
        return False
    return int(fetch("struct objhdr", header)["count"]) == int(cap["count"])


def live(cap):
    """The object that a capability names, if it is one of ours and lives; None."""
    kind = object_kind(cap)
    return KINDS[kind](header_of(cap)) if kind in KINDS and alive(cap) else None


def payload(cap):
    return int(cap["low"]) >> 16


def is_reply(cap, endpoint):
    """Is it the reply capability that the endpoint waits for?"""
    return int(cap["low"]) == endpoint.expects() and int(cap["object"]) == int(endpoint["self"])


def cap_text(cap):
    """A capability in words."""
    name = type_name(cap)
    try:
        if name == "null":
            return "null"
        if not alive(cap):
            return f"{name} to {int(cap['oid']):#x}, which is gone: null"
        thing = live(cap)
    except Broken as why:
        return f"{name} !! {why}"
    restr = abi.restrictions(int(cap["restr"]))
    if isinstance(thing, Endpoint):
        return endpoint_cap_text(name, cap, thing)
    if isinstance(thing, Process):
        return f"process {thing}"
    if isinstance(thing, Schedule):
        state = thing["state"]
        return f"schedule {thing.oid:#x}: priority {int(state['priority'])}, slice {int(state['slice']) / 1e6:g} ms"
    if isinstance(thing, Gpt) or object_kind(cap):
        what = f"{name} {int(cap['oid']):#x}, guard {int(cap['payload']):#x} above bit {int(cap['aux'])}"
        return what + (f", {restr}" if restr else "")
    more = f" payload {int(cap['payload']):#x} aux {int(cap['aux']):#x} oid {int(cap['oid']):#x} count {int(cap['count']):#x}"
    return f"{name}{more}" if int(cap["low"]) >> 16 or int(cap["object"]) else name


def endpoint_cap_text(name, cap, endpoint):
    if name == "endpoint":
        return str(endpoint)
    if name == "appnotice":
        how = "preempting notice" if int(cap["restr"]) else "notice"
        return f"{how}, bits {int(cap['payload']):#x}, to {endpoint}"
    if int(endpoint["state"]["match"]):
        if not is_reply(cap, endpoint):
            return f"reply to {endpoint}, used or stale: null"
        return f"reply to {endpoint}"
    return f"{'proxy entry' if name == 'proxyentry' else name} to {endpoint}, payload {payload(cap):#x}"
