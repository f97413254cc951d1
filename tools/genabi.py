#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make everything that repeats the kernel's interface from its one list, kernel/abi/lykos.toml.

    genabi.py LIST OUTDIR               constants, type list, operation tables, user stubs, into OUTDIR
    genabi.py LIST --docs FILE          the reference page
    genabi.py LIST --docs FILE --check  compare FILE with what would be made; fail if it differs

OUTDIR gets include/abi/gen.h, captypes.h, traceevents.h, ops.h, optables.inc, include/lykos/stubs.h, and abi.stamp, which is new
after every run; the other files are only written when they change. The list is checked first: every mistake is
reported with the name of the entry it is in, and nothing is written. Python 3.11, standard library only.
"""

import argparse
import os
import re
import sys
import tomllib

MAX_WORDS_IN = 7  # word 0 is the method, or the result
MAX_WORDS_OUT = 7
MAX_CAPS_IN = 3  # capability 0 is the reply capability
MAX_CAPS_OUT = 4
MAX_WORDS_STRING = 3  # words in beside a string: lk_call_send3, lk_call_recv3
MAX_OP_CODE = 63
MAX_TYPE_CODE = 63
COLUMNS = 100

NOT_KERNEL = ("Null", "Entry")  # types on which the kernel carries out nothing, not even getType
OBJECTS = ("process", "endpoint", "gpt", "page", "cappage", "schedule", "devicepage")
NEEDS = {
    None: "0",
    "write": "LK_RO | LK_WK",
    "fetch": "LK_OP",
    "mutate": "LK_RO | LK_WK | LK_OP",
}
OVER = "OUT_OF_RANGE"  # the answer if word 1 is over `most`
NEEDS_WORDS = {
    "write": "refused through a read-only or weak capability",
    "fetch": "refused through an opaque capability",
    "mutate": "refused through a read-only, weak or opaque capability",
}

# Keys of each kind of entry: name -> (type, required).
KEYS = {
    "": {
        "abi_version": (int, True), "status": (list, True), "fault": (list, True), "slot": (list, True),
        "type": (list, True), "memory_op": (list, True), "common_op": (list, True), "constants": (list, True),
        "trace": (list, True),
    },
    "trace": {"name": (str, True), "code": (int, True), "doc": (str, True)},
    "constants": {"name": (str, True), "prefix": (str, True), "doc": (str, True), "list": (list, True)},
    "status": {"name": (str, True), "code": (int, True), "doc": (str, True), "text": (str, False)},
    "fault": {"name": (str, True), "code": (int, True), "doc": (str, True), "text": (str, True)},
    "slot": {"name": (str, True), "code": (int, True), "doc": (str, True), "text": (str, False), "takes": (str, False)},
    "type": {
        "name": (str, True), "code": (int, True), "doc": (str, True), "object": (str, False),
        "memory": (bool, False), "op": (list, False),
    },
    "op": {
        "name": (str, True), "code": (int, True), "doc": (str, True), "in": (list, False),
        "out": (list, False), "caps_in": (list, False), "caps_out": (list, False),
        "string_in": (int, False), "string_out": (int, False), "needs": (str, False),
        "exact": (bool, False), "most": (str, False), "over": (str, False), "errors": (list, False), "effect": (bool, False),
        "slot": (bool, False),
        "takes": (list, False),
    },
}

# An entry of a list of constants. The number is as C has it: 3, 0x10u, 1ull << 24.
CONSTANT = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*) = (?P<number>(0x[0-9a-f]+|[0-9]+)(?P<suffix>u|ull)?( << [0-9]+)?): (?P<doc>\S.*)$")


class Checker:
    """Collects the mistakes of the list; each message begins with the place of the mistake."""

    def __init__(self):
        self.errors = []
        self.string_max = 0

    def error(self, where, text):
        self.errors.append(f"{where}: {text}" if where else text)

    def keys(self, where, kind, entry):
        """Keys and their types. True if the entry can be looked at further."""
        if not isinstance(entry, dict):
            self.error(where, "not a table")
            return False
        good = True
        known = KEYS[kind]
        for key, value in entry.items():
            if key not in known:
                self.error(where, f"unknown key '{key}'")
                good = False
            elif type(value) is not known[key][0]:
                self.error(where, f"'{key}' must be of type {known[key][0].__name__}")
                good = False
        for key, (_, required) in known.items():
            if required and key not in entry:
                self.error(where, f"'{key}' is missing")
                good = False
        return good

    def unique(self, where, kind, entries, highest, dense=False):
        """Names and codes of a list of entries: one each, codes from 0 (without gaps if `dense`)."""
        names, codes = {}, {}
        for e in entries:
            here = f"{where}{kind} {e['name']}"
            if not 0 <= e["code"] <= highest:
                self.error(here, f"code {e['code']} is not 0..{highest}")
            if e["code"] in codes:
                self.error(here, f"code {e['code']} is already that of {codes[e['code']]}")
            if e["name"].lower() in names:
                self.error(here, "name used twice")
            codes[e["code"]] = e["name"]
            names[e["name"].lower()] = True
        if dense and sorted(codes) != list(range(len(codes))):
            self.error(where.rstrip(": "), f"codes of {kind} have a gap")

    def fields(self, where, op, key, most):
        """A list of 'name: meaning', at most `most` of them."""
        items = op.get(key, [])
        if len(items) > most:
            self.error(where, f"'{key}' has {len(items)} entries, at most {most} travel")
        for item in items:
            if not isinstance(item, str) or not re.match(r"^[a-z][A-Za-z0-9]*: \S", item):
                self.error(where, f"'{key}' entry {item!r} is not of the form 'name: meaning'")

    def operation(self, where, op, statuses, memory):
        self.fields(where, op, "in", MAX_WORDS_IN)
        self.fields(where, op, "out", MAX_WORDS_OUT)
        self.fields(where, op, "caps_in", MAX_CAPS_IN)
        self.fields(where, op, "caps_out", MAX_CAPS_OUT)
        if not re.match(r"^[a-z][A-Za-z0-9]*$", op["name"]):
            self.error(where, "name is not a word in camelCase")
        if op.get("string_in") and op.get("string_out"):
            self.error(where, "a string both ways has no stub")
        for key in ("string_in", "string_out"):
            if op.get(key) and len(op.get("in", [])) > MAX_WORDS_STRING:
                self.error(where, f"'{key}' and more than {MAX_WORDS_STRING} words in have no stub")
            most = self.string_max - (key == "string_in")  # with room for a zero byte behind it
            if not 0 <= op.get(key, 0) <= most:
                self.error(where, f"'{key}' is not 0..{most}")
        if op.get("needs") not in NEEDS:
            self.error(where, f"'needs' is {op['needs']!r}, not one of write, fetch, mutate")
        elif "needs" in op and not memory:
            self.error(where, "'needs' makes sense only in a memory type")
        if "most" in op and not op.get("in"):
            self.error(where, "'most' makes sense only with a word in")
        if op.get("slot") and (
            not op.get("in") or op.get("out") or len(op.get("caps_out", [])) != 1 or len(op.get("caps_in", [])) > 1
            or op["code"] >= 32 or {"string_in", "string_out", "takes", "exact", "effect"} & set(op)
        ):
            self.error(where, "'slot' is for codes below 32, with a number, at most one capability, and one that is the answer")
        if "exact" in op and not op.get("string_in"):
            self.error(where, "'exact' makes sense only beside 'string_in'")
        if op.get("over", OVER) not in statuses or ("over" in op and "most" not in op):
            self.error(where, "'over' must be a status, beside 'most'")
        if "most" in op and not any(str(e).startswith(op.get("over", OVER) + ":") for e in op.get("errors", [])):
            self.error(where, f"'most', but 'errors' does not say what {op.get('over', OVER)} means")
        if "takes" in op and len(op["takes"]) != len(op.get("caps_in", [])):
            self.error(where, "'takes' must have an entry for each of 'caps_in'")
        if "takes" in op and not any(str(e).startswith("REQUEST_ERROR:") for e in op.get("errors", [])):
            self.error(where, "'takes', but 'errors' does not say what REQUEST_ERROR means")
        names = {}
        for item in op.get("in", []) + op.get("caps_in", []) + op.get("out", []) + op.get("caps_out", []):
            name = item.split(":")[0] if isinstance(item, str) else ""
            if name in names:
                self.error(where, f"argument name '{name}' is used twice")
            names[name] = True
        for item in op.get("errors", []):
            match = re.match(r"^([A-Z_]+): \S", item) if isinstance(item, str) else None
            if not match:
                self.error(where, f"'errors' entry {item!r} is not of the form 'STATUS: why'")
            elif match[1] not in statuses:
                self.error(where, f"'errors' names {match[1]}, which is no status")

    def takes(self, where, items, types):
        for name in [name for item in items for name in str(item).split(" | ")]:
            if name not in types:
                self.error(where, f"'takes' names {name}, which is no type")

    def operations(self, where, ops, statuses, memory):
        good = [op for op in ops if self.keys(f"{where}op {name_of(op)}", "op", op)]
        self.unique(where, "op", good, MAX_OP_CODE)
        for op in good:
            self.operation(f"{where}op {op['name']}", op, statuses, memory)
        return good

    def constants(self, groups):
        """Groups of constants; no name twice in all of them."""
        names = {}
        for group in groups:
            where = f"constants {name_of(group)}"
            if not self.keys(where, "constants", group):
                continue
            for item in group["list"]:
                if not isinstance(item, str) or not CONSTANT.match(item):
                    self.error(where, f"{item!r} is not of the form 'NAME = number: meaning'")
                    continue
                name = group["prefix"] + CONSTANT.match(item)["name"]
                if name in names:
                    self.error(where, f"{name} is already one of {names[name]}")
                names[name] = group["name"]

    def list(self, data):
        """The whole list."""
        if not self.keys("", "", data):
            return
        self.constants(data["constants"])
        if not self.errors:
            self.string_max = numbers(data).get("LK_KERNEL_STRING_MAX", 0)
        for kind in ("status", "fault", "slot", "trace"):
            good = [e for e in data[kind] if self.keys(f"{kind} {name_of(e)}", kind, e)]
            self.unique("", kind, good, 255, dense=True)
            for e in good:
                if not re.match(r"^[A-Z][A-Z0-9_]*$", e["name"]):
                    self.error(f"{kind} {e['name']}", "name is not in upper case")
        statuses = {e.get("name") for e in data["status"] if isinstance(e, dict)}
        shared = self.operations("common_op: ", data["common_op"], statuses, False)
        shared += self.operations("memory_op: ", data["memory_op"], statuses, True)
        self.unique("common_op and memory_op: ", "op", shared, MAX_OP_CODE)
        types = [t for t in data["type"] if self.keys(f"type {name_of(t)}", "type", t)]
        self.unique("", "type", types, MAX_TYPE_CODE, dense=True)
        for slot in data["slot"]:
            if isinstance(slot, dict) and "takes" in slot:
                self.takes(f"slot {name_of(slot)}", [slot["takes"]], {t["name"] for t in types})
        for t in types:
            where = f"type {t['name']}: "
            if not re.match(r"^[A-Z][A-Za-z0-9]*$", t["name"]):
                self.error(where.rstrip(": "), "name is not a word that begins with a capital letter")
            if "object" in t and t["object"] not in OBJECTS:
                self.error(where.rstrip(": "), f"'object' is none of {', '.join(OBJECTS)}")
            ops = self.operations(where, t.get("op", []), statuses, t.get("memory", False))
            for op in ops:
                self.takes(f"{where}op {op['name']}", op.get("takes", []), {t["name"] for t in types})
            taken = data["common_op"] + (data["memory_op"] if t.get("memory") else [])
            for op in ops:
                for other in taken:
                    if isinstance(other, dict) and (op["code"] == other.get("code") or op["name"] == other.get("name")):
                        self.error(f"{where}op {op['name']}", f"same code or name as {other['name']}, which this type has too")


def name_of(entry):
    return entry.get("name", "without a name") if isinstance(entry, dict) else "without a name"


# ------------------------------------------------------------------------------------------------- names and texts

def snake(name):
    """camelCase to snake_case: setEndpointID -> set_endpoint_id, setFSBase -> set_fs_base, setL2v -> set_l2v."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def type_lower(t):
    """The name of a type in function names and file names: AppNotice -> appnotice."""
    return t["name"].lower()


def type_upper(t):
    return t["name"].upper()


def by_code(entries):
    return sorted(entries, key=lambda e: e["code"])


def text_of(entry):
    """A short phrase for messages: `text`, or the beginning of `doc` up to the first colon or full stop."""
    if "text" in entry:
        return entry["text"]
    phrase = re.split(r"[:.(]", entry["doc"])[0].strip()
    return phrase[0].lower() + phrase[1:]


def field_names(op, key):
    return [item.split(":")[0] for item in op.get(key, [])]


def op_words(op):
    return len(op.get("in", [])), len(op.get("out", [])), len(op.get("caps_in", [])), len(op.get("caps_out", []))


def wrap(text, first, rest, columns=COLUMNS):
    """Words of `text` in lines that begin with `first`, then `rest`. A ~ is a space at which no line ends."""
    lines, line = [], first
    empty = True
    for word in text.split():
        if not empty and len(line) + 1 + len(word) > columns:
            lines.append(line.rstrip())
            line, empty = rest, True
        line += word if empty else " " + word
        empty = False
    lines.append(line.rstrip())
    return [line.replace("~", " ") for line in lines]


def comment(text):
    return "\n".join(wrap(text + " */", "/* ", " * "))


HEAD = """/* SPDX-License-Identifier: BSD-2-Clause
 *
 * {title}
 * Made from kernel/abi/lykos.toml by tools/genabi.py: change the list, not this file.
 */
"""


def head(title):
    return HEAD.format(title="\n".join(wrap(title, "", " * ", COLUMNS - 3)))


# ------------------------------------------------------------------------------------------------- <abi/gen.h>

def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def define(name, value):
    return f"#define {name} {value}"


def name_table(macro, what, names):
    lines = [comment(what), f"#define {macro} \\", "    { \\"]
    lines += [f"        {n}, \\" for n in names]
    lines.append("    }")
    return "\n".join(lines)


def op_rows(data):
    """(type, [(code, 'Type.op')]) for all operations of every type."""
    for t in by_code(data["type"]):
        ops = [] if t["name"] in NOT_KERNEL else list(data["common_op"])
        if t.get("memory"):
            ops += data["memory_op"]
        yield t, by_code(ops + t.get("op", []))


def constants_of(group):
    """(name, number as C has it, meaning) of each constant of a group."""
    for item in group["list"]:
        match = CONSTANT.match(item)
        yield group["prefix"] + match["name"], match["number"], match["doc"]


def numbers(data):
    """All constants of a list by name; for other tools, too."""
    found = {}
    for group in data["constants"]:
        for name, number, _ in constants_of(group):
            value, _, shift = re.sub("u(ll)?", "", number).partition(" << ")
            found[name] = int(value, 0) << int(shift or "0")
    return found


def gen_constants(data):
    out = ["#ifdef __ASSEMBLER__"] + [define(name, number) for name, number in numbers(data).items()] + ["#else", ""]
    for group in data["constants"]:
        out.append(comment(f"{group['name']}. {group['doc']}"))
        for name, number, doc in constants_of(group):
            line = define(name, f"({number})" if "<<" in number else number)
            whole = f"{line} /* {doc} */"
            out += [whole] if len(whole) <= COLUMNS else [comment(doc), line]
        out.append("")
    return out + ["#endif /* __ASSEMBLER__ */", ""]


def gen_header(data):
    out = [head("The lists of the kernel interface as constants: numbers of an invocation, capability types, operations, "
                "result codes, fault codes, slots. Kernel, user-level C and assembly.")]
    out += ["#ifndef ABI_GEN_H", "#define ABI_GEN_H", "", define("LK_ABI_VERSION", data["abi_version"]), ""]
    out += gen_constants(data)

    out.append("/* Capability types: codes that getType and Discrim.classify show. */")
    out += [define(f"LK_TYPE_{type_upper(t)}", t["code"]) for t in by_code(data["type"])]
    out += [define("LK_TYPES", len(data["type"])), ""]

    out.append("/* Operations: word 0 of a request. */")
    out += [define(f"OP_{snake(op['name']).upper()}", op["code"]) for op in by_code(data["common_op"])]
    out += [define(f"OP_MEMORY_{snake(op['name']).upper()}", op["code"]) for op in by_code(data["memory_op"])]
    most = 0
    for t, ops in op_rows(data):
        out += [define(f"OP_{type_upper(t)}_{snake(op['name']).upper()}", op["code"]) for op in by_code(t.get("op", []))]
        most = max([most] + [op["code"] for op in ops])
    out += [define("LK_OPS", most + 1) + " /* one more than the highest code */", ""]

    enums = (("status", "status", "STATUS", "Result codes: word 0 of an answer."),
             ("fault", "fault_code", "FAULT", "Fault codes."),
             ("slot", "process_slot", "SLOT", "Process slots."))
    out.append("#ifdef __ASSEMBLER__")
    for kind, _, prefix, _ in enums:
        out += [define(f"{prefix}_{e['name']}", e["code"]) for e in by_code(data[kind])]
    out.append("#else")
    for kind, enum, prefix, what in enums:
        out += ["", f"/* {what} */", f"enum {enum} {{"]
        for e in by_code(data[kind]):
            out.append(f"    {prefix}_{e['name']} = {e['code']}, /* {text_of(e)} */")
        out.append("};")
    out.append("#endif /* __ASSEMBLER__ */")
    out.append("")
    for kind, _, prefix, _ in enums:
        out.append(define(f"LK_{prefix}_COUNT", len(data[kind])))
    out.append("")

    out.append("/* Names, for messages: initialisers of arrays of strings, indexed by code. */")
    out.append(name_table("LK_STATUS_NAMES", "Result codes in words, LK_STATUS_COUNT of them.",
                          [c_string(text_of(e)) for e in by_code(data["status"])]))
    out.append(name_table("LK_FAULT_NAMES", "Fault codes in words, LK_FAULT_COUNT of them.",
                          [c_string(text_of(e)) for e in by_code(data["fault"])]))
    out.append(name_table("LK_SLOT_NAMES", "Process slots, LK_SLOT_COUNT of them.",
                          [c_string(camel(e["name"])) for e in by_code(data["slot"])]))
    out.append(name_table("LK_TYPE_NAMES", "Capability types, LK_TYPES of them.",
                          [c_string(t["name"]) for t in by_code(data["type"])]))
    rows = []
    for t, ops in op_rows(data):
        if ops:
            cells = ", ".join(f"[{op['code']}]~=~{c_string(t['name'] + '.' + op['name'])}" for op in ops)
            rows.append(f"[LK_TYPE_{type_upper(t)}] = {{ {cells} }}")
    lines = [comment("Operations: an initialiser of `const char *const x[LK_TYPES][LK_OPS]`; null where a type has no "
                     "such operation."), "#define LK_OP_NAMES \\", "    { \\"]
    for row in rows:
        wrapped = wrap(row, "        ", "            ", COLUMNS - 3)
        lines += [f"{w} \\" for w in wrapped[:-1]] + [f"{wrapped[-1]}, \\"]
    lines.append("    }")
    out.append("\n".join(lines))
    out += ["", "#endif", ""]
    return "\n".join(out)


def camel(name):
    words = name.lower().split("_")
    return words[0] + "".join(w.capitalize() for w in words[1:])


# ------------------------------------------------------------------------------------------------- kernel tables

def mask_of(names):
    return " | ".join(f"1u << CAP_{name.upper()}" for name in names)


def gen_captypes(data):
    types = by_code(data["type"])
    lines = [head("Capability types of the kernel. Included by <kernel/cap.h> only."), "#ifndef GEN_CAPTYPES_H",
             "#define GEN_CAPTYPES_H", "", "enum cap_type {"]
    lines += [f"    CAP_{type_upper(t)} = {t['code']}," for t in types]
    lines += ["};", "", "/* Those that name an object made from storage, and those that are memory: bit n for type n. */"]
    lines += [f"#define CAP_OBJECT_TYPES ({mask_of([t['name'] for t in types if 'object' in t])})",
              f"#define CAP_MEMORY_TYPES ({mask_of([t['name'] for t in types if t.get('memory')])})", "",
              "/* In frames of which kind the header of the object stands: an initialiser of `uint8_t x[LK_TYPES]`. */",
              "#define CAP_HEADER_FRAMES \\", "    { \\"]
    for t in types:
        if "object" in t:
            kind = "DESCRIPTORS" if t["object"] in ("page", "cappage", "devicepage") else t["object"].upper()
            lines.append(f"        [CAP_{type_upper(t)}] = FRAME_{kind}, \\")
    lines += ["    }", "", "/* What the slots of a process may hold: an initialiser of `uint32_t x[LK_SLOT_COUNT]`, of masks. */",
              "#define CAP_SLOT_TAKES \\", "    { \\"]
    for slot in by_code(data["slot"]):
        mask = mask_of(slot["takes"].split(" | ")) if "takes" in slot else "UINT32_MAX"
        lines.append(f"        [SLOT_{slot['name']}] = {mask}, \\")
    return "\n".join(lines + ["    }", "", "#endif", ""])


def gen_trace(data):
    """The events of the trace ring."""
    events = by_code(data["trace"])
    lines = [head("Trace events of the kernel. Included by <kernel/trace.h> only."), "#ifndef GEN_TRACEEVENTS_H",
             "#define GEN_TRACEEVENTS_H", "", "enum trace_event {"]
    lines += [f"    TRACE_{e['name']}, /* {e['doc']} */" for e in events]
    lines += ["    TRACE_EVENTS", "};", "", "/* Their names: an initialiser of an array of strings. */", "#define TRACE_NAMES \\", "    { \\"]
    lines += [f"        {c_string(e['name'].lower())}, \\" for e in events]
    return "\n".join(lines + ["    }", "", "#endif", ""])


def op_function(t, op):
    return f"{type_lower(t)}_op_{snake(op['name'])}"


def shared_function(kind, op):
    return f"{kind}_op_{snake(op['name'])}"


def gen_ops_header(data):
    lines = [head("Declarations of the functions behind the operations of kernel capabilities."),
             "#ifndef GEN_OPS_H", "#define GEN_OPS_H", "", "#include <abi/gen.h>", "", "struct invocation;", "struct cap;", ""]
    ops = [(op, shared_function("common", op)) for op in by_code(data["common_op"])]
    ops += [(op, shared_function("memory", op)) for op in by_code(data["memory_op"])]
    ops += [(op, op_function(t, op)) for t in by_code(data["type"]) for op in by_code(t.get("op", []))]
    for op, fn in ops:
        if op.get("slot"):
            lines.append(f"enum status {fn}(const struct cap *c, uint64_t slot, const struct cap *with, struct cap *old);")
        else:
            lines.append(f"{'void' if op.get('effect') else 'enum status'} {fn}(struct invocation *inv);")
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def op_row(op, function):
    words_in, words_out, caps_in, caps_out = op_words(op)
    form = "effect" if op.get("effect") else "slot" if op.get("slot") else "fn"
    fields = [f".{form} = {function}", f".form = OPERATION_{form.upper()}"]
    for key, value in (("words", words_in and f"{words_in}u~<<~LK_NWORDS_SHIFT"), ("words_out", words_out),
                       ("caps", caps_in and f"{caps_in + 1}u~<<~(LK_NSEND_SHIFT~-~32)"), ("caps_in", caps_in),
                       ("caps_out", caps_out),
                       ("string_in", op.get("string_in", 0)), ("string_out", op.get("string_out", 0))):
        if value:
            fields.append(f".{key} = {value}")
    if op.get("needs"):
        fields.append(f".forbid = {NEEDS[op['needs']]}".replace(" ", "~"))
    fields.append(f".most = {op.get('most', 'UINT64_MAX')}".replace(" ", "~"))
    if "takes" in op or "exact" in op:
        masks = [mask_of(item.split(" | ")) for item in op["takes"]] if "takes" in op else ["UINT32_MAX"] * caps_in
        fields += [".checks = true"] + [f".takes = {{ {', '.join(masks)} }}"] * (caps_in > 0)
    fields += [".exact = true"] if op.get("exact") else []
    if "most" in op:
        fields.append(f".over~=~STATUS_{op.get('over', OVER)}")
    return "\n".join(wrap(f"[{op['code']}] = {{ {', '.join(fields)} }},", "    ", "            "))


def gen_optables(data):
    lines = [head("Operation tables of kernel capabilities, by type. Included once, after <kernel/invoke.h> and <ops.h>."), ""]
    tables, slots = [], []
    for t in by_code(data["type"]):
        if t["name"] in NOT_KERNEL:
            continue
        ops = [(op, shared_function("common", op)) for op in data["common_op"]]
        ops += [(op, op_function(t, op)) for op in t.get("op", [])]
        if t.get("memory"):
            ops += [(op, shared_function("memory", op)) for op in data["memory_op"]]
        array = f"{type_lower(t)}_ops"
        lines.append(f"static const struct operation {array}[] = {{")
        lines += [op_row(op, fn) for op, fn in sorted(ops, key=lambda x: x[0]["code"])]
        lines += ["};", ""]
        codes = [op["code"] for op, _ in ops if op.get("slot")]
        if codes:
            slots.append(f"    [LK_TYPE_{type_upper(t)}] = {' | '.join(f'1u << {code}' for code in codes)},")
        tables.append(f"    [LK_TYPE_{type_upper(t)}] = {{ .op = {array}, .ops = {max(op['code'] for op, _ in ops) + 1} }},")
    lines += ["const struct operation_table operation_tables[LK_TYPES] = {"] + tables + ["};", ""]
    lines += ["const uint32_t slot_operations[LK_TYPES] = {"] + slots + ["};", ""]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------- user stubs

RESERVED = {"cap", "status", "in", "string", "register", "default", "switch", "int", "short", "long", "signed"}


def arg(name, suffix=""):
    name = snake(name) + suffix
    return name + "_" if name in RESERVED else name


def gen_stub(prefix, where, op):
    """One inline function for one operation."""
    words_in, words_out, caps_in, caps_out = op_words(op)
    ins, outs = field_names(op, "in"), field_names(op, "out")
    cins, couts = field_names(op, "caps_in"), field_names(op, "caps_out")
    params = ["uint32_t cap"]
    params += [f"uint64_t {arg(n)}" for n in ins]
    if op.get("string_in"):
        params += ["const void *text", "size_t text_len"]
    params += [f"uint32_t {arg(n, '_cap')}" for n in cins]
    params += [f"uint64_t *{arg(n)}_out" for n in outs]
    if op.get("string_out"):
        params += ["void *buffer", "size_t buffer_size", "size_t *len_out"]
    params += [f"uint32_t {arg(n, '_reg')}" for n in couts]

    lines = wrap(f"{where}.{op['name']}: {op['doc']}", "/* ", " * ")
    for key, suffix in (("in", ""), ("caps_in", "_cap"), ("out", "_out"), ("caps_out", "_reg")):
        for item in op.get(key, []):
            name, meaning = item.split(":", 1)
            name = arg(name) + suffix if suffix == "_out" else arg(name, suffix)
            lines += wrap(f"{name}:{meaning}", " *   ", " *       ")
    lines[-1] += " */"
    name = f"lk_{prefix}_{snake(op['name'])}" if prefix else f"lk_{snake(op['name'])}"
    text = ", ".join(p.replace(" ", "~") for p in params) + ")"
    lines += wrap(text, f"static inline enum status {name}(", "    ")
    lines.append("{")

    if cins or couts:
        regs = [str(caps_in)] + [arg(n, "_cap") for n in cins] + ["0"] * (MAX_CAPS_IN - caps_in)
        regs += [arg(n, "_reg") for n in couts] + ["0"] * (MAX_CAPS_OUT - caps_out)
        control = [f"LK_CTL_CALL_CAPS(cap, {1 + words_in}, {', '.join(regs)})"]
    else:
        control = [f"LK_CTL_CALL(cap, {1 + words_in})"]
    words = [f"OP_{(prefix + '_' if prefix else '')}{snake(op['name'])}".upper()] + [arg(n) for n in ins]
    if op.get("string_in"):
        control.append("LK_SSTR")
    if op.get("string_out"):
        control.append("LK_RSTR")
    expression = " | ".join(control)
    if op.get("string_in"):
        call = f"lk_call_send{words_in}({expression}, {', '.join(words)}, text, text_len)"
    elif op.get("string_out"):
        call = f"lk_call_recv{words_in}({expression}, {', '.join(words)}, buffer, buffer_size)"
    else:
        call = f"lk_call_ctl{words_in}({expression}, {', '.join(words)})"
    lines += wrap(f"struct lk_in in = {call};", "    ", "        ")
    lines.append("")
    for i, n in enumerate(outs):
        lines += [f"    if ({arg(n)}_out != NULL) {{", f"        *{arg(n)}_out = in.w[{i + 1}];", "    }"]
    if op.get("string_out"):
        lines += ["    if (len_out != NULL) {", "        *len_out = lk_string_length(in.delivery);", "    }"]
    lines += ["    return (enum status)in.w[0];", "}", ""]
    return "\n".join(lines)


def gen_stubs(data):
    lines = [head("One inline function for each operation of each kernel capability. Arguments in this order: the "
                  "register of the capability invoked; words in; the string sent; registers of the capabilities sent; where "
                  "to put words out (null: not wanted; meaningful only if the status is STATUS_OK); where to put the string; "
                  "registers to receive capabilities into (0: not wanted)."),
             "#ifndef LYKOS_STUBS_H", "#define LYKOS_STUBS_H", "", "#include <abi/gen.h>", "#include <lykos/invoke.h>",
             "#include <stddef.h>", "#include <stdint.h>", ""]
    for op in by_code(data["common_op"]):
        lines.append(gen_stub("", "Every kernel capability", op))
    for op in by_code(data["memory_op"]):
        lines.append(gen_stub("memory", "GPT, Page, CapPage", op))
    for t in by_code(data["type"]):
        for op in by_code(t.get("op", [])):
            lines.append(gen_stub(type_lower(t), t["name"], op))
    lines += ["#endif", ""]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------- the reference page

def cell(text):
    return text.replace("|", "\\|")


def doc_fields(op, key, first):
    """'1 slot: a process slot; 2 ...' as lines of a list."""
    return [f"{i}: **{name}**: {meaning.strip()}" for i, (name, meaning) in
            enumerate((item.split(":", 1) for item in op.get(key, [])), first)]


def doc_op(title, op):
    lines = [f"#### {title}.{op['name']} ({op['code']})", "", op["doc"], ""]
    rows = []
    for label, items in (("words in", doc_fields(op, "in", 1)),
                         ("capabilities in", doc_fields(op, "caps_in", 1)),
                         ("words out", doc_fields(op, "out", 1)),
                         ("capabilities out", doc_fields(op, "caps_out", 0))):
        if items:
            rows.append(f"| {label} | {'<br>'.join(cell(i) for i in items)} |")
    if op.get("string_in"):
        rows.append(f"| string in | {'exactly' if op.get('exact') else 'at most'} {op['string_in']} bytes |")
    if op.get("string_out"):
        rows.append(f"| string out | at most {op['string_out']} bytes |")
    if op.get("needs"):
        rows.append(f"| needs | {op['needs']}: {NEEDS_WORDS[op['needs']]} |")
    if op.get("errors"):
        errors = [f"`{e.split(':', 1)[0]}`:{e.split(':', 1)[1]}" for e in op["errors"]]
        rows.append(f"| errors | {'<br>'.join(cell(e) for e in errors)} |")
    if rows:
        lines += ["| | |", "|---|---|"] + rows + [""]
    return lines


def doc_constants(group):
    lines = ["| value | constant | meaning |", "|---|---|---|"]
    for name, number, doc in constants_of(group):
        number = re.sub(r"u(ll)?\b", "", number.replace("0x", "0X")).replace("0X", "0x")
        lines.append(f"| {number} | `{name}` | {cell(doc)} |")
    return lines


def gen_docs(data, prose):
    """The page: `prose`, in which {constants: NAME} stands for the table of a group, then what it does not name, and
    the other lists."""
    prose = prose.rstrip().replace("{abi_version}", str(data["abi_version"]))
    rest = []
    for group in data["constants"]:
        mark = f"{{constants: {group['name']}}}"
        if mark in prose:
            prose = prose.replace(mark, "\n".join(doc_constants(group)))
        else:
            rest += [f"### {group['name']}", "", group["doc"], ""] + doc_constants(group) + [""]
    lines = [prose, "", "## Numbers", ""] + rest
    for kind, title, prefix, intro in (
            ("status", "Result codes", "STATUS", "Word 0 of every answer, the kernel's and servers' alike."),
            ("fault", "Fault codes", "FAULT", "See *Faults* above. *In words* is what reports print."),
            ("slot", "Process slots", "SLOT", "Capabilities that belong to a process beside its capability registers."),
            ("trace", "Trace events", "TRACE", "What a panic shows of the last ones, and of each the two words.")):
        lines += [f"## {title}", "", intro, ""]
        words = kind in ("status", "fault")
        lines += ["| code | constant | in words | meaning |", "|---|---|---|---|"] if words else \
                 ["| number | constant | meaning |", "|---|---|---|"]
        for e in by_code(data[kind]):
            middle = f" {cell(text_of(e))} |" if words else ""
            lines.append(f"| {e['code']} | `{prefix}_{e['name']}` |{middle} {cell(e['doc'])} |")
        lines.append("")
    lines += ["## Capability types", "", "| code | type | object | memory | meaning |", "|---|---|---|---|---|"]
    for t in by_code(data["type"]):
        lines.append(f"| {t['code']} | {t['name']} | {t.get('object', '')} | {'yes' if t.get('memory') else ''} | {cell(t['doc'])} |")
    lines += ["", "## Operations", "",
              "Word 0 of the request is the code in parentheses. Word 0 of the answer is the result code; the words out "
              "mean something only if it is `STATUS_OK`. An operation with no errors listed can still answer "
              "`INVALID_CAP`, and `REQUEST_ERROR` if it got fewer words or capabilities than it takes.", "",
              "### Every kernel capability", ""]
    for op in by_code(data["common_op"]):
        lines += doc_op("*any*", op)
    lines += ["### Every memory capability: " + ", ".join(t["name"] for t in by_code(data["type"]) if t.get("memory")), ""]
    for op in by_code(data["memory_op"]):
        lines += doc_op("*memory*", op)
    for t in by_code(data["type"]):
        lines += [f"### {t['name']}", "", t["doc"], ""]
        for op in by_code(t.get("op", [])):
            lines += doc_op(t["name"], op)
    return "\n".join(lines).rstrip() + "\n"


# ------------------------------------------------------------------------------------------------- main

def write_if_changed(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)


def load(path):
    try:
        with open(path, "rb") as f:
            data = tomllib.load(f)
    except FileNotFoundError:
        sys.exit(f"genabi: {path}: no such file")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        sys.exit(f"genabi: {path}: {e}")
    checker = Checker()
    checker.list(data)
    for error in checker.errors:
        print(f"genabi: {path}: {error}", file=sys.stderr)
    if checker.errors:
        sys.exit(1)
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", help="kernel/abi/lykos.toml")
    parser.add_argument("outdir", nargs="?", help="where the generated sources go")
    parser.add_argument("--docs", metavar="FILE", help="write the reference page")
    parser.add_argument("--check", action="store_true", help="with --docs: only compare")
    args = parser.parse_args()
    if not args.outdir and not args.docs:
        parser.error("neither OUTDIR nor --docs: nothing to do")
    data = load(args.list)

    if args.docs:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "abi-head.md"), encoding="utf-8") as f:
            page = gen_docs(data, f.read())
        if args.check:
            try:
                with open(args.docs, encoding="utf-8") as f:
                    same = f.read() == page
            except FileNotFoundError:
                same = False
            if not same:
                sys.exit(f"genabi: {args.docs} does not say what {args.list} and tools/abi-head.md say; make it anew with "
                         f"tools/genabi.py {args.list} --docs {args.docs}")
        else:
            write_if_changed(args.docs, page)

    if args.outdir:
        for name, text in (("include/abi/gen.h", gen_header(data)), ("captypes.h", gen_captypes(data)),
                           ("traceevents.h", gen_trace(data)), ("ops.h", gen_ops_header(data)), ("optables.inc", gen_optables(data)),
                           ("include/lykos/stubs.h", gen_stubs(data))):
            write_if_changed(os.path.join(args.outdir, name), text)
        with open(os.path.join(args.outdir, "abi.stamp"), "w", encoding="utf-8"):
            pass


if __name__ == "__main__":
    main()
