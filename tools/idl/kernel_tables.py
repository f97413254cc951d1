# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel includes beside <abi/gen.h>: capability types, trace events, operation tables."""

from .kernel import SOURCE, counts, is_exact, is_memory, lower, most_of, object_of, size_of, takes_of, upper
from .text import by_number, c_string, head, snake, stay, wrap

NEEDS = {"write": "LK_RO | LK_WK", "fetch": "LK_OP", "mutate": "LK_RO | LK_WK | LK_OP"}
OBJECT_FRAMES = {"page": "DESCRIPTORS", "cappage": "DESCRIPTORS", "devicepage": "DESCRIPTORS"}  # others: their own name


def mask_of(names):
    return " | ".join(f"1u << CAP_{name.upper()}" for name in names)


def captypes(d):
    types = d.types()
    lines = [head("Capability types of the kernel. Included by <kernel/cap.h> only.", SOURCE), "#ifndef GEN_CAPTYPES_H",
             "#define GEN_CAPTYPES_H", "", "enum cap_type {"]
    lines += [f"    CAP_{upper(t)} = {n}," for n, t in enumerate(types)]
    lines += ["};", "", "/* Those that name an object made from storage, and those that are memory: bit n for type n. */"]
    lines += [f"#define CAP_OBJECT_TYPES ({mask_of([t.name for t in types if object_of(t)])})",
              f"#define CAP_MEMORY_TYPES ({mask_of([t.name for t in types if is_memory(t)])})", "",
              "/* In frames of which kind the header of the object stands: an initialiser of `uint8_t x[LK_TYPES]`. */",
              "#define CAP_HEADER_FRAMES \\", "    { \\"]
    for t in types:
        if object_of(t):
            lines.append(f"        [CAP_{upper(t)}] = FRAME_{OBJECT_FRAMES.get(object_of(t), object_of(t).upper())}, \\")
    lines += ["    }", "", "/* What the slots of a process may hold: an initialiser of `uint32_t x[LK_SLOT_COUNT]`, of masks. */",
              "#define CAP_SLOT_TAKES \\", "    { \\"]
    for slot in by_number(d.codes["slot"].values):
        takes = slot.head.note("takes")
        lines.append(f"        [SLOT_{slot.name}] = {mask_of(takes.args[0]) if takes else 'UINT32_MAX'}, \\")
    return "\n".join(lines + ["    }", "", "#endif", ""])


def trace_events(d):
    events = by_number(d.codes["trace"].values)
    lines = [head("Names of trace events. Included by <kernel/trace.h> only.", SOURCE), "#ifndef GEN_TRACEEVENTS_H",
             "#define GEN_TRACEEVENTS_H", "", "/* An initialiser of an array of strings. */"]
    lines += ["#define TRACE_NAMES \\", "    { \\"]
    lines += [f"        {c_string(e.name.lower())}, \\" for e in events]
    return "\n".join(lines + ["    }", "", "#endif", ""])


def function(t, method):
    """The function behind an operation: `common` and `memory` for those of many types."""
    owner = {"Object": "common", "Memory": "memory"}.get(t.name, lower(t))
    return f"{owner}_op_{snake(method.name)}"


def operations(d):
    """Declarations of those functions."""
    lines = [head("Declarations of the functions behind the operations of kernel capabilities.", SOURCE),
             "#ifndef GEN_OPS_H", "#define GEN_OPS_H", "", "#include <abi/gen.h>", "", "struct invocation;", "struct cap;", ""]
    for t in [d.interface("Object"), d.interface("Memory"), *d.types()]:
        for m in by_number(t.methods):
            name = function(t, m)
            if m.head.note("slot"):
                lines.append(f"enum status {name}(const struct cap *c, uint64_t slot, const struct cap *with, struct cap *old);")
            else:
                lines.append(f"{'void' if m.head.note('effect') else 'enum status'} {name}(struct invocation *inv);")
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def row(method, name):
    """One line of an operation table."""
    words_in, words_out, caps_in, caps_out = counts(method)
    form = "effect" if method.head.note("effect") else "slot" if method.head.note("slot") else "fn"
    fields = [f".{form} = {name}", f".form = OPERATION_{form.upper()}"]
    for key, value in (("words", words_in and f"{words_in}u << LK_NWORDS_SHIFT"), ("words_out", words_out),
                       ("caps", caps_in and f"{caps_in + 1}u << (LK_NSEND_SHIFT - 32)"), ("caps_in", caps_in),
                       ("caps_out", caps_out),
                       ("string_in", size_of(method.string_in)), ("string_out", size_of(method.string_out))):
        if value:
            fields.append(f".{key} = {stay(str(value))}")
    needs, most, takes = method.head.note("needs"), most_of(method), takes_of(method)
    if needs:
        fields.append(stay(f".forbid = {NEEDS[needs.args[0][0]]}"))
    fields.append(stay(f".most = {most[0] if most else 'UINT64_MAX'}"))
    if takes or is_exact(method.string_in):
        masks = [mask_of(t) if t else "UINT32_MAX" for t in takes] if takes else ["UINT32_MAX"] * caps_in
        fields += [".checks = true"] + [f".takes = {{ {', '.join(masks)} }}"] * (caps_in > 0)
    fields += [".exact = true"] if is_exact(method.string_in) else []
    if most:
        fields.append(stay(f".over = STATUS_{most[1]}"))
    return "\n".join(wrap(f"[{method.number.value}] = {{ {', '.join(fields)} }},", "    ", "            "))


def operation_tables(d):
    lines = [head("Operation tables of kernel capabilities, by type. Included once, after <kernel/invoke.h> and <ops.h>.", SOURCE), ""]
    tables, slots = [], []
    for t in d.types():
        methods = t.all_methods()
        if t.base is None:
            continue
        array = f"{lower(t)}_ops"
        lines.append(f"static const struct operation {array}[] = {{")
        lines += [row(m, function(m.owner, m)) for m in methods]
        lines += ["};", ""]
        numbers = [m.number.value for m in t.methods if m.head.note("slot")]
        if numbers:
            slots.append(f"    [LK_TYPE_{upper(t)}] = {' | '.join(f'1u << {n}' for n in numbers)},")
        tables.append(f"    [LK_TYPE_{upper(t)}] = {{ .op = {array}, .ops = {max(m.number.value for m in methods) + 1} }},")
    lines += ["const struct operation_table operation_tables[LK_TYPES] = {"] + tables + ["};", ""]
    lines += ["const uint32_t slot_operations[LK_TYPES] = {"] + slots + ["};", ""]
    return "\n".join(lines)
