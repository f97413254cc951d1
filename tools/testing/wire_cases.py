# SPDX-License-Identifier: BSD-2-Clause
"""What is sent straight to the socket of a port, right and wrong, and what must be answered. Each case is given a Peer: where its
sockets are, and in what it may differ from Lykos. `tools/wire-check` runs the same cases against libvirt's own daemon.

After each case the next client is served on the same port (Peer.next_client)."""

import dataclasses
import random

from remote import ports, wire
from remote.wire import Broken, Connection, Message, Reader, RemoteError, domain, message, optional, string, u32

from .cases import Cases
from .core import Failed
from .machine import wait_until

ROUNDS = 200
STALL_LOOKS = 20  # so often a socket takes nothing before it counts as full
NOBODY = wire.Domain("nobody", bytes(range(16)), 77)
BIG = (1 << 32) - 1

# Procedures whose arguments are: a domain; a domain and flags; nothing.
OF_DOMAIN = (12, 15, 16, 19, 28, 33, 34, 121, 150, 151)
OF_DOMAIN_FLAGS = (27, 183, 212, 234, 245, 426)
OF_NOTHING = (3, 4, 6, 25, 51, 59, 110, 122, 157, 360, 361)
# A server may leave the others to virsh's fallbacks, and say that it does not know them.
NEEDED = {1, 2, 3, 4, 6, 12, 15, 16, 19, 22, 23, 24, 28, 34, 59, 60, 66, 151, 183, 212, 273, 316, 317}
HARMFUL = (12, 27, 33, 34, 234, 245)  # what must not happen by half
UNDECODED = (wire.E_RPC, wire.FROM_RPC, "Unable to decode message payload")

CASES = Cases()


def case(text, lykos=False):
    """lykos: it makes sense for Lykos only."""
    return CASES.case(text, lykos)


@dataclasses.dataclass
class Peer:
    """Who is talked to."""

    paths: list
    victim: str  # a domain that runs and may be stopped
    seconds: float = 60
    name: str = "lykos:///system"
    hangs_up: bool = False  # a server on a socket can; Lykos behind a port cannot
    exact: bool = True  # errors have the smallest layout
    known: frozenset = frozenset()  # procedures with numbers that are not "unknown"
    kept: int = 16384  # bytes of the longest call that is taken; 0: any
    types: tuple = (1, 2, 3, 4, 5, 6, 255, BIG)
    seed: int = 1
    rounds: int = ROUNDS

    def connect(self, port=0, greet=True):
        return Connection(self.paths[port], self.seconds, greet, self.name)

    def wait_gone(self):
        """Wait until Lykos has seen that the client of port 0 has gone. When the kernel knows of no connection to its socket any more,
        QEMU is about to say so, in the same round of its main loop; it takes what the client of another port says in a later
        round, and Lykos looks for who came and went before it reads that. By that client's answers everything is also done that
        Lykos had given QEMU before."""
        if not self.hangs_up:
            wait_until("a free port", self.seconds, lambda: self.paths[0] not in ports.in_use())
            self.next_client(1)

    def connect_behind(self, before, draw):
        """Behind a client of port 0 that went without waiting for the answers to the calls `before`. One time in two at once; or when
        its going has been seen, and then every byte must be for this one."""
        if draw.random() < 0.5:
            self.wait_gone()
            return self.connect()
        c = self.connect(greet=False)
        try:
            c.greet_after(before, self.name)
        except BaseException:
            c.socket.close()
            raise
        return c

    def next_client(self, port=0):
        with self.connect(port) as c:
            c.text(wire.GET_HOSTNAME)
            c.close()

    def expect_error(self, call, answer, code, origin, text):
        """The answer is this error. `text` may be a part of its text, where the other end is not Lykos."""
        wire.check_reply(call, answer)
        if self.exact and answer != wire.error_reply(call, code, origin, text):
            expected = wire.error_reply(call, code, origin, text).hex()
            raise Failed(f"to {call[:80].hex()}", [f"came     {answer.hex()}", f"expected {expected}"])
        if Message(answer).status != wire.ERROR:
            raise Failed(f"{call[:80].hex()} is not refused")
        found = Reader(Message(answer).payload).error()
        if found.code != code or text not in found.text or (origin is not None and found.domain != origin):
            raise Failed(f"to {call[:80].hex()} the error is {found}, not {code} of {origin}: {text}")

    def refused(self, c, call, code, origin, text):
        self.expect_error(call, c.exchange(call), code, origin, text)

    def still_answers(self, c):
        """The very next answer is that of the next call: what stood before it was dropped."""
        call = message(wire.AUTH_LIST, serial=0xABCD)
        if Message(c.exchange(call)).status != wire.OK:
            raise Failed("the connection is not what it was")

    def silent(self, c):
        """Nothing comes, while others are served several times over."""
        for _ in range(3):
            self.next_client(1)
        if not c.nothing_came():
            raise Failed(f"nothing was to be answered, and {c.buffer[:64].hex()} was")


def same(got, want, what):
    if got != want:
        raise Failed(f"{what}: {got!r}, not {want!r}")


def arguments(d):
    """procedure -> the bytes of its arguments, about that domain."""
    table = {p: domain(d) for p in OF_DOMAIN} | {p: domain(d) + u32(0) for p in OF_DOMAIN_FLAGS} | {p: b"" for p in OF_NOTHING}
    table |= {22: u32(d.id), 23: string(d.name), 24: d.uuid, 37: u32(100), 60: u32(14), 203: u32(0), 273: u32(1) + u32(0)}
    return table | {316: u32(0) + optional(domain(d)), 317: u32(1 << 20)}


# ---- what is right ----------------------------------------------------------------------------------------------------------


@case("what virsh asks is answered in the bytes of the protocol, and consistently")
def answers(peer):
    with peer.connect(greet=False) as c:
        auth = Message(c.exchange(message(wire.AUTH_LIST))).payload
        if auth not in (u32(0), u32(1) + u32(0)):
            raise Failed(f"no authentication is to be asked for, and {auth.hex()} is")
        same(len(c.exchange(message(60, u32(10), 1))), 32, "bytes of the answer about keepalive")
        same(len(c.exchange(message(1, optional(string(peer.name)) + u32(0), 2))), 28, "bytes of the answer to OPEN")
        c.serial = 3
        for d in (listed := c.domains()):
            same(c.lookup(d.name), d, "looked up by name")
            r = c.call(wire.LOOKUP_BY_UUID, d.uuid)
            same(r.domain(), d, "looked up by uuid")
            if d.id != -1:
                same(c.call(wire.LOOKUP_BY_ID, u32(d.id)).domain(), d, "looked up by id")
            state, _ = c.state(d)
            same(state == wire.SHUTOFF, d.id == -1, f"{d.name} is off")
            same(len(c.exchange(message(wire.GET_INFO, domain(d), 99))), 60, "bytes of the answer about a domain")
        same(len({d.uuid for d in listed}), len(listed), "different uuids")
        same(len({d.name for d in listed}), len(listed), "different names")
        same(len(c.exchange(message(wire.NODE_GET_INFO, serial=5))), 28 + 160, "bytes of the answer about the node")
        c.close()


@case("a list holds what its flags ask for, and a count alone is the same count")
def lists(peer):
    with peer.connect() as c:
        whole = c.domains()
        same(set(c.domains(1)), {d for d in whole if d.id != -1}, "active domains")
        same(set(c.domains(2)), {d for d in whole if d.id == -1}, "inactive domains")
        same(set(c.domains(3)), set(whole), "active and inactive domains")
        same(set(c.domains(4)) | set(c.domains(8)), set(whole), "persistent and transient domains")
        groups = [set(c.domains(flag)) for flag in (16, 32, 64, 128)]
        same(set().union(*groups), set(whole), "domains in any state")
        r = c.call(wire.LIST_ALL, u32(0) + u32(0))
        same((r.u32(), r.u32()), (0, len(whole)), "a count without domains")
        r.end()


@case("a domain that there is not is error 42, however it is named")
def unknown_domain(peer):
    with peer.connect() as c:
        for procedure in (22, 23, 24):
            call = message(procedure, arguments(NOBODY)[procedure], 7)
            found = Reader(Message(c.exchange(call)).payload).error()
            same(found.code, wire.E_NO_DOMAIN, f"code of procedure {procedure}")
        for procedure in (12, 16, 28, 34, 212):
            call = message(procedure, arguments(NOBODY)[procedure], 8)
            found = Reader(Message(c.exchange(call)).payload).error()
            same(found.code, wire.E_NO_DOMAIN, f"code of procedure {procedure}")


@case("a name ends at a NUL in it")
def embedded_nul(peer):
    with peer.connect() as c:
        found = c.call(wire.LOOKUP_BY_NAME, string(peer.victim.encode() + b"\0and more")).domain()
        same(found.name, peer.victim, "the domain found")


@case("what follows the arguments is ignored")
def bytes_left(peer):
    with peer.connect() as c:
        for more in (1, 2, 3, 4, 100, 4096, 8191):
            call = message(wire.GET_HOSTNAME, b"\xff" * more, more)
            same(Message(c.exchange(call)).status, wire.OK, f"status with {more} bytes too many")


@case("serials are the client's, and come back as they were")
def serials(peer):
    with peer.connect() as c:
        for serial in (0, 1, 0x7FFFFFFF, 0x80000000, BIG):
            c.exchange(message(wire.GET_HOSTNAME, serial=serial))
        c.send(message(wire.GET_HOSTNAME, serial=9) * 2)
        for _ in range(2):
            wire.check_reply(message(wire.GET_HOSTNAME, serial=9), c.reply())


@case("keepalive is answered at any time after the first call, and costs nothing else")
def keepalive(peer):
    ping = message(wire.PING, program=wire.KEEPALIVE, kind=wire.MESSAGE)
    pong = message(wire.PONG, program=wire.KEEPALIVE, kind=wire.MESSAGE)
    with peer.connect(greet=False) as c:
        c.exchange(message(wire.AUTH_LIST))
        same(c.exchange(message(60, u32(10), 1))[28:], u32(1), "keepalive is offered")
        for _ in range(3):
            c.send(ping)
            same(c.receive(), pong, "the answer to PING")
        c.serial = 2
        c.call(wire.OPEN, optional(string(peer.name)) + u32(0))
        calls = [message(wire.GET_HOSTNAME, serial=100 + i) for i in range(20)]
        c.send(b"".join(call + ping for call in calls))
        came = [c.reply() for _ in range(40)]
        same(came.count(pong), 20, "answers to PING between calls")
        same(sorted(Message(m).serial for m in came if m != pong), list(range(100, 120)), "serials answered")
        c.send(pong)
        peer.still_answers(c)


# ---- what is wrong ----------------------------------------------------------------------------------------------------------


@case("a length that cannot be ends the connection, or has all ignored that comes after it")
def bad_length(peer):
    for length in [*range(28), wire.LENGTH_MOST + 1, 0x7FFFFFFF, 0x80000000, BIG]:
        with peer.connect() as c:
            c.send(message(wire.GET_HOSTNAME, length=length))
            if peer.hangs_up:
                try:
                    raise Failed(f"length {length} is answered: {c.receive().hex()}")
                except Broken as why:
                    if "hung up" not in str(why) and "reset" not in str(why):
                        raise
                continue
            if length in (0, 27, BIG):
                peer.silent(c)  # now, too: what comes next may end a client that was answered
            c.send(message(wire.GET_HOSTNAME, serial=1))
            if length in (0, 27, BIG):
                peer.silent(c)
        peer.next_client()


@case("a length that is not a multiple of 4 is none that is refused")
def odd_length(peer):
    with peer.connect() as c:
        for more in (1, 2, 3):
            answer = c.exchange(message(wire.GET_HOSTNAME, b"\0" * more, more))
            same(Message(answer).status, wire.OK, f"status with {more} bytes more")


@case("a call too long to be kept is refused when it has come, and the connection goes on", lykos=True)
def too_long(peer):
    for length in (peer.kept + 1, peer.kept + 4096, 100000, 1 << 20):
        with peer.connect() as c:
            call = message(wire.GET_HOSTNAME, b"\x5a" * (length - 28), 3)
            peer.refused(c, call, wire.E_RPC, wire.FROM_RPC, f"message of {length} bytes is too long")
            peer.still_answers(c)
    with peer.connect() as c:
        same(Message(c.exchange(message(wire.GET_HOSTNAME, b"\x5a" * (peer.kept - 28), 4))).status, wire.OK, "the longest call")


@case("an unknown program or version is refused under its own numbers")
def programs(peer):
    tried = [(p, 1) for p in (0, 1, 0x20008085, 0x20008088, 0x7FFFFFFF, 0x80000000, BIG)]
    tried += [(wire.PROGRAM, v) for v in (0, 2, 3, 0x80000000, BIG)] + [(1, 2)]
    with peer.connect() as c:
        for program, version in tried:
            call = message(wire.GET_HOSTNAME, serial=5, program=program, version=version)
            signed = [n - (1 << 32) if n >= 1 << 31 else n for n in (program, version)]
            peer.refused(c, call, wire.E_RPC, wire.FROM_RPC, "Cannot find program {} version {}".format(*signed))
        peer.still_answers(c)


@case("what is not a call is dropped, and the connection lives")
def types(peer):
    with peer.connect() as c:
        for kind in peer.types:
            c.send(message(wire.GET_HOSTNAME, serial=6, kind=kind))
            peer.still_answers(c)


@case("a call with a status is refused")
def status(peer):
    with peer.connect() as c:
        for number in (1, 2, 3, BIG):
            text = f"Unexpected message status {number}" if peer.exact else "Unexpected message status"
            peer.refused(c, message(wire.GET_HOSTNAME, serial=7, status=number), wire.E_RPC, wire.FROM_RPC, text)
        peer.still_answers(c)


@case("each procedure that is not known is refused by its number")
def procedures(peer):
    with peer.connect() as c:
        for number in [*range(-2, 470), 1000, 65536, 0x7FFFFFFF, -(1 << 31)]:
            if number not in peer.known:
                call = message(number, serial=8)
                peer.refused(c, call, wire.E_RPC, wire.FROM_RPC, f"unknown procedure: {number}")
        peer.still_answers(c)


def is_unknown(peer, c, procedure, payload):
    """Is this procedure one that the other side does not know at all? None that is needed may be."""
    answer = Message(c.exchange(message(procedure, payload, 9)))
    if answer.status != wire.ERROR:
        return False
    error = Reader(answer.payload).error()
    unknown = error.code == wire.E_RPC and error.text.startswith("unknown procedure")
    if unknown and procedure in NEEDED:
        raise Failed(f"procedure {procedure} is not known")
    return unknown


@case("nothing but AUTH_LIST, CLOSE, OPEN and the question for keepalive is answered before OPEN")
def not_open(peer):
    with peer.connect(greet=False) as c:
        c.exchange(message(wire.AUTH_LIST))
        for procedure, payload in sorted(arguments(NOBODY).items()):
            if not is_unknown(peer, c, procedure, payload):
                call = message(procedure, payload, 10)
                origin = wire.FROM_RPC if peer.exact else None
                peer.refused(c, call, wire.E_INTERNAL, origin, "connection not open")
        c.serial = 11
        c.call(wire.SUPPORTS_FEATURE, u32(10))
        c.call(wire.OPEN, optional(string(peer.name)) + u32(0))
        c.text(wire.GET_HOSTNAME)


@case("arguments cut off anywhere are refused, and nothing is done by half")
def cut_arguments(peer):
    with peer.connect() as c:
        victim = c.lookup(peer.victim)
        before = c.state(victim)[0] == wire.PAUSED
        table = arguments(victim) | {1: optional(string(peer.name)) + u32(0)}
        for procedure, payload in sorted(table.items()):
            if payload and is_unknown(peer, c, procedure, b""):
                continue
            for cut in range(len(payload)):
                peer.refused(c, message(procedure, payload[:cut], 12), *UNDECODED)
        same(c.lookup(peer.victim), victim, "the domain afterwards")
        same(c.state(victim)[0] == wire.PAUSED, before, "it is paused")


@case("a string longer than its message, or than any may be, is refused")
def long_strings(peer):
    with peer.connect() as c:
        text = string("abcdefg")
        for length in (9, 12, 100, 16384, wire.STRING_MOST, wire.STRING_MOST + 1, 0x7FFFFFFF, 0x80000000, BIG - 3, BIG - 2, BIG):
            claims = u32(length) + text[4:]
            for procedure, payload in (
                (wire.LOOKUP_BY_NAME, claims),
                (wire.SUSPEND, claims + bytes(16) + u32(1)),
                (wire.OPEN, u32(1) + claims + u32(0)),
                (wire.REGISTER_ANY, u32(0) + u32(1) + claims + bytes(20)),
            ):
                if length <= len(payload) - 8:
                    continue  # it has room behind its end
                peer.refused(c, message(procedure, payload, 13), *UNDECODED)
        peer.still_answers(c)


# ---- how it comes -----------------------------------------------------------------------------------------------------------


def whole_session(peer):
    """What a client sends, and how many answers it gets."""
    calls = [message(wire.AUTH_LIST), message(60, u32(10), 1), message(1, optional(string(peer.name)) + u32(0), 2)]
    calls += [message(wire.GET_HOSTNAME, serial=3), message(wire.LOOKUP_BY_NAME, string(peer.victim), 4)]
    return b"".join(calls), len(calls)


def take_answers(c, count):
    same(sorted(Message(c.reply()).serial for _ in range(count)), list(range(count)), "serials answered")


@case("a session whose bytes come one at a time is served")
def one_byte_at_a_time(peer):
    data, count = whole_session(peer)
    with peer.connect(greet=False) as c:
        for at in range(len(data)):
            c.send(data[at : at + 1])
            wait_until("a byte that is taken", peer.seconds, c.taken)  # or several come at once
        take_answers(c, count)


@case("a session is served in whatever pieces it comes, and in one")
def pieces(peer):
    data, count = whole_session(peer)
    draw = random.Random(peer.seed)
    for cuts in [[]] + [sorted(draw.sample(range(1, len(data)), draw.randrange(1, 12))) for _ in range(peer.rounds // 10)]:
        with peer.connect(greet=False) as c:
            for begin, end in zip([0, *cuts], [*cuts, len(data)]):
                c.send(data[begin:end])
            take_answers(c, count)


@case("a client that is gone after any number of bytes of its calls leaves nothing behind, nor half of anything done")
def vanish(peer):
    data, _ = whole_session(peer)
    with peer.connect() as c:
        victim = c.lookup(peer.victim)
    data += message(wire.SUSPEND, domain(victim), 5)
    draw = random.Random(peer.seed)
    for sent in range(len(data)):
        with peer.connect(greet=False) as c:
            c.send(data[:sent])
        with peer.connect_behind(wire.whole_messages(data[:sent]), draw) as c:
            if c.state(victim)[0] == wire.PAUSED:
                raise Failed(f"suspended by {sent} of {len(data)} bytes")


@case("answers that nobody waits for any more do not reach the next client")
def late_answers(peer):
    draw = random.Random(peer.seed)
    calls = [message(wire.LIST_ALL, u32(1) + u32(0), 500 + i) for i in range(8)]
    for _ in range(max(40, peer.rounds // 5)):
        with peer.connect_behind(calls, draw) as c:
            c.domains()
            c.text(wire.GET_HOSTNAME)
            c.send(b"".join(calls))
            for _ in range(draw.randrange(len(calls))):
                c.receive()
    peer.wait_gone()


@case("calls without waiting for answers are all answered, once each, whatever the order")
def pipelined(peer):
    draw = random.Random(peer.seed)
    with peer.connect() as c:
        victim = c.lookup(peer.victim)
        kinds = [(wire.GET_HOSTNAME, b""), (wire.LIST_ALL, u32(1) + u32(0)), (wire.GET_STATE, domain(victim) + u32(0)), (9999, b"")]
        for count in (2, 5, 6, 20, 100, peer.rounds):
            calls = {serial: message(*draw.choice(kinds), serial) for serial in draw.sample(range(1 << 31), count)}
            c.pump(b"".join(calls.values()))
            for _ in range(count):
                answer = c.reply()
                call = calls.pop(Message(answer).serial, None)
                if call is None:
                    raise Failed(f"an answer that nobody waits for, or a second one: {answer[:64].hex()}")
                wire.check_reply(call, answer)
                same(Message(answer).status == wire.ERROR, Message(call).procedure == 9999, "it is refused")
        if not c.nothing_came():
            raise Failed("there are more answers than calls")


def stall(peer, c, call):
    """Send this call, over and over, until nothing is taken any more, however often others are served. How many bytes were taken."""
    sent, stalled = 0, 0
    while stalled < STALL_LOOKS:
        taken = c.send_some(call[sent % len(call) :])
        sent += taken
        stalled = 0 if taken else stalled + 1
        if not taken:
            peer.next_client(1)
    return sent


@case("a client that does not read is not read either, loses nothing, and nobody else notices")
def never_reads(peer):
    call = message(wire.LIST_ALL, u32(1) + u32(0) + bytes(8000), 14)
    with peer.connect() as c:
        sent = stall(peer, c, call)
        for port in range(1, len(peer.paths)):
            peer.next_client(port)
        count = -(-sent // len(call))
        c.pump(call[sent % len(call) :] if sent % len(call) else b"")
        first = c.reply()
        for _ in range(count - 1):
            same(Message(c.reply()).serial, 14, "serial")
        wire.check_reply(call, first)
        peer.still_answers(c)


@case("clients that do not read and go leave nothing to the next one, and their port as it was")
def stalls_and_goes(peer):
    draw = random.Random(peer.seed)
    call = message(wire.LIST_ALL, u32(1) + u32(0) + bytes(8000), 14)
    before = []
    for _ in range(6):  # more than a port has buffers
        with peer.connect_behind(before, draw) as c:
            sent = stall(peer, c, call)
            before = [call] * (sent // len(call))
    with peer.connect_behind(before, draw) as c:
        c.text(wire.GET_HOSTNAME)


@case("events come to who asked for them, as often as asked, and no more afterwards")
def events(peer):
    with peer.connect(0) as c, peer.connect(1) as other:
        victim = c.lookup(peer.victim)
        ids = [c.call(wire.REGISTER_ANY, u32(0) + optional(d)).i32() for d in (None, domain(victim))]
        same(len(set(ids)), 2, "different callbacks")
        for procedure, event in ((wire.SUSPEND, wire.SUSPENDED), (wire.RESUME, wire.RESUMED)) * 2:
            other.empty(procedure, domain(victim))
            came = [c.event(), c.event()]
            same(sorted(e[0] for e in came), sorted(ids), "callbacks")
            same({e[1:] for e in came}, {(victim, event, 0)}, "domain, event and detail")
        c.empty(wire.DEREGISTER_ANY, u32(ids[1]))
        other.empty(wire.SUSPEND, domain(victim))
        same(c.event(), (ids[0], victim, wire.SUSPENDED, 0), "event of the callback that is left")
        c.empty(wire.DEREGISTER_ANY, u32(ids[0]))
        other.empty(wire.RESUME, domain(victim))
        for _ in range(3):
            other.text(wire.GET_HOSTNAME)
        c.text(wire.GET_HOSTNAME)
        if c.events or not c.nothing_came():
            raise Failed("an event came after DEREGISTER_ANY")
        try:
            c.call(wire.DEREGISTER_ANY, u32(ids[0]))
            raise Failed("a callback that there is not is taken back")
        except RemoteError:
            pass


@case("AUTH_LIST with serial 0 begins a new client: it has not opened, and gets no events", lykos=True)
def greeting_again(peer):
    with peer.connect() as c, peer.connect(1) as other:
        victim = c.lookup(peer.victim)
        c.call(wire.REGISTER_ANY, u32(0) + optional(None))
        c.exchange(message(wire.AUTH_LIST))
        peer.refused(c, message(wire.GET_HOSTNAME, serial=1), wire.E_INTERNAL, wire.FROM_RPC, "connection not open")
        other.empty(wire.SUSPEND, domain(victim))
        other.empty(wire.RESUME, domain(victim))
        c.serial = 2
        c.call(wire.OPEN, optional(string(peer.name)) + u32(0))
        c.text(wire.GET_HOSTNAME)
        same(c.events, [], "events of the client before")


def garbled(draw, peer):
    """One input that means nothing, or something that does no harm."""
    kind = draw.randrange(4)
    if kind == 0:
        return draw.randbytes(draw.randrange(1, 300))
    if kind == 1:
        body = draw.randbytes(draw.randrange(0, 200))
        program, kind, status_ = draw.choice((wire.PROGRAM, 1)), draw.randrange(7), draw.randrange(3)
        return message(draw.randrange(-5, 500), body, draw.getrandbits(32), program, 1, kind, status_)
    procedure = draw.choice([p for p in arguments(NOBODY) if p not in HARMFUL])
    call = message(procedure, arguments(NOBODY)[procedure], 1)
    data = bytearray(message(wire.AUTH_LIST) + call + message(wire.GET_HOSTNAME, serial=2))
    for _ in range(draw.randrange(1, 4)):
        data[draw.randrange(len(data))] = draw.getrandbits(8)
    return bytes(data[: draw.randrange(1, len(data) + 1)]) if kind == 2 else bytes(data)


@case("garbage, drawn from a seed, harms only who sends it")
def garbage(peer):
    draw = random.Random(peer.seed)
    for _ in range(peer.rounds):
        data = garbled(draw, peer)
        try:
            with peer.connect(greet=draw.random() < 0.5) as c:
                c.send(data)
                c.nothing_came()
        except Broken as why:
            if not peer.hangs_up:
                raise Failed(f"after {data.hex()}: {why}") from None
        try:
            with peer.connect_behind(wire.whole_messages(data), draw) as c:
                c.text(wire.GET_HOSTNAME)
                c.close()
        except (Broken, RemoteError) as why:
            raise Failed(f"the next client is not served after {data.hex()}: {why}") from None


def run(peer, function):
    """One case, and the next client. Failed: in words."""
    try:
        function(peer)
        peer.next_client()
    except (Broken, RemoteError) as why:
        raise Failed(str(why)) from why
