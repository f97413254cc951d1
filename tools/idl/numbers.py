# SPDX-License-Identifier: BSD-2-Clause
"""The numbers of the kernel (kernel/abi/numbers.idl) for tools that run where Lark is not, or often: gdb's Python, mkimage.

The file has been through the compiler when these tools run, so it is read by its shape alone: a line that begins a group
gives the prefix, a line with a name and a number is a constant. `make test T=idl/numbers` compares what both read.
"""

import os
import re

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "kernel", "abi", "numbers.idl")
GROUP = re.compile(r'^constants "[^"]*" (\w+) \{$')
VALUE = re.compile(r"^ +([A-Z][A-Z0-9_]*) = (\w+?)(?:ull|u)?(?: << (\d+))?;$")


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
