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
    is_c(context, "names", "\n".join(lines) + "\n", "#include <lykos/gen/taker_server.h>\n")


def is_c(context, name, description, source, *more):
    """What is made of a description, as a program includes it, is C, also with more options of the compiler. Returns the folder of the headers."""
    path, out = context.path(name + ".idl"), context.path(name)
    write(path, description)
    status, text = context.run([COMPILER, "servers", "-I", os.path.join(core.ROOT, "kernel"), path, out], 60)
    if status != 0:
        raise Failed("it is not taken", core.tail(text))
    write(context.path(name + ".c"), source)
    folders = [f"-I{folder}" for folder in ("user/lib/include", "kernel", os.path.join(out, "include"), os.path.join(context.build, "gen", "include"))]
    for command in (["gcc"], ["clang", "--target=x86_64-unknown-none-elf"]):
        if shutil.which(command[0]):
            words = [*command, *flags(), *folders, "-Werror", "-fsyntax-only", *more, context.path(name + ".c")]
            status, text = context.run(words, 60, cwd=core.ROOT)
            if status != 0:
                raise Failed(f"{command[0]} does not take it", core.tail(text))
    return os.path.join(out, "include", "lykos", "gen")


ODD = """import "abi/lykos.idl";
/** Large ~ numbers, a /* and a ~tilde. */
enum Large : u64 {
    /** The /largest/*. */
    A = 18446744073709551615;
    /** One that has no sign. */
    B = 9223372036854775808;
    /** One that has. */
    C = 9223372036854775807;
}
/** Says ~ this /* and this ??/ in one
 * line that is long enough for it to go on in another one, where ??/
 * is at the end of the line. */
interface Odd : Object {
    /** c /* with ~ and \\ in it, ??/ */
    const u64 HIGH = 1 << 63;
    /** The least, in 16s. */
    const i32 LEAST = -0x80000000;
    /** The least. */
    const i64 LEAST_OF_ALL = -0x8000000000000000;
    /** m ~ say /* hello // x ??/
     * @param large x /* ~
     * @param name y ??/
     * @param got z
     * @raises FULL no ~ room /* */
    method ask(Large large, string<8> name) -> (Large got) raises FULL = 1;
    /** There is no ~ room /* here ??/ */
    error FULL = 64;
}
"""
ODD_IN_C = """#include <lykos/gen/odd_server.h>
_Static_assert(LARGE_A == UINT64_MAX && LARGE_B == UINT64_MAX / 2 + 1 && LARGE_C == INT64_MAX, "values");
_Static_assert(ODD_HIGH == UINT64_MAX / 2 + 1 && ODD_LEAST == INT32_MIN && ODD_LEAST_OF_ALL == INT64_MIN, "constants");
_Static_assert(sizeof(ODD_LEAST) == 4, "an int");
"""


def odd(context):
    """Comments with what means something in a comment of C, and numbers at the ends of their types."""
    made = is_c(context, "odd", ODD, ODD_IN_C, "-Wall", "-Wextra", "-trigraphs", "-Wno-unused-function", "-Wno-unused-parameter")
    text = ""
    for name in ("odd.h", "odd_server.h", "odd_types.h"):
        with open(os.path.join(made, name), encoding="utf-8") as f:
            text += f.read()
    for words in ("Large ~ numbers, a / * and a ~tilde.", "Says ~ this / * and this ? ?/ in one", "m ~ say / * hello // x ? ?/",
                  "large: x / * ~", "FULL: no ~ room / *", "c / * with ~ and \\ in it", "There is no ~ room / * here ? ?/"):
        if words not in text:
            raise Failed(f"not in what is made: {words}", [line for line in text.splitlines() if words[:4] in line])


INTERFACE = 'import "abi/lykos.idl";\n/** A. */\ninterface %s : Object {\n    /** M. */\n    method m() = 1;\n}\n'
STRUCTURE = 'import "abi/lykos.idl";\n/** S. */\nstruct %s {\n    /** x */\n    u64 x;\n}\n'
SERVERS = ("servers", "-I", "kernel")


def commands(context):
    """Files and folders that are not what the command needs: a line, exit status 1, and nothing written."""
    folder = context.path("commands")
    for name in ("a", "b", "full"):
        os.makedirs(os.path.join(folder, name))
    files = {"a.idl": INTERFACE % "A", "b.idl": INTERFACE % "B", "a/t.idl": STRUCTURE % "T", "b/t.idl": STRUCTURE % "U", "plain": "",
             "full/a.h": "", "empty.idl": "", "only.idl": 'import "a.idl";\n', "few.idl": STRUCTURE.replace("lykos", "object") % "V"}
    for name, text in files.items():
        write(os.path.join(folder, name), text)
    os.makedirs(os.path.join(folder, "taken", "include", "lykos", "gen", "a.h"))
    a, b, at, bt, plain, empty, only, few, new, taken = (os.path.join(folder, name) for name in (
        "a.idl", "b.idl", "a/t.idl", "b/t.idl", "plain", "empty.idl", "only.idl", "few.idl", "new", "taken"))
    before = everything(folder)
    for words, said in (
        ((*SERVERS, at, bt, new), f"{bt}:3:8: its header t_types.h is already that of 'T', at {at}:3:8"),
        ((*SERVERS, empty, new), f"{empty}:1:1: nothing is described here"),
        ((*SERVERS, a, b), f"lykos-idl: '{b}' stands where OUTDIR belongs, the folder for what is made"),
        ((*SERVERS, a, new + ".idl"), f"lykos-idl: '{new}.idl' stands where OUTDIR belongs, the folder for what is made"),
        ((*SERVERS, a, plain), f"lykos-idl: {plain}: it is no folder"),
        ((*SERVERS, a, plain + "/new"), f"lykos-idl: {plain}/new: Not a directory"),
        ((*SERVERS, a, "/proc/new"), "lykos-idl: /proc/new: No such file or directory"),
        ((*SERVERS, a, taken), f"lykos-idl: {taken}/include/lykos/gen/a.h: Is a directory"),
        ((*SERVERS, a, "--page", plain), f"lykos-idl: {plain}: it is no folder"),
        ((*SERVERS, a, "--page", plain, "--check"), f"lykos-idl: {plain}: it is no folder"),
        (("kernel", "kernel/abi/lykos.idl", "--page", folder), f"lykos-idl: {folder}: Is a directory"),
        (("kernel", "kernel/abi/lykos.idl", "--page", folder, "--check"), f"lykos-idl: {folder}: Is a directory"),
        (("kernel", "kernel/abi/lykos.idl", plain), f"lykos-idl: {plain}: it is no folder"),
        (("kernel", few, new), f"{few}:1:1: this is not the kernel's description: there is no version"),
        ((*SERVERS, folder, new), f"{folder}:1:1: cannot be read: Is a directory"),
        ((*SERVERS, "/dev/zero", new), "/dev/zero:1:1: cannot be read: it is no ordinary file"),
    ):
        status, text = context.run([COMPILER, *words], 60, cwd=core.ROOT)
        if status != 1 or text != said + "\n" or everything(folder) != before:
            raise Failed(f"it ends with {status} or says something else: {' '.join(words)}", [f"wanted: {said}", *core.tail(text)])
    status, text = context.run([COMPILER, *SERVERS, only, new], 60, cwd=core.ROOT)
    if status != 0 or text or everything(new) != ["servers.stamp"]:
        raise Failed(f"it ends with {status} where there is nothing to make, into a new folder", core.tail(text))


def everything(folder):
    """What is below it."""
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, folders, files in os.walk(folder) for name in folders + files)


def deep(context):
    """What is nested too deep is told of in a line, and soon."""
    head = 'import "abi/object.idl";\n'

    def structures(numbers, field):
        return head + "".join(f"/** S. */ struct S{n} {{ /** x */ {field(n)} }}\n" for n in numbers)

    def inner(last):
        return lambda n: f"S{n + 1} x;" if n < last else "u8 x;"

    def interfaces(most):
        return head + "/** I. */ interface I0 : Object { }\n" + "".join(f"/** I. */ interface I{n} : I{n - 1} {{ }}\n" for n in range(1, most))

    names = [f"S{n}" for n in range(12)]
    everyone = head + "".join(f"/** S. */ struct {s} {{ {' '.join(f'/** x */ {t} x{t};' for t in names)} }}\n" for s in names)
    nested, line = "the structures in it are more than 64 deep", "inherits through more than 64 interfaces"
    for text, wanted in (
        (structures(range(1500), inner(1499)), [f"2:18: 'S0': {nested}"]),
        (structures(range(1499, -1, -1), inner(1499)), [f"66:18: 'S1435': {nested}"]),
        (structures(range(1500), lambda n: f"S{(n + 1) % 1500} x;"), [f"2:18: 'S0': {nested}"]),
        (structures(range(64), inner(63)), []),
        (structures(range(65), inner(64)), [f"2:18: 'S0': {nested}"]),
        (structures(range(40), lambda n: f"S{n + 1} x; /** y */ S{n + 1} y;" if n < 39 else "u8 x;"), "2:18: 'S0' has 549755813888 bytes, at most"),
        (everyone, "2:18: 'S0' holds itself"),
        (interfaces(1500), [f"66:21: 'I64' {line}"]),
        (interfaces(64), []),
    ):
        path = context.path("deep.idl")
        write(path, text)
        status, output = context.run([COMPILER, *SERVERS, path, context.path("deep")], 30, cwd=core.ROOT)
        lines = [said.replace(path + ":", "") for said in output.splitlines()]
        right = bool(lines) and lines[0].startswith(wanted) if isinstance(wanted, str) else lines == wanted
        if status != bool(wanted) or not right:
            raise Failed(f"it ends with {status} or says something else", [f"wanted: {wanted}", *core.tail(output)])
    imports(context)


def imports(context):
    """The same of files that import one another: a line of many, a circle, which is none, and two."""
    folder = context.path("imports")
    os.makedirs(folder)
    for n in range(1500):
        write(os.path.join(folder, f"f{n}.idl"), f'import "f{n + 1}.idl";\n' if n < 1499 else 'import "f0.idl";\n')
    status, text = context.run([COMPILER, "check", os.path.join(folder, "f0.idl")], 30)
    if status != 1 or text != f"{folder}/f63.idl:1:8: the files that import it are 64 already, one in another\n":
        raise Failed(f"it ends with {status} at files that import one another", core.tail(text))
    write(os.path.join(folder, "f3.idl"), 'import "f0.idl";\n')
    status, text = context.run([COMPILER, "check", os.path.join(folder, "f0.idl")], 30)
    if status != 0 or text:
        raise Failed(f"it ends with {status} at files that import one another in a circle", core.tail(text))


def no_text(context):
    """A file that is no text in UTF-8 is told of where that shows; a mark of the byte order in front of it says nothing."""
    path, mark = context.path("text.idl"), b"\xef\xbb\xbf"
    good = (INTERFACE % "Text").encode()
    for data, said in (
        (good.replace(b"M.", b"Gr\xf6\xdfe."), "4:11: this file is no text in UTF-8: here is the byte 0xf6"),
        (mark + good.replace(b"A.", "Grö".encode() + b"\xdfe."), "2:8: this file is no text in UTF-8: here is the byte 0xdf"),
        (mark + b'import "nothere.idl";\n', "1:8: there is no file 'nothere.idl'"),
        (good.decode().encode("utf-16"), "1:1: this file is no text in UTF-8: here is the byte 0xff"),
        (good.replace(b"M.", b"M\0."), "4:10: a comment has no control characters, but here is '\\x00'"),
        (mark + good, ""),
        (good.replace(b"\n", b"\r\n"), ""),
        (good.replace(b"\n", b"\r"), ""),
    ):
        with open(path, "wb") as f:
            f.write(data)
        status, text = context.run([COMPILER, "check", "-I", "kernel", path], 60, cwd=core.ROOT)
        if status != bool(said) or text != f"{path}:{said}\n" * bool(said):
            raise Failed("it says something else", [f"wanted: {said}", *core.tail(text)])


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
            simple_job("odd", "comments and numbers that mean something else in C are made into C", odd),
            simple_job("commands", "files and folders that are not what is needed are told of in a line", commands),
            simple_job("deep", "what is nested too deep is told of in a line", deep),
            simple_job("no_text", "a file that is no text is told of where that shows", no_text),
            simple_job("numbers", "tools that read only the numbers read what the compiler reads", numbers),
            simple_job("pages", "the reference pages are what the descriptions say", pages),
        ],
    )
