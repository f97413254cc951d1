# SPDX-License-Identifier: BSD-2-Clause
"""What the pages of docs/book say that are not run: that all they name exists, that each picture shows what the text beside it says, in
that order, that links lead somewhere, and that what is generated is up to date. Cases of the part `docs`."""

import functools
import glob
import json
import os
import re

from . import core
from .core import Failed, simple_job

BOOK = os.path.join(core.ROOT, "docs", "book")
LIVES = ("life-of-a-call", "life-of-a-preemption", "rationale")  # pages whose names are all of this tree
ENDS = "c h S md py idl lyk lark json svg pml sh toml".split()
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\((\S+?\.svg)\)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ITEM = re.compile(r"^(\d+)\. \*(.+?)\.?\*", re.MULTILINE)
COUNT = re.compile(r"`(\w+)`\s\(\d[\d.]*\)")  # of `make bench`
SECONDS = 60


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def pages(names=None):
    return {os.path.basename(p)[:-3]: text_of(p) for p in sorted(glob.glob(os.path.join(BOOK, "*.md")))
            if names is None or os.path.basename(p)[:-3] in names}


# --- names ---

@functools.cache
def sources():
    """All that has functions, as one text."""
    found = [p for top in ("kernel", "arch", "boot", "user", "tests") for end in ("c", "h", "S")
             for p in glob.glob(os.path.join(core.ROOT, top, "**", f"*.{end}"), recursive=True)]
    return "\n".join(text_of(p) for p in found)


def defines(text, name):
    """Is the function, macro or label of this name made there, and not only named?"""
    word = re.escape(name)
    function = rf"^(?:[A-Za-z_][^\n;{{}}=]*[ *])?{word}\([^;{{}}]*\)[^;{{}}]*\{{"
    return re.search(rf"{function}|^# *define {word}\b|^{word}(?:\\how)?:|^\s*\.macro {word}\b", text, re.MULTILINE) is not None


def place_of(context, path):
    """Of a path from the root; what is made from descriptions is in the folder that was built."""
    made = path.removeprefix("build/gen/")
    return os.path.join(context.build, "gen", made) if made != path else os.path.join(core.ROOT, path)


def header(context, name):
    """Where <lykos/NAME> or <abi/NAME> is."""
    places = [os.path.join(core.ROOT, "kernel", name), os.path.join(context.build, "gen", "include", name)]
    return places + glob.glob(os.path.join(core.ROOT, "user", "*", "include", name))


def wrong_name(context, name):
    """What is wrong with the name, or None: nothing, or it is no name of ours."""
    inside = re.fullmatch(r"([\w./-]+\.\w+):(\w+)", name)
    if inside:
        place = place_of(context, inside[1])
        if not os.path.isfile(place):
            return f"there is no {inside[1]}"
        return None if defines(text_of(place), inside[2]) else f"{inside[1]} has no {inside[2]}"
    if re.fullmatch(r"<(?:lykos|abi)/[\w/]+\.h>", name):
        return None if any(map(os.path.isfile, header(context, name[1:-1]))) else f"there is no {name}"
    if re.fullmatch(r"[a-z][\w-]*(?:/[\w.-]+)+", name):
        return None if os.path.exists(place_of(context, name)) else f"there is no {name}"
    call = re.fullmatch(r"(\w+)\(\)", name)
    if call:
        return None if defines(sources(), call[1]) else f"there is no function {call[1]}"
    goal = re.fullmatch(r"make ([a-z-]+)", name)
    if goal:
        makefile = text_of(os.path.join(core.ROOT, "Makefile"))
        return None if re.search(rf"^(?:[a-z-]+ )*{goal[1]}(?: [a-z-]+)*:", makefile, re.MULTILINE) else f"there is no goal {goal[1]}"
    return None


def names(context):
    wrong, seen = [], 0
    with open(os.path.join(core.ROOT, "tests", "bench-baseline.json"), encoding="ascii") as f:
        measured = json.load(f)["counts"]
    for page, text in pages(LIVES).items():
        for name in COUNT.findall(text):
            wrong += [] if name in measured else [f"docs/book/{page}.md: `make bench` prints no {name}"]
        for name in CODE.findall(FENCED.sub("", text)):
            seen += ":" in name
            found = wrong_name(context, name)
            wrong += [f"docs/book/{page}.md: {found}"] if found else []
    if wrong:
        raise Failed("names that are not there", wrong)
    if seen < 40:
        raise Failed(f"only {seen} places in the sources were found: the pages are not understood")


# --- pictures ---

def listed(picture):
    """What a picture says that it shows, in order."""
    text = text_of(picture)
    found = re.search(r"<desc>\n(.*?)\n</desc>", text, re.DOTALL)
    words = found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") if found else ""
    return re.findall(r"^(\d+)\. (.*)$", words, re.MULTILINE)


def pictures(_context):
    """Beside each picture of a trace stands a list, an item for each number, which begins with what is seen there."""
    wrong, shown = [], set()
    for page, text in pages().items():
        parts = PICTURE.split(text)
        for name, behind in zip(parts[1::2], parts[2::2]):
            path = os.path.normpath(os.path.join(BOOK, name))
            if "made by tools/lykos-trace" not in text_of(path):
                continue
            shown.add(path)
            told = ITEM.findall(behind.split("\n## ")[0])
            if told != listed(path) or not told:
                wrong += [f"docs/book/{page}.md: {name} shows {listed(path)}", f"and the text says {told}"]
    for path in glob.glob(os.path.join(BOOK, "*.svg")):
        if "made by tools/lykos-trace" in text_of(path) and path not in shown:
            wrong.append(f"{os.path.relpath(path, core.ROOT)} is on no page")
    if wrong or len(shown) < 5:
        raise Failed(f"text and pictures differ ({len(shown)} pictures)", wrong)


# --- links, and what is generated ---

def anchors(text):
    """Of the headings, as pages are shown by git's web sites."""
    heads = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", head).lower()).replace(" ", "-") for head in heads}


def links(_context):
    wrong = []
    for page, text in pages().items():
        for target in LINK.findall(CODE.sub("", FENCED.sub("", text))):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = os.path.normpath(os.path.join(BOOK, path)) if path else os.path.join(BOOK, page + ".md")
            if not os.path.exists(place):
                wrong.append(f"docs/book/{page}.md: {target} leads nowhere")
            elif anchor and anchor not in anchors(text_of(place)):
                wrong.append(f"docs/book/{page}.md: {target}: there is no such heading")
    if wrong:
        raise Failed("links that lead nowhere", wrong)


def reference(context):
    status, text = context.run([os.path.join(core.ROOT, "tools", "reference"), "--check"], SECONDS)
    if status != 0 or text:
        raise Failed("it is not what `make docs` makes", core.tail(text))


def jobs():
    return [simple_job(name, text, function) for name, text, function in (
        ("names", "files, functions, headers and goals that the pages of the book name are there", names),
        ("pictures", "each picture of a trace shows what the list beside it says, in that order", pictures),
        ("links", "links in the book lead to pages and headings that are there", links),
        ("reference", "the lists of the reference say what they list, and numbers are those of the baseline", reference),
    )]
