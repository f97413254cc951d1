# SPDX-License-Identifier: BSD-2-Clause
"""The debugger of tools/test: `make debug` on a pseudo-terminal, as a person would use it. Ctrl-C stops the machine, and neither
ends QEMU nor make; the commands `lykos ...` tell the truth of a machine that is stopped at a known place, and the same of a dump of it;
and nothing is left when gdb ends. The cases are in debug_cases.py, those of dumps in debug_dump.py."""

import os
import re
import shutil
import signal

from . import core, debug_cases, debug_dump
from .core import Failed, Job, Part, Result, simple_job
from .debug_cases import need
from .debug_session import Debugger, archive


def interrupt(gdb):
    if not gdb.machine():
        raise Failed("QEMU is not found while it runs")
    gdb.console(r"^lykos> *$")


def quit_ends(gdb):
    gdb.type("quit\n")
    gdb.end(0)
    gdb.gone()


EXCHANGES = 3
STEPS = 100
KILLED = ("killed", "QEMU ends when gdb and all around it are killed")


def in_one_session(context, pattern):
    """All cases of debug_cases.py in one session. They build on each other, so those before one that is chosen run with it."""
    results = []
    first, last = ("interrupt", "Ctrl-C stops the machine, which goes on by continue", interrupt), (
        "quit",
        "QEMU ends when gdb ends",
        quit_ends,
    )
    cases = [first, *debug_cases.CASES]
    chosen = [i for i, case in enumerate(cases) if core.matches(case[0], pattern)]
    cases = cases[: chosen[-1] + 1] if chosen else cases[:1]
    cases += [last] if core.matches("quit", pattern) else []
    name, text = cases[0][:2]
    try:
        with Debugger(context, "--archive", archive(context)) as gdb:
            for name, text, function in cases:
                function(gdb)
                results.append(Result(name, "pass", text))
    except Failed as failure:
        results.append(Result(name, "fail", text, failure.lines))
    return results


def killed(context):
    name, text = KILLED
    try:
        with Debugger(context) as gdb:
            gdb.go_on(0.5)
            os.killpg(gdb.process.pid, signal.SIGKILL)
            gdb.gone()
            shutil.rmtree(os.path.dirname(gdb.socket), ignore_errors=True)  # who would have done that was killed
    except Failed as failure:
        return [Result(name, "fail", text, failure.lines)]
    return [Result(name, "pass", text)]


def exchanged(context):
    """Stopped where, by the symbols of another program, functions begin that stand in others: gdb would die when they are exchanged."""
    with Debugger(context) as gdb:
        gdb.console(r"^lykos> *$")
        gdb.command("lykos program hello")
        gdb.command("lykos type start deadlock")
        gdb.console(r"^deadlock: ready")
        for _ in range(EXCHANGES):
            gdb.go_on(0.2)
            rip = gdb.command("print $rip")
            gdb.command("lykos program deadlock")
            trace = gdb.command("bt")
            if not re.search(r"^#0  busy \(.*\) at user/programs/deadlock/main\.c:\d+$", trace, re.MULTILINE):
                raise Failed("the program that computes all the time is not where it was stopped", core.tail(rip + trace))
            gdb.command("lykos program hello")
            need(gdb.command("bt"), r"^#0 ")
        quit_ends(gdb)


def stepped(context):
    """Line by line through a program that has touched nothing yet, into the call of a server and out of it: never into the kernel."""
    with Debugger(context) as gdb:
        gdb.console(r"^lykos> *$")
        gdb.command("lykos program ping")
        gdb.command('tbreak main if $lykos_runs("ping")')
        gdb.command("lykos type run ping 3")
        need(gdb.stops(), r"^Temporary breakpoint \d+, main \(\) at user/programs/ping/main\.c:\d+$")
        called = False
        for _ in range(STEPS):
            said = gdb.command("step")
            if "arch/x86_64" in said or "??" in said:
                raise Failed("it steps into the kernel", core.tail(said))
            called |= "lk_invoke_regs (" in said
            if called and re.search(r"^#0 .*\bmain \(\) at user/programs/ping", gdb.command("bt 1"), re.MULTILINE):
                break
        else:
            raise Failed(f"{STEPS} steps do not lead out of the call", core.tail(gdb.text))
        quit_ends(gdb)


def with_gdb(function):
    def run(context, pattern):
        if shutil.which("gdb") is None:
            return [Result("gdb", "skip", "gdb is missing: sudo apt-get install gdb")]
        return function(context, pattern)

    return run


def part(_context):
    live = ["interrupt", *(name for name, _, _ in debug_cases.CASES), "quit"]
    jobs = [Job(with_gdb(in_one_session), live), Job(with_gdb(lambda context, _: killed(context)), [KILLED[0]])]
    alone = [
        ("exchanged", "symbols are exchanged wherever the machine was stopped", exchanged),
        ("stepped", "step goes over page faults and system calls", stepped),
    ]
    for name, text, function in [*debug_dump.CASES, *alone]:
        jobs.append(Job(with_gdb(simple_job(name, text, function).run), [name]))
    return Part("debug", jobs)
