# SPDX-License-Identifier: BSD-2-Clause
"""Memory of the machine, live or in a dump. All RAM is in the kernel's direct map, which every address space has, so physical memory is
read there: of a process that does not run, too. What cannot be read is a Broken, in words; commands say so and go on."""

import os
import tempfile

import gdb

from .abi import DIRECT_MAP

PAGE = 4096
PIECE = 16 * PAGE  # what is longer is read at once, and not kept
PAGES_MOST = 16384  # kept
MOST_PHYSICAL = 1 << 46
MOST = 1 << 32  # bytes at once: a length that is garbage must not take all memory of this machine


class Broken(Exception):
    """Something is not as it must be, in words: a bad pointer, a list without end."""


_pages = {}  # what was read, as long as the machine stands still


def forget(*_):
    _pages.clear()


for _event in (gdb.events.cont, gdb.events.memory_changed, gdb.events.new_objfile, gdb.events.inferior_deleted):
    _event.connect(forget)


def is_live():
    """Is it a machine that can go on, not a dump?"""
    target = gdb.selected_inferior().connection
    return target is not None and target.type in ("remote", "extended-remote")


def read(address, length):
    """The bytes at an address of the kernel."""
    if not 0 <= address < 1 << 64 or not 0 <= length < MOST:
        raise Broken(f"{length} bytes at {address:#x} make no sense")
    if length > PIECE:
        return _large(address, length)
    found, at = b"", address
    while at < address + length:
        page = at - at % PAGE
        there = _page(page)[at - page : address + length - page]
        found, at = found + there, at + len(there)
    return found


def _page(page):
    if page not in _pages:
        if len(_pages) >= PAGES_MOST:
            _pages.clear()
        _pages[page] = _read(page, PAGE)
    return _pages[page]


def _read(address, length):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, length))
    except (gdb.MemoryError, gdb.error, OverflowError):
        raise Broken(f"no memory at {address:#x}") from None


def _large(address, length):
    """Much memory: QEMU writes it to a file, which is much faster than through gdb's protocol."""
    if not is_live() or not DIRECT_MAP <= address < DIRECT_MAP + MOST_PHYSICAL:
        return _read(address, length)
    with tempfile.TemporaryDirectory(prefix="lykos-") as folder:
        path = os.path.join(folder, "memory")
        try:
            gdb.execute(f'monitor pmemsave {address - DIRECT_MAP:#x} {length:#x} "{path}"', to_string=True)
            with open(path, "rb") as f:
                found = f.read()
        except (gdb.error, OSError):
            found = b""
    return found if len(found) == length else _read(address, length)


def physical(address, length):
    """The bytes at a physical address."""
    return read(DIRECT_MAP + address, length)
