#include "kv.h"
static bool failed;
static void check(const char *name, bool holds)
{
    failed |= !holds;
    say("%s %s", holds ? "ok" : "not ok", name);
}
int main(void)
{
    bool fresh=false; uint64_t v=0,size=0; char out[100]; size_t len=0;
    enum status s = kv_open(64, true, 1, &fresh, 28, 29);
    say("open %s fresh %d", lk_status_text(s), fresh);
    s = kv_put(29, "a", 1, "hello", 5, STORE_ANY, &v);
    say("put %s %lu", lk_status_text(s), v);
    s = store_get(29, 0, "a", 1, &v, &size, out, sizeof out, &len);
    say("get %s %lu %lu", lk_status_text(s), v, size);
    struct store_statistics st;
    s = store_statistics(29, &st);
    say("stat %s keys %lu pages %lu", lk_status_text(s), st.keys, st.pages);
    check("x", s == STATUS_OK);
    return 0;
}
