# SPDX-License-Identifier: BSD-2-Clause
"""Where the kernel is entered from user level. `next` and `step` come there by a single step, when an instruction faults or is a system
call: gdb is told who was there before, so that it goes on to the end of that instruction as it does over a called function.
Intel SDM volume 3, 6.12.1 and 6.14 (the stack of an exception), volume 2, SYSCALL."""

import struct

import gdb
from gdb.unwinder import Unwinder, register_unwinder

from .layout import address_of, symbol
from .memory import Broken

VECTOR_BYTES = 16  # of an entry in vector_table
KEPT = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
FRAME = ("rip", "cs", "eflags", "rsp", "ss")  # what an exception pushes, from its end on
USER = 3  # of cs: the privilege level


class FrameId:
    """What tells this frame from others, as gdb wants it."""

    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class Entries(Unwinder):
    """From the first instruction of an entry to the instruction at user level."""

    def __init__(self):
        super().__init__("lykos-entries")
        table = address_of("vector_table")
        count = symbol("*(unsigned long *)&vector_count")
        self.vectors = {symbol(f"*(unsigned long *){table + VECTOR_BYTES * i:#x}") for i in range(count)}
        self.syscall = address_of("entry_syscall")

    def __call__(self, pending):
        pc = int(pending.read_register("rip")) & (1 << 64) - 1
        if pc not in self.vectors and pc != self.syscall:
            return None
        before = self.before(pending, pc)
        if before is None:
            return None
        unwound = pending.create_unwind_info(FrameId(pending.read_register("rsp"), pending.read_register("rip")))
        for name in KEPT:
            unwound.add_saved_register(name, pending.read_register(name))
        for name, number in before.items():
            kind = pending.read_register(name).type
            unwound.add_saved_register(name, gdb.Value(number.to_bytes(8, "little")[: kind.sizeof], kind))
        return unwound

    def before(self, pending, pc):
        """The registers that the entry has changed, as numbers; None if it was not from user level."""
        rsp, rcx, r11 = (int(pending.read_register(name)) & (1 << 64) - 1 for name in ("rsp", "rcx", "r11"))
        if pc == self.syscall:
            return {"rip": rcx, "rsp": rsp, "eflags": r11}
        at = rsp + 8 * (rsp % 16 == 0)  # five words were pushed below a multiple of 16, and then perhaps an error code
        try:
            words = struct.unpack("<5Q", gdb.selected_inferior().read_memory(at, 40))
        except gdb.MemoryError:
            return None
        return dict(zip(FRAME, words)) if words[1] & USER == USER else None


def register():
    try:
        register_unwinder(None, Entries(), replace=True)
        gdb.execute("skip -function entry_syscall", to_string=True)  # `step` would go into it
    except Broken:
        pass  # a kernel without symbols: commands say so
