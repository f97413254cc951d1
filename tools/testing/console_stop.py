# SPDX-License-Identifier: BSD-2-Clause
"""Cases of the console session: programs that are suspended, told of something by notice, ended, and begun again."""

import re

from . import core
from .console_cases import case
from .core import Failed
from .session import CTRL_C, PROMPT, TRIES, Session, another_prompt, need, until

def cpu_time(session, name):
    output = session.command(f"ps {name}")
    found = re.search(rf"^{name}\s.*\s([0-9.]+) s\s", output, re.MULTILINE)
    if not found:
        raise Failed(f"ps {name} shows no CPU time", core.tail(output))
    return float(found[1])


@case("a program that is suspended uses no time, and goes on when it is resumed")
def suspend_resume(session):
    session.command("start spin")
    need(session, session.command("suspend spin"), r"^spin is suspended")
    need(session, session.command("suspend spin"), r"^spin was suspended already$")
    need(session, session.command("ps"), r"^spin\s+ready\s+suspend\s+10\s")
    need(session, session.command("ps spin"), r"^  holds +suspend since [0-9.]+ s \([0-9.]+ m?s ago\)$")
    before = cpu_time(session, "spin")
    session.command("sleep 1")
    if cpu_time(session, "spin") != before:
        raise Failed("it used time while it was suspended")
    need(session, session.command("resume spin"), r"^spin is resumed$")
    need(session, session.command("resume spin"), r"^spin was not suspended$")
    need(session, session.command("ps"), r"^spin\s+ready\s+-\s+10\s")
    session.command("sleep 1")
    if cpu_time(session, "spin") <= before:
        raise Failed("it used no time after it was resumed")
    session.command("destroy spin")


@case("a client waits while its server is suspended, and is answered then")
def suspend_server(session):
    session.command("start pong")
    until(session, "ps", r"^pong\s+receiving\s+-.*a message or notice$")
    session.command("suspend pong")
    session.command("start ping 5")
    until(session, "ps", r"^ping\s+receiving\s+-.*the answer of pong$")
    need(session, session.command("ps"), r"^pong\s+ready\s+suspend\s")
    session.type("resume pong\r")
    session.expect(r"ping: 5 round trips")
    another_prompt(session)
    session.command("destroy pong")


@case("what is suspended is destroyed like any other, and what the shell needs is not suspended")
def suspend_limits(session):
    session.command("start hello")
    session.command("suspend hello")
    session.command("destroy hello")
    need(session, session.command("ps hello"), "hello does not run")
    for name in ("shell", "console", "init", "bank", "pager"):
        need(session, session.command(f"suspend {name}"), rf"^{name} is not suspended: \w")
    for command in ("suspend", "resume", "notify"):
        need(session, session.command(command), rf"^{command} NAME.*: which program\?$")
        need(session, session.command(f"{command} nosuch"), "no program 'nosuch'")
        need(session, session.command(f"{command} spin"), "spin does not run")
    for bits in ("x", "0", "0x100000000", "-1"):
        need(session, session.command(f"notify console {bits}"), "is no number from 1 to 0xffffffff")


def start_listener(session, how=""):
    """Start the program that has a notice handler, and wait until it has."""
    session.type(f"start listener {how}\r")
    session.expect(r"^listener: ready.*\n")
    another_prompt(session)


def told(session, line, bits):
    """Type a line that has a program's handler told, and wait until it says so."""
    session.type(f"{line}\r")
    session.expect(rf"^listener was stopped, and ear is told: bits {bits}$")
    session.expect(rf"^listener: told of bits {bits}; listener \w")
    another_prompt(session)


@case("notify stops a program and has its handler told, which lets it go on")
def notify(session):
    gone_on = r"^listener\s+\S+\s+(-|suspend)\s"
    start_listener(session)
    told(session, "notify listener", "0x1")
    until(session, "ps", gone_on)
    told(session, "notify listener 0x80000005", "0x80000005")
    until(session, "ps", gone_on)
    session.command("suspend listener")
    told(session, "notify listener 4", "0x4")
    until(session, "ps", gone_on)
    output = session.command("ps listener")
    need(session, output, r"^listener\s+\S+\s+suspend\s", r"^  handler +ear$", r"^  pending +nothing$")
    need(session, output, r"^  notices +3 posted, .*; 0 merged", r"^  deliveries 3 to its handler, 0 of them forced")
    need(session, session.command("resume listener"), r"^listener is resumed$")
    session.command("destroy listener")


@case("notify says why a handler is not told, and the bits stay pending")
def notify_waits(session):
    start_listener(session, "stay")
    told(session, "notify listener 1", "0x1")
    need(session, session.command("notify listener 2"), r"^bits 0x2 wait for listener: ear has not let listener go on")
    need(session, session.command("notify listener 4"), r"^bits 0x6 wait for listener")
    need(session, session.command("ps"), r"^listener\s+\S+\s+proxy\s")
    session.command("suspend listener")
    need(session, session.command("ps"), r"^listener\s+\S+\s+2 holds\s")
    need(session, session.command("resume listener"), r"^listener is resumed, but stays stopped: proxy since [0-9.]+ s")
    output = session.command("ps listener")
    need(session, output, r"^  holds +proxy since", r"^  pending +bits 0x6 for its handler$", r"^  notices +3 posted")
    session.command("destroy listener")
    start_listener(session, "deaf")
    need(session, session.command("notify listener"), r"^bits 0x1 wait for listener: ear is not waiting to be told$")
    need(session, session.command("ps listener"), r"^  pending +bits 0x1 for its handler$", r"^  deliveries 0 ")
    session.command("destroy listener")


@case("a handler that has faulted is said to have, and can be looked at")
def notify_dead(session):
    start_listener(session, "dead")
    session.type("notify listener\r")
    session.expect(r"fault in process ear of program listener: invalid instruction")
    session.expect(r"it stays stopped: 'ps ear' shows it")
    another_prompt(session)
    output = session.command("ps listener")
    need(session, output, r"^listener\s+\S+\s+proxy\s", r"^  handler +ear, which has faulted: \w")
    output = session.command("notify listener 2")
    need(session, output, r"^bits 0x2 wait for listener: ear, its handler, has faulted, and has not let it go on$")
    output = session.command("ps ear")
    need(session, output, r"^ear\s+faulted\s+-\s+105\s", r"^  inside +listener: it is a process that listener has made$")
    need(session, session.command("caps listener"), r"^register [0-9]+ +Process +ear: made or received by itself$")
    session.command("destroy listener")
    need(session, session.command("ps ear"), "there is no program 'ear', and no process of that name")


@case("bits for a program without a handler stay pending and add up")
def notify_nobody(session):
    session.command("start spin")
    for bits in ("1", "8", "9"):
        output = session.command(f"notify spin {bits}")
        need(session, output, r"^bits 0x[19] wait for spin: spin has no notice handler; they stay pending$")
    output = session.command("ps spin")
    need(session, output, r"^  handler +none$", r"^  pending +bits 0x9 for its handler$")
    need(session, output, r"^  notices +3 posted, .*; 1 merged")
    session.command("destroy spin")
    need(session, session.command("notify init"), r"^init has no notice handler$")


@case("a notification waits for a critical section, but only as long as that may last")
def notify_deferred(session):
    start_listener(session, "defer")
    session.type("notify listener\r")
    session.expect(r"^bits 0x1 wait for listener: listener defers, which it may for [0-9.]+ s$|^listener was stopped")
    session.expect(r"^listener: told of bits 0x1; ", "the handler told when the section is over")
    session.expect(r"^listener: the critical section is over$")
    another_prompt(session)
    need(session, session.command("ps listener"), r"^  deliveries 1 to its handler, 0 of them forced")
    session.command("destroy listener")
    start_listener(session, "hog")
    session.type("notify listener 2\r")
    session.expect(r"^bits 0x2 wait for listener: listener defers, which it may for [0-9.]+ s$")
    session.expect(r"^listener: told of bits 0x2, by force; listener ", "the handler told by force")
    another_prompt(session)
    output = session.command("ps listener")
    need(session, output, r"^  deferral +it may defer, for at most [0-9.]+ s", r"^  deliveries 1 to its handler, 1 of them forced")
    session.command("destroy listener")


def generation(session, name):
    """How often a program was begun again."""
    found = re.search(r"^  begun again (never|[0-9]+)", session.command(f"ps {name}"), re.MULTILINE)
    if not found:
        raise Failed(f"ps {name} does not say how often it was begun again")
    return 0 if found[1] == "never" else int(found[1])


def again(session, name, before):
    """One that was begun again once more than before."""
    for _ in range(TRIES):
        if generation(session, name) == before + 1:
            return
    raise Failed(f"{name} was begun again {generation(session, name)} times, not {before + 1}")


def rounds_of(session, seconds):
    """As many round trips of ping as take so many seconds of the machine's clock."""
    found = re.search(r"([0-9]+) ns each", session.command("ping 10000"))
    return min(max(seconds * 10**9 // int(found[1]), 1), 90_000_000)


@case("kill ends a program; one that is to be begun again is, with its generation counted")
def kill(session):
    session.command("start hello")
    need(session, session.command("kill hello"), r"\Ahello was ended\n\Z")
    need(session, session.command("ps hello"), "hello does not run")
    need(session, session.command("kill hello"), "hello does not run")
    need(session, session.command("kill nosuch"), "no program 'nosuch'")
    need(session, session.command("kill init"), "init is not ended")
    need(session, session.command("destroy init"), r"\Ainit is not ended")
    for name in ("console", "shell"):
        need(session, session.command(f"destroy {name}"), rf"\A{name} is not destroyed: .*'kill {name}'")
    need(session, session.command("kill"), r"kill NAME.*: which program\?$")
    need(session, session.command("kill console x"), r"kill NAME \[SECONDS\]: a whole number")
    for name in ("bank", "pager", "console"):
        before = generation(session, name)
        need(session, session.command(f"kill {name}"), rf"^{name} was ended and begun again$")
        again(session, name, before)
        need(session, session.command("ps"), rf"^begun again:.* {name} {before + 1} times?\b")
        need(session, session.command("ping 7"), r"\b7 round trips")
        need(session, session.command("fault null"), r"^fault was ended by a fault: null")
        need(session, session.command("ps"), rf"^{name} +receiving")


@case("restart ends a program and begins it again, whatever its description says")
def restart(session):
    session.command("start hello")
    session.type("restart hello\r")
    session.expect(r"^hello: ready")
    another_prompt(session)
    if generation(session, "hello") != 1:
        raise Failed("it was not begun again once")
    session.command("destroy hello")
    need(session, session.command("restart hello"), "hello does not run")
    before = generation(session, "console")
    need(session, session.command("restart console"), r"^console was ended and begun again$")
    again(session, "console", before)
    session.command("start ping 1000000")
    need(session, session.command("restart pong"), r"^pong belongs to the job of ping$")
    session.command("destroy ping")


@case("servers are killed while clients work, and those go on")
def kill_under_way(session):
    rounds = rounds_of(session, 4)
    session.command(f"start ping {rounds}")
    session.command("start hello")
    for name in ("bank", "pager", "console", "shell"):
        session.type(f"kill {name}\r")
        session.expect(rf"^{name} was ended and begun again$" if name != "shell" else r"^The shell was begun again")
        another_prompt(session)
    need(session, session.command("ps"), r"^hello ", r"^ping ", r"^begun again: bank.* pager.* console.* shell")
    until(session, "ps", r"^hello +receiving")
    session.expect(rf"^ping: {rounds} round trips", "the client's last line")
    another_prompt(session)
    session.command("destroy hello")
    until(session, "ps ping", r"^ping does not run$")
    need(session, session.command("run ping 9"), r"\b9 round trips")


@case("a server dies while a program runs in the foreground, which Ctrl-C still ends")
def kill_behind(session):
    for name in ("bank", "pager", "console"):
        before = generation(session, name)
        rounds = rounds_of(session, 2)
        session.command(f"kill {name} 1")
        need(session, session.command("sleep 1"), "the clock is taken")
        need(session, session.command(f"run ping {rounds}"), rf"\b{rounds} round trips")
        again(session, name, before)
    session.type("run spin\r")
    session.expect(r"run spin\n")
    session.type(CTRL_C)
    session.prompt()


@case("the line being typed survives the death of the console, and is shown again")
def kill_while_typing(session):
    before = generation(session, "console")
    rounds = rounds_of(session, 4)
    session.command(f"start ping {rounds}")
    session.command("kill console 1")
    session.type("echo ha")
    session.expect(r"echo ha$")
    session.expect(rf"^ping: {rounds} round trips.*\n(?:\[.*\n)*{PROMPT}echo ha$", "the line again, behind what was printed")
    session.type("lf\r")
    session.expect(r"^half$")
    session.prompt()
    until(session, "ps ping", r"^ping does not run$")
    again(session, "console", before)


@case("a shell that is begun again does not carry out the boot command line again")
def kill_shell(session):
    before = generation(session, "shell")
    session.type("kill shell\r")
    session.expect(r"^the shell ends, and is begun again\n\nThe shell was begun again\.")
    session.prompt()
    again(session, "shell", before)
    with Session(session.context, "console-boot", ["--append", "run=ping,3 shell"], interactive=True) as other:
        other.expect(r"^ping: 3 round trips")
        other.prompt()
        other.type("kill shell\r")
        other.expect(r"^The shell was begun again")
        other.prompt()
        need(other, other.command("ping 4"), r"\b4 round trips")
        if len(re.findall(r"3 round trips", other.text)) != 1:
            raise Failed("the boot command line was carried out twice", core.tail(other.text))
