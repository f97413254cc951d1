/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Offsets and constants for assembly. This file is compiled to assembly only; the Makefile makes
 * <arch/offsets.h> from the marked lines.
 */
#include <arch/port.h>
#include <arch/trap.h>
#include <kernel/cpu.h>
#include <kernel/endpoint.h>
#include <kernel/irq.h>
#include <kernel/process.h>
#include <kernel/trace.h>

#define DEFINE(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" : : "i"(value))
#define REGISTER(name) DEFINE(P_##name, offsetof(struct process, regs.name))

void offsets(void);

void offsets(void)
{
    REGISTER(rax);
    REGISTER(rbx);
    REGISTER(rcx);
    REGISTER(rdx);
    REGISTER(rsi);
    REGISTER(rdi);
    REGISTER(rbp);
    REGISTER(r8);
    REGISTER(r9);
    REGISTER(r10);
    REGISTER(r11);
    REGISTER(r12);
    REGISTER(r13);
    REGISTER(r14);
    REGISTER(r15);
    REGISTER(rip);
    REGISTER(rsp);
    REGISTER(rflags);
    REGISTER(fs_base);
    DEFINE(P_CONTEXT, offsetof(struct process, context));
    DEFINE(P_FPU, offsetof(struct process, fpu));
    DEFINE(P_NOTICES, offsetof(struct process, notices));
    DEFINE(P_POSTS, offsetof(struct process, preempt.posts));
    DEFINE(P_MERGES, offsetof(struct process, preempt.merges));
    DEFINE(P_SPACE_ROOT, offsetof(struct process, space_root));
    DEFINE(P_STATE, offsetof(struct process, state));
    DEFINE(P_PRIORITY, offsetof(struct process, priority));
    DEFINE(P_CPU_CYCLES, offsetof(struct process, cpu_cycles));
    DEFINE(P_LAST_CALLED, offsetof(struct process, last_called.object));
    DEFINE(P_CAPREG, offsetof(struct process, capreg));
    DEFINE(P_REPLY, offsetof(struct process, fast.reply));
    DEFINE(P_REPLY_EPOCH, offsetof(struct process, fast.reply_epoch));
    DEFINE(P_TO, offsetof(struct process, fast.to));
    DEFINE(P_TO_ID, offsetof(struct process, fast.to_id));
    DEFINE(P_TO_EPOCH, offsetof(struct process, fast.to_epoch));
    DEFINE(P_CALLER, offsetof(struct process, fast.caller));
    DEFINE(P_CALLER_EPOCH, offsetof(struct process, fast.caller_epoch));
    DEFINE(FAST_AFTER_NOTICE, FAST_AFTER_NOTICE);
    DEFINE(ATTN_NOTICE, ATTN_NOTICE);
    DEFINE(P_CAPREG_OBJECT, offsetof(struct process, capreg[0].object));
    DEFINE(P_READY_LINK, offsetof(struct process, ready_link));
    DEFINE(P_READY_EPOCH, offsetof(struct process, ready_epoch));
    DEFINE(P_TURN, offsetof(struct process, turn));
    DEFINE(P_SLICE, offsetof(struct process, slice));
    DEFINE(CPU_READY, offsetof(struct cpu, ready));
    DEFINE(CPU_READY_MASK, offsetof(struct cpu, ready_mask));
    DEFINE(CPU_PREEMPT_SEED, offsetof(struct cpu, preempt_seed));
    DEFINE(CPU_TURNS, offsetof(struct cpu, turns));
    DEFINE(CPU_TIMER_ARMED, offsetof(struct cpu, timer_armed));
    DEFINE(ATTN_RECV_MANY, ATTN_RECV_MANY);
    DEFINE(ATTN_RECV_SHIFT, ATTN_RECV_SHIFT);
    DEFINE(OBJECT_COUNT, offsetof(struct objhdr, count));
    DEFINE(ATTN_FAULT_TOLD, ATTN_FAULT_TOLD);
    DEFINE(P_FAULT_CODE, offsetof(struct process, fault_code));
    DEFINE(P_FAULT_INFO, offsetof(struct process, fault_info));
    DEFINE(CAP_PAYLOAD_SHIFT, CAP_PAYLOAD_SHIFT);
    DEFINE(OID_SHIFT, OID_SHIFT);
    DEFINE(DIRECT_MAP_BITS, ARCH_DIRECT_MAP >> 40);
    DEFINE(FRAME_SIZE, sizeof(struct frame));

    DEFINE(EP_SELF, offsetof(struct endpoint, self));
    DEFINE(EP_ID, offsetof(struct endpoint, state.id));
    DEFINE(EP_REPLY, offsetof(struct endpoint, state.reply));
    DEFINE(EP_TO, offsetof(struct endpoint, to));
    DEFINE(EP_EPOCH, offsetof(struct endpoint, epoch));
    DEFINE(FRAME_KIND, offsetof(struct frame, kind));
    DEFINE(P_FLAGS, offsetof(struct process, s.flags));
    DEFINE(PROC_SINGLE_STEP, PROC_SINGLE_STEP);
    DEFINE(PROC_IRET, PROC_IRET);

    DEFINE(CPU_BUSY, offsetof(struct cpu, busy));
    DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
    DEFINE(CPU_GATE, offsetof(struct cpu, gate));
    DEFINE(CPU_SLICE_END, offsetof(struct cpu, slice_end));
    DEFINE(CPU_READY_TOP, offsetof(struct cpu, ready_top));
    DEFINE(TRACE_END, offsetof(struct trace_ring, end));
    DEFINE(TRACE_RING_SIZE, sizeof(trace_ring.record));
    DEFINE(TRACE_SIZE, sizeof(struct trace_record));
    DEFINE(TRACE_CYCLES, offsetof(struct trace_ring, record[0].cycles));
    DEFINE(TRACE_PROCESS, offsetof(struct trace_ring, record[0].process));
    DEFINE(TRACE_EVENT, offsetof(struct trace_ring, record[0].event));
    DEFINE(TRACE_A, offsetof(struct trace_ring, record[0].a));
    DEFINE(TRACE_B, offsetof(struct trace_ring, record[0].b));
    DEFINE(CPU_KERNEL_STACK, offsetof(struct cpu, kernel_stack));
    DEFINE(CPU_SCRATCH, offsetof(struct cpu, scratch));
    DEFINE(CPU_RESUMED, offsetof(struct cpu, resumed));
    DEFINE(CPU_FPU_OWNER, offsetof(struct cpu, fpu_owner));
    DEFINE(CPU_LOADED_ROOT, offsetof(struct cpu, loaded_root));
    DEFINE(CPU_CONTEXT, offsetof(struct cpu, context));
    DEFINE(CPU_ENTRIES, offsetof(struct cpu, stats.entries));
    DEFINE(CPU_CR3_WRITES, offsetof(struct cpu, stats.cr3_writes));

    DEFINE(CPU_INTERRUPTS, offsetof(struct cpu, stats.interrupts));
    DEFINE(IRQ_SHIFT, 5);
    STATIC_ASSERT(sizeof(struct irq_line) == 32, "IRQ_SHIFT");
    DEFINE(IRQ_NOTICE, offsetof(struct irq_line, notice));
    DEFINE(IRQ_BITS, offsetof(struct irq_line, bits));
    DEFINE(FEATURE_SMAP, offsetof(struct cpu_features, smap));

    DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
    DEFINE(FRAME_CS, offsetof(struct trap_frame, cs));
}
