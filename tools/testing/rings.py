# SPDX-License-Identifier: BSD-2-Clause
"""The part `rings` of tools/test: a ring queue between two programs that init builds, each with a bank and a pager of its own
(tests/programs/ringclient, ringserver): capabilities that are not what they are said to be, pages that are taken away, a server
that ends."""

import os

from . import core, images
from .core import Failed, Job, Part, Result, Skipped

SECONDS = 120
SOAK_SEEDS = 20
CASE = "programs"
SAID = ["lies were not believed", "all records have arrived", "the server has survived the end of its client's pages",
        "the end of the server was found"]
PROGRAMS = """
program ringserver
    priority  {server}
    endpoints main
    cap console = entry console.main
    cap sleep   = sleep
    cap space   = space
    cap discrim = discrim
    start       at boot

program ringclient
    priority  {client}
    endpoints main
    cap console = entry console.main
    cap sleep   = sleep
    cap space   = space
    cap discrim = discrim
    cap bank    = bank 100 pages
    cap server  = entry ringserver.main
    start       on demand
"""


def run_once(context, seed, server, client):
    names = ("ringserver", "ringclient")
    files = [os.path.join(context.build, "test", "programs", name) for name in names]
    archive = images.changed(context, [], PROGRAMS.format(server=server, client=client), files)
    words = ["run=ringclient"] + ([f"seed={seed}"] if seed is not None else [])
    name = f"rings-{seed}-{server}-{client}"
    status, output = context.qemu(name, SECONDS, "--icount", "--archive", archive, "--append", " ".join(words))
    at = 0
    for said in SAID:
        at = output.find(f"ringclient: {said}", at)
        if at < 0:
            raise Failed(f"not said, or not in its place: {said!r}", core.tail(output))
    if status != core.PASS:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(output))


def part(context):
    seeds = [context.seed] if context.seed is not None else [None] + list(range(1, SOAK_SEEDS + 1 if context.soak else 3))

    def run_with(seed):
        def run(context, _pattern):
            again = f"--seed={seed}" if seed is not None else ""
            try:
                for server, client in ((110, 100), (100, 100), (100, 110)):
                    run_once(context, seed, server, client)
            except Failed as failure:
                return [Result(CASE, "fail", failure.lines[0], failure.lines[1:], again)]
            except Skipped as why:
                return [Result(CASE, "skip", str(why))]
            return [Result(CASE, "pass", "rings between programs: lies are refused, records arrive, ends are told")]

        return run

    return Part("rings", [Job(run_with(seed), [CASE]) for seed in seeds])
