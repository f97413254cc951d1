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
from .core import Failed
from .machine import wait_until
from .virsh_cases import IDLE, SECONDS

ONE = IDLE[0]  # a domain to ask about
DEADLINE_MS = 500  # of the machine's own clock, which is counted in instructions
WORKERS = 12
MORE = WORKERS + 2  # overruns in a row: more than there are workers
LATE = rf"took longer than {DEADLINE_MS} ms and was given up"
KILLED = 3  # rounds of a client that is killed, for each kind of call
COMMANDS = 6  # of each of those who are not to notice

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

CASES = []


def case(text):
    def add(function):
        CASES.append((function.__name__, text, function))
        return function

    return add


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
            c.send(b"".join(message(wire.GET_LIB_VERSION, b"", 100 + i) for i in range(5)))
        for c in clients:
            serials = {Message(c.reply()).serial for _ in range(5)}
            if serials != set(range(100, 105)):
                raise Failed(f"the answers have the serials {sorted(serials)}")
            c.close()
    finally:
        for c in clients:
            c.socket.close()
    if dispatcher(host) != same:
        raise Failed("the dispatcher was begun again")


class Busy(threading.Thread):
    """Keeps as many calls of a port in flight as there may be, each of which never ends."""

    def __init__(self, host, port):
        super().__init__()
        self.connection = connect(host, port)
        self.domain = self.connection.lookup(ONE)
        self.enough = threading.Event()
        self.given_up, self.failure = 0, None

    def run(self):
        try:
            c, serial = self.connection, 1000
            flying = set(range(serial, serial + 5))
            c.send(b"".join(bad_call("reboot", self.domain, s) for s in flying))
            while flying:
                answer = c.reply()
                got = Message(answer).serial
                if got not in flying:
                    raise Failed(f"an answer to {got} comes, and {sorted(flying)} are in flight")
                check_error(answer, "reboot", got)
                flying.discard(got)
                self.given_up += 1
                if not self.enough.is_set():
                    new = max(flying | {got}) + 5
                    flying.add(new)
                    c.send(bad_call("reboot", self.domain, new))
            c.close()
        except (Failed, wire.Broken, wire.RemoteError) as failure:
            self.failure = failure


@case("clients of other ports are served while handlers of one never end, and never notice")
def others(host):
    busy = Busy(host, 0)
    try:
        busy.start()
        for round_ in range(200):
            before = busy.given_up
            for port in (1, 2, 7):
                host.expect(rf"^ \d+ +{ONE} +idle$", "list", port=port)
                host.expect(r"^ - +ping +shut off$", "list", "--all", port=port)
                host.expect(rf"^Name: +{ONE}$", "dominfo", ONE, port=port)
            if before == busy.given_up and not busy.is_alive():
                break
            if round_ >= COMMANDS and busy.given_up >= MORE:
                break
        else:
            raise Failed(f"only {busy.given_up} calls were given up meanwhile")
        busy.enough.set()
        busy.join(host.context.limit(SECONDS))
        if busy.failure is not None:
            raise busy.failure
        if busy.is_alive():
            raise Failed("the last calls of the port are not given up")
    finally:
        busy.enough.set()
        busy.connection.socket.close()
    if busy.given_up < MORE:
        raise Failed(f"only {busy.given_up} calls were given up")


@case("a fast call overtakes slow ones on its port, whose errors come after it, to their own serials")
def overtakes(host):
    with connect(host, 0) as c:
        d = c.lookup(ONE)
        for kind in ("reboot", "shutdown", "nodeinfo"):
            c.send(bad_call(kind, d, 100) + message(wire.GET_HOSTNAME, b"", 101))
            check_text(c.reply(), 101)
            check_error(c.reply(), kind, 100)
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


@case("a virsh killed in the middle of a call: who comes next is served, and gets no answer of that call")
def killed(host):
    same = dispatcher(host)
    for round_ in range(KILLED):
        for kind in BAD:
            words, _, name, _, _ = BAD[kind]
            began = host.console().count(f"{name} begins")
            virsh = host.context.start(host.command(0, *words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                wait_until(
                    f"{name} begins", host.context.limit(SECONDS), lambda n=name, b=began: host.console().count(f"{n} begins") > b
                )
                virsh.send_signal(signal.SIGKILL)
            finally:
                host.context.finish(virsh)
            host.expect(r"^lykos$", "hostname")
            if round_ == 0:
                said(host, kind)
            with connect(host, 0) as c:  # with the same serials, over the time in which a late answer might come
                d = c.lookup(ONE)
                for serial in range(8):
                    check_text(c.exchange(message(wire.GET_HOSTNAME, b"", serial)), serial)
                check_error(c.exchange(bad_call("reboot", d, 8)), "reboot", 8)
                if not c.nothing_came():
                    raise Failed("more came than was asked for")
                c.close()
    if dispatcher(host) != same:
        raise Failed("the dispatcher was begun again")
