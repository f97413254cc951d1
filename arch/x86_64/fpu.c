/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The FPU: x87 and SSE registers, 512 bytes a process. AVX and what came after are not switched on.
 *
 * A process that never used the FPU runs with CR0.TS set. Its first FPU instruction raises #NM;
 * from then on CONTEXT_FPU is set, and its state is saved when the CPU goes to another process and
 * loaded when it comes back, both eagerly. When the CPU goes from such a process to one without
 * CONTEXT_FPU, the initial state is loaded before TS is set. So the registers never hold the state
 * of anyone but the process that runs, and the processors on which instructions behind TS can be
 * made to read them speculatively (Lazy FP state restore, CVE-2018-3665) have nothing to read.
 * Between two processes that do not use the FPU, arch_resume() tests two words and nothing is
 * called; between two that do, the fast path saves and loads by itself.
 *
 * INV-FPU-1  cpu->fpu_owner != NULL  <=>  TS is clear, and the registers hold that process's state.
 * INV-FPU-2  fpu_owner == NULL  <=>  TS is set, and the registers hold the initial state.
 * INV-FPU-3  CONTEXT_FPU is clear  =>  p->fpu is the initial image, or one that a user gave to a
 * process not yet run.
 */
#include <arch/port.h>
#include <arch/x86.h>
#include <kernel/cpu.h>
#include <kernel/panic.h>
#include <kernel/string.h>

/* What the kernel knows of an FXSAVE image. */
struct fx_image {
    uint16_t control;
    uint8_t unused[22];
    uint32_t mxcsr, mxcsr_mask;
    uint8_t registers[480];
} __attribute__((may_alias));
STATIC_ASSERT(sizeof(struct fx_image) == 512, "FXSAVE image");

#define CONTROL_INITIAL 0x037f
#define MXCSR_INITIAL 0x1f80u
#define MXCSR_MASK_DEFAULT 0xffbfu /* of processors that do not name one */

static struct fx_image initial ALIGNED(64); /* const after fpu_init() */

/* Nobody's state is loaded any more. TS is clear on entry. */
static void give_up(struct cpu *cpu)
{
    x86_fxrstor(&initial);
    x86_write_cr0(x86_read_cr0() | CR0_TS);
    cpu->fpu_owner = NULL;
    cpu->context &= ~CONTEXT_FPU;
}

void fpu_init(void)
{
    x86_clts();
    x86_fninit();
    x86_fxsave(&initial);
    initial = (struct fx_image){
        .control = CONTROL_INITIAL, /* and nothing of what the firmware left in the registers */
        .mxcsr = MXCSR_INITIAL,
        .mxcsr_mask = initial.mxcsr_mask != 0 ? initial.mxcsr_mask : MXCSR_MASK_DEFAULT,
    };
    give_up(cpu_self());
}

static void load(struct cpu *cpu, struct process *p)
{
    if (cpu->fpu_owner == NULL) {
        x86_clts();
    }
    x86_fxrstor(p->fpu);
    cpu->fpu_owner = p;
    cpu->context |= CONTEXT_FPU;
}

void fpu_switch(struct process *to)
{
    struct cpu *cpu = cpu_self();

    if (cpu->fpu_owner == to) {
        return;
    }
    if (cpu->fpu_owner != NULL) {
        x86_fxsave(cpu->fpu_owner->fpu);
    }
    if (to->context & CONTEXT_FPU) {
        load(cpu, to);
    } else if (cpu->fpu_owner != NULL) {
        give_up(cpu);
    }
}

void fpu_first_use(void)
{
    struct cpu *cpu = cpu_self();

    ASSERT(cpu->fpu_owner == NULL);
    cpu->current->context |= CONTEXT_FPU;
    load(cpu, cpu->current);
}

void arch_fpu_save(struct process *p)
{
    if (cpu_self()->fpu_owner == p) {
        x86_fxsave(p->fpu);
    }
    arch_fpu_drop(p);
}

/* Also makes arch_resume() look again at all that it would load: `p` may be a new process in the
 * place of an old one, or its p->fpu may be about to change. */
void arch_fpu_drop(struct process *p)
{
    struct cpu *cpu = cpu_self();

    if (cpu->fpu_owner == p) {
        give_up(cpu);
    }
    if (cpu->resumed == p) {
        cpu->resumed = NULL;
    }
}

void arch_fpu_initial(uint8_t image[512])
{
    memcpy(image, &initial, sizeof(initial));
}

void arch_fpu_sanitise(uint8_t image[512])
{
    struct fx_image *fx = (struct fx_image *)(void *)image;

    fx->mxcsr &= initial.mxcsr_mask;
    fx->mxcsr_mask = initial.mxcsr_mask;
}
