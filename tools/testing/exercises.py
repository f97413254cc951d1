# SPDX-License-Identifier: BSD-2-Clause
"""The exercises of the book, as a student has them: made by the kit, outside of the tree. What is given has few points and the solution
all; typical wrong ones lose the points that they should, and no others; and nobody gets a point by printing what the grader prints."""

import os
import re
import shutil
import threading

from . import core, unpacked
from .build import in_a_row
from .core import Failed, Part, simple_job

SECONDS = 600
BEGINNING = threading.Lock()  # the cases may run at the same time, if they are asked for one by one
TREE = os.path.join(core.ROOT, "user", "exercises")
VERDICT = r"  (\d+) of (\d+)  (\w+): "

# Of each exercise: the criteria that what is given loses; and changes of the solution: what is wrong, the file, a text there and
# another one in its place, and the criteria that this loses. With "?": perhaps, by chance, or because what comes before has left a mess.
EXERCISES = {
    "quota": (
        {"give", "not_yours", "mine", "share", "checked"},
        [
            ("gives back what others took", "quota/main.c", "if (units > *of(rq)) {", "if (units > QUOTA_UNITS - stock) {", {"not_yours"}),
            ("a fault", "quota/main.c", "if (units > *of(rq)) {", "if (*(volatile int *)8 != 0) {", {"give", "not_yours", "checked"}),
            ("a sum of more than 32 bits", "quota/main.c", "units > QUOTA_SHARE - *of(rq)", "units + *of(rq) > QUOTA_SHARE", {"share"}),
        ],
    ),
    "mailbox": (
        {"own_letters", "waits", "dead_client", "bounded"},
        [
            ("a letter to the dead is lost", "mailbox/main.c", "l->size) == STATUS_OK) {", "l->size) >= STATUS_OK) {", {"dead_client"}),
            ("one register for all that wait", "mailbox/main.c", "(uint32_t)(b - boxes)", "(uint32_t)(b - b)", {"waits"}),
            ("the server itself waits, for ever", "mailbox/main.c", "b->waits = true;", "lk_park();", {"waits", "dead_client", "bounded"}),
        ],
    ),
    "authority": (
        {"stop", "terminal", "memory", "erase", "alarm"},
        [
            ("a bank without a limit", "scribe.lyk", "bank 32 pages", "bank", {"memory"}),
            ("all bits", "scribe.lyk", "bits 0x1", "bits 0xffffffff", {"alarm"}),
            ("a bank too small", "scribe.lyk", "32 pages", "4 pages", {"stop", "terminal", "memory", "erase", "alarm"}),
        ],
    ),
    "buffer": (
        {"order?", "bounded?", "idle", "nothing_lost?", "moves"},
        [
            ("asks once, not again", "mill/buffer.c", "while (is_empty(b))", "if (is_empty(b))", {"nothing_lost", "moves?", "bounded?"}),
            ("locks in the order of the arguments", "mill/buffer.c", "a->lock.rank < b->lock.rank", "true", {"moves"}),
        ],
    ),
    "deadline": (
        {"time_out", "next", "whole", "forced"},
        [
            ("a bound of 0: no deferral", "oracle/watch.c", "&control, WATCH_BOUND", "&control, 0", {"whole", "forced"}),
            ("a section that is cut by force", "oracle/watch.c", "if (event->forced) {", "if (false) {", {"forced"}),
        ],
    ),
}
SEEDS = {"buffer": "1 2"}  # of the boots here, if not only 1; a student's are more

# Lines like the grader's, as `say` makes them and as the console takes them; and the end, before the grader says otherwise.
FORGER = """
static void forge(const char *name)
{
    char line[64];
    size_t n = lk_format(line, sizeof(line), "grader: 0123456789abcdef ok %s\\n", name);

    say("0123456789abcdef ok %s", name);
    lk_console_write(lk_start->console, line, n);
}

int main(void)
{
    static const char *const names[] = { "works", "give", "not_yours", "mine", "share", "checked" };

    for (unsigned i = 0; i < 6; i++) {
        forge(names[i]);
    }
    return 0;
"""


def place(context, *names):
    return context.path("the exercises", *names)


def run(context, *command, cwd=None, status=0):
    environment = unpacked.environment(place(context, "lykos-kit"), place(context))
    got, text = context.run(list(command), SECONDS, env=environment, cwd=cwd or place(context))
    if (got == 0) != (status == 0):
        raise Failed(f"{' '.join(command)} ends with status {got}", core.tail(text, 40))
    return text


def begin_folder(context):
    """The folder for all of it, with the kit in it."""
    os.makedirs(place(context), exist_ok=True)
    with BEGINNING:
        if not os.path.exists(place(context, "lykos-kit")):
            os.symlink(unpacked.shared(context), place(context, "lykos-kit"))


def number(name):
    return list(EXERCISES).index(name) + 1


def source(name):
    return os.path.join(TREE, f"{number(name):02}-{name}")


def begin(context, name, solved, to=None):
    """A new folder: as given, or with the solution."""
    folder = place(context, to or name)
    shutil.rmtree(folder, ignore_errors=True)
    run(context, "lykos", "exercise", str(number(name)), folder)
    if solved:
        shutil.copytree(os.path.join(source(name), "solution"), folder, dirs_exist_ok=True)
    return folder


def change(folder, file, old, new):
    path = os.path.join(folder, file)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if old not in text:
        raise Failed(f"{file} does not have {old!r}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def judge(text, lost, why_not=True):
    """What was printed for one folder: exactly these criteria must be lost."""
    lines = re.findall(VERDICT, text)
    sure = [line for line in lines if f"{line[2]}?" not in lost]
    wrong = [f"{criterion}: {got} of {most}" for got, most, criterion in sure if (got == "0") != (criterion in lost)]
    points = sum(int(got) for got, _, _ in lines), sum(int(most) for _, most, _ in lines)
    if wrong or not lines or text.splitlines()[-1] != f"grade: {points[0]} of {points[1]} points":
        raise Failed(f"these have other points than they should: {', '.join(wrong)}", core.tail(text, 40))
    reasons = re.findall(r"^          (?:seed \d+|without preemption): .", text, re.MULTILINE)
    if why_not and len(reasons) != sum(got == "0" for got, _, _ in lines):
        raise Failed("it is not said why points are lost", core.tail(text, 40))


def graded(context, folder, lost, why_not=True):
    """Grade one folder."""
    text = run(context, "lykos", "grade", "--seeds", "0", folder, status=1)
    judge(text, lost, why_not)
    return text


def exercise(name):
    """What is given, the solution, and what is wrong in one way each, all graded together."""

    def case(context):
        begin_folder(context)
        wanted = [("as given", begin(context, name, False, f"{name}-given"), EXERCISES[name][0]),
                  ("the solution", begin(context, name, True, f"{name}-all"), set())]
        for i, (what, file, old, new, lost) in enumerate(EXERCISES[name][1]):
            folder = begin(context, name, True, f"{name}-{i}")
            change(folder, file, old, new)
            wanted.append((what, folder, lost))
        text = run(context, "lykos", "grade", "--seeds", SEEDS.get(name, "1"), *(folder for _, folder, _ in wanted), status=1)
        for i, (what, folder, lost) in enumerate(wanted):
            behind = text.partition(f"{folder}:\n")[2]
            if i + 1 < len(wanted):
                behind = behind.partition(f"{wanted[i + 1][1]}:\n")[0]
            try:
                judge(behind, lost)
            except Failed as why:
                raise Failed(f"{what}: {why}", why.lines[1:]) from None

    return case


def forged(context):
    """No points for lines like the grader's, for another grader, another description, another Makefile; nor for an interface of ours."""
    begin_folder(context)
    folder = begin(context, "quota", solved=False, to="forged")
    change(folder, "quota/main.c", "int main(void)\n{\n", FORGER.lstrip())
    change(folder, "grader/main.c", "grade_begin();", 'grade_begin();\n    grade("give", true, "");')
    change(folder, "grader/grade.c", "if (holds)", "if (true)")
    change(folder, "system.lyk", "program grader", "program grader\n    file quota")
    change(folder, "Makefile", "lykos grade", "true")
    graded(context, folder, {"works", "give", "not_yours", "mine", "share", "checked"})
    change(folder, "quota/quota.idl", "interface Quota", "/** x */\ninterface Bank : Object {\n}\n/** y */\ninterface Quota")
    refused(context, ["grade", folder], "quota/quota.idl defines Bank: only Quota belongs there")


def refused(context, words, said, cwd=None):
    text = run(context, "lykos", *words, cwd=cwd, status=1)
    if text != f"lykos: {said}\n":
        raise Failed(f"lykos {' '.join(words)} says something else", text.splitlines())


def tool(context):
    """lykos exercise, lykos grade: what they say, and what they refuse."""
    begin_folder(context)
    listed = run(context, "lykos", "exercise").splitlines()
    if [line.split("  ")[0] for line in listed] != [str(number(name)) for name in EXERCISES]:
        raise Failed("lykos exercise lists others", listed)
    for at, _, files in os.walk(place(context, "lykos-kit", "share", "exercises")):
        if "solution" in at.split(os.sep) or any("solution" in file for file in files):
            raise Failed(f"the kit has a solution: {at}")
    folder = begin(context, "quota", solved=False)
    text = run(context, "make", "test", "SEEDS=0", cwd=folder, status=1)
    if "grade: 1 of 10 points" not in text.splitlines():
        raise Failed("make test does not grade", core.tail(text))
    for words, said in (
        (["exercise", "9"], "there is no exercise '9'; there are 1, 2, 3, 4, 5: lykos exercise lists them"),
        (["exercise", "1"], "the folder quota is not empty"),
        (["exercise", "1", "quota/Makefile"], "quota/Makefile: Not a directory"),
        (["exercise", "1", "a", "b"], "too many words behind 'exercise'; lykos --help says what belongs there"),
        (["grade", "--seeds", "x"], "SEEDS are numbers, not 'x'"),
        (["grade", "--seeds"], "SEEDS are numbers, not ''"),
        (["grade", "nix"], f"{place(context, 'nix')} is no folder of an exercise: lykos exercise N makes one"),
        (["grade"], f"{place(context)} is no folder of an exercise: lykos exercise N makes one"),
    ):
        refused(context, words, said)
    text = run(context, "lykos", "grade", "--seeds", "0", "nix", "lykos-kit", status=1)
    none = "is no folder of an exercise: lykos exercise N makes one"
    said = [f"{at}: not graded: {place(context, at)} {none}" for at in ("nix", "lykos-kit")]
    if text.splitlines() != said:
        raise Failed("several folders that are none: it says something else", text.splitlines())
    change(folder, "quota/main.c", "stock -= units;", "stokc -= units;")
    text = graded(context, folder, {"works", "give", "not_yours", "mine", "share", "checked"}, why_not=False)
    if not re.search(r"^    quota/main\.c:\d+:\d+: error: .stokc. undeclared", text, re.MULTILINE):
        raise Failed("it is not said why it does not build", core.tail(text))
    os.unlink(os.path.join(folder, "quota", "main.c"))
    refused(context, ["grade", "quota"], "quota/main.c is missing, which is what is graded")


def part(_context):
    jobs = [simple_job("tool", "lykos exercise and lykos grade do what they say, and refuse in a line what they must", tool),
            simple_job("forged", "no points for lines like the grader's, nor for another grader", forged)]
    text = "what is given, the solution, and typical mistakes have the points that they should"
    jobs += [simple_job(name, text, exercise(name)) for name in EXERCISES]
    return Part("exercises", [in_a_row(*jobs)])
