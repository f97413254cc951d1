/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The warden; see warden.h and core.h. It runs in init's space, with registers of its own, and
 * waits for nobody.
 */
#include "warden.h"

#include "core.h"
#include "faults.h"
#include "registers.h"

#include <lykos/invoke.h>
#include <lykos/names.h>
#include <lykos/say.h>
#include <lykos/stubs.h>

#define WARDEN_PRIORITY 201u /* init runs at 200 */
#define WARDEN_SLICE 10000000u
#define STACK_BYTES 8192u
#define ENDPOINT_ID 1u
#define REPLY_ID 0u
#define USER_FLAGS 0x202ull

/* Its registers: those of init where the library looks for them, and two more. */
#define REG_OWN_ENDPOINT 2
#define REG_INIT_NOTICE 14
#define REG_FAULTED 16

#define INIT_FAULTS 0xffffffffu /* payload of init's Entry; no instance has it */

static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));

/* It is init that faulted. Its process is quiet, so the kernel says nothing; there is nobody who
 * could begin it again. */
static void say_init_faulted(void)
{
    struct lk_regs regs = { .rip = 0 };
    uint64_t code = 0;
    uint64_t info = 0;

    lk_process_get_state(REG_FAULTED, NULL, NULL, &code, &info, NULL, NULL, NULL, &regs,
                         sizeof(regs), NULL);
    say("init has faulted: %s (information 0x%lx) at rip 0x%lx. It stays stopped: no program can "
        "be started or ended any more",
        lk_fault_text(code), info, regs.rip);
}

/* One message after the other: the kernel's about a fault, with the Process as capability 0 and
 * what means the instance as payload. */
static _Noreturn void warden_main(void)
{
    for (;;) {
        struct lk_msg msg = { .control = LK_RECV | LK_CTL_RECVS(REG_FAULTED, 0, 0, 0) };

        lk_invoke(&msg);
        if (lk_kind(msg.delivery) != LK_KIND_MESSAGE || msg.w[0] != LK_FAULT_MESSAGE) {
            continue;
        }
        if (msg.payload == INIT_FAULTS) {
            say_init_faulted();
        } else {
            fault_say(instance_of_payload(msg.payload), REG_FAULTED);
            say("  it is destroyed; init begins another");
            core_faulted(instance_of_payload(msg.payload));
            lk_range_rescind(LK_INIT_RANGE, REG_FAULTED);
            lk_appnotice_post(REG_INIT_NOTICE, CORE_NOTICE);
        }
    }
}

/* init's own faults are told to it, too. */
static enum status watch_init(void)
{
    enum status s = own_get(OWN_WARDEN_ENDPOINT, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_endpoint_make_entry(REG_WORK, INIT_FAULTS, REG_WORK);
    }
    return s == STATUS_OK ? lk_process_swap_slot(LK_INIT_SELF, SLOT_HANDLER, REG_WORK, 0) : s;
}

/* Give it what it needs. */
static enum status give_all(void)
{
    static const uint32_t same[] = { LK_INIT_RANGE, LK_INIT_KERNLOG, LK_INIT_DISCRIM };
    enum status s = lk_endpoint_make_app_notice(LK_INIT_ENDPOINT, CORE_NOTICE, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_process_swap_cap_reg(REG_PROCESS, REG_INIT_NOTICE, REG_WORK, 0);
    }
    for (unsigned i = 0; s == STATUS_OK && i < sizeof(same) / sizeof(same[0]); i++) {
        s = lk_process_swap_cap_reg(REG_PROCESS, same[i], same[i], 0);
    }
    return s;
}

static enum status make_endpoint(const struct source *from, uint64_t id, uint32_t own)
{
    enum status s = source_make(from, LK_TYPE_ENDPOINT, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_endpoint_id(REG_WORK, id);
    }
    if (s == STATUS_OK) {
        s = lk_endpoint_set_recipient(REG_WORK, REG_PROCESS);
    }
    return s == STATUS_OK ? lk_process_swap_cap_reg(REG_PROCESS, own, REG_WORK, 0) : s;
}

/* A call needs one with payload match. */
static enum status make_endpoints(const struct source *from)
{
    enum status s = make_endpoint(from, REPLY_ID, LK_INIT_REPLY);

    if (s == STATUS_OK) {
        s = lk_endpoint_set_payload_match(REG_WORK, 1);
    }
    if (s == STATUS_OK) {
        s = lk_process_swap_slot(REG_PROCESS, SLOT_REPLY_ENDPOINT, REG_WORK, 0);
    }
    if (s == STATUS_OK) {
        s = make_endpoint(from, ENDPOINT_ID, REG_OWN_ENDPOINT);
    }
    return s == STATUS_OK ? own_put(OWN_WARDEN_ENDPOINT, REG_WORK) : s;
}

static enum status make_schedule(const struct source *from)
{
    enum status s = source_make(from, LK_TYPE_SCHEDULE, REG_WORK);

    if (s == STATUS_OK) {
        s = lk_schedctl_set_up(LK_INIT_SCHEDCTL, WARDEN_PRIORITY, WARDEN_SLICE, 1, REG_WORK);
    }
    return s == STATUS_OK ? lk_process_swap_slot(REG_PROCESS, SLOT_SCHEDULE, REG_WORK, 0) : s;
}

enum status warden_begin(const struct source *from)
{
    struct lk_regs regs = {
        .rip = (uint64_t)warden_main,
        .rsp = (uint64_t)stack + STACK_BYTES - sizeof(uint64_t),
        .rflags = USER_FLAGS,
    };
    enum status s = source_make(from, LK_TYPE_PROCESS, REG_PROCESS);

    if (s == STATUS_OK) {
        s = own_put(OWN_WARDEN, REG_PROCESS);
    }
    if (s == STATUS_OK) {
        s = lk_process_set_label(REG_PROCESS, 0x6e6564726177ull, 0); /* "warden" */
    }
    if (s == STATUS_OK) {
        s = lk_process_swap_slot(REG_PROCESS, SLOT_ADDR_SPACE, LK_INIT_SPACE, 0);
    }
    if (s == STATUS_OK) {
        s = make_schedule(from);
    }
    if (s == STATUS_OK) {
        s = make_endpoints(from);
    }
    if (s == STATUS_OK) {
        s = give_all();
    }
    if (s == STATUS_OK) {
        s = watch_init();
    }
    if (s == STATUS_OK) {
        s = lk_process_set_regs(REG_PROCESS, LK_STATE_FAULTED, &regs, sizeof(regs));
    }
    return s == STATUS_OK ? lk_process_resume(REG_PROCESS, LK_RESUME_OVER) : s;
}
