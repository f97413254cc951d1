# SPDX-License-Identifier: BSD-2-Clause
"""Text to model. A syntax error is told in words, and reading goes on behind it: at the next definition, or the next member
of the same one, whichever comes first."""

import difflib
import os
import re

import lark
from plain import printable

from . import model
from .model import Number, Place, Word

GRAMMAR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grammar.lark")

SYMBOLS = {
    "SEMICOLON": "';'", "LBRACE": "'{'", "RBRACE": "'}'", "LPAR": "'('", "RPAR": "')'", "LSQB": "'['", "RSQB": "']'",
    "COLON": "':'", "COMMA": "','", "EQUAL": "'='", "LESSTHAN": "'<'", "MORETHAN": "'>'", "VBAR": "'|'", "_ARROW": "'->'",
    "_UPTO": "'..'", "_SHIFT": "'<<'", "MINUS": "'-'", "NAME": "a name", "NUMBER": "a number", "STRING": "text in quotes",
    "DOC": "a doc comment", "$END": "the end of the file",
}
KEYWORDS = ("import", "version", "constants", "codes", "interface", "enum", "flags", "struct", "method", "oneway", "raises",
            "const", "error", "reserved")
MEMBERS = {"METHOD", "CONST", "ERROR"}
PARTS = {"number": "number", "arguments": "arguments", "results": "results", "raises": "list of errors", "type": "type",
         "base": "base", "brackets": "type", "length": "type", "names": "names", "range": "range", "shift": "number",
         "minus": "sign", "upto": "range", "last": "range", "notes": "annotation"}
DIGITS = 20  # of the largest number
CONTROL = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")
SKIP = re.compile(r'/\*(?:.|\n)*?\*/|//[^\n]*|"[^"\n]*"|[{};]')  # what matters to find the next definition


def parser():
    with open(GRAMMAR, encoding="utf-8") as f:
        return lark.Lark(f.read(), parser="lalr", maybe_placeholders=False)


PARSER = None


# ------------------------------------------------------------------------------------------------- errors in words

def tokens_of(thing):
    """Its tokens, in order."""
    return list(thing.scan_values(lambda v: isinstance(v, lark.Token))) if isinstance(thing, lark.Tree) else [thing]


def words_of(terminals):
    """What would have been right."""
    if MEMBERS <= terminals:
        return "a method, const, error, reserved or '}'"
    if "INTERFACE" in terminals:
        return "a definition (interface, enum, flags, struct, import)"
    names = sorted((SYMBOLS.get(t, f"'{t.lower()}'") for t in terminals), key=lambda n: (n[0] != "'", n))
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def behind_what(stack):
    """' after the method's number': the last thing that was understood, and in what."""
    full = [thing for thing in stack if tokens_of(thing)]
    if not full:
        return ""
    last = full[-1]
    inside = next((t for thing in reversed(full) for t in [thing] if isinstance(t, lark.Token) and t in KEYWORDS), None)
    if isinstance(last, lark.Tree) and last.data in PARTS and inside is not None:
        return f" after the {inside}'s {PARTS[last.data]}"
    token = tokens_of(last)[-1]
    if token.type == "DOC":
        return " after a doc comment"
    if token.type == "NUMBER" and inside is not None:
        return f" after the {inside}'s number"
    return f" after '{token}'"


def expected_of(error):
    """What the parser would take here, without what is rarely meant."""
    terminals = error.interactive_parser.accepts()
    return terminals - {"_SHIFT"} if "SEMICOLON" in terminals else terminals


def in_words(error, text):
    """What is wrong at an error of the parser."""
    expected = expected_of(error)
    if isinstance(error, lark.UnexpectedCharacters):
        rest = text[error.pos_in_stream:]
        if rest.startswith("/*"):
            return "this comment has no end"
        if rest.startswith('"'):
            return "this text has no end"
        if rest[0].isdigit():
            return "this is no number"
        return f"'{rest[0]}' does not belong here"
    token = error.token
    if token.type == "$END":
        return f"the file ends, expected {words_of(expected)}"
    close = difflib.get_close_matches(token, [t.lower() for t in expected if t.lower() in KEYWORDS], 1)
    if token.type == "NAME" and close and "NAME" not in expected:
        return f"unknown word '{token}'; did you mean '{close[0]}'?"
    if token.type == "DOC" and "METHOD" in expected:
        return "there is one doc comment only, and in front of the annotation"
    found = "a doc comment" if token.type == "DOC" else f"'{token}'"
    behind = "" if "$END" in expected else behind_what(error.interactive_parser.parser_state.value_stack)
    return f"expected {words_of(expected)}{behind}, not {found}"


# ------------------------------------------------------------------------------------------------- going on behind an error

def go_on(error, text):
    """Forget what was begun, and skip the rest of it. False at the end of the file."""
    parser_state = error.interactive_parser.parser_state
    lexer_state = error.interactive_parser.lexer_thread.state
    is_token = isinstance(error, lark.UnexpectedToken)
    if is_token and error.token.type == "$END":
        return False
    while not error.interactive_parser.accepts() & {"RBRACE", "$END"} and len(parser_state.state_stack) > 1:
        parser_state.state_stack.pop()
        parser_state.value_stack.pop()
    outermost = "$END" in error.interactive_parser.accepts()
    begin = error.token.start_pos if is_token else error.pos_in_stream
    end = end_of_definition(text, begin, outermost)
    line_ctr = lexer_state.line_ctr
    if end < line_ctr.char_pos:  # the token that was not understood ends it
        error.interactive_parser.feed_token(error.token)
    else:
        line_ctr.feed(text[line_ctr.char_pos:end])
    return True


def end_of_definition(text, begin, outermost):
    """Where the definition ends in which `begin` lies: behind its ';' or its braces, or before the brace that closes
    what it is in."""
    depth = 0
    for match in SKIP.finditer(text, begin):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            if depth == 0 and not outermost:
                return match.start()
            depth -= 1
            if depth <= 0:
                return match.end()
        elif match[0] == ";" and depth == 0:
            return match.end()
    return len(text)


# ------------------------------------------------------------------------------------------------- the model

def read_doc(text, place):
    """A doc comment without its stars."""
    body = "\n".join(re.sub(r"^\s*\*(?: |$)", "", line) for line in text[3:-2].split("\n"))
    first, *rest = re.split(r"(?:^|\s)@(?=[a-z])", body)
    doc = model.Doc(" ".join(first.split()), [], [], [], place)
    for part in rest:
        tag, name, words = (part.split(None, 2) + ["", "", ""])[:3]
        known = {"param": doc.params, "raises": doc.raises}.get(tag)
        if known is None:
            doc.unknown.append(tag)
        else:
            known.append((name, " ".join(words.split())))
    return doc


class Builder(lark.Transformer):
    """The model of one file, from the parser's tree."""

    def __init__(self, file, mistakes):
        super().__init__(visit_tokens=True)
        self.file = file
        self.mistakes = mistakes

    def place(self, token):
        return Place(self.file, token.line, token.column)

    def NAME(self, token):
        return Word(token, self.place(token))

    def STRING(self, token):
        return Word(token[1:-1], self.place(token))

    def NUMBER(self, token):
        place, digits = self.place(token), re.sub(r"u(ll)?$", "", token)
        is_hex = digits.startswith("0x")
        count = len(digits[2 * is_hex:].lstrip("0"))
        if count > DIGITS:
            self.mistakes.last(place, f"a number of {count} digits does not fit in 64 bits")
            return Number(1 << 64, str(1 << 64), place)
        value = int(digits, 16 if is_hex else 10)
        if digits[0] == "0" and len(digits) > 1 and not is_hex:  # in C it would be octal
            self.mistakes.last(place, f"'{token}' begins with 0: write {value}{token[len(digits):]}")
        return Number(value, str(token), place)

    def DOC(self, token):
        wrong = CONTROL.search(token)
        if wrong:
            line, column = token.line + token.count("\n", 0, wrong.start()), wrong.start() - token.rfind("\n", 0, wrong.start())
            place = Place(self.file, line, column + (token.column - 1) * (line == token.line))
            self.mistakes.add(place, f"a comment has no control characters, but here is '{printable(wrong[0])}'")
        return read_doc(token, self.place(token))

    def optional(self, children):
        return children[0] if children else None

    doc = shift = base = upto = last = length = minus = optional

    def names(self, children):
        return children

    def notes(self, children):
        return children

    def note(self, children):
        return model.Note(children[0], children[1:])

    def head(self, children):
        return model.Head(*children)

    def number(self, children):
        minus, number, shift = children
        value, text = number.value, number.text
        if shift is not None:
            value, text = value << min(shift.value, 64), f"{text} << {shift.text}"
        return Number(-value, "-" + text, number.place) if minus else Number(value, text, number.place)

    def range(self, children):
        return tuple(children)

    def brackets(self, children):
        return children[0] if children else ()

    def type(self, children):
        name, brackets, length = children
        if isinstance(brackets, tuple):
            low, high = brackets if brackets and brackets[1] else (None, brackets[0] if brackets else None)
            return model.Type(name, low, high, [], length)
        return model.Type(name, None, None, brackets, length)

    def argument(self, children):
        return model.Argument(*children)

    def field(self, children):
        return model.Argument(children[1], children[2], children[0])

    def arguments(self, children):
        return children

    def results(self, children):
        return children[0] if children else []

    def raises(self, children):
        return children[1:]

    def oneway(self, children):
        return bool(children)

    def method(self, children):
        head, oneway, _, name, ins, outs, raises, number = children
        return model.Method(head, name, number, oneway, ins, outs, raises)

    def const(self, children):
        head, _, kind, name, number = children
        return ("const", model.Value(head, name, number, kind))

    def error(self, children):
        head, _, name, number = children
        return ("error", model.Value(head, name, number))

    def reserved(self, children):
        _, _, first, last = children
        return ("reserved", (first, last or first))

    def value(self, children):
        return model.Value(*children)

    def import_(self, children):
        return model.Import(children[1])

    def version(self, children):
        return model.Version(children[1])

    def constants(self, children):
        return model.Constants(children[0], children[2], children[3], children[4:])

    def codes(self, children):
        return model.Codes(children[0], children[2], children[3:])

    def interface(self, children):
        head, _, name, base, *members = children
        lists = {kind: [m[1] for m in members if isinstance(m, tuple) and m[0] == kind] for kind in ("const", "error", "reserved")}
        methods = [m for m in members if isinstance(m, model.Method)]
        return model.Interface(head, name, base, methods, lists["const"], lists["error"], lists["reserved"])

    def enum(self, children):
        return model.Enum(children[0], children[2], children[3], children[4:], False)

    def flags(self, children):
        return model.Enum(children[0], children[2], children[3], children[4:], True)

    def struct(self, children):
        return model.Struct(children[0], children[2], children[3:])

    def start(self, children):
        return children


def read(file, text, mistakes):
    """The definitions of one file, in order. What has a syntax error in it is left out."""
    global PARSER
    PARSER = PARSER or parser()

    def on_error(error):
        token = getattr(error, "token", None)
        if token is not None and token.type == "$END":
            lines = text.rstrip("\n").split("\n")
            place = Place(file, len(lines), len(lines[-1]) + 1)
        else:
            place = Place(file, error.line, error.column)
        mistakes.lost(place, in_words(error, text))
        return go_on(error, text)

    try:
        tree = PARSER.parse(text, on_error=on_error)
    except lark.UnexpectedInput:
        return []
    return Builder(file, mistakes).transform(tree)
