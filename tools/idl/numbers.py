# SPDX-License-Identifier: BSD-2-Clause
"""The numbers and codes of the kernel (kernel/abi/numbers.idl, codes.idl) for tools that run where Lark is not, or often: gdb's Python,
mkimage.

The files have been through the compiler when these tools run, so they are read by their shape alone: a line that begins a group
gives the prefix, a line with a name and a number is a constant. `make test T=idl/numbers` compares what both read.
"""

import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "kernel", "abi")
FILE, CODES = os.path.join(FOLDER, "numbers.idl"), os.path.join(FOLDER, "codes.idl")
GROUP = re.compile(r'^constants "[^"]*" (\w+) \{$')
VALUE = re.compile(r"^ +([A-Z][A-Z0-9_]*) = (\w+?)(?:ull|u)?(?: << (\d+))?;$")
KIND = re.compile(r"^codes (\w+) \{$")
TEXT = re.compile(r'^ +\[text\("([^"]*)"\)\]$')


def numbers(path=FILE):
    """All constants by name, in the order of the file."""
    found, prefix = {}, ""
    with open(path, encoding="utf-8") as f:
        for line in f:
            group, value = GROUP.match(line), VALUE.match(line)
            if group:
                prefix = group[1]
            elif value:
                found[prefix + value[1]] = int(value[2], 0) << int(value[3] or "0")
    return found


def codes(kind, path=CODES):
    """The codes of a kind, fault for one, as (name, number, text), in the order of the file; an empty text: it has none."""
    found, inside, text = [], None, ""
    with open(path, encoding="utf-8") as f:
        for line in f:
            begin, value, words = KIND.match(line), VALUE.match(line), TEXT.match(line)
            inside = begin[1] if begin else inside
            text = words[1] if words else text
            if value and inside == kind:
                found.append((value[1], int(value[2], 0), text))
            text = "" if value else text
    return found
