# SPDX-License-Identifier: BSD-2-Clause
"""The part `refuse` of tools/test: every single allocation refused in turn, memory that is full with one frame more each time,
programs with too small a limit, tables that are full, and what is said of all that (user/programs/refuse)."""

import os
import re

from . import core, images
from .boot import mkimage
from .core import Failed, Part, simple_job
from .session import Session

SECONDS = 300
HALT_SECONDS = 120
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


def archive_with(context, name, programs):
    """Options to boot with the first servers, ping and pong, and these further programs of the description, of file tenant."""
    folder = context.path("refuse-" + name)
    os.makedirs(folder, exist_ok=True)
    head, rest = core.system_text().split("# ping and pong", 1)
    system = head + "# ping and pong" + rest.split("# fault:", 1)[0]
    for program, lines in programs.items():
        system += f"program {program}\n    file tenant\n    endpoints main\n    start on demand\n    {lines}\n"
    return image(context, folder, system, ["ping", "pong", "tenant"])


def image(context, folder, system, more):
    """Options to boot with this description, and with programs beside the first servers."""
    names = ["init", "bank", "pager", "console", "shell"] + more
    archive = os.path.join(folder, "archive")
    done = mkimage(archive, *[os.path.join(context.build, "user", name) for name in names], images.table(context, folder, system))
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    return ["--icount", "--archive", archive]


def limits(context):
    """Programs that may take up 1, 2, 3, ... pages: each is refused in words until one has enough."""
    programs = {f"p{n}": f"args stack\n    memory {n} pages" for n in range(1, LIMITS + 1)}
    more = archive_with(context, "limits", programs)
    well = 0
    with Session(context, "refuse-limits", more, SECONDS) as session:
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


def hungry(context):
    """Who takes all that it can get: one is stopped by its limit, one by the machine's end, and the rest goes on."""
    more = archive_with(context, "hungry", {"small": "args eat\n    memory 200 pages", "large": "args eat\n    memory 100000 pages"})
    with Session(context, "refuse-hungry", more + ["--memory", "32M"], SECONDS) as session:
        session.prompt()
        output = session.command("run small")
        if not re.search(r"^small was ended by a fault: no memory left for address 0x4\w+ \(it may take up 800 KiB\)$", output, re.MULTILINE):
            raise Failed("small is not ended in words", core.tail(output))
        session.type("start large\r")
        session.expect(r"fault in program large: no memory left for address 0x4\w+ \(it may take up 400000 KiB\)$")
        session.expect(r"it stays stopped: 'caps large' shows what it holds, 'destroy large' removes it$")
        session.type("\r")
        session.prompt()
        output = session.command("run ping 1")
        if not re.search(r"^not started: p[io]ng: .*: no memory$", output, re.MULTILINE):
            raise Failed("that ping finds no memory is not said", core.tail(output))
        output = session.command("ps")
        for name, state in (("console", "receiving"), ("shell", "receiving"), ("large", "faulted")):
            if not re.search(rf"^{name} +{state}", output, re.MULTILINE):
                raise Failed(f"{name} is not {state}", core.tail(output))
        session.command("destroy large")
        if "1 round trips" not in session.command("run ping 1"):
            raise Failed("ping does not run when there is memory again", core.tail(session.text))


def given_up(name, how, *phrases):
    """One of the first two servers ends as soon as it has begun, each time: init gives up, and says what that means. `how`: by a
    fault (null), or because its main returns (help)."""

    def run(context):
        folder = context.path(f"refuse-up-{name}-{how}")
        os.makedirs(folder, exist_ok=True)
        system = core.system_text().split("# ping and pong", 1)[0]
        system = system.replace(f"program {name}\n", f"program {name}\n    file fault\n    args {how}\n")
        halts(context, f"refuse-up-{name}-{how}", image(context, folder, system, ["fault"]), phrases)

    return run


def given_up_later(name):
    """One of the first two servers is made to fault when all is well, as often as it takes (user/programs/probe)."""

    def run(context):
        phrases = (f"{name} faulted 10 times within 1 s", "the system stops here")
        halts(context, f"refuse-later-{name}", ["--icount", "--append", f"run=probe,break,{name}"], phrases)

    return run


def halts(context, name, options, phrases):
    """The machine halts, and says why."""
    status, text = context.qemu(name, HALT_SECONDS, *options)
    if status != core.FAIL:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(text))
    for phrase in phrases:
        if phrase not in text:
            raise Failed(f"nothing was said like '{phrase}'", core.tail(text))


def part(context):
    jobs = [
        simple_job("each", "every single allocation is refused in turn: a result in words, nothing lost", refuse("")),
        simple_job("full", "memory is full, with one frame more each time: the same", refuse("full")),
        simple_job("banks", "with no bank left a start is refused in words", refuse("banks-full")),
        simple_job("prompt", "a start that is refused memory says at the prompt what was missing", at_prompt),
        simple_job("limits", "a program with too small a limit is refused in words, at each step of its start", limits),
    ]
    jobs += [
        simple_job("hungry", "who takes all memory is stopped in words, and the rest goes on", hungry),
        simple_job("pager-faults", "a pager that faults each time it has begun is given up in words",
                   given_up("pager", "null", "pager faulted 10 times within 1 s", "the system stops here")),
        simple_job("bank-faults", "a bank that faults at once is given up in words", given_up("bank", "null", "the system stops here")),
        simple_job("pager-returns", "so is a pager whose main returns",
                   given_up("pager", "help", "pager faulted 10 times within 1 s", "the system stops here")),
        simple_job("bank-returns", "so is a bank whose main returns", given_up("bank", "help", "the system stops here")),
        simple_job("pager-later", "a pager that faults again and again when all was well is given up in words", given_up_later("pager")),
        simple_job("bank-later", "so is such a bank", given_up_later("bank")),
    ]
    if context.soak:
        text = "with no row left in init's table a start is refused in words"
        jobs.append(simple_job("table", text, refuse("table-full", "512M")))
    return Part("refuse", jobs)
