# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's monitor on a unix socket, and through it the machine's memory as a file: an ELF core that gdb reads (docs/debugging.md).

While a machine runs that was started with `run-qemu --dump FOLDER` there is a file `monitor` in that folder: the path of the socket."""

import os
import shutil
import socket
import subprocess

NAME = "lykos.dump"
PROMPT = b"(qemu) "
SECONDS = 120
SPARE = 256 << 20  # bytes of disk that a dump leaves free


class Refused(Exception):
    """In words, for the user."""


def ask(path, command, seconds=SECONDS):
    """What QEMU answers to a command."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        try:
            s.connect(path)
            _until_prompt(s)
            s.sendall(command.encode() + b"\n")
            answer = _until_prompt(s)
        except OSError as why:
            raise Refused(f"QEMU's monitor does not answer: {why}") from None
    return answer.partition(b"\n")[2].removesuffix(PROMPT).decode("latin-1").replace("\r", "")


def _until_prompt(s):
    text = b""
    while not text.endswith(PROMPT):
        piece = s.recv(65536)
        if not piece:
            raise OSError("it has ended")
        text += piece
    return text


def dump(path, file, memory):
    """Write the machine's memory, `memory` bytes, to a file. The machine stands still meanwhile."""
    file = os.path.abspath(file)
    if '"' in file or "\n" in file:
        raise Refused(f"no name for a dump: {file}")
    os.makedirs(os.path.dirname(file), exist_ok=True)
    for old in (file, file + ".new"):
        if os.path.exists(old):
            os.unlink(old)
    free = shutil.disk_usage(os.path.dirname(file)).free
    if free < memory + SPARE:
        raise Refused(f"no dump of its memory: it takes {memory >> 20} MiB, and there are {free >> 20} free")
    said = ask(path, f'dump-guest-memory -p "{file}.new"').strip()
    if not os.path.exists(file + ".new") or "rror" in said:
        raise Refused(f"QEMU wrote no dump: {said or 'no word why'}")
    os.chmod(file + ".new", 0o600)
    if shutil.which("fallocate"):  # most of it is zeros
        subprocess.run(["fallocate", "--dig-holes", file + ".new"], check=False, capture_output=True)
    os.rename(file + ".new", file)
    return file


def of(folder):
    """The monitor of the machine that runs for this folder."""
    try:
        with open(os.path.join(folder, "monitor"), encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        raise Refused(f"no machine runs for {folder}: start one with make run or make serve") from None
