# SPDX-License-Identifier: BSD-2-Clause
"""The part `serial` of tools/test: clients of virtio-serial ports, from outside of the machine. The program mirror
(user/programs/mirror) sends back what comes, and keeps what it was told of each port as a text, its record; port 7 is for
commands to it. Sessions, order and bytes are looked at exactly.

Where a case needs that the driver sees several things at once, it suspends the driver at the prompt, does them, and resumes it."""

import array
import fcntl
import os
import re
import select
import socket
import tempfile
import termios
import time

from . import core
from .cases import Cases, run_in_turn
from .core import Failed, Job, Part
from .session import Session, another_prompt, need

SECONDS = 20
PORTS = 8
COMMANDS = 7
BUFFER = 4096  # QEMU hands over no more at a time
BUFFERS = 4  # for each port and direction, in the driver
CONTROL_BUFFERS = 32
TRIES = 1000
SETTLING = 20  # looks until nothing changes any more
# A case is called with a Machine at its prompt, on which mirror runs and waits.
CASES = Cases()
case = CASES.case


class Client:
    """A client of one port."""

    def __init__(self, machine, port):
        self.machine = machine
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machine.session.context.limit(SECONDS))
        self._connect(machine.paths[port])
        machine.clients.append(self)

    def _connect(self, path):
        """Two can wait in line, beside the one that is served; further ones are told to try again."""
        for _ in range(TRIES):
            try:
                self.socket.connect(path)
                return
            except BlockingIOError:
                time.sleep(0.01)
        raise Failed(f"{path}: no client can connect any more")

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def taken(self):
        """Wait until QEMU has read what was sent: then it has seen all that was done before, too."""
        unread = array.array("i", [1])
        for _ in range(TRIES):
            fcntl.ioctl(self.socket, termios.TIOCOUTQ, unread)
            if unread[0] == 0:
                return
            time.sleep(0.01)
        raise Failed("QEMU does not read what was sent")

    def receive(self, count):
        """Exactly so many bytes."""
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except TimeoutError:
                raise Failed(f"{len(data)} of {count} bytes came back") from None
            if not more:
                raise Failed(f"the port was closed after {len(data)} of {count} bytes")
            data += more
        return data

    def echo(self, data):
        """Send, and see the same come back."""
        self.send(data)
        if (got := self.receive(len(data))) != data:
            raise Failed(f"sent {data[:40]!r}, {got[:40]!r} came back")

    def silent(self):
        """Nothing is there to be read now."""
        ready, _, _ = select.select([self.socket], [], [], 0)
        if ready:
            raise Failed(f"unexpected: {self.socket.recv(100)!r}")


class Machine:
    """A boot with a virtio-serial device, mirror running."""

    def __init__(self, context, name, device="disable-legacy=on", more=(), ports=PORTS):
        self.context = context
        self.clients = []
        folder = tempfile.mkdtemp(prefix=name + "-", dir=context.folder)  # the QEMU before may still be removing its sockets
        self.paths = [os.path.join(folder, f"port{i}") for i in range(PORTS)]
        qemu = ["-device", f"virtio-serial-pci,id=vs,{device}"]
        for i, path in enumerate(self.paths[:ports]):
            qemu += ["-chardev", f"socket,id=c{i},path={path},server=on,wait=off"]
            qemu += ["-device", f"virtserialport,bus=vs.0,chardev=c{i},name=lykos.rpc.{i}"]
        self.session = Session(context, name, [*more, "--", *qemu])
        self.session.prompt()
        self.session.command("destroy dispatcher")  # a port has one reader; without ports it is gone already
        self.session.type("start mirror\r")
        self.session.expect(r"mirror: ready")
        another_prompt(self.session)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()
        self.session.__exit__()

    def leave(self):
        """All clients go."""
        for client in self.clients:
            client.close()
        self.clients = []

    def connect(self, port):
        return Client(self, port)

    def ask(self, *commands):
        """Lines to mirror, through a client of their own; the answer to the last."""
        client = self.connect(COMMANDS)
        for line in commands:
            client.send(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += client.receive(1)
        client.close()
        return answer.decode().rstrip("\n")

    def record(self, port):
        """What mirror was told of the port since the last time, as a list of words, the sessions' numbers replaced by
        1, 2, .. in the order in which they are seen; they must be larger each time."""
        words = self.ask(f"record {port}").removeprefix("record:").split()
        names, last = {}, 0
        for i, word in enumerate(words):
            found = re.fullmatch(r"([OC])(\d+)(m?)", word)
            if not found:
                continue
            number = int(found[2])
            if found[1] == "O" and number <= last:
                raise Failed(f"session {number} comes behind {last}: {' '.join(words)}")
            last = max(last, number)
            words[i] = f"{found[1]}{names.setdefault(number, len(names) + 1)}{found[3]}"
        return words

    def until_record(self, port, last):
        """The record, once its last word is this."""
        words = []
        for _ in range(TRIES):
            words += self.record(port)
            if words and words[-1] == last:
                return words
            time.sleep(0.01)
        raise Failed(f"never seen: {last} at the end of the record of port {port}: {' '.join(words[-20:])}")

    def wait_closed(self, port):
        """Until the driver has seen that nobody is there."""
        for _ in range(TRIES):
            if " open 0," in self.ask(f"info {port}"):
                return
            time.sleep(0.01)
        raise Failed(f"port {port} is never closed")

    def fresh(self, port):
        """Nobody is there, and the record is empty. Who comes next is not the port's first client, whose session would be *mixed*."""
        client = self.connect(port)
        client.echo(b"first")
        client.close()
        self.wait_closed(port)
        self.record(port)


def same(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: {got!r}, not {wanted!r}")


def suspended(machine, function):
    """Do it while the driver does not run, so that it sees all of it at once."""
    need(machine.session, machine.session.command("suspend serial"), r"serial is suspended")
    try:
        function()
    finally:
        machine.session.command("resume serial")


# ---- Cases -----------------------------------------------------------------------------------------


@case("every port sends back what comes, also all eight at once, and has its name")
def every_port(machine):
    for port in range(PORTS - 1):
        need(machine.session, machine.ask(f"info {port}"), rf"^8 ports, open 0, .*lykos\.rpc\.{port}$")
    clients = [machine.connect(port) for port in range(PORTS - 1)]
    for i, client in enumerate(clients):
        client.send(b"%d" % i * 100)
    for i, client in enumerate(clients):
        same(client.receive(100), b"%d" % i * 100, f"port {i}")
    eighth = machine.connect(COMMANDS)
    eighth.send(b"info 3\n")
    same(eighth.receive(15), b"8 ports, open 1", "the eighth")


@case("sessions are told in order, each with its bytes: opened, data, closed")
def sessions(machine):
    machine.fresh(1)
    for i in range(3):
        client = machine.connect(1)
        client.echo(b"call%d" % i)
        client.close()
        machine.wait_closed(1)
    words = machine.until_record(1, "C3")
    same(words, "O1 D5:call0 C1 O2 D5:call1 C2 O3 D5:call2 C3".split(), "the record")


@case("one byte at a time: each hand-over is a buffer of its own, and none is lost or out of order")
def byte_at_a_time(machine):
    client = machine.connect(0)
    data = bytes(range(33, 127)) * 8
    for i, byte in enumerate(data):
        client.send(bytes([byte]))
        if i % 4 == 0:
            same(client.receive(i % 4 + 1 if i == 0 else 4), data[max(0, i - 3) : i + 1], f"byte {i}")
    client.receive(len(data) - 1 - (len(data) - 1) // 4 * 4)


@case("more than 4096 bytes at once: they come in buffers of at most so many, each from its beginning")
def more_than_a_buffer(machine):
    for size in (BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 5, 300000):
        machine.fresh(2)
        client = machine.connect(2)
        data = bytes((7 * i + size) % 251 for i in range(size))
        got = b""
        sent = 0
        client.socket.setblocking(False)
        while len(got) < size:
            ready, writable, _ = select.select([client.socket], [client.socket] if sent < size else [], [], SECONDS)
            if not ready and not writable:
                raise Failed(f"{len(got)} of {size} bytes came back")
            if writable:
                sent += client.socket.send(data[sent : sent + 50000])
            if ready:
                got += client.socket.recv(65536)
        client.socket.settimeout(SECONDS)
        same(got == data, True, f"{size} bytes come back as they were")
        client.close()
        words = machine.until_record(2, "C1") if size < 100000 else []
        pieces = [int(word[1:].split(":")[0]) for word in words if word[0] == "D"]
        if size < 100000 and (sum(pieces) != size or max(pieces) > BUFFER):
            raise Failed(f"{size} bytes came as {pieces}")


@case("a client that connects to a port that is taken is silent, and is served when the other leaves")
def next_in_line(machine):
    machine.fresh(3)
    first = machine.connect(3)
    first.echo(b"first")
    second = machine.connect(3)
    second.send(b"second")
    first.echo(b"still first")
    second.silent()
    first.close()
    same(second.receive(6), b"second", "the second")
    second.close()
    machine.wait_closed(3)
    words = machine.until_record(3, "C2")
    same([w.rstrip("m") for w in words], "O1 D5:first D11:still.first C1 O2 D6:second C2".split(), "the record")


@case("nothing is polled: while clients are there and say nothing, driver and pci are told of nothing, and take no time")
def quiet(machine):
    machine.ask("hold 4")
    clients = [machine.connect(port) for port in range(PORTS - 1)]
    for port, client in enumerate(clients):
        if port != 4:
            client.echo(b"here")
    clients[4].send(b"not read")
    clients[0].echo(b"taken")

    def looks():
        """CPU time and notices, as `ps` says them."""
        texts = [machine.session.command(f"ps {server}") for server in ("serial", "pci")]
        for text in texts:
            need(machine.session, text, r"^(serial|pci) .* \d+\.\d+ s ", r"^  notices +\d+ posted")
        return texts

    before, after = None, looks()
    for _ in range(SETTLING):  # the echo server may still be asking for what comes next
        before = after
        machine.session.command("ping")  # the machine is not idle meanwhile
        after = looks()
        if after == before:
            break
    same(after, before, "what ps shows")
    machine.ask("go 4")
    same(clients[4].receive(8), b"not read", "what was not read")


@case("a client that is not read is held up by QEMU: nothing is lost, the others are served, and it goes on")
def not_read(machine):
    machine.fresh(4)
    machine.ask("hold 4")
    client = machine.connect(4)
    client.socket.setblocking(False)
    data = bytes((5 * i) % 253 for i in range(1 << 20))
    sent = 0
    while True:
        _, writable, _ = select.select([], [client.socket], [], 1)
        if not writable:
            break
        sent += client.socket.send(data[sent : sent + 65536])
        if sent == len(data):
            raise Failed("a megabyte was taken by nobody")
    machine.connect(5).echo(b"others are served")
    machine.ask("go 4")
    client.socket.settimeout(SECONDS)
    same(client.receive(sent) == data[:sent], True, "all of it comes back as it was")


@case("a client that does not read stalls its own port and no other; when it reads, every byte is there")
def never_reads(machine):
    machine.fresh(0)
    client = machine.connect(0)
    client.echo(b"here")
    machine.ask("flood 0 2000000")
    others = [machine.connect(port) for port in range(1, PORTS - 1)]
    for i in range(20):
        for other in others:
            other.echo(b"round %d" % i)
    same(client.receive(2000000) == bytes(7 * i % 251 for i in range(2000000)), True, "the flood, as it is")
    client.echo(b"and on")


@case("a client that does not read can go, and its port is served again")
def stalled_goes(machine):
    machine.fresh(1)
    client = machine.connect(1)
    client.echo(b"here")
    machine.ask("flood 1 2000000")
    client.close()
    machine.wait_closed(1)
    another = machine.connect(1)
    another.echo(b"another")
    another.silent()


@case("a port outlives any number of clients that do not read and go, however little was sent to each")
def stalled_go_on(machine):
    machine.fresh(1)
    for size in (2000000, 300000, BUFFER) * 4:
        client = machine.connect(1)
        client.echo(b"here")
        machine.ask(f"flood 1 {size}")
        client.close()
        machine.wait_closed(1)
    machine.connect(1).echo(b"another")


@case("connect and vanish, over and over: the last one is served")
def vanish(machine):
    machine.fresh(2)
    for i in range(300):
        client = machine.connect(2)
        if i % 3:
            client.send(b"x" * (i % 7))
        client.close()
    client = machine.connect(2)
    client.send(b"last")
    received = b""
    while not received.endswith(b"last"):
        received += client.receive(1)
    same(received.replace(b"last", b"").strip(b"x"), b"", "before the last")


@case("control messages go first: a close, an open and new data that are there at once are taken in this order")
def control_first(machine):
    machine.fresh(0)
    first = machine.connect(0)
    first.echo(b"first")
    machine.record(0)

    def act():
        first.close()
        second.append(machine.connect(0))
        second[0].send(b"second")
        second[0].taken()

    second = []
    suspended(machine, act)
    same(second[0].receive(6), b"second", "the second client")
    words = machine.record(0)
    same(words, "C1 O2m D6:second".split(), "the record")


@case("old bytes, close and open at once: the session is told as mixed, and each client's bytes begin a buffer")
def both_at_once(machine):
    machine.fresh(0)
    first = machine.connect(0)
    first.echo(b"first")
    machine.record(0)

    def act():
        first.send(b"rest of first")
        first.taken()
        first.close()
        second.append(machine.connect(0))
        second[0].send(b"second")
        second[0].taken()

    second = []
    suspended(machine, act)
    data = second[0].receive(6)
    while not data.endswith(b"second"):
        data += second[0].receive(1)
    words = machine.record(0)
    same(words[:2], ["C1", "O2m"], "the record begins")
    same(words[-1], "D6:second", "the record ends")
    same(words[2:-1] in ([], ["D13:rest.of.firs"]), True, f"in between: {words[2:-1]}")


@case("data that came before a close, and was not read, is dropped: the next session has only its own")
def dropped_at_close(machine):
    machine.fresh(3)
    machine.ask("hold 3")
    first = machine.connect(3)
    first.send(b"never read")
    machine.connect(4).echo(b"some time")
    first.close()
    machine.wait_closed(3)
    machine.ask("go 3")
    second = machine.connect(3)
    second.echo(b"second")
    words = machine.record(3)
    same(words, "O1 D6:second".split(), "the record")


@case("more control messages than buffers, so that QEMU drops some: the client that is there in the end is served")
def flood_of_connects(machine):
    machine.fresh(5)
    for count in (CONTROL_BUFFERS // 2 - 1, CONTROL_BUFFERS // 2, CONTROL_BUFFERS, 3 * CONTROL_BUFFERS):
        clients = []

        def act(times=count, clients=clients):
            for _ in range(times):
                machine.connect(5).close()
            clients.append(machine.connect(5))
            clients[0].send(b"!")
            clients[0].taken()

        suspended(machine, act)
        same(clients[0].receive(1), b"!", f"the client behind {count} others")
        clients[0].echo(b"the last of %d" % count)
        clients[0].close()
        machine.wait_closed(5)


@case("an answer for a client that has gone is refused, also when another is there")
def late_answer(machine):
    machine.fresh(6)
    first = machine.connect(6)
    first.echo(b"first")
    machine.ask("keep 6")
    same(machine.ask("late 6"), "done", "while it is there")
    same(first.receive(1), b"x", "the byte")
    first.close()
    machine.wait_closed(6)
    same(machine.ask("late 6"), "state changed", "when it has gone")
    second = machine.connect(6)
    second.echo(b"second")
    same(machine.ask("late 6"), "state changed", "when another is there")
    second.echo(b"nothing came between")


@case("the guest cannot hang up: a client that is ignored stays, and the next one is served")
def ignored(machine):
    machine.fresh(2)
    machine.ask("sink 2")
    client = machine.connect(2)
    client.send(b"nonsense" * 5000)
    machine.connect(3).echo(b"others")
    client.silent()
    client.close()
    machine.wait_closed(2)
    machine.ask("echo 2")
    machine.connect(2).echo(b"next")


def kill_busy(machine, server, flood, sent):
    """Again and again, while bytes go both ways at one port. Clients of another are served afterwards."""
    for i in range(10):
        client = machine.connect(1)
        machine.ask(f"flood 1 {flood}")
        client.send(sent)
        need(machine.session, machine.session.command(f"kill {server}"), r"begun again")
        client.close()
        machine.wait_closed(1)
        another = machine.connect(2)
        another.echo(b"after %d" % i)
        another.close()


@case("the driver is killed and begun again: open ports are told anew, and clients are served")
def driver_killed(machine):
    machine.fresh(0)
    clients = [machine.connect(port) for port in range(3)]
    for client in clients:
        client.echo(b"before")
    machine.record(0)
    need(machine.session, machine.session.command("kill serial"), r"begun again")
    for i, client in enumerate(clients):
        client.echo(b"after %d" % i)
    words = machine.record(0)
    same(words, "R O1m D7:after.0".split(), "the record")
    clients[0].close()
    machine.wait_closed(0)
    machine.connect(0).echo(b"a new one")


@case("the driver is killed in the middle of a stream, many times: its clients are served afterwards")
def driver_killed_busy(machine):
    kill_busy(machine, "serial", 300000, b"y" * 20000)


@case("pci is killed and begun again: the driver claims its device anew, and clients are served")
def pci_killed(machine):
    machine.fresh(0)
    client = machine.connect(0)
    client.echo(b"before")
    need(machine.session, machine.session.command("kill pci"), r"begun again")
    client.echo(b"after")
    for port in range(PORTS - 1):
        if port != 0:
            machine.connect(port).echo(b"port %d" % port)


@case("pci is killed while clients speak, many times: they are served afterwards")
def pci_killed_busy(machine):
    kill_busy(machine, "pci", 100000, b"z" * 30000)
    need(machine.session, machine.session.command("caps pci"), r"range 128 pages kept")


@case("a kept range outlives its program: begun again, the program finds what it made in it")
def kept(machine):
    same(machine.ask("kept"), "made", "the first time")
    same(machine.ask("kept"), "there", "the second time")
    machine.session.command("destroy mirror")
    machine.session.type("start mirror\r")
    machine.session.expect(r"mirror: ready")
    another_prompt(machine.session)
    same(machine.ask("kept"), "there", "in another life")


@case("what serial and pci must refuse they refuse, with the right result")
def refused(machine):
    same(machine.ask("wrong"), "0 wrong", "refusals")
    machine.connect(0).echo(b"and go on")


# ---- Machines of another kind ----------------------------------------------------------------------


def no_device(context):
    """Without a device there are no ports, and nothing is said of it."""
    with Session(context, "serial-none") as session:
        session.prompt()
        output = session.command("log")
        if re.search(r"serial|pci", output):
            raise Failed("something was said", core.tail(output))
        need(session, session.command("ps"), r"^pci +receiving", r"^serial +receiving")


def other_kinds(context):
    """The device as older drivers have it too; with one port; without any; under GRUB on BIOS and UEFI; on another chipset."""
    kinds = [
        ("transitional", "disable-legacy=off", (), PORTS),
        ("one", "disable-legacy=on", (), 1),
        ("few-queues", "disable-legacy=on,max_ports=3", (), 2),
        ("bios", "disable-legacy=on", ("--way", "bios"), PORTS),
        ("uefi", "disable-legacy=on", ("--way", "uefi"), PORTS),
        ("q35", "disable-legacy=on", ("--machine", "q35"), PORTS),
        ("elsewhere", "disable-legacy=on,addr=1d.0", (), PORTS),
    ]
    for name, device, more, ports in kinds:
        with Machine(context, f"serial-{name}", device, more, ports) as machine:
            try:
                machine.connect(0).echo(b"hello")
                if ports == PORTS:
                    need(machine.session, machine.ask("info 0"), rf"^{ports} ports")
                    same(machine.ask("wrong"), "0 wrong", "refusals")
            except Failed as failure:
                raise Failed(f"{name}: {failure}", failure.lines[1:]) from None


# ---- Running them ----------------------------------------------------------------------------------


def one_case(machine, function):
    try:
        function(machine)
    except OSError as failure:
        raise Failed(repr(failure)) from None
    machine.leave()


def run_cases(context, pattern):
    return run_in_turn(
        CASES, pattern, lambda: Machine(context, "serial"), one_case, lambda machine: core.tail(machine.session.text, 12)
    )


def part(context):
    del context
    return Part(
        "serial",
        [
            Job(run_cases, CASES.names()),
            core.simple_job("no_device", "without a device nothing is said, and the machine is as ever", no_device),
            core.simple_job("other_kinds", "the device in other forms and places is driven too", other_kinds),
        ],
    )
