# SPDX-License-Identifier: BSD-2-Clause
"""The console session of tools/test: its cases, one after the other in one session."""

from . import console_stop  # noqa: F401  its cases come behind those of console_cases
from . import core
from .cases import run_in_turn
from .console_cases import CASES, case
from .core import Job, Part
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
    """The cases in one session. With a seed the kernel takes the CPU away at random."""

    def start():
        words = f"seed={seed}" if seed is not None else ""
        session = Session(context, f"console-{seed}", ["--append", words], interactive=True)
        try:
            session.prompt()
        except BaseException:
            session.__exit__()
            raise
        return session

    again = f"--seed={seed}" if seed is not None else ""
    return run_in_turn(CASES, pattern, start, lambda session, function: function(session), again=again, last=(LAST,))


def part(context):
    seeds = [context.seed] if context.seed is not None else [None] + list(range(1, SOAK_SEEDS + 1 if context.soak else 1))

    def job(seed):
        return Job(lambda context, pattern: run_cases(context, pattern, seed), CASES.names())

    return Part("console", [job(seed) for seed in seeds])
