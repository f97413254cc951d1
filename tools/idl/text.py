# SPDX-License-Identifier: BSD-2-Clause
"""Names and lines of what is made."""

import os
import re

COLUMNS = 100
STAY = "\udfff"  # of which there is none in any text in UTF-8

# Words of C, of headers that are included everywhere, and of the compiler: unix and linux are 1 there.
KEYWORDS = {"alignas", "alignof", "asm", "auto", "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "do", "double",
            "else", "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int", "linux", "long", "nullptr", "offsetof",
            "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "thread_local", "true", "typedef",
            "typeof", "union", "unix", "unsigned", "void", "volatile", "while"}
TYPES = {"size_t", "ptrdiff_t", "intptr_t", "uintptr_t", "wchar_t", *(f"{u}int{bits}_t" for u in ("", "u") for bits in (8, 16, 32, 64))}
# And what the functions that are made call by these names.
RESERVED = KEYWORDS | TYPES | {"cap", "status", "in", "string", "rq", "result", "msg", "w", "reg"}


def snake(name):
    """camelCase to snake_case: setEndpointID -> set_endpoint_id, setFSBase -> set_fs_base, setL2v -> set_l2v."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def arg(name, suffix=""):
    """The name of an argument in C."""
    name = snake(name) + suffix
    return name + "_" if name in RESERVED else name


def field(name):
    """The name of a field in C."""
    name = snake(name)
    return name + "_" if name in KEYWORDS else name


def wrap(text, first, rest, columns=COLUMNS):
    """Words of `text` in lines that begin with `first`, then `rest`. A STAY is a space at which no line ends."""
    lines, line = [], first
    empty = True
    for word in text.split():
        if not empty and len(line) + 1 + len(word) > columns:
            lines.append(line.rstrip())
            line, empty = rest, True
        line += word if empty else " " + word
        empty = False
    lines.append(line.rstrip())
    return [line.replace(STAY, " ") for line in lines]


def stay(text):
    """Text in which no line ends."""
    return text.replace(" ", STAY)


def in_comment(text):
    """Text that stands in a comment of C: what would end it or begin one, and trigraphs, are taken apart."""
    text = re.sub(r"/(?=\*)|\*(?=/)", r"\g<0> ", text)
    return re.sub(r"\?(?=\?[=/'()!<>-])", "? ", text)


def comment_lines(text, first="/* ", rest=" * "):
    """Lines of a comment of C, without its end."""
    return wrap(in_comment(text), first, rest)


def comment(text):
    return "\n".join(wrap(in_comment(text) + " */", "/* ", " * "))


def head(title, source):
    """The first lines of a file that is made from `source`."""
    title = "\n".join(wrap(in_comment(title), "", " * ", COLUMNS - 3))
    return f"""/* SPDX-License-Identifier: BSD-2-Clause
 *
 * {title}
 * Made from {source} by tools/lykos-idl: change that, not this file.
 */
"""


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cell(text):
    """Text in a table of a page."""
    return text.replace("|", "\\|")


def by_number(entries):
    return sorted(entries, key=lambda e: e.number.value)


def says(path, text):
    """Is that what stands in a file?"""
    try:
        with open(path, "rb") as f:
            return f.read() == text.encode()
    except (FileNotFoundError, NotADirectoryError):
        return False


def write_if_changed(path, text):
    """What is the same is not written, so that nothing is compiled again for it."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if says(path, text):
        return
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)
