# SPDX-License-Identifier: BSD-2-Clause
"""<lykos/stubs.h>: one inline function for each operation of the kernel."""

from .kernel import SOURCE, counts, doc_of, lower
from .text import arg, by_number, comment_lines, head, snake, stay, wrap

CAPS_IN, CAPS_OUT = 3, 4


def parameters(method):
    params = ["uint32_t cap"]
    params += [f"uint64_t {arg(a.name)}" for a in method.words_in]
    if method.string_in:
        params += ["const void *text", "size_t text_len"]
    params += [f"uint32_t {arg(a.name, '_cap')}" for a in method.caps_in]
    params += [f"uint64_t *{arg(a.name)}_out" for a in method.words_out]
    if method.string_out:
        params += ["void *buffer", "size_t buffer_size", "size_t *len_out"]
    return params + [f"uint32_t {arg(a.name, '_reg')}" for a in method.caps_out]


def about(title, method):
    lines = comment_lines(f"{title}.{method.name}: {doc_of(method)}")
    for args, suffix in ((method.words_in, ""), (method.caps_in, "_cap"), (method.words_out, "_out"), (method.caps_out, "_reg")):
        for a in args:
            name = arg(a.name) + suffix if suffix == "_out" else arg(a.name, suffix)
            lines += comment_lines(f"{name}: {method.head.doc.param(a.name)}", " *   ", " *       ")
    lines[-1] += " */"
    return lines


def call(prefix, method):
    """The expression that carries it out."""
    words_in, _, caps_in, caps_out = counts(method)
    if caps_in or caps_out:
        regs = [str(caps_in)] + [arg(a.name, "_cap") for a in method.caps_in] + ["0"] * (CAPS_IN - caps_in)
        regs += [arg(a.name, "_reg") for a in method.caps_out] + ["0"] * (CAPS_OUT - caps_out)
        control = [f"LK_CTL_CALL_CAPS(cap, {1 + words_in}, {', '.join(regs)})"]
    else:
        control = [f"LK_CTL_CALL(cap, {1 + words_in})"]
    words = ", ".join([f"OP_{(prefix + '_' if prefix else '')}{snake(method.name)}".upper()] + [arg(a.name) for a in method.words_in])
    control += ["LK_SSTR"] * bool(method.string_in) + ["LK_RSTR"] * bool(method.string_out)
    expression = " | ".join(control)
    if method.string_in:
        return f"lk_call_send{words_in}({expression}, {words}, text, text_len)"
    if method.string_out:
        return f"lk_call_recv{words_in}({expression}, {words}, buffer, buffer_size)"
    return f"lk_call_ctl{words_in}({expression}, {words})"


def stub(prefix, title, method):
    """One inline function for one operation."""
    lines = about(title, method)
    name = f"lk_{prefix}_{snake(method.name)}" if prefix else f"lk_{snake(method.name)}"
    text = ", ".join(stay(p) for p in parameters(method)) + ")"
    lines += wrap(text, f"static inline enum status {name}(", "    ")
    lines.append("{")
    lines += wrap(f"struct lk_in in = {call(prefix, method)};", "    ", "        ")
    lines.append("")
    for i, a in enumerate(method.words_out):
        lines += [f"    if ({arg(a.name)}_out != NULL) {{", f"        *{arg(a.name)}_out = in.w[{i + 1}];", "    }"]
    if method.string_out:
        lines += ["    if (len_out != NULL) {", "        *len_out = lk_string_length(in.delivery);", "    }"]
    lines += ["    return (enum status)in.w[0];", "}", ""]
    return "\n".join(lines)


def stubs(d):
    lines = [head("One inline function for each operation of each kernel capability. Arguments in this order: the "
                  "register of the capability invoked; words in; the string sent; registers of the capabilities sent; where "
                  "to put words out (null: not wanted; meaningful only if the status is STATUS_OK); where to put the string; "
                  "registers to receive capabilities into (0: not wanted).", SOURCE),
             "#ifndef LYKOS_STUBS_H", "#define LYKOS_STUBS_H", "", "#include <abi/gen.h>", "#include <lykos/invoke.h>",
             "#include <stddef.h>", "#include <stdint.h>", ""]
    for i in [d.interface("Object"), d.interface("Memory"), *d.types()]:
        title = i.head.note("title")
        prefix = "" if i.name == "Object" else lower(i)
        lines += [stub(prefix, str(title.args[0]) if title else i.name, m) for m in by_number(i.methods)]
    lines += ["#endif", ""]
    return "\n".join(lines)
