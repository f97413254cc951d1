# SPDX-License-Identifier: BSD-2-Clause
"""Address spaces, as kernel/space.c has them: the tree of GPTs, which is the truth, and the hardware page tables, which are a cache of
it. Memory of a process is found by the tree, whoever runs."""

import dataclasses

from . import abi
from .layout import symbol
from .memory import Broken, physical
from .objects import FRAME, Gpt, alive, header_of, type_name

PAGE_SHIFT = abi.macros("kernel/include/kernel/types.h", "PAGE_")["shift"]
WALK = abi.macros("kernel/include/kernel/walk.h", "MAX_") | {"l2v_max": abi.macros("kernel/include/kernel/walk.h", "L2V_")["max"]}
MMU = abi.macros("arch/x86_64/include/arch/mmu.h", "MMU_")
PTE = abi.macros("arch/x86_64/include/arch/mmu.h", "PTE_")
GPT = abi.constants("GPT_")
USER_MIN, USER_END = (abi.constants("LK_")[name] for name in ("user_min", "user_end"))
RO, NX, WK = (abi.constants("LK_")[name] for name in ("ro", "nx", "wk"))
NODES_MOST = 20000  # slots looked at in one tree
GPTS = ("gpt",)
PAGES = ("page", "devicepage")
WINDOWS = ("window", "localwindow")


@dataclasses.dataclass
class Run:
    """Pages in a row with the same rights."""

    start: int
    end: int
    restr: int
    frames: list  # their physical addresses
    what: str  # type of the capability
    depth: int = 0  # in the tree

    def pages(self):
        """(address, physical address) of each."""
        return zip(range(self.start, self.end, FRAME), self.frames)

    def __str__(self):
        pages = (self.end - self.start) >> PAGE_SHIFT
        rights = rights_of(self.restr)
        return f"{self.start:#14x} - {self.end:#14x}  {pages:5} {'page ' if pages == 1 else 'pages'} {rights}"

    def goes_on(self, other):
        """Is the other the next of it?"""
        return (self.end, self.restr, self.what) == (other.start, other.restr, other.what)

    def take(self, other):
        """The other is the next of it: they are one."""
        self.end = other.end
        self.frames += other.frames


def rights_of(restr):
    return "r" + ("-" if restr & (RO | WK) else "w") + ("-" if restr & NX else "x")


def page_address(cap):
    """Physical address of the page of a Page or DevicePage capability: that of its descriptor says which frame it is."""
    size = symbol("sizeof(struct frame)")
    pfn = (header_of(cap) - symbol("(unsigned long)frame_table")) // size
    if type_name(cap) == "devicepage":
        leaf = int(symbol(f"frame_table[{pfn}].leaf"))
        return leaf & PTE["target"]
    return pfn << PAGE_SHIFT


class Walk:
    """One step after the other from a capability down, as walk_user() and walk_path() do, for the page of one address."""

    def __init__(self, root, address):
        self.restr, self.page, self.handler, self.gpts = 0, None, None, []
        self.fault = "no user address" if not USER_MIN <= address < USER_END else self._walk(root, address)

    def _walk(self, cap, at):
        background, last, windows, l2v = None, None, 0, WALK["l2v_max"] + 1
        for _ in range(WALK["l2v_max"] * 5):
            name, l2g, match = type_name(cap), int(cap["aux"]), int(cap["payload"])
            if name not in (*GPTS, *PAGES, "cappage", *WINDOWS) or not alive(cap):
                return "nothing is mapped there"
            if not PAGE_SHIFT <= l2g <= MMU["user_bits"]:
                return "malformed: a guard that is none"
            if at >> l2g != match:
                return "nothing is mapped there"
            at -= match << l2g
            self.restr |= int(cap["restr"])
            if name in WINDOWS:
                holder = last if name == "localwindow" else background
                windows += 1
                if holder is None or windows > WALK["windows"]:
                    return "malformed: a window that leads nowhere"
                at += ((int(cap["count"]) & 0xFF) << 32 | int(cap["oid"])) << PAGE_SHIFT
                index = int(cap["count"]) >> 8 if name == "localwindow" else GPT["background_slot"]
                cap, l2v = holder["state"]["slot"][index], WALK["l2v_max"] + 1
                continue
            if name == "cappage":
                return "a page of capabilities"
            if name in PAGES:
                self.page = cap
                return None if l2g == PAGE_SHIFT else "malformed: a page that is larger than a page"
            gpt = Gpt(header_of(cap))
            down, flags = int(gpt["state"]["l2v"]), int(gpt["state"]["flags"])
            if down >= l2v:
                return "malformed: it does not narrow"
            l2v, last, index = down, gpt, at >> down
            self.gpts.append(gpt)
            if flags & GPT["has_handler"] and not self.restr & WK:
                self.handler = gpt["state"]["slot"][GPT["handler_slot"]]
            if flags & GPT["has_background"]:
                background = gpt
            if index >= GPT["slots"] or not usable_slot(index, flags):
                return "nothing is mapped there"
            at -= index << down
            cap = gpt["state"]["slot"][index]
        return "malformed: no end"


def usable_slot(index, flags):
    """Is this slot memory of the GPT's own?"""
    if index == GPT["handler_slot"] and flags & GPT["has_handler"]:
        return False
    return not (index == GPT["background_slot"] and flags & GPT["has_background"])


def read_user(process, address, length):
    """Memory of a process, by its tree."""
    text = b""
    while length > 0:
        n = min(length, FRAME - address % FRAME)
        walk = Walk(process.slot("addr_space"), address)
        if walk.fault or type_name(walk.page) != "page":
            raise Broken(f"{process.label()} has no memory at {address:#x}: {walk.fault or 'it is a device'}")
        text += physical(page_address(walk.page) + address % FRAME, n)
        address, length = address + n, length - n
    return text


class Tree:
    """All of a space: runs of pages, in the order of addresses, and lines that draw the tree."""

    def __init__(self, root):
        self.runs, self.lines, self.left = [], [], NODES_MOST
        self._visit(root, 0, 0, 0, WALK["l2v_max"] + 1, "root")
        self._flush()
        if self.left <= 0:
            self.lines.append(f"!! more than {NODES_MOST} slots: the rest is not shown")

    def _visit(self, cap, base, restr, depth, l2v, name):
        kind = type_name(cap)
        if kind == "null" or self.left <= 0:
            return
        self.left -= 1
        try:
            self._enter(cap, kind, base, restr | int(cap["restr"]), depth, l2v, name)
        except Broken as why:
            self._say(depth, f"{name}: {kind} !! {why}")

    def _enter(self, cap, kind, base, restr, depth, l2v, name):
        base += int(cap["payload"]) << int(cap["aux"]) if int(cap["aux"]) < 64 else 0
        if kind in WINDOWS:
            end = base + (1 << min(int(cap["aux"]), MMU["user_bits"]))
            self._say(depth, f"{name}: {kind}, {base:#x} - {end:#x}, leads into another space")
        elif not alive(cap):
            self._say(depth, f"{name}: {kind} to {int(cap['oid']):#x}, which is gone")
        elif kind in PAGES:
            self._page(Run(base, base + FRAME, restr, [page_address(cap)], kind, depth))
        elif kind in GPTS:
            self._gpt(cap, base, restr, depth, l2v, name)
        else:
            self._say(depth, f"{name}: {kind} {int(cap['oid']):#x} at {base:#x}")

    def _gpt(self, cap, base, restr, depth, l2v, name):
        gpt = Gpt(header_of(cap))
        down, flags = int(gpt["state"]["l2v"]), int(gpt["state"]["flags"])
        words = abi.restrictions(int(cap["restr"]))
        self._say(depth, f"{name}: GPT {gpt.oid:#x} at {base:#x}, l2v {down}" + (f", {words}" if words else ""))
        if down >= l2v:
            self._say(depth, "!! it does not narrow: malformed")
            return
        for index in range(GPT["slots"]):
            slot = gpt["state"]["slot"][index]
            if usable_slot(index, flags):
                self._visit(slot, base + (index << down), restr, depth + 1, down, f"slot {index}")
            elif index == GPT["handler_slot"]:
                self._say(depth + 1, f"slot {index}: told of faults, {type_name(slot)} {int(slot['oid']):#x}")
            else:
                self._say(depth + 1, f"slot {index}: background space")

    def _page(self, run):
        if self.runs and not self._shown and self.runs[-1].goes_on(run):
            self.runs[-1].take(run)
            return
        self._flush()
        self.runs.append(run)
        self._shown = False

    _shown = True

    def _flush(self):
        """What was gathered becomes a line."""
        if not self._shown:
            self._shown = True
            run = self.runs[-1]
            self.lines.append("  " * run.depth + f"{str(run).strip()}{', a device' if run.what == 'devicepage' else ''}")

    def _say(self, depth, text):
        self._flush()
        self.lines.append("  " * depth + text)


def hardware(root):
    """What the hardware tables map of user level: (runs of pages, number of tables)."""
    runs, tables = [], [0]
    _table(root & PTE["target"], 0, MMU["levels"], runs, tables)
    return runs, tables[0]


def _table(where, base, level, runs, tables):
    entries = physical(where, FRAME)
    tables[0] += 1
    bits = PAGE_SHIFT + (level - 1) * MMU["index_bits"]
    count = FRAME // 8 // (2 if level == MMU["levels"] else 1)  # the upper half of the top table is the kernel's
    for i in range(count):
        entry = int.from_bytes(entries[8 * i : 8 * i + 8], "little")
        if not entry & PTE["present"]:
            continue
        if level > 1:
            _table(entry & PTE["target"], base + (i << bits), level - 1, runs, tables)
            continue
        restr = (0 if entry & PTE["write"] else RO) | (NX if entry & PTE["no_exec"] else 0)
        start = base + (i << bits)
        run = Run(start, start + FRAME, restr, [entry & PTE["target"]], "page" if entry & PTE["memory"] else "devicepage")
        if runs and runs[-1].goes_on(run):
            runs[-1].take(run)
        else:
            runs.append(run)


def disagreements(process, runs):
    """Pages that the hardware has and the tree does not grant so: there must be none."""
    for run in runs:
        for address in range(run.start, run.end, FRAME):
            walk = Walk(process.slot("addr_space"), address)
            if walk.fault:
                yield f"!! the tables map {address:#x}, the tree does not: {walk.fault}"
            elif (walk.restr & (RO | WK)) and not run.restr & RO or (walk.restr & NX) and not run.restr & NX:
                yield f"!! the tables grant {rights_of(run.restr)} at {address:#x}, the tree {rights_of(walk.restr)}"
