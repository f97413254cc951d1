# SPDX-License-Identifier: BSD-2-Clause
"""<lykos/gen/NAME_server.h>: what stands between the server loop (<lykos/server.h>) and the functions that a server writes, one
for each method. Everything that the description says of a request is checked before such a function is called."""

import os

from .c_types import element, from_word, prefix, scalar, to_word, wrong_word
from .check_types import size_of, types_of
from .client import function, number_name, string_bytes, string_given
from .text import STAY, arg, comment, comment_lines, head, snake, stay, wrap


def methods_of(i):
    """Those that the server writes a function for."""
    return [m for m in i.all_methods() if m.owner.name != "Object"]


def op_name(i, m):
    return f"{snake(i.name)}_op_{snake(m.name)}"


# ------------------------------------------------------------------------------------------------- the server's functions

def parameters(m):
    """In the order of the stubs. Strings and structures to answer with stand in storage of the server."""
    params = ["struct lk_request *rq"]
    params += [f"{scalar(a.type)} {arg(a.name)}" for a in m.words_in]
    params += string_given(m.string_in) if m.string_in else []
    params += [f"uint32_t {arg(a.name, '_cap')}" for a in m.caps_in]
    params += [f"{scalar(a.type)} *{arg(a.name)}" for a in m.words_out]
    if m.string_out:
        first, *more = string_given(m.string_out)
        params += [first.replace(" *", " **")] + [p.replace("size_t ", "size_t *") for p in more]
    return params + [f"uint32_t *{arg(a.name, '_reg')}" for a in m.caps_out]


def prototype(i, m):
    lines = comment_lines(f"{m.name}: {m.head.doc.text}")
    lines[-1] += " */"
    kind = "void" if m.oneway else "enum status"
    lines += function(kind, op_name(i, m), parameters(m))
    lines[-1] += ";"
    return lines


# ------------------------------------------------------------------------------------------------- requests

def type_mask(d, names):
    """The types that a capability may have."""
    found = []
    for name in names:
        found += [t for t in types_of(d, d.interface(name)) if t not in found]
    return " | ".join(f"1u << LK_TYPE_{t.name.upper()}" for t in found)


def is_typed(a):
    return a.type.names != ["any"]


def checks(d, m):
    """What the loop has not checked yet: values of words, lengths of runs, types of capabilities, cheap ones first."""
    conditions = [wrong_word(a.type, f"rq->w[{n}]") for n, a in enumerate(m.words_in, 1)]
    if m.string_in and m.string_in.type.kind == "array":
        conditions.append(f"rq->string_len % {size_of(m.string_in.type)} != 0")
    lines = []
    for c in filter(None, conditions):
        lines += wrap(f"if ({c}) {{", "    ", "        ") + ["        return STATUS_REQUEST_ERROR;", "    }"]
    for n, a in enumerate(m.caps_in):
        if is_typed(a):
            lines += wrap(f"if (!lk_request_cap_is(rq, {n}, {type_mask(d, a.type.names)})) {{", "    ", "        ")
            lines += ["        return STATUS_REQUEST_ERROR;", "    }"]
    return lines


def is_direct(a):
    """Can the function put it right into the answer? It can if the answer has the same type."""
    return a.type.name == "u64" and a.type.kind == "word" or a.type.kind == "bytes"


def arguments(m):
    """What the function is called with."""
    args = ["rq"] + [from_word(a.type, f"rq->w[{n}]") for n, a in enumerate(m.words_in, 1)]
    if m.string_in:
        kind = m.string_in.type.kind
        data = "rq->string" if kind in ("string", "bytes") else f"(const {element(m.string_in.type)} *)(const void *)rq->string"
        length = {"struct": [], "array": [f"rq->string_len / {size_of(m.string_in.type)}"]}.get(kind, ["rq->string_len"])
        args += [data] + length
    args += [f"LK_REG_ARG + {n}" if n else "LK_REG_ARG" for n in range(len(m.caps_in))]
    args += [f"&rq->out[{n}]" if is_direct(a) else f"&{arg(a.name)}" for n, a in enumerate(m.words_out, 1)]
    if m.string_out and is_direct(m.string_out):
        args += ["&rq->out_string", "&rq->out_string_len"]
    elif m.string_out:
        name = arg(m.string_out.name)
        args += [f"&{name}"] + {"struct": [], "array": [f"&{name}_count"]}.get(m.string_out.type.kind, [f"&{name}_len"])
    return args + [f"&rq->out_cap[{n}]" for n in range(len(m.caps_out))]


def locals_of(m):
    """Where the function leaves words and the string."""
    lines = []
    for a in [a for a in m.words_out if not is_direct(a)]:
        zero = "false" if a.type.name == "bool" else f"({scalar(a.type)})0" if scalar(a.type).startswith("enum") else "0"
        lines.append(f"    {scalar(a.type)} {arg(a.name)} = {zero};")
    if m.string_out and not is_direct(m.string_out):
        first, *more = string_given(m.string_out)
        lines += [f"    {first} = NULL;"] + [f"    {p} = 0;" for p in more]
    return lines


def shape(m):
    """How many words and capabilities the answer has."""
    lines = [f"    rq->out_words = {len(m.words_out)};"] * bool(m.words_out)
    return lines + [f"    rq->out_caps = {len(m.caps_out)};"] * bool(m.caps_out)


def answer(m):
    """The rest of the answer, from what the function has left."""
    lines = [f"    rq->out[{n}] = {to_word(a.type, arg(a.name))};" for n, a in enumerate(m.words_out, 1) if not is_direct(a)]
    if m.string_out and not is_direct(m.string_out):
        name = arg(m.string_out.name)
        length = f"{name} != NULL ? sizeof(*{name}) : 0" if m.string_out.type.kind == "struct" else string_bytes(m.string_out)
        lines += [f"    rq->out_string = {name};", f"    rq->out_string_len = {length};"]
    return lines


def take(d, i, m):
    """The function that the loop calls."""
    lines = [f"static enum status {snake(i.name)}_take_{snake(m.name)}(struct lk_request *rq)", "{"]
    own = locals_of(m)
    after = answer(m)
    if after and not m.oneway:
        own.append("    enum status result;")
    lines += own + [""] * bool(own) + checks(d, m) + shape(m)
    call = f"{op_name(i, m)}({', '.join(arguments(m))});"
    if m.oneway:
        lines += ["    rq->no_answer = true; /* one-way */"] + wrap(call, "    ", "        ") + ["    return STATUS_OK;"]
    elif after:
        lines += wrap("result = " + call, "    ", "        ") + after + ["    return result;"]
    else:
        lines += wrap("return " + call, "    ", "        ")
    return lines + ["}", ""]


def row(i, m):
    """Its line in the table of the loop, which checks numbers and lengths."""
    fields = [f".fn = {snake(i.name)}_take_{snake(m.name)}"]
    fields += [f".words = {len(m.words_in)}"] * bool(m.words_in) + [f".caps = {len(m.caps_in)}"] * bool(m.caps_in)
    if m.string_in:
        low, high = string_limits(m.string_in)
        fields += [f".string_min = {low}"] * bool(low) + [f".string_max = {high}"]
    fields.append(f'.name = "{m.name}"')
    fields = ", ".join(stay(f) for f in fields)
    return wrap(f"[{number_name(m)}] = {{ {fields}{STAY}}},", "    ", "        ")


def string_limits(a):
    """Least and most bytes of a string."""
    if a.type.kind == "struct":
        return size_of(a.type), size_of(a.type)
    if a.type.kind == "array":
        return 0, a.type.length.value * size_of(a.type)
    return a.type.low.value if a.type.low else 0, a.type.high.value


# ------------------------------------------------------------------------------------------------- later answers

def later_parameters(m):
    params = ["uint32_t reg", "enum status status"]
    params += [f"{scalar(a.type)} {arg(a.name)}" for a in m.words_out]
    params += string_given(m.string_out) if m.string_out else []
    return params + [f"uint32_t {arg(a.name, '_cap')}" for a in m.caps_out]


def later(i, m):
    """An answer to a caller that was kept."""
    n = 1 + len(m.words_out)
    ctl = f"LK_CTL(LK_SEND, reg, {n})" + " | LK_SSTR" * bool(m.string_out)
    if m.caps_out:
        regs = [arg(a.name, "_cap") for a in m.caps_out] + ["0"] * (4 - len(m.caps_out))
        ctl += f" | LK_CTL_SENDS({len(m.caps_out)}, {', '.join(regs)})"
    words = ["status"] + [to_word(a.type, arg(a.name)) for a in m.words_out]
    if m.string_out:
        call = f"lk_invoke_send({n}, {ctl}, {arg(m.string_out.name)}, {string_bytes(m.string_out)}, {', '.join(words + ['0'] * (8 - n))})"
    else:
        call = f"lk_call_ctl{n - 1}({ctl}, {', '.join(words)})"
    lines = function("static inline enum status", f"{snake(i.name)}_{snake(m.name)}_answer", later_parameters(m)) + ["{"]
    return lines + wrap(f"struct lk_in in = {call};", "    ", "        ") + \
        ["", "    lk_drop_cap(reg);", "    return (enum status)in.w[0];", "}", ""]


# ------------------------------------------------------------------------------------------------- the header

def server_macros(i, methods, buffer):
    """The members of struct lk_server that come from the description: with a buffer for strings, and without."""
    p, name = prefix(i), snake(i.name)
    typed = any(is_typed(a) for m in methods for a in m.caps_in)
    takes = "(discrim_name)" if typed else ""
    members = [f".methods = {name}_methods", f".method_count = {p}METHODS", f".interface = {p}INTERFACE"]
    members += [".discrim = \"\" discrim_name"] if typed else []
    what = "The members of a struct lk_server that come from the description."
    if typed:
        what += " `discrim_name`, in quotes, is what the description of the system calls a capability of type Discrim: the " \
                "types of capabilities are asked of it."
    lines = [comment(what)] + macro(f"{p}SERVER{takes}", [f"{p}DISPATCH{takes}"] + (
        [f".buffer = {name}_buffer", f".buffer_size = sizeof({name}_buffer)"] if buffer else []))
    what = "The same without a buffer, for a program that has several interfaces in one loop: it says which buffer they share."
    return lines + ["", comment(what)] + macro(f"{p}DISPATCH{takes}", members)


def macro(head_, members):
    return [f"#define {head_} \\"] + [f"    {m}, \\" for m in members[:-1]] + [f"    {members[-1]}"]


def header(d, i):
    methods = methods_of(i)
    name, p = snake(i.name), prefix(i)
    source = os.path.basename(i.name.place.file)
    lines = [head(f"The server's side of {i.name}. Include it where the functions {name}_op_... are, once in a program. {p}SERVER "
                  "fills in a struct lk_server, for lk_serve().", source),
             "#pragma once", "", f"#include <lykos/gen/{name}.h>", "#include <lykos/server.h>", "",
             comment("The functions that the server has to have: one for each method, called with a request that is as the "
                     "description says. What they return is the result; words and capabilities out are 0 until they are set, "
                     "and strings out are read after the function has returned. It names its parameters as it likes."),
             "/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */", ""]
    for m in methods:
        lines += prototype(i, m) + [""]
    lines += ["/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */", ""]
    later_ones = [m for m in methods if not m.oneway]
    if later_ones:
        lines += [comment("Answers to callers that lk_keep_caller() has put into register `reg`, which is Null afterwards. Without "
                          "blocking; INVALID_CAP: the caller is gone.")]
    for m in later_ones:
        lines += later(i, m)
    for m in methods:
        lines += take(d, i, m)
    lines += ["/* The methods, for the server loop. */", f"static const struct lk_method {name}_methods[{p}METHODS] = {{",
              "    [OP_GET_TYPE] = { .fn = lk_server_get_type, .name = \"getType\" },"]
    for m in methods:
        lines += row(i, m)
    lines += ["};", ""]
    buffer = max((string_limits(m.string_in)[1] for m in methods if m.string_in), default=0)
    if buffer:
        lines += [comment("The longest string of a request, and where strings are received."), f"#define {p}STRING_MAX {buffer}u",
                  f"__attribute__((unused)) static _Alignas(16) char {name}_buffer[{p}STRING_MAX];", ""]
    lines += server_macros(i, methods, buffer)
    return "\n".join(lines).rstrip() + "\n"
