# SPDX-License-Identifier: BSD-2-Clause
"""The projects of user/projects: written with the kit alone, and so tested as their authors would: copied outside of the tree, with the
unpacked kit and nothing else in PATH, `make test` there. All cases must pass, and be as many as are known."""

import os
import shutil

from . import core, unpacked
from .core import Failed, Part, simple_job

FOLDER = os.path.join(core.ROOT, "user", "projects")
SECONDS = 900
# Each project, and how many cases its `make test` has.
PROJECTS = {
    "keyvalue": 140,
    "ramdisk": 100,
}


def job(name, cases):
    def run(context):
        kit = unpacked.shared(context)
        folder = context.path("projects", name)
        shutil.copytree(os.path.join(FOLDER, name), folder, ignore=shutil.ignore_patterns("build"))
        status, text = context.run(["make", "test"], SECONDS, env=unpacked.environment(kit, folder), cwd=folder)
        last = (text.splitlines() or [""])[-1]
        if status != 0 or last != f"{cases} passed, 0 failed":
            failed = [line for line in text.splitlines() if line.startswith(("FAILED", "    repeat: "))]
            raise Failed(f"make test ends with status {status} and {last!r}, not {cases} passed", failed + core.tail(text))

    return simple_job(name, f"{name}: built and tested with the kit, outside of the tree", run)


def complete(_context):
    """What lies in the folder is tested."""
    there = {name for name in os.listdir(FOLDER) if os.path.exists(os.path.join(FOLDER, name, "Makefile"))}
    if there != set(PROJECTS):
        raise Failed("the folder has other projects", [f"not tested: {sorted(there - set(PROJECTS))}", f"not there: {sorted(set(PROJECTS) - there)}"])


def part(_context):
    return Part("projects", [*(job(*item) for item in PROJECTS.items()), simple_job("complete", "each project of the folder is tested", complete)])
