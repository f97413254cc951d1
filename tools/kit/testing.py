# SPDX-License-Identifier: BSD-2-Clause
"""`lykos test`: boots the archive of a project once for each of its test programs and each seed of preemption, on the virtual clock of
the machine, and judges what the program prints: a case is a line "ok NAME" or "not ok NAME", and its end is one, too."""

import os
import re
import subprocess
import sys

import places

from . import faults

SECONDS = 120  # a time limit that detects hangs only, longer when the machine has more to do
LIMIT = 60  # seconds on the clock of the machine, which leaps while nobody computes: who waits for ever is found at once
PASS, FAIL, MISSING, HANG = 0, 1, 77, 124
TAIL = 20
WORDS = {FAIL: "it ended with a status other than 0, or by a fault", 80: "the kernel panicked", 81: "the machine could not start",
         82: "the machine was reset or switched off without a word", HANG: "it did not end: a hang"}


def run(program, seed, build="build"):
    """Boot what is built there, and run the program: (exit status, lines of the console)."""
    append = f"limit={LIMIT} run={program}" + (f" seed={seed}" if seed else "")
    limit = SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    command = [os.path.join(places.ROOT, "tools", "run-qemu"), "--build", build, "--icount", "--timeout", str(limit), "--append", append]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r", "").splitlines()


def judged(program, status, lines):
    """(cases that passed, what failed, in words)."""
    found = [re.match(rf"{re.escape(program)}: (not )?ok +(.*)", line) for line in lines]
    passed = [case[2] for case in found if case and not case[1]]
    failed = [f"not ok {case[2]}" for case in found if case and case[1]]
    if status == PASS and not passed + failed:
        failed.append(f"no case: {program} printed neither 'ok NAME' nor 'not ok NAME'")
    if status == PASS:
        passed.append("end")
    elif late := [line for line in lines if line.startswith(f"{program} has not ended within ")]:
        failed.append("end: " + why(lines, f"it {late[0].removeprefix(program + ' ').rstrip(':')}", ": perhaps it waits for ever"))
    elif status != FAIL or not failed:  # that a program whose cases failed says so at its end is not one more
        failed.append("end: " + why(lines, WORDS.get(status, f"status {status}")))
    return passed, failed


def why(lines, end, perhaps=""):
    """How it ended; if there was a fault, that first."""
    fault = faults.worst(lines)
    if fault is None:
        return end + perhaps
    return faults.headline(fault) + (f"; {end}" if end != WORDS[FAIL] else "")


def shown(lines):
    """Of the console, for the report of a failure: the last lines, and before them the report of a fault, without its registers."""
    fault, tail = faults.worst(lines), max(0, len(lines) - TAIL)
    kept = list(range(tail, len(lines)))
    if fault and fault.begin < tail:
        kept = [*range(fault.begin, min(fault.end, tail)), *kept]
    placed = faults.with_places([lines[number] for number in kept])
    return [line for line in placed if not faults.REGISTERS.search(line)]


def test(programs, seeds):
    """All programs with all seeds, and without: does every case pass? Prints; the last line has the counts."""
    good = bad = 0
    for program in programs:
        for seed in [None, *seeds]:
            status, lines = run(program, seed)
            if status == MISSING:
                sys.exit("\n".join(lines[-1:]))
            passed, failed = judged(program, status, lines)
            good, bad = good + len(passed), bad + len(failed)
            how = f"preempted at random, seed {seed}" if seed else "as it is"
            print(f"{program}, {how}: {len(passed)} passed, {len(failed)} failed", flush=True)
            for text in failed:
                print(f"FAILED {program}: {text}")
            if failed:
                print("".join(f"    {line}\n" for line in shown(lines)), end="")
                print(f"    repeat: make run APPEND='run={program}{f' seed={seed}' if seed else ''}'")
    print(f"{good} passed, {bad} failed")
    return bad == 0 and good > 0
