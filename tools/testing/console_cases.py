# SPDX-License-Identifier: BSD-2-Clause
"""Cases of the console session: the prompt and its line, what the commands show, programs that run. Each is given a session that
stands behind the prompt, and leaves it there."""

import re

from . import core
from .cases import Cases
from .core import Failed
from .session import BACKSPACE, CTRL_A, CTRL_C, CTRL_E, CTRL_K, CTRL_U, CTRL_W, DELETE, DOWN, END, HOME, LEFT, RIGHT, UP, WIDTH
from .session import Session, another_prompt, need, until

CASES = Cases()
case = CASES.case


def seconds_up(session):
    output = session.command("uptime")
    found = re.search(r"([0-9]+(?:\.[0-9]+)?)\s*s", output)
    if not found:
        raise Failed("uptime says no number of seconds", core.tail(output))
    return float(found[1])


@case("the first lines say how to leave QEMU")
def first_lines(session):
    need(session, session.text, r"Ctrl-A.*X")


@case("help lists the commands")
def help_lists(session):
    output = session.command("help")
    words = ("help", "ps", "top", "caps", "spaces", "locks", "log", "mem", "ping", "sleep", "fault", "bench", "kill",
             "restart", "suspend")
    words += ("resume", "notify", "halt", "reboot")
    for word in words:
        need(session, output, rf"^\s*{word}\b")


@case("a command that does not exist is named")
def unknown_command(session):
    need(session, session.command("frobnicate 1 2"), "frobnicate")
    need(session, session.command("quit"), r"unknown command 'quit'; 'halt' ends the machine")


@case("help NAME shows one line, and '?' is help")
def help_one(session):
    output = session.command("help notify")
    need(session, output, r"^  notify NAME \[BITS\] +\w")
    if len(output.splitlines()) != 1:
        raise Failed("help of one command is not one line", core.tail(output))
    need(session, session.command("help nosuch"), "unknown command 'nosuch'")
    need(session, session.command("?"), r"^  help \[COMMAND\]", r"^  reboot ")


@case("a command with a word too many is not carried out")
def too_many_words(session):
    for line, word, usage in (
        ("halt now", "now", "halt"),
        ("reboot now please", "now", "reboot"),
        ("uptime x", "x", "uptime"),
        ("mem all", "all", "mem"),
        ("help ps caps", "caps", "help [COMMAND]"),
        ("ps init shell", "shell", "ps [NAME]"),
        ("top 1 2", "2", "top [SECONDS]"),
        ("caps init shell", "shell", "caps NAME"),
        ("suspend spin hello", "hello", "suspend NAME"),
        ("destroy spin hello", "hello", "destroy NAME"),
        ("notify console 1 2", "2", "notify NAME [BITS]"),
        ("sleep 1 2", "2", "sleep SECONDS"),
        ("ping 1 2", "2", "ping [ROUNDS]"),
        ("kill spin 1 2", "2", "kill NAME [SECONDS]"),
        ("restart spin hello", "hello", "restart NAME"),
        ("spaces init shell", "shell", "spaces NAME"),
        ("locks init shell", "shell", "locks NAME"),
    ):
        wanted = re.escape(f"'{word}' is too much; the command is '{usage}'")
        need(session, session.command(line), rf"\A{wanted}\n\Z")


@case("an empty line gives another prompt")
def empty_line(session):
    session.type("\r")
    session.prompt()
    session.type("   \r")
    session.prompt()


@case("ps shows name, state, priority, CPU time and what a program waits for")
def ps(session):
    output = session.command("ps")
    need(session, output, r"NAME\s+STATE\s+HOLDS\s+PRI\s+CPU TIME.*WAITS FOR")
    need(session, output, r"^console\s+receiving\s+-\s+180\s+[0-9.]+ s", r"^shell\s+\S+\s+-\s+[0-9]+")
    need(session, output, r"^init\s+\S+\s+-\s+200")
    wide = [line for line in output.splitlines() if len(line) > WIDTH]
    if wide:
        raise Failed("ps writes beyond the right margin", wide)
    names = r"((?: [a-z][a-z0-9]*|\n )*)\n"
    groups = re.search(rf"^not running:{names}parts of others, not running:{names}", output, re.MULTILINE)
    if not groups:
        raise Failed("ps does not list what does not run in two groups", core.tail(output))
    whole, parts = set(groups[1].split()), set(groups[2].split())
    if not {"ping", "bench", "watchdog"} <= whole or not {"peer", "calm", "silent"} <= parts:
        raise Failed("ps lists a program in the wrong group", core.tail(output))


@case("a program that is a part of another is not started alone")
def part_of(session):
    for command in ("run", "start"):
        output = session.command(f"{command} calm")
        need(session, output, r"\Acalm is a part of watchdog, which starts it when it needs it: 'run watchdog'\n\Z")
    need(session, session.command("run handler"), "handler is a part of bench")
    if re.search(r"^(calm|watchdog|silent) ", session.command("ps"), re.MULTILINE):
        raise Failed("something of it was started", core.tail(session.text))


@case("ps NAME shows holds, handler, deferral and counters of one program")
def ps_one(session):
    output = session.command("ps init")
    need(session, output, r"^init\s+ready\s+-\s+200", r"^  holds +none$", r"^  handler +none$")
    need(session, output, r"^  deferral +it may not defer$", r"^  pending +nothing$", r"^  notices +[0-9]+ posted")
    need(session, output, r"^  deliveries 0 to its handler, 0 of them forced; 0 senders had to wait$")
    need(session, session.command("ps console"), r"^  notices +[1-9][0-9]* posted, to itself or its handler; [0-9]+ merged")
    need(session, session.command("ps spin"), "spin does not run")
    need(session, session.command("ps nosuch"), "no program 'nosuch'")


@case("caps shows what a program holds, and says when there is no such program")
def caps(session):
    output = session.command("caps console")
    need(session, output, r"ioports 0x3f8-0x3ff|IOPriv", r"IrqWait|irq 4", r"Process\s+itself")
    bare = [line for line in output.splitlines() if re.search(r"^(slot|register) +\S+ +\S+$|\s$", line)]
    if bare:
        raise Failed("caps says nothing of these", bare)
    need(session, output, r"^register 29 +AppNotice +made or received by itself$")
    need(session, session.command("caps nosuch"), "nosuch")
    need(session, session.command("caps"), r"\S")


@case("log shows the kernel log from the start")
def log(session):
    need(session, session.command("log"), r"Lykos [0-9]", r"^\[")


@case("ping calls a server in another space, and refuses what is no number")
def ping(session):
    need(session, session.command("ping"), r"1000 round trips")
    need(session, session.command("ping 7"), r"\b7 round trips")
    session.command("ping x")
    need(session, session.command("ping 3"), r"\b3 round trips")


@case("sleep waits as long as it says")
def sleep(session):
    before = seconds_up(session)
    session.command("sleep 2")
    after = seconds_up(session)
    if after - before < 2:
        raise Failed(f"it waited for {after - before:.3f} s, not for 2")


@case("Ctrl-C ends a sleep")
def interrupt_sleep(session):
    session.type("sleep 100000\r")
    session.expect(r"sleep 100000\n")
    session.type(CTRL_C)
    session.prompt()
    if seconds_up(session) > 50000:
        raise Failed("the sleep came to its end")


@case("Ctrl-C ends a program in the foreground that never waits")
def interrupt_program(session):
    session.type("run spin\r")
    session.expect(r"run spin\n")
    session.type(CTRL_C)
    session.prompt()
    output = session.command("ps")
    if re.search(r"^spin\s+(ready|receiving|blocked)", output, re.MULTILINE):
        raise Failed("the program still runs", core.tail(output))


@case("Ctrl-C ends with a program whatever that has started")
def interrupt_job(session):
    begin = len(session.text)
    session.type("run watchdog\r")
    session.expect(r"^watchdog: waiter may go on")
    session.type(CTRL_C)
    session.expect(r"^watchdog was destroyed on request$")
    session.prompt()
    session.command("sleep 1")
    left = re.findall(r"^(watchdog|calm|looper|waiter|holder|silent)\s", session.command("ps"), re.MULTILINE)
    if left:
        raise Failed(f"still there: {' '.join(left)}", core.tail(session.text))
    if "of Null" in session.text[begin:]:
        raise Failed("somebody called what was gone", core.tail(session.text))


@case("the line typed ends before the program that it starts prints")
def typed_line_first(session):
    for key in "run fairshare":
        session.type(key)
        session.expect(re.escape(key))
    session.type("\r")
    if session.expect(r"([^\n]*)\nfairshare: ")[1] != "":
        raise Failed("the line typed is not alone", core.tail(session.text))
    session.type(CTRL_C)
    session.prompt()
    session.command("start fairshare")
    session.command("suspend fairshare")
    session.type("resume fairshare\r")
    session.expect(r"resume fairshare\nfairshare is resumed\n", "the answer, before what the program prints")
    another_prompt(session)
    session.command("destroy fairshare")


@case("Ctrl-C at the prompt drops the line")
def interrupt_line(session):
    session.type("rubbish" + CTRL_C)
    session.prompt()
    need(session, session.command("echo clean"), r"^clean$")


@case("every kind of fault is told in words: what, where, in whom")
def fault(session):
    output = session.command("fault help")
    kinds = re.findall(r"^fault:   ([a-z][a-z0-9-]*)\b", output, re.MULTILINE)
    if len(kinds) < 4:
        raise Failed("'fault help' lists few kinds of faults", core.tail(output))
    for kind in kinds:
        if kind == "help":
            continue
        output = session.command(f"fault {kind}")
        need(session, output, r"fault in (process helper of )?program fault: \S+", r"at rip 0x[0-9a-f]+", r"rsp [0-9a-f]+")
    need(session, session.command("fault nosuch"), "one of")
    need(session, session.command("ps"), r"^shell")


@case("a fault is told with the functions on the stack, and a stack overflow with how many")
def fault_trace(session):
    output = session.command("fault null")
    need(session, output, r"fault in program fault: null pointer dereference \(address 0x8\)$", r"at rip \S+ \(fault_null\+")
    need(session, output, r"called from \S+ \(main\+0x[0-9a-f]+\)\n.*called from \S+ \(lk_begin\+.*\n.*called from \S+ \(_start\+")
    output = session.command("fault stack")
    words = r"stack overflow in fault \(thread main, function fault_recursion[^ ]*, depth ([0-9]+)\)"
    need(session, output, rf"fault in program fault: {words}$", rf"^fault was ended by a fault: {words}$")
    need(session, output, r"called from \S+ \(fault_recursion\S+, [0-9]+ times$", r"called from \S+ \(main\+")
    depth = int(re.search(words, output)[1])
    times = int(re.search(r"([0-9]+) times$", output, re.MULTILINE)[1])
    if not times + 3 <= depth <= times + 5 or depth < 10:
        raise Failed(f"depth {depth}, but {times} times", core.tail(output))
    need(session, session.command("fault jump"), r"call through a null function pointer", r"called from \S+ \(fault_jump\+")


@case("a thread's stack that overflows is told as such, with the functions on it, wherever it lies")
def fault_thread(session):
    for kind in ("thread", "array", "heap"):
        output = session.command(f"fault {kind}")
        words = r"stack overflow in fault \(thread helper, function fault_recursion[^ ]*, depth ([0-9]+)\)"
        need(session, output, rf"fault in process helper of program fault: {words}$", r"it stays stopped: 'ps helper' shows it$")
        need(session, output, r"called from \S+ \(fault_recursion\S+, [0-9]+ times$", r"called from \S+ \(thread_recursion\+")
        need(session, output, r"called from \S+ \(thread_begin\+", r"^fault ended with status 3$")
        depth = int(re.search(words, output)[1])
        if not (depth > 10 if kind != "thread" else depth > 60):
            raise Failed(f"depth {depth}", core.tail(output))


@case("the line is edited with arrows, Home, End, Delete and Backspace")
def edit_line(session):
    for keys, result in (
        ("echo abd" + LEFT + "c", "abcd"),
        ("echo axbc" + LEFT * 2 + BACKSPACE, "abc"),
        ("echo abxc" + LEFT * 2 + DELETE, "abc"),
        ("cho front" + HOME + "e", "front"),
        ("ho again" + CTRL_A + "ec" + END + "!", "again!"),
        ("echo one" + LEFT * 3 + RIGHT * 2 + "-", "on-e"),
        ("echo keep drop" + LEFT * 5 + CTRL_K, "keep"),
        ("nonsense" + CTRL_U + "echo whole", "whole"),
        ("echo two words" + CTRL_W + "lines", "two lines"),
        ("echo end" + CTRL_A + CTRL_E + "ing", "ending"),
    ):
        session.type(keys + "\r")
        session.expect(rf"^{re.escape(result)}$", f"what {keys!r} makes: {result}")
        session.prompt()


@case("the arrows bring earlier lines back")
def history(session):
    session.command("echo first")
    session.command("echo second")
    session.type(UP + UP + "\r")
    session.expect(r"^first$")
    session.prompt()
    session.type(UP + UP + DOWN + "\r")
    session.expect(r"^first$")
    session.prompt()
    session.type(UP + BACKSPACE * 5 + "third\r")
    session.expect(r"^third$")
    session.prompt()
    session.type("echo not yet" + UP + DOWN + "\r")
    session.expect(r"^not yet$", "the line that was being typed")
    session.prompt()


@case("bytes that are no text, and unknown escape sequences, do no harm")
def rubbish(session):
    session.type("\x1b[99~\x1bO\x1b[\x80\x81\xff\x00\x02\x04\x1b[1;5C\x1b\x1b")
    session.type(CTRL_U + CTRL_C)
    session.prompt()
    need(session, session.command("echo alive"), r"^alive$")


@case("a line that is far too long is cut and can be dropped")
def long_line(session):
    for _ in range(20):
        session.type("x" * 50)
        session.expect("x")
    session.type(CTRL_C)
    session.prompt()
    need(session, session.command("echo short"), r"^short$")


@case("what is typed while a command runs is not lost")
def type_ahead(session):
    session.type("sleep 1\recho later\r")
    session.expect(r"^later$")
    session.prompt()


@case("programs leave no memory behind")
def no_leak(session):
    before = session.command("mem")
    for _ in range(10):
        session.command("ping 1")
    session.command("fault")
    after = session.command("mem")
    if memory_besides(before) != memory_besides(after):
        raise Failed("mem says something else after programs came and went", core.tail(before) + core.tail(after))


def memory_besides(output):
    """What `mem` says of memory that must be the same after programs came and went: which banks there are, and that the topmost
    one pays nothing but them. Those who run touch more of their memory all the time."""
    banks = [(len(indent), name, int(kib)) for indent, name, kib in re.findall(r"^( *)(\S+) +([0-9]+) KiB +\S+", output, re.M)]
    banks = banks[[name for _, name, _ in banks].index("all") :]
    below = sum(kib for indent, _, kib in banks if indent == banks[0][0] + 2)
    return sorted(name for _, name, _ in banks), banks[0][2] - below


@case("mem names all memory there is")
def memory_sum(session):
    output = session.command("mem")
    whole = output.split("\nBANK ")[0]
    sizes = {name.strip(): int(kib) for name, kib in re.findall(r"^(\D+?) +([0-9]+) KiB", whole, re.MULTILINE)}
    if sum(sizes.values()) != 2 * sizes["memory"] or len(sizes) != 4:
        raise Failed("the parts are not the whole", core.tail(output))


@case("mem shows who pays for memory: a tree in which a bank has used what those below it have, and more")
def memory_banks(session):
    session.command("start hello")
    output = session.command("mem")
    need(session, output, r"^BANK +USED +LIMIT +OBJECTS$")
    rows = re.findall(r"^( *)(\S+) +([0-9]+) KiB +(?:-|([0-9]+) KiB) +([0-9]+)$", output.split("\nBANK ")[1], re.MULTILINE)
    banks = [(len(indent) // 2, name, int(used)) for indent, name, used, _, _ in rows]
    if not {"pager", "console", "shell", "hello"} <= {name for depth, name, _ in banks if depth == 1}:
        raise Failed("a bank is missing", core.tail(output))
    for at, (depth, name, used) in enumerate(banks):
        below = 0
        for other, _, theirs in banks[at + 1 :]:
            if other <= depth:
                break
            below += theirs if other == depth + 1 else 0
        if below > used:
            raise Failed(f"below {name} more is used than it has", core.tail(output))
    limits = {name: limit for _, name, _, limit, _ in rows}
    if int(limits["hello"]) < 100 or not any(name == "hello" and int(n) > 5 for _, name, _, _, n in rows):
        raise Failed("hello has no limit, or hardly an object", core.tail(output))
    session.command("destroy hello")
    if re.search(r"^ +hello ", session.command("mem"), re.MULTILINE):
        raise Failed("the bank is still there")


TOP_ROW = r"^(\S+) +([0-9]+\.[0-9])% +([0-9]+) us(?: +([0-9]+) +([0-9]+))?$"


def top_rows(output):
    """{name: (share, microseconds, notices)} of top, whose shares must make up the whole."""
    rows = re.findall(TOP_ROW, output, re.MULTILINE)
    if abs(sum(float(share) for _, share, _, _, _ in rows) - 100) > 2 + 0.1 * len(rows):  # a look takes time, too
        raise Failed("the shares are not all of the time", core.tail(output))
    times = [int(time) for name, _, time, _, _ in rows if not name.startswith("(")]
    if times != sorted(times, reverse=True):
        raise Failed("who used most does not come first", core.tail(output))
    return {name: (float(share), int(time), notices) for name, share, time, notices, _ in rows}


@case("the tracer says that there is no port to write to")
def tracer_without_port(session):
    need(session, session.command("run tracer ping"), r"^tracer: there is no port to write to: 'make trace' starts", "ended with status 2")


@case("top shows who used the CPU between two looks, and what was left")
def top(session):
    output = session.command("top")
    rows = top_rows(output)
    need(session, output, r"^NAME +CPU +CPU TIME +NOTICES +NOTIFIED$", r"^[0-9]+ entries into the kernel, [0-9]+ switches")
    if "spin" in rows or rows["(idle)"][1] == 0 or "init" not in rows:
        raise Failed("nobody spins, and there is no idle time; or init is missing", core.tail(output))
    session.command("start spin")
    output = session.command("top 2")
    if next(iter(top_rows(output))) != "spin" or top_rows(output)["(idle)"][0] != 0.0:
        raise Failed("spin uses all the time there is, and top says something else", core.tail(output))
    session.command("suspend spin")
    output = session.command("top")
    if top_rows(output)["spin"][1] != 0:
        raise Failed("spin is suspended, and used CPU time", core.tail(output))
    session.command("destroy spin")
    need(session, session.command("top 0"), r"top \[SECONDS\]: a whole number")


@case("spaces shows the tree of an address space, with the runs of pages and their rights")
def spaces(session):
    output = session.command("spaces console")
    lines = output.splitlines()
    need(session, output, r"\A0x00000000-0xffffffff  GPT l2v 28, slot 15: fault handler$")
    need(session, output, r"^[ |]*[|`]- 0x00400000-0x0040[0-9a-f]{4}  r-x  [0-9]+ pages?$", r"  rw-  1 page$")
    need(session, output, r"^[ |]*[|`]- 0x003ff000-0x003fffff  r--  1 page$")
    if len(lines) < 10 or any(not re.match(r"(?:\|  |   )*[|`]- 0x[0-9a-f]+-0x[0-9a-f]+  \S", line) for line in lines[1:]):
        raise Failed("a line is no line of the tree", lines)
    wide = [line for line in lines if len(line) > WIDTH]
    if wide:
        raise Failed("spaces writes beyond the right margin", wide)
    for line, behind in zip(lines, lines[1:] + [""]):
        for at, mark in enumerate(line):
            if mark in "|" and behind[at : at + 1] not in ("|", "`"):
                raise Failed("a branch ends in nothing", [line, behind])
    need(session, session.command("spaces init"), r"^0x00000000-0x\S+  GPT l2v 43", r"^`- 0x00000000-0xffffffff  GPT l2v 28")
    need(session, session.command("spaces"), r"spaces NAME.*: of which program\?$")
    need(session, session.command("spaces spin"), "spin does not run")
    need(session, session.command("spaces nosuch"), "no program 'nosuch'")


def start_deadlock(session, how, done):
    """Start the program that does wrong with locks, and wait until `locks` shows this of it."""
    session.type(f"start deadlock {how}\r")
    session.expect(r"^deadlock: ready.*\n")
    another_prompt(session)
    return until(session, "locks deadlock", done)


def number_in(session, output, pattern):
    """The number for which the pattern has a group."""
    need(session, output, pattern)
    return float(re.search(pattern, output, re.MULTILINE)[1])


@case("locks shows who has the locks of a program that hangs, since when and from where, and who waits for them")
def locks_deadlock(session):
    output = start_deadlock(session, "", r"^  waits +right, for .*\n(?:.*\n)*  waits +left, for ")
    need(session, output, r"^spoon \(rank 1\): taken 1 time, 0 not at once; held ", r"^bowl \(rank 2\): taken 1 time, 0 ")
    place = r", for [0-9.]+ us, (?:taken )?at "
    need(session, output, rf"^  held by +left{place}left\+0x[0-9a-f]+\n  waits +right{place}right\+0x[0-9a-f]+$")
    need(session, output, rf"^  held by +right{place}right\+0x[0-9a-f]+\n  waits +left{place}left\+0x[0-9a-f]+$")
    holder = r"^  held by +left, for ([0-9]+\.[0-9]{3}) us"
    before, since = number_in(session, output, holder), seconds_up(session)
    session.command("sleep 2")
    later = session.command("locks deadlock")
    passed = (number_in(session, later, holder) - before) / 1e6
    if not 2 <= passed <= seconds_up(session) - since + 2:
        raise Failed(f"held for {passed} s more, but 2 s have passed", core.tail(later))
    session.command("destroy deadlock")
    need(session, session.command("locks deadlock"), r"^deadlock does not run$")


@case("locks shows one that is held for ever, and of programs without locks that they have none")
def locks_held(session):
    output = start_deadlock(session, "hold", r"^  waits +right, for ")
    need(session, output, r"^spoon .*\n  held by +left, .*\n  waits +right, ", r"^bowl .*\n  held by +left, .*\n\Z")
    session.command("destroy deadlock")
    for name in ("init", "console", "bank"):
        need(session, session.command(f"locks {name}"), rf"\A{name} has taken no locks\n\Z")
    need(session, session.command("locks"), r"locks NAME.*: of which program\?$")
    need(session, session.command("locks nosuch"), "no program 'nosuch'")


@case("locks shows who waits on a condition, on which, since when and from where, and that nobody has its lock")
def locks_condition(session):
    lock = r"\Abowl \(rank 2\): taken 1 time, 0 not at once; .*\n(?:  longest .*\n)?"
    # Who waits is written down before the lock is left: nobody has it a moment later.
    output = start_deadlock(session, "condition", rf"{lock}  condition  bowl filled: waited on 1 time, now by 1\n    waits ")
    waits = r"^    waits +left, for ([0-9]+\.[0-9]{3}) us, at left\+0x[0-9a-f]+$"
    if "held by" in output:
        raise Failed("somebody has the lock", core.tail(output))
    before, since = number_in(session, output, waits), seconds_up(session)
    session.command("sleep 2")
    later = session.command("locks deadlock")
    passed = (number_in(session, later, waits) - before) / 1e6
    if not 2 <= passed <= seconds_up(session) - since + 2:
        raise Failed(f"it has waited for {passed} s more, but 2 s have passed", core.tail(later))
    session.command("destroy deadlock")


MISTAKE = r"lock order: right takes spoon \(rank 1\) at user/programs/deadlock/main.c:[0-9]+"


@case("a program that takes locks in the wrong order is stopped as a whole, and told with both places and the way to there")
def locks_checked(session):
    session.type("start deadlock checked\r")
    session.expect(rf"mistake in program deadlock, found by itself: {MISTAKE}\n.*and has bowl \(rank 2\) since \S+main.c:[0-9]+$")
    session.expect(r"called from \S+ \(right\+0x")
    session.expect(r"it stays stopped: 'caps deadlock'")
    another_prompt(session)
    need(session, session.command("ps deadlock"), r"^deadlock +\S+ +team ")
    used = r"^busy +ready +team +20 +([0-9.]+) s"
    before = number_in(session, session.command("ps busy"), used)
    session.command("sleep 1")
    if number_in(session, session.command("ps busy"), used) != before:
        raise Failed("another thread of it has run on", core.tail(session.text))
    need(session, session.command("locks deadlock"), r"^  held by +right, for .*, taken at user/programs/deadlock/main.c:[0-9]+$")
    session.command("destroy deadlock")
    output = session.command("run deadlock checked")
    need(session, output, r"init: +it is destroyed$", rf"^deadlock was ended by a fault: {MISTAKE}$")
    if output.count("lock order") != 2:
        raise Failed("the mistake is not reported once, and told once", core.tail(output))


@case("locks shows what a server has done with its locks: how often, how long, and the last times")
def locks_server(session):
    with Session(session.context, "console-locks", ["--ports", session.context.path("locks-ports")], interactive=True) as other:
        other.prompt()
        output = until(other, "locks dispatcher", r"^held last: ")
        line = r" \(rank [0-9]+\): taken [0-9]+ times?, [0-9]+ not at once; held [0-9.]+ us in all\n"
        need(other, output, rf"^the server lock{line}", rf"^loop{line}  longest +[0-9.]+ us, taken at user/\S+\.c:[0-9]+$")
        idle = r"    waits +worker [0-9]+, for [0-9.]+ us, at \S+worker\.c:[0-9]+\n"
        need(other, output, rf"^  condition  job: waited on [0-9]+ times, now by 1[12]\n(?:{idle}){{6}}  and [56] more wait$")
        held = r" +[0-9.]+ us, +[0-9.]+ us ago  [a-z]+\.c:[0-9]+$"
        need(other, output, rf"^  the server lock +worker [0-9]+ {held}")
        other.type("halt\r")
        other.end(core.PASS)


@case("a program is started, listed and destroyed")
def start_destroy(session):
    session.command("start hello")
    need(session, session.command("ps"), r"^hello\s+(receiving|ready|blocked)")
    session.command("destroy hello")
    output = session.command("ps")
    if re.search(r"^hello\s+(receiving|ready|blocked)", output, re.MULTILINE):
        raise Failed("the program is still there", core.tail(output))
