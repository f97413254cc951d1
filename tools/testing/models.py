# SPDX-License-Identifier: BSD-2-Clause
"""The SPIN models: searched whole, with their mutants, and held against the functions that they mirror.

models.toml beside them lists what is to be searched and found; its head says what the words mean. In `make soak` the
instances are larger, and each mutant is also searched without its change, which must find nothing. What a search went
through is printed, and all of them are in BUILD/models.txt. A single one of those that must find something (make test
T=models/NAME) prints what was found, step by step, in the words of the model.
"""

import glob
import hashlib
import os
import re
import shutil
import threading
import tomllib

from . import core
from .core import Failed, Job, Part, Skipped, simple_job

# Where models are, and where the code is that they mirror.
FOLDERS = {"kernel/models": ("kernel", "arch/x86_64"), "user/lib/models": ("user/lib",),
           "user/dispatch/models": ("user/dispatch", "user/lib")}
SECONDS = 300  # to find a hang
MEGABYTES = {False: 2000, True: 8000}  # at most, for one search; of `make soak`
DEPTH = {False: 1_000_000, True: 5_000_000}
SHOWN = 80  # steps of a trail, the last ones
NO_LAW = 99  # for formulas: no law is checked beside them


def models():
    """(path, folders of the code) of each model."""
    for folder, code in FOLDERS.items():
        for path in sorted(glob.glob(os.path.join(core.ROOT, folder, "*.pml"))):
            yield path, code


def source(model):
    (path,) = (path for path, _ in models() if os.path.basename(path) == model + ".pml")
    with open(path, encoding="utf-8") as file:
        return file.read()


def mutated(entry):
    """The model of an entry, with its one line changed."""
    text = source(entry["model"])
    if "old" not in entry:
        return text
    if text.count(entry["old"]) != 1:
        raise Failed(f"the line to change is there {text.count(entry['old'])} times, not once", [entry["old"]])
    changed = [(a, b) for a, b in zip(entry["old"].split("\n"), entry["new"].split("\n"), strict=True) if a != b]
    if len(changed) != 1:
        raise Failed(f"it changes {len(changed)} lines, not one")
    return text.replace(entry["old"], entry["new"])


def law_number(text, law):
    found = re.search(rf"^#define {law}\s+(\d+)\s+/\*", text, re.MULTILINE)
    if not found:
        raise Failed(f"the model has no law {law}")
    return int(found[1])


def command(context, what, folder):
    return context.run(["sh", "-c", what], SECONDS, cwd=folder)


class Search:
    """One search, from the model to what was found."""

    def __init__(self, context, kind, entry):
        self.entry = entry
        self.soak = context.soak and kind == "run"
        self.text = mutated(entry)
        self.folder = context.path("models", entry["name"])
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "model.pml"), "w", encoding="utf-8") as file:
            file.write(self.text)
        defines = entry.get("full") if self.soak else None
        defines = list(entry.get("defines", []) if defines is None else defines)
        self.shown = " ".join(defines) or "no defines"
        law = entry.get("law")
        flags = ["-w", "-DCOLLAPSE" if self.soak else "", f"-DMEMLIM={MEGABYTES[self.soak]}"]
        options = [f"-m{DEPTH[self.soak]}", "-w26" if self.soak else "-w20"]  # depth, hash table
        if "ltl" in entry:
            defines += ["LIVENESS", f"ONLY={NO_LAW}"]
            flags += ["-DNFAIR=3"]
            options += ["-a", "-f", "-N", entry["ltl"]]
        else:
            flags += ["-DSAFETY"] + (["-DBFS"] if kind in ("mutant", "finding") else [])  # the shortest way there
            # A deadlock is looked for where there can be one: elsewhere somebody can always go on.
            can_end = entry["model"] in ("lock", "loop", "ring", "dispatch") and law in (None, "DEADLOCK")
            ends = entry["model"] == "stop" or can_end
            options += [] if ends else ["-E"]
            if law not in (None, "DEADLOCK"):
                defines += [f"ONLY={law_number(self.text, law)}"]
        self.defines = " ".join("-D" + d for d in defines)
        # What runs for long is worth the time to optimise it; tcc is quick at what is not.
        quick = next((cc for cc in ("tcc", "clang -O0") if shutil.which(cc.split()[0])), "gcc -O0")
        large = context.soak or entry["model"] in ("dispatch", "lock", "stop")
        cc = "gcc -O2" if self.soak else "gcc -O1" if large and kind in ("run", "base") else quick
        pan = self.compile(context, f"{cc} {' '.join(flags)}")
        status, self.output = command(context, f"{pan} {' '.join(options)}; times", self.folder)
        if status != 0 or not self.number(r"(\S+) states, stored"):
            raise Failed(f"the search ended with {core.words_of(status)}", core.tail(self.output))
        for sign in ("max search depth too small", "out of memory", "reached -DMEMLIM", "hash-compact", "bitstate"):
            if sign in self.output:
                raise Failed(f"the search is not of all states: {sign}", core.tail(self.output))

    def compile(self, context, cc):
        """The program that searches; several searches of the same model and defines share one."""
        key = hashlib.sha256("\0".join((self.text, self.defines, cc)).encode()).hexdigest()[:16]
        folder = context.path("models", key)
        with LOCK:
            lock = COMPILING.setdefault(folder, threading.Lock())
        with lock:
            if os.path.exists(os.path.join(folder, "pan")):
                return os.path.join(folder, "pan")
            os.makedirs(folder, exist_ok=True)
            shutil.copy(os.path.join(self.folder, "model.pml"), folder)
            for what in (f"spin -a {self.defines} model.pml", f"{cc} -o pan pan.c"):
                status, text = command(context, what, folder)
                if status != 0:
                    raise Failed(f"{what.split()[0]} failed", core.tail(text))
        return os.path.join(folder, "pan")

    def number(self, pattern):
        found = re.search(pattern, self.output)
        return int(float(found[1])) if found else 0

    def error(self):
        """What the search found wrong, or None."""
        found = re.search(r"^pan:1: (.*)$", self.output, re.MULTILINE)
        return found[1] if found else None

    def broken(self):
        """The same in words: the law by its name."""
        number = re.search(r"!=(\d+)\)\)?&*\|\|", self.error())
        if not number:
            return self.error()
        law = re.search(rf"^#define (\w+)\s+{number[1]}\s+/\*\s*(.*?)\s*\*/", self.text, re.MULTILINE)
        return f"law {law[1]} is broken ({law[2]})" if law else self.error()

    def seen(self):
        return re.findall(r"^seen: (.*)$", self.output, re.MULTILINE)

    def unreached(self):
        """Lines of the model that no state of the search is at."""
        return re.findall(r"^\t\S+?:(\d+), state \d+, \"(?!-end-)(.*)\"$", self.output, re.MULTILINE)

    def line(self):
        """Name, states, transitions, depth, memory, CPU time, how."""
        minutes, seconds = re.findall(r"(\d+)m([\d.]+)s", self.output.splitlines()[-1])[0]
        states = self.number(r"(\S+) states, stored")
        transitions = self.number(r"(\S+) transitions")
        depth = self.number(r"depth reached (\d+)")
        memory = self.number(r"(\S+)\s+total actual memory")
        how = self.entry["ltl"] + ", weak fairness" if "ltl" in self.entry else "safety"
        return (
            f"{self.entry['name']:28} {states:>11,} states {transitions:>12,} transitions {depth:>9,} deep "
            f"{memory:>5,} MB {int(minutes) * 60 + float(seconds):6.1f} s  ({how}; {self.shown})"
        )

    def steps(self, context):
        """The trail, in the words of the model: who, what, and what it changed."""
        _, text = command(context, f"spin -t -p -g -DTRAIL {self.defines} model.pml", self.folder)
        at = StepsOfModel(self.text)
        steps = []
        now, before, last = {}, {}, None

        def end_of_step():
            if last and at.words(last[2]):
                changes = " ".join(f"{k}={v}" for k, v in now.items() if before.get(k) != v)
                steps.append(f"{last[1]}: {at.words(last[2])}" + (f"  [{changes}]" if changes else ""))
                before.update(now)

        for line in text.split("\n"):
            step = re.match(r"\s*(\d+):\s+proc\s+(\d+) \((\w+):\d+\) model\.pml:(\d+)", line)
            value = re.match(r"\t+(\w+(?:\[\d+\])?) = (\S+)", line)
            if step and (last is None or (step[1], step[2]) != last[0]):
                end_of_step()
                last = ((step[1], step[2]), f"{step[3]} ({step[2]})", int(step[4]))
            elif value:
                now[value[1]] = value[2]
            elif "START OF CYCLE" in line or line.startswith("spin: trail ends"):
                end_of_step()
                last = None
                if "START" not in line:
                    break
                steps.append("from here on, again and again:")
        return [f"{i:3}. {step}" for i, step in enumerate(steps, 1)]


class StepsOfModel:
    """Where the steps of a model are, and what their comments say."""

    def __init__(self, text):
        self.lines = text.split("\n")
        self.steps = []  # first line, last line
        for found in re.finditer(r"\bd_step \{", text):
            depth, end = 1, found.end()
            while depth > 0:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            self.steps.append((text.count("\n", 0, found.start()) + 1, text.count("\n", 0, end) + 1))

    def words(self, number):
        """Of the step that this line belongs to; None: it is between two steps."""
        first = max((a for a, b in self.steps if a <= number <= b), default=0)
        for i in range(first, max(0, first - 4), -1):
            tag = re.search(r"(?:mirrors|user): (.*?)\s*(?:\*/|$)", self.lines[i - 1])
            if tag:
                return tag[1]
        return None


NOTES = []  # what was searched, in this run
LOCK = threading.Lock()
COMPILING = {}  # a lock for each folder


def note(context, text):
    with LOCK:
        NOTES.append(text)
        os.makedirs(context.build, exist_ok=True)
        with open(os.path.join(context.build, "models.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(sorted(NOTES)) + "\n")


def clean_search(context, entry, _pattern):
    """All states, nothing wrong, and it came by what it should."""
    search = Search(context, "run", entry)
    if search.error():
        if "ltl" not in entry and "assertion" in search.error():
            search = Search(context, "finding", entry)  # the same again, for the shortest way there
        raise Failed(search.broken(), search.steps(context)[-SHOWN:])
    missing = [what for what in entry.get("seen", []) if what not in search.seen()]
    if missing:
        raise Failed("the search never came by: " + "; ".join(missing))
    whole = entry.get("all_reached")
    if (whole is True or (whole == "soak" and context.soak)) and search.unreached():
        raise Failed("no state is at", [f"line {n}: {what}" for n, what in search.unreached()])
    print("    " + search.line(), flush=True)
    note(context, search.line())


def finding_search(kind):
    def run(context, entry, pattern):
        search = Search(context, kind, entry)
        error = search.error()
        law = entry.get("law")
        sign = "invalid end state" if law == "DEADLOCK" else "assertion violated"
        sign = "acceptance cycle" if "ltl" in entry else sign
        if error is None or sign not in error:
            raise Failed(f"SPIN does not find what is wrong: {error or 'nothing'}", [entry["says"]])
        if context.soak and kind == "mutant":  # it is the change that is found, not something else
            base = {k: v for k, v in entry.items() if k not in ("old", "new")}
            base["name"] += "_unchanged"
            found = Search(context, "base", base).error()
            if found:
                raise Failed(f"without the change the same is found: {found}", [entry["says"]])
        note(context, f"{search.line()}  found: {law or entry['ltl']}")
        if pattern == entry["name"]:
            steps = search.steps(context)[-SHOWN:]
            print("\n".join([f"    {entry['says']}:"] + ["    " + step for step in steps]), flush=True)

    return run


# --- models and kernel -----------------------------------------------------------------------------------------------


def functions_of(folders):
    """Names of all functions that are defined there."""
    names = set()
    definition = re.compile(r"^\w[\w\s\*\(\),]*?\b(\w+)\([^;{}]*\)[\w\s]*\n?\{", re.MULTILINE)
    for folder in folders:
        for path in glob.glob(os.path.join(core.ROOT, folder, "**", "*.[chS]"), recursive=True):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if path.endswith(".S"):
                names |= set(re.findall(r"^(?:FUNCTION\()?(\w+)[:)]", text, re.MULTILINE))
            else:
                text = re.sub(r"/\*.*?\*/|__attribute__\(\(.*?\)\)", "", text, flags=re.DOTALL)
                names |= set(definition.findall(text))
    return names


def mirrored_names(text):
    """(line number, name) of each function named behind `mirrors:`, up to the end of the comment, a bracket or a full
    stop; an empty name if there is none."""
    for tag in re.finditer(r"mirrors:(.*?)(?:\*/|\(|\.\s)", text, re.DOTALL):
        line = text.count("\n", 0, tag.start()) + 1
        for name in re.findall(r"\b[a-z]\w+\b", tag[1]) or [""]:
            yield line, name


def mirrors(_context):
    """Each step of a model says which functions it stands for, and these are there."""
    functions = {code: functions_of(code) for code in FOLDERS.values()}
    wrong = []
    for path, code in models():
        name = os.path.basename(path)
        text = source(name.removesuffix(".pml"))
        head = text.index("*/")  # there `mirrors:` is explained
        for line, function in mirrored_names(text[head:]):
            if function not in functions[code]:
                wrong.append(f"{name}:{line + text.count(chr(10), 0, head)}: {' and '.join(code)} have no function {function}")
        tagged = False
        first = text.count("\n", 0, head) + 2
        for i, line in enumerate(text.split("\n")[first - 1 :], first):
            tagged |= bool(re.search(r"(mirrors|user):", line))
            if re.search(r"\bd_step\b|\batomic\b", line.split("/*")[0]):
                if not tagged:
                    wrong.append(f"{name}:{i}: a step without `mirrors:` or `user:`")
                tagged = False
    if wrong:
        raise Failed("models and kernel differ", wrong)


def entries():
    """What the tables of all folders want."""
    table = {}
    for folder in FOLDERS:
        with open(os.path.join(core.ROOT, folder, "models.toml"), "rb") as file:
            for kind, rows in tomllib.load(file).items():
                table.setdefault(kind, []).extend(rows)
    return table


def job(function, entry):
    def run(context, pattern):
        def body(context):
            if shutil.which("spin") is None:
                raise Skipped("spin is missing: sudo apt-get install spin")
            function(context, entry, pattern)

        return simple_job(entry["name"], entry["says"], body).run(context, pattern)

    return Job(run, [entry["name"]])


def part(context):
    table = entries()
    kinds = {"run": clean_search, "mutant": finding_search("mutant"), "finding": finding_search("finding")}
    return Part(
        "models",
        [simple_job("mirrors", "each step of a model names functions that are there", mirrors)]
        + [
            job(kinds[kind], entry)
            for kind in kinds
            for entry in table.get(kind, [])
            if context.soak or not entry.get("only_soak")
        ],
    )
