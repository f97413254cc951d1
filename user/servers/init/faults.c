/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler of last resort; see faults.h.
 *
 * The code and the address alone say "nothing is mapped at 0x8"; with what init knows of the
 * program, its stack, its file and its symbols, that becomes "null pointer dereference in
 * poke+0x12".
 */
#include "faults.h"

#include "core.h"
#include "programs.h"
#include "registers.h"
#include "trace.h"

#include <lykos/names.h>
#include <lykos/pager.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define FIRST_PAGE 4096u
#define NEAR_STACK                                                                                 \
    1024u /* bytes: so far from the stack pointer a function with few variables writes */
#define STACK_GUARD 0x100000ull /* below the stack: nothing is ever mapped there */

#define GATE_REFUSED 2u /* in an error code: the selector index is that of an interrupt gate */
#define INT_N 0xcd      /* the instruction that asks for one */

#define TRACE_LINES 12u /* of a back-trace */

/* A fault, and who took it. */
struct fault {
    uint32_t i; /* of this program */
    uint64_t code, info;
    struct lk_regs regs;
    bool own;                     /* the process that init made, not another one of the program */
    char label[PROGRAM_NAME_MAX]; /* of the process */
    unsigned depth;               /* functions on its stack; 0: it was not looked at */
};

static uint8_t code_byte(const struct kind *k, uint64_t address)
{
    return elf_code_byte(&k->elf, k->file.at, address);
}

/* The privileged instruction at an address, or NULL. The list is that of the Intel SDM, volume
 * 3, 5.9, and port access, which is refused for another reason but looks the same. */
static const char *privileged_instruction(const struct kind *k, uint64_t rip)
{
    uint8_t b = code_byte(k, rip);
    uint8_t second = code_byte(k, rip + 1);

    switch (b) {
    case 0xf4:
        return "hlt";
    case 0xfa:
        return "cli";
    case 0xfb:
        return "sti";
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
        return "in";
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef:
        return "out";
    case 0x0f:
        if (second >= 0x20 && second <= 0x23) {
            return "mov to or from a control or debug register";
        }
        if (second == 0x30 || second == 0x32) {
            return second == 0x30 ? "wrmsr" : "rdmsr";
        }
        return second == 0x01 || second == 0x00 ? "a system register instruction" : NULL;
    default:
        return NULL;
    }
}

/* The function that an address lies in, or the address. */
struct place {
    char text[96];
};

static struct place function_at(const struct kind *k, uint64_t rip)
{
    struct place p = { "" };
    uint64_t offset;

    if (!elf_symbol(k->file.at, k->file.bytes, rip, p.text, 48, &offset)) {
        lk_format(p.text, sizeof(p.text), "0x%lx", rip);
    }
    return p;
}

/* Does an address lie right below a stack? */
static bool is_below_stack(const struct instance *in, uint64_t address)
{
    return (address < in->stack_low && in->stack_low - address <= STACK_GUARD) ||
           (address >= LK_STACKS_VA && address < LK_STACKS_END &&
            address % LK_STACK_EACH < FIRST_PAGE);
}

/* Is it at the stack pointer that nothing is mapped, or not to be written, and is what lies above a
 * stack? It has left its place then: stacks may lie anywhere, not only where init knows of them. */
static bool is_at_stack_pointer(const struct fault *f)
{
    return f->info + NEAR_STACK >= f->regs.rsp && f->info < f->regs.rsp + NEAR_STACK &&
           f->depth > 1;
}

/* "stack overflow in fault (thread main, function recurse, depth 60)" */
static void words_overflow(const struct fault *f, char *out, size_t size)
{
    size_t at = lk_format(out, size, "stack overflow in %s (thread %s, function %s",
                          instance_name(f->i).text, f->own ? "main" : f->label,
                          function_at(instance_kind(f->i), f->regs.rip).text);

    if (f->depth > 0 && at < size) {
        at += lk_format(out + at, size - at, ", depth %u", f->depth);
    }
    if (at < size) {
        lk_copy_text(out + at, size - at, ")");
    }
}

/* Does an address belong to memory that the pager gives? Then there was nothing left to give. */
static bool is_promised(const struct instance *in, const struct kind *k, uint64_t address)
{
    if (!in->paged) {
        return false;
    }
    for (unsigned n = 0; n < k->elf.segments; n++) {
        const struct elf_segment *s = &k->elf.segment[n];

        if (address >= s->address && address - s->address < s->memory_size) {
            return true;
        }
    }
    return (address >= in->stack_low && address < LK_STACK_TOP) ||
           (address >= LK_HEAP_VA && address < LK_HEAP_END) ||
           (address >= LK_STACKS_VA && address < LK_STACKS_END);
}

/* Nothing is mapped at `address`. */
static void words_unmapped(const struct fault *f, char *out, size_t size)
{
    const struct instance *in = instance(f->i);
    uint64_t address = f->info;
    bool promised = is_promised(in, instance_kind(f->i), address);

    if (is_below_stack(in, address) || (!promised && is_at_stack_pointer(f))) {
        words_overflow(f, out, size);
    } else if (promised) {
        lk_format(out, size, "no memory left for address 0x%lx (it may take up %lu KiB)", address,
                  instance_program(f->i)->memory * 4);
    } else if (address == f->regs.rip && address < FIRST_PAGE) {
        lk_format(out, size, "call through a null function pointer (jump to 0x%lx)", address);
    } else if (address == f->regs.rip) {
        lk_format(out, size, "jump to 0x%lx, where nothing is mapped", address);
    } else if (address < FIRST_PAGE) {
        lk_format(out, size, "null pointer dereference (address 0x%lx)", address);
    } else {
        lk_format(out, size, "access to 0x%lx, where nothing is mapped", address);
    }
}

/* A general protection fault: the error code is not 0 when a selector or a gate was refused. */
static void words_protection(const struct kind *k, uint64_t error, uint64_t rip, char *out,
                             size_t size)
{
    const char *privileged = privileged_instruction(k, rip);

    if ((error & GATE_REFUSED) != 0 && code_byte(k, rip) == INT_N) {
        lk_format(out, size, "software interrupt 0x%x, which is not offered",
                  code_byte(k, rip + 1));
    } else if (privileged != NULL) {
        lk_format(out, size, "privileged instruction: %s", privileged);
    } else {
        lk_format(out, size,
                  "general protection: a non-canonical address or a bad selector (error 0x%lx)",
                  error);
    }
}

/* Say in words what fault it is: "division by zero or overflow in a division". */
static void fault_words(const struct fault *f, char *out, size_t size)
{
    const struct kind *k = instance_kind(f->i);
    uint64_t info = f->info;
    uint64_t rip = f->regs.rip;

    switch (f->code) {
    case FAULT_INVALID_ADDR:
        words_unmapped(f, out, size);
        break;
    case FAULT_ACCESS_VIOLATION:
        if (is_at_stack_pointer(f)) {
            words_overflow(f, out, size);
        } else {
            lk_format(out, size, "write to read-only memory at 0x%lx", info);
        }
        break;
    case FAULT_NO_EXEC:
        lk_format(out, size, "jump to 0x%lx, which is data and cannot be executed", info);
        break;
    case FAULT_MALFORMED_SYSCALL:
        lk_format(out, size, "malformed system call (control word 0x%lx)", info);
        break;
    case FAULT_DIVIDE:
        lk_format(out, size, "division by zero or overflow in a division");
        break;
    case FAULT_BREAKPOINT:
        lk_format(out, size, "breakpoint instruction");
        break;
    case FAULT_INVALID_OPCODE:
        lk_format(out, size, "invalid instruction (bytes %02x %02x)", code_byte(k, rip),
                  code_byte(k, rip + 1));
        break;
    case FAULT_GENERAL_PROTECTION:
        words_protection(k, info, rip, out, size);
        break;
    default:
        lk_format(out, size, "%s (information 0x%lx)", lk_fault_text(f->code), info);
        break;
    }
}

/* An address with the function that the code `back` bytes before it lies in, if the file has
 * symbols. */
static struct place describe_code(const struct kind *k, uint64_t rip, uint64_t back)
{
    struct place p = { "" };
    char name[48];
    uint64_t offset;

    if (elf_symbol(k->file.at, k->file.bytes, rip - back, name, sizeof(name), &offset)) {
        lk_format(p.text, sizeof(p.text), "0x%lx (%s+0x%lx)", rip, name, offset + back);
    } else {
        lk_format(p.text, sizeof(p.text), "0x%lx", rip);
    }
    return p;
}

static struct place describe_place(const struct kind *k, uint64_t rip)
{
    return describe_code(k, rip, 0);
}

/* A return address: the call lies before it, and may be the last of its function. */
static struct place describe_caller(const struct kind *k, uint64_t address)
{
    return describe_code(k, address, 1);
}

static void report_registers(const struct lk_regs *r)
{
    say("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
    say("  rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
    say("  r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", r->r8, r->r9, r->r10, r->r11);
    say("  r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", r->r12, r->r13, r->r14, r->r15);
    say("  rip %016lx  rflags %08lx  fs %016lx", r->rip, r->rflags, r->fs_base);
}

/* The state of the process in register `process`; false if it does not stand in a fault: stopped,
 * or receiving a string for which there is no page. */
static bool faulted_state(uint32_t process, uint64_t *code, uint64_t *info, struct lk_regs *regs)
{
    uint64_t run_state = LK_STATE_READY;

    return lk_process_get_state(process, &run_state, NULL, code, info, NULL, NULL, NULL, regs,
                                sizeof(*regs), NULL) == STATUS_OK &&
           (run_state == LK_STATE_FAULTED ||
            (run_state == LK_STATE_RECEIVING && *code != FAULT_NONE));
}

/* Is the Process in register `process` the one that init made for program `i`? */
static bool is_program(uint32_t i, uint32_t process)
{
    uint64_t same = 0;

    return shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK &&
           lk_discrim_compare(LK_INIT_DISCRIM, process, REG_PROCESS, &same) == STATUS_OK &&
           same == 1;
}

static void label_of(uint32_t process, char label[PROGRAM_NAME_MAX])
{
    uint64_t low = 0;
    uint64_t high = 0;

    lk_process_get_label(process, &low, &high);
    lk_label_unpack(low, high, label);
    if (label[0] == '\0') {
        lk_copy_text(label, PROGRAM_NAME_MAX, "(no label)");
    }
}

/* Is this a process that stands in a fault? Sets the rest. Anything else is not even looked at. */
static bool is_faulted(uint32_t process, struct fault *f)
{
    uint64_t type = LK_TYPE_NULL;

    return lk_discrim_classify(LK_INIT_DISCRIM, process, &type, NULL) == STATUS_OK &&
           type == LK_TYPE_PROCESS && faulted_state(process, &f->code, &f->info, &f->regs);
}

static void say_called_from(const struct fault *f, uint64_t address, unsigned times)
{
    struct place p = describe_caller(instance_kind(f->i), address);

    if (times > 1) {
        say("  called from %s, %u times", p.text, times);
    } else {
        say("  called from %s", p.text);
    }
}

/* Who called whom: what calls itself is told once, with how often. */
static void report_trace(const struct fault *f, uint32_t process)
{
    struct frame at = trace_begin(f->i, &f->regs);
    unsigned lines = 0;

    trace_up(f->i, process, &at);
    while (at.address != 0 && lines < TRACE_LINES) {
        uint64_t address = at.address;
        unsigned times = 0;

        while (at.address == address && times < TRACE_MOST) {
            times++;
            trace_up(f->i, process, &at);
        }
        say_called_from(f, address, times);
        lines++;
    }
    if (at.address != 0) {
        say("  and so on");
    }
}

void fault_say(uint32_t i, uint32_t process)
{
    struct fault f = { .i = i, .own = true };
    char words[sizeof(instance(i)->ended_words)];

    if (is_faulted(process, &f)) {
        fault_words(&f, words, sizeof(words));
        say("fault in program %s: %s", instance_program(i)->name, words);
        say("  at rip %s", describe_place(instance_kind(i), f.regs.rip).text);
        report_registers(&f.regs);
    }
}

/* Say what happened, and where. */
static void report(const struct fault *f, uint32_t process, const char *words)
{
    struct instance_name name = instance_name(f->i);

    if (f->own) {
        say("fault in program %s: %s", name.text, words);
    } else {
        say("fault in process %s of program %s: %s", f->label, name.text, words);
    }
    say("  at rip %s", describe_place(instance_kind(f->i), f->regs.rip).text);
    report_trace(f, process);
    report_registers(&f->regs);
}

/* Does instance `i` wait for the answer of a program with this label? */
static bool waits_for(uint32_t i, const char *label)
{
    char found[PROGRAM_NAME_MAX];
    uint64_t kind = LK_WAIT_OPEN;
    uint64_t id = 0;
    uint64_t low = 0;
    uint64_t high = 0;

    if (!instance(i)->running || shelf_get(i, SHELF_PROCESS, REG_PROCESS) != STATUS_OK ||
        lk_process_get_wait(REG_PROCESS, &kind, &id, &low, &high, NULL, NULL) != STATUS_OK) {
        return false;
    }
    lk_label_unpack(low, high, found);
    return kind == LK_WAIT_CLOSED && id == LK_REPLY_ID && strcmp(found, label) == 0;
}

/* It will stay stopped: who waits for its answer waits for ever. */
static void report_waiting(const struct fault *f)
{
    for (uint32_t i = 0; i < instance_count(); i++) {
        if (i != f->i && waits_for(i, f->label)) {
            say("  %s waits for its answer, which does not come: Ctrl-C ends what was run, "
                "'destroy' what was started",
                instance_name(i).text);
        }
    }
}

/* Say what becomes of it. */
static void report_end(const struct fault *f, bool stays)
{
    struct instance_name name = instance_name(f->i);

    if (!f->own) {
        say("  it stays stopped: 'ps %s' shows it", f->label);
    } else if (stays) {
        report_waiting(f);
        say("  it stays stopped: 'caps %s' shows what it holds, 'destroy %s' removes it", name.text,
            name.text);
    } else if (instance(f->i)->exists || instance(f->i)->waits_to_restart) {
        say("  it is begun again");
    } else {
        say("  it is destroyed");
    }
}

void fault_handle(uint32_t i, uint32_t process)
{
    bool quiet = instance(i)->paid; /* who waits for it is told, and nobody else */
    struct fault f = { .i = i };
    char words[sizeof(instance(i)->ended_words)];
    bool stays;

    if (!is_faulted(process, &f)) {
        return;
    }
    if (f.code >= FAULT_INVALID_ADDR && f.code <= FAULT_MALFORMED_SPACE && core_tell_again(i)) {
        lk_process_resume(process, LK_RESUME_OVER);
        return;
    }
    f.own = is_program(i, process);
    f.depth = trace_depth(i, process, &f.regs);
    label_of(process, f.label);
    fault_words(&f, words, sizeof(words));
    if (!quiet) {
        report(&f, process, words);
    }
    stays = f.own && programs_fault(i, f.code, words);
    if (!quiet) {
        report_end(&f, stays);
    }
}

/* The first line of a text. */
static void first_line(const char *text, char *out, size_t size)
{
    const char *end = strchr(text, '\n');

    lk_format(out, size, "%.*s", end != NULL ? (int)(end - text) : (int)strlen(text), text);
    for (char *at = out; *at != '\0'; at++) {
        *at = lk_is_print(*at) ? *at : '?'; /* it is shown elsewhere, too */
    }
}

void fault_failed(uint32_t i, uint32_t process, const char *text)
{
    bool quiet = instance(i)->paid;
    struct fault f = { .i = i, .own = true };
    char words[sizeof(instance(i)->ended_words)];
    bool stays;

    if (!quiet) {
        say("mistake in program %s, found by itself: %s", instance_name(i).text, text);
        if (process != 0 && lk_process_get_state(process, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                                 &f.regs, sizeof(f.regs), NULL) == STATUS_OK) {
            label_of(process, f.label);
            say("  %s is at %s", f.label, describe_place(instance_kind(i), f.regs.rip).text);
            report_trace(&f, process);
        }
    }
    first_line(text, words, sizeof(words));
    stays = programs_fault(i, FAULT_NONE, words);
    if (!quiet) {
        report_end(&f, stays);
    }
}
