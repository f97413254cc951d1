# SPDX-License-Identifier: BSD-2-Clause
"""Of user/projects/lua, what its own `make test` does not do: the session of its README at the prompt, and where its source comes from."""

import hashlib
import io
import os
import re
import shutil
import tarfile

from . import core, unpacked
from .core import Failed
from .session import BACKSPACE, CTRL_C, CTRL_U, DELETE, LEFT, UP, Session

SECONDS = 120
PACKAGE = "sample"
CTRL_D = "\x04"
PROMPTS = ("lykos> ", "> ", ">> ")
ASKS = "> io.read()"  # what stands in the next line is typed, too
# What is typed, and what is seen then: keys that the README tells of.
KEYS = [
    ("run lua\r", r"^> "),
    (f"1 +{3 * BACKSPACE}6 * 7\r", r"6 \* 7\n42\n> "),
    (f"not this{CTRL_U}'that'\r", r"'that'\nthat\n> "),
    (f"'what is{LEFT}{UP}{DELETE} typed'\r", r"'what is typed'\nwhat is typed\n> "),
    (CTRL_D, r"^lykos> "),
    ("run lua\r", r"^> "),
    ("while true do end\r", r"while true do end\n"),
    (CTRL_C, r"^lua was destroyed on request\n"),
]

# In place of apt-get: what it was called with is written down, and `source` has the files that are in the folder `archive`.
APT_GET = """#!/bin/sh
for word; do
    case $word in
    Dir::Etc::sourcelist=*) cat "${word#*=}" >> "$HOME/lists" ;;
    Dir::Etc::sourceparts=*) cat "${word#*=}"/* /dev/null >> "$HOME/lists" ;;
    esac
done
echo "$word" >> "$HOME/calls"
[ "$word" = update ] && exit 0
cp "$HOME/archive/"* . && exit 0
echo "E: Failed to fetch the $word: no network"
exit 100
"""
APT_CONFIG = """#!/bin/sh
echo "etc_list='$HOME/etc/list'"
echo "etc_parts='$HOME/etc/parts/'"
"""
# The lists of a machine, and what is made of them.
LISTS = {
    "list": "# deb none\ndeb [arch=amd64] one\tmain\ndeb\ttwo main\ndeb-src three main\ndeb cdrom:[four]/ main\n",
    "parts/a.list": "deb five main\n",
    "parts/b.sources": "Types: deb\nURIs: six\n\nTypes: deb deb-src\nURIs: seven\n",
    "parts/c.other": "deb eight main\n",
}
OF_SOURCES = ("deb-src [arch=amd64] one\tmain\ndeb-src two main\ndeb-src five main\n"
              "Types: deb-src\nURIs: six\n\nTypes: deb-src\nURIs: seven\n")


def steps(page):
    """What the page shows at the prompt: (prompt, what is typed, lines that are seen then)."""
    shown = re.search(r"^At the prompt:\n\n((?:    .*\n)+)", page, re.MULTILINE)[1]
    found = []
    asked = False
    for line in (line.removeprefix("    ") for line in shown.splitlines()):
        prompt = next((p for p in PROMPTS if line.startswith(p)), None)
        if prompt or asked:
            found.append((prompt or "", line.removeprefix(prompt or ""), []))
        else:
            found[-1][2].append(line)
        asked = line == ASKS
    return found


def unnumbered(text):
    """The version is that of the package."""
    return re.sub(r"^(Lua 5\.4)\.\d+ (.*-)\d+", r"\1 \2", text, flags=re.MULTILINE)


def prompt(context, kit, folder):
    """`make run`; the keys of the README, and what it shows at the prompt, to the letter."""
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        page = f.read()
    command = ["env", "-i", *(f"{k}={v}" for k, v in unpacked.environment(kit, folder).items()), "make", "-C", folder, "run"]
    with Session(context, "lua", (), SECONDS, command) as session:
        session.prompt()
        for keys, seen in KEYS:
            session.type(keys)
            session.expect(seen)
        before = None
        for mark, typed, wanted in steps(page):
            begin = session.read_to
            end = session.expect(f"^{mark}" if mark else "").start()
            seen = session.text[begin:end]
            if before and unnumbered(seen) != unnumbered(before[1]):
                raise Failed(f"behind {before[0]!r} the README has {before[1]!r}", core.tail(seen))
            session.type(typed + "\r")
            session.expect(re.escape(typed) + "\n")
            before = (typed, "".join(f"{line.expandtabs()}\n" for line in wanted))
        session.end(core.PASS)


class Sample:
    """A package of two files, an apt that has it, a machine's lists, and a folder in which it is fetched."""

    def __init__(self, context, script):
        self.context, self.script, self.home = context, script, context.path("fetch")
        for name in ("bin", "archive", "here", "etc/parts"):
            os.makedirs(self.path(name))
        for name, text in (("apt-get", APT_GET), ("apt-config", APT_CONFIG)):
            self.write(text.encode(), "bin", name)
            os.chmod(self.path("bin", name), 0o755)
        for name, text in LISTS.items():
            self.write(text.encode(), "etc", name)
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as tar:
            tar.addfile(tarfile.TarInfo("sample-1/src.c"))
        files = {"sample_1.orig.tar.gz": data.getvalue(), "sample_1.debian.tar.xz": b"changes"}
        sums = "".join(f" {hashlib.sha256(text).hexdigest()} {len(text)} {name}\n" for name, text in files.items())
        files["sample_1.dsc"] = f"Format: 3.0\nChecksums-Sha256:\n{sums}Files:\n {'0' * 32} 1 sample_1.orig.tar.gz\n".encode()
        for name, text in files.items():
            self.write(text, "archive", name)

    def write(self, text, *names):
        with open(self.path(*names), "wb") as f:
            f.write(text)

    def path(self, *names):
        return os.path.join(self.home, *names)

    def fetch(self, status, said, calls, path=None):
        """Fetch it: how that ends, what is said, and how often apt-get is called for the source. It is unpacked only if that went well."""
        shutil.rmtree(self.path("here", "source"), ignore_errors=True)
        open(self.path("calls"), "w", encoding="utf-8").close()
        env = unpacked.environment(self.home, self.home, path or f"{self.path('bin')}:{unpacked.SYSTEM_PATH}")
        got, text = self.context.run(["/bin/sh", self.script, PACKAGE, "source"], SECONDS, env=env, cwd=self.path("here"))
        with open(self.path("calls"), encoding="utf-8") as f:
            called = f.read().split().count(PACKAGE)
        there = os.path.exists(self.path("here", "source", "src.c"))
        if got != status or not re.fullmatch(said, text) or called != calls or there != (status == 0):
            raise Failed(f"status {got}, not {status}; called {called} times, not {calls}; unpacked: {there}; said {text!r}, not {said!r}")

    def spoil(self, *names):
        with open(self.path(*names), "ab") as f:
            f.write(b"more")


def fetch(context, script):
    """The source is fetched by name, once, with lists of its own; and is what its description says, or there is one line and no source."""
    sample = Sample(context, script)
    kept = ("here", "build", "fetched", PACKAGE)
    sample.fetch(0, "", 1)
    sample.fetch(0, "", 0)
    with open(sample.path("lists"), encoding="utf-8") as f:
        lists = f.read()
    if lists != 2 * OF_SOURCES:  # of update, and of source
        raise Failed("the lists are not those of sources", lists.splitlines())
    for name in sorted(os.listdir(sample.path(*kept))):
        sample.spoil(*kept, name) if not name.endswith(".dsc") else os.remove(sample.path(*kept, name))
        sample.fetch(0, "", 1)
    sample.spoil("archive", "sample_1.orig.tar.gz")
    sample.fetch(0, "", 0)
    sample.spoil(*kept, "sample_1.orig.tar.gz")
    sample.fetch(1, "fetch: sample is not unpacked: the files in build/fetched/sample are not those that its description names\n", 1)
    shutil.rmtree(sample.path("archive"))
    sample.fetch(77, "fetch: there is no source of sample: Failed to fetch the sample: no network\n", 1)
    for name in LISTS:
        os.remove(sample.path("etc", name))
    sample.fetch(77, "fetch: there is no source of sample: .*/list and .*/parts/ name no place to fetch from\n", 0)
    os.makedirs(sample.path("none"))
    for tool in ("dash", "sh", "sed", "sha256sum", "grep", "mkdir", "rm"):
        os.symlink(shutil.which(tool), sample.path("none", tool))
    sample.fetch(77, "fetch: there is no source of sample: apt-get is not there, which fetches it\n", 0, sample.path("none"))
    if os.listdir(sample.path("here", "build", "fetched")) != [PACKAGE]:
        raise Failed("something is left behind", os.listdir(sample.path("here", "build", "fetched")))
