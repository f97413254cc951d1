# SPDX-License-Identifier: BSD-2-Clause
"""The console of the machine that `make debug` has started: what was printed, and typing at its prompt."""

import os
import signal
import socket
import threading

import gdb

LINES = 24


def tail():
    """The end of what was printed."""
    path = os.environ.get("LYKOS_LOG", os.path.join(os.environ.get("LYKOS_BUILD", "build"), "run", "console.log"))
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "\n".join(f.read().splitlines()[-LINES:])
    except OSError as why:
        raise gdb.GdbError(f"there is no log of the console: {why}") from None


class Typist:
    """Types at the console; connected when first used."""

    def __init__(self):
        self.socket = None

    def connect(self):
        path = os.environ.get("LYKOS_CONSOLE")
        if path is None:
            raise gdb.GdbError("the console is not ours: start with make debug")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        # What the console prints is in its log as well; it would stand still if nobody read it here. Signals are gdb's.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        threading.Thread(target=self.read, daemon=True).start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def read(self):
        while self.socket.recv(4096):
            pass

    def type(self, words):
        if self.socket is None:
            self.connect()
        self.socket.sendall(words.encode("latin-1", "replace") + b"\r")
