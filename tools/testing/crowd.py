# SPDX-License-Identifier: BSD-2-Clause
"""The part `crowd` of tools/test: many programs at once, many one after the other (user/programs/crowd), and servers that
are killed at random moments while clients work (user/programs/mayhem). Each ends with every frame accounted for."""

import re

from . import core
from .core import Failed, Job, Part, Result, simple_job
from .session import Session, another_prompt, until

SECONDS = 200
ALIVE = 1000
ROW, ROW_SOAK = 10000, 100000
KILLS, KILLS_SOAK = 100, 1000
ROGUES, ROGUES_SOAK = 60, 2000
MAYHEM_SEEDS, MAYHEM_SEEDS_SOAK = (1,), (1, 2, 3, 4, 5)


def crowd(name, words, seconds):
    """Run the program crowd on the virtual clock; it says itself whether a frame is lost, and its status is the machine's."""

    def run(context):
        more = ["--icount", "--memory", "512M", "--append", f"run=crowd,{words}"]
        status, text = context.qemu(f"crowd-{name}", seconds, *more)
        if status != core.PASS or "none is lost" not in text:
            raise Failed(f"ended with {core.words_of(status)}", core.tail(text))

    return run


def mayhem(context, name, words, seed):
    """The program mayhem, with these words; it says itself whether something is lost. Afterwards nothing of it runs."""
    with Session(context, f"{name}-{seed}", ["--icount", "--memory", "512M"], SECONDS) as session:
        session.prompt()
        session.type(f"run mayhem {words} {seed}\r")
        session.expect(r"mayhem: .* frames are free or given, .*(none is lost|SOME ARE LOST)")
        if "SOME ARE LOST" in session.text:
            raise Failed("frames are lost", core.tail(session.text))
        another_prompt(session)
        until(session, "ps mayhem", r"^mayhem does not run$")
        output = session.command("ps")
        if re.search(r"^(mayhem|worker|rogue|citizen|teller|phoenix|ping|hello)\S* ", output, re.MULTILINE):
            raise Failed("something of it is left", core.tail(output))


def judges_itself(context, program, parts):
    """Run a program that judges itself what it is answered; afterwards neither it nor what it has started is left."""
    with Session(context, program, ["--icount", "--memory", "512M"], SECONDS) as session:
        session.prompt()
        output = session.command(f"run {program}")
        if not re.search(rf"^{program}: [0-9]+ cases, 0 things are wrong$", output, re.MULTILINE):
            raise Failed("something is not as it should be", core.tail(output))
        output = session.command("ps")
        if re.search(rf"^({program}|{parts})", output, re.MULTILINE):
            raise Failed("something of it is left", core.tail(output))


def probe(context):
    judges_itself(context, "probe", r"phoenix|citizen")


def domains(context):
    judges_itself(context, "domaintest", r"domainhold|citizen|idle1\.|fault")


def serve(context):
    """The word `serve` of the boot command line starts what the description starts with it, and nothing else does."""
    for words, wanted in (("serve", True), ("server", False)):
        with Session(context, words, ["--icount", "--append", words], SECONDS) as session:
            session.prompt()
            output = session.command("ps")
            for name in ("spin", "idle1", "idle2", "idle3", "idle4"):
                if bool(re.search(rf"^{name} ", output, re.MULTILINE)) != wanted:
                    raise Failed(f"with the word '{words}', {name} is not as it should be", core.tail(output))
            if wanted and "means nothing here" in session.text:
                raise Failed("the shell does not know the word", core.tail(session.text))


def mayhem_job(name, text, before, rounds, seed):
    """`before`: the words before the number of rounds."""

    def run(context, _pattern):
        words = f"--seed={seed}" + (f" --rounds={context.rounds}" if context.rounds else "")
        try:
            mayhem(context, name, f"{before}{context.rounds or rounds}", seed)
        except Failed as failure:
            return [Result(name, "fail", text, failure.lines, words)]
        except core.Skipped as why:
            return [Result(name, "skip", str(why))]
        return [Result(name, "pass", text)]

    return Job(run, [name])


def mayhem_jobs(context):
    seeds = [context.seed] if context.seed is not None else MAYHEM_SEEDS_SOAK if context.soak else MAYHEM_SEEDS
    kills = KILLS_SOAK if context.soak else KILLS
    rounds = ROGUES_SOAK if context.soak else ROGUES
    killed = "bank, pager, console, shell and a server are killed at random moments: clients go on, nothing is lost"
    rogues = "programs send wrong requests to everybody, come and go, and servers die: clients go on, nothing is lost"
    for seed in seeds:
        yield mayhem_job("mayhem", killed, "", kills, seed)
        yield mayhem_job("rogues", rogues, "rogues ", rounds, seed)


def part(context):
    row = ROW_SOAK if context.soak else ROW
    jobs = [
        simple_job("alive", f"{ALIVE} programs are alive at once in 512 MiB and answer", crowd("alive", f"alive,{ALIVE}", SECONDS)),
        simple_job("row", f"{row} programs come and go and leave nothing", crowd("row", f"row,{row}", SECONDS)),
    ]
    jobs.append(simple_job("probe", "what is asked of init, the bank and the pager at awkward moments is answered as it should be", probe))
    jobs.append(simple_job("domains", "what virsh asks is answered, from init and as it is; handles of the dead reach nobody", domains))
    jobs.append(simple_job("serve", "the boot word `serve` starts spin and idle1 to idle4, and no other word does", serve))
    return Part("crowd", jobs + list(mayhem_jobs(context)))
