/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The picture of an address space: its lines, its parts, and that it ends whatever the tree is
 * like.
 */
#include "unit.h"

#include "user/servers/init/picture.c"

#include <string.h>

#define NODES 16

/* GPTs by number; a capability to one has its number as `node`. */
struct cap {
    struct picture_cap c;
    unsigned node;
};
static struct cap node[NODES][SLOTS];
static struct cap top;
static unsigned now; /* at hand */
static bool alive;   /* else there is no tree any more */
static unsigned looks;

static void tree_root(struct picture_cap *out)
{
    *out = alive ? top.c : (struct picture_cap){ .type = LK_TYPE_NULL };
    now = top.node;
}

static void tree_slot(unsigned slot, struct picture_cap *out)
{
    looks++;
    *out = node[now][slot].c;
}

static void tree_down(unsigned slot)
{
    now = node[now][slot].node;
}

static const struct picture_tree tree = { tree_root, tree_slot, tree_down };

static struct cap gpt(unsigned number, unsigned l2v)
{
    struct cap c = { { .type = LK_TYPE_GPT, .l2v = l2v, .l2g = l2v + 4 }, number };

    return c;
}

static struct cap page(uint64_t restrictions)
{
    struct cap c = { { .type = LK_TYPE_PAGE, .restrictions = restrictions, .l2g = 12 }, 0 };

    return c;
}

static void begin(struct cap root)
{
    memset(node, 0, sizeof(node));
    top = root;
    alive = true;
}

static char text[20000];

/* The whole picture, in parts of `size` bytes. How many parts. */
static unsigned draw(size_t size)
{
    uint64_t position = 0;
    size_t len = 0;
    unsigned parts = 0;

    do {
        size_t n = picture_part(&tree, &position, text + len, size);

        if (!unit_check(n <= size && (n == 0 || text[len + n - 1] == '\n'), __FILE__, __LINE__,
                        "%zu bytes", n)) {
            break;
        }
        len += n;
        parts++;
    } while (position != 0 && len + size < sizeof(text));
    text[len] = '\0';
    return parts;
}

static bool shows(const char *wanted)
{
    return unit_check(strcmp(text, wanted) == 0, __FILE__, __LINE__, "'%s', not '%s'", text,
                      wanted);
}

/* Two branches, runs of pages, a handler, what is no memory. */
static void example(void)
{
    begin(gpt(0, 20));
    top.c.flags = GPT_HAS_HANDLER;
    node[0][1] = gpt(1, 16);
    node[0][3] = gpt(2, 16);
    node[0][3].c.restrictions = LK_RO;
    node[0][15].c.type = LK_TYPE_ENTRY;
    node[1][2] = gpt(3, 12);
    node[1][4].c.type = LK_TYPE_ENTRY;
    node[2][0] = gpt(3, 12);
    node[2][1].c.type = LK_TYPE_WINDOW;
    for (unsigned i = 0; i < 3; i++) {
        node[3][i] = page(LK_NX);
    }
    node[3][3] = page(LK_NX | LK_RO);
    node[3][5] = page(0);
    node[3][15] = page(0);
    node[3][15].c.l2g = 16; /* not in its slot */
}

static const char example_text[] = "0x00000000-0x00ffffff  GPT l2v 20, slot 15: fault handler\n"
                                   "|- 0x00100000-0x001fffff  GPT l2v 16\n"
                                   "|  |- 0x00120000-0x0012ffff  GPT l2v 12\n"
                                   "|  |  |- 0x00120000-0x00122fff  rw-  3 pages\n"
                                   "|  |  |- 0x00123000-0x00123fff  r--  1 page\n"
                                   "|  |  |- 0x00125000-0x00125fff  rwx  1 page\n"
                                   "|  |  `- 0x0012f000-0x0012ffff  Page: its guard does not fit\n"
                                   "|  `- 0x00140000-0x0014ffff  Entry: no memory\n"
                                   "`- 0x00300000-0x003fffff  GPT l2v 16 read-only\n"
                                   "   |- 0x00300000-0x0030ffff  GPT l2v 12\n"
                                   "   |  |- 0x00300000-0x00302fff  r--  3 pages\n"
                                   "   |  |- 0x00303000-0x00303fff  r--  1 page\n"
                                   "   |  |- 0x00305000-0x00305fff  r-x  1 page\n"
                                   "   |  `- 0x0030f000-0x0030ffff  Page: its guard does not fit\n"
                                   "   `- 0x00310000-0x0031ffff  Window onto the background\n";

TEST(picture_lines, "a line for each GPT and each run of equal pages, restrictions add up")
{
    example();
    draw(1000);
    shows(example_text);
}

TEST(picture_parts, "the picture is the same in whatever parts it comes")
{
    example();
    for (size_t size = 2 * PICTURE_LINE; size < 1500; size += 7) {
        draw(size);
        if (!shows(example_text)) {
            return;
        }
    }
}

TEST(picture_nothing, "no tree, and an empty one")
{
    begin(gpt(0, 20));
    draw(1000);
    shows("0x00000000-0x00ffffff  GPT l2v 20\n");
    alive = false;
    draw(1000);
    shows("no GPT, but Null\n");
    begin(page(0));
    draw(1000);
    shows("no GPT, but Page\n");
}

TEST(picture_guards, "guards move what is behind them, or leave it out of reach")
{
    begin(gpt(0, 28));
    top.c.match = 1;
    node[0][2] = gpt(1, 12);
    node[0][2].c.match = 3;
    node[0][3] = gpt(1, 12);
    node[0][3].c.match = 1 << 20;
    node[1][0] = page(0);
    draw(1000);
    shows("0x100000000-0x1ffffffff  GPT l2v 28\n"
          "|- 0x120030000-0x12003ffff  GPT l2v 12\n"
          "|  `- 0x120030000-0x120030fff  rwx  1 page\n"
          "`- 0x1130000000-0x113000ffff  GPT l2v 12: its guard lets no address pass\n");
}

TEST(picture_ring, "a ring is told to be malformed and not followed")
{
    begin(gpt(0, 20));
    node[0][0] = gpt(1, 16);
    node[1][7] = gpt(0, 20);
    node[1][8] = gpt(1, 16);
    node[1][9] = gpt(2, 12);
    node[1][9].c.restrictions = LK_OP;
    draw(1000);
    shows("0x00000000-0x00ffffff  GPT l2v 20\n"
          "`- 0x00000000-0x000fffff  GPT l2v 16\n"
          "   |- 0x00070000-0x0007ffff  GPT l2v 20: malformed, l2v does not fall\n"
          "   |- 0x00080000-0x0008ffff  GPT l2v 16: malformed, l2v does not fall\n"
          "   `- 0x00090000-0x0009ffff  GPT l2v 12 opaque: nobody may look into it\n");
}

/* l2v 27, 26, ... 12: deeper than is followed, and sixteen times as many at each level. */
TEST(picture_bounded, "however many branches there are, a part takes bounded work")
{
    uint64_t position = 0;

    begin(gpt(0, 27));
    for (unsigned i = 0; i + 1 < NODES; i++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            node[i][slot] = gpt(i + 1, 26 - i);
        }
    }
    for (unsigned part = 0; part < 1000; part++) {
        looks = 0;
        size_t n = picture_part(&tree, &position, text, 1000);

        CHECK_SAY(n > 0 && n <= 1000 && position != 0 && looks < 1000, "%zu bytes, %u looks", n,
                  looks);
    }
}

TEST(picture_changes, "a tree that changed is gone on with at the nearest place")
{
    uint64_t position = 0;

    example();
    picture_part(&tree, &position, text, 2 * PICTURE_LINE);
    CHECK_SAY(position != 0, "one part is all");
    node[0][1] = (struct cap){ .node = 0 };
    size_t n = picture_part(&tree, &position, text, 1000);

    CHECK_SAY(position == 0 && strncmp(text, "`- 0x00300000-", 14) == 0, "%.*s", (int)n, text);
    uint64_t wild[] = { ~0ull, 1ull << 52 | 15ull << 48, 5, 1ull << 52 | 3ull << 48 | 0xfff3 };

    for (unsigned i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
        position = wild[i];
        n = picture_part(&tree, &position, text, 1000);
        CHECK_SAY(n <= 1000, "%zu bytes", n);
    }
}
