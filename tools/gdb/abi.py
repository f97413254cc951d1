# SPDX-License-Identifier: BSD-2-Clause
"""Numbers that debug information does not have, from where they stand: those of the interface from kernel/abi/lykos.toml, bits that are
macros from the kernel's headers."""

import os
import re
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _abi():
    with open(os.path.join(ROOT, "kernel", "abi", "lykos.toml"), "rb") as f:
        return tomllib.load(f)


ABI = _abi()


def constants(prefix):
    """The numbers of a group of kernel/abi/lykos.toml, by name without the prefix, in small letters."""
    found = {}
    for group in ABI["constants"]:
        if group["prefix"] == prefix:
            for item in group["list"]:
                name, number = re.match(r"(\w+) = ([^:]*[^:\s])", item).groups()
                found[name.lower()] = _number(number)
    return found


def _number(text):
    """A number as C has it."""
    parts = [int(re.sub(r"(?i)u?l*$", "", part.strip()) or "0", 0) for part in text.split("<<")]
    return parts[0] << parts[1] if len(parts) == 2 else parts[0]


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
SLOTS = [entry["name"].lower() for entry in ABI["slot"]]
STATUS = {entry["code"]: entry["name"] for entry in ABI["status"]}
FAULTS = {entry["code"]: entry.get("text") or entry["name"].lower() for entry in ABI["fault"]}
RESTRICTIONS = (("ro", "read-only"), ("nx", "no execute"), ("wk", "weak"), ("op", "opaque"))


def restrictions(bits):
    """Of a memory capability, in words; an empty text: none."""
    table = constants("LK_")
    return ", ".join(words for name, words in RESTRICTIONS if bits & table[name])
DIRECT_MAP = macros("arch/x86_64/include/arch/arch_inline.h", "ARCH_")["direct_map"]
