# SPDX-License-Identifier: BSD-2-Clause
"""`lykos grade`: the points that students' folders have.

The student's files, and no others, are put into a fresh copy of the exercise in a folder that is removed afterwards; so whatever else was
changed, the grader, the Makefile or what is built, makes no difference. It boots once for each seed. The grader is started with a word that
is drawn for each boot; its verdicts have that word in them, which no other program of the system is told, so a program cannot print them. A
criterion has its points if the grader says in every boot that it holds, and in none that it does not: who hangs, faults, or stops the
grader has no verdict, and no points."""

import os
import re
import secrets
import subprocess
import tempfile

import places

from . import exercise, testing

BUILD_SECONDS = 300  # time limits detect hangs only
TAIL = 12
GRADER = "grader"


class Boot:
    """What the grader has said in one boot: criterion -> why it does not hold, or None; and the rest of the console."""

    def __init__(self, seed, status, lines, word):
        self.seed, self.status, self.verdicts, self.rest = seed, status, {}, []
        for line in lines:
            said = re.search(rf"{GRADER}: {word} (?:(ok) (\w+)|not ok (\w+): (.*))", line)
            if said is None:
                self.rest.append(line)
            elif said[1]:
                self.verdicts.setdefault(said[2], None)
            else:
                self.verdicts[said[3]] = said[4]

    def how(self):
        return f"seed {self.seed}" if self.seed else "without preemption"

    def why_not(self, name):
        """Why the criterion has no points by this boot; None: it has."""
        if name in self.verdicts:
            return self.verdicts[name]
        return f"the grader did not come so far: {testing.WORDS.get(self.status, 'it ended before')}"


def check_files(one, folder):
    """The student's files are there, and an interface file has no interface that would stand in the place of another."""
    for file in one.files:
        path = os.path.join(folder, file)
        if not os.path.isfile(path):
            raise exercise.Refused(f"{file} is missing, which is what is graded")
        if file.endswith(".idl"):
            with open(path, encoding="utf-8", errors="replace") as f:
                text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", f.read(), flags=re.DOTALL)
            for name in re.findall(r"\b(?:interface|struct|enum|flags)\s+(\w+)", text):
                if name not in one.about.get("interfaces", []):
                    only = ", ".join(one.about["interfaces"])
                    raise exercise.Refused(f"{file} defines {name}: only {only} belongs there")


def build(one, student, folder):
    """The fresh copy, with the student's files, built: what was said if it does not build, else None."""
    given = {os.path.normpath(file) for file in one.files}
    pairs = [pair for pair in one.parts("grade", "given") if os.path.normpath(pair[0]) not in given]
    exercise.copy([*pairs, *((file, os.path.join(student, file)) for file in one.files)], folder)
    environment = {**os.environ, "PATH": os.path.join(places.KIT, "bin") + os.pathsep + os.environ["PATH"]}
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "SEEDS", "APPEND", "V"):
        environment.pop(name, None)
    try:
        done = subprocess.run(["make", "-s", "-j2", "-C", folder], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return ["it is not built within 300 seconds"]
    said = done.stdout.decode("utf-8", "replace").splitlines()
    return [line for line in said if not re.match(r"  [A-Z]+ ", line)] if done.returncode != 0 else None


def boot(folder, seed):
    word = secrets.token_hex(8)
    status, lines = testing.run(f"{GRADER},{word}", seed, os.path.join(folder, "build"))
    if status == testing.MISSING:
        raise exercise.Refused("\n".join(lines[-1:]))
    return Boot(seed, status, lines, word)


def boots(one, folder, seeds):
    """One for each seed, as long as there is a point to be lost."""
    left = {criterion["name"] for criterion in one.criteria}
    for seed in seeds:
        done = boot(folder, seed)
        yield done
        left = {name for name in left if done.why_not(name) is None}
        if not left:
            return


def report(one, done):
    """Prints; returns the points."""
    got = 0
    for criterion in one.criteria:
        lost = [(b, why) for b in done if (why := b.why_not(criterion["name"])) is not None]
        points = 0 if lost or not done else criterion["points"]
        got += points
        print(f"  {points} of {criterion['points']}  {criterion['name']}: {criterion['text']}")
        if lost:
            print(f"          {lost[0][0].how()}: {lost[0][1]}")
    return got


def show(one, done):
    """The console of the first boot in which something went wrong beside a verdict: a fault, a hang."""
    for each in done:
        said = [line for line in each.rest if re.search(r"init: (?!\d+ of)|ended", line)]
        if len(each.verdicts) < len(one.criteria):
            print(f"What else was seen, {each.how()}:")
            print("".join(f"    {line}\n" for line in (said[:TAIL] or each.rest[-TAIL:])), end="")
            return


def grade(one, student, seeds, work):
    """Has the student's folder all points? Prints; the last line has them. `work` is the folder to build in."""
    print(f"exercise {one.number}: {one.title}", flush=True)
    failed = build(one, student, work)
    done = [] if failed else list(boots(one, work, seeds or one.about["seeds"]))
    if failed:
        print("It does not build:")
        print("".join(f"    {line}\n" for line in failed[:TAIL]), end="")
    got = report(one, done)
    show(one, done)
    if got < one.points and done:
        print("To see one boot: make run APPEND='run=grader,me seed=N'; to grade one: make grade SEEDS=N; seed 0: without preemption")
    print(f"grade: {got} of {one.points} points", flush=True)
    return got == one.points


def grade_all(students, seeds):
    """The same for several folders, with a line before each that names it. What is not the students' is built once for each exercise."""
    good = True
    with tempfile.TemporaryDirectory(prefix="lykos-grade-") as work:
        for student in students:
            try:
                one = exercise.within(student)
                check_files(one, student)
                if len(students) > 1:
                    print(f"{student}:")
                good &= grade(one, student, seeds, os.path.join(work, one.name))
            except exercise.Refused as why:
                if len(students) == 1:
                    raise
                print(f"{student}: not graded: {why}", flush=True)
                good = False
    return good
