# SPDX-License-Identifier: BSD-2-Clause
"""What `make debug` shows of a running system, stopped at known places. The cases go on in one session, one after the other: two servers
wait for each other (tests/programs), a client behind them; then a page is missing; then a program is notified; then things are broken."""

import re

from . import core
from .core import Failed
from .session import TRIES

NUMBER = r"\(0x[0-9a-f]+\)"
UNMAPPED = "access to memory that is not mapped"
HELPS = 12
PLACES = ("embraced_op_help", "embraced/main.c:15")


def need(output, *patterns):
    for pattern in patterns:
        if not re.search(pattern, output, re.MULTILINE):
            raise Failed(f"not seen: {pattern!r}", core.tail(output, 60))


def need_not(output, *patterns):
    for pattern in patterns:
        if re.search(pattern, output, re.MULTILINE):
            raise Failed(f"seen: {pattern!r}", core.tail(output, 60))


def ps(gdb):
    for line in (
        r"^ +0x[0-9a-f]+  shell +shell +120 .* receiving, waits for (a notice|the answer of \S+)$",
        r"^ +0x[0-9a-f]+  console +console +180 .* receiving, waits for a message or notice$",
        r"^ +0x[0-9a-f]+  warden +init +201 ",
    ):
        gdb.until("lykos ps", line)
    gdb.until("lykos waits", r"^nobody waits for anybody$")


def type_line(gdb):
    gdb.command("lykos type echo typed by hand, in a line longer than a FIFO")
    gdb.console(r"^typed by hand, in a line longer than a FIFO$")


def log_is_whole(gdb):
    """Much is printed, and the log has each character once: what `help` lists is the same each time."""
    for _ in range(HELPS):
        gdb.command("lykos type help")
    for _ in range(TRIES):
        gdb.go_on(0.5)
        listed = gdb.log().split("lykos> help\n")[1:]
        if len(listed) == HELPS and listed[-1].endswith("\nlykos> "):
            break
    else:
        raise Failed(f"`help` was typed {HELPS} times, and listed {len(listed)} times", core.tail(gdb.log()))
    right = max(set(listed[:-1]), key=listed.count).splitlines()
    wrong = [line for text in listed for line in text.removesuffix("lykos> ").splitlines() if line not in right]
    if wrong or "" in right[:-1] or len(right) < 10:
        raise Failed("the log has other lines than `help`, or not always the same", wrong or right)


def names(gdb):
    need(gdb.command("lykos program nosuch"), r"^no program 'nosuch'; there are: .*\bping\b")
    need(gdb.command("lykos bt nosuch"), r"^no process 'nosuch'; there are: .*\bshell\b")
    need(gdb.command("lykos queue 0x12345"), r"^no process '0x12345'; there are: .*\bshell\b")
    said = gdb.command("lykos queue 99999999999999999999")
    need(said, r"\Ano process '99999999999999999999'; there are: .*\bshell\b.*\n\Z")
    need(gdb.command("lykos ps extra"), r"\Alykos ps takes no words, such as 'extra'\n\Z")
    need(gdb.command("lykos waits extra"), r"\Alykos waits takes no words, such as 'extra'\n\Z")
    need(gdb.command("lykos caps"), r"^which process\?")
    need(gdb.command("lykos process init"), r"^'init' may be any of|^init \(0x")
    number = re.search(r"^ +(0x[0-9a-f]+)  shell ", gdb.command("lykos ps"), re.MULTILINE)[1]
    need(gdb.command(f"lykos process {int(number, 16)}"), rf"^shell \({number}\): ")
    need(gdb.command("help lykos"), r"lykos waits +who waits for whom")


def deadlock(gdb):
    gdb.command("lykos type start embrace")
    gdb.console(r"embraced: waits to send to embrace, .* a ring of waits")
    output = gdb.until("lykos waits", "^bystander ")
    need(
        output,
        r"^RING: (embrace -> embraced -> embrace|embraced -> embrace -> embraced)$",
        rf"^bystander {NUMBER}, priority 110\n"
        rf"  -> embrace {NUMBER}, priority 100: its message to endpoint 0x\w+ \(ID 0x1\) waits to be received \[of lower priority\]\n"
        rf"    -> embraced {NUMBER}, priority 105: waits for the reply, for which the capability is in register 24 \[RING\]\n"
        rf"      -> embrace {NUMBER}, priority 100: .* \[RING\]$",
    )


def queue(gdb):
    output = gdb.command("lykos queue embrace")
    need(
        output,
        rf"^endpoint 0x\w+ of embrace, ID 0x1; payload match off\n"
        rf"  recipient embrace {NUMBER}, priority 100: receiving, waits for the answer of embraced\n"
        r"  senders that wait, first comes first:\n"
        rf"    1\. bystander {NUMBER}, priority 110: call through register \d+, payload 0x\w+, word 0 0x2\n"
        rf"    2\. embraced {NUMBER}, priority 105: call through register 25, payload 0x7, word 0 0x2$",
        r"^endpoint 0x\w+ of embrace, ID 0x0; payload match on, a reply is outstanding",
    )
    number = re.search(r"endpoint (0x\w+) of embrace, ID 0x1;", output)[1]
    need(gdb.command(f"lykos queue {number}"), rf"^endpoint {number} of embrace, ID 0x1;", r"^    1\. bystander ")


def caps(gdb):
    need(
        gdb.command("lykos caps embraced"),
        rf"^   1 +process embraced {NUMBER}$",
        r"^   3 main +endpoint 0x\w+ of embraced, ID 0x1$",
        r"^  24 +reply to endpoint 0x\w+ of embrace, ID 0x0$",
        r"^  25 +entry to endpoint 0x\w+ of embrace, ID 0x1, payload 0x7$",
    )


def back_trace(gdb):
    """Of one that waits, in its program's words, whoever's symbols are loaded; and its variables."""
    need(
        gdb.command("lykos bt embraced"),
        rf"^embraced {NUMBER}, program embraced: blocked, waits for embrace to take its message$",
        r"^#0 .*help \(rq=.* at tests/programs/embraced/main\.c:\d+$",
        r"^#\d .*\blk_serve \(server=.* at user/lib/server\.c:\d+$",
        r"^#\d .*\bmain \(\) at tests/programs/embraced/main\.c:\d+$",
    )
    # Through lk_invoke(), which has registers on the stack.
    need(gdb.command("lykos bt pager"), r"^#0  lk_invoke \(\)", r"^#1 .*\bpager_run \(", r"^#2 .*\bmain \(\) at user/servers/pager")
    need(gdb.command("lykos in embraced print helped"), r"^\$1 = 1$")
    need(gdb.command("lykos in embrace print lk_start->name"), r'^\$1 = "embrace\\000')
    need(gdb.command("lykos bt bystander"), r"program embrace:", r"^#0 .*(stand_by|main) \(")


def spaces(gdb):
    output = gdb.command("lykos space embraced")
    need(
        output,
        rf"^address space of embraced {NUMBER}: gpt 0x",
        r"^root: GPT 0x\w+ at 0x0, l2v \d+$",
        r"^ +0x400000 - +0x401000 +1 page  r-x$",
        r"^ +0x3ef000 - +0x3f0000 +1 page  rw-$",
        r"^hardware tables 0x\w+:$",
        r"^ +0x3ef000 - +0x3f0000 +1 page  rw-  at 0x\w+$",
        r"^  \d+ tables, \d+ pages$",
    )
    need_not(output, r"!!")


def trace(gdb):
    need(
        gdb.command("lykos trace 400"),
        r"\] \w+ +notice 0x1 to console$",
        r"^\[ +\d+\.\d{9}\] console +system call: call through register \d+, word 0 0x2, iopriv 0x0$",
    )
    need(gdb.command("lykos trace 5 embraced"), r"\A(?:.* embraced  .*\n){,4}\[ +\d+\.\d{9}\] embraced +blocks: sending, endpoint 0x\w+ of embrace$")
    need(gdb.command("lykos trace 40 bystander"), r"\] bystander +fault: access to memory that is not mapped, information 0x")
    for number in ("x", "-3", "0"):
        need(gdb.command(f"lykos trace {number}"), r"\Alykos trace \[N \[P\]\]: .*\n\Z")
    need(gdb.command("lykos trace 1 nobody"), "nobody")


def symbols(gdb):
    """Of one program at a time, which a break point is for; and who waits while a page is being made."""
    need(gdb.command("lykos program embraced"), r"^symbols of embraced \(\S+embraced\.debug\)$")
    need(gdb.command("info symbol embraced_op_help"), r"^embraced_op_help in section \.text")
    numbers = [re.search(r"^Breakpoint (\d+) at ", gdb.command(f"break {place}"), re.MULTILINE)[1] for place in ("lk_serve", *PLACES)]
    output = gdb.command("lykos program pager")
    need(output, r"^symbols of pager \(.*\) instead of those of embraced$")
    need(output, rf"^breakpoints {', '.join(numbers[1:])} stop nobody until `lykos program embraced`: pager has no such place$")
    gdb.command(f"delete {' '.join(numbers)}")
    need(gdb.command("info symbol embraced_op_help"), r"^No symbol \"embraced_op_help\" in current context\.$")
    need(gdb.command("lykos program"), r"^symbols of pager are loaded$")
    gdb.command('tbreak provide if $lykos_runs("pager")')
    gdb.command("lykos type start listener stay")
    need(gdb.stops(), r"^Temporary breakpoint \d+, provide \(f=.*\) at user/servers/pager/fault\.c:\d+$")
    need(gdb.command("bt"), r"^#\d .*\bpager_run \(", r"^#\d .*\bmain \(\)")
    number = re.search(r"^ +(0x[0-9a-f]+)  pager ", gdb.command("lykos ps"), re.MULTILINE)[1]
    for words, result in ((number, 1), (5, 0), ('"pager"', 1), ('"shell"', 0)):
        need(gdb.command(f"print $lykos_runs({words})"), rf"\A\$\d+ = {result}\n\Z")
    need(gdb.command("print $lykos_runs()"), r'\A\$lykos_runs\("NAME"\): .*\n\Z')
    need(gdb.command("lykos bt pager"), r"^#0 +provide \(f=", r"^#\d .*\bpager_run \(")
    need(
        gdb.command("lykos waits"),
        rf"^\w+ {NUMBER}, priority \d+\n"
        rf"  -> pager {NUMBER}, priority 189: its fault \({UNMAPPED}\) was told, and is not over; it is ready$",
    )


def notified(gdb):
    """One that is held for a notification, and one that is to be notified and finds nobody who receives."""
    gdb.until("lykos ps", r" ear +listener .* waits for a message or notice$")
    gdb.command("lykos type notify listener 5")
    gdb.until(
        "lykos waits",
        rf"^listener {NUMBER}, priority 100\n"
        rf"  -> ear {NUMBER}, priority 105: is held until who was notified lets it go; it is receiving",
    )
    need(gdb.command("lykos ps"), r" listener +listener .*, held: proxy$")
    need(gdb.command("lykos queue listener"), r"^endpoint 0x\w+ of listener, ID ")
    need(gdb.command("lykos bt ear"), r"program listener:", r"^#\d .*listen \(")
    need(gdb.command("lykos trace 2000"), r"listener is stopped, ear told$")


def deaf(gdb):
    """One that is to be notified, and who is to be told receives nothing."""
    gdb.command("lykos type destroy listener")
    gdb.command("lykos type start listener deaf")
    gdb.until("lykos ps", r" ear +listener .* waits for a notice$")
    gdb.command("lykos type notify listener 5")
    gdb.until("lykos queue ear", rf"^    1\. listener {NUMBER}, priority 100: is to be notified, bits 0x5 wait$")
    gdb.command("lykos type suspend bystander")
    output = gdb.until("lykos waits", r"^bystander .*\n  -> nobody: is held \(suspend\) until somebody clears that$")
    need(output, r"^  -> embrace ")


def faulted(gdb):
    """One that is stopped by a fault, and stays."""
    gdb.command("lykos type start fault null")
    gdb.console(r"'destroy fault' removes it$")
    need(gdb.command("lykos ps"), rf" fault +fault .*faulted, fault: {UNMAPPED}$")
    need(
        gdb.command("lykos waits"),
        rf"^fault {NUMBER}, priority 100\n  -> init {NUMBER}, priority 200: its fault \({UNMAPPED}\) was told, and is not over",
    )
    need(gdb.command("lykos bt fault"), r"^#0 .*fault_null \(\) at user/programs/fault/main\.c:\d+$", r"^#\d .*\bmain \(\)")


def broken(gdb):
    """Pointers that lead nowhere are said, and the rest is shown. Lines typed are short: the terminal would scroll them."""
    address = re.search(r"\(struct process \*\)(0x\w+)", gdb.command("lykos process bystander"))[1]
    gdb.command(f"set $p = (struct process *){address}")
    link = "$p->sender_node.node.next"
    before = re.search(r"= .*(0x\w+)", gdb.command(f"print {link}"))[1]
    gdb.command(f"set var {link} = (void *)0x1234")
    output = gdb.command("lykos queue embrace")
    need(output, r"^    1\. bystander ", r"^    !! no memory at 0x1000$", r"^endpoint 0x\w+ of embrace, ID 0x0;")
    gdb.command(f"set var {link} = (void *){before}")
    need(gdb.command("lykos queue embrace"), r"^    2\. embraced ")
    gdb.command("set var $p->capreg[9].low = 3")
    gdb.command("set var $p->capreg[9].object = 0x1fffffff0")
    need(gdb.command("lykos caps bystander"), r"^   9 +\w+ !! ", r"^  23 pager +entry to ")
    gdb.command("set var $p->capreg[9].low = 0")
    root = "$p->slot[0].oid"
    before = re.search(r"= (\d+)", gdb.command(f"print {root}"))[1]
    gdb.command(f"set var {root} = 1")
    output = gdb.command("lykos space bystander")
    need(output, r"which is gone", r"^  !! the tables map 0x\w+, the tree does not: nothing is mapped there$")
    need(gdb.command("lykos bt bystander"), r"^bystander .*: blocked")
    gdb.command(f"set var {root} = {before}")
    need_not(gdb.command("lykos space bystander"), r"!!")
    gdb.command("set $c = cpu_table[0].current")
    gdb.command("set var cpu_table[0].current = (void *)0x10")
    need(gdb.command("lykos cpu"), r"^CPU 0 !! no memory at 0x")
    need(gdb.command("lykos ps"), r" shell +shell ")
    gdb.command("set var cpu_table[0].current = $c")


def panicked(gdb):
    """make debug stops where the kernel panics, and says of what."""
    gdb.until("lykos cpu", r"^CPU 0: current nobody, idle;")
    gdb.command("monitor nmi")
    need(gdb.stops(), r"^Breakpoint \d+, panic \(file=")
    need(
        gdb.command("lykos cpu"),
        r"^the kernel dies of vector 2, error code 0x0; back-trace from there:\n  0x\w+ arch_idle",
    )
    need(gdb.command("bt"), r"^#0 +panic \(", r"^#1 .*\btrap_dire \(")
    need(gdb.command("lykos waits"), r"^RING: ")


CASES = [
    ("ps", "lykos ps says what each process waits for, and which program it is", ps),
    ("type", "lykos type types at the prompt", type_line),
    ("log", "the console log has each character once", log_is_whole),
    ("names", "a name that does not exist is answered with those that do", names),
    ("deadlock", "lykos waits shows two servers that call each other as a ring, and who waits behind them", deadlock),
    ("queue", "lykos queue shows who waits at an endpoint, in order", queue),
    ("caps", "lykos caps says what each register holds, by the names of the description", caps),
    ("bt", "lykos bt: through the frames of a process that does not run", back_trace),
    ("space", "lykos space: the tree and the tables, and they agree", spaces),
    ("trace", "lykos trace: the last events in words", trace),
    ("program", "symbols of one program at a time; a fault that is being handled", symbols),
    ("notified", "a process that is held for a notification waits for who was told", notified),
    ("deaf", "one that is to be notified stands in the queue of who is to be told; one that is suspended", deaf),
    ("faulted", "a process that faulted waits for its handler, with a back-trace", faulted),
    ("broken", "pointers that lead nowhere are said, and the rest is shown", broken),
    ("panic", "it stops at a panic and says of what the kernel dies", panicked),
]
