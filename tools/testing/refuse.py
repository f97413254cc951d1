# SPDX-License-Identifier: BSD-2-Clause
"""The part `refuse` of tools/test: every single allocation refused in turn, memory that is full with one frame more each time,
programs with too small a limit, tables that are full, and what is said of all that (user/programs/refuse)."""

import os
import re

from . import core
from .boot import mkimage
from .console import Session
from .core import Failed, Part, simple_job

SECONDS = 300
LIMITS = 24  # programs with limits of 1, 2, 3, ... pages
NEXT, NEXT_SOAK = (1, 2, 3, 6, 7, 12, 14, 16), range(1, 40)


def refuse(words, memory="256M"):
    """Run the program refuse to its end; it judges itself."""

    def run(context):
        name = "refuse-" + (words or "each").replace(" ", "-")
        with Session(context, name, ["--icount", "--memory", memory], SECONDS) as session:
            session.prompt()
            session.type(f"run refuse {words}\r")
            session.expect(r"refuse: .*nothing is lost$|refuse was ended by a fault|refuse ended with")
            if "nothing is lost" not in session.text:
                raise Failed("it found something wrong", core.tail(session.text))
            session.type("\recho still here\r")
            session.expect(r"^still here$", "an answer of the shell")

    return run


def at_prompt(context):
    """What a person sees who starts ping while the n-th allocation from then on is refused."""
    told = 0
    with Session(context, "refuse-prompt", ["--icount"], SECONDS) as session:
        session.prompt()
        session.command("run ping 1")
        session.command("run refuse next 0")
        for n in NEXT_SOAK if context.soak else NEXT:
            session.command(f"run refuse next {n}")
            output = session.command("run ping 1")
            if "1 round trips" in output:
                continue
            if not re.search(r"^not started: (ping|pong): .*: no memory$|no memory left for address", output, re.MULTILINE):
                raise Failed(f"refused {n}: it is not said that memory was missing", core.tail(output))
            told += 1
            if "1 round trips" not in session.command("run ping 1"):
                raise Failed(f"after {n} was refused ping does not run", core.tail(session.text))
    if told < len(NEXT) // 2:
        raise Failed(f"only {told} of the refusals were seen")


def limits(context):
    """The image with further programs, that may take up 1, 2, 3, ... pages: each is refused in words until one has enough."""
    folder = context.path("refuse-limits")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(core.ROOT, "user", "system.lyk"), encoding="utf-8") as f:
        system = f.read()
    head, rest = system.split("# ping and pong", 1)
    ping = "# ping and pong" + rest.split("# fault:", 1)[0]
    programs = "".join(
        f"program p{n}\n    file tenant\n    args stack\n    memory {n} pages\n    endpoints main\n    start on demand\n"
        for n in range(1, LIMITS + 1)
    )
    path = os.path.join(folder, "system.lyk")
    with open(path, "w", encoding="utf-8") as f:
        f.write(head + ping + programs)
    files = [os.path.join(context.build, "user", name) for name in
             ("init", "bank", "pager", "console", "shell", "ping", "pong", "tenant")]
    done = mkimage(os.path.join(folder, "archive"), *files, path)
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    well = 0
    with Session(context, "refuse-limits", ["--icount", "--archive", os.path.join(folder, "archive")], SECONDS) as session:
        session.prompt()
        for n in range(1, LIMITS + 1):
            output = session.command(f"run p{n}")
            told = re.search(r"^not started: .*: no memory$|no memory left for address .*may take up \d+ KiB", output, re.MULTILINE)
            well = 0 if told else well + 1
            if not told and "fault" in output or "ended with" in output:
                raise Failed(f"with {n} pages it ends otherwise", core.tail(output))
        if "1 round trips" not in session.command("run ping 1"):
            raise Failed("ping does not run", core.tail(session.text))
    if not 0 < well < LIMITS - 5:
        raise Failed(f"{well} of {LIMITS} run")


def part(context):
    jobs = [
        simple_job("each", "every single allocation is refused in turn: a result in words, nothing lost", refuse("")),
        simple_job("full", "memory is full, with one frame more each time: the same", refuse("full")),
        simple_job("prompt", "a start that is refused memory says at the prompt what was missing", at_prompt),
        simple_job("limits", "a program with too small a limit is refused in words, at each step of its start", limits),
    ]
    return Part("refuse", jobs)
