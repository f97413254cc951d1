# SPDX-License-Identifier: BSD-2-Clause
"""libvirt's remote protocol as a client speaks it, byte by byte: XDR, messages, and a connection that keeps count of its calls.

Written by hand and from the facts alone, so that it shares no mistake with user/rpc. What user/rpc/remote.x says is said here once
more, and the tests compare the two.
"""

import array
import dataclasses
import fcntl
import select
import socket
import struct
import termios
import time

PROGRAM, KEEPALIVE, VERSION = 0x20008086, 0x6B656570, 1
CALL, REPLY, MESSAGE, STREAM = 0, 1, 2, 3
OK, ERROR, CONTINUE = 0, 1, 2
PING, PONG = 1, 2
HEADER = struct.Struct(">IIIiIII")
LENGTH_LEAST, LENGTH_MOST = HEADER.size, 33554436
STRING_MOST = 4194304
UNLIKELY = 0x4F50454E  # a serial that nobody else uses

OPEN, CLOSE, GET_TYPE, GET_VERSION, NODE_GET_INFO, DESTROY, GET_AUTOSTART, GET_INFO, GET_OS_TYPE = 1, 2, 3, 4, 6, 12, 15, 16, 19
LOOKUP_BY_ID, LOOKUP_BY_NAME, LOOKUP_BY_UUID, NUM_OF_DEFINED, REBOOT, RESUME, SHUTDOWN, SUSPEND = 22, 23, 24, 25, 27, 28, 33, 34
LIST_DOMAINS, NUM_OF_DOMAINS, GET_HOSTNAME, SUPPORTS_FEATURE, AUTH_LIST, GET_URI = 37, 51, 59, 60, 66, 110
GET_SECURITY_LABEL, GET_SECURITY_MODEL, IS_ACTIVE, IS_PERSISTENT, GET_LIB_VERSION = 121, 122, 150, 151, 157
HAS_MANAGED_SAVE, GET_SYSINFO, GET_STATE, DESTROY_FLAGS, RESET, LIST_ALL = 183, 203, 212, 234, 245, 273
REGISTER_ANY, DEREGISTER_ANY, LIFECYCLE, REGISTER_CLOSE, UNREGISTER_CLOSE, GET_MESSAGES = 316, 317, 318, 360, 361, 426

# Error codes, and the part that an error is from.
E_INTERNAL, E_NO_SUPPORT, E_INVALID_ARG, E_FAILED, E_DENIED, E_SYSTEM, E_RPC, E_NO_DOMAIN = 1, 3, 8, 9, 29, 38, 39, 42
E_INVALID, E_UNSUPPORTED, E_ACCESS = 55, 84, 88
FROM_RPC, FROM_REMOTE, FROM_DOMAIN = 7, 13, 20

FEATURE_KEEPALIVE, FEATURE_EVENTS, FEATURE_CLOSE = 10, 14, 15
RUNNING, IDLE, PAUSED, SHUTOFF, CRASHED = 1, 2, 3, 5, 6
STARTED, SUSPENDED, RESUMED, STOPPED = 2, 3, 4, 5


class Broken(Exception):
    """What came is not what the protocol allows, or nothing came, or the other side hung up."""


class RemoteError(Exception):
    """An error reply."""

    def __init__(self, code, domain, text):
        super().__init__(f"error {code} of {domain}: {text}")
        self.code, self.domain, self.text = code, domain, text


@dataclasses.dataclass(frozen=True)
class Domain:
    name: str
    uuid: bytes
    id: int


@dataclasses.dataclass(frozen=True)
class Message:
    """Whole, as it was on the wire."""

    data: bytes

    def __getattr__(self, name):
        names = ("length", "program", "version", "procedure", "type", "serial", "status")
        if name in names:
            return HEADER.unpack_from(self.data)[names.index(name)]
        raise AttributeError(name)

    @property
    def payload(self):
        return self.data[HEADER.size :]


# ---- from values to bytes ---------------------------------------------------------------------------------------------------


def u32(value):
    return struct.pack(">I", value & 0xFFFFFFFF)


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return u32(len(data)) + data + bytes(-len(data) % 4)


def optional(data):
    return u32(0) if data is None else u32(1) + data


def domain(d):
    return string(d.name) + d.uuid + u32(d.id)


def message(procedure, payload=b"", serial=0, program=PROGRAM, version=VERSION, kind=CALL, status=OK, length=None):
    length = HEADER.size + len(payload) if length is None else length
    return struct.pack(">7I", length, program, version, procedure & 0xFFFFFFFF, kind, serial, status) + payload


def error_reply(call, code, origin, text):
    """The bytes of the error reply to a call, as small as it can be: remote_error in user/rpc/remote.x."""
    payload = u32(code) + u32(origin) + optional(string(text)) + u32(2) + u32(0) + u32(0) * 3 + u32(-1) * 2 + u32(0)
    c = Message(call)
    return message(c.procedure, payload, c.serial, c.program, c.version, REPLY, ERROR)


# ---- from bytes to values ---------------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Broken(f"{count} bytes are to come at {self.at} of {len(self.data)}: {self.data[:200].hex()}")
        self.at += count
        return self.data[self.at - count : self.at]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def i32(self):
        return struct.unpack(">i", self.take(4))[0]

    def u64(self):
        return struct.unpack(">Q", self.take(8))[0]

    def count(self, most):
        n = self.u32()
        if n > most:
            raise Broken(f"a length of {n}, where {most} is the most")
        return n

    def string(self):
        n = self.count(STRING_MOST)
        text = self.take(n)
        if any(self.take(-n % 4)):
            raise Broken("padding that is not zero")
        return text.decode()

    def optional(self, read):
        present = self.u32()
        if present > 1:
            raise Broken(f"{present}, where 0 or 1 is to be")
        return read() if present else None

    def domain(self):
        return Domain(self.string(), self.take(16), self.i32())

    def words(self, count):
        """char x[count]: a word of 4 bytes for each character."""
        return "".join(chr(self.u32()) for _ in range(count)).rstrip("\0")

    def end(self):
        if self.at != len(self.data):
            raise Broken(f"{len(self.data) - self.at} bytes too many: {self.data[self.at :][:64].hex()}")

    def error(self):
        code, origin = self.i32(), self.i32()
        text, level = self.optional(self.string), self.i32()
        self.optional(self.domain)
        for _ in range(3):
            self.optional(self.string)
        self.i32()
        self.i32()
        self.optional(lambda: (self.string(), self.take(16)))
        self.end()
        if level != 2 or not text:
            raise Broken(f"an error of level {level} that says {text!r}")
        return RemoteError(code, origin, text)


def answers(call, answer):
    """Is it a reply to that call?"""
    c, a = Message(call), Message(answer)
    want = (c.program, c.version, c.procedure, REPLY, c.serial)
    got = (a.program, a.version, a.procedure, a.type, a.serial)
    return got == want and a.status in (OK, ERROR)


def whole_messages(data):
    """The messages in these bytes, up to what is none."""
    at, found = 0, []
    while len(data) - at >= HEADER.size and LENGTH_LEAST <= (length := Message(data[at:]).length) <= len(data) - at:
        found.append(data[at : at + length])
        at += length
    return found


def check_reply(call, answer):
    """An answer must be a reply to that call, and to no other."""
    if not answers(call, answer):
        raise Broken(f"to {call[:64].hex()} the answer is {answer[:64].hex()}")


# ---- a connection -----------------------------------------------------------------------------------------------------------


class Connection:
    """One client. Whatever waits, waits at most `seconds`, which is meant to detect a hang."""

    def __init__(self, path, seconds=60, greet=True, name="lykos:///system"):
        self.seconds = seconds
        self.serial = 0
        self.buffer = b""
        self.events = []
        self.late = None  # an answer that may still come, see greet_after()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        try:
            self.socket.connect(path)
            if greet:
                self.greet(name)
        except OSError as why:
            self.socket.close()
            raise Broken(f"{path}: {why}") from None
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def greet(self, name="lykos:///system"):
        self.call(AUTH_LIST)
        self.call(OPEN, optional(string(name)) + u32(0))

    def greet_after(self, before, name="lykos:///system"):
        """As greet(), where the client before has only just gone, and has not waited for the answers to the calls `before`. Of those
        answers some may come here (user/servers/serial/README.md): one that was on its way; or, if the first of those calls is
        what a client begins with, any: Lykos may see only now that another is there, and take them for ours. Whoever
        connects when Lykos has seen that the client before is gone gets none.

        What that client was answered at its beginning is, byte for byte, what we are answered at ours. If it came first our own may
        come late: behind that to OPEN, since calls are carried out beside each other."""
        came, left = [], list(before)
        most = len(before) if before and before[0] == message(AUTH_LIST) else 1
        for call in (message(AUTH_LIST), message(OPEN, optional(string(name)) + u32(0), UNLIKELY)):
            self.send(call)
            while not answers(call, answer := self.reply()):
                came.append(answer)
            if Message(answer).status != OK:
                raise Reader(Message(answer).payload).error()
        self.serial = 1
        for answer in came:
            call = next((call for call in left if answers(call, answer)), None)
            if call is None or len(came) > most:
                shown = [" ".join(m[:32].hex() for m in ms) for ms in (came, before)]
                raise Broken(f"answers that are not ours: {shown[0]}; of the client before, {most} of the answers to {shown[1]} may come")
            left.remove(call)
        if most > len(came) and message(AUTH_LIST) in left:
            self.late = message(AUTH_LIST)

    def close(self):
        """As virsh ends."""
        self.call(CLOSE)
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as why:
            raise Broken(f"sending: {why}") from None

    def send_some(self, data):
        """Without waiting: how many bytes were taken, perhaps 0."""
        self.socket.settimeout(0)
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as why:
            raise Broken(f"sending: {why}") from None
        finally:
            self.socket.settimeout(self.seconds)

    def pump(self, data):
        """Send all, and take in what is answered meanwhile, so that neither side waits for the other."""
        until = time.monotonic() + self.seconds
        while data:
            readable, writable, _ = select.select([self.socket], [self.socket], [], max(0.0, until - time.monotonic()))
            if readable:
                self._more(0)
            if writable:
                data = data[self.send_some(data) :]
            if not readable and not writable:
                raise Broken(f"{len(data)} bytes are not taken")

    def _more(self, wait):
        """Read what there is. False: nothing within so many seconds."""
        if not select.select([self.socket], [], [], wait)[0]:
            return False
        try:
            data = self.socket.recv(65536)
        except OSError as why:
            raise Broken(f"receiving: {why}") from None
        if not data:
            raise Broken(f"the other side hung up after {self.buffer[:64].hex() or 'nothing'}")
        self.buffer += data
        return True

    def _take(self):
        if len(self.buffer) < 4:
            return None
        length = struct.unpack_from(">I", self.buffer)[0]
        if not LENGTH_LEAST <= length <= LENGTH_MOST:
            raise Broken(f"a message of length {length}: {self.buffer[:64].hex()}")
        if len(self.buffer) < length:
            return None
        found, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def receive(self):
        """The next message, whatever it is."""
        until = time.monotonic() + self.seconds
        while (found := self._take()) is None:
            if not self._more(max(0.0, until - time.monotonic())):
                raise Broken(f"no answer; so far came {self.buffer[:64].hex() or 'nothing'}")
        return found

    def taken(self):
        """Has the other side read all that was sent?"""
        unread = array.array("i", [0])
        fcntl.ioctl(self.socket, termios.TIOCOUTQ, unread)
        return unread[0] == 0

    def nothing_came(self):
        """Nothing is there right now, not even a part of a message."""
        while self._more(0):
            pass
        return not self.buffer

    def reply(self):
        """The next message that is no event; events are kept."""
        while True:
            found = self.receive()
            m = Message(found)
            if m.type != MESSAGE or m.program != PROGRAM:
                return found
            self.events.append(found)

    def exchange(self, call):
        """Send a message that is to be answered, and take the answer."""
        self.send(call)
        answer = self.reply()
        if self.late is not None and answers(self.late, answer) and not answers(call, answer):
            self.late, answer = None, self.reply()
        check_reply(call, answer)
        return answer

    def call(self, procedure, payload=b""):
        """A call, by the next serial. A Reader over the result; RemoteError if it was refused."""
        call = message(procedure, payload, self.serial)
        self.serial += 1
        answer = Message(self.exchange(call))
        if answer.status == ERROR:
            raise Reader(answer.payload).error()
        return Reader(answer.payload)

    # -- what virsh asks --

    def lookup(self, name):
        r = self.call(LOOKUP_BY_NAME, string(name))
        found = r.domain()
        r.end()
        return found

    def domains(self, flags=0):
        r = self.call(LIST_ALL, u32(1) + u32(flags))
        found = [r.domain() for _ in range(r.count(16384))]
        if r.u32() != len(found):
            raise Broken("the count behind a list is another one")
        r.end()
        return found

    def state(self, d):
        r = self.call(GET_STATE, domain(d) + u32(0))
        found = r.i32(), r.i32()
        r.end()
        return found

    def info(self, d):
        """State, most memory and memory in KiB, CPUs, CPU time in ns."""
        r = self.call(GET_INFO, domain(d))
        found = r.u32(), r.u64(), r.u64(), r.u32(), r.u64()
        r.end()
        return found

    def empty(self, procedure, payload=b""):
        self.call(procedure, payload).end()

    def text(self, procedure, payload=b""):
        r = self.call(procedure, payload)
        found = r.string()
        r.end()
        return found

    def event(self):
        """The next lifecycle event: callback, domain, event, detail."""
        found = self.events.pop(0) if self.events else self.receive()
        m = Message(found)
        want = (PROGRAM, VERSION, LIFECYCLE, MESSAGE, OK)
        if (m.program, m.version, m.procedure, m.type, m.status) != want or m.serial > 1:  # Lykos sends 0, libvirtd 1
            raise Broken(f"this is no event: {found[:64].hex()}")
        r = Reader(m.payload)
        result = r.i32(), r.domain(), r.i32(), r.i32()
        r.end()
        return result
