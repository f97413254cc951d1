# SPDX-License-Identifier: BSD-2-Clause
"""The part `newlib` of tools/test: the program newlibtest checks the C library from inside (tests/programs/newlibtest); here is
looked at what it wrote, and how it ended."""

import os

from . import core, images
from .core import Failed, Job, Part, Result

SECONDS = 120
SEEDS_SOAK = 20

PROGRAM = """
program {name}
    file      newlibtest
    priority  20
    slice     1 ms
    stack     16 pages
    memory    640 pages
    args      {args}
    endpoints main
    cap console  = entry console.main
    cap sleep    = sleep
    cap space    = space
    cap schedule = schedule
    cap memory   = range 64 pages
    start     on demand
"""

LETTERS = "".join(chr(ord("a") + i % 26) for i in range(300))
# In this order, each a whole line.
SEEN = [
    "seed {seed}",
    "there is memory again",
    "4 members at once, 11400 bytes",
    "there is memory again",
    "a line of 2 parts, put together",
    "puts writes a line",
    "two lines",
    "in one",
    LETTERS[:240],
    LETTERS[240:],
    "standard error: Mathematics argument out of domain of function",
    "{checks} checks, 0 wrong",
    "the end comes, and is not ended",
]
AFTER_ROWS = SEEN[2]
WRITERS, ROWS, ROW_BYTES = 3, 40, 200  # of tests/programs/newlibtest/threads.c
# How it ends: the words before, and the status of the machine.
ENDS = {
    "abort": (["before abort", "it has called abort()"], core.FAIL),
    "assert": (['assertion "strcmp(word, "not this") == 0" failed', "it has called abort()"], core.FAIL),
    "stranger": (["a thread that is in no team takes a lock"], core.FAIL),
    "exit": (["the end comes, and is not ended", "ended with status 7"], core.FAIL),
}


def boot(context, name, args, more):
    """Run it as the only program that is started; exit status and console."""
    program = os.path.join(context.build, "test", "programs", "newlibtest")
    archive = images.changed(context, [], PROGRAM.format(name=name, args=args), [program])
    return context.qemu(f"newlib-{name}", SECONDS, "--icount", "--archive", archive, *more)


def rows(lines):
    """Whole lines of three members at once, while a fourth one reads, each once."""
    wanted = [(f"row {me} {number:03} ").ljust(ROW_BYTES - 2, chr(ord("a") + number % 26)) for me in range(WRITERS) for number in range(ROWS)]
    if sorted(lines) != sorted(wanted):
        wrong = [line for line in lines if line not in wanted]
        raise Failed(f"of {len(wanted)} lines written to the console at once not each is there once: {len(lines)}", wrong[: core.TAIL])


def look_for(output, wanted):
    at = 0
    for line in wanted:
        found = output.find(line, at)
        if found < 0:
            raise Failed(f"not seen, or not in its place: {line!r}", core.tail(output))
        at = found + len(line)


def checks(context, seed, cpus, how):
    number = seed if seed is not None else 1
    words = "run=newlibtest" + (f" seed={seed}" if seed is not None else "") + (" nofast" if how == "nofast" else "")
    status, output = boot(context, "newlibtest", f'{number} "two words" last', ["--cpus", str(cpus), "--append", words])
    lines = [line.removeprefix("newlibtest: ") for line in output.splitlines() if line.startswith("newlibtest: ")]
    wrong = [line for line in lines if line.startswith("WRONG")]
    if wrong:
        raise Failed(wrong[0], wrong)
    counted = next((line.split()[0] for line in lines if line.endswith("checks, 0 wrong")), "?")
    first = next((n for n, line in enumerate(lines) if line.startswith("row ")), 0)
    last = next((n for n, line in enumerate(lines) if line == AFTER_ROWS), len(lines))
    rows(lines[first:last])
    lines[first:last] = []
    wanted = [line.format(seed=number, checks=counted) for line in SEEN]
    if lines != wanted or counted == "?" or int(counted) < 10000:
        different = [f"{w!r}, and there was {g!r}" for w, g in zip(wanted, lines) if w != g]
        raise Failed("not as it should be: " + (different or ["lines are missing, or checks"])[0], core.tail(output))
    if status != core.PASS:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(output))


def ends(context, way):
    wanted, expected = ENDS[way]
    status, output = boot(context, way, way, ["--append", f"run={way}"])
    look_for(output, wanted)
    if status != expected:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(output))


def job(name, text, function, *args, again=""):
    def run(context, _pattern):
        try:
            function(context, *args)
        except Failed as failure:
            return [Result(name, "fail", text, failure.lines, again)]
        return [Result(name, "pass", text)]

    return Job(run, [name])


def part(context):
    jobs = []
    seeds = [None, *range(1, (SEEDS_SOAK if context.soak else 1) + 1)]
    for seed in [context.seed] if context.seed is not None else seeds:
        again = f"--seed={seed}" if seed is not None else ""
        text = "the library does what it says, for one thread and for four at once"
        jobs.append(job("checks", text, checks, seed, 1, "", again=again))
    jobs.append(job("nofast", "the same without the fast path", checks, context.seed, 1, "nofast"))
    jobs.append(job("cpus", "the same where there are four processors", checks, context.seed or 2, 4, ""))
    for way in ENDS:
        jobs.append(job(way, f"what {way}() does is seen", ends, way))
    return Part("newlib", jobs)
