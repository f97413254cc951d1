# SPDX-License-Identifier: BSD-2-Clause
"""The compiler of the interface language (docs/idl.md): what it says of mistakes, that it writes nothing then, that what is in the
tree is what it makes. What it generates is tested by the part `unit` (tests/unit/idl.c) and by the fuzzer."""

import os

from idl import numbers as short

from . import core
from .core import Failed, Part, simple_job

MISTAKES = os.path.join(core.ROOT, "tools", "testing", "idl-mistakes")
COMPILER = os.path.join(core.ROOT, "tools", "lykos-idl")
LEAST = 100  # cases that there must be: an empty file of them proves nothing


def mistakes(context):
    """Every mistake at its line and column."""
    status, text = context.run([MISTAKES], 300)
    lines = text.splitlines()
    wrong = [line for line in lines if not line.startswith("ok ")]
    if status != 0 or wrong:
        raise Failed("the compiler says something else; tools/testing/idl-mistakes NAME repeats one", wrong[: core.TAIL])
    if len(lines) < LEAST:
        raise Failed(f"there are only {len(lines)} cases")


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def command(context):
    """The command: mistakes of two files go to standard error in lines, it fails, and nothing is written; without them, it is."""
    folder = context.path("idl")
    os.makedirs(folder)
    good, bad, out = (os.path.join(folder, name) for name in ("good.idl", "bad.idl", "out"))
    write(good, 'import "abi/lykos.idl";\n/** Counts. */\ninterface Counter : Object {\n    /** Adds. */\n    method add() = 1;\n}\n')
    write(bad, 'import "good.idl";\n/** More. */\ninterface More : Conter {\n}\n')
    run = [COMPILER, "servers", "-I", os.path.join(core.ROOT, "kernel")]
    status, text = context.run([*run, good, bad, out], 60)
    wanted = f"{bad}:3:18: unknown interface 'Conter'; did you mean 'Counter'?\n"
    if status != 1 or text != wanted or os.path.exists(out):
        raise Failed(f"it ends with {status} at a mistake, or has written something", core.tail(text))
    status, text = context.run([*run, good, out], 60)
    made = os.path.join(out, "include", "lykos", "gen")
    if status != 0 or text or sorted(os.listdir(made)) != ["counter.h", "counter_server.h"]:
        raise Failed(f"it ends with {status} without a mistake", core.tail(text))


def numbers(context):
    """tools/idl/numbers.py reads what the compiler reads."""
    with open(os.path.join(context.build, "gen", "include", "abi", "gen.h"), encoding="utf-8") as f:
        block = f.read().split("#ifdef __ASSEMBLER__\n", 1)[1].split("#else\n", 1)[0]
    made = {name: int(value) for _, name, value in (line.split() for line in block.splitlines())}
    if short.numbers() != made or len(made) < LEAST:
        raise Failed("they read different numbers", sorted(set(short.numbers().items()) ^ set(made.items()))[:10])


def pages(context):
    """The reference pages are what the descriptions say."""
    for words in (["kernel", "kernel/abi/lykos.idl", "--page", "docs/abi.md"],
                  ["servers", "-I", "kernel", *server_files(), "--page", "docs/interfaces"]):
        status, text = context.run([COMPILER, *words, "--check"], 60)
        if status != 0:
            raise Failed("a page in docs/ is old; make docs writes it again", core.tail(text))


def server_files():
    """The descriptions of servers, as the Makefile finds them."""
    found = []
    for folder, folders, names in os.walk(os.path.join(core.ROOT, "user")):
        folders.sort()
        found += [os.path.relpath(os.path.join(folder, name), core.ROOT) for name in sorted(names) if name.endswith(".idl")]
    return found


def part(_context):
    return Part(
        "idl",
        [
            simple_job("mistakes", "every mistake in a description is told with its line, its column and why", mistakes),
            simple_job("command", "with a mistake nothing is written", command),
            simple_job("numbers", "tools that read only the numbers read what the compiler reads", numbers),
            simple_job("pages", "the reference pages are what the descriptions say", pages),
        ],
    )
