# SPDX-License-Identifier: BSD-2-Clause
"""The projects of user/projects: written with the kit alone, and so tested as their authors would: copied outside of the tree, with the
unpacked kit and nothing else in PATH, `make test` there. All cases must pass, and be as many as are known."""

import os
import re
import shutil

from . import core, projects_lua, unpacked
from .core import Failed, Part, Skipped, simple_job

FOLDER = os.path.join(core.ROOT, "user", "projects")
SECONDS = 900
SOAK_SEEDS = 20
# Each project: how many cases its `make test` has in one round. One is without preemption, one with each seed.
PROJECTS = {
    "keyvalue": 35,
    "lua": 45,
    "ramdisk": 25,
}
# What else is done with one that was built.
MORE = {"lua": projects_lua.prompt}


def environment(context, kit, folder):
    """A user's; and what a project fetches is fetched once, and kept with what was built."""
    return unpacked.environment(kit, folder) | {"FETCHED": os.path.join(context.build, "fetched")}


def job(name, cases):
    def run(context):
        asked = [context.seed] if context.seed is not None else range(1, SOAK_SEEDS + 1 if context.soak else 2)
        command = ["make", "test", f"SEEDS={' '.join(map(str, asked))}"]
        all_cases = cases * (1 + len(asked))
        kit = unpacked.shared(context)
        folder = context.path("projects", name)
        shutil.copytree(os.path.join(FOLDER, name), folder, ignore=shutil.ignore_patterns("build"))
        status, text = context.run(command, SECONDS, env=environment(context, kit, folder), cwd=folder)
        missing = re.search(r"^fetch: (there is no source of .*)", text, re.MULTILINE)
        if missing:
            raise Skipped(missing[1])
        last = (text.splitlines() or [""])[-1]
        if status != 0 or last != f"{all_cases} passed, 0 failed":
            failed = [line for line in text.splitlines() if line.startswith(("FAILED", "    repeat: "))]
            raise Failed(f"make test ends with status {status} and {last!r}, not {all_cases} passed", failed + core.tail(text))
        if name in MORE:
            MORE[name](context, kit, folder)

    return simple_job(name, f"{name}: built and tested with the kit, outside of the tree", run)


def lua_source(context):
    projects_lua.fetch(context, os.path.join(FOLDER, "lua", "fetch"))


def complete(_context):
    """What lies in the folder is tested."""
    there = {name for name in os.listdir(FOLDER) if os.path.exists(os.path.join(FOLDER, name, "Makefile"))}
    if there != set(PROJECTS):
        raise Failed("the folder has other projects", [f"not tested: {sorted(there - set(PROJECTS))}", f"not there: {sorted(set(PROJECTS) - there)}"])


def part(_context):
    jobs = [job(name, cases) for name, cases in PROJECTS.items()]
    jobs.append(simple_job("lua_source", "the source of lua is fetched once, and is what it should be, or that is told in a line", lua_source))
    jobs.append(simple_job("complete", "each project of the folder is tested", complete))
    return Part("projects", jobs)
