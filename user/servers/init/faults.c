/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The fault handler of last resort; see faults.h.
 *
 * The code and the address alone say "nothing is mapped at 0x8"; with what init knows of the
 * program, its stack, its file and its symbols, that becomes "null pointer dereference in
 * poke+0x12".
 */
#include "faults.h"

#include "programs.h"
#include "registers.h"
#include "shelf.h"

#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/string.h>
#include <lykos/stubs.h>

#define FIRST_PAGE 4096u
#define STACK_GUARD 0x100000ull /* below the stack: nothing is ever mapped there */

#define GATE_REFUSED 2u /* in an error code: the selector index is that of an interrupt gate */
#define INT_N 0xcd      /* the instruction that asks for one */

/* A byte of the program's code as its file has it; 0 where there is none. */
static uint8_t code_byte(const struct instance *in, uint64_t address)
{
    for (unsigned i = 0; i < in->elf.segments; i++) {
        const struct elf_segment *s = &in->elf.segment[i];

        if (s->exec && address >= s->address && address - s->address < s->file_size) {
            return in->file.at[s->offset + (address - s->address)];
        }
    }
    return 0;
}

/* The privileged instruction at an address, or NULL. The list is that of the Intel SDM, volume
 * 3, 5.9, and port access, which is refused for another reason but looks the same. */
static const char *privileged_instruction(const struct instance *in, uint64_t rip)
{
    uint8_t b = code_byte(in, rip);
    uint8_t second = code_byte(in, rip + 1);

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

/* Nothing is mapped at `address`. */
static void words_unmapped(const struct instance *in, uint64_t address, uint64_t rip, char *out,
                           size_t size)
{
    if (address == rip && address < FIRST_PAGE) {
        lk_format(out, size, "call through a null function pointer (jump to 0x%lx)", address);
    } else if (address == rip) {
        lk_format(out, size, "jump to 0x%lx, where nothing is mapped", address);
    } else if (address < FIRST_PAGE) {
        lk_format(out, size, "null pointer dereference (address 0x%lx)", address);
    } else if (address < in->stack_low && in->stack_low - address <= STACK_GUARD) {
        lk_format(out, size, "stack overflow (address 0x%lx, the stack ends at 0x%lx)", address,
                  in->stack_low);
    } else {
        lk_format(out, size, "access to 0x%lx, where nothing is mapped", address);
    }
}

/* A general protection fault: the error code is not 0 when a selector or a gate was refused. */
static void words_protection(const struct instance *in, uint64_t error, uint64_t rip, char *out,
                             size_t size)
{
    const char *privileged = privileged_instruction(in, rip);

    if ((error & GATE_REFUSED) != 0 && code_byte(in, rip) == INT_N) {
        lk_format(out, size, "software interrupt 0x%x, which is not offered",
                  code_byte(in, rip + 1));
    } else if (privileged != NULL) {
        lk_format(out, size, "privileged instruction: %s", privileged);
    } else {
        lk_format(out, size,
                  "general protection: a non-canonical address or a bad selector (error 0x%lx)",
                  error);
    }
}

/* Say in words what fault program `i` took: "stack overflow". */
static void fault_words(unsigned i, uint64_t code, uint64_t info, uint64_t rip, char *out,
                        size_t size)
{
    const struct instance *in = &instances[i];

    switch (code) {
    case FAULT_INVALID_ADDR:
        words_unmapped(in, info, rip, out, size);
        break;
    case FAULT_ACCESS_VIOLATION:
        lk_format(out, size, "write to read-only memory at 0x%lx", info);
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
        lk_format(out, size, "invalid instruction (bytes %02x %02x)", code_byte(in, rip),
                  code_byte(in, rip + 1));
        break;
    case FAULT_GENERAL_PROTECTION:
        words_protection(in, info, rip, out, size);
        break;
    default:
        lk_format(out, size, "%s (information 0x%lx)", lk_fault_text(code), info);
        break;
    }
}

/* An address with the function it lies in, if the file has symbols. */
struct place {
    char text[96];
};

static struct place describe_place(const struct instance *in, uint64_t rip)
{
    struct place p = { "" };
    char name[48];
    uint64_t offset;

    if (elf_symbol(in->file.at, in->file.bytes, rip, name, sizeof(name), &offset)) {
        lk_format(p.text, sizeof(p.text), "0x%lx (%s+0x%lx)", rip, name, offset);
    } else {
        lk_format(p.text, sizeof(p.text), "0x%lx", rip);
    }
    return p;
}

static void report_registers(const struct lk_regs *r)
{
    say("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", r->rax, r->rbx, r->rcx, r->rdx);
    say("  rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", r->rsi, r->rdi, r->rbp, r->rsp);
    say("  r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", r->r8, r->r9, r->r10, r->r11);
    say("  r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", r->r12, r->r13, r->r14, r->r15);
    say("  rip %016lx  rflags %08lx  fs %016lx", r->rip, r->rflags, r->fs_base);
}

/* The state of the process in register `process`; false if it is not stopped at a fault. */
static bool faulted_state(uint32_t process, uint64_t *code, uint64_t *info, struct lk_regs *regs)
{
    uint64_t run_state = LK_STATE_READY;

    return lk_process_get_state(process, &run_state, NULL, code, info, NULL, NULL, NULL, regs,
                                sizeof(*regs), NULL) == STATUS_OK &&
           run_state == LK_STATE_FAULTED;
}

/* Is the Process in register `process` the one that init made for program `i`? */
static bool is_program(unsigned i, uint32_t process)
{
    uint64_t same = 0;

    return shelf_get(i, SHELF_PROCESS, REG_PROCESS) == STATUS_OK &&
           lk_discrim_compare(LK_INIT_DISCRIM, process, REG_PROCESS, &same) == STATUS_OK &&
           same == 1;
}

/* What a process is called. */
struct label {
    char text[PROGRAM_NAME_MAX];
};

static struct label label_of(uint32_t process)
{
    struct label l = { "" };
    uint64_t low = 0;
    uint64_t high = 0;

    lk_process_get_label(process, &low, &high);
    lk_label_unpack(low, high, l.text);
    if (l.text[0] == '\0') {
        lk_copy_text(l.text, sizeof(l.text), "(no label)");
    }
    return l;
}

void fault_handle(unsigned i, uint32_t process)
{
    const struct program *p = &description.program[i];
    struct instance *in = &instances[i];
    struct lk_regs regs = { 0 };
    char words[sizeof(in->ended_words)];
    uint64_t type = LK_TYPE_NULL;
    uint64_t code = FAULT_NONE;
    uint64_t info = 0;

    if (lk_discrim_classify(LK_INIT_DISCRIM, process, &type, NULL) != STATUS_OK ||
        type != LK_TYPE_PROCESS || !faulted_state(process, &code, &info, &regs)) {
        return;
    }
    bool own = is_program(i, process);
    struct label label = label_of(process);

    fault_words(i, code, info, regs.rip, words, sizeof(words));
    if (own) {
        say("fault in program %s: %s", p->name, words);
    } else {
        say("fault in process %s of program %s: %s", label.text, p->name, words);
        shelf_put(i, SHELF_OTHER, process);
    }
    say("  at rip %s", describe_place(in, regs.rip).text);
    report_registers(&regs);
    if (!own) {
        say("  it stays stopped: 'ps %s' shows it", label.text);
    } else if ((in->flags & PROGRAM_FOREGROUND) != 0) {
        say("  it ran in the foreground and is destroyed");
        programs_end(i, PROGRAM_ENDED_FAULT, code, words);
    } else {
        say("  it stays stopped: 'caps %s' shows what it holds, 'destroy %s' removes it", p->name,
            p->name);
        programs_note_fault(i, code, words);
    }
}
