# SPDX-License-Identifier: BSD-2-Clause
"""Booting the image to measure: what is booted, what it prints, the smallest memory; and the kernel's size."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MISSING = 77
HANG_SECONDS = 600  # on a machine with nothing else to do
EVENTS = ("entries", "cr3_writes", "invalidations", "interrupts")
# What is booted: command line, memory, and of which measurement the instructions before one without a name are
# (irq_to_user takes them away itself; to the plugin they are a measurement).
BASE = {"name": "base", "append": "bench", "memory": "256M", "unnamed_before": "irq_to_user"}
GROWTH = {"name": "growth", "append": "run=bench,growth,1000", "memory": "512M", "unnamed_before": None}
GROWN = re.compile(r"([a-z_]+)_(1|10|100|1000)")
MEMORY_STEP, MEMORY_TRIED = 64, (3072, 16384)  # KiB; with less the loader puts the archive over the kernel
LINE = re.compile(r"bench: (\w+) ([0-9.]+) ticks; of (\d+) rounds: (.*)")
FIGURE = re.compile(r"bench: figure (\w+) ([0-9.]+) (\w+)")
BUILT = re.compile(r"\] Lykos \S+, built with ([^,]+),")


def stop(text, status=1):
    print(f"bench: {text}", file=sys.stderr)
    sys.exit(status)


def qemu_version():
    text = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=False).stdout
    return text.splitlines()[0].removeprefix("QEMU emulator version ") if text else "unknown"


def hang_limit():
    """Seconds after which a boot counts as hanging: longer the more the machine has to do."""
    return HANG_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def qemu(o, name, more):
    """The command that boots it, and where its console is written to."""
    log = os.path.join(o.build, "run", f"{name}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    command = [os.path.join(ROOT, "tools", "run-qemu"), "--build", o.build, "--icount", "--log", log]
    return command + ["--timeout", str(hang_limit())] + more, log


def run(o, boot, name, more):
    """Boot once. The lines of the benchmark: name -> (value, events, rounds); figures: name -> (value, unit); and the
    compiler that built the kernel."""
    command, log = qemu(o, name, ["--append", boot["append"], "--memory", boot["memory"], "--"] + more)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == MISSING:
        stop(done.stderr.strip(), MISSING)
    values, figures = {}, {}
    for line in done.stdout.splitlines():
        if found := LINE.search(line):
            words = found[4].split()
            values[found[1]] = (found[2], dict(zip(words[::2], words[1::2])), int(found[3]))
        elif found := FIGURE.search(line):
            figures[found[1]] = (found[2], found[3])
    said = re.search(r"bench: (\d+) measurements, (\d+) figures", done.stdout)
    built = BUILT.search(done.stdout)
    if done.returncode != 0 or not built or not said or (int(said[1]), int(said[2])) != (len(values), len(figures)):
        print("\n".join(done.stdout.splitlines()[-20:] + done.stderr.splitlines()[-5:]), file=sys.stderr)
        stop(f"the run failed with status {done.returncode}; all that it said is in {os.path.relpath(log)}")
    return values, figures, built[1]


def boots(o, kib):
    """Does it come to the prompt with so much memory, and do what is typed there?"""
    command, _ = qemu(o, "bench-memory", ["--memory", f"{kib}K", "--stdin"])
    said = b""
    typed = False
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as guest:
        while more := guest.stdout.read1(4096):
            said += more
            if b"init:   it is begun again" in said:
                guest.terminate()  # a server ends, 1,000 times
                break
            if not typed and b"lykos> " in said:
                guest.stdin.write(b"halt\r")
                guest.stdin.flush()
                typed = True
    return typed and guest.returncode == 0


def boot_memory(o):
    """The smallest memory that boots to the prompt, in KiB; less by MEMORY_STEP does not."""
    fails, enough = (kib // MEMORY_STEP for kib in MEMORY_TRIED)
    if boots(o, fails * MEMORY_STEP) or not boots(o, enough * MEMORY_STEP):
        stop(f"{MEMORY_TRIED[0]} KiB are to be too little to boot, and {MEMORY_TRIED[1]} KiB enough")
    while enough - fails > 1:
        middle = (fails + enough) // 2
        if boots(o, middle * MEMORY_STEP):
            enough = middle
        else:
            fails = middle
    return str(enough * MEMORY_STEP)


def symbols(o):
    """Kernel symbols: name -> address, and the functions in order."""
    text = subprocess.run(["nm", os.path.join(o.build, "lykos.debug")], capture_output=True, text=True, check=True).stdout
    table = [line.split() for line in text.splitlines() if len(line.split()) == 3]
    return {n: int(a, 16) for a, _, n in table}, sorted((int(a, 16), n) for a, t, n in table if t in "tT")


def accounting(o):
    """Where the fast path accounts for CPU time: [(begin, end)] of addresses."""
    path = os.path.join(o.build, "run", "bench-accounting")
    take = ["objcopy", "-O", "binary", "--only-section=.accounting", "--set-section-flags", ".accounting=alloc,contents"]
    subprocess.run(take + [os.path.join(o.build, "lykos.debug"), path], check=True)
    with open(path, "rb") as f:
        words = [word for word, in struct.iter_unpack("<Q", f.read())]
    return list(zip(words[::2], words[1::2]))


def kernel_text_bytes(o):
    """Code of the kernel, without the self-tests, which stand last."""
    at = symbols(o)[0]
    return at.get("kernel_test_text_start", at["kernel_text_end"]) - at["kernel_text_start"]


def kernel_lines():
    """Lines of C and assembly, or None, said why."""
    if shutil.which("cloc") is None:
        print("bench: cloc is missing (sudo apt-get install cloc): lines are not counted", file=sys.stderr)
        return None
    command = ["cloc", "--json", "--quiet", "kernel", "arch/x86_64", "boot"]
    counted = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return sum(counted[language]["code"] for language in ("C", "C/C++ Header", "Assembly") if language in counted)
