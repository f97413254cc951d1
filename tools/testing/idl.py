# SPDX-License-Identifier: BSD-2-Clause
"""The compiler of the interface language (docs/idl.md): what it says of mistakes, that it writes nothing then, that what is in the
tree is what it makes. What it generates is tested by the part `unit` (tests/unit/idl.c) and by the fuzzer."""

import glob
import os
import re
import shutil

from idl import numbers as short
from idl import text as words_of_c

from . import core
from .core import Failed, Part, simple_job

MISTAKES = os.path.join(core.ROOT, "tools", "testing", "idl-mistakes")
COMPILER = os.path.join(core.ROOT, "tools", "lykos-idl")
ADDED = 10  # instructions that a side may take more than what is written by hand
CHECKED = 14  # and if the words have to be checked, and a result is not as wide as a word
LEAST, LEAST_CODES = 100, 8  # cases that there must be: an empty file of them proves nothing


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
    write(bad, 'import "good.idl";\n/** More. */\nconstants "More" MORE_ {\n    /** One. */\n    ONE = 1;\n}\n')
    status, text = context.run([*run, good, bad, out], 60)
    if status != 1 or text != f"{bad}:3:11: only the kernel's description has this\n" or os.path.exists(out):
        raise Failed(f"it ends with {status} at what is the kernel's", core.tail(text))
    status, text = context.run([*run, good, out], 60)
    made = os.path.join(out, "include", "lykos", "gen")
    if status != 0 or text or sorted(os.listdir(made)) != ["counter.h", "counter_server.h"]:
        raise Failed(f"it ends with {status} without a mistake", core.tail(text))
    shutil.rmtree(out)
    write(bad, 'import "good.idl";\n/** More. */\ninterface More : Counter {\n}\n')
    status, text = context.run([*run, bad, good, out], 60)
    if status != 0 or text or sorted(os.listdir(made)) != ["counter.h", "counter_server.h", "more.h", "more_server.h"]:
        raise Failed(f"it ends with {status}, or makes nothing of a file that another one imports", core.tail(text))


LENGTHS = """import "abi/lykos.idl";
/** Names. */
interface Base : Object {
    /** Longest. */
    const u64 NAME_MAX = 20;
}
/** More. */
interface Names : Base {
    /** Shortest. */
    const u8 NAME_MIN = 2;
    /** Says. @param name it */
    method say(string<NAME_MIN..NAME_MAX> name) = 1;
    /** All. @param count how many @param runs them */
    method all(u16[NAME_MIN] runs) -> (u64 count) = 2;
}
"""


def constants(context):
    """The name of a constant stands for its number, as a length."""
    path, out = context.path("lengths.idl"), context.path("lengths")
    write(path, LENGTHS)
    status, text = context.run([COMPILER, "servers", "-I", os.path.join(core.ROOT, "kernel"), path, out], 60)
    if status != 0:
        raise Failed("it is not taken", core.tail(text))
    with open(os.path.join(out, "include", "lykos", "gen", "names_server.h"), encoding="utf-8") as f:
        made = f.read()
    for row in (".string_min = 2, .string_max = 20, .name = \"say\"", ".string_max = 4, .name = \"all\"", "#define NAMES_STRING_MAX 20u"):
        if row not in made:
            raise Failed(f"not in what is made: {row}", [line for line in made.splitlines() if "STRING" in line or "string" in line])


def names(context):
    """Arguments and fields may have names that mean something in C: what is made of them is C."""
    words = [re.sub(r"_(\w)", lambda m: m[1].upper(), word) for word in sorted(words_of_c.RESERVED)]
    lines = ['import "abi/lykos.idl";', "/** Fields. */", "struct Fields {", *(f"    /** one */\n    u32 {word};" for word in words), "}",
             "/** Takes. */", "interface Taker : Object {"]
    for n, word in enumerate(words):
        other = words[n - 1]
        about = f"/** It. @param {word} one @param {other} other */"
        lines += [f"    {about}\n    method word{n}(u32 {word}) -> (u8 {other}) = {3 * n + 1};",
                  f"    {about}\n    method string{n}(string<8> {word}) -> (u32[4] {other}) = {3 * n + 2};",
                  f"    {about}\n    method cap{n}(cap<Page> {word}) -> (cap<Page> {other}) = {3 * n + 3};"]
    lines += [f"    /** It. @param {words[0]} one */\n    method fields(Fields {words[0]}) = 250;", "}"]
    path, out = context.path("names.idl"), context.path("names")
    write(path, "\n".join(lines) + "\n")
    status, text = context.run([COMPILER, "servers", "-I", os.path.join(core.ROOT, "kernel"), path, out], 60)
    if status != 0:
        raise Failed("it is not taken", core.tail(text))
    write(context.path("names.c"), "#include <lykos/gen/taker_server.h>\n")
    folders = [f"-I{folder}" for folder in ("user/lib/include", "kernel", os.path.join(out, "include"), os.path.join(context.build, "gen", "include"))]
    for command in (["gcc"], ["clang", "--target=x86_64-unknown-none-elf"]):
        if shutil.which(command[0]):
            status, text = context.run([*command, *flags(), *folders, "-Werror", "-fsyntax-only", context.path("names.c")], 60, cwd=core.ROOT)
            if status != 0:
                raise Failed(f"{command[0]} does not take it", core.tail(text))


def numbers(context):
    """tools/idl/numbers.py reads what the compiler reads."""
    with open(os.path.join(context.build, "gen", "include", "abi", "gen.h"), encoding="utf-8") as f:
        block = f.read().split("#ifdef __ASSEMBLER__\n", 1)[1].split("#else\n", 1)[0]
    made = {name: int(value) for _, name, value in (line.split() for line in block.splitlines())}
    if short.numbers() != made or len(made) < LEAST:
        raise Failed("they read different numbers", sorted(set(short.numbers().items()) ^ set(made.items()))[:10])
    codes(context)


def codes(context):
    """The same of the codes."""
    with open(os.path.join(context.build, "gen", "include", "abi", "gen.h"), encoding="utf-8") as f:
        text = f.read()
    for kind in ("status", "fault", "slot"):
        made = {(name, int(number)) for name, number in re.findall(rf"^#define {kind.upper()}_(\w+) (\d+)$", text, re.MULTILINE)}
        read = {(name, number) for name, number, _ in short.codes(kind)}
        if read != made or len(made) < LEAST_CODES:
            raise Failed(f"they read different codes of {kind}", [str(code) for code in sorted(read ^ made)])


def pages(context):
    """The reference pages are what the descriptions say."""
    for words in (["kernel", "kernel/abi/lykos.idl", "--page", "docs/abi.md"],
                  ["servers", "-I", "kernel", *server_files(), "--page", "docs/interfaces"]):
        status, text = context.run([COMPILER, *words, "--check"], 60)
        if status != 0:
            raise Failed("a page in docs/ is old; make docs writes it again", core.tail(text))


def server_files():
    """The descriptions of servers, as the Makefile finds them."""
    found = [name for pattern in ("idl/*.idl", "*/*/*.idl") for name in glob.glob(os.path.join(core.ROOT, "user", pattern))]
    return sorted(os.path.relpath(name, core.ROOT) for name in set(found))


def flags():
    """How a program of Lykos is compiled, as far as it matters for the code."""
    return ["-std=gnu11", "-O2", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
            "-fno-pic", "-fno-common", "-mno-mmx", "-mno-sse", "-mno-sse2", "-mno-80387", "-mno-red-zone", "-fno-omit-frame-pointer"]


def instructions(context, compiler):
    """Instructions of each function of tests/idl/cost.c, without those that only fill up."""
    made = context.path("cost.o")
    folders = ["-Iuser/lib/include", "-Ikernel", "-I" + os.path.join(context.build, "gen", "include")]
    for command in ([*compiler, *flags(), *folders, "-c", "-o", made, "tests/idl/cost.c"], ["objdump", "-d", "--no-show-raw-insn", made]):
        status, text = context.run(command, 60, cwd=core.ROOT)
        if status != 0:
            raise Failed(f"{command[0]} fails", core.tail(text))
    count, name = {}, None
    for line in text.splitlines():
        if line.endswith(">:"):
            name = line.split("<")[1][:-2]
        elif line.startswith(" ") and not re.search(r"\t(nop|xchg +%ax,%ax|data16|cs nop)", line):
            count[name] = count.get(name, 0) + 1
    return count


def cost(context):
    """Two words in and one out: what is made may take ADDED instructions more than what is written by hand, on each side."""
    for compiler in (["gcc"], ["clang", "--target=x86_64-unknown-none-elf"]):
        if shutil.which(compiler[0]) is None:
            continue
        n = instructions(context, compiler)
        sides = [("a call", "hand_call", ["made_call"]), ("a call with 32 bits", "hand_call", ["made_call_small"]),
                 ("a method", "hand_take", ["pair_take_add", "pair_op_add"]),
                 ("a method with two checked words", "hand_take", ["pair_take_add_small", "pair_op_add_small"])]
        for what, hand, made in sides:
            added, most = sum(n[m] for m in made) - n[hand], ADDED + CHECKED * ("checked" in what)
            if added > most:
                raise Failed(f"{compiler[0]}: {what} takes {added} instructions more than by hand, at most {most}", [str(n)])


def example(context):
    """The description in docs/idl.md is one."""
    with open(os.path.join(core.ROOT, "docs", "idl.md"), encoding="utf-8") as f:
        block = f.read().split("## A description\n", 1)[1].split("\n`import`", 1)[0]
    path = context.path("example.idl")
    write(path, "".join(line[4:] + "\n" for line in block.split("\n")))
    status, text = context.run([COMPILER, "check", "-I", os.path.join(core.ROOT, "kernel"), path], 60)
    if status != 0 or "interface Counter" not in block:
        raise Failed("it is not taken", core.tail(text))


def part(_context):
    return Part(
        "idl",
        [
            simple_job("mistakes", "every mistake in a description is told with its line, its column and why", mistakes),
            simple_job("command", "with a mistake nothing is written", command),
            simple_job("cost", "generated code takes hardly more instructions than what is written by hand", cost),
            simple_job("example", "the example in docs/idl.md is taken", example),
            simple_job("constants", "the name of a constant stands for its number, as a length", constants),
            simple_job("names", "arguments and fields may have names that mean something in C", names),
            simple_job("numbers", "tools that read only the numbers read what the compiler reads", numbers),
            simple_job("pages", "the reference pages are what the descriptions say", pages),
        ],
    )
