# SPDX-License-Identifier: BSD-2-Clause
"""Dumps: the memory of a machine that has panicked, that hangs, or that just runs, and what gdb shows of it."""

import mmap
import os
import re

from remote import monitor

from . import core
from .core import Failed
from .debug_cases import NUMBER, need, need_not
from .debug_session import archive
from .session import Session

SECONDS = 120
RING_TOLD = r"embraced: waits to send to embrace, .* a ring of waits"
CUT = 3 << 20  # bytes of a dump that is not whole
PIECE = 256  # bytes of code that stand once in the kernel
SHOWN = ("lykos opened", "lykos ps", "lykos waits", "lykos queue embrace", "lykos caps embraced", "lykos bt embraced", "bt",
         "lykos console")


def opened(context, dump, commands=SHOWN):
    """What gdb says of a dump, opened as by `make debug DUMP=FILE`: of all that it holds first, and to each command."""
    script = dump + ".gdb"
    with open(script, "w", encoding="utf-8") as f:
        f.write("".join(f"echo \\n<<<{command}\\n\n{command}\n" for command in commands))
    env = dict(os.environ, LYKOS_GDB=f"--batch -x {script}", TERM="dumb")
    command = [os.path.join(core.ROOT, "tools", "run-gdb"), context.build, "--open", dump]
    status, text = context.run(command, SECONDS, env=env)
    if status != 0:
        raise Failed(f"gdb ends with {core.words_of(status)}", core.tail(text))
    pieces = re.split(r"^<<<(.*)\n", text, flags=re.MULTILINE)
    return pieces[0], dict(zip(pieces[1::2], pieces[2::2]))


class Machine(Session):
    """A machine at the prompt whose memory is kept, with its ring of waits."""

    def __init__(self, context, name, *more):
        self.folder = context.path(f"dump-{name}")
        super().__init__(context, f"dump-{name}", ["--dump", self.folder, "--archive", archive(context), *more], SECONDS)
        self.prompt()
        self.type("start embrace\r")
        self.expect("a ring of waits")

    def dump_tool(self, *words):
        tool = os.path.join(core.ROOT, "tools", "dump")
        return self.context.run([tool, self.folder, *words], SECONDS)


def shows_all(shown):
    """The deadlock, as on the machine itself."""
    need(shown["lykos waits"], r"^RING: ", rf"^bystander {NUMBER}, priority 110\n  -> embrace ", r"capability is in register 24 \[RING\]")
    need(shown["lykos queue embrace"], r"^    1\. bystander ", r"^    2\. embraced ")
    need(shown["lykos ps"], r" embraced +embraced .* blocked, waits for embrace to take its message$")
    need(shown["lykos caps embraced"], r"^  24 +reply to endpoint 0x\w+ of embrace, ID 0x0$", r"^   3 main ")
    need(shown["lykos console"], r"^the console is not in a dump; the end of the kernel's log is:\n\[ +\d+\.\d+\] \w+: ", RING_TOLD)
    need(shown["lykos bt embraced"], r"^#0 .*help \(", r" in main \(\) at tests/programs/embraced/main\.c:\d+$")


def panic(context):
    with Machine(context, "panic") as machine:
        folder = machine.folder
        monitor.ask(monitor.of(folder), "nmi")
        machine.expect(r"KERNEL PANIC: .*NMI")
        path = machine.expect(r"run-qemu: panic: its memory is in (\S+); look at it with: make debug DUMP=\S+$")[1]
        machine.end(core.PANIC)
    if path != os.path.join(folder, "lykos.dump") or os.path.exists(os.path.join(folder, "monitor")):
        raise Failed(f"the dump is not where it belongs: {os.listdir(folder)}")
    first, shown = opened(context, path)
    need(first, r"^the kernel dies of vector 2, error code 0x0; back-trace from there:\n  0x\w+ \w+")
    need_not(first, "!!")
    need(shown["bt"], r"^#\d .*\bpanic \(", r"^#\d .*\btrap_dire \(")
    shows_all(shown)


def hang(context):
    """A machine that comes to no end within its time, for whatever reason."""
    seconds = context.limit(25)
    with Machine(context, "hang", "--timeout", str(seconds)) as machine:
        machine.expect(r"no end within [\d.]+ seconds: it hangs")
        path = machine.expect(r"run-qemu: a hang: its memory is in (\S+); look at it")[1]
        machine.end(core.HANG)
    first, shown = opened(context, path)
    need(first, r"^CPU 0: current ")
    shows_all(shown)


def running(context):
    """A machine that goes on: the dump is of one moment, and it answers afterwards. A dump of another kernel is said to be one."""
    with Machine(context, "running") as machine:
        path = os.path.join(machine.folder, "it.dump")
        status, text = machine.dump_tool(path)
        if status != 0 or path not in text:
            raise Failed("tools/dump fails", core.tail(text))
        machine.type("\r")
        machine.prompt()
        if "1 round trips" not in machine.command("run ping 1"):
            raise Failed("it does not go on", core.tail(machine.text))
        machine.type("halt\r")
        machine.end(core.PASS)
        status, text = machine.dump_tool()
    need(text, r"^dump: no machine runs for ")
    shows_all(opened(context, path)[1])
    no_dumps(context, path)
    spoil(context, path)
    first, shown = opened(context, path, ("lykos ps",))
    need(first, r"^!! the kernel in this memory is not the one whose symbols these are")
    need(shown["lykos ps"], r" embraced +embraced ")


def no_dumps(context, path):
    """What is no dump, or the beginning of one, is told to be that, and nothing else is said."""
    other = path + ".other"
    with open(path, "rb") as f:
        begin = f.read(CUT)
    for data, said in (
        (b"hello\n", "is no dump of a machine's memory"),
        (bytes(100), "is no dump of a machine's memory"),
        (begin[:200], "is cut off: 200 of [0-9]+ bytes are there"),
        (begin, f"is cut off: {CUT} of [0-9]+ bytes are there"),
    ):
        with open(other, "wb") as f:
            f.write(data)
        status, text = context.run([os.path.join(core.ROOT, "tools", "run-gdb"), context.build, "--open", other], SECONDS)
        if status != core.MISSING or not re.fullmatch(rf"run-gdb: {re.escape(other)} {said}\n", text):
            raise Failed(f"run-gdb ends with {core.words_of(status)} and says something else", core.tail(text))


def spoil(context, path):
    """Other code where the kernel's begins."""
    with open(os.path.join(context.build, "lykos"), "rb") as f:
        kernel = f.read()
    begins = kernel.index(b"\x0f\x01\xf8")  # swapgs: there is one near every way in
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as there:
        at = there.find(kernel[begins : begins + PIECE])
        if at < 0:
            raise Failed("the kernel's code is not in the dump")
        while at >= 0:
            there[at] ^= 1
            at = there.find(kernel[begins : begins + PIECE])


CASES = [
    ("dump-panic", "a panic leaves the machine's memory, of which gdb shows the same", panic),
    ("dump-hang", "so does a hang", hang),
    ("dump-running", "make dump writes that of a machine that goes on", running),
]
