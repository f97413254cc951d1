# SPDX-License-Identifier: BSD-2-Clause
"""The kit, used as a newcomer would who has nothing else: unpacked to a folder with a blank in its name, with no tool of the tree in PATH.
docs/kit.md is followed to the letter: what it says to type is typed, what it says to add is added, what it shows must be seen."""

import filecmp
import os
import re
import shlex
import shutil
import threading

from kit import pack as packing

from . import core, unpacked
from .build import in_a_row
from .core import Failed, Part, simple_job
from .debug_session import Debugger
from .session import CTRL_C, Session
from .unpacked import SECONDS, SYSTEM_PATH, pack, unpack

PAGE = os.path.join(core.ROOT, "docs", "kit.md")
TURN = threading.Lock()
CASES_ONCE = 6  # of the template's test, in each boot


def place(context, *names):
    return context.path("the kit", *names)


def environment(context, path=None):
    return unpacked.environment(place(context, "lykos-kit"), place(context), path)


def run(context, *command, cwd=None, path=None, status=0):
    """A command in the project: what it says, if it ends as expected."""
    got, text = context.run(list(command), SECONDS, env=environment(context, path), cwd=cwd or place(context, "counter"))
    if (got == 0) != (status == 0):
        raise Failed(f"{' '.join(command)} ends with status {got}", core.tail(text))
    return text


def need(text, *patterns):
    for pattern in patterns:
        if not re.search(pattern, text.rstrip("\n"), re.MULTILINE):
            raise Failed(f"not seen: {pattern!r}", core.tail(text))


def with_project(function):
    """A case that has a project; it is made if no case before has left one. They share it, so they take turns."""

    def case(context):
        with TURN:
            in_turn(context)

    def in_turn(context):
        if not os.path.exists(place(context, "lykos-kit")):
            unpack(unpacked.archive(context), place(context))
        if not os.path.exists(place(context, "counter")):
            run(context, "lykos", "new", "counter", cwd=place(context))
        function(context)

    return case


def read(context, *names):
    with open(place(context, "counter", *names), encoding="utf-8") as f:
        return f.read()


def write(context, text, *names):
    with open(place(context, "counter", *names), "w", encoding="utf-8") as f:
        f.write(text)


class Changed:
    """A file of the project in which something stands otherwise, for a while."""

    def __init__(self, context, file, old, new):
        self.context, self.file, self.old, self.new = context, file, old, new

    def __enter__(self):
        self.before = read(self.context, self.file)
        if self.old not in self.before:
            raise Failed(f"{self.file} does not have {self.old!r}")
        write(self.context, self.before.replace(self.old, self.new), self.file)

    def __exit__(self, *_):
        write(self.context, self.before, self.file)


def marked(kit):
    """In the file share/kit stands a digest of all others; with one byte changed it is another one."""
    files = {}
    for at, _, names_there in os.walk(kit):
        for path in (os.path.join(at, name) for name in names_there if not os.path.islink(os.path.join(at, name))):
            with open(path, "rb") as f:
                files[os.path.relpath(path, kit)] = f.read()
    mark = files.pop(packing.MARK).decode()
    if not mark.endswith(f", the kit {packing.digest(files)}\n"):
        raise Failed(f"its digest is another one than in {mark!r}")
    files["README.md"] = files["README.md"].replace(b"a", b"b", 1)
    if packing.digest(files) in mark:
        raise Failed("two kits have one digest")


def packed(context):
    """Twice the same bytes; unpacked for all other cases; and nothing in it knows the tree."""
    archives = [unpacked.archive(context), pack(context, "kit-again.tar.xz")]
    if not filecmp.cmp(*archives, shallow=False):
        raise Failed("packed twice, it is not the same")
    unpack(archives[0], place(context))
    marked(place(context, "lykos-kit"))
    for at, _, files in os.walk(place(context)):
        for file in files:
            with open(os.path.join(at, file), "rb") as f:
                data = f.read()
            for path in (core.ROOT, context.build):
                if path.encode() in data:
                    raise Failed(f"{os.path.join(at, file)} has the path {path}")


def new(context):
    """The project; and what is refused, in a line each."""
    shutil.rmtree(place(context, "counter"), ignore_errors=True)
    need(run(context, "lykos", "new", "counter", cwd=place(context)), r"^counter/counter/main\.c$")
    for words, said in (
        (["new", "counter"], "the folder counter is not empty"),
        (["new", "other", "counter/system.lyk"], "counter/system.lyk: Not a directory"),
        (["new", "Counter"], "'Counter' cannot be the name of a server: small letters and digits, a letter first"),
        (["new", "../x"], "'../x' cannot be the name of a server: small letters and digits, a letter first"),
        (["new", "abcdefghij"], "'abcdefghij' is too long for a server's name: at most 9 characters, since abcdefghij-client is a program, too"),
        (["new", "console"], "'console' has a meaning already: choose another name"),
        (["new", "init"], "'init' has a meaning already: choose another name"),
        (["new", "library"], "'library' cannot be the name of a server: a folder whose name begins with lib is a library"),
        (["new"], "too few words behind 'new'; lykos --help says what belongs there"),
        (["nwe"], "there is no command 'nwe'; lykos --help lists them"),
        (["verison"], "there is no command 'verison'; did you mean 'version'?; lykos --help lists them"),
    ):
        text = run(context, "lykos", *words, cwd=place(context), status=1)
        if text != f"lykos: {said}\n":
            raise Failed(f"lykos {' '.join(words)} says something else", text.splitlines())
    if sorted(os.listdir(place(context))) != ["counter", "lykos-kit"]:
        raise Failed("something was made all the same", os.listdir(place(context)))
    need(run(context, "lykos", "version"), r"^Lykos \d+\.\d+\.\d+, the kit [0-9a-f]{12}$")


def other_name(context):
    """What the template is made into has no other name, and builds."""
    folder = place(context, "projects", "kv2")
    run(context, "lykos", "new", "kv2", folder, cwd=place(context))
    for at, _, files in os.walk(folder):
        for file in files:
            with open(os.path.join(at, file), encoding="utf-8") as f:
                if "counter" in f.read().lower() + file:
                    raise Failed(f"the template's name is left in {os.path.join(at, file)}")
    run(context, "make", cwd=folder)
    need(run(context, "lykos-image", "list", "build/archive", cwd=folder), r" kv2$", r" kv2-client$", r" init$")


# Names that mean something in C, in the interface language, in a description, to the library, or in the template.
NAMES = ("int total say main status add sum server by time read rq string u32 client full interface method common failed limit is op take "
         "system cap us s optional").split()
REFUSED = "page process object entry program endpoint console init build kit gen archive makefile".split()


def names(context):
    """Each name makes a project that is C and a description, or is refused."""
    goals = re.findall(r"^  make (\w+)", run(context, "make", "help"), re.MULTILINE)
    for name in [*REFUSED, *goals]:
        if run(context, "lykos", "new", name, cwd=place(context), status=1) != f"lykos: '{name}' has a meaning already: choose another name\n":
            raise Failed(f"{name} is refused otherwise")
    folder = context.path("names")
    sources, interfaces, system = [], [], 'system 1\ninclude "base.lyk"\n'
    for name in NAMES:
        run(context, "lykos", "new", name, os.path.join(folder, name), cwd=place(context))
        interfaces.append(f"{name}/{name}/{name}.idl")
        sources += [f"{name}/{program}/main.c" for program in (name, name + "-client", name + "-test")]
        with open(os.path.join(folder, name, "system.lyk"), encoding="utf-8") as f:
            system += f.read().partition('include "base.lyk"')[2]
    with open(os.path.join(folder, "all.lyk"), "w", encoding="utf-8") as f:
        f.write(system)
    run(context, "lykos-idl", "servers", *interfaces, "made", cwd=folder)
    run(context, "lykos-system", "check", "all.lyk", "--base", "--programs", *map(os.path.dirname, sources), cwd=folder)
    flags = shlex.split(run(context, "lykos-cc", "--print-flags"))
    run(context, "gcc", *flags, "-Wall", "-Wextra", "-Werror", "-Imade/include", "-fsyntax-only", *sources, cwd=folder)
    shutil.rmtree(folder)


def goal(context):
    """A folder that is called like a goal is told of."""
    for name in ("test", "kit"):
        os.makedirs(place(context, "counter", name))
        try:
            write(context, "", name, "main.c")
            said = f"*** a program cannot be called {name}: `make` means something else by it; give the folder another name.  Stop."
            text = run(context, "make", status=1)
            if text.count("\n") != 1 or not text.endswith(said + "\n"):
                raise Failed("it says something else", core.tail(text))
        finally:
            shutil.rmtree(place(context, "counter", name))


def builds(context):
    run(context, "make")
    again = run(context, "make")
    if re.search(r"^  [A-Z]+ ", again, re.MULTILINE):
        raise Failed("a second make builds something", core.tail(again))
    run(context, "lykos-image", "check", "build/archive")
    mark = place(context, "lykos-kit", "share", "kit")
    with open(mark, "r+", encoding="utf-8") as f:
        before = f.read()
        f.write("another one\n")
    need(run(context, "make"), r"^  IDL ", r"^  CC ", r"^  LD ", r"^  TABLE ")
    with open(mark, "w", encoding="utf-8") as f:
        f.write(before)
    run(context, "make")


def removed(context):
    """A source file that is added, and one that is removed: the program is linked again, without it. An interface likewise."""
    def symbols():
        run(context, "make")
        return run(context, "nm", "build/programs/counter.debug")

    write(context, "int more(void);\nint more(void) { return 1; }\n", "counter", "more.c")
    need(symbols(), r" T more$")
    os.unlink(place(context, "counter", "counter", "more.c"))
    if re.search(r" more$", symbols(), re.MULTILINE):
        raise Failed("what stood in a file that was removed is in the program")
    header = place(context, "counter", "build", "gen", "include", "lykos", "gen", "other.h")
    write(context, "/** Another. */\ninterface Other : Object {\n    /** Asks. */\n    method ask() -> () = 1;\n}\n", "other.idl")
    run(context, "make")
    there = os.path.exists(header)
    os.unlink(place(context, "counter", "other.idl"))
    run(context, "make")
    if not there or os.path.exists(header):
        raise Failed("the header of an interface is not there, or that of one that was removed still is")
    os.rename(place(context, "counter", "counter-client"), place(context, "away"))
    try:
        need(run(context, "make", status=1), r"^system\.lyk:\d+:\d+: error: there is no program 'counter-client' to be its file")
    finally:
        os.rename(place(context, "away"), place(context, "counter", "counter-client"))
    run(context, "make")
    text = run(context, "make")
    if re.search(r"^  [A-Z]+ ", text, re.MULTILINE):
        raise Failed("a second make builds something", core.tail(text))


def folder_files(context):
    """The files flags, libs and sources of a folder: comments, one that is removed, and a source from above that two programs have."""
    def answer(program):
        text = run(context, "objdump", "-d", "--disassemble=part", f"build/programs/{program}.debug")
        return re.search(r"mov +\$0x(\d),%eax", text)[1]

    os.makedirs(place(context, "shared"), exist_ok=True)
    with open(place(context, "shared", "part.c"), "w", encoding="utf-8") as f:
        f.write("int part(void);\nint part(void) { return N; }\n")
    made = [("counter", "sources"), ("counter-client", "sources"), ("counter", "flags"), ("counter-client", "flags"), ("counter", "libs")]
    for (folder, name), text in zip(made, ("../shared/part.c # from above\n", "../shared/part.c\n", "# what it is\n-DN=7 # seven\n", "-DN=8\n", "# not newlib\n")):
        write(context, text, folder, name)
    try:
        run(context, "make")
        if (answer("counter"), answer("counter-client")) != ("7", "8"):
            raise Failed("two programs share an object")
        os.unlink(place(context, "counter", *made.pop(2)))
        need(run(context, "make", status=1), r"^  CC +counter/main\.c$", r"^  CC +\S*shared/part\.c$", r"part\.c:2:\d+: error: .N. undeclared")
    finally:
        for names_there in made:
            os.unlink(place(context, "counter", *names_there))
    need(run(context, "make"), r"^  CC +counter-client/main\.c$", r"^  LD +counter$")


def libraries(context):
    """A library that has another name now is not found by its old one."""
    write_all = (("libold", "#pragma once\nint half(int n);\n", "half.h"), ("libold", '#include "half.h"\nint half(int n) { return n / 2; }\n', "half.c"))
    os.makedirs(place(context, "counter", "libold"))
    for folder, text, name in write_all:
        write(context, text, folder, name)
    write(context, "-lold\n", "counter-client", "libs")
    try:
        with Changed(context, "counter-client/main.c", "#include <lykos/lykos.h>", "#include <lykos/lykos.h>\n#include <libold/half.h>"):
            run(context, "make")
        os.rename(place(context, "counter", "libold"), place(context, "counter", "libnew"))
        need(run(context, "make", status=1), r"cannot find -lold")
    finally:
        os.unlink(place(context, "counter", "counter-client", "libs"))
        for name in ("libold", "libnew"):
            shutil.rmtree(place(context, "counter", name), ignore_errors=True)
    run(context, "make")


def goals(context):
    """`make clean all`; what is no goal; names that make cannot have; a build folder that cannot be."""
    need(run(context, "make", "clean", "all"), r"^  IDL ", r"^  LD +counter$", r"^  ARCHIVE +build/archive$")
    need(run(context, "make", "counter", status=1), r"^\S+: \*\*\* counter is a folder, not a goal: `make` builds all of it\.  Stop\.$")
    for name in ("a b.c", "a$b.c"):
        write(context, "", "counter", name)
        need(run(context, "make", status=1), rf"\*\*\* the name of \./counter/{re.escape(name)} has a blank or a dollar, which make cannot cope with; ")
        os.unlink(place(context, "counter", "counter", name))
    shutil.rmtree(place(context, "counter", "build"))
    write(context, "", "build")
    need(run(context, "make", status=1), r"^lykos: build/kit cannot be a link to the kit: File exists$", r"^Makefile:\d+: \*\*\* the kit cannot be used here, see above\.")
    os.unlink(place(context, "counter", "build"))
    run(context, "make")


def tests(context):
    text = run(context, "make", "test", "SEEDS=1 2 3")
    need(text, r"^counter-test, as it is: 6 passed, 0 failed$", r"^counter-test, preempted at random, seed 3: 6 passed, 0 failed$")
    if text.splitlines()[-1] != f"{4 * CASES_ONCE} passed, 0 failed":
        raise Failed("the last line is another one", core.tail(text))


def seeds(context):
    """Seed 0 is the boot without preemption at random, which there is once; what is no seed is refused in a line."""
    text = run(context, "make", "test", "SEEDS=0 0x2 2")
    said = [line for line in text.splitlines() if line.startswith("counter-test, ")]
    if said != [f"counter-test, {how}: {CASES_ONCE} passed, 0 failed" for how in ("as it is", "preempted at random, seed 2")]:
        raise Failed("other boots than these two", core.tail(text))
    for words, what in ((["--seeds"], ""), (["--seeds", "x", "counter-test"], "x"), (["--seeds", "1 -2", "counter-test"], "1 -2")):
        text = run(context, "lykos", "test", *words, status=1)
        if text != f"lykos: SEEDS are numbers, not '{what}'\n":
            raise Failed(f"lykos test {' '.join(words)} says something else", core.tail(text))


def tests_fail(context):
    """A server that is wrong, a test and a server that fault, a server that never answers, and a test that tests nothing."""
    with Changed(context, "counter/main.c", "sum += by;", "sum += by + (by == 77);"):
        text = run(context, "make", "test", "SEEDS=", status=1)
        need(text, r"^FAILED counter-test: not ok adds_up$", r"^    repeat: make run APPEND='run=counter-test'$", r"^3 passed, 1 failed$|^4 passed, 1 failed$")
    with Changed(context, "counter-test/main.c", "int main(void)\n{", "int main(void)\n{\n    *(volatile int *)8 = 1;"):
        need(run(context, "make", "test", "SEEDS=", status=1), r"^FAILED counter-test: end: fault in program counter-test: null .*, counter-test/main\.c:52 in main$",
             r"^0 passed, 1 failed$")
    with Changed(context, "counter/main.c", "    sum += by;", "    *(volatile int *)8 = 1;\n    sum += by;"):
        text = run(context, "make", "test", "SEEDS=", status=1)
        need(text, r"^FAILED counter-test: end: fault in program counter: null pointer dereference \(address 0x8\), at 0x[0-9a-f]+ \(counter_op_add\+"
             r"0x[0-9a-f]+\), counter/main\.c:16 in counter_op_add; it has not ended within 60 s$",
             r"^    \[ .*\] init: fault in program counter: null pointer dereference \(address 0x8\)$",
             r"^ +counter/main\.c:16 in counter_op_add$", r"^    counter +faulted .* its fault to be handled: ")
        address = re.search(r" at (0x[0-9a-f]+) \(counter_op_add", text)[1]
        need(run(context, "lykos", "where", "counter", address), r"^counter/main\.c:16 in counter_op_add$")
        need(text, r" called from 0x[0-9a-f]+ \(main\+0x[0-9a-f]+\)$")  # there it ends with a call that never returns
        address = re.search(r" called from (0x[0-9a-f]+) \(main\+", text)[1]
        need(run(context, "lykos", "where", "counter", address), r"^counter/main\.c:\d+ in main$")
    for words, said in ((["counter", "0x10"], r"^lykos: counter has no source line for 0x10$"), (["counter", "main"], r"^lykos: 'main' is no address; "),
                        (["countre", "1"], r"^lykos: there is no program 'countre' with symbols here; did you mean 'counter'\?$")):
        need(run(context, "lykos", "where", *words, status=1), said)
    with Changed(context, "counter/main.c", "sum += by;", "lk_park();"):
        text = run(context, "make", "test", "SEEDS=", status=1)
        need(text, r"^FAILED counter-test: end: it has not ended within 60 s: ", r"^1 passed, 1 failed$",
             r"^    counter-test +receiving .* the answer of counter$")
    with Changed(context, "counter-test/main.c", 'say("%s %s"', 'say("(%s) %s"'):
        need(run(context, "make", "test", "SEEDS=", status=1), r"^FAILED counter-test: no case: ", r"^1 passed, 1 failed$")


def at_prompt(context):
    """make run in a terminal."""
    command = ["env", "-i", *(f"{k}={v}" for k, v in environment(context).items()), "make", "-C", place(context, "counter"), "run"]
    return Session(context, "kit", (), SECONDS, command)


def stands(context):
    """make run with a server that faults: who waits for it is told of, Ctrl-C brings the prompt back, and it can be had anew."""
    with Changed(context, "counter/main.c", "    sum += by;", "    if (by == 7) {\n        *(volatile int *)8 = 1;\n    }\n    sum += by;"):
        with at_prompt(context) as session:
            session.prompt()
            session.type("run counter-client add 7\r")
            session.expect(r"^\[.*\] init: fault in program counter: null pointer dereference")
            session.expect(r"^\[.*\] init:   counter-client waits for its answer, which does not come: Ctrl-C ends what was run, ")
            session.expect(r"^\[.*\] init:   it stays stopped: .* 'destroy counter' removes it$")
            session.type(CTRL_C)
            session.prompt()
            session.type("run counter-client read\r")
            session.expect(r"^\[.*\] init: counter-client has an Entry to counter, which has faulted and answers nobody; 'destroy counter' makes room ")
            session.type(CTRL_C)
            session.prompt()
            session.command("destroy counter")
            output = session.command("run counter-client add 5")
            if output.strip() != "counter-client: the sum is 5":
                raise Failed("there is no other in its place", core.tail(output))
            session.type("halt\r")
            session.end(core.PASS)
    run(context, "make")


def prompt(context):
    """make run, and what docs/kit.md shows at its prompt."""
    with open(PAGE, encoding="utf-8") as f:
        shown = re.search(r"^At the prompt:\n\n((?:    .*\n)+)", f.read(), re.MULTILINE)[1]
    with at_prompt(context) as session:
        session.prompt()
        typed = re.split(r"^lykos> ", re.sub(r"^    ", "", shown, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
        for part in typed[:-1]:
            line, _, wanted = part.partition("\n")
            output = session.command(line)
            for words in wanted.splitlines():
                if words not in output:
                    raise Failed(f"{line}: not seen: {words!r}", core.tail(output))
        session.type(typed[-1].strip() + "\r")
        session.end(core.PASS)


def piped(context):
    """make run with its input from a pipe: nothing is lost, however early and however much there is, and where it ends the machine ends."""
    text = run(context, "sh", "-c", "printf 'run counter-client add 5\\nrun counter-client read\\nhalt\\n' | make run")
    need(text, r"^lykos> run counter-client add 5\ncounter-client: the sum is 5\nlykos> run counter-client read\ncounter-client: the sum is 5\n"
         r"lykos> halt\nthe machine halts\nhalted\Z")
    lines = [f"{i} of what is more than the console keeps" for i in range(60)]
    write(context, "sleep 1\n" + "".join(f"echo {line}\n" for line in lines) + "run counter-client read", "build", "input")
    text = run(context, "sh", "-c", "make run < build/input")
    if re.findall(r"^(?!lykos> )(.* keeps)$", text, re.MULTILINE) != lines:
        raise Failed("not each line was carried out once, in its order", core.tail(text))
    need(text, r"^lykos> run counter-client read\ncounter-client: the sum is 0\nlykos> halt\nthe machine halts\nhalted\Z")
    two_at_once(context)


def two_at_once(context):
    """Two machines of one project, the second from when the first is at its prompt to its end: each has a console of its own."""
    with at_prompt(context) as session:
        session.prompt()
        text = run(context, "sh", "-c", "printf 'run counter-client add 5\\n' | make run")
        need(text, r"^run-qemu: another machine runs; the console's log and a dump of this one are in build/run-2$",
             r"^lykos> run counter-client add 5\ncounter-client: the sum is 5\nlykos> halt\nthe machine halts\nhalted\Z")
        output = session.command("run counter-client read")
        if output.strip() != "counter-client: the sum is 0":
            raise Failed("the first machine is not as it was", core.tail(output))
        session.type("halt\r")
        session.end(core.PASS)


class Folder:
    """One more program in the project, for a while."""

    def __init__(self, context, name):
        self.context, self.name = context, name

    def __enter__(self):
        os.makedirs(place(self.context, "counter", self.name))
        write(self.context, "int main(void)\n{\n    return 0;\n}\n", self.name, "main.c")

    def __exit__(self, *_):
        shutil.rmtree(place(self.context, "counter", self.name))


def debugs(context):
    """make debug: symbols of kernel and server, however many programs there are, a break point in the server, its sources."""
    command = ["env", "-i", *(f"{k}={v}" for k, v in environment(context).items()), "make", "-C", place(context, "counter"), "debug",
               "APPEND=run=counter-client,add,5"]
    with Folder(context, "another"), Debugger(context, command=command) as gdb:
        need(gdb.command("info symbol counter_op_read"), r"^counter_op_read in section \.text")
        gdb.command('tbreak counter_op_add if $lykos_runs("counter")')
        need(gdb.stops(), r"^Temporary breakpoint \d+, counter_op_add \(rq=.*, by=5, .*\)\s+at counter/main\.c:\d+$")
        need(gdb.command("print by"), r"^\$1 = 5$")
        need(gdb.command("list counter_op_add"), r"enum status counter_op_add")
        for _ in range(2):  # sum is read for the first time, and written: each is a page fault
            need(gdb.command("next"), r"^\d+\s+\S")
            need(gdb.command("bt 1"), r"^#0  counter_op_add \(.*\)\s+at counter/main\.c:\d+$")
        need(gdb.command("print sum"), r"^\$2 = 5$")
        need(gdb.command("lykos ps"), r" counter +counter +110 .*", r" console +console +180 ")
        need(gdb.command("lykos queue counter"), r"^endpoint 0x[0-9a-f]+ of counter, ID 0x1; ")
        need(gdb.command("lykos bt counter-client"), r"^#\d .*\bcounter_add \(", r"^#\d .*\bmain \(\) at counter-client/main\.c:\d+$")
        gdb.type("quit\n")
        gdb.end(0)
        gdb.gone()


MISTAKES = [
    ("counter/main.c", "sum += by;", "sum += bye;", r"^counter/main\.c:\d+:\d+: error: .bye. undeclared"),
    ("counter/main.c", "sum += by;", "sum += twice(by);", r"^counter/main\.c:\d+:\d+: error: implicit declaration of function .twice."),
    ("counter/main.c", "*total = sum;", "total = sum;", r"^counter/main\.c:\d+:\d+: error: assignment to .* makes pointer from integer without a cast"),
    ("counter/main.c", "*total = sum;", "total = &by;", r"^counter/main\.c:\d+:\d+: error: assignment to .* from incompatible pointer type"),
    ("counter/counter.idl", "u32 by", "u33 by", r"^counter/counter\.idl:15:16: unknown type 'u33'; did you mean 'u32'\?$"),
    ("counter/counter.idl", "method read()", "methd read()", r"^counter/counter\.idl:\d+:\d+: "),
    ("system.lyk", "entry counter.main", "entry counetr.main", r"^system\.lyk:17:25: error: unknown program 'counetr'; did you mean 'counter'\?$"),
    ("system.lyk", '"base.lyk"', '"bse.lyk"', r"^system\.lyk:5:9: error: there is no file 'bse\.lyk'; did you mean 'base\.lyk'\?$"),
    ("system.lyk", "program counter-test", "program counter-tset",
     r"^system\.lyk:20:9: error: there is no program 'counter-tset' to be its file; did you mean 'counter-test'\?$"),
    ("system.lyk", "cap counter = entry counter.main", "cap counter = sleep",
     r"^system\.lyk:17:19: error: counter-client wants 'counter' to be a capability of kind entry, not sleep$"),
    ("counter/main.c", "counter_op_read(", "counter_op_raed(", r"counter_op_read"),
    ("counter/counter.idl", "method read()", "method zero() -> (u64 total) = 9;\n\n    /** Reads.\n     * @param total the sum */\n    method read()",
     r"^lykos-cc: the method zero is not written: counter_op_zero\(\), declared in <lykos/gen/counter_server\.h>$"),
]


# One that not each compiler finds.
DANGLING = ("counter/main.c", "*total = sum;", "{\n        uint64_t s = sum;\n        total = &s;\n    }\n    sum = *total;",
            r"^counter/main\.c:\d+:\d+: error: using dangling pointer")


def mistakes(context):
    knows, _ = context.run(["gcc", "-Werror=dangling-pointer", "-fsyntax-only", "-x", "c", "/dev/null"], SECONDS)
    for file, old, new_text, said in [*MISTAKES, *([DANGLING] if knows == 0 else [])]:
        with Changed(context, file, old, new_text):
            need(run(context, "make", status=1), said)
    run(context, "make")


def misnamed(context):
    """A capability that nobody is given: a warning when it is built, and a line when it is asked for."""
    with Changed(context, "counter-client/main.c", 'lk_cap("counter")', 'lk_cap("counetr")'):
        text = run(context, "make", "run", "APPEND=run=counter-client,read", status=1)
        need(text, r"^counter-client/main\.c:13:31: warning: counter-client asks for a capability 'counetr', which system\.lyk does not give it; "
             r"did you mean 'counter'\?$", r"^counter-client: no capability named 'counetr' was given to this program: it uses the Null capability$",
             r"^counter-client ended with status 1\nnot all ended well\nhalted\nmake: ")
    run(context, "make")


def without(context):
    """No QEMU at the first try, and then it is there; no kit; a kit that went away, and one that has moved."""
    few = place(context, "few")
    os.makedirs(few, exist_ok=True)
    for name in ("sh", "make", "python3", "env", "gcc", "ld", "cat", "cmp", "mkdir", "nm", "objcopy", "as", "printf", "awk", "apt-get"):
        if (path := shutil.which(name)) and not os.path.lexists(os.path.join(few, name)):
            os.symlink(path, os.path.join(few, name))
    kit_bin = place(context, "lykos-kit", "bin")
    shutil.rmtree(place(context, "counter", "build"), ignore_errors=True)
    need(
        run(context, "make", "run", path=f"{kit_bin}:{few}", status=1),
        r"^install-deps: qemu-system-x86 is missing \(the machine it runs in\)$",
        r"^install-deps: to install what is missing, run: sudo apt-get install .* qemu-system-x86$",
    )
    need(run(context, "run-qemu", path=f"{kit_bin}:{few}", status=1), r"^run-qemu: qemu-system-x86_64 is missing; install it with: ")
    need(run(context, "make", path=few, status=1), r"^Makefile:4: \*\*\* the kit is not found: put the folder bin of lykos-kit into PATH\.")
    os.rename(place(context, "lykos-kit"), place(context, "moved"))
    try:
        need(run(context, "make", path=SYSTEM_PATH, status=1), r"the kit is not found")
        run(context, "make", path=place(context, "moved", "bin") + ":" + SYSTEM_PATH)
    finally:
        os.rename(place(context, "moved"), place(context, "lykos-kit"))
    run(context, "make")


def pages(context):
    """What the pages of the kit link to is there, and each tool says what it does."""
    kit = place(context, "lykos-kit")
    wrong = []
    for at, _, files in os.walk(kit):
        for file in sorted(file for file in files if file.endswith(".md")):
            with open(os.path.join(at, file), encoding="utf-8") as f:
                text = re.sub(r"^```.*?^```$", "", f.read(), flags=re.MULTILINE | re.DOTALL)
            links = re.findall(r"\]\(([^)#:\s]+)[^)\s]*\)", text)
            wrong += [f"{os.path.relpath(at, kit)}/{file}: {path}" for path in links if not os.path.isfile(os.path.join(at, path))]
    if wrong or not os.path.isfile(os.path.join(kit, "share", "docs", "README.md")):
        raise Failed("pages that are not there", wrong)
    for tool in ("lykos", "lykos-cc", "lykos-idl", "lykos-system", "lykos-image", "run-qemu", "run-gdb", "dump"):
        need(run(context, tool, "--help"), rf"\b{tool}\b")
    need(run(context, "run-gdb", "--hlep", status=1), r"^run-gdb: the first word is the folder of what was built, not '--hlep'; ")


def compiler(context):
    """lykos-cc by hand: sources, objects, archives, flags; with clang, if it is there."""
    folder = place(context, "by hand")
    os.makedirs(folder, exist_ok=True)
    for name, text in (("a.c", "#include <lykos/lykos.h>\nint twice(int);\nint main(void) { say(\"%d\", twice(4)); return 0; }\n"),
                       ("b.c", "int twice(int x) { return 2 * x; }\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    def cc(*words, status=0):
        return run(context, "lykos-cc", *words, cwd=folder, status=status)

    cc("-o", "prog", "a.c", "b.c")
    cc("-c", "-o", "b.o", "b.c")
    run(context, "ar", "rcs", "libb.a", "b.o", cwd=folder)
    cc("-o", "other", "a.c", "-L", ".", "-lb")
    for name in ("prog", "other"):
        need(run(context, "nm", name + ".debug", cwd=folder), r" T main$", r" T twice$", r" T say$")
        if "debug_info" in run(context, "readelf", "-S", name, cwd=folder):
            raise Failed(f"{name} has debug information")
    need(cc("--print-flags"), r"^-std=gnu11 .* -mno-red-zone .*lykos-kit/include'?$")
    need(cc("--print-link-flags"), r"^-nostdlib -static .*user\.ld")
    need(cc("-o", "x", "nix.c", status=1), r"^lykos-cc: there is no file nix\.c$")
    need(cc("-o", "x", "b.c", "-lnix", status=1), r"cannot find -lnix")
    need(cc("--libc=nix", "-o", "x", "b.c", status=1), r"^lykos-cc: this kit has no C library 'nix'; it has: lykos, newlib$")
    another_library(context, folder, cc)
    if shutil.which("clang"):
        run(context, "env", "CC=clang", "lykos-cc", "-o", "clanged", "a.c", "b.c", cwd=folder)


def another_library(context, folder, cc):
    """A kit with one more C library: a file, and two lines of flags."""
    path = place(context, "lykos-kit", "share", "user-flags")
    with open(path, encoding="utf-8") as f:
        before = f.read()
    try:
        with open(path, "a", encoding="utf-8") as f:
            f.write("compile-tiny -Dmain=lk_of_tiny\nlink-tiny @LIB@/tiny.o -llykos\n")
        with open(os.path.join(folder, "tiny.c"), "w", encoding="utf-8") as f:
            f.write("int lk_of_tiny(void);\nint main(void) { return lk_of_tiny(); }\n")
        cc("-c", "-o", place(context, "lykos-kit", "lib", "tiny.o"), "tiny.c")
        cc("--libc=tiny", "-o", "tiny", "a.c", "b.c")
        need(run(context, "nm", "tiny.debug", cwd=folder), r" T main$", r" T lk_of_tiny$")
        need(cc("--libc=nix", "-o", "x", "b.c", status=1), r"; it has: lykos, newlib, tiny$")
    finally:
        with open(path, "w", encoding="utf-8") as f:
            f.write(before)


# A program that uses newlib, and checks it as the test of a project does.
C_PROGRAM = r"""
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int failed;

static void check(const char *name, int right)
{
    printf("%s %s\n", right ? "ok" : "not ok", name);
    failed |= !right;
}

static int less(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
    int numbers[] = { 3, -1, 2 };
    char text[40];
    char *piece = malloc(100000);
    volatile size_t too_much = SIZE_MAX / 4;
    time_t now = time(NULL);

    check("main_has_arguments", argc == 1 && strcmp(argv[0], "c-test") == 0);
    check("snprintf_cuts", snprintf(text, 6, "%.3f %d", M_PI, 7) == 7 && strcmp(text, "3.142") == 0);
    check("malloc_gives", piece != NULL && memset(piece, 1, 100000) == piece);
    errno = 0;
    check("malloc_refuses", malloc(too_much) == NULL && errno == ENOMEM);
    errno = 0;
    check("fopen_finds_nothing", fopen("file", "r") == NULL && errno == ENOENT);
    check("time_goes_on", now >= 0 && time(NULL) >= now && clock() > 0);
    qsort(numbers, 3, sizeof(numbers[0]), less);
    check("qsort_sorts", numbers[0] == -1 && numbers[1] == 2 && numbers[2] == 3);
    free(piece);
    printf("%5.2f|%g|%s, %d\n", 2.0 / 3, 1e10, strerror(ENOENT), now == (time_t)-1);
    return failed;
}
"""

C_SYSTEM = """system 1
include "base.lyk"

program c-test
    priority  100
    cap console = entry console.main
    cap sleep   = sleep
    start     on demand

program no-clock
    file      c-test
    priority  100
    cap console = entry console.main
    start     on demand
"""


def newlib(context):
    """A project with a program that uses newlib; and by hand. No header of this machine is found instead of newlib's."""
    folder = place(context, "c library")
    os.makedirs(os.path.join(folder, "c-test"), exist_ok=True)
    shutil.copy(place(context, "lykos-kit", "share", "template", "Makefile"), folder)
    for name, text in (("system.lyk", C_SYSTEM), ("c-test/main.c", C_PROGRAM), ("c-test/libs", "newlib\n"), ("other.c", "#include <sys/mman.h>\n"),
                       ("b.c", "#include <math.h>\ndouble b(double x);\ndouble b(double x) { return sin(x); }\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    text = run(context, "make", "test", "SEEDS=1", cwd=folder)
    if text.splitlines()[-1] != "16 passed, 0 failed":
        raise Failed("the last line is another one", core.tail(text))
    need(run(context, "make", "run", "APPEND=run=c-test", cwd=folder), r"^c-test:  0\.67\|1e\+10\|No such file or directory, 0$")
    need(run(context, "make", "run", "APPEND=run=no-clock", cwd=folder, status=1), r"^no-clock: .*, 1$", r"^no-clock: not ok time_goes_on$")
    if re.search(r"^  [A-Z]+ ", run(context, "make", cwd=folder), re.MULTILINE):
        raise Failed("a second make builds something")
    for words in (["lykos-cc"], *([["env", "CC=clang", "lykos-cc"]] if shutil.which("clang") else [])):
        run(context, *words, "--libc=newlib", "-o", "prog", "c-test/main.c", "b.c", cwd=folder)
        need(run(context, "nm", "prog.debug", cwd=folder), r" T main$", r" T qsort$", r" T sin$", r" T say$")
        need(run(context, *words, "--libc=newlib", "-c", "-o", "other.o", "other.c", cwd=folder, status=1), r"sys/mman\.h.*(not found|No such file)")
    need(run(context, "lykos-cc", "--libc=newlib", "--print-flags", cwd=folder), r"lib/newlib/include'? .*-nostdinc|-nostdinc .*lib/newlib/include")


# A program two of whose files lie elsewhere: one that is made by a rule, with a header, and one that was there before; and a library of one.
ELSEWHERE = {
    "Makefile": ("\nTESTS := tell-test other-test\nbuild/made/%.c: | build/made/stamp ;\nbuild/made/stamp: number.txt\n\tmkdir -p build/made\n"
                 "\techo 'int number(void);' > build/made/number.h\n"
                 "\techo '#include \"number.h\"' > build/made/number.c\n\techo \"int number(void) { return $$(cat $<) + MORE; }\" >> build/made/number.c\n\ttouch $@\n"),
    "number.txt": "40\n",
    "twice.c": "int twice(int n);\nint twice(int n) { return 2 * n; }\n",
    "six.c": "int six(void);\nint six(void) { return 6; }\n",
    "libsix/sources": "six.c\n",
    "tell-test/libs": "-lsix\n",
    "tell-test/main.c": ('#include <lykos/lykos.h>\n#include <number.h>\nint twice(int n);\nint six(void);\n'
                         'int main(void)\n{\n    say("ok %d", twice(number()) + six());\n    return 0;\n}\n'),
    "tell-test/sources": "build/made/number.c\ntwice.c\n",
    "tell-test/flags": "-Ibuild/made -DMORE=2\n",
    "system.lyk": 'system 1\ninclude "base.lyk"\n' + "".join(
        f"\nprogram {name}\n    file tell-test\n    cap console = entry console.main\n    start on demand\n" for name in ("tell-test", "other-test")),
}


def elsewhere(context):
    """A program names files that lie elsewhere, or are made: it is built of them, and again when they or their list change."""
    folder = place(context, "elsewhere")
    for name in ("tell-test", "libsix"):
        os.makedirs(os.path.join(folder, name))
    shutil.copy(place(context, "lykos-kit", "share", "template", "Makefile"), folder)

    def put(name, text, mode="w"):
        with open(os.path.join(folder, name), mode, encoding="utf-8") as f:
            f.write(text)

    for name, text in ELSEWHERE.items():
        put(name, text, "a")
    text = run(context, "make", "-j2", "test", "SEEDS=", cwd=folder)
    need(text, r"^tell-test, as it is: 2 passed", r"^other-test, as it is: 2 passed", r"^4 passed, 0 failed$")
    need(run(context, "make", "run", "APPEND=run=other-test", cwd=folder), r"^other-test: ok 90$")
    if re.search(r"^  [A-Z]+ ", run(context, "make", cwd=folder), re.MULTILINE):
        raise Failed("a second make builds something")
    put("twice.c", "int twice(int n);\nint twice(int n) { return 3 * n; }\n")
    put("tell-test/flags", "-Ibuild/made -DMORE=3\n")
    need(run(context, "make", "run", "APPEND=run=tell-test", cwd=folder), r"^tell-test: ok 135$")
    put("tell-test/sources", "build/made/number.c\n")
    need(run(context, "make", cwd=folder, status=1), r"undefined reference to `twice'")
    put("tell-test/sources", "build/made/number.c twice.c nowhere.c\n")
    need(run(context, "make", cwd=folder, status=1), r"No rule to make target 'nowhere\.c'")
    put("tell-test/sources", "build/made/number.c twice.c\n")
    put("libsix/sources", "\n")
    need(run(context, "make", cwd=folder, status=1), r"undefined reference to `six'")


def full_library(context):
    """The program of docs/kit.md that has newlib, in the project, as it stands there."""
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    listing = re.search(r"^```c mean/main\.c\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
    described = re.search(r"^To `system\.lyk`:\n\n((?:    .*\n)+)", page, re.MULTILINE)[1]
    typed, shown = re.search(r"^    (make run APPEND=run=mean\S*)\n(?:.*\n)*?    (mean: .*)$", page, re.MULTILINE).groups()
    os.makedirs(place(context, "counter", "mean"))
    try:
        write(context, listing, "mean", "main.c")
        write(context, "newlib\n", "mean", "libs")
        before = read(context, "system.lyk")
        with Changed(context, "system.lyk", before, before + "\n" + re.sub(r"^    ", "", described, flags=re.MULTILINE)):
            need(run(context, *typed.split()), "^" + re.escape(shown) + "$")
    finally:
        shutil.rmtree(place(context, "counter", "mean"))


def page_listings():
    with open(PAGE, encoding="utf-8") as f:
        return re.findall(r"^```(?:c|idl)\n(.*?)^```$", f.read(), re.MULTILINE | re.DOTALL)


# The listings of docs/kit.md in their order: the file, and what stands behind the new lines.
ADDED = [
    ("counter/counter.idl", "}\n"),
    ("counter/main.c", "static const struct lk_server"),
    ("counter-client/main.c", "    } else {\n"),
    ("counter-test/main.c", "    return failed"),
]


def one_more(context):
    """A method more, as docs/kit.md says: interface, server, client, test."""
    listings = page_listings()
    if len(listings) != len(ADDED):
        raise Failed(f"docs/kit.md has {len(listings)} listings")
    for (file, before), listing in zip(ADDED, listings):
        text = read(context, file)
        at = text.rindex(before)
        write(context, text[:at] + listing + text[at:], file)
    text = run(context, "make", "test", "SEEDS=1 2 3")
    if text.splitlines()[-1] != f"{4 * (CASES_ONCE + 1)} passed, 0 failed":
        raise Failed("the last line is another one", core.tail(text))
    need(run(context, "make", "run", "APPEND=run=counter-client,reset"), r"counter-client: the sum is 0$")


def part(_context):
    cases = [
        ("packed", "packed twice it is the same; no file in it knows the tree", packed),
        ("new", "lykos new makes a project, and refuses in a line what it must", new),
        ("names", "each name of a server makes a project that is C, or is refused", names),
        ("goal", "a folder that is called like a goal of make is told of", goal),
        ("builds", "the project builds, a second make has nothing to do, and with another kit it is built anew", builds),
        ("removed", "a source file that is removed is in the program no more", removed),
        ("folder_files", "the files of a folder: comments in them, and none that was removed is remembered", folder_files),
        ("libraries", "a library of another name is not found by its old one", libraries),
        ("goals", "make clean all; what is no goal, and what make cannot cope with, is told in a line", goals),
        ("tests", "make test: all pass, also preempted at random", tests),
        ("seeds", "make test: seed 0 is the boot as it is; what is no seed is refused in a line", seeds),
        ("prompt", "make run: the prompt, and what docs/kit.md shows there", prompt),
        ("stands", "make run: a server that faults, who waits for it, and how to go on, are told", stands),
        ("piped", "make run: input from a pipe is typed at the prompt, and where it ends the machine ends", piped),
        ("debugs", "make debug: symbols of kernel and server, and its sources", debugs),
        ("mistakes", "a mistake in any file is told with its line", mistakes),
        ("misnamed", "a capability of a name that nobody is given is told of when it is built, and when it is asked for", misnamed),
        ("tests_fail", "make test fails when the server is wrong, a program faults, or nothing is tested", tests_fail),
        ("without", "without QEMU, without the kit, with a kit that was moved", without),
        ("pages", "the pages that the kit links to are in it; its tools have --help", pages),
        ("compiler", "lykos-cc makes programs of sources, objects and archives", compiler),
        ("newlib", "a program with newlib is built and passes its test, in a project and by hand", newlib),
        ("elsewhere", "a program is built of sources that lie elsewhere, or are made", elsewhere),
        ("full_library", "the program of docs/kit.md that has newlib does what it says", full_library),
        ("one_more", "a method more, as docs/kit.md says, is built, tested and used", one_more),
        ("other_name", "a project of another name has nothing left of the template's", other_name),
    ]
    jobs = [simple_job(name, text, function if function is packed else with_project(function)) for name, text, function in cases]
    return Part("kit", [in_a_row(*jobs)])
