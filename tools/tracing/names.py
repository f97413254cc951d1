# SPDX-License-Identifier: BSD-2-Clause
"""What numbers in a trace are called: all of it from the description of the kernel's interface (kernel/abi)."""

import os

from idl import kernel, load
from idl.numbers import numbers
from idl.text import snake

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NUMBERS = numbers()


def _description():
    loader = load.Loader([os.path.join(ROOT, "kernel")])
    loader.load(os.path.join(ROOT, "kernel", "abi", "lykos.idl"))
    return loader.description


_D = _description()
EVENTS = {e.name: e.number.value for e in _D.codes["trace"].values}
EVENT_NAMES = {number: name for name, number in EVENTS.items()}
STATUS = {e.number.value: kernel.text_of(e) for e in _D.codes["status"].values}
STATUS_CODES = {e.name: e.number.value for e in _D.codes["status"].values}
FAULTS = {e.number.value: kernel.text_of(e) for e in _D.codes["fault"].values}
TYPES = {t.head.note("type").args[0].value: t.name for t in _D.types()}
TYPE_CODES = {snake(name): number for number, name in TYPES.items()}
OPERATIONS = {
    (t.head.note("type").args[0].value, m.number.value): f"{t.name}.{m.name}" for t, methods in kernel.op_rows(_D) for m in methods
}


def _group(prefix):
    return {number: name.removeprefix(prefix) for name, number in NUMBERS.items() if name.startswith(prefix)}


RUN_STATES = _group("LK_STATE_")
WAITS = _group("LK_WAIT_")
HOLDS = _group("LK_HOLD_")


def holds_in_words(mask):
    return ", ".join(HOLDS.get(n, f"hold {n}").lower().replace("_", " ") for n in range(8) if mask >> n & 1)


def operation(kind, method):
    """What is invoked, by type of capability and word 0."""
    return OPERATIONS.get((kind, method)) or f"{TYPES.get(kind, '?')}, method {method}"
