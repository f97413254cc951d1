# SPDX-License-Identifier: BSD-2-Clause
"""The ports of a running Lykos: eight unix sockets in a folder, rpc0.sock to rpc7.sock, made by QEMU for tools/run-qemu.

While it runs there is a file `ports` beside them, with the path of each socket as clients are to name it, one a line, and a file
`lock` that is held by flock(): a second machine on the same folder would take the sockets away from the first. The path of a unix
socket has room for 107 bytes. In a folder whose name is longer the sockets are named through a symbolic link with a short name.
"""

import fcntl
import os
import re
import shutil
import socket
import struct
import tempfile
import time
import urllib.parse

COUNT = 8
PATH_MOST = 107  # bytes of the path of a unix socket
LOCK_TRIES, LOCK_PAUSE = 20, 0.05
CONNECTED = ("02", "03")  # in /proc/net/unix: SS_CONNECTING, where nobody has accepted it yet, and SS_CONNECTED
SILENT_SECONDS = 5  # for one port to answer, once Lykos has said that it is ready
EARLY_SECONDS = 1  # before that
SEARCH_SECONDS = 20  # for all of them
# What every client sends first, and what an answer begins with: AUTH_LIST, serial 0.
AUTH_LIST = struct.pack(">7I", 28, 0x20008086, 1, 66, 0, 0, 0)
ANSWER_MOST = 1024
AUTH_LIST_ANSWER = struct.pack(">6I", 0x20008086, 1, 66, 1, 0, 0)
# The line of the console log that says that clients may come, whatever the terminal was told to do before it.
READY = re.compile(rb"(?:^|[\r\n])(?:\x1b\[[0-9;]*[A-Za-z])*ready\r*\n")


class Refused(Exception):
    """In words, for the user."""


def uri(path):
    """What virsh is to be given for this socket."""
    return "lykos+unix:///system?socket=" + urllib.parse.quote(path, safe="/")


def is_ready(log):
    """Does the console log have its line?"""
    try:
        with open(log, "rb") as f:
            return READY.search(f.read()) is not None
    except OSError:
        return False


class Ports:
    """The sockets of a machine that is about to run, until close()."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.lock = os.open(os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT, 0o644)
        if not self._take():
            owner = os.read(self.lock, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self.lock)
            raise Refused(
                f"Lykos runs already, with its ports in {self.folder} (process {owner}). End that one first, or give this one "
                "a folder of its own: make run BUILD=another"
            )
        os.ftruncate(self.lock, 0)
        os.write(self.lock, f"{os.getpid()}\n".encode("ascii"))
        self._remove()
        named = self._named()
        self.paths = [os.path.join(named, f"rpc{n}.sock") for n in range(COUNT)]
        partial = os.path.join(self.folder, "ports.new")
        with open(partial, "w", encoding="utf-8") as f:
            f.write("".join(path + "\n" for path in self.paths))
        os.rename(partial, os.path.join(self.folder, "ports"))

    def _take(self):
        """Who only looks whether somebody has the lock has it for a moment himself (paths_in), so try for a while."""
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                time.sleep(LOCK_PAUSE)
        return False

    def _named(self):
        """The folder by a name that is short enough."""
        if len(os.fsencode(os.path.join(self.folder, "rpc0.sock"))) <= PATH_MOST and "\n" not in self.folder:
            return self.folder
        short = tempfile.mkdtemp(prefix="lykos-ports-", dir="/tmp")
        os.chmod(short, 0o755)
        os.symlink(self.folder, os.path.join(short, "run"))
        return os.path.join(short, "run")

    def _remove(self):
        """Our sockets and what names them, or what is left of somebody's who was ended by force."""
        try:
            with open(os.path.join(self.folder, "ports"), encoding="utf-8") as f:
                link = os.path.dirname(f.readline().rstrip("\n"))
            if os.path.islink(link) and os.readlink(link) == self.folder:
                shutil.rmtree(os.path.dirname(link), ignore_errors=True)
        except FileNotFoundError:
            pass
        for name in ["ports"] + [f"rpc{n}.sock" for n in range(COUNT)]:
            try:
                os.unlink(os.path.join(self.folder, name))
            except FileNotFoundError:
                pass

    def options(self):
        """For QEMU: a virtio-serial device of version 1, and the sockets at its ports."""
        options = ["-device", f"virtio-serial-pci,id=rpc,disable-legacy=on,disable-modern=off,max_ports={COUNT + 1}"]
        for n, path in enumerate(self.paths):
            quoted = path.replace(",", ",,")
            options += ["-chardev", f"socket,id=rpc{n},path={quoted},server=on,wait=off"]
            options += ["-device", f"virtserialport,bus=rpc.0,nr={n + 1},chardev=rpc{n},name=lykos.rpc.{n}"]
        return options

    def close(self):
        """The machine has ended: leave nothing behind but the empty lock."""
        if self.lock is None:
            return
        self._remove()
        os.ftruncate(self.lock, 0)
        os.close(self.lock)
        self.lock = None


def paths_in(folder):
    """The sockets of the machine that runs with this folder."""
    try:
        with open(os.path.join(folder, "ports"), encoding="utf-8") as f:
            paths = f.read().splitlines()
    except FileNotFoundError:
        paths = []
    try:
        lock = os.open(os.path.join(folder, "lock"), os.O_RDWR)
    except FileNotFoundError:
        lock = None
    if lock is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            paths = []  # whoever made them was ended by force
        except OSError:
            pass
        os.close(lock)
    if not paths:
        raise Refused("Lykos does not run here, so nothing answers. Start it: 'make serve', or 'make run' in another terminal")
    return paths


def in_use():
    """Paths of the sockets to which somebody is connected, or waits to be. The kernel has an entry for each connection under the
    path of the socket that listens."""
    used = set()
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            fields = line.rstrip("\n").split(None, 7)
            if len(fields) == 8 and fields[5] in CONNECTED:
                used.add(fields[7])
    return used


def receive(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def answers(path, seconds):
    """Does somebody behind the socket answer, within so many seconds, what each client asks first?"""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        try:
            s.connect(path)
            s.sendall(AUTH_LIST)
            length = int.from_bytes(receive(s, 4), "big")
            answer = receive(s, min(length, ANSWER_MOST) - 4) if length > 4 else b""
            return answer.startswith(AUTH_LIST_ANSWER)  # and nothing of it is left in the socket
        except OSError:
            return False


def reserve(path):
    """Keep others that ask here from taking this port: a descriptor to be kept open, or None."""
    lock = os.open(path.removesuffix(".sock") + ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def try_each(paths, until, most):
    """A port that nobody uses and that answers: its path and a descriptor that reserves it. Or how many are in use, and how many
    did not answer within `most` seconds."""
    used = silent = 0
    for path in paths:
        seconds = min(most, until - time.monotonic())
        if seconds <= 0:
            break
        lock = reserve(path)
        if lock is None:
            used += 1
            continue
        if path in in_use():
            used += 1
        elif answers(path, seconds):
            return path, lock
        else:
            silent += 1
        os.close(lock)
    return used, silent


def find_free(folder):
    """A free port: its path, and a descriptor that reserves it while it is open. A port in use takes further clients and leaves
    them without an answer, so it is not tried: the kernel says who is connected. A client that has just gone may still count."""
    paths = paths_in(folder)
    ready = is_ready(os.path.join(folder, "console.log"))
    until = time.monotonic() + SEARCH_SECONDS
    for _ in range(LOCK_TRIES):
        found = try_each(paths, until, SILENT_SECONDS if ready else EARLY_SECONDS)
        if isinstance(found[0], str):
            return found
        used, silent = found
        if used < len(paths):
            break
        time.sleep(LOCK_PAUSE)
    if used == len(paths):
        raise Refused(f"all {used} ports are in use: end another virsh first")
    words = f"{used} of {len(paths)} ports are in use, and of the others {silent} were tried and gave no answer"
    if not ready:
        words += ": Lykos has not said yet that it is ready; try again"
    raise Refused(words)
