# SPDX-License-Identifier: BSD-2-Clause
"""What programs ask for by name, and of what kind it is: the file `needs` in a program's folder, if it has one. What the
description gives the program must be that; what a line with a mistake was to give is not told of again. And what its sources ask for should be given to it."""

import glob
import os
import re

from .words import nearest, text_of

NEEDS = "needs"
ALWAYS = ("exit", "pager")  # what init gives by name without being told
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
QUOTED = re.compile(r'"([^"\n]*)"')
ASKED = re.compile(r'\blk_cap\(\s*"([^"\n]*)"\s*\)')


class Needs:
    """The lists of one folder: name -> (kind, optional), or name -> optional."""

    def __init__(self, path, mistakes, grammar):
        self.mistakes = mistakes.of(path)
        self.caps, self.params, self.endpoints = {}, {}, {}
        for number, line in enumerate((text_of(path, self.mistakes) or "").split("\n"), 1):
            tree = grammar.parse(line, number, self.mistakes, "need_line")
            if tree is not None:
                self.line(tree)

    def line(self, tree):
        name, optional = tree.children[0], tree.children[-1] is not None
        into = {"need_cap": self.caps, "need_param": self.params, "need_endpoint": self.endpoints}[tree.data]
        if name in into:
            self.mistakes.error(name, f"'{name}' is named twice")
        into[name] = (tree.children[1].children[0], optional) if tree.data == "need_cap" else optional


def check(system, mistakes, folders, grammar):
    lists = {}
    for folder in folders:
        path = os.path.join(folder, NEEDS)
        if os.path.exists(path):
            lists[os.path.basename(os.path.normpath(folder))] = Needs(path, mistakes, grammar)
    for program in system.programs:
        if program.file_name in lists:
            compare(program, lists[program.file_name], mistakes)
    sources = [(name, path, text) for name, folder in by_name(folders) for path, text in sources_of(folder)]
    mentioned = {quoted for *_, text in sources for quoted in QUOTED.findall(ASKED.sub("", text))}
    for name, path, text in sources:
        known = {*mentioned, *ALWAYS, *(lists[name].caps if name in lists else ())}
        asked(system, name, text, known, mistakes.of(path))


def by_name(folders):
    return [(os.path.basename(os.path.normpath(folder)), folder) for folder in folders]


def sources_of(folder):
    """(path, text without comments) of each."""
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.[ch]"))):
        with open(path, encoding="utf-8", errors="replace") as f:
            yield path, COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), f.read())


def compare(program, needs, mistakes):
    given = {grant.name: grant for grant in program.grants}
    for grant in program.grants:
        if grant.name not in needs.caps:
            missing = [name for name in needs.caps if name not in given]
            mistakes.error(grant, f"{program.file_name} asks for no capability '{grant.name}'{nearest(grant.name, missing)}")
        elif needs.caps[grant.name][0] != grant.kind:
            text = f"{program.file_name} wants '{grant.name}' to be a capability of kind {needs.caps[grant.name][0]}"
            mistakes.error(grant.kind, f"{text}, not {grant.kind}")
    for name, (kind, optional) in needs.caps.items():
        if not optional and name not in given and name not in program.wrong:
            mistakes.error(program, f"program {program.name} is not given what it needs: cap {name} = {kind}")
    for word, needed, has in (("param", needs.params, program.params), ("endpoint", needs.endpoints, program.endpoints)):
        for name in has:
            if name not in needed:
                mistakes.error(name, f"{program.file_name} asks for no {word} '{name}'{nearest(name, set(needed) - set(has))}")
        for name, optional in needed.items():
            if not optional and name not in has and name not in program.wrong:
                mistakes.error(program, f"program {program.name} is not given what it needs: {word} {name}")


def asked(system, name, text, known, mistakes):
    """Names that a source asks for, and that no program of this file is given. `known`: others; what stands in quotes elsewhere may be
    given while programs run."""
    programs = [program for program in system.programs if program.file_name == name]
    given = {word for program in programs for word in [*(grant.name for grant in program.grants), *program.endpoints, *program.wrong]}
    for use in ASKED.finditer(text) if programs else ():
        if use[1] not in given and use[1] not in known:
            at = (text.count("\n", 0, use.start(1)) + 1, use.start(1) - text.rfind("\n", 0, use.start(1)))
            mistakes.warn(at, f"{name} asks for a capability '{use[1]}', which {system.file} does not give it{nearest(use[1], given)}")
