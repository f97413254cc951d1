# SPDX-License-Identifier: BSD-2-Clause
"""Parts of tools/test that run a program which prints TAP: unit tests, self-tests of the kernel, system scenarios."""

import glob
import os
import subprocess

from . import core
from .core import Job, Part, Result

UNIT_SECONDS = 240
KERNEL_SECONDS = 120
SYSTEM_SECONDS = 480
BOTH_WAYS = "fastpath"  # does all of it with the fast path and without in any case
# What these try is above the kernel: without the fast path only in `make soak`.
ABOVE = ("bank", "byhand", "deadline", "dispatch", "fuzz", "locks", "loop", "pager", "ring", "rpc", "schedule", "stubs", "userlib")
THREE_RUNS = ("armed",)
SOAK_SEEDS = 20
SOAK_ROUNDS = 50000  # with each of these seeds


def seeds(context, otherwise):
    """The seeds to run with: the one asked for, or as many as there is time for."""
    if context.seed is not None:
        return [context.seed]
    return list(range(1, SOAK_SEEDS + 1)) if context.soak else otherwise


def unit_part(context):
    """tests/unit, built for this machine with sanitizers."""
    program = os.path.join(context.build, "unit", "lykos-unit")

    def run_with(seed):
        def run(context, pattern):
            if not os.path.exists(program):
                return [Result("built", "fail", f"{program} is not there; make tests builds it")]
            listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=False).stdout
            names = [line.split(":")[0] for line in listed.splitlines()]
            chosen = [name for name in names if core.matches(name, pattern)]
            if not chosen:
                return []
            command = [program] + ([f"--seed={seed}"] if seed is not None else [])
            rounds = context.rounds or (SOAK_ROUNDS if context.soak else None)
            command += [f"--rounds={rounds}"] if rounds is not None else []
            command += chosen if pattern != "*" else []
            status, text = context.run(command, UNIT_SECONDS)
            how = ([f"--seed={seed}"] if seed is not None else []) + ([f"--rounds={context.rounds}"] if context.rounds else [])
            results = core.read_tap(text, status, seed=" ".join(how))
            return [r for r in results if core.matches(r.name, pattern) or r.verdict == "fail"]

        return run

    return Part("unit", [Job(run_with(seed)) for seed in seeds(context, [None])])


def boot_tap(context, part, pattern, words, more, seed, seconds, nofast=False):
    """Boot with the words, and read what is printed as TAP."""
    try:
        name = f"{part}-{seed}" + ("-nofast" if nofast else "")
        status, text = context.qemu(name, seconds, "--append", " ".join(words), *more)
    except core.Skipped as why:
        return [Result("boots", "skip", str(why))]
    how = ([f"--seed={seed}"] if seed is not None else []) + (["--nofast"] if nofast else [])
    how += [f"--rounds={context.rounds}"] if context.rounds is not None else []
    results = core.read_tap(text, status, f"{part}/", " ".join(how))
    return [r for r in results if core.matches(r.name, pattern) or r.verdict == "fail"]


def kernel_part(context):
    """tests/kernel, inside the kernel."""

    def run_with(seed):
        def run(context, pattern):
            words = [f"selftest={pattern}"] + (["soak"] if context.soak else [])
            words += [f"seed={seed}"] if seed is not None else []
            return boot_tap(context, "kernel", pattern, words, ["--archive", "none"], seed, KERNEL_SECONDS)

        return run

    return Part("kernel", [Job(run_with(seed)) for seed in seeds(context, [None])])


def system_part(context, scenario, archive):
    """One folder of tests/system: an archive whose init is the test. On the virtual clock, so that times in it mean the
    same however busy the machine is. Each runs as it is, and while the kernel takes the CPU away at random; and without
    the fast path, which must make no difference. In `make test` the last two are one run, but for ABOVE, BOTH_WAYS and
    THREE_RUNS."""

    def run_with(seed, nofast):
        def run(context, pattern):
            words = [f"test={pattern}"] + (["soak"] if context.soak else []) + (["nofast"] if nofast else [])
            words += [f"seed={seed}", f"init.seed={seed}"] if seed is not None else []
            words += [f"init.rounds={context.rounds}"] if context.rounds is not None else []
            more = ["--archive", archive, "--icount"]
            return boot_tap(context, scenario, pattern, words, more, seed, SYSTEM_SECONDS, nofast)

        return run

    runs = [(seed, context.nofast) for seed in seeds(context, [None, 1])]
    if not context.nofast and scenario != BOTH_WAYS:
        if context.soak or context.seed is not None or scenario in THREE_RUNS:
            runs += [(seed, True) for seed in seeds(context, [None])[:2]]
        elif scenario not in ABOVE:
            runs = [(None, False), (1, True)]
    return Part(scenario, [Job(run_with(seed, nofast)) for seed, nofast in runs])


def system_parts(context):
    folders = sorted(glob.glob(os.path.join(core.ROOT, "tests", "system", "*", "main.c")))
    names = [os.path.basename(os.path.dirname(folder)) for folder in folders]
    return [system_part(context, name, os.path.join(context.build, "test", name + ".archive")) for name in names]
