# SPDX-License-Identifier: BSD-2-Clause
"""docs/abi.md: the reference of the kernel interface."""

import re

from .kernel import doc_of, is_exact, is_memory, object_of, shared, size_of, text_of
from .text import by_number, cell

NEEDS_WORDS = {
    "write": "refused through a read-only or weak capability",
    "fetch": "refused through an opaque capability",
    "mutate": "refused through a read-only, weak or opaque capability",
}


def fields(method, args, first):
    """'1 slot: a process slot; 2 ...' as parts of a cell."""
    return [f"{i}: **{a.name}**: {method.head.doc.param(a.name)}" for i, a in enumerate(args, first)]


def operation(title, method):
    lines = [f"#### {title}.{method.name} ({method.number.value})", "", doc_of(method), ""]
    rows = []
    for label, items in (("words in", fields(method, method.words_in, 1)),
                         ("capabilities in", fields(method, method.caps_in, 1)),
                         ("words out", fields(method, method.words_out, 1)),
                         ("capabilities out", fields(method, method.caps_out, 0))):
        if items:
            rows.append(f"| {label} | {'<br>'.join(cell(i) for i in items)} |")
    if method.string_in:
        rows.append(f"| string in | {'exactly' if is_exact(method.string_in) else 'at most'} {size_of(method.string_in)} bytes |")
    if method.string_out:
        rows.append(f"| string out | at most {size_of(method.string_out)} bytes |")
    needs = method.head.note("needs")
    if needs:
        rows.append(f"| needs | {needs.args[0][0]}: {NEEDS_WORDS[needs.args[0][0]]} |")
    if method.raises:
        errors = [f"`{e}`: {method.head.doc.reason(e)}" for e in method.raises]
        rows.append(f"| errors | {'<br>'.join(cell(e) for e in errors)} |")
    if rows:
        lines += ["| | |", "|---|---|"] + rows + [""]
    return lines


def constants(group):
    lines = ["| value | constant | meaning |", "|---|---|---|"]
    for v in group.values:
        number = re.sub(r"u(ll)?\b", "", v.number.text)
        lines.append(f"| {number} | `{group.prefix}{v.name}` | {cell(doc_of(v))} |")
    return lines


def codes(d):
    lines = []
    for kind, title, prefix, intro in (
            ("status", "Result codes", "STATUS", "Word 0 of every answer, the kernel's and servers' alike."),
            ("fault", "Fault codes", "FAULT", "See *Faults* above. *In words* is what reports print."),
            ("slot", "Process slots", "SLOT", "Capabilities that belong to a process beside its capability registers."),
            ("trace", "Trace events", "TRACE", "What a panic shows of the last ones, and of each the two words.")):
        lines += [f"## {title}", "", intro, ""]
        words = kind in ("status", "fault")
        lines += ["| code | constant | in words | meaning |", "|---|---|---|---|"] if words else \
                 ["| number | constant | meaning |", "|---|---|---|"]
        for e in by_number(d.codes[kind].values):
            middle = f" {cell(text_of(e))} |" if words else ""
            lines.append(f"| {e.number.value} | `{prefix}_{e.name}` |{middle} {cell(doc_of(e))} |")
        lines.append("")
    return lines


def page(d, prose):
    """The page: `prose`, in which {constants: NAME} stands for the table of a group, then what it does not name, and
    the other lists."""
    prose = prose.rstrip().replace("{abi_version}", str(d.version.number.value))
    rest = []
    for group in d.constants:
        mark = f"{{constants: {group.title}}}"
        if mark in prose:
            prose = prose.replace(mark, "\n".join(constants(group)))
        else:
            rest += [f"### {group.title}", "", doc_of(group), ""] + constants(group) + [""]
    lines = [prose, "", "## Numbers", ""] + rest + codes(d)
    lines += ["## Capability types", "", "| code | type | object | memory | meaning |", "|---|---|---|---|---|"]
    for n, t in enumerate(d.types()):
        lines.append(f"| {n} | {t.name} | {object_of(t) or ''} | {'yes' if is_memory(t) else ''} | {cell(doc_of(t))} |")
    lines += ["", "## Operations", "",
              "Word 0 of the request is the code in parentheses. Word 0 of the answer is the result code; the words out "
              "mean something only if it is `STATUS_OK`. An operation with no errors listed can still answer "
              "`INVALID_CAP`, and `REQUEST_ERROR` if it got fewer words or capabilities than it takes.", "",
              "### Every kernel capability", ""]
    for m in by_number(shared(d, "Object")):
        lines += operation("*any*", m)
    lines += ["### Every memory capability: " + ", ".join(t.name for t in d.types() if is_memory(t)), ""]
    for m in by_number(shared(d, "Memory")):
        lines += operation("*memory*", m)
    for t in d.types():
        lines += [f"### {t.name}", "", doc_of(t), ""]
        for m in by_number(t.methods):
            lines += operation(t.name, m)
    return "\n".join(lines).rstrip() + "\n"
