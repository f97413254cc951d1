# SPDX-License-Identifier: BSD-2-Clause
"""The build checks of tools/test: both compilers without a warning, what is generated up to date, the same bytes from two
folders."""

import filecmp
import os
import re
import shutil
import subprocess

from . import core
from .core import Failed, Part, Skipped, simple_job

BUILD_SECONDS = 300
PRODUCTS = ("lykos", "archive", "lykos.iso")


def copy_sources(target):
    """The tree as it is, without what was built: what git knows, and what is new and not ignored."""
    if os.path.isdir(os.path.join(core.ROOT, ".git")) and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=core.ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    else:
        names = []
        for folder, folders, files in os.walk(core.ROOT):
            folders[:] = [f for f in folders if f not in ("build", "build-clang", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), core.ROOT) for f in files]
    for name in filter(None, names):
        source = os.path.join(core.ROOT, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy2(source, os.path.join(target, name))


def make(context, folder, *words):
    """make with one job, as one of two workers; whatever options this make itself was given are not passed on."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "T")}
    status, text = context.run(["make", "-j1", "-C", folder, *words], BUILD_SECONDS, env=env, cwd=folder)
    if status != 0:
        raise Failed(f"make {' '.join(words)} failed", core.tail(text))
    warnings = [line for line in text.splitlines() if re.search(r"\bwarning\b", line, re.IGNORECASE)]
    if warnings:
        raise Failed("there are warnings", warnings[:10])
    return text


def compiler(cc):
    def run(context):
        if shutil.which(cc) is None:
            raise Skipped(f"{cc} is missing: sudo apt-get install {cc}")
        folder = context.path(f"with-{cc}")
        copy_sources(folder)
        make(context, folder, f"CC={cc}", "BUILD=out", "all")
        command = context.qemu_command(f"build-{cc}", "--archive", "none", "--append", "selftest", "--timeout", "120")
        command[command.index("--build") + 1] = os.path.join(folder, "out")
        status, text = context.run(command, 150)
        if status == core.MISSING:
            return
        if status != core.PASS:
            raise Failed(f"the self-tests of the kernel that {cc} built end with {core.words_of(status)}", core.tail(text))

    return simple_job(cc, f"{cc} builds without a warning a kernel whose self-tests pass", run)


def generated(context):
    command = ["tools/genabi.py", "kernel/abi/lykos.toml", "--docs", "docs/abi.md", "--check"]
    status, text = context.run(["/usr/bin/env", "python3", *command], 60)
    if status != 0:
        raise Failed("docs/abi.md is not what kernel/abi/lykos.toml says; make docs writes it again", core.tail(text))


def reproducible(context):
    folders = [context.path("one"), context.path("another", "place", "with-a-longer-name")]
    for folder in folders:
        copy_sources(folder)
        make(context, folder, "BUILD=out", "all")
        if all(shutil.which(tool) for tool in ("grub-mkrescue", "xorriso", "mformat")):
            make(context, folder, "BUILD=out", "iso")
    for product in PRODUCTS:
        a, b = (os.path.join(folder, "out", product) for folder in folders)
        if not os.path.exists(a) and product == "lykos.iso":
            continue
        if not filecmp.cmp(a, b, shallow=False):
            raise Failed(f"{product} differs between two builds of the same sources")


def incremental(context):
    """Nothing is built again when nothing has changed."""
    folder = context.path("incremental")
    copy_sources(folder)
    make(context, folder, "BUILD=out", "all")
    again = make(context, folder, "BUILD=out", "all")
    built = [line for line in again.splitlines() if re.match(r"\s+[A-Z]+ ", line)]
    if built:
        raise Failed("a second make builds something", built[:10])


def part(_context):
    return Part(
        "build",
        [
            compiler("gcc"),
            compiler("clang"),
            simple_job("generated", "what is generated is up to date", generated),
            simple_job("reproducible", "two builds in two folders give the same bytes", reproducible),
            simple_job("incremental", "a second make has nothing to do", incremental),
        ],
    )
