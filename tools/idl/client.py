# SPDX-License-Identifier: BSD-2-Clause
"""<lykos/gen/NAME.h>: the constants of a server's interface, and one inline function for each of its methods."""

import os

from . import c_types
from .c_types import define, element, from_word, prefix, scalar, to_word
from .kernel_stubs import CAPS_IN, CAPS_OUT
from .text import arg, by_number, comment, comment_lines, head, snake, stay, wrap


# ------------------------------------------------------------------------------------------------- parameters

def string_given(a):
    """Parameters of a string that is given: a client's in, a server's out."""
    name = arg(a.name)
    if a.type.kind == "struct":
        return [f"const {element(a.type)} *{name}"]
    if a.type.kind == "array":
        return [f"const {element(a.type)} *{name}", f"size_t {name}_count"]
    return [f"const {'char' if a.type.kind == 'string' else 'void'} *{name}", f"size_t {name}_len"]


def string_bytes(a):
    """The length of such a string."""
    name = arg(a.name)
    return {"struct": f"sizeof(*{name})", "array": f"{name}_count * sizeof(*{name})"}.get(a.type.kind, f"{name}_len")


def string_wanted(a):
    """Parameters of a string that is to come."""
    name = arg(a.name)
    if a.type.kind == "struct":
        return [f"{element(a.type)} *{name}_out"]
    if a.type.kind == "array":
        return [f"{element(a.type)} *{name}", f"size_t {name}_room", f"size_t *{name}_count_out"]
    return [f"{'char' if a.type.kind == 'string' else 'void'} *{name}", f"size_t {name}_size", f"size_t *{name}_len_out"]


def buffer_of(a):
    """The place and the size for it."""
    name = arg(a.name)
    if a.type.kind == "struct":
        return f"{name}_out", f"sizeof(*{name}_out)"
    return name, f"{name}_room * sizeof(*{name})" if a.type.kind == "array" else f"{name}_size"


def parameters(m):
    params = ["uint32_t cap"]
    params += [f"{scalar(a.type)} {arg(a.name)}" for a in m.words_in]
    params += string_given(m.string_in) if m.string_in else []
    params += [f"uint32_t {arg(a.name, '_cap')}" for a in m.caps_in]
    params += [f"{scalar(a.type)} *{arg(a.name)}_out" for a in m.words_out]
    params += string_wanted(m.string_out) if m.string_out else []
    return params + [f"uint32_t {arg(a.name, '_reg')}" for a in m.caps_out]


def function(first, name, params):
    """The head of a function."""
    text = ", ".join(stay(p) for p in params) + ")"
    return wrap(text, f"{first} {name}(", "    ")


def about(m):
    """The comment of a method: what it does, arguments, errors."""
    doc = m.head.doc
    lines = comment_lines(f"{m.owner.name}.{m.name}: {doc.text}")
    for a in m.ins + m.outs:
        lines += comment_lines(f"{snake(a.name)}: {doc.param(a.name)}", " *   ", " *       ")
    for e in m.raises:
        lines += comment_lines(f"{e}: {doc.reason(e)}", " *   ", " *       ")
    lines[-1] += " */"
    return lines


# ------------------------------------------------------------------------------------------------- stubs

def control(m):
    """The control word of a call."""
    words = 1 + len(m.words_in)
    if m.caps_in or m.caps_out:
        regs = [str(len(m.caps_in))] + [arg(a.name, "_cap") for a in m.caps_in] + ["0"] * (CAPS_IN - len(m.caps_in))
        regs += [arg(a.name, "_reg") for a in m.caps_out] + ["0"] * (CAPS_OUT - len(m.caps_out))
        text = f"LK_CTL_CALL_CAPS(cap, {words}, {', '.join(regs)})"
    else:
        text = f"LK_CTL_CALL(cap, {words})"
    return text + " | LK_SSTR" * bool(m.string_in) + " | LK_RSTR" * bool(m.string_out)


def number_name(m):
    return prefix(m.owner) + snake(m.name).upper()


def words(m):
    return [number_name(m)] + [to_word(a.type, arg(a.name)) for a in m.words_in]


def eight(items):
    return ", ".join(items + ["0"] * (8 - len(items)))


def invocation(ctl, m):
    """The statement that carries out a call or a send without a string in both directions."""
    n, sent = 1 + len(m.words_in), words(m)
    if m.string_in:
        call = f"lk_invoke_send({n}, {ctl}, {arg(m.string_in.name)}, {string_bytes(m.string_in)}, {eight(sent)})"
    elif m.string_out:
        place, size = buffer_of(m.string_out)
        call = f"lk_invoke_recv({n}, {ctl}, {place}, {size}, {eight(sent)})"
    else:
        call = f"lk_call_ctl{n - 1}({ctl}, {', '.join(sent)})"
    return wrap(f"struct lk_in in = {call};", "    ", "        ")


def message_parameters(m):
    """As the stub's, without what only looks at the answer."""
    after = {f"{scalar(a.type)} *{arg(a.name)}_out" for a in m.words_out}
    if m.string_out and m.string_out.type.kind != "struct":
        after.add(string_wanted(m.string_out)[-1])
    return ["struct lk_msg *msg"] + [p for p in parameters(m) if p not in after]


def message(m):
    """The message of a call, for who sends it himself."""
    lines = [comment(f"The message of {m.owner.name}.{m.name}, for lk_invoke(): for who asks again when the server was begun again, or "
                     "sets a deadline. Words of the answer are in msg->w.")]
    lines += function("static inline void", f"{snake(m.owner.name)}_{snake(m.name)}_message", message_parameters(m)) + ["{"]
    lines += ["    *msg = (struct lk_msg){"] + wrap(f".control = {control(m)},", "        ", "            ")
    lines += wrap(f".w = {{ {', '.join(words(m))} }},", "        ", "            ")
    if m.string_in:
        lines += [f"        .string = {arg(m.string_in.name)},", f"        .string_len = (uint32_t)({string_bytes(m.string_in)}),"]
    if m.string_out:
        place, size = buffer_of(m.string_out)
        lines += [f"        .buffer = {place},", f"        .buffer_size = (uint32_t)({size}),"]
    lines.append("    };")
    if m.string_out:
        lines.append(f"    lk_touch_all({place}, {size}); /* an answer waits for no pager */")
    return lines + ["}", ""]


def send_message(m):
    """A call with a string in each direction."""
    names = [p.split()[-1].lstrip("*") for p in message_parameters(m)[1:]]
    return ["    struct lk_msg in;", ""] + \
        wrap(f"{snake(m.owner.name)}_{snake(m.name)}_message(&in, {', '.join(names)});", "    ", "        ") + ["    lk_invoke(&in);"]


def results(m):
    """What came, for whom wants it, and the status."""
    lines = []
    for n, a in enumerate(m.words_out, 1):
        lines += [f"    if ({arg(a.name)}_out != NULL) {{", f"        *{arg(a.name)}_out = {from_word(a.type, f'in.w[{n}]')};", "    }"]
    s = m.string_out
    if s and s.type.kind == "struct":
        lines += wrap(f"if (in.w[0] == STATUS_OK && lk_string_length(in.delivery) != sizeof(*{arg(s.name)}_out)) {{", "    ", "        ")
        lines += ["        return STATUS_REQUEST_ERROR;", "    }"]
    elif s:
        what = f"{arg(s.name)}_{'count' if s.type.kind == 'array' else 'len'}_out"
        each = f" / sizeof(*{arg(s.name)})" if s.type.kind == "array" else ""
        lines += [f"    if ({what} != NULL) {{", f"        *{what} = lk_string_length(in.delivery){each};", "    }"]
    return lines + ["    return (enum status)in.w[0];", "}", ""]


def stub(m):
    """One method."""
    lines = message(m) + about(m)
    lines += function("static inline enum status", f"{snake(m.owner.name)}_{snake(m.name)}", parameters(m)) + ["{"]
    if m.string_in and m.string_out:
        lines += send_message(m)
    else:
        if m.string_out:
            place, size = buffer_of(m.string_out)
            lines += [f"    lk_touch_all({place}, {size}); /* an answer waits for no pager */"]
        lines += invocation(control(m), m)
    return lines + [""] + results(m)


def send(m):
    """A one-way method: a send that may wait, and one that does not."""
    lines = []
    for suffix, shape, what in (("", "LK_SEND | LK_BLOCK", "Waits until the server takes it."),
                                ("_try", "LK_SEND", "The same, but WOULD_BLOCK if the server does not wait for it now.")):
        ctl = f"LK_CTL({shape}, cap, {1 + len(m.words_in)})" + " | LK_SSTR" * bool(m.string_in)
        if m.caps_in:
            regs = [arg(a.name, "_cap") for a in m.caps_in] + ["0"] * (CAPS_IN - len(m.caps_in))
            ctl += f" | LK_CTL_SENDS({1 + len(m.caps_in)}, 0, {', '.join(regs)})"
        lines += (about(m) if not suffix else []) + [comment(what)]
        lines += function("static inline enum status", f"{snake(m.owner.name)}_{snake(m.name)}{suffix}", parameters(m))
        lines += ["{"] + invocation(ctl, m) + ["", "    return (enum status)in.w[0];", "}", ""]
    return lines


def is_it(d, i):
    """Is a capability one to such a server?"""
    heirs = [h for h in d.servers() if i in h.line and h is not i]
    tests = " || ".join([f"type == {prefix(i)}INTERFACE"] + [f"type == {c_types.interface_number(h):#x}ull" for h in heirs])
    name = snake(i.name)
    return [comment(f"Does the capability in register `cap` lead to a server of {i.name}, or of what inherits from it? The "
                    "server says so itself."),
            f"static inline bool {name}_is(uint32_t cap)", "{", "    uint64_t type = 0;", ""] + \
        wrap(f"return lk_get_type(cap, &type) == STATUS_OK && ({tests});", "    ", "           ") + ["}", ""]


# ------------------------------------------------------------------------------------------------- the header

def numbers(i):
    """Its number, methods, constants and errors."""
    p = prefix(i)
    lines = [f"#define {p}INTERFACE {c_types.interface_number(i):#x}ull /* what getType answers */", "",
             "/* Methods: word 0 of a request. */"]
    lines += [f"#define {p}{snake(m.name).upper()} {m.number.value}u" for m in by_number(i.methods)]
    lines += [f"#define {p}METHODS {i.all_methods()[-1].number.value + 1}u /* one more than the highest number */", ""]
    for v in i.consts:
        lines += define(p + v.name, c_types.constant_number(v), v.head.doc.text)
    lines += [""] * bool(i.consts)
    for e in i.errors:
        lines += define(p + e.name, f"((enum status){e.number.value})", e.head.doc.text)
    return lines + [""] * bool(i.errors)


def header(d, i):
    base = [f"{snake(i.base.name)}.h"] if i.base and not i.base.of_kernel else []
    source = os.path.basename(i.name.place.file)
    lines = [head(f"{i.name}: {i.head.doc.text} Arguments as in <lykos/stubs.h>: the register of the capability; words in; the string "
                  "sent; registers of capabilities sent; where to put words out (null: not wanted); where to put the string; "
                  "registers to receive capabilities into (0: not wanted).", source),
             "#pragma once", "", *c_types.includes(base + c_types.types_used(d, i)),
             "#include <lykos/invoke.h>", "#include <lykos/room.h>", "#include <lykos/stubs.h>", "#include <stdbool.h>", ""]
    lines += numbers(i) + is_it(d, i)
    for m in by_number(i.methods):
        lines += send(m) if m.oneway else stub(m)
    return "\n".join(lines).rstrip() + "\n"
