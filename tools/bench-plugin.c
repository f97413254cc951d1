/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A plugin for QEMU's TCG that looks at every instruction between the marks of the benchmark
 * (user/programs/bench/bench.h) and counts how often each is executed. tools/bench builds it and
 * reads its report, from which it tells which instructions hide work, and where the others are.
 *
 * Debian's QEMU comes without the header for plugins, so the few things that are used are declared
 * here, as they are in QEMU's documentation of the interface, version 1.
 *
 * Report, one line each:  MEASUREMENT ADDRESS COUNT KIND [BYTES]
 * with the measurements numbered from 0 in the order of their MARK_NEXT, KIND one of - rep fxsave
 * fxrstor xsave xrstor cr3 invlpg wrmsr io.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- QEMU's interface ---- */
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);
typedef void (*exit_cb)(qemu_plugin_id_t id, void *data);

int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_cb cb,
                                            enum qemu_plugin_cb_flags flags, void *data);

/* ---- counters ---- */
#define MEASUREMENTS 64
#define BUCKETS 65536u
#define MARK_BASE 0x4c4b0000u

struct counter {
    struct counter *next; /* in its bucket */
    uint64_t address;
    const char *kind;
    uint8_t bytes[16]; /* the instruction: two programs may have different ones at one address */
    size_t size;
    uint64_t count[MEASUREMENTS];
};

static struct counter *buckets[BUCKETS];
static const char *report_name;
static bool counting;
static unsigned measurement;

/* What an instruction does that its being one does not tell. */
static const char *kind_of(const uint8_t *b, size_t n)
{
    size_t i = 0;
    bool rep = false;

    while (i < n && (b[i] == 0xf2 || b[i] == 0xf3 || b[i] == 0x66 || (b[i] & 0xf0) == 0x40)) {
        rep = rep || b[i] == 0xf2 || b[i] == 0xf3;
        i++;
    }
    if (i >= n) {
        return "-";
    }
    if (rep && ((b[i] >= 0xa4 && b[i] <= 0xa7) || (b[i] >= 0xaa && b[i] <= 0xaf))) {
        return "rep";
    }
    if ((b[i] >= 0xe4 && b[i] <= 0xe7) || (b[i] >= 0xec && b[i] <= 0xef)) {
        return "io";
    }
    if (b[i] != 0x0f || i + 2 >= n) {
        return i + 1 < n && b[i] == 0x0f && b[i + 1] == 0x30 ? "wrmsr" : "-";
    }
    unsigned reg = b[i + 2] >> 3 & 7;
    bool memory = b[i + 2] >> 6 != 3;

    if (b[i + 1] == 0xae && memory) {
        static const char *const group[8] = { "fxsave", "fxrstor", "-",     "-",
                                              "xsave",  "xrstor",  "xsave", "-" };

        return group[reg];
    }
    if (b[i + 1] == 0xc7 && memory && reg >= 3 && reg <= 5) {
        return reg == 3 ? "xrstor" : "xsave";
    }
    if (b[i + 1] == 0x22 && reg == 3) {
        return "cr3";
    }
    return b[i + 1] == 0x01 && memory && reg == 7 ? "invlpg" : "-";
}

static struct counter *counter_of(uint64_t address, const uint8_t *bytes, size_t size)
{
    struct counter **head = &buckets[(address ^ address >> 16) % BUCKETS];
    struct counter *c = *head;

    size = size > sizeof(c->bytes) ? sizeof(c->bytes) : size;
    while (c != NULL &&
           (c->address != address || c->size != size || memcmp(c->bytes, bytes, size) != 0)) {
        c = c->next;
    }
    if (c == NULL) {
        c = calloc(1, sizeof(*c));
        if (c == NULL) {
            abort();
        }
        c->next = *head;
        c->address = address;
        c->size = size;
        memcpy(c->bytes, bytes, size);
        c->kind = kind_of(bytes, size);
        *head = c;
    }
    return c;
}

/* ---- what QEMU calls ---- */

static void executed(unsigned int vcpu, void *data)
{
    struct counter *c = data;

    (void)vcpu;
    if (counting && measurement < MEASUREMENTS) {
        c->count[measurement]++;
    }
}

static void mark(unsigned int vcpu, void *data)
{
    (void)vcpu;
    switch ((uintptr_t)data) {
    case 1:
        counting = true;
        break;
    case 2:
        counting = false;
        break;
    case 3:
        counting = false;
        measurement++;
        break;
    }
}

static unsigned mark_of(const uint8_t *b, size_t n)
{
    uint32_t value;

    if (n != 7 || b[0] != 0x0f || b[1] != 0x1f || b[2] != 0x80) {
        return 0;
    }
    memcpy(&value, b + 3, sizeof(value));
    return value - MARK_BASE <= 3 ? value - MARK_BASE : 0;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint8_t *bytes = qemu_plugin_insn_data(insn);
        size_t size = qemu_plugin_insn_size(insn);
        unsigned m = mark_of(bytes, size);

        if (m != 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)m);
        } else {
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, executed, QEMU_PLUGIN_CB_NO_REGS,
                counter_of(qemu_plugin_insn_vaddr(insn), bytes, size));
        }
    }
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
    FILE *report = fopen(report_name, "w");

    (void)id;
    (void)data;
    if (report == NULL) {
        perror(report_name);
        return;
    }
    for (unsigned b = 0; b < BUCKETS; b++) {
        for (const struct counter *c = buckets[b]; c != NULL; c = c->next) {
            for (unsigned m = 0; m < MEASUREMENTS; m++) {
                if (c->count[m] != 0) {
                    fprintf(report, "%u %" PRIx64 " %" PRIu64 " %s\n", m, c->address, c->count[m],
                            c->kind);
                }
            }
        }
    }
    fclose(report);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "report=", 7) == 0) {
            report_name = argv[i] + 7;
        }
    }
    if (report_name == NULL) {
        fprintf(stderr, "bench-plugin: report=FILE is missing\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
