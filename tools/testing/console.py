# SPDX-License-Identifier: BSD-2-Clause
"""The console session of tools/test: its cases, one after the other in one session."""

from . import console_stop  # noqa: F401  its cases come behind those of console_cases
from . import core
from .console_cases import CASES, case
from .core import Failed, Job, Part, Result, Skipped
from .session import Session, need

SOAK_SEEDS = 20

@case("reboot starts the machine again")
def reboot(session):
    session.type("reboot\r")
    session.expect(r"Lykos [0-9]", "the first line of the kernel again")
    session.prompt()
    need(session, session.command("echo again"), r"^again$")


@case("halt ends the machine, and QEMU with status 0")
def halt(session):
    session.type("halt\r")
    session.end(core.PASS)


LAST = "halt"


def run_cases(context, pattern, seed=None):
    """The cases in one session. One that fails, or ends the machine, leaves the next a new session. With a seed the kernel
    takes the CPU away at random."""
    results = []
    session = None
    words = f"seed={seed}" if seed is not None else ""
    again = f"--seed={seed}" if seed is not None else ""
    for name, text, function in CASES:
        if not core.matches(name, pattern):
            continue
        try:
            if session is None:
                session = Session(context, f"console-{seed}", ["--append", words], interactive=True)
                session.prompt()
            function(session)
            results.append(Result(name, "pass", text))
            broken = name == LAST
        except Failed as failure:
            results.append(Result(name, "fail", text, failure.lines, again))
            broken = True
        except Skipped as why:
            results.append(Result(name, "skip", str(why)))
            broken = True
        if broken and session is not None:
            session.__exit__()
            session = None
    if session is not None:
        session.__exit__()
    return results


def part(context):
    names = [name for name, _, _ in CASES]
    seeds = [context.seed] if context.seed is not None else [None] + list(range(1, SOAK_SEEDS + 1 if context.soak else 1))

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, seed), names)

    return Part("console", [job(seed) for seed in seeds])
