# SPDX-License-Identifier: BSD-2-Clause
"""The part `description` of tools/test: tools/lykos-system, which reads the description of the system. Each class of mistake with
the very words and place; what programs need against what they are given and what their sources ask for; the picture."""

import glob
import os
import random
import re
import struct
import xml.etree.ElementTree

from . import core
from .boot import mkimage
from .core import Failed, Part, simple_job
from .description_cases import CASES, GOOD

TOOL = os.path.join(core.ROOT, "tools", "lykos-system")
SYSTEM = os.path.join(core.ROOT, "user", "system.lyk")
SECONDS = 60
BOOT_SECONDS = 120
SEED, ROUNDS = 1, 40
LIBRARY = {"sleep", "kernlog", "console", "space", "schedule"}  # that user/lib asks for
SVG = "{http://www.w3.org/2000/svg}"


def folders():
    """Those of all programs."""
    sources = glob.glob(os.path.join(core.ROOT, "user", "servers", "*", "*.c"))
    sources += glob.glob(os.path.join(core.ROOT, "user", "programs", "*", "*.c"))
    return sorted({os.path.dirname(source) for source in sources})


def told(context, name, text, *more):
    """(status, lines that the tool says of a description without the name of the file, path of the file)."""
    path = context.path(f"description-{name}.lyk")
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    status, output = context.run([TOOL, "check", path, *more], SECONDS)
    lines = [line.removeprefix(path + ":").replace(": error: ", ": ", 1) for line in output.splitlines()]
    return status, lines, path


def mistakes(name, text, expected):
    def run(context):
        status, lines, _ = told(context, name, text)
        if lines != expected:
            differ = [f"not told: {line}" for line in expected if line not in lines]
            differ += [f"told: {line}" for line in lines if line not in expected]
            raise Failed("it says something else", differ or lines)
        if (status == 0) != all("warning: " in line for line in expected):
            raise Failed(f"status {status}")

    return run


def good(name, text):
    def run(context):
        status, lines, path = told(context, name, text)
        if status != 0 or lines:
            raise Failed("it finds something", lines)
        status, output = context.run([TOOL, "table", path, path + ".table"], SECONDS)
        if status != 0 or output:
            raise Failed("no table", core.tail(output))

    return run


def shipped(context):
    """The system as it is, with the folders of its programs; then with one more, and with one less."""
    all_folders = folders()
    status, output = context.run([TOOL, "check", SYSTEM, "--programs", *all_folders], SECONDS)
    if status != 0 or output:
        raise Failed("it finds something in the system as it is", core.tail(output))
    forgotten = context.path("forgotten")
    os.makedirs(forgotten, exist_ok=True)
    status, output = context.run([TOOL, "check", SYSTEM, "--programs", *all_folders, forgotten], SECONDS)
    if status != 0 or output != f"{SYSTEM}:1:1: warning: 'forgotten' is built, but no program here names it: it cannot be started\n":
        raise Failed("it does not warn", core.tail(output))
    fewer = [folder for folder in all_folders if not folder.endswith("/citizen")]
    status, output = context.run([TOOL, "check", SYSTEM, "--programs", *fewer], SECONDS)
    if status == 0 or len(re.findall(r"error: there is no program 'citizen' to be its file", output)) != 2:
        raise Failed("a file that is not built is not told of", core.tail(output))


NEEDS = """# what it needs
cap memory = range
cap console = entry optional
cap clock = sleep
param port
endpoint main
"""


def needs(context):
    """What a program asks for, in its folder, against what it is given."""
    folder = context.path("description-needs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "needs"), "w", encoding="utf-8") as f:
        f.write(NEEDS + "cap clock = sleep\ncap x = nonsense\nneed y\n")
    text = """system 1
program a
    file description-needs
    endpoints mian
    param prot = 5
    cap memory = entry b.main
    cap clokc = sleep
program b
    file description-needs
    endpoints main
    param port = 5
    cap memory = range 5 pages
    cap clock = sleep
"""
    _, lines, path = told(context, "needs", text, "--programs", folder)
    file = os.path.join(folder, "needs")
    expected = [
        "2:9: program a is not given what it needs: cap clock = sleep",
        "2:9: program a is not given what it needs: endpoint main",
        "2:9: program a is not given what it needs: param port",
        "4:15: description-needs asks for no endpoint 'mian'; did you mean 'main'?",
        "5:11: description-needs asks for no param 'prot'; did you mean 'port'?",
        "6:18: description-needs wants 'memory' to be a capability of kind range, not entry",
        "7:9: description-needs asks for no capability 'clokc'; did you mean 'clock'?",
        f"{file}:7:5: 'clock' is named twice",
        f"{file}:8:9: unknown kind of capability 'nonsense'",
        f"{file}:9:1: unknown property 'need'",
    ]
    if sorted(lines) != sorted(expected):
        differ = [f"not told: {line}" for line in expected if line not in lines]
        raise Failed("it says something else", differ + [f"told: {line}" for line in lines if line not in expected])


WRONG_LINES = """system 1
program a
    file description-wrong
    endpoints main 9
    param port = x
    cap memory = range 3 pagse
    cpa clock = sleep
    cap console = entry b.mian
program b
    file description-wrong
    endpoints main
    cap more = entry a.main
    cap memory = range 5 pages
    cap clock = sleep
"""


def wrong_lines(context):
    """A mistake is told once: what a line with a mistake was to give is not missed, too."""
    folder = context.path("description-wrong")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "needs"), "w", encoding="utf-8") as f:
        f.write("cap memory = range\ncap clock = sleep\ncap console = entry optional\ncap more = entry optional\nparam port\nendpoint main\n")
    with open(os.path.join(folder, "main.c"), "w", encoding="utf-8") as f:
        f.write('uint32_t clock(void) { return lk_cap("clock"); }\n')
    _, lines, _ = told(context, "wrong", WRONG_LINES, "--programs", folder)
    expected = [
        "4:20: '9' is not what is expected: a name; it is written: endpoints NAME...",
        "5:18: 'x' is not what is expected: a number; it is written: param NAME = N",
        "6:26: 'pagse' is not understood; did you mean 'page'?",
        "7:5: unknown property 'cpa'",
        "8:27: program b has no endpoint 'mian'; did you mean 'main'?",
        "9:9: program b is not given what it needs: param port",
    ]
    if lines != expected:
        raise Failed("it says something else", [f"not told: {x}" for x in expected if x not in lines] + [f"told: {x}" for x in lines if x not in expected])


INCLUDING = """system 1
include "part.lyk"
    cap a = sleep
program b
    cap x = entry a.mian
    cap y = irq 5
include "part.lyk"
include "main.lyk"
program a
"""
PART = """system 1
include "../main.lyk"
program a
    prioritty 5
    endpoints main
    cap x = irq 5
    cap y = entry b.main
"""


def include(context):
    """Several files as one; mistakes are told of the file they stand in; and what cannot be included."""
    folder = context.path("description-include")
    os.makedirs(os.path.join(folder, "sub"), exist_ok=True)

    def said(main, **parts):
        for name, text in {"main": main, **parts}.items():
            with open(os.path.join(folder, name + ".lyk"), "w", encoding="utf-8") as f:
                f.write(text)
        status, output = context.run([TOOL, "check", "main.lyk"], SECONDS, cwd=folder)
        return status, output.replace(": error: ", ": ").splitlines()

    with open(os.path.join(folder, "sub", "part.lyk"), "w", encoding="utf-8") as f:
        f.write(PART)
    expected = [
        "main.lyk:3:5: 'cap' belongs to a program, but none has begun",
        "main.lyk:5:21: program a has no endpoint 'mian'; did you mean 'main'?",
        "main.lyk:6:13: interrupt line 5 belongs to a already, at sub/part.lyk:6",
        "main.lyk:7:9: 'sub/part.lyk' is read already: at line 2",
        "main.lyk:8:9: 'main.lyk' is read already: it is the first of all files",
        "main.lyk:9:9: program 'a' is described twice, first at sub/part.lyk:3",
        "sub/part.lyk:2:9: '../main.lyk' is read already: it is the first of all files",
        "sub/part.lyk:4:5: unknown property 'prioritty'; did you mean 'priority'?",
        "sub/part.lyk:7:21: program b has no endpoint 'main'; it has none",
    ]
    cases = [
        (INCLUDING.replace('"part', '"sub/part'), {}, expected),
        ('system 1\ninclude "prat.lyk"\nprogram a\n    cap x = entry b.main\n', {"part": ""},
         ["main.lyk:2:9: there is no file 'prat.lyk'; did you mean 'part.lyk'?"]),
        ('system 1\ninclude part.lyk\nprogram a\n', {},
         ["main.lyk:2:9: 'part' is not what is expected: a name of a file in quotation marks; it is written: include \"FILE\""]),
        ('include "part.lyk"\nprogram a\n', {"part": "system 1\nprogram b\n"}, ["main.lyk:1:1: the description begins with 'system 1'"]),
        ('system 1\ninclude "part.lyk"\n', {"part": "program b\n"}, ["part.lyk:1:1: the description begins with 'system 1'"]),
        ('system 1\ninclude "part.lyk"\nsystem 1\n', {"part": "system 1\nprogram b\n"},
         ["main.lyk:3:1: 'system' stands once, before the first program"]),
        ('system 1\ninclude "base.lyk"\ninclude "devices.lyk"\n', {}, []),
    ]
    for main, parts, lines in cases:
        status, got = said(main, **parts)
        if got != lines or (status == 0) != (not lines):
            raise Failed("it says something else", [f"not told: {x}" for x in lines if x not in got] + [f"told: {x}" for x in got if x not in lines])


def no_text(context):
    """What is no text, or no file, is refused in a line, and nothing reaches the terminal that it would not show."""
    folder = context.path("description-bytes")
    os.makedirs(folder, exist_ok=True)
    path, part = os.path.join(folder, "main.lyk"), os.path.join(folder, "part.lyk")
    main = b'system 1\ninclude "part.lyk"\nprogram a\n'
    for text, included, said in (
        (main, b"system 1\nprogram \xc3\xa9\xff\xfe\x1b[2J\n", f"{part}:2:10: error: this file is no text in UTF-8: here is the byte 0xff"),
        (b"\x7fELF\x90\x90", b"", f"{path}:1:5: error: this file is no text in UTF-8: here is the byte 0x90"),
        (b"system 1\nprogram a\n    \x1b[2J\n", b"", f"{path}:3:5: error: unknown property '\\x1b'"),
        (b"\xef\xbb\xbf" + main, b"\xef\xbb\xbfsystem 1\nprogram \xff\n", f"{part}:2:9: error: this file is no text in UTF-8: here is the byte 0xff"),
        (b"\xef\xbb\xbfsystem 2\nprogram a\n", b"", f"{path}:1:8: error: version of the description is 2, but must lie in 1..1"),
        (b'system 1\ninclude "\x1b]0;x\x07"\nprogram a\n', b"", f"{path}:2:9: error: there is no file '\\x1b]0;x\\x07'"),
        (b'system 1\ninclude "/dev/zero"\nprogram a\n', b"", f"{path}:2:9: error: '/dev/zero' is no ordinary file"),
    ):
        for file, data in ((path, text), (part, included)):
            with open(file, "wb") as f:
                f.write(data)
        status, output = context.run([TOOL, "check", path], SECONDS)
        if status != 1 or output != said + "\n":
            raise Failed("it says something else", core.tail(output))
    status, output = context.run([TOOL, "check", "/dev/zero"], SECONDS)
    if status != 1 or output != "lykos-system: /dev/zero: it is no ordinary file\n":
        raise Failed("it says something else of /dev/zero", core.tail(output))


SOURCE = """/* lk_cap("in_a_comment") */ // lk_cap("in_another")
uint32_t clock(void) { return lk_cap("clcok") + lk_cap("clock") + lk_cap( "exit" ) + lk_cap("later"); }
uint32_t more(void) { return lk_cap("main") + lk_cap("given") + lk_cap_optional("perhaps"); }
"""


def sources(context):
    """What a source asks for by name and its program is not given is worth a warning, unless it may be given when the program runs."""
    folder = context.path("description-sources")
    os.makedirs(folder, exist_ok=True)
    for name, text in (("needs", "cap clock = sleep\ncap later = entry optional\nendpoint main\n"), ("main.c", SOURCE),
                       ("give.c", 'void give(void) { lk_program_give(30, "given", 29); }\n')):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    text = "system 1\nprogram a\n    file description-sources\n    endpoints main\n    cap clock = sleep\n"
    _, lines, path = told(context, "sources", text, "--programs", folder)
    expected = f"{os.path.join(folder, 'main.c')}:2:39: warning: description-sources asks for a capability 'clcok', which {path} does not give it"
    if lines != [expected + "; did you mean 'clock'?"]:
        raise Failed("it says something else", lines)


def files(context):
    """The files that an archive needs: those of its programs, the project's own first, and init."""
    folder = context.path("description-files")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "main.lyk")
    with open(path, "w", encoding="utf-8") as f:
        f.write('system 1\ninclude "base.lyk"\nprogram mine\n    file pong\n')
    with open(os.path.join(folder, "pong"), "wb"):
        pass
    status, output = context.run([TOOL, "files", path, "--in", folder], SECONDS)
    names = {os.path.basename(line): os.path.dirname(line) for line in output.splitlines()}
    if status != 0 or names.get("pong") != folder or names.get("init") in (None, folder) or len(names) != 9:
        raise Failed("it names other files", core.tail(output))
    nowhere = os.path.join(folder, "nowhere", "out")
    for command in (["table", path, nowhere], ["graph", path, "--svg", nowhere]):
        status, output = context.run([TOOL, *command], SECONDS)
        if status == 0 or output != f"lykos-system: {nowhere}: No such file or directory\n":
            raise Failed(f"{command[0]} says something else when it cannot write", core.tail(output))


def libraries(folder):
    """The folders of the libraries that a program names in its file `libs`."""
    path = os.path.join(folder, "libs")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [os.path.join(core.ROOT, "user", name) for name in f.read().split()]


def sources_of(folder):
    text = ""
    for source in glob.glob(os.path.join(folder, "*.[ch]")):
        with open(source, encoding="utf-8") as f:
            text += f.read()
    return text


def asked_for(context):
    """Each name in a list of needs is one that a source of the program or of its libraries asks for by name."""
    wrong = []
    lists = [folder for folder in folders() if os.path.exists(os.path.join(folder, "needs"))]
    for folder in lists:
        sources = "".join(map(sources_of, [folder, *libraries(folder)]))
        with open(os.path.join(folder, "needs"), encoding="utf-8") as f:
            names = re.findall(r"^(?:cap|param) ([\w-]+)[^#]*$", f.read(), re.MULTILINE)
        wrong += [f"{folder}: {name}" for name in names if name not in LIBRARY and f'"{name}"' not in sources]
    if wrong or len(lists) < 10:
        raise Failed(f"of {len(lists)} lists, names that no source asks for", wrong)


def graph(context):
    """The pictures are well-formed, and everything is in them: each program; each capability, as an arrow or a name in a box."""
    text = re.sub(r"#.*", "", core.system_text())
    for options in ([], ["--all"], ["--boot", "--all"]):
        path = context.path("graph.svg")
        status, output = context.run([TOOL, "graph", SYSTEM, *options, "--svg", path], SECONDS)
        if status != 0:
            raise Failed("no picture", core.tail(output))
        groups = {g.get("id"): g for g in xml.etree.ElementTree.parse(path).iter(SVG + "g")}
        missing = []
        for program in re.split(r"^program ", text, flags=re.MULTILINE)[1:]:
            name = program.split()[0]
            if "--boot" in options and "at boot" not in program:
                if f"program:{name}" in groups:
                    raise Failed(f"{name} does not run after boot, but is there")
                continue
            box = groups.get(f"program:{name}")
            words = " ".join("".join(part.itertext()) for part in box.iter(SVG + "text")) if box is not None else ""
            if box is None or name not in words.split():
                missing.append(name)
            missing += [
                f"{name}: {cap}"
                for cap in re.findall(r"^\s*cap\s+(\S+)", program, re.MULTILINE)
                if f"cap:{name}:{cap}" not in groups and not re.search(rf"(^|[ ,]){re.escape(cap)}($|[,: ])", words)
            ]
        if missing or len(groups) < 10:
            raise Failed(f"with {options} missing in the picture", missing[:20])


def picture_of_docs(context):
    """docs/system.svg shows the system as it is: the programs and arrows of it, if not drawn by the same version of Graphviz."""
    path = context.path("system.svg")
    status, output = context.run([TOOL, "graph", SYSTEM, "--boot", "--all", "--svg", path], SECONDS)
    if status != 0:
        raise Failed("no picture", core.tail(output))
    ids = [
        sorted(filter(None, (g.get("id") for g in xml.etree.ElementTree.parse(file).iter(SVG + "g"))))
        for file in (path, os.path.join(core.ROOT, "docs", "system.svg"))
    ]
    if ids[0] != ids[1]:
        raise Failed("docs/system.svg is of another system; make graph draws it again", sorted(set(ids[0]) ^ set(ids[1])))


def random_text(context):
    """Random words never end the tool otherwise than in words."""
    source = random.Random(context.seed if context.seed is not None else SEED)
    words = "system 1 program a b cap = entry a.b b.a notice bits 0x - # process self start at boot args irq 0x3f8-0x3ff range pages"
    words = (words + " param file stack ioports payload restart times within s after with part of é \t \0 . init send").split(" ")
    rounds = context.rounds or (ROUNDS * 10 if context.soak else ROUNDS)
    for n in range(rounds):
        text = "".join(source.choice(words) + source.choice("    \n") for _ in range(source.randrange(400)))
        text = source.choice(("", "system 1\nprogram a\n")) + text
        status, lines, path = told(context, "random", text)
        if status not in (0, 1) or any(not re.match(r"\d+:\d+: \S", line) for line in lines) or (status == 1 and not lines):
            raise Failed(f"round {n} of seed {SEED if context.seed is None else context.seed}: {path}", lines[-5:])


def table_of(context, name, text):
    path = context.path(f"description-{name}.lyk")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    status, output = context.run([TOOL, "table", path, path + ".table"], SECONDS)
    if status != 0:
        raise Failed("no table", core.tail(output))
    with open(path + ".table", "rb") as f:
        return f.read()


def same_table(context):
    """The table is a function of what is said, not of how, and begins as table.h says."""
    one = table_of(context, "one", "system 1\nprogram a\n    endpoints main\n    cap s = sleep\n")
    other = table_of(context, "other", "system 1 #\nprogram a\n\tendpoints  main\n  cap s=sleep # the clock")
    if one != other or one != table_of(context, "again", "system 1\nprogram a\n    endpoints main\n    cap s = sleep\n"):
        raise Failed("the same description gives two tables")
    magic, version, size, programs, grants, params, endpoints = struct.unpack_from("<4sIIIIII", one)
    if (magic, version, size, programs, grants, params, endpoints) != (b"LKYS", 1, len(one), 1, 1, 0, 1):
        raise Failed("its header is another one")


def boot_with(context, name, table):
    """Boot with this table, or with none: what is said until the machine halts, which it must."""
    folder = context.path(f"description-{name}")
    os.makedirs(folder, exist_ok=True)
    files = [os.path.join(context.build, "user", program) for program in ("init", "bank", "pager", "console", "shell")]
    if table is not None:
        files.append(os.path.join(folder, "system.table"))
        with open(files[-1], "wb") as f:
            f.write(table)
    archive = os.path.join(folder, "archive")
    done = mkimage(archive, *files)
    if done.returncode != 0:
        raise Failed("mkimage failed", core.tail(done.stderr))
    status, text = context.qemu(f"description-{name}", BOOT_SECONDS, "--icount", "--archive", archive)
    if status != core.FAIL:
        raise Failed(f"ended with {core.words_of(status)}", core.tail(text))
    return text


def damaged(context):
    """init refuses a table that is damaged, or missing, in words, and halts the machine."""
    with open(os.path.join(context.build, "system.table"), "rb") as f:
        table = f.read()
    third = 40 + 3 * 96  # a program: behind the header and three others
    priority = table[: third + 24] + struct.pack("<I", 200) + table[third + 28 :]
    for name, bad, words in (
        ("short", table[:-8], "system.table is refused, at program 0: its parts do not add up to its size"),
        ("priority", priority, "system.table is refused, at program 3: a number is out of range"),
        ("missing", None, "there is no system description, system.table, in the archive"),
    ):
        text = boot_with(context, name, bad)
        for line in (words, "init: the system stops here: "):
            if line not in text:
                raise Failed(f"{name}: nothing was said like '{line}'", core.tail(text))


def part(_context):
    jobs = [simple_job(name, text, mistakes(name, lines, expected)) for name, text, lines, expected in CASES]
    jobs += [simple_job(name, text, good(name, lines)) for name, text, lines in GOOD]
    return Part(
        "description",
        jobs
        + [
            simple_job("shipped", "the system is without mistakes; a program undescribed is worth a warning, one not built is none",
                       shipped),
            simple_job("include", "a description includes others, and mistakes are told of the file they stand in", include),
            simple_job("no_text", "what is no text, or no ordinary file, is refused in a line", no_text),
            simple_job("files", "the files that the archive of a description needs", files),
            simple_job("sources", "a source that asks for what its program is not given is worth a warning", sources),
            simple_job("needs", "a program is given what it needs, and of that kind", needs),
            simple_job("wrong_lines", "what a line with a mistake was to give is not missed, too", wrong_lines),
            simple_job("asked_for", "what is said to be needed is asked for in the sources", asked_for),
            simple_job("graph", "the picture is well-formed, and all programs and capabilities are in it", graph),
            simple_job("docs", "the picture in docs is that of the system", picture_of_docs),
            simple_job("random", "random words are refused in words", random_text),
            simple_job("damaged", "init refuses a damaged table in words, and halts the machine", damaged),
            simple_job("table", "the same description gives the same table", same_table),
        ],
    )
