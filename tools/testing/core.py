# SPDX-License-Identifier: BSD-2-Clause
"""What the parts of tools/test share: results, running programs with a hang limit, reading TAP, booting.

A part has a name and jobs. A job is a function that is called with the context and returns the results of its cases; the
jobs of all parts are shared out among the workers. A case is known by its name, unique within its part.
"""

import dataclasses
import fnmatch
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TAIL = 25  # lines of output shown with a failure

# Exit statuses of tools/run-qemu.
PASS, FAIL, MISSING, QEMU_FAILED, PANIC, BOOT_FAILED, RESET, HANG = 0, 1, 77, 78, 80, 81, 82, 124
STATUS_WORDS = {
    PASS: "pass",
    FAIL: "fail",
    MISSING: "a tool is missing",
    QEMU_FAILED: "QEMU failed",
    PANIC: "panic",
    BOOT_FAILED: "could not start",
    RESET: "reset or switched off without a word",
    HANG: "a hang",
}


@dataclasses.dataclass
class Result:
    """What became of one case."""

    name: str
    verdict: str  # "pass", "fail", "skip"
    text: str = ""  # what holds, or why it was skipped
    detail: list = dataclasses.field(default_factory=list)  # lines that it printed, or why it failed
    seed: str = ""  # words that repeat the very run, behind the name of the case


class Failed(Exception):
    """A case found something wrong. Carries lines for the report."""

    def __init__(self, text, detail=()):
        super().__init__(text)
        self.lines = [text] + list(detail)


class Skipped(Exception):
    """A case does not apply here, or a tool is missing."""


@dataclasses.dataclass
class Job:
    """Some cases that run together. `cases` names them if that is known beforehand; else it is None, and run() is told
    the pattern that they must match."""

    run: object
    cases: list = None


@dataclasses.dataclass
class Part:
    name: str
    jobs: list


def tail(text, lines=TAIL):
    return [line.rstrip() for line in text.replace("\r", "").splitlines()[-lines:]]


def shortened(lines):
    """What is shown of these lines about a failure: the first, which says why, and the last."""
    return lines if len(lines) <= TAIL + 1 else [*lines[:1], "...", *lines[-TAIL + 1 :]]


def system_text():
    """user/system.lyk as one text, with what it includes in place of the lines that say so."""

    def text_of(name):
        with open(os.path.join(ROOT, "user", name), encoding="utf-8") as f:
            return f.read()

    def included(line):
        return re.sub(r"^system 1\n", "", text_of(line[1]), flags=re.MULTILINE)

    return re.sub(r'^include "([^"]+)"\n', included, text_of("system.lyk"), flags=re.MULTILINE)


class Context:
    """Options, hang limits, and the processes that are running now."""

    def __init__(self, options):
        self.build = os.path.abspath(options.build)
        self.soak = options.soak
        self.nofast = options.nofast
        self.seed = options.seed
        self.rounds = options.rounds
        self.folder = tempfile.mkdtemp(prefix="lykos-test-")
        self.lock = threading.Lock()
        self.running = set()
        self.stopped = False

    def limit(self, seconds):
        """Time limits only detect hangs: they are generous, and longer the more the machine has to do."""
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        return seconds * max(1.0, load) * (10 if self.soak else 1)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self, command, **more):
        """Start a program in a process group of its own, to be ended by finish()."""
        with self.lock:
            if self.stopped:
                raise Failed("interrupted")
            process = subprocess.Popen(command, start_new_session=True, **more)
            self.running.add(process)
        return process

    def finish(self, process):
        """End whatever is left of a program that was started."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        with self.lock:
            self.running.discard(process)

    def stop_all(self):
        with self.lock:
            self.stopped = True
            running = list(self.running)
        for process in running:
            self.finish(process)

    def run(self, command, seconds, env=None, cwd=ROOT):
        """Run a program to its end: its exit status (HANG: it had to be ended), and all that it printed."""
        with tempfile.TemporaryFile() as output:
            process = self.start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=cwd)
            try:
                status = process.wait(self.limit(seconds))
            except subprocess.TimeoutExpired:
                status = HANG
            finally:
                self.finish(process)
            output.seek(0)
            return status, output.read().decode("utf-8", "replace").replace("\r", "")

    def build_folder(self, name):
        """A folder of builds with what this build boots, to run it there."""
        folder = self.path(name)
        os.makedirs(folder)
        for file in ("lykos", "archive"):
            os.symlink(os.path.join(self.build, file), os.path.join(folder, file))
        return folder

    def made_words(self, target, folder):
        """What `make` begins in the end, as words. Nothing is built: `folder` takes the place of the build's."""
        env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "T")}
        status, text = self.run(["make", "-n", target, f"BUILD={folder}"], 60, env=env)
        last = (text.splitlines() or [""])[-1].removeprefix("exec ")
        if status != 0 or not last.startswith("tools/"):
            raise Failed(f"make -n {target}: {words_of(status)}", tail(text))
        return shlex.split(last)

    def qemu_command(self, name, *more):
        """tools/run-qemu with a log file of its own."""
        tool = os.path.join(ROOT, "tools", "run-qemu")
        log = self.path(re.sub(r"\W+", "-", name) + ".console")
        return [tool, "--build", self.build, "--log", log, *more]

    def qemu(self, name, seconds, *more):
        """Boot to the end: status and console. What is missing makes the case skipped."""
        status, text = self.run(self.qemu_command(name, "--timeout", str(self.limit(seconds)), *more), seconds + 30)
        if status == MISSING:
            raise Skipped(tail(text, 1)[0].removeprefix("run-qemu: "))
        return status, text


def words_of(status):
    return f"{STATUS_WORDS[status]} (status {status})" if status in STATUS_WORDS else f"status {status}"


LINE = re.compile(r"^(not )?ok (\d+)(?: -)? (\S+?)(?::\s+|\s+|$)(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")


def read_tap(text, status, prefix="", seed=""):
    """The cases of a run that printed TAP. A run that ended badly, or before all its cases, is a failed case too.

    Lines that are not TAP belong to the case whose line comes next."""
    results = []
    detail = []
    planned = None
    for line in text.splitlines():
        found = LINE.match(line)
        plan = PLAN.match(line)
        if plan:
            planned = int(plan[1])
            continue
        if not found:
            detail.append(line.rstrip())
            continue
        words, _, skip = found[4].partition(" # SKIP")
        verdict = "fail" if found[1] else "skip" if skip else "pass"
        name = found[3].removeprefix(prefix)
        results.append(Result(name, verdict, skip.strip() or words, detail, seed))
        detail = []
    failed = any(r.verdict == "fail" for r in results)
    if status not in (PASS, FAIL) or planned is None or len(results) < planned or (status == FAIL and not failed):
        why = f"ended with {words_of(status)} after {len(results)} of {'?' if planned is None else planned} cases"
        results.append(Result("all_cases_ran", "fail", why, tail(text), seed))
    return results


def matches(name, pattern):
    return fnmatch.fnmatchcase(name, pattern)


def simple_job(name, text, function):
    """A job of one case: function(context) returns nothing, or raises Failed or Skipped."""

    def run(context, _pattern):
        try:
            function(context)
        except Failed as failure:
            return [Result(name, "fail", text, failure.lines)]
        except Skipped as why:
            return [Result(name, "skip", str(why))]
        return [Result(name, "pass", text)]

    return Job(run, [name])
