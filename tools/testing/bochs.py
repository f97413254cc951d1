# SPDX-License-Identifier: BSD-2-Clause
"""Bochs in tools/test: a second emulator, whose processor has what QEMU's TCG lacks (x2APIC, TSC deadline, PCID). Boots the ISO
to the prompt, and runs the self-tests of the kernel, and the test of random address spaces with PCID on."""

import os
import pty
import re
import select
import shutil
import time
import tty

from . import core
from .core import Failed, Part, Skipped, simple_job

SECONDS = 100
ROUNDS, SOAK_ROUNDS = 1500, 50000  # of changes to address spaces
PACKAGES = "bochs bochs-term bochsbios vgabios"
CONFIG = """\
display_library: term
megs: 128
cpu: model=corei7_skylake_x, ips=100000000
clock: sync=none
romimage: file={bios}
vgaromimage: file={vgabios}
com1: enabled=1, mode=file, dev={com1}
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
log: {log}
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""
ROMS = {
    "bios": ["/usr/share/bochs/BIOS-bochs-latest"],
    "vgabios": ["/usr/share/bochs/VGABIOS-lgpl-latest", "/usr/share/vgabios/vgabios.bin"],
}


def roms():
    found = {what: next((p for p in paths if os.path.exists(p)), None) for what, paths in ROMS.items()}
    if shutil.which("bochs") is None or None in found.values():
        raise Skipped(f"Bochs is missing: sudo apt-get install {PACKAGES}")
    return found


def boot(context, name, words, until, archive="archive"):
    """Boot an ISO of the kernel and this archive with these words on the command line until the pattern is seen on the
    console; the console."""
    found = roms()
    folder = context.path(f"bochs-{name}")
    os.makedirs(folder)
    files = {what: os.path.join(folder, what) for what in ("com1", "iso", "log", "rc", "commands")}
    built = [os.path.join(context.build, product) for product in ("lykos", archive)]
    config = os.path.join(core.ROOT, "boot", "grub.cfg")
    status, text = context.run([os.path.join(core.ROOT, "tools", "mkiso"), *built, config, files["iso"], words], 60)
    if status != 0:
        raise Skipped("the ISO cannot be made: " + " ".join(core.tail(text, 1)))
    with open(files["rc"], "w", encoding="ascii") as f:
        f.write(CONFIG.format(**found, com1=files["com1"], iso=files["iso"], log=files["log"]))
    with open(files["commands"], "w", encoding="ascii") as f:
        f.write("c\n")  # Debian's Bochs starts in its debugger
    # Bochs wants a terminal for its display.
    master, slave = pty.openpty()
    process = context.start(
        ["bochs", "-q", "-f", files["rc"], "-rc", files["commands"]],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=dict(os.environ, TERM="xterm", LINES="40", COLUMNS="120"),
        cwd=folder,
    )
    os.close(slave)
    try:
        return watch(context, process, master, files["com1"], until)
    finally:
        context.finish(process)
        os.close(master)


def own_terminal(process):
    """Bochs with its debugger makes a second terminal, for the screen, that someone is to look at. It waits when nobody takes what it
    writes there. That terminal, open; None: there is none (yet)."""
    folder = f"/proc/{process.pid}/fd"
    try:
        masters = [fd for fd in os.listdir(folder) if os.readlink(os.path.join(folder, fd)) == "/dev/ptmx"]
        for fd in masters:
            with open(f"/proc/{process.pid}/fdinfo/{fd}", encoding="ascii") as f:
                found = re.search(r"^tty-index:\s*(\d+)$", f.read(), re.MULTILINE)
            if found:
                terminal = os.open(f"/dev/pts/{found[1]}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
                tty.setraw(terminal)
                return terminal
    except OSError:
        pass  # it has just ended
    return None


def watch(context, process, display, com1, until):
    """Wait for the pattern on the console; what the displays show is thrown away."""
    deadline = time.monotonic() + context.limit(SECONDS)
    displays = [display]
    try:
        return watch_displays(process, displays, com1, until, deadline)
    finally:
        for terminal in displays[1:]:
            os.close(terminal)


def watch_displays(process, displays, com1, until, deadline):
    while True:
        console = ""
        if os.path.exists(com1):
            with open(com1, encoding="latin-1") as f:
                console = f.read().replace("\r", "")
        if re.search(until, console, re.MULTILINE):
            return console
        if process.poll() is not None:
            raise Failed("Bochs ended", core.tail(console))
        if time.monotonic() > deadline:
            raise Failed(f"never seen: {until}", core.tail(console))
        if len(displays) == 1 and (terminal := own_terminal(process)) is not None:
            displays.append(terminal)
        for terminal in select.select(displays, [], [], 0.2)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:
                time.sleep(0.2)  # it has closed its end


def prompt(context):
    boot(context, "prompt", "", r"^lykos> ")


def tests(context, name, words, archive="archive"):
    """Boot for tests, which must all pass; what was printed."""
    console = boot(context, name, words, r"^# (\w+: )?\d+ passed, \d+ failed$|panic", archive)
    bad = [line for line in console.splitlines() if line.startswith(("not ok", "#   "))]
    if bad or not re.search(r"^# (\w+: )?[1-9]\d* passed, 0 failed$", console, re.MULTILINE):
        raise Failed("not all pass", bad + core.tail(console, 8))
    return console


def selftest(context):
    tests(context, "selftest", "selftest")


def spaces(context):
    """Programs touch their memory while the spaces change under them: what the processor remembers of one space must not
    be true of another, nor outlive its change."""
    rounds = context.rounds or (SOAK_ROUNDS if context.soak else ROUNDS)
    seed = context.seed if context.seed is not None else 1
    words = f"test=trees init.rounds={rounds} seed={seed} init.seed={seed}"
    console = tests(context, "spaces", words, os.path.join("test", "memory.archive"))
    if "mmu: PCID is on" not in console:
        raise Failed("PCID is not on", core.tail(console))


def maps(context):
    """The fast path puts pages into tables, and looks strings up in them: with PCID it does so as without itself."""
    words = "test=maps" + (f" init.rounds={context.rounds}" if context.rounds else "")
    console = tests(context, "maps", words, os.path.join("test", "fastpath.archive"))
    if "mmu: PCID is on" not in console:
        raise Failed("PCID is not on", core.tail(console))


def part(_context):
    return Part(
        "bochs",
        [
            simple_job("prompt", "the ISO boots to the prompt in Bochs", prompt),
            simple_job("selftest", "the self-tests of the kernel pass in Bochs", selftest),
            simple_job("spaces", "random changes of address spaces in Bochs, with PCID", spaces),
            simple_job("maps", "pages put in by the fast path, in Bochs, with PCID", maps),
        ],
    )
