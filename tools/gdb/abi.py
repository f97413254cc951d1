# SPDX-License-Identifier: BSD-2-Clause
"""Numbers that debug information does not have, from where they stand: those of the interface from kernel/abi, bits that are macros from
the kernel's headers."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import places  # noqa: E402
from idl.numbers import codes, numbers  # noqa: E402


def constants(prefix):
    """The numbers of kernel/abi/numbers.idl whose names begin so, by name without the prefix, in small letters."""
    return {name.removeprefix(prefix).lower(): number for name, number in numbers().items() if name.startswith(prefix)}


def names(prefix):
    """The same, by number."""
    return {number: name for name, number in constants(prefix).items()}


def macros(header, prefix):
    """Numbers that a header of the kernel defines as macros, by name without the prefix, in small letters."""
    with open(os.path.join(ROOT, header), encoding="utf-8") as f:
        found = re.findall(rf"^#define {prefix}(\w+) (0x[0-9a-f]+|\d+)[ul]*\b", f.read(), re.MULTILINE)
    return {name.lower(): int(number, 0) for name, number in found}


STATES, WAITS = names("LK_STATE_"), names("LK_WAIT_")
HOLDS = names("LK_HOLD_")
SHAPE = constants("LK_")
ATTENTION = macros("kernel/include/kernel/process.h", "ATTN_")
SLOTS = [name.lower() for name, _, _ in codes("slot")]
STATUS = {number: name for name, number, _ in codes("status")}
FAULTS = {number: text or name.lower() for name, number, text in codes("fault")}
FAULT_CODES = {name: number for name, number, _ in codes("fault")}
RESTRICTIONS = (("ro", "read-only"), ("nx", "no execute"), ("wk", "weak"), ("op", "opaque"))


def restrictions(bits):
    """Of a memory capability, in words; an empty text: none."""
    table = constants("LK_")
    return ", ".join(words for name, words in RESTRICTIONS if bits & table[name])
DIRECT_MAP = macros("arch/x86_64/include/arch/arch_inline.h", "ARCH_")["direct_map"]
