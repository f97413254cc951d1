# SPDX-License-Identifier: BSD-2-Clause
"""The example programs of user/programs, each of which tells a story on the console and judges it itself: run from the command
line on the virtual clock, as they are, while the kernel takes the CPU away at random, and without the fast path; and at the
prompt, as a person would, where they must leave nothing behind."""

import dataclasses
import re

from . import core
from .console_cases import memory_besides
from .core import Failed, Job, Part, Result, Skipped
from .session import Session

SECONDS = 120
SOAK_SEEDS = 20
WRONG = "NOT AS IT SHOULD BE"
WHOLE = "that is the whole story, and all of it is right"


@dataclasses.dataclass
class Example:
    """What must be seen of a program, in this order, before its last line. any_clock: what it says does not depend on how
    even the machine's clock goes, so it is run at the prompt as well."""

    seen: list
    any_clock: bool = False


EXAMPLES = {
    "watchdog": Example(
        [
            r"waiter is stopped: it waits for the answer of silent, in a closed wait",
            r"waiter may go on",
            r"waiter has given a sign again",
            r"holder is stopped, in spite of its deferral: it was running, at 0x[0-9a-f]+",
            r"waiter was warned: it is destroyed",
            r"calm one gave its signs and was never stopped",
        ],
        any_clock=True,
    ),
    "fixer": Example(
        [
            r"page 7 of its array is mapped now",
            r"its register rbx is 0x[0-9a-f]+ now",
            r"the handler itself: it faulted at 0x[0-9a-f]+: access to memory that is not mapped \(0x0\)",
        ],
        any_clock=True,
    ),
    "deadline": Example([r"timed out", r"cancelled", r"\b0 of them were not as they should be"]),
    "taxman": Example(
        [
            r"one with a read-only GPT: refused, 1 hole: shelf: a GPT that is not both weak and read-only",
            r"one that has the console: refused, 1 hole: by system\.lyk, console = entry console\.main: an Entry: messages",
            r"one that is not sealed: refused, state changed",
            r"a forged one: refused, not found",
            r"the fair one: sealed, and no holes",
            r"its insides are not found through the bank that pays",
            r"the tax is 38300; the program ended with status 17747, after \d+ tries",
            r"it writes to the handler: access to 0xc0005000, where nothing is mapped",
            r"mistakes and a fault that nobody handles are in no log",
            r"the office saw 24 messages",
            r"there the office hears",
        ],
        any_clock=True,
    ),
    "byhand": Example([r"\b0 of them were not as they should be"]),
    "fairshare": Example([r"as it likes", r"worked and rested"]),
}


def look_for(name, output):
    """What must be seen, and what must not."""
    at = 0
    for pattern in EXAMPLES[name].seen + [WHOLE]:
        found = re.compile(rf"^{name}: .*{pattern}", re.MULTILINE).search(output, at)
        if not found:
            raise Failed(f"not seen, or not in its place: {pattern!r}", core.tail(output))
        at = found.end()
    if WRONG in output:
        raise Failed("the program itself found something wrong", core.tail(output))


def run_example(context, name, seed, nofast):
    """One program from the command line, to the machine's end."""
    words = [f"run={name}"] + ([f"seed={seed}"] if seed is not None else []) + (["nofast"] if nofast else [])
    how = f"examples-{name}-{seed}" + ("-nofast" if nofast else "")
    status, output = context.qemu(how, SECONDS, "--icount", "--append", " ".join(words))
    look_for(name, output)
    if status != core.PASS:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(output))


def command_line_job(seed, nofast):
    """All of the examples, each in a boot of its own."""

    def run(context, pattern):
        results = []
        again = " ".join(([f"--seed={seed}"] if seed is not None else []) + (["--nofast"] if nofast else []))
        for name in EXAMPLES:
            if not core.matches(name, pattern):
                continue
            try:
                run_example(context, name, seed, nofast)
                results.append(Result(name, "pass", "tells its story, and all of it is right"))
            except Failed as failure:
                results.append(Result(name, "fail", failure.lines[0], failure.lines[1:], again))
            except Skipped as why:
                results.append(Result(name, "skip", str(why)))
        return results

    return Job(run, list(EXAMPLES))


PROMPT = "at_the_prompt"


def at_the_prompt(context, _pattern):
    """Twice, on the real clock. Nothing of them is left."""
    text = "told at the prompt, twice, and no memory is lost"
    names = [name for name, example in EXAMPLES.items() if example.any_clock]
    try:
        with Session(context, "examples-prompt", [], SECONDS, interactive=True) as session:
            session.prompt()
            for name in names:  # servers that they need stay, and tables of init's that have grown
                look_for(name, session.command(f"run {name}"))
            before = session.command("mem")
            for name in names:
                look_for(name, session.command(f"run {name}"))
            after = session.command("mem")
            if memory_besides(before) != memory_besides(after):
                raise Failed("mem says something else behind them", core.tail(before) + core.tail(after))
            session.type("halt\r")
            session.end(core.PASS)
    except Failed as failure:
        return [Result(PROMPT, "fail", failure.lines[0], failure.lines[1:])]
    except Skipped as why:
        return [Result(PROMPT, "skip", str(why))]
    return [Result(PROMPT, "pass", text)]


def part(context):
    if context.seed is not None:
        runs = [(context.seed, context.nofast)]
    else:
        seeds = [None] + list(range(1, SOAK_SEEDS + 1 if context.soak else 2))
        runs = [(seed, context.nofast) for seed in seeds]
        if context.soak and not context.nofast:
            runs += [(seed, True) for seed in seeds[:2]]
        elif not context.soak:
            runs[1] = (1, True)  # once for both: taken the CPU away, and without the fast path
    jobs = [command_line_job(seed, nofast) for seed, nofast in runs]
    return Part("examples", jobs + [Job(at_the_prompt, [PROMPT])])
