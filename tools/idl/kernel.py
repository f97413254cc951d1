# SPDX-License-Identifier: BSD-2-Clause
"""<abi/gen.h>, and what all that is made for the kernel asks of its description."""

import re

from .text import COLUMNS, by_number, c_string, comment, head, in_comment, snake, stay, wrap

SOURCE = "kernel/abi/lykos.idl"
OVER = "OUT_OF_RANGE"  # the answer if word 1 is over `most`


# ------------------------------------------------------------------------------------------------- of the description

def lower(t):
    """The name of a type in function names and file names: AppNotice -> appnotice."""
    return t.name.lower()


def upper(t):
    return t.name.upper()


def doc_of(thing):
    return thing.head.doc.text


def object_of(t):
    note = t.head.note("object")
    return str(note.args[0][0]) if note else None


def is_memory(t):
    return any(i.name == "Memory" for i in t.line)


def shared(d, name):
    """The operations of Object or Memory."""
    return d.interface(name).methods


def takes_of(method):
    """The types that each capability may have, None for any; None if it says nothing of any of them."""
    takes = [None if a.type.names == ["any"] else a.type.names for a in method.caps_in]
    return takes if any(t is not None for t in takes) else None


def most_of(method):
    """(largest word 1 as C says it, the answer to a larger one), or None."""
    note = method.head.note("most")
    if note is None:
        return None
    return str(note.args[0]), str(note.args[1][0]) if len(note.args) > 1 else OVER


def size_of(argument):
    return argument.type.high.value if argument else 0


def is_exact(argument):
    return argument is not None and argument.type.low is not None and argument.type.low.value == argument.type.high.value


def counts(method):
    return len(method.words_in), len(method.words_out), len(method.caps_in), len(method.caps_out)


def text_of(entry):
    """A short phrase for messages: `text`, or the beginning of the comment up to the first colon or full stop."""
    note = entry.head.note("text")
    if note:
        return str(note.args[0])
    phrase = re.split(r"[:.(]", doc_of(entry))[0].strip()
    return phrase[0].lower() + phrase[1:]


def camel(name):
    words = name.lower().split("_")
    return words[0] + "".join(w.capitalize() for w in words[1:])


def op_rows(d):
    """(type, its operations by number), those of every capability among them."""
    for t in d.types():
        yield t, t.all_methods()


# ------------------------------------------------------------------------------------------------- <abi/gen.h>

def define(name, value):
    return f"#define {name} {value}"


def name_table(macro, what, names):
    lines = [comment(what), f"#define {macro} \\", "    { \\"]
    lines += [f"        {n}, \\" for n in names]
    lines.append("    }")
    return "\n".join(lines)


def constants(d):
    out = ["#ifdef __ASSEMBLER__"] + [define(name, number) for name, number in d.numbers().items()] + ["#else", ""]
    for group in d.constants:
        out.append(comment(f"{group.title}. {doc_of(group)}"))
        for v in group.values:
            line = define(group.prefix + v.name, f"({v.number.text})" if "<<" in v.number.text else v.number.text)
            whole = f"{line} /* {in_comment(doc_of(v))} */"
            out += [whole] if len(whole) <= COLUMNS else [comment(doc_of(v)), line]
        out.append("")
    return out + ["#endif /* __ASSEMBLER__ */", ""]


def types_and_operations(d):
    out = ["/* Capability types: codes that getType and Discrim.classify show. */"]
    out += [define(f"LK_TYPE_{upper(t)}", t.head.note("type").args[0].value) for t in d.types()]
    out += [define("LK_TYPES", len(d.types())), ""]
    out.append("/* Operations: word 0 of a request. */")
    out += [define(f"OP_{snake(m.name).upper()}", m.number.value) for m in by_number(shared(d, "Object"))]
    out += [define(f"OP_MEMORY_{snake(m.name).upper()}", m.number.value) for m in by_number(shared(d, "Memory"))]
    out += [define(f"OP_{upper(t)}_{snake(m.name).upper()}", m.number.value) for t in d.types() for m in by_number(t.methods)]
    most = max(m.number.value for _, methods in op_rows(d) for m in methods)
    return out + [define("LK_OPS", most + 1) + " /* one more than the highest code */", ""]


def codes(d):
    enums = (("status", "status", "STATUS", "Result codes: word 0 of an answer."),
             ("fault", "fault_code", "FAULT", "Fault codes."),
             ("slot", "process_slot", "SLOT", "Process slots."),
             ("trace", "trace_event", "TRACE", "What the trace ring records."))
    out = ["#ifdef __ASSEMBLER__"]
    for kind, _, prefix, _ in enums:
        out += [define(f"{prefix}_{e.name}", e.number.value) for e in by_number(d.codes[kind].values)]
    out.append("#else")
    for kind, enum, prefix, what in enums:
        out += ["", f"/* {what} */", f"enum {enum} {{"]
        out += [f"    {prefix}_{e.name} = {e.number.value}, /* {in_comment(text_of(e))} */" for e in by_number(d.codes[kind].values)]
        out.append("};")
    out += ["#endif /* __ASSEMBLER__ */", ""]
    out += [define(f"LK_{prefix}_COUNT", len(d.codes[kind].values)) for kind, _, prefix, _ in enums]
    return out + [""]


def names(d):
    out = ["/* Names, for messages: initialisers of arrays of strings, indexed by code. */"]
    for macro, what, words in (
            ("LK_STATUS_NAMES", "Result codes in words, LK_STATUS_COUNT of them.",
             [text_of(e) for e in by_number(d.codes["status"].values)]),
            ("LK_FAULT_NAMES", "Fault codes in words, LK_FAULT_COUNT of them.",
             [text_of(e) for e in by_number(d.codes["fault"].values)]),
            ("LK_SLOT_NAMES", "Process slots, LK_SLOT_COUNT of them.",
             [camel(e.name) for e in by_number(d.codes["slot"].values)]),
            ("LK_TYPE_NAMES", "Capability types, LK_TYPES of them.", [t.name for t in d.types()])):
        out.append(name_table(macro, what, [c_string(w) for w in words]))
    lines = [comment("Operations: an initialiser of `const char *const x[LK_TYPES][LK_OPS]`; null where a type has no "
                     "such operation."), "#define LK_OP_NAMES \\", "    { \\"]
    for t, methods in op_rows(d):
        if methods:
            cells = ", ".join(stay(f"[{m.number.value}] = {c_string(t.name + '.' + m.name)}") for m in methods)
            wrapped = wrap(f"[LK_TYPE_{upper(t)}] = {{ {cells} }}", "        ", "            ", COLUMNS - 3)
            lines += [f"{w} \\" for w in wrapped[:-1]] + [f"{wrapped[-1]}, \\"]
    lines.append("    }")
    return out + ["\n".join(lines)]


def header(d):
    out = [head("The lists of the kernel interface as constants: numbers of an invocation, capability types, operations, "
                "result codes, fault codes, slots. Kernel, user-level C and assembly.", SOURCE)]
    out += ["#ifndef ABI_GEN_H", "#define ABI_GEN_H", "", define("LK_ABI_VERSION", d.version.number.value), ""]
    out += constants(d) + types_and_operations(d) + codes(d) + names(d)
    return "\n".join(out + ["", "#endif", ""])
