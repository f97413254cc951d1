/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A plugin for QEMU's TCG that looks at every instruction between the marks of the benchmark
 * (user/programs/bench/bench.h), counts how often each is executed, and which cache lines are
 * touched. tools/bench builds it and reads its report, from which it tells which instructions hide
 * work, and where the others are.
 *
 * A line is 64 bytes of physical memory: two programs' memory at one address is two lines, what
 * they or the kernel reach by two addresses is one. A line counts once for each interval between
 * two marks, for data (read or written) and for instructions apart; and as the kernel's if an
 * instruction of the kernel touched it, or is in it. What the processor reads and writes by
 * itself is not seen: page tables, descriptor tables, what an interrupt pushes.
 *
 * Debian's QEMU comes without the header for plugins, so the few things that are used are declared
 * here, as they are in QEMU's documentation of the interface, version 1.
 *
 * Report, one line each:  MEASUREMENT ADDRESS COUNT KIND
 *                         MEASUREMENT rounds|intervals NUMBER MEDIAN SUM LINES
 * with the measurements numbered from 0 in the order of their MARK_NEXT, KIND as kind_of() says,
 * LINES one of data, data_kernel, code, code_kernel; of the lines of single
 * rounds, or of intervals of any number of them, stand the number, the median and the sum.
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
struct qemu_plugin_hwaddr;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };
typedef uint32_t qemu_plugin_meminfo_t;
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);
typedef void (*vcpu_mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address,
                            void *data);
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
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_cb cb,
                                            enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, vcpu_mem_cb cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
                                      void *data);

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
    uintptr_t at; /* where it is in this process, which holds the guest's memory */
    uint64_t count[MEASUREMENTS];
};

static struct counter *buckets[BUCKETS];
static const char *report_name;
static bool counting; /* instructions */
static bool looking;  /* at cache lines */
static unsigned measurement;

static bool of_kernel(const struct counter *c)
{
    return c->address >> 63 != 0;
}

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- cache lines ---- */
#define LINE_SHIFT 6
#define PAGE_SHIFT 12

enum { LINES_DATA, LINES_DATA_KERNEL, LINES_CODE, LINES_CODE_KERNEL, LINE_SORTS };
static const char *const line_sorts[LINE_SORTS] = { "data", "data_kernel", "code", "code_kernel" };

struct line {
    struct line *next; /* in its bucket */
    uint64_t number;
    uint64_t interval[LINE_SORTS]; /* the last one in which it counted */
};
static struct line *line_buckets[2][BUCKETS]; /* of data, of code: numbers are of two kinds */

/* What was touched in an interval. */
struct touched {
    uint32_t lines[LINE_SORTS];
};
static struct touched now;
static uint64_t interval;

/* The intervals of each measurement. */
static struct intervals {
    struct touched *each;
    size_t n, room;
    bool rounds; /* they are single rounds */
} intervals[MEASUREMENTS];

static void touch_line(unsigned sort, uint64_t number, bool kernel)
{
    struct line **head = &line_buckets[sort / 2][(number ^ number >> 16) % BUCKETS];
    struct line *l = *head;

    while (l != NULL && l->number != number) {
        l = l->next;
    }
    if (l == NULL) {
        l = must(calloc(1, sizeof(*l)));
        l->next = *head;
        l->number = number;
        *head = l;
    }
    for (unsigned s = sort; s <= sort + kernel; s++) {
        if (l->interval[s] != interval) {
            l->interval[s] = interval;
            now.lines[s]++;
        }
    }
}

/* The lines from `at` on, which is a physical address or stands for one. Pages apart from each
 * other may follow each other: what reaches into the next page counts there for itself. */
static void touch_lines(unsigned sort, uint64_t at, uint64_t bytes, bool kernel)
{
    touch_line(sort, at >> LINE_SHIFT, kernel);
    if ((at + bytes - 1) >> LINE_SHIFT != at >> LINE_SHIFT &&
        (at + bytes - 1) >> PAGE_SHIFT == at >> PAGE_SHIFT) {
        touch_line(sort, (at + bytes - 1) >> LINE_SHIFT, kernel);
    }
}

static void interval_begin(void)
{
    interval++;
    memset(&now, 0, sizeof(now));
    looking = true;
}

static void interval_end(bool round)
{
    struct intervals *of = &intervals[measurement];

    if (!looking || measurement >= MEASUREMENTS) {
        return;
    }
    looking = false;
    if (round && !of->rounds) {
        of->rounds = true;
        of->n = 0;
    } else if (of->rounds && !round) {
        return;
    }
    if (of->n == of->room) {
        of->room = of->room == 0 ? 16 : 2 * of->room;
        of->each = must(realloc(of->each, of->room * sizeof(*of->each)));
    }
    of->each[of->n++] = now;
}

static int compare(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a;
    uint32_t other = *(const uint32_t *)b;

    return (one > other) - (one < other);
}

static void report_lines(FILE *report, unsigned m)
{
    const struct intervals *of = &intervals[m];
    uint32_t *sorted = must(calloc(of->n + 1, sizeof(*sorted)));

    for (unsigned s = 0; s < LINE_SORTS && of->n != 0; s++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < of->n; i++) {
            sorted[i] = of->each[i].lines[s];
            sum += sorted[i];
        }
        qsort(sorted, of->n, sizeof(*sorted), compare);
        fprintf(report, "%u %s %zu %" PRIu32 " %" PRIu64 " %s\n", m,
                of->rounds ? "rounds" : "intervals", of->n, sorted[(of->n - 1) / 2], sum,
                line_sorts[s]);
    }
    free(sorted);
}

/* ---- instructions ---- */

/* What an instruction does that its being one does not tell. */
static const char *kind_of_two_bytes(const uint8_t *b, size_t n)
{
    static const char *const registers[8] = { "cr0", "-", "-", "cr3", "cr4", "-", "-", "-" };
    static const char *const group[8] = { "fxsave", "fxrstor", "-",     "-",
                                          "xsave",  "xrstor",  "xsave", "-" };

    if (b[0] == 0x30) {
        return "wrmsr";
    }
    if (b[0] == 0xa2) {
        return "cpuid";
    }
    if (n < 2) {
        return "-";
    }
    unsigned reg = b[1] >> 3 & 7;
    bool memory = b[1] >> 6 != 3;

    switch (b[0]) {
    case 0xae:
        return memory ? group[reg] : reg >= 5 ? "fence" : "-";
    case 0xc7:
        return memory && reg >= 3 && reg <= 5 ? reg == 3 ? "xrstor" : "xsave" : "-";
    case 0x22:
        return registers[reg];
    case 0x01:
        return memory && reg == 7 ? "invlpg" : "-";
    case 0x38:
        return b[1] == 0x82 ? "invpcid" : "-";
    default:
        return "-";
    }
}

static bool is_prefix(uint8_t b)
{
    return b == 0xf0 || b == 0xf2 || b == 0xf3 || b == 0x66 || b == 0x67 || b == 0x2e ||
           b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65 || (b & 0xf0) == 0x40;
}

static const char *kind_of(const uint8_t *b, size_t n)
{
    size_t i = 0;
    bool rep = false;
    bool locked = false;
    bool high_register = false; /* REX.R */

    while (i < n && is_prefix(b[i])) {
        rep = rep || b[i] == 0xf2 || b[i] == 0xf3;
        locked = locked || b[i] == 0xf0;
        high_register = (b[i] & 0xf4) == 0x44;
        i++;
    }
    if (i >= n) {
        return "-";
    }
    if (locked || ((b[i] == 0x86 || b[i] == 0x87) && i + 1 < n && b[i + 1] >> 6 != 3)) {
        return "locked"; /* xchg with memory needs no prefix for it */
    }
    if (rep && ((b[i] >= 0xa4 && b[i] <= 0xa7) || (b[i] >= 0xaa && b[i] <= 0xaf))) {
        return "rep";
    }
    if ((b[i] >= 0xe4 && b[i] <= 0xe7) || (b[i] >= 0xec && b[i] <= 0xef)) {
        return "io";
    }
    if (b[i] == 0xcf) {
        return "iret";
    }
    if (b[i] != 0x0f || i + 1 >= n || (b[i + 1] == 0x22 && high_register)) {
        return "-"; /* the last of them: CR8, which serialises nothing */
    }
    return kind_of_two_bytes(b + i + 1, n - i - 1);
}

static struct counter *counter_of(uint64_t address, const uint8_t *bytes, size_t size, uintptr_t at)
{
    struct counter **head = &buckets[(address ^ address >> 16) % BUCKETS];
    struct counter *c = *head;

    size = size > sizeof(c->bytes) ? sizeof(c->bytes) : size;
    while (c != NULL && (c->address != address || c->at != at || c->size != size ||
                         memcmp(c->bytes, bytes, size) != 0)) {
        c = c->next;
    }
    if (c == NULL) {
        c = must(calloc(1, sizeof(*c)));
        c->next = *head;
        c->address = address;
        c->size = size;
        c->at = at;
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
    if (looking) {
        touch_lines(LINES_CODE, c->at, c->size, of_kernel(c));
    }
}

static void accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    (void)vcpu;
    if (looking) {
        const struct qemu_plugin_hwaddr *at = qemu_plugin_get_hwaddr(info, address);

        if (at != NULL && !qemu_plugin_hwaddr_is_io(at)) {
            touch_lines(LINES_DATA, qemu_plugin_hwaddr_phys_addr(at),
                        1ull << qemu_plugin_mem_size_shift(info), of_kernel(data));
        }
    }
}

static void mark(unsigned int vcpu, void *data)
{
    (void)vcpu;
    switch ((uintptr_t)data) {
    case 1:
        counting = true;
        interval_begin();
        break;
    case 2:
        counting = false;
        interval_end(false);
        break;
    case 3:
        counting = false;
        looking = false;
        measurement++;
        break;
    case 4:
        interval_begin();
        break;
    case 5:
        interval_end(true);
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
    return value - MARK_BASE <= 5 ? value - MARK_BASE : 0;
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
            struct counter *c = counter_of(qemu_plugin_insn_vaddr(insn), bytes, size,
                                           (uintptr_t)qemu_plugin_insn_haddr(insn));

            qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS, c);
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW, c);
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
    for (unsigned m = 0; m < MEASUREMENTS; m++) {
        report_lines(report, m);
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
