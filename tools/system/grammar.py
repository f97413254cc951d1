# SPDX-License-Identifier: BSD-2-Clause
"""A line and the grammar: its tree, or what is wrong with it, in words."""

import os
import re

import lark

from .words import Place, Word, listed, nearest

# How each line is written, for who wrote it otherwise.
FORMS = {
    "system": "system 1",
    "include": 'include "FILE"',
    "program": "program NAME",
    "file": "file NAME",
    "priority": "priority N [urgent]",
    "slice": "slice N us|ms|s",
    "stack": "stack N pages",
    "memory": "memory N pages",
    "restart": "restart N times within N us|ms|s [after N us|ms|s]",
    "args": "args TEXT",
    "endpoints": "endpoints NAME...",
    "start": "start at boot, start on demand, or start with WORD",
    "part": "part of PROGRAM",
    "param": "param NAME = N",
    "cap": "cap NAME = KIND ...",
    "entry": "entry PROGRAM.ENDPOINT [payload N] [send|pass|deadline]",
    "notice": "notice PROGRAM.ENDPOINT bits N",
    "process": "process PROGRAM, or process self",
    "ioports": "ioports FIRST-LAST [shared]",
    "irq": "irq LINE",
    "range": "range N pages [kept]",
    "bank": "bank, or bank N pages",
}
NEED_FORMS = {
    "cap": "cap NAME = KIND [optional]",
    "param": "param NAME [optional]",
    "endpoint": "endpoint NAME [optional]",
}
TERMINALS = {"QUOTED": "a name of a file in quotation marks", "NAME": "a name", "NUMBER": "a number", "UNIT": "'us', 'ms' or 's'", "TEXT": "a text", "$END": "the end of the line"}
KEYWORD_END = r"(?![\w-])"
KIND_OF_CAP = re.compile(r"\s*cap\s+\S+\s*=\s*")


def whole_words(terminal):
    """A keyword ends where the word ends."""
    if isinstance(terminal.pattern, lark.lexer.PatternStr) and terminal.pattern.value.isalpha():
        terminal.pattern = lark.lexer.PatternRE(terminal.pattern.value + KEYWORD_END)
        terminal.priority = 1


def load():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "system.lark")
    with open(path, encoding="utf-8") as f:
        return lark.Lark(f, parser="lalr", start=["line", "need_line"], edit_terminals=whole_words,
                         propagate_positions=True)


def word_of(pattern):
    """What a terminal stands for: a keyword or sign as it is written."""
    return pattern.value.removesuffix(KEYWORD_END).replace("\\", "")


class Grammar:
    """Parses lines."""

    def __init__(self):
        self.parser = load()
        self.words = {t.name: word_of(t.pattern) for t in self.parser.terminals if t.name not in TERMINALS}

    def parse(self, text, number, mistakes, start="line"):
        """The tree of a line, its words with their places; None if there is nothing on it, or a mistake."""
        try:
            tree = self.parser.parse(text, start=start)
        except lark.exceptions.UnexpectedInput as e:
            at, words = self.explain(text, number, e, NEED_FORMS if start == "need_line" else FORMS)
            mistakes.error(Place(mistakes.file, *at), words)
            return None
        if not tree.children:
            return None
        return self.placed(tree.children[0], mistakes.file, number)

    def placed(self, node, file, number):
        if isinstance(node, lark.Token):
            return Word(node, Place(file, number, node.column))
        if node is None:
            return None
        data = Word(node.data, Place(file, number, getattr(node.meta, "column", 1)))
        return lark.Tree(data, [self.placed(child, file, number) for child in node.children])

    def expected(self, error):
        """(keywords and signs, other things in words) that could have stood there."""
        names = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
        names = set(names)
        known = sorted(self.words[n] for n in names if n in self.words)
        others = [words for name, words in TERMINALS.items() if name in names]
        return known, others

    def explain(self, text, number, error, forms):
        """(place, words) of a mistake of form."""
        code = text.split("#", 1)[0].rstrip()
        at = len(code) if self.is_at_end(error) else min(error.pos_in_stream, len(code))
        found = re.compile(r"\s*([\w-]+|\S)?").match(code, at)
        word, column = found[1], (found.start(1) if found[1] else len(code)) + 1
        known, others = self.expected(error)
        place = (number, column)
        first = code.split()[0]
        if word and column == 1 + len(code) - len(code.lstrip()):
            return place, f"unknown property '{word}'{nearest(word, forms)}"
        before = KIND_OF_CAP.match(code)
        if word and before and before.end() == column - 1:
            return place, f"unknown kind of capability '{word}'{nearest(word, known)}"
        return place, self.sentence(word, known, others, self.form(code, first, forms))

    @staticmethod
    def is_at_end(error):
        return isinstance(error, lark.exceptions.UnexpectedEOF) or getattr(getattr(error, "token", None), "type", "") == "$END"

    @staticmethod
    def form(code, first, forms):
        """How what stands on the line is written."""
        kind = KIND_OF_CAP.match(code)
        after = re.match(r"[\w-]+", code[kind.end() :]) if kind and forms is FORMS else None
        return forms.get(after[0], None) if after and after[0] in forms else forms.get(first)

    def sentence(self, word, known, others, form):
        form = f"; it is written: {form}" if form else ""
        if word is None:
            return f"something is missing: {listed(others + [f'{chr(39)}{k}{chr(39)}' for k in known])}{form}"
        if not known and others == [TERMINALS["$END"]]:
            return f"too much on the line: '{word}'{form}"
        near = nearest(word, known)
        if near:
            return f"'{word}' is not understood{near}"
        wanted = [w for w in others if w != TERMINALS["$END"]] + [f"'{k}'" for k in known]
        return f"'{word}' is not what is expected: {listed(wanted) if wanted else 'nothing more'}{form}"


def number_of(word):
    """The value of a number as it is written: decimal, or hexadecimal with 0x. None: it is none."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", word):
        return int(word, 16)
    return int(word) if re.fullmatch(r"[0-9]+", word) else None
