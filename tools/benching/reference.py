# SPDX-License-Identifier: BSD-2-Clause
"""What the measurements are compared with: the one table, of which the lines of tools/bench, the chart and
docs/performance.md are made. All in guest instructions, but for the lines about strings, which are in copies."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """One line. seL4 was measured by the same method (docs/performance.md); None: there is no such number."""

    name: str
    sel4: int = None  # not the MCS variant
    mcs: int = None
    floor: int = None  # what the hardware alone takes
    target: float = None  # at most
    aim: float = None
    note: str = ""  # about the reference
    unit: str = "instructions"


ROUND_TRIP_FLOOR = 55  # two system calls, two CR3 writes, nine registers saved and loaded each way
NULL_FLOOR = 2  # syscall, sysret

ROWS = (
    Row("null_syscall", 89, floor=NULL_FLOOR, target=40, aim=30),
    Row("ipc_round_trip_0w", 409, 501, floor=ROUND_TRIP_FLOOR, target=204, aim=180),
    Row("ipc_round_trip_4w", 451, 542, floor=ROUND_TRIP_FLOOR, target=204, aim=180),
    Row("ipc_round_trip_8w", 1572, floor=ROUND_TRIP_FLOOR, target=204, aim=180, note="slow path, measured for 10 words"),
    Row("ipc_round_trip_fpu", 437, floor=ROUND_TRIP_FLOOR, target=280, aim=240),
    Row("ipc_round_trip_1cap", floor=ROUND_TRIP_FLOOR, target=280, aim=220, note="slow path, not measured"),
    Row("ipc_round_trip_slow", 1400, floor=ROUND_TRIP_FLOOR, target=700, aim=500),
    Row("notice_post", 493, 509, target=120, aim=80),
    Row("notice_switch", 509, 688, target=230, aim=150),
    Row("proxy_deliver", target=350, aim=250, note="nothing comparable"),
    Row("yield", 268, 462, target=130, aim=90),
    Row("fault_round_trip", 1303, 1932, target=500, aim=350),
    Row("irq_to_user", 355, 687, target=230, aim=160),
    Row("map_page", 698, 787, target=300, aim=220),
    Row("stub_cost_client", target=10),
    Row("stub_cost_server", target=10),
    Row("ipc_string_4k_over_8w_per_copy", target=1.3, unit="copies"),
    Row("ipc_string_64k_over_8w_per_copy", target=1.3, unit="copies"),
)
OF = {row.name: row for row in ROWS}

# What a process can do beside costs it nothing while it does not.
NOT_OVER = {"ipc_round_trip_0w_armed": "ipc_round_trip_0w"}

# Lines made of others: a price is one less another; a string is what it takes beyond eight words, in copies of its bytes.
PRICES = {
    "ipc_cost_fsbase": ("ipc_round_trip_0w_fsbase", "ipc_round_trip_0w"),
    "ipc_cost_trace": ("ipc_round_trip_0w_traced", "ipc_round_trip_0w"),
    "stub_cost_client": ("stub_round_trip_client", "stub_round_trip_hand"),
    "stub_cost_server": ("stub_round_trip_server", "stub_round_trip_hand"),
}
# CPU-time accounting cannot be switched off: its price is the instructions that it takes, an event of this measurement.
ACCOUNTED = "ipc_round_trip_0w"
STRINGS = {
    "ipc_string_4k_over_8w_per_copy": ("ipc_round_trip_string_4k", "copy_4k"),
    "ipc_string_4k_unaligned_over_8w_per_copy": ("ipc_round_trip_string_4k_unaligned", "copy_4k"),
    "ipc_string_64k_over_8w_per_copy": ("ipc_round_trip_string_64k", "copy_64k"),
}

# Of docs/preemption.md: what a preemption notification takes through the kernel's proxy entries, and by hand; a line without
# such a pair has nothing to do with the way, or there is none by hand.
WAYS = {
    "proxy_deliver": "by_hand_deliver",
    "proxy_round": "by_hand_round",
    "proxy_round_ready": "by_hand_round_ready",
    "preempt_notice_round": None,
    "notice_post": "notice_post",
    "defer_pair": "defer_pair",
    "ipc_round_trip_0w": "ipc_round_trip_0w",
    "ipc_round_trip_0w_armed": "ipc_round_trip_0w_armed",
    "ipc_round_trip_0w_pending": "ipc_round_trip_0w_pending",
}


def short(value):
    return f"{float(value):.15g}"


def beside(name):
    """What stands behind the value of this line: '; seL4 409, MCS 501, ...', or nothing."""
    row = OF.get(name)
    if row is None:
        return ""
    known = [("seL4", row.sel4), ("MCS", row.mcs), ("floor", row.floor), ("target", row.target), ("aim", row.aim)]
    words = [f"{what} {short(value)}" for what, value in known if value is not None]
    return "; " + ", ".join(words) + (f" (seL4: {row.note})" if row.note else "")


def derived(values):
    """The lines made of others: [(name, value in words, unit)]. values: name -> number."""
    accounting = values.get(f"{ACCOUNTED}.accounting")
    lines = [("ipc_cost_cputime", short(accounting), "instructions")] if accounting is not None else []
    for name, (dear, plain) in PRICES.items():
        lines.append((name, short(round(values[dear] - values[plain], 2)), "instructions"))
    for name, (string, copy) in STRINGS.items():
        lines.append((name, f"{(values[string] - values['ipc_round_trip_8w']) / values[copy]:.2f}", "copies"))
    return lines


def over_target(values):
    """[(name, value, target)] of the lines over their targets."""
    return [
        (row.name, values[row.name], row.target)
        for row in ROWS
        if row.target is not None and row.name in values and values[row.name] > row.target
    ]


def over_another(values):
    """[(name, value, what it must not be over)]"""
    return [(n, values[n], values[other]) for n, other in NOT_OVER.items() if values[n] > values[other]]
