# SPDX-License-Identifier: BSD-2-Clause
"""The exercises of the book, as a student has them: made by the kit, outside of the tree. What is given has few points and the solution all;
typical wrong ones lose the points that they should, and no others; and nobody gets a point by printing what the grader prints."""

import os
import re
import shutil
import tarfile

from . import core
from .build import in_a_row
from .core import Failed, Part, simple_job

SECONDS = 240
TREE = os.path.join(core.ROOT, "user", "exercises")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
VERDICT = r"  (\d+) of (\d+)  (\w+): "

# Of each exercise: what is given loses all but these; and changes of the solution, each with the criteria that it loses: what is wrong, a file, the
# text there, another one, what is lost. With "?": perhaps, by chance of preemption, or because what comes before has left things in a mess.
EXERCISES = {
    "quota": (
        {"works"},
        [
            ("gives back what others took", "quota/main.c", "if (units > *of(rq)) {", "if (units > QUOTA_UNITS - stock) {", {"not_yours"}),
            ("a sum of more than 32 bits", "quota/main.c", "units > QUOTA_SHARE - *of(rq)", "units + *of(rq) > QUOTA_SHARE", {"share"}),
        ],
    ),
    "mailbox": (
        {"delivers"},
        [
            ("a letter to the dead is lost", "mailbox/main.c", "l->size) == STATUS_OK) {", "l->size) != STATUS_FAULTED) {", {"dead_client"}),
            ("one register for all that wait", "mailbox/main.c", "return LK_REG_FREE + (uint32_t)(b - boxes);", "return LK_REG_FREE + (uint32_t)(b - b);", {"waits"}),
            ("the server itself waits, for ever", "mailbox/main.c", "if (b->waits) {\n            lk_a", "lk_park();\n        if (b->waits) {\n            lk_a",
             {"waits", "dead_client", "bounded"}),
        ],
    ),
    "authority": (
        set(),
        [
            ("a bank without a limit", "scribe.lyk", "bank 32 pages", "bank", {"memory"}),
            ("all bits, and another's payload", "scribe.lyk", "0x1\n", "0xffffffff\n    # erases\n", {"alarm"}),
            ("a bank that is too small", "scribe.lyk", "bank 32 pages", "bank 4 pages", {"stop", "terminal", "memory", "erase", "alarm"}),
        ],
    ),
    "buffer": (
        {"order", "bounded", "nothing_lost"},
        [
            ("asks once where it should ask again", "mill/buffer.c", "while (is_empty(b))", "if (is_empty(b))", {"nothing_lost", "moves?", "bounded?"}),
            ("asks over and over again", "mill/buffer.c", "lk_wait_for(&b->filled);", "lk_unlock(&b->lock);\n        lk_yield();\n        lk_lock(&b->lock);", {"idle"}),
            ("locks in the order of the arguments", "mill/buffer.c", "bool in_order = a->lock.rank < b->lock.rank;", "bool in_order = true;", {"moves"}),
        ],
    ),
    "deadline": (
        {"answers"},
        [
            ("no deferral", "oracle/watch.c", "lk_defer_begin(&control);", "(void)0;", {"whole", "forced"}),
            ("a section that is cut by force", "oracle/watch.c", "if (event->forced) {", "if (false) {", {"forced"}),
            ("answers, and thinks on", "oracle/watch.c", "begin_anew(event->target);", "(void)begin_anew;", {"next", "whole", "forced"}),
        ],
    ),
}
ALSO = {"buffer": "0 1 2"}  # seeds of the boots here for the solution and what is wrong; a student's are more

# Lines like the grader's, as `say` makes them and as the console takes them.
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
    static const char *const names[] = { "give", "not_yours", "mine", "share", "checked" };

    for (unsigned i = 0; i < 5; i++) {
        forge(names[i]);
    }
"""


def place(context, *names):
    return context.path("the exercises", *names)


def run(context, *command, cwd=None, status=0):
    environment = {"PATH": place(context, "lykos-kit", "bin") + ":" + SYSTEM_PATH, "HOME": place(context), "LANG": "C", "TERM": "dumb"}
    got, text = context.run(list(command), SECONDS, env=environment, cwd=cwd or place(context))
    if (got == 0) != (status == 0):
        raise Failed(f"{' '.join(command)} ends with status {got}", core.tail(text, 40))
    return text


def unpacked(context):
    """The kit, as it is built now."""
    if not os.path.exists(place(context, "lykos-kit")):
        archive = context.path("exercises.tar.xz")
        status, text = context.run([os.path.join(core.ROOT, "tools", "make-kit"), context.build, archive], SECONDS)
        if status != 0:
            raise Failed("the kit is not made", core.tail(text))
        with tarfile.open(archive) as tar:
            tar.extractall(place(context))  # of our own making


def number(name):
    return list(EXERCISES).index(name) + 1


def source(name):
    return os.path.join(TREE, f"{number(name):02}-{name}")


def begin(context, name, solved):
    """A new folder: as given, or with the solution."""
    folder = place(context, name)
    shutil.rmtree(folder, ignore_errors=True)
    run(context, "lykos", "exercise", str(number(name)))
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


def graded(context, name, folder, seeds, lost, all_seen=True):
    """Grade it: exactly these criteria must be lost. `lost` None: all but those that what is given has."""
    text = run(context, "lykos", "grade", "--seeds", seeds, folder, status=lost != set())
    lines = re.findall(VERDICT, text)
    if lost is None:
        lost = {criterion for _, _, criterion in lines} - EXERCISES[name][0]
    wrong = [f"{criterion}: {got} of {most}" for got, most, criterion in lines if f"{criterion}?" not in lost and (got == "0") != (criterion in lost)]
    points = sum(int(got) for got, _, _ in lines), sum(int(most) for _, most, _ in lines)
    if wrong or not lines or text.splitlines()[-1] != f"grade: {points[0]} of {points[1]} points":
        raise Failed(f"these have other points than they should: {', '.join(wrong)}", core.tail(text, 40))
    if all_seen and len(re.findall(r"^          (?:seed \d+|without preemption): .", text, re.MULTILINE)) != sum(got == "0" for got, _, _ in lines):
        raise Failed("it is not said why points are lost", core.tail(text, 40))
    return text


def exercise(name):
    """What is given, the solution, and what is wrong in one way each."""

    def case(context):
        unpacked(context)
        graded(context, name, begin(context, name, solved=False), "0", None)
        seeds = ALSO.get(name, "0")
        graded(context, name, begin(context, name, solved=True), ALSO.get(name, "0 1"), set())
        for what, file, old, new, lost in EXERCISES[name][1]:
            folder = begin(context, name, solved=True)
            change(folder, file, old, new)
            try:
                graded(context, name, folder, seeds, lost)
            except Failed as why:
                raise Failed(f"{what}: {why}", why.lines[1:]) from None

    return case


def forged(context):
    """No points for lines like the grader's, for another grader, for other build products; and all that was done to them is undone."""
    unpacked(context)
    folder = begin(context, "quota", solved=False)
    change(folder, "quota/main.c", "int main(void)\n{\n", FORGER.lstrip())
    change(folder, "grader/main.c", "grade_begin();", 'grade_begin();\n    grade("give", true, "");')
    change(folder, "grader/grade.c", "if (holds)", "if (true)")
    change(folder, "system.lyk", "program grader", "program grader\n    file quota")
    change(folder, "Makefile", "lykos grade", "true")
    graded(context, "quota", folder, "0", None)
    change(folder, "quota/quota.idl", "interface Quota", "/** x */\ninterface Bank : Object {\n}\n/** y */\ninterface Quota")
    refused(context, ["grade", folder], "quota/quota.idl defines Bank: only Quota belongs there")


def refused(context, words, said, cwd=None):
    text = run(context, "lykos", *words, cwd=cwd, status=1)
    if text != f"lykos: {said}\n":
        raise Failed(f"lykos {' '.join(words)} says something else", text.splitlines())


def tool(context):
    """lykos exercise, lykos grade: what they say, and what they refuse."""
    unpacked(context)
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
        (["grade", "a", "b"], "too many words behind 'grade'; lykos --help says what belongs there"),
        (["grade", "nix"], f"{place(context, 'nix')} is no folder of an exercise: lykos exercise N makes one"),
        (["grade"], f"{place(context)} is no folder of an exercise: lykos exercise N makes one"),
    ):
        refused(context, words, said)
    change(folder, "quota/main.c", "stock -= units;", "stokc -= units;")
    text = graded(context, "quota", folder, "0", {"works", "give", "not_yours", "mine", "share", "checked"}, all_seen=False)
    if not re.search(r"^    quota/main\.c:\d+:\d+: error: .stokc. undeclared", text, re.MULTILINE):
        raise Failed("it is not said why it does not build", core.tail(text))
    os.unlink(os.path.join(folder, "quota", "main.c"))
    refused(context, ["grade", "quota"], "quota/main.c is missing, which is what is graded")


def part(_context):
    jobs = [simple_job("tool", "lykos exercise and lykos grade do what they say, and refuse in a line what they must", tool),
            simple_job("forged", "no points for lines like the grader's, nor for another grader", forged)]
    jobs += [simple_job(name, "what is given, the solution, and typical mistakes have the points that they should", exercise(name)) for name in EXERCISES]
    return Part("exercises", [in_a_row(*jobs)])
