# SPDX-License-Identifier: BSD-2-Clause
"""What programs ask for by name, and of what kind it is: the file `needs` in a program's folder, if it has one. What the
description gives the program must be that."""

import os

from .words import nearest

NEEDS = "needs"


class Needs:
    """The lists of one folder: name -> (kind, optional), or name -> optional."""

    def __init__(self, path, mistakes, grammar):
        self.mistakes = mistakes.of(path)
        self.caps, self.params, self.endpoints = {}, {}, {}
        with open(path, encoding="utf-8", errors="replace") as f:
            for number, line in enumerate(f.read().split("\n"), 1):
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
        if not optional and name not in given:
            mistakes.error(program, f"program {program.name} is not given what it needs: cap {name} = {kind}")
    for word, needed, has in (("param", needs.params, program.params), ("endpoint", needs.endpoints, program.endpoints)):
        for name in has:
            if name not in needed:
                mistakes.error(name, f"{program.file_name} asks for no {word} '{name}'{nearest(name, set(needed) - set(has))}")
        for name, optional in needed.items():
            if not optional and name not in has:
                mistakes.error(program, f"program {program.name} is not given what it needs: {word} {name}")
