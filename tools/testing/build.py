# SPDX-License-Identifier: BSD-2-Clause
"""The build checks of tools/test: both compilers without a warning, the same bytes from two folders."""

import filecmp
import os
import re
import shutil
import subprocess

from . import core, unpacked
from .core import Failed, Job, Part, Skipped, simple_job

BUILD_SECONDS = 300


def copy_sources(target):
    """The tree as it is, without what was built: what git knows, and what is new and not ignored."""
    if os.path.isdir(os.path.join(core.ROOT, ".git")) and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=core.ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    else:
        names = []
        for folder, folders, files in os.walk(core.ROOT):
            folders[:] = [f for f in folders if f not in ("build", "build-clang", "build-newlib", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), core.ROOT) for f in files]
    for name in filter(None, names):
        source = os.path.join(core.ROOT, name)
        if os.path.isfile(source):
            os.makedirs(os.path.dirname(os.path.join(target, name)), exist_ok=True)
            shutil.copy2(source, os.path.join(target, name))


def copy_built(context, target):
    """The tree with what was built in it, as a person has it who goes on working; tests' own files are not there. What is built of
    the copy is the same, so the options with which it was built stay, but for the name of the folder. Returns its name for BUILD."""
    copy_sources(target)
    name = os.path.relpath(context.build, core.ROOT)
    if name.startswith(os.pardir):
        return "build"  # nothing is known of it: it is built again
    shutil.copytree(context.build, os.path.join(target, name), ignore=shutil.ignore_patterns("run", "test", "tests", "unit", "fuzz"))
    os.symlink(os.path.join(core.ROOT, "build-newlib"), os.path.join(target, "build-newlib"))
    flags = os.path.join(target, name, "flags")
    written = os.stat(flags)
    with open(flags, "w", encoding="utf-8") as f:
        f.write(flags_of(core.ROOT, context.build).replace(".=", target + "="))
    os.utime(flags, ns=(written.st_atime_ns, written.st_mtime_ns))
    return name


def make(context, folder, *words):
    """make with one job, as one of the workers; whatever options this make itself was given are not passed on. newlib is not built again."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "T")}
    newlib = () if os.path.islink(os.path.join(folder, "build-newlib")) else (f"NEWLIB_BUILD={os.path.join(core.ROOT, 'build-newlib')}",)
    status, text = context.run(["make", "-j1", "-C", folder, *newlib, *words], BUILD_SECONDS, env=env, cwd=folder)
    if status != 0:
        raise Failed(f"make {' '.join(words)} failed", core.tail(text))
    warnings = [line for line in text.splitlines() if re.search(r"\bwarning\b", line, re.IGNORECASE)]
    if warnings:
        raise Failed("there are warnings", warnings[:10])
    return text


def selftest_of(context, cc, folder):
    """The self-tests of the kernel that was built there pass."""
    command = context.qemu_command(f"build-{cc}", "--archive", "none", "--append", "selftest", "--timeout", "120")
    command[command.index("--build") + 1] = os.path.join(folder, "out")
    status, text = context.run(command, 150)
    if status not in (core.PASS, core.MISSING):
        raise Failed(f"the self-tests of the kernel that {cc} built end with {core.words_of(status)}", core.tail(text))


def clang(context):
    if shutil.which("clang") is None:
        raise Skipped("clang is missing: sudo apt-get install clang")
    folder = context.path("clang")
    copy_sources(folder)
    make(context, folder, "CC=clang", "BUILD=out", "all", *(["tests"] if context.soak else []))
    selftest_of(context, "clang", folder)


def commit_points(context):
    status, text = context.run(["tools/check-commit"], 60)
    if status != 0:
        raise Failed("something behind a commit point may fail", core.tail(text))


# These three follow one another: each uses what the one before it has built.
OTHER = "other/place/with-a-longer-name"
PACKED = ("BUILD=out", "all", "out/libnewlib.a")  # what the image and the kit are packed of


def build_other(context):
    folder = context.path(OTHER)
    if not os.path.exists(folder):
        copy_sources(folder)
        make(context, folder, *PACKED)
    return folder


def gcc(context):
    selftest_of(context, "gcc", build_other(context))


def incremental(context):
    again = make(context, build_other(context), *PACKED)
    built = [line for line in again.splitlines() if re.match(r"\s+[A-Z]+ ", line)]
    if built:
        raise Failed("a second make builds something", built[:10])


def packed(context, root, build, out):
    """The image and the kit of what was built there, in a folder of their own."""
    os.makedirs(out)
    archive, kernel = os.path.join(build, "archive"), os.path.join(build, "lykos")
    commands = []
    if build == os.path.abspath(context.build):
        shutil.copy2(unpacked.archive(context), os.path.join(out, "kit"))
    else:
        commands += [["tools/make-kit", build, os.path.join(out, "kit")]]
    if all(shutil.which(tool) for tool in ("grub-mkrescue", "xorriso", "mformat")):
        commands.append(["tools/mkiso", kernel, archive, "boot/grub.cfg", os.path.join(out, "iso"), ""])
    for command in commands:
        status, text = context.run(command, BUILD_SECONDS, cwd=root)
        if status != 0:
            raise Failed(f"{command[0]} failed", core.tail(text))
    shutil.copy2(archive, out)
    shutil.copy2(kernel, out)


def flags_of(root, build):
    """The options of a build; the folder of the sources, which they name, is written as a dot."""
    with open(os.path.join(build, "flags"), encoding="utf-8") as f:
        return f.read().replace(root + "=", ".=")


def reproducible(context):
    """The other folder is held against what was built for these tests, if that was built with the same options."""
    folder, build = build_other(context), os.path.abspath(context.build)
    there = os.path.join(folder, "out")
    root = core.ROOT
    if flags_of(root, build) != flags_of(folder, there):
        root = context.path("one")
        build = os.path.join(root, "out")
        copy_sources(root)
        make(context, root, *PACKED)
    a, b = context.path("a"), context.path("b")
    packed(context, root, build, a)
    packed(context, folder, there, b)
    for product in os.listdir(a):
        if not filecmp.cmp(os.path.join(a, product), os.path.join(b, product), shallow=False):
            raise Failed(f"{product} differs between two builds of the same sources")


def without_variables(context):
    """user/rpc promises it of itself; what it is built from others' sources for is read off the library."""
    status, text = context.run(["nm", os.path.join(context.build, "librpc.a")], 60)
    variables = [line for line in text.splitlines() if re.search(r" [bBcCdDgGsS] ", line)]
    if status != 0 or variables or " T xdr_opaque" not in text:
        raise Failed("librpc.a has variables, or is not what it was", variables or core.tail(text))


def in_a_row(*jobs):
    """One job of several, in this order."""

    def run(context, pattern):
        return [r for job in jobs if core.matches(job.cases[0], pattern) for r in job.run(context, pattern)]

    return Job(run, [case for job in jobs for case in job.cases])


def part(_context):
    return Part(
        "build",
        [
            in_a_row(
                simple_job("gcc", "gcc builds without a warning a kernel whose self-tests pass", gcc),
                simple_job("incremental", "a second make has nothing to do", incremental),
                simple_job("reproducible", "two builds in two folders give the same bytes", reproducible),
            ),
            simple_job("clang", "clang builds without a warning a kernel whose self-tests pass, all programs, and in the soak the tests", clang),
            simple_job("commit_points", "nothing behind a commit point may fail", commit_points),
            simple_job("without_variables", "the RPC library has no variables, so threads may share it", without_variables),
        ],
    )
