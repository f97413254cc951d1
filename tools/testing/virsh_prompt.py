# SPDX-License-Identifier: BSD-2-Clause
"""virsh while the shell is in use: what is done at the prompt, virsh sees, and the other way round. Cases of the part `virsh`."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

from remote import ports

from . import core, images
from .core import Failed, Skipped
from .machine import wait_until
from .session import Session
from .virsh_cases import IDLE, SECONDS, SPIN, TRIES, Host

READY_SECONDS = 60


def need_virsh():
    if shutil.which("virsh") is None:
        raise Skipped("virsh is missing: sudo apt-get install libvirt-clients")


def nothing_left(folder):
    left = [name for name in os.listdir(folder) if name.endswith(".sock") or name == "ports"]
    if left:
        raise Failed(f"left behind: {' '.join(sorted(left))}")


@contextlib.contextmanager
def prompt_and_virsh(context, name, *more):
    """What `make run APPEND=serve` starts: its prompt, and virsh on its ports. It ends by `halt`, and leaves nothing behind."""
    need_virsh()
    folder = context.path(name)
    log = os.path.join(folder, "console.log")
    command = context.qemu_command(name, "--interactive", "--log", log, "--ports", folder, "--append", "serve", *more)
    with Session(context, name, command=command) as session:
        session.prompt()
        wait_until("the line `ready` in the console log", context.limit(READY_SECONDS), lambda: ports.is_ready(log))
        yield session, Host(context, ports.paths_in(folder))
        session.type("halt\r")
        session.end(core.PASS)
    nothing_left(folder)


class Watcher:
    """`virsh event --loop`, on a port of its own; `name`: whose. `lines()`: the events that it has told so far."""

    def __init__(self, host, name, port=7):
        self.host = host
        self.path = host.context.path(f"{name}.events")
        with open(self.path, "wb") as output:
            command = host.command(port, "event", "--event", "lifecycle", "--loop")
            self.process = host.context.start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def __enter__(self):
        for _ in range(TRIES):  # it may not have asked for events yet
            self.host.virsh("suspend", IDLE[0])
            self.host.virsh("resume", IDLE[0])
            if self.lines():
                return self
        raise Failed("event --loop tells of no event", core.tail(self.text()))

    def __exit__(self, *_):
        self.host.context.finish(self.process)

    def text(self):
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def lines(self, name=r"\S+"):
        return re.findall(rf"^event 'lifecycle' for domain '{name}': (.*)$", self.text(), re.MULTILINE)

    def expect(self, name, *events):
        """These events of this domain have come, in this order, and no others."""
        limit = self.host.context.limit(SECONDS)
        try:
            wait_until("events", limit, lambda: len(self.lines(name)) >= len(events))
        except Failed:
            pass
        if self.lines(name) != list(events):
            raise Failed(f"the events of {name} are {self.lines(name)}, not {list(events)}", core.tail(self.text()))

    def interrupt(self):
        """As by Ctrl-C: it says how many there were, and that is no failure."""
        count = len(self.lines())
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(self.host.context.limit(SECONDS))
        if status != 0 or f"events received: {count}\n" not in self.text():
            raise Failed(f"event --loop ends with status {status}", core.tail(self.text()))


# ---- the cases -----------------------------------------------------------------------------------------------------------------


def same_figures(session, host, seconds):
    """virsh says of a program that stands still what the bank says of its memory, and what the kernel says of its CPU time."""
    account = re.search(rf"^ +{SPIN} +(\d+) KiB +(\d+) KiB ", session.command("mem"), re.MULTILINE)
    text = host.virsh("dominfo", SPIN)
    told = [re.search(rf"^{what} memory: +(\d+) KiB$", text, re.MULTILINE) for what in ("Used", "Max")]
    if not account or not all(told) or [found[1] for found in told] != list(account.groups()):
        raise Failed(f"the bank gives {SPIN} {account and account.groups()} KiB, and dominfo says", core.tail(text))
    if abs(host.exact_cpu_time(SPIN) / 1e9 - seconds) > 0.001:  # which the prompt rounds
        raise Failed(f"the prompt says that {SPIN} ran for {seconds} s, and virsh {host.exact_cpu_time(SPIN)} ns")


def in_use(context):
    """Each sees what the other does."""
    with prompt_and_virsh(context, "shell") as (session, host):

        def cpu_time():
            found = re.search(rf"^{SPIN} +\S+ +(\S+) +10 +([0-9.]+) s ", session.command("ps"), re.MULTILINE)
            if not found:
                raise Failed(f"{SPIN} is not in the listing", core.tail(session.text))
            return found[1], float(found[2])

        host.virsh("suspend", SPIN)
        held = cpu_time()
        same_figures(session, host, held[1])
        session.command("ping")
        if held[0] != "suspend" or cpu_time() != held:
            raise Failed(f"{SPIN} is suspended by virsh; at the prompt it has {held}, and then {cpu_time()}")
        host.virsh("resume", SPIN)
        for _ in range(TRIES):
            if cpu_time()[1] > held[1]:
                break
        else:
            raise Failed("resumed, it uses no CPU time")
        session.command(f"suspend {SPIN}")
        host.expect(r"^paused$", "domstate", SPIN)
        session.command(f"resume {SPIN}")
        host.expect(r"^running$", "domstate", SPIN)


def held(host, name, reason, hold):
    """A program with another hold than that of `suspend`: suspended and resumed it is held still, and virsh says so."""
    host.expect(rf"^paused \({reason}\)$", "domstate", name, "--reason")
    host.expect(rf"^Messages: +held by: {hold}$", "dominfo", name)
    host.virsh("suspend", name)
    host.expect(r"^paused \(user\)$", "domstate", name, "--reason")
    host.expect(rf"^Messages: +held by: (suspend, {hold}|{hold}, suspend)$", "dominfo", name)
    host.expect(rf"^Domain '{name}' resumed$", "resume", name)
    host.expect(rf"^paused \({reason}\)$", "domstate", name, "--reason")
    host.expect(rf"^error: '{name}' is not suspended, but held by: {hold};", "resume", name, status=1)
    host.expect(rf"^ \d+ +{name} +paused$", "list")


def held_otherwise(context):
    archive = images.changed(context, [("program domainhold\n    part      of domaintest\n", "program domainhold\n")])
    with prompt_and_virsh(context, "held", "--archive", archive) as (session, host):
        session.command("start listener stay")
        host.until(r"^idle \(unknown\)$", "domstate", "listener", "--reason")
        session.command("notify listener 4")
        held(host, "listener", "watchdog", "proxy")
        session.command("run domainhold")
        held(host, IDLE[1], "unknown", "by hand")
        session.command("run domainhold clear")
        host.expect(r"^idle \(unknown\)$", "domstate", IDLE[1], "--reason")


def same_name(context):
    """A program that ended and runs again is another domain: nothing that was looked up before leads to it."""
    with prompt_and_virsh(context, "again") as (session, host), Watcher(host, "again") as watcher:
        for begin, name in (("start listener", "listener"), ("start constructor", "constructor")):
            session.command(begin)
            number, uuid = host.virsh("domid", name), host.virsh("domuuid", name)
            if name == "listener":
                session.command(f"destroy {name}")
                host.expect(r"^shut off \(destroyed\)$", "domstate", name, "--reason")
                session.command(begin)
            else:
                session.command(f"kill {name}")  # it has a line `restart`
                host.expect(r"^Messages: +begun again 1 times$", "dominfo", name)
            for key in (number, uuid):
                for command in ("domname", "domstate", "suspend", "destroy"):
                    host.expect(rf"^error: failed to get domain '{key}'$", command, key, status=1)
            other = host.virsh("domid", name), host.virsh("domuuid", name)
            if other[0] == number or other[1] == uuid or host.virsh("domname", other[1]) != name:
                raise Failed(f"{name} was {number}, {uuid}, and is {' '.join(other)}")
            watcher.expect(name, "Started Booted", "Stopped Destroyed", "Started Booted")
        watcher.interrupt()


def how_it_ended(context):
    """State, reason and events of programs that end in each of the ways there are."""
    with prompt_and_virsh(context, "ended") as (session, host), Watcher(host, "ended") as watcher:
        host.expect(r"^shut off \(unknown\)$", "domstate", "ping", "--reason")
        session.command("run ping 1")
        host.expect(r"^shut off \(shutdown\)$", "domstate", "ping", "--reason")
        watcher.expect("ping", "Started Booted", "Stopped Shutdown")
        session.command("run fault null")
        host.expect(r"^shut off \(crashed\)$", "domstate", "fault", "--reason")
        session.command("start fault null")
        host.until(r"^crashed \(panicked\)$", "domstate", "fault", "--reason")
        host.expect(r"^ \d+ +fault +crashed$", "list")
        host.expect(r"^Messages: +faulted: ", "dominfo", "fault")
        for command, word in (("suspend", "suspended"), ("resume", "resumed")):
            host.expect(rf"^error: 'fault' cannot be {word}: it has faulted, and does not run$", command, "fault", status=1)
        host.virsh("destroy", "fault")
        host.expect(r"^shut off \(destroyed\)$", "domstate", "fault", "--reason")
        watcher.expect(
            "fault", "Started Booted", "Stopped Crashed", "Started Booted", "Crashed Panicked", "Stopped Destroyed"
        )
        host.virsh("suspend", SPIN)
        host.virsh("resume", SPIN)
        host.expect(r"^running \(booted\)$", "domstate", SPIN, "--reason")
        watcher.expect(SPIN, "Suspended Paused", "Resumed Unpaused")
        watcher.interrupt()


CASES = [
    ("shell_in_use", "while the shell is in use virsh is served, each sees what the other does, and the figures are the same", in_use),
    ("held_otherwise", "a program held for another reason stays paused behind resume, and virsh says which reason", held_otherwise),
    ("same_name", "a program that runs again is another domain, and what was looked up before does not lead to it", same_name),
    ("how_it_ended", "state, reason and events say how a program ended, and event --loop tells all of them", how_it_ended),
]
