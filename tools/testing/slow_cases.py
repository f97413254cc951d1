# SPDX-License-Identifier: BSD-2-Clause
"""Handlers that overrun their deadline or fault, behind real ports: the cases of the part `slow`. Each is given a Host, whose
machine has tests/programs/slowdispatcher for its dispatcher."""

import re
import signal
import subprocess
import threading

from remote import wire
from remote.wire import Connection, Message, Reader, domain, message, u32

from . import core
from .cases import Cases
from .core import Failed
from .machine import wait_until
from .virsh_cases import IDLE, SECONDS

ONE = IDLE[0]  # a domain to ask about
DEADLINE_MS = 200  # of the machine's own clock, which is counted in instructions
WORKERS = 12
MORE = WORKERS + 2  # overruns in a row: more than there are workers
LATE = rf"took longer than {DEADLINE_MS} ms and was given up"
MOST = 5  # calls in flight of a client
KILLED = 3  # clients that are killed, for each kind of call
ROUNDS = 3  # of as many calls as one client may have in flight
COMMANDS = 3  # rounds of those who are not to notice
TRIES = 200
AGAIN = 3  # ends of the dispatcher: each life is like the one before

# What virsh is asked, what it says beside the server's words, the procedure's name and number, and how its call ends.
BAD = {
    "reboot": (("reboot", ONE), rf"^error: Failed to reboot domain '{ONE}'$", "DOMAIN_REBOOT", wire.REBOOT, LATE),
    "shutdown": (("shutdown", ONE), rf"^error: Failed to shutdown domain '{ONE}'$", "DOMAIN_SHUTDOWN", wire.SHUTDOWN, LATE),
    "nodeinfo": (("nodeinfo",), r"^error: failed to get node information$", "NODE_GET_INFO", wire.NODE_GET_INFO, LATE),
    "reset": (
        ("reset", ONE), rf"^error: Failed to reset domain '{ONE}'$", "DOMAIN_RESET", wire.RESET,
        r"failed: access to memory that is not mapped",
    ),
    "sysinfo": (
        ("sysinfo",), r"^error: failed to get sysinfo$", "CONNECT_GET_SYSINFO", wire.GET_SYSINFO, r"failed: stack overflow",
    ),
}
OF_DOMAIN = ("reboot", "shutdown", "reset")

CASES = Cases()
case = CASES.case


# ---- calls, as bytes -----------------------------------------------------------------------------------------------------------


def payload(kind, d):
    """The arguments of such a call."""
    if kind == "shutdown":
        return domain(d)
    if kind in OF_DOMAIN:
        return domain(d) + u32(0)
    return u32(0) if kind == "sysinfo" else b""


def bad_call(kind, d, serial):
    return message(BAD[kind][3], payload(kind, d), serial)


def check_error(answer, kind, serial):
    """It is the answer to that call: an error with the right words."""
    m = Message(answer)
    if (m.procedure, m.type, m.serial, m.status) != (BAD[kind][3], wire.REPLY, serial, wire.ERROR):
        raise Failed(f"the answer to {kind}, serial {serial}, is {answer[:64].hex()}")
    error = Reader(m.payload).error()
    words = f"{BAD[kind][2]} {BAD[kind][4]}$"
    if error.code != wire.E_INTERNAL or error.domain != wire.FROM_DOMAIN or not re.match(words, error.text):
        raise Failed(f"{kind}: {error}, and not: {words}")


def check_text(answer, serial):
    m = Message(answer)
    if (m.procedure, m.serial, m.status) != (wire.GET_HOSTNAME, serial, wire.OK) or Reader(m.payload).string() != "lykos":
        raise Failed(f"the answer to GET_HOSTNAME, serial {serial}, is {answer[:64].hex()}")


def connect(host, port):
    return Connection(host.paths[port], host.context.limit(SECONDS))


def dispatcher(host, port=1):
    """Which process the dispatcher is: begun again it is another."""
    return host.virsh("domuuid", "dispatcher", port=port)


# ---- the cases -----------------------------------------------------------------------------------------------------------------


def said(host, kind, port=0):
    """virsh asks, and says what it is to say, with exit status 1."""
    words, own, name, _, end = BAD[kind]
    text = host.virsh(*words, port=port, status=1)
    if not re.fullmatch(rf"{own.rstrip('$')}\nerror: {name} {end}", text):
        raise Failed(f"virsh {' '.join(words)} says", core.tail(text))


@case("virsh says of a handler that overruns or faults which and why, with exit status 1; one that is slow is waited for")
def in_words(host):
    for kind in BAD:
        said(host, kind)
    text = host.virsh("version", "--daemon")
    if not re.search(r"^Running against daemon: \d+\.\d+\.\d+$", text, re.MULTILINE):
        raise Failed("version --daemon is not answered", core.tail(text))


@case("a virsh that is given several commands goes on behind those that fail, on the same connection")
def session(host):
    lines = [("hostname", ("lykos",))]
    for kind, (words, own, name, _, end) in BAD.items():
        lines += [(" ".join(words), (own, f"^error: {name} {end}$")), ("hostname", (r"^lykos$",))]
        lines += [(f"domname {host.virsh('domid', ONE)}", (rf"^{ONE}$",))] if kind == "reset" else []
    lines += [("list", (rf"^ \d+ +{ONE} +idle$",))]
    virsh = host.context.start(
        host.command(0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        text = virsh.communicate("".join(line + "\n" for line, _ in lines), host.context.limit(SECONDS))[0]
    except subprocess.TimeoutExpired:
        raise Failed("the session never ends") from None
    finally:
        host.context.finish(virsh)
    at = 0
    for line, patterns in lines:
        for pattern in patterns:
            found = re.compile(pattern, re.MULTILINE).search(text, at)
            if not found:
                raise Failed(f"{line}: not seen behind what was before: {pattern!r}", core.tail(text, 60))
            at = found.end()
    if re.search("reconnect|disconnect|lost", text, re.IGNORECASE):
        raise Failed("the connection was not the same all the time", core.tail(text, 60))


@case("what a connection had asked for it still has when calls of it were given up: its events come")
def keeps_what_it_has(host):
    with connect(host, 0) as c:
        d = c.lookup(ONE)
        other = c.lookup(IDLE[1])
        callback = c.call(wire.REGISTER_ANY, u32(0) + wire.optional(None)).i32()
        for serial, kind in enumerate(BAD, 1000):
            check_error(c.exchange(bad_call(kind, d, serial)), kind, serial)
        host.virsh("suspend", other.name, port=1)
        host.virsh("resume", other.name, port=1)
        got = [c.event(), c.event()]
        want = [(callback, other, wire.SUSPENDED, 0), (callback, other, wire.RESUMED, 0)]
        if got != want:
            raise Failed("other events came", [str(got), str(want)])
        c.close()


@case("workers are used again: more overruns and faults in a row than there are workers, and then all work at once")
def workers_again(host):
    same = dispatcher(host)
    with connect(host, 0) as c:
        d = c.lookup(ONE)
        for kind in BAD:
            for serial in range(1000, 1000 + MORE):
                check_error(c.exchange(bad_call(kind, d, serial)), kind, serial)
        c.close()
    clients = [connect(host, port) for port in range(len(host.paths))]
    try:
        for c in clients:  # each takes half of its deadline
            c.send(b"".join(message(wire.GET_LIB_VERSION, b"", 100 + i) for i in range(MOST)))
        for c in clients:
            serials = {Message(c.reply()).serial for _ in range(MOST)}
            if serials != set(range(100, 100 + MOST)):
                raise Failed(f"the answers have the serials {sorted(serials)}")
            c.close()
    finally:
        for c in clients:
            c.socket.close()
    if dispatcher(host) != same:
        raise Failed("the dispatcher was begun again")


class Busy(threading.Thread):
    """While in use it keeps so many calls of a port in flight, each of which never ends. `given_up`: how many were so far."""

    def __init__(self, host, port, count):
        super().__init__()
        self.connection = connect(host, port)
        self.seconds = host.context.limit(SECONDS)
        self.domain = self.connection.lookup(ONE)
        self.enough = threading.Event()
        self.count, self.given_up, self.failure = count, 0, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failed):
        self.enough.set()
        self.join(self.seconds)
        self.connection.socket.close()
        if failed[0] is None and self.failure is not None:
            raise self.failure
        if failed[0] is None and self.is_alive():
            raise Failed("the last calls of the port are not given up")

    def run(self):
        try:
            self.keep_busy()
            self.connection.close()
        except (Failed, wire.Broken, wire.RemoteError) as failure:
            self.failure = failure

    def keep_busy(self):
        c, serial = self.connection, 1000
        flying = set(range(serial, serial + self.count))
        c.send(b"".join(bad_call("reboot", self.domain, s) for s in flying))
        serial += self.count
        while flying:
            answer = c.reply()
            got = Message(answer).serial
            if got not in flying:
                raise Failed(f"an answer to {got} comes, and {sorted(flying)} are in flight")
            check_error(answer, "reboot", got)
            flying.discard(got)
            self.given_up += 1
            if not self.enough.is_set():
                flying.add(serial)
                c.send(bad_call("reboot", self.domain, serial))
                serial += 1


@case("clients of other ports are served while handlers of one never end, and never notice")
def others(host):
    same = dispatcher(host)
    with Busy(host, 0, MOST) as busy:
        for done in range(TRIES):
            if busy.given_up >= MORE and done >= COMMANDS:
                break
            if busy.failure is not None:
                raise busy.failure
            for port in (1, 2, 7):
                host.expect(rf"^ \d+ +{ONE} +idle$", "list", port=port)
                host.expect(r"^ - +ping +shut off$", "list", "--all", port=port)
                host.expect(rf"^Name: +{ONE}$", "dominfo", ONE, port=port)
        else:
            raise Failed(f"only {busy.given_up} calls were given up meanwhile")
    if dispatcher(host) != same:
        raise Failed("the dispatcher was begun again")


@case("a fast call overtakes slow ones on its port, whose errors come after it, to their own serials")
def overtakes(host):
    with connect(host, 0) as c:
        d = c.lookup(ONE)
        for kind in ("reboot", "shutdown", "nodeinfo"):
            c.send(bad_call(kind, d, 100) + message(wire.GET_HOSTNAME, b"", 101))
            check_text(c.reply(), 101)
            check_error(c.reply(), kind, 100)
        for _ in range(ROUNDS):  # as many workers as before are to be had when some were given up
            c.send(b"".join(bad_call("reboot", d, 100 + i) for i in range(MOST - 1)) + message(wire.GET_HOSTNAME, b"", 200))
            check_text(c.reply(), 200)
            for _ in range(MOST - 1):
                answer = c.reply()
                check_error(answer, "reboot", Message(answer).serial)
        calls = dict(enumerate(BAD, 200))
        c.send(b"".join(bad_call(kind, d, serial) for serial, kind in calls.items()))
        while calls:
            answer = c.reply()
            serial = Message(answer).serial
            if serial not in calls:
                raise Failed(f"an answer to {serial} comes, which is none that is in flight")
            check_error(answer, calls.pop(serial), serial)
        check_text(c.exchange(message(wire.GET_HOSTNAME, b"", 300)), 300)
        if not c.nothing_came():
            raise Failed("more came than was asked for")
        c.close()


def kill_in_call(host, kind):
    """Run virsh, and kill it when its call has begun. Was it in time, before its end?"""
    words, _, name, _, _ = BAD[kind]
    line = f"{name} begins"
    began = host.console().count(line)
    virsh = host.context.start(
        host.command(0, *words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(line, host.context.limit(SECONDS), lambda: host.console().count(line) > began)
        virsh.send_signal(signal.SIGKILL)
    finally:
        host.context.finish(virsh)
    return virsh.returncode == -signal.SIGKILL


def served_after(host):
    """The next client has the serials that the last one had, and is there when the answer to that one would come."""
    host.expect(r"^lykos$", "hostname")
    with connect(host, 0) as c:
        d = c.lookup(ONE)
        for serial in range(8):
            check_text(c.exchange(message(wire.GET_HOSTNAME, b"", serial)), serial)
        check_error(c.exchange(bad_call("reboot", d, 8)), "reboot", 8)
        if not c.nothing_came():
            raise Failed("more came than was asked for")
        c.close()


@case("a virsh killed in the middle of a call: who comes next is served, and gets no answer of that call")
def killed(host):
    same = dispatcher(host)
    for kind in ("reboot", "shutdown", "nodeinfo"):
        with Busy(host, 7, 1):  # else the clock goes on to the deadline at once, and no virsh is killed in time
            in_time = 0
            for _ in range(TRIES):
                in_time += kill_in_call(host, kind)
                served_after(host)
                if in_time == KILLED:
                    break
            else:
                raise Failed(f"{kind}: in {TRIES} tries only {in_time} virsh were killed before their call ended")
    if dispatcher(host) != same:
        raise Failed("the dispatcher was begun again")


# ---- what ends the dispatcher ----------------------------------------------------------------------------------------------------


READY = re.compile(r"ready\r?$", re.MULTILINE)  # perhaps behind the prompt


def ends_as_a_whole(host, number, arguments, words, place):
    """A client makes a call that is the end of the dispatcher: init says these words, and where, and begins it again. Then everybody is
    served, and calls are given up as before."""
    before = dispatcher(host)
    mark = len(host.console())
    with connect(host, 0) as c:
        c.send(message(number, arguments(c.lookup(ONE)), 100))
        wait_until("another dispatcher that is ready", host.context.limit(SECONDS), lambda: READY.search(host.console(), mark))
        if not c.nothing_came():
            raise Failed("what comes to the client of a dispatcher that is gone")
    said_it = host.console()[mark:]
    for line in (f"mistake in program dispatcher, found by itself: {words}", f"  {place}", "  it is begun again"):
        if not re.search(rf"init: {line}", said_it):
            raise Failed(f"init does not say: {line}", re.findall(r"init: .*", said_it)[:4])
    if dispatcher(host) == before:
        raise Failed("the dispatcher is the same")
    for port in range(len(host.paths)):
        host.expect(rf"^ \d+ +{ONE} +idle$", "list", port=port)
    said(host, "reboot")
    said(host, "reset")


NO_PAGE = r"access to memory that is not mapped \(0x[0-9a-f]+\)"


@case("a fault of the keeper itself is the end of the whole dispatcher: init is told, and begins it again; calls are given up as before")
def keeper_faults(host):
    words = rf"the keeper faulted at 0x[0-9a-f]+: {NO_PAGE}"
    for _ in range(AGAIN):
        ends_as_a_whole(host, wire.DESTROY_FLAGS, lambda d: domain(d) + u32(0), words, r"keeper is at 0x[0-9a-f]+ \(")


@case("so is a fault with a lock")
def faults_with_a_lock(host):
    words = r"worker \d+ faulted with a lock"
    for _ in range(AGAIN):
        ends_as_a_whole(host, wire.NUM_OF_DEFINED, lambda d: b"", words, r"worker \d+ is at 0x[0-9a-f]+ \(write_there\+")
