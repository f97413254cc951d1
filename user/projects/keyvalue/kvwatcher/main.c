/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kvwatcher: a client that waits for changes, with the store of kvwatch-test. "echo": each value of
 * "ping" is put under "pong", until it is 0. "wait": waits for a change that does not come; its
 * status is how the wait ended.
 */
#include "testing.h"

/* Watch, and say so. */
static bool begins(bool prefix, const char *key)
{
    return store_watch(REG_STORE, 0, prefix, key, strlen(key), NULL) == STATUS_OK &&
           kv_put(REG_STORE, "ready", 5, "", 0, STORE_ANY, NULL) == STATUS_OK;
}

static int echo(void)
{
    uint64_t value = 1;

    if (!begins(false, "ping")) {
        return 1;
    }
    while (value != 0) {
        uint32_t fired = 0;

        if (store_await(REG_STORE, &fired, NULL) != STATUS_OK || fired != 1 ||
            store_get(REG_STORE, 0, "ping", 4, NULL, NULL, &value, sizeof(value), NULL) !=
                STATUS_OK ||
            kv_put(REG_STORE, "pong", 4, &value, sizeof(value), STORE_ANY, NULL) != STATUS_OK) {
            return 1;
        }
    }
    return 0;
}

static int wait(void)
{
    if (!begins(true, "never/")) {
        return 1;
    }
    return (int)store_await(REG_STORE, NULL, NULL);
}

int main(void)
{
    bool fresh = true;

    if (kv_open(0, true, 1, &fresh, REG_NOTICE, REG_STORE) != STATUS_OK || fresh) {
        return 1;
    }
    return strcmp(lk_start->argument, "echo") == 0 ? echo() : wait();
}
