# SPDX-License-Identifier: BSD-2-Clause
"""What the real virsh is asked, and what it must say: the cases of the part `virsh`. Each is given a Host."""

import concurrent.futures
import os
import random
import re
import subprocess

from remote import ports, wire
from remote.wire import Connection, domain

from . import core
from .cases import Cases
from .core import Failed

SECONDS = 60  # for one command
TRIES = 200
SPIN, IDLE = "spin", ("idle1", "idle2", "idle3", "idle4")
# The dispatcher, and what it needs to answer.
NEEDED = ("init", "dispatcher", "serial", "pci", "bank", "pager")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
ROW = re.compile(r"^ (\d+|-) +(\S+) +(\S.*\S|\S)$")
COMMANDS, COMMANDS_SOAK = 50, 500  # of each of the clients at once

CASES = Cases()
case = CASES.case


class Host:
    """This side: virsh, on the ports of one machine. `console()` is what that has printed so far."""

    def __init__(self, context, paths, seed=1, console=None):
        self.context, self.paths, self.seed, self.console = context, paths, seed, console

    def command(self, port, *words):
        return ["virsh", "-c", ports.uri(self.paths[port]), *words]

    def virsh(self, *words, port=0, status=0):
        """Run it to its end: what it said. Another exit status than this one is a failure."""
        got, text = self.context.run(self.command(port, *words), SECONDS)
        if got != status:
            raise Failed(f"virsh {' '.join(words)}: {core.words_of(got)}, not {status}", core.tail(text))
        return text.strip()

    def expect(self, pattern, *words, port=0, status=0):
        text = self.virsh(*words, port=port, status=status)
        found = re.search(pattern, text, re.MULTILINE)
        if not found:
            raise Failed(f"virsh {' '.join(words)}: not seen: {pattern!r}", core.tail(text))
        return found

    def until(self, pattern, *words):
        for _ in range(TRIES):
            if re.search(pattern, self.virsh(*words), re.MULTILINE):
                return
        raise Failed(f"virsh {' '.join(words)}: never seen: {pattern!r}", core.tail(self.virsh(*words)))

    def rows(self, *words):
        """A list: name -> (id, state)."""
        lines = self.virsh("list", *words).splitlines()
        if len(lines) < 2 or lines[0].split() != ["Id", "Name", "State"]:
            raise Failed("this is no list", lines)
        found = [ROW.match(line) for line in lines[2:]]
        if not all(found):
            raise Failed("a row is no row", lines)
        return {row[2]: (row[1], row[3]) for row in found}

    def cpu_time(self, name):
        """In seconds, as dominfo says; without that line it is 0."""
        found = re.search(r"^CPU time: +([0-9.]+)s$", self.virsh("dominfo", name), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def exact_cpu_time(self, name, port=0):
        """In nanoseconds."""
        with Connection(self.paths[port], self.context.limit(SECONDS)) as c:
            return c.info(c.lookup(name))[4]


@case("uri, hostname, version and nodeinfo say where one is")
def node(host):
    host.expect(r"^lykos\+unix:///system\?socket=\S+rpc0\.sock$", "uri")
    host.expect(r"^lykos$", "hostname")
    host.expect(r"^Running hypervisor: Lykos \d+\.\d+\.\d+$", "version")
    text = host.virsh("nodeinfo")
    for pattern in (r"^CPU model: +x86_64$", r"^CPU\(s\): +1$", r"^Memory size: +2[0-9]{5} KiB$"):
        if not re.search(pattern, text, re.MULTILINE):
            raise Failed(f"nodeinfo: not seen: {pattern!r}", core.tail(text))


def whole_programs():
    """init, and those of the description that are no parts of others."""
    programs = re.split(r"^program +", core.system_text(), flags=re.MULTILINE)[1:]
    return {"init"} | {text.split()[0] for text in programs if not re.search(r"^ +part +of ", text, re.MULTILINE)}


@case("list shows what runs, list --all what does not run as well")
def lists(host):
    running, everything = host.rows(), host.rows("--all")
    for name in (SPIN, *IDLE, "dispatcher", "shell"):
        if name not in running or running[name][0] == "-":
            raise Failed(f"{name} is not in the list", host.virsh("list").splitlines())
    if any(number == "-" for number, _ in running.values()) or not set(running) <= set(everything):
        raise Failed("list and list --all do not fit together")
    if set(everything) != whole_programs():
        raise Failed("list --all shows others than the programs that can be started", host.virsh("list", "--all").splitlines())
    if everything.get("ping", ("", ""))[1] != "shut off":
        raise Failed("ping does not run, and is to be shut off", host.virsh("list", "--all").splitlines())
    if set(host.virsh("list", "--name").split()) != set(running):
        raise Failed("list --name names others")


@case("domid, domuuid and domname name the same domain")
def names(host):
    for name in (SPIN, IDLE[0], "shell"):
        number, uuid = host.virsh("domid", name), host.virsh("domuuid", name)
        if not number.isdigit() or not UUID.match(uuid):
            raise Failed(f"{name} has the id {number} and the uuid {uuid}")
        for key in (number, uuid):
            if host.virsh("domname", key) != name:
                raise Failed(f"{key} is not {name}")
    if host.virsh("domid", "ping") != "-":
        raise Failed("ping does not run, and has an id")


@case("domstate and dominfo say what a program does")
def states(host):
    host.expect(r"^running$", "domstate", SPIN)
    host.expect(r"^(idle|running)$", "domstate", IDLE[0])
    host.expect(r"^shut off$", "domstate", "ping")
    text = host.virsh("dominfo", SPIN)
    uuid = host.virsh("domuuid", SPIN)
    for pattern in (
        rf"^Name: +{SPIN}$", rf"^UUID: +{uuid}$", r"^State: +running$", r"^CPU\(s\): +1$", r"^CPU time: +\d+\.\d+s$",
        r"^Max memory: +\d+ KiB$", r"^Used memory: +[1-9]\d* KiB$",
    ):
        if not re.search(pattern, text, re.MULTILINE):
            raise Failed(f"dominfo: not seen: {pattern!r}", core.tail(text))


@case("suspend stops a program: its CPU time stands still until resume, and then goes on")
def suspend(host):
    before = host.exact_cpu_time(SPIN)
    host.expect(rf"^Domain '{SPIN}' suspended$", "suspend", SPIN)
    host.expect(r"^paused \(user\)$", "domstate", SPIN, "--reason")
    stopped = host.exact_cpu_time(SPIN)
    for _ in range(5):
        host.expect(rf"^ \d+ +{SPIN} +paused$", "list")
        if host.exact_cpu_time(SPIN) != stopped:
            raise Failed("a suspended program uses CPU time")
    if stopped <= before:
        raise Failed("before, it used none")
    host.expect(rf"^Domain '{SPIN}' resumed$", "resume", SPIN)
    host.expect(r"^running$", "domstate", SPIN)
    for _ in range(TRIES):
        if host.exact_cpu_time(SPIN) > stopped:
            return
    raise Failed("a resumed program uses no CPU time")


@case("destroy ends a program: it is off, has no id, and its uuid names nothing any more")
def destroy(host):
    number, uuid = host.virsh("domid", IDLE[3]), host.virsh("domuuid", IDLE[3])
    host.expect(rf"^Domain '{IDLE[3]}' destroyed$", "destroy", IDLE[3])
    host.until(r"^shut off$", "domstate", IDLE[3])
    if IDLE[3] in host.rows() or host.rows("--all").get(IDLE[3]) != ("-", "shut off"):
        raise Failed("it is still in the list, or not in list --all")
    for key in (number, uuid):
        host.expect(r"^error: failed to get domain '", "domstate", key, status=1)
    host.virsh("destroy", IDLE[3], status=1)
    host.virsh("suspend", IDLE[3], status=1)


@case("a domain that there is not is named in the error of each command")
def unknown(host):
    for command in ("domstate", "dominfo", "domid", "domuuid", "suspend", "resume", "destroy"):
        for key in ("nosuch", "4711", "00000000-1111-2222-3333-444444444444"):
            text = host.virsh(command, key, status=1)
            if text != f"error: failed to get domain '{key}'":  # it says no more, whatever the server does
                raise Failed(f"{command} {key} says", core.tail(text))
    host.expect(r"^error: failed to get domain '4711'", "domname", "4711", status=1)


@case("the dispatcher and what it needs are neither suspended nor destroyed, and it says why")
def refused(host):
    with Connection(host.paths[1], host.context.limit(SECONDS)) as c:
        for name in NEEDED:
            d = c.lookup(name)
            for command, procedure in (("suspend", wire.SUSPEND), ("destroy", wire.DESTROY)):
                text = host.virsh(command, name, status=1)
                if f"error: Failed to {command} domain '{name}'" not in text or len(text.splitlines()) < 2:
                    raise Failed(f"{command} {name} says", core.tail(text))
                try:
                    c.empty(procedure, domain(d))
                    raise Failed(f"{command} {name} is done")
                except wire.RemoteError as why:
                    if why.code not in (wire.E_DENIED, wire.E_INVALID):
                        raise Failed(f"{command} {name}: {why}") from None
            if c.state(d)[0] not in (wire.RUNNING, wire.IDLE) or c.lookup(name) != d:
                raise Failed(f"{name} is not what it was")


@case("event tells of a suspend, and with --all of whatever comes first")
def events(host):
    for words in (("--event", "lifecycle"), (SPIN, "--event", "lifecycle"), ("--all",)):
        watcher = host.context.start(
            host.command(1, "event", *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            for _ in range(TRIES):  # it may not have asked for events yet
                host.virsh("suspend", SPIN)
                host.virsh("resume", SPIN)
                if watcher.poll() is not None:
                    break
            else:
                raise Failed(f"event {' '.join(words)} never ends")
            text = watcher.stdout.read()
        finally:
            host.context.finish(watcher)
        what = rf"^event 'lifecycle' for domain '{SPIN}': (Suspended Paused|Resumed Unpaused)$"
        if watcher.returncode != 0 or not re.search(what, text, re.MULTILINE) or "events received: 1" not in text:
            raise Failed(f"event {' '.join(words)} says", core.tail(text))


@case("what Lykos has nothing for is refused in words, with exit status 1")
def nothing_for(host):
    for words, pattern in (
        (("start", "ping"), r"^error: Failed to start domain 'ping'\nerror: unknown procedure: 9$"),
        (("start", SPIN), r"^error: Domain is already active$"),
        (("shutdown", SPIN), rf"^error: Failed to shutdown domain '{SPIN}'\nerror: unknown procedure: 33$"),
        (("domblklist", SPIN), r"^error: unknown procedure: 14$"),
        (("net-list",), r"^error: unknown procedure: 52$"),
        (("setmem", SPIN, "1000"), r"^error: unknown procedure: 204$"),
        (("-r", "suspend", SPIN), r"^error: operation forbidden: read only access prevents virDomainSuspend$"),
    ):
        host.expect(pattern, *words, status=1)
    for _ in range(TRIES):  # virsh asks from a thread of its own, and may end before it has its words
        if "this function is not supported by the connection driver" in host.virsh("migrate", SPIN, "test:///default", status=1):
            break
    else:
        raise Failed("migrate is never said to be not supported")
    host.expect(r"^running$", "domstate", SPIN)


@case("the URI may stand in the environment, and its first words may be any")
def environment(host):
    others = {key: value for key, value in os.environ.items() if not key.endswith(("_DEFAULT_CONNECT_URI", "_DEFAULT_URI"))}
    socket = ports.uri(host.paths[0]).partition("?")[2]
    for name in ("VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEFAULT_URI"):
        for words in ("lykos+unix:///system", "qemu+unix:///system", "test+unix:///default", "remote+unix:///"):
            status, text = host.context.run(["virsh", "hostname"], SECONDS, env={**others, name: f"{words}?{socket}"})
            if status != 0 or text.strip() != "lykos":
                raise Failed(f"with {name}={words}?..., hostname: {core.words_of(status)}", core.tail(text))


@case("a client of a port in use waits, and is served when the first is gone")
def waiting(host):
    with Connection(host.paths[0], host.context.limit(SECONDS)) as first:
        second = host.context.start(
            host.command(0, "hostname"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            for _ in range(20):
                first.text(wire.GET_HOSTNAME)
                host.virsh("hostname", port=1)
            if second.poll() is not None:
                raise Failed("the second does not wait", core.tail(second.stdout.read()))
            first.close()
            text = second.communicate(timeout=host.context.limit(SECONDS))[0]
        except subprocess.TimeoutExpired:
            raise Failed("the second is never served") from None
        finally:
            host.context.finish(second)
    if second.returncode != 0 or text.strip() != host.virsh("hostname"):
        raise Failed("the second is not served as it should be", core.tail(text))


def one_client(host, port, count):
    """Commands one after the other on one port, drawn from the seed. The first three have a program of their own to stop."""
    draw = random.Random(host.seed * 1000 + port)
    looks = [
        ((r"^ \d+ +spin +running$",), "list"), ((r"^ - +ping +shut off$",), "list", "--all"), ((r"^running$",), "domstate", SPIN),
        ((r"^CPU time: +\d",), "dominfo", SPIN), ((r"^\d+$",), "domid", SPIN), ((r"^lykos$",), "hostname"), ((r"KiB$",), "nodeinfo"),
        ((r"^Running hypervisor: Lykos ",), "version"), ((r"^error: failed to get domain 'nosuch'$",), "dominfo", "nosuch"),
    ]
    own = IDLE[port] if port < 3 else None
    held = False
    for _ in range(count):
        if own and draw.random() < 0.4:
            host.expect(rf"^Domain '{own}' {'resumed' if held else 'suspended'}$", "resume" if held else "suspend", own, port=port)
            held = not held
            host.expect(r"^paused$" if held else r"^(idle|running)$", "domstate", own, port=port)
        else:
            (pattern,), *words = draw.choice(looks)
            host.expect(pattern, *words, port=port, status=1 if words[-1] == "nosuch" else 0)
    if held:
        host.virsh("resume", own, port=port)


@case("eight clients at once are each answered as if they were alone")
def eight(host):
    count = host.context.rounds or (COMMANDS_SOAK if host.context.soak else COMMANDS)
    with concurrent.futures.ThreadPoolExecutor(len(host.paths)) as pool:
        for done in [pool.submit(one_client, host, port, count) for port in range(len(host.paths))]:
            done.result()
