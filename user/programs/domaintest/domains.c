/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The cases about the procedures; see main.c.
 */
#include "domaintest.h"

#include <abi/version.h>

static const char long_name[] =
    "a-name-that-is-much-longer-than-any-program-can-have-and-longer-than-what-init-takes-at-all-"
    "and-then-some-more-of-it-so-that-it-does-not-fit-anywhere";

static struct dom all[80];

static void lookups_agree(void)
{
    struct dom d, again;
    remote_dom found;
    remote_uuid uuid;
    remote_int id;

    begin_case("lookups_agree");
    check_number((uint64_t)look_up("pong", &d), 0, "by name");
    check(d.id > 0, "it runs, so it has an id");
    id.value = d.id;
    check_number((uint64_t)ask(RPC_DOMAIN_LOOKUP_BY_ID, &id, &found), 0, "by id");
    keep(&found.dom, &again);
    check(memcmp(&d, &again, sizeof(d)) == 0, "by id it is another");
    memcpy(uuid.uuid, d.uuid, sizeof(uuid.uuid));
    check_number((uint64_t)ask(RPC_DOMAIN_LOOKUP_BY_UUID, &uuid, &found), 0, "by uuid");
    keep(&found.dom, &again);
    check(memcmp(&d, &again, sizeof(d)) == 0, "by uuid it is another");
    check_number((uint64_t)look_up("init", &d), 0, "init");
}

static void lookups_fail(void)
{
    static const char *const names[] = { "", "nobody", "pon", "pongo", "citizen.9999", long_name };
    remote_uuid uuid = { .uuid = "0123456789abcde" };
    remote_int id = { .value = 0 };
    struct dom d;
    remote_dom found;

    begin_case("lookups_fail");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_refused(look_up(names[i], &d), REMOTE_ERR_NO_DOMAIN, "there is no program", names[i]);
    }
    check_refused(ask(RPC_DOMAIN_LOOKUP_BY_UUID, &uuid, &found), REMOTE_ERR_NO_DOMAIN, "uuid",
                  "a foreign uuid");
    for (unsigned i = 0; i < 3; i++) {
        id.value = (const int[]){ -1, INT32_MAX, INT32_MIN }[i];
        check_refused(ask(RPC_DOMAIN_LOOKUP_BY_ID, &id, &found), REMOTE_ERR_NO_DOMAIN, "the id",
                      "an id of nobody");
    }
}

/* The domains that the flags ask for, into all[]. */
static unsigned list(uint32_t flags)
{
    remote_list_all wanted = { .need_results = 1, .flags = flags };
    remote_domains found;
    unsigned n = 0;

    check_number((uint64_t)ask(RPC_CONNECT_LIST_ALL_DOMAINS, &wanted, &found), 0, "a list");
    check_number(found.count, found.domains.domains_len, "its count");
    while (n < found.domains.domains_len && n < sizeof(all) / sizeof(all[0])) {
        keep(&found.domains.domains_val[n], &all[n]);
        n++;
    }
    wanted.need_results = 0;
    check_number((uint64_t)ask(RPC_CONNECT_LIST_ALL_DOMAINS, &wanted, &found), 0, "a count");
    check_number(found.count, n, "the count alone");
    check_number(found.domains.domains_len, 0, "domains that nobody wanted");
    return n;
}

static bool lists(unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(all[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void lists_are_filtered(void)
{
    remote_list_all wanted = { .need_results = 1, .flags = 0x10000 };
    remote_domains found;
    struct dom d;
    unsigned whole, active;

    begin_case("lists_are_filtered");
    fresh("idle1", &d);
    fresh("spin", &d);
    check_number((uint64_t)ask_dom(RPC_DOMAIN_SUSPEND, &d, &found), 0, "suspend spin");
    end("idle4");
    whole = list(0);
    check(lists(whole, "init") && lists(whole, "idle1") && lists(whole, "idle4"), "all of them");
    for (unsigned i = 0; i < whole; i++) {
        for (unsigned k = 0; k < i; k++) {
            check(memcmp(all[i].uuid, all[k].uuid, sizeof(all[i].uuid)) != 0, "a uuid is of two");
        }
    }
    active = list(REMOTE_LIST_ACTIVE);
    check(lists(active, "idle1") && lists(active, "spin") && !lists(active, "idle4"), "active");
    check_number(list(REMOTE_LIST_ACTIVE | REMOTE_LIST_INACTIVE), whole, "both groups");
    check_number(list(REMOTE_LIST_INACTIVE), whole - active, "inactive");
    check_number(list(REMOTE_LIST_SHUTOFF), whole - active, "shut off");
    check_number(list(REMOTE_LIST_ACTIVE | REMOTE_LIST_SHUTOFF), 0, "both at once");
    check_number(list(REMOTE_LIST_PAUSED), 1, "paused");
    check(lists(1, "spin"), "spin is the one that is paused");
    check(lists(list(REMOTE_LIST_OTHER), "idle1"), "idle1 waits");
    /* Who asks waits for the answer, so it is not even domaintest that runs. */
    check(list(REMOTE_LIST_RUNNING) == 1 && lists(1, "init"), "only init runs");
    check_number(list(REMOTE_LIST_TRANSIENT), 0, "no further instances");
    check(lists(list(REMOTE_LIST_AUTOSTART), "shell") &&
              !lists(list(REMOTE_LIST_AUTOSTART), "spin"),
          "those that are started at boot");
    check_number(list(REMOTE_LIST_SAVED), 0, "saved ones");
    check_number(list(REMOTE_LIST_NOT_SAVED | REMOTE_LIST_NO_SNAPSHOT), whole, "not saved ones");
    check_refused(ask(RPC_CONNECT_LIST_ALL_DOMAINS, &wanted, &found), REMOTE_ERR_INVALID_ARG,
                  "unsupported flags (0x10000)", "a flag of nobody");
    end("spin");
}

static void old_lists(void)
{
    remote_max max = { .max = 3 };
    remote_int n = { .value = 0 };
    remote_ids ids;
    remote_names names;

    begin_case("old_lists");
    check_number((uint64_t)ask(RPC_CONNECT_NUM_OF_DOMAINS, "", &n), 0, "how many run");
    check_number((uint64_t)n.value, list(REMOTE_LIST_ACTIVE), "as many as are listed");
    check_number((uint64_t)ask(RPC_CONNECT_LIST_DOMAINS, &max, &ids), 0, "their ids");
    check_number(ids.ids.ids_len, 3, "as many as were asked for");
    check_number((uint64_t)ids.ids.ids_val[0], 1, "init is the first");
    check_number((uint64_t)ask(RPC_CONNECT_NUM_OF_DEFINED_DOMAINS, "", &n), 0, "how many do not");
    check_number((uint64_t)n.value, list(REMOTE_LIST_INACTIVE), "as many as are listed");
    check_number((uint64_t)ask(RPC_CONNECT_LIST_DEFINED_DOMAINS, &max, &names), 0, "their names");
    check_number(names.names.names_len, 3, "as many as were asked for");
    check(strcmp(names.names.names_val[0], all[0].name) == 0, "not the first of them");
    max.max = -1;
    check_refused(ask(RPC_CONNECT_LIST_DOMAINS, &max, &ids), REMOTE_ERR_INVALID_ARG, "-1", "fewer");
}

static uint64_t cpu_time(const struct dom *d)
{
    remote_domain_info info = { .state = 0 };

    check_number((uint64_t)ask_dom(RPC_DOMAIN_GET_INFO, d, &info), 0, "info");
    return info.cpu_time;
}

static void suspend_and_resume(void)
{
    struct dom d;
    uint64_t before;
    uint64_t nothing;

    begin_case("suspend_and_resume");
    fresh("spin", &d);
    check_state(&d, REMOTE_STATE_RUNNING, REMOTE_RUNNING_BOOTED, "it spins");
    before = cpu_time(&d);
    lk_sleep_ms(30);
    check(cpu_time(&d) > before, "it takes no time though it runs");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_SUSPEND, &d, &nothing), 0, "suspend");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_SUSPEND, &d, &nothing), 0, "a second time");
    check_state(&d, REMOTE_STATE_PAUSED, REMOTE_PAUSED_USER, "it is suspended");
    before = cpu_time(&d);
    lk_sleep_ms(30);
    check_number(cpu_time(&d), before, "time that it takes");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_RESUME, &d, &nothing), 0, "resume");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_RESUME, &d, &nothing), 0, "a second time");
    lk_sleep_ms(30);
    check(cpu_time(&d) > before, "it does not go on");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), 0, "destroy");
    check_refused(ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), REMOTE_ERR_NO_DOMAIN, "has ended",
                  "a second time");
    check_number((uint64_t)look_up("spin", &d), 0, "what is left of it");
    check_number((uint64_t)d.id, (uint64_t)-1, "its id");
    check_state(&d, REMOTE_STATE_SHUTOFF, REMOTE_SHUTOFF_DESTROYED, "it was destroyed");
}

static void does_not_run(void)
{
    static const enum rpc_procedure_index all_three[] = { RPC_DOMAIN_SUSPEND, RPC_DOMAIN_RESUME,
                                                          RPC_DOMAIN_DESTROY };
    remote_domain_info info = { .state = 0 };
    remote_int active = { .value = 7 };
    uint64_t nothing;
    struct dom d;

    begin_case("does_not_run");
    end("idle3");
    check_number((uint64_t)look_up("idle3", &d), 0, "idle3");
    for (unsigned i = 0; i < 3; i++) {
        check_refused(ask_dom(all_three[i], &d, &nothing), REMOTE_ERR_OPERATION_INVALID,
                      "'idle3' cannot be", "what does not run");
    }
    check_number((uint64_t)ask_dom(RPC_DOMAIN_GET_INFO, &d, &info), 0, "info");
    check_number(info.state, REMOTE_STATE_SHUTOFF, "its state");
    check(info.memory == 0 && info.max_memory > 0, "its memory");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_IS_ACTIVE, &d, &active), 0, "active");
    check_number((uint64_t)active.value, 0, "active");
    check_status(start("idle3", 0, ""), STATUS_OK, "its begin");
    check_refused(ask_dom(RPC_DOMAIN_GET_INFO, &d, &info), REMOTE_ERR_NO_DOMAIN, "runs meanwhile",
                  "what runs meanwhile");
}

static void needed_ones_are_refused(void)
{
    static const char *const needed[] = {
        "init", "bank", "pager", "console", "pong", "domaintest"
    };
    remote_messages messages;
    struct dom d;
    uint64_t nothing;

    begin_case("needed_ones_are_refused");
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        check_number((uint64_t)look_up(needed[i], &d), 0, needed[i]);
        check_refused(ask_dom(RPC_DOMAIN_SUSPEND, &d, &nothing), REMOTE_ERR_OPERATION_DENIED,
                      "it is needed to answer virsh", needed[i]);
        check_refused(ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), REMOTE_ERR_OPERATION_DENIED,
                      "it is needed to answer virsh", needed[i]);
        check_refused(ask_dom(RPC_DOMAIN_DESTROY_FLAGS, &d, &nothing), REMOTE_ERR_OPERATION_DENIED,
                      "it is needed to answer virsh", needed[i]);
        check_number((uint64_t)ask_dom(RPC_DOMAIN_GET_MESSAGES, &d, &messages), 0, needed[i]);
        check(messages.messages.messages_len >= 1, "no message says so");
    }
}

/* Suspending it would not stop who was started by it; destroying it would. */
int be_carried(void)
{
    struct dom d;
    uint64_t nothing;

    begin_case("be_carried");
    check_number((uint64_t)look_up("domaintest", &d), 0, "who started this");
    check_refused(ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), REMOTE_ERR_OPERATION_DENIED,
                  "would end with it", "its end");
    return wrong == 0 ? 0 : 1;
}

static void who_carries_is_refused(void)
{
    struct lk_program_end how = { .how = 0 };

    begin_case("who_carries_is_refused");
    lk_must(lk_program_new(lk_cap("programs"), "domaintest carried", REG_CONTROL, NULL), "another");
    lk_must(lk_program_run(REG_CONTROL, &how), "its end");
    check(how.how == PROGRAM_ENDED_EXIT && how.value == 0, "it was not refused");
}

static void held_otherwise(void)
{
    remote_messages messages;
    struct dom d;
    uint64_t nothing;

    begin_case("held_otherwise");
    fresh("idle2", &d);
    check_status(start("domainhold", PROGRAM_FOREGROUND, ""), STATUS_OK, "domainhold");
    lk_sleep_ms(20);
    check_state(&d, REMOTE_STATE_PAUSED, REMOTE_REASON_UNKNOWN, "it is held");
    check_refused(ask_dom(RPC_DOMAIN_RESUME, &d, &nothing), REMOTE_ERR_OPERATION_INVALID,
                  "held by: by hand", "resume of what is held otherwise");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_SUSPEND, &d, &nothing), 0, "suspend");
    check_state(&d, REMOTE_STATE_PAUSED, REMOTE_PAUSED_USER, "it is suspended, too");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_RESUME, &d, &nothing), 0, "resume");
    check_state(&d, REMOTE_STATE_PAUSED, REMOTE_REASON_UNKNOWN, "it stays held");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_GET_MESSAGES, &d, &messages), 0, "messages");
    check(messages.messages.messages_len == 1 &&
              strcmp(messages.messages.messages_val[0], "held by: by hand") == 0,
          "the messages do not say by what");
    check_status(start("domainhold", PROGRAM_FOREGROUND, "clear"), STATUS_OK, "domainhold");
    lk_sleep_ms(20);
    check_state(&d, REMOTE_STATE_BLOCKED, REMOTE_REASON_UNKNOWN, "it is held no more");
}

/* domainhold has a higher priority: it has ended when it has begun. */
static void ends_at_once(void)
{
    struct lk_program_end end = { .how = 0 };

    begin_case("ends_at_once");
    lk_must(lk_program_new(lk_cap("programs"), "domainhold clear", REG_CONTROL, NULL), "the first");
    check_status(lk_program_run(REG_CONTROL, &end), STATUS_OK, "run");
    check(end.how == PROGRAM_ENDED_EXIT && end.value == 0, "another end than its own");
    check_status(lk_program_run(REG_CONTROL, &end), STATUS_INVALID_CAP, "run, once more");
    lk_must(lk_program_new(lk_cap("programs"), "domainhold clear", REG_CONTROL, NULL), "another");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check_status(lk_program_wait(REG_CONTROL, &end), STATUS_INVALID_CAP, "wait, too late");
    lk_must(lk_program_new(lk_cap("programs"), "domaintest carried", REG_CONTROL, NULL), "a third");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check_status(lk_program_run(REG_CONTROL, &end), STATUS_STATE_CHANGED, "run of what runs");
    check_status(lk_program_wait(REG_CONTROL, &end), STATUS_OK, "its end");
}

/* What was looked up is one process: the next one of that name and number is another. */
static void handles_of_the_dead(void)
{
    static const enum rpc_procedure_index each[] = {
        RPC_DOMAIN_GET_STATE, RPC_DOMAIN_GET_INFO,     RPC_DOMAIN_SUSPEND,
        RPC_DOMAIN_RESUME,    RPC_DOMAIN_DESTROY,      RPC_DOMAIN_DESTROY_FLAGS,
        RPC_DOMAIN_IS_ACTIVE, RPC_DOMAIN_GET_MESSAGES, RPC_DOMAIN_GET_OS_TYPE,
    };
    remote_domain_info result;
    struct dom old, next;

    begin_case("handles_of_the_dead");
    fresh("idle3", &old);
    fresh("idle3", &next);
    check(old.id != next.id, "both have one id");
    for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        check_refused(ask_dom(each[i], &old, &result), REMOTE_ERR_NO_DOMAIN, "has ended",
                      rpc_procedures[each[i]].name);
    }
    check_state(&next, REMOTE_STATE_BLOCKED, REMOTE_REASON_UNKNOWN, "the next one lives");
    old.id = next.id; /* handles are their uuid, and nothing else */
    check_refused(ask_dom(RPC_DOMAIN_DESTROY, &old, &result), REMOTE_ERR_NO_DOMAIN, "has ended",
                  "the id of the next one");
    end("idle3");
    check_refused(ask_dom(RPC_DOMAIN_DESTROY, &next, &result), REMOTE_ERR_NO_DOMAIN, "has ended",
                  "what does not run any more");
}

static void faulted_ones(void)
{
    struct dom d;
    uint64_t nothing;

    begin_case("faulted_ones");
    end("fault");
    check_status(start("fault", 0, "null"), STATUS_OK, "fault");
    lk_sleep_ms(500);
    check_number((uint64_t)look_up("fault", &d), 0, "it stays there");
    check_state(&d, REMOTE_STATE_CRASHED, REMOTE_CRASHED_PANICKED, "it has faulted");
    check_refused(ask_dom(RPC_DOMAIN_SUSPEND, &d, &nothing), REMOTE_ERR_OPERATION_INVALID,
                  "faulted", "suspend");
    check_refused(ask_dom(RPC_DOMAIN_RESUME, &d, &nothing), REMOTE_ERR_OPERATION_INVALID, "faulted",
                  "resume");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), 0, "destroy");
}

static void further_instances(void)
{
    remote_int persistent = { .value = 7 };
    uint64_t number = 0;
    char name[32];
    struct dom d;

    begin_case("further_instances");
    lk_must(lk_program_new(lk_cap("programs"), "idle1", REG_CONTROL, &number), "one more");
    lk_format(name, sizeof(name), "idle1.%lu", number);
    check_refused(look_up(name, &d), REMOTE_ERR_NO_DOMAIN, name, "before it has begun");
    check_number(list(REMOTE_LIST_TRANSIENT), 0, "before it has begun");
    lk_must(lk_program_begin(REG_CONTROL), "its begin");
    check_number((uint64_t)look_up(name, &d), 0, "when it runs");
    check_number(list(REMOTE_LIST_TRANSIENT), 1, "when it runs");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_IS_PERSISTENT, &d, &persistent), 0, "persistent");
    check_number((uint64_t)persistent.value, 0, "persistent");
    lk_must(control_kill(REG_CONTROL), "its end");
    check_refused(look_up(name, &d), REMOTE_ERR_NO_DOMAIN, name, "when it is gone");
    check_number(list(REMOTE_LIST_TRANSIENT), 0, "when it is gone");
}

/* citizen is a part of crowd. */
static void parts(void)
{
    remote_int persistent = { .value = 7 };
    struct dom d, off;
    uint64_t nothing;

    begin_case("parts");
    check(!lists(list(0), "citizen") && !lists(list(REMOTE_LIST_INACTIVE), "citizen"),
          "one that does not run");
    check_refused(look_up("citizen", &d), REMOTE_ERR_NO_DOMAIN, "is a part of", "before it begins");
    check_status(start("citizen", 0, ""), STATUS_OK, "citizen");
    check_number((uint64_t)look_up("citizen", &d), 0, "when it runs");
    check(lists(list(REMOTE_LIST_ACTIVE), "citizen"), "one that runs");
    check(list(REMOTE_LIST_TRANSIENT) == 1 && lists(1, "citizen"), "one that is transient");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_IS_PERSISTENT, &d, &persistent), 0, "persistent");
    check_number((uint64_t)persistent.value, 0, "persistent");
    check_number((uint64_t)ask_dom(RPC_DOMAIN_DESTROY, &d, &nothing), 0, "destroy");
    check(!lists(list(0), "citizen"), "one that was destroyed");
    /* Its number with the uuid of what does not run. */
    end("idle4");
    check_number((uint64_t)look_up("idle4", &off), 0, "what does not run");
    memcpy(d.uuid + 4, off.uuid + 4, sizeof(d.uuid) - 4);
    check_refused(ask_dom(RPC_DOMAIN_GET_STATE, &d, &nothing), REMOTE_ERR_NO_DOMAIN, "is a part of",
                  "by the uuid that it would have");
}

static void node(void)
{
    remote_node_info info;
    remote_text text;
    remote_u64 version;
    remote_security_model model;

    begin_case("node");
    check_number((uint64_t)ask(RPC_NODE_GET_INFO, "", &info), 0, "info");
    check(info.memory > 1024 && info.memory < 1ull << 40, "its memory");
    check(info.cpus >= 1 && info.nodes * info.sockets * info.cores * info.threads >= info.cpus,
          "its CPUs");
    check(strcmp(info.model, "x86_64") == 0, "its model");
    check_number((uint64_t)ask(RPC_CONNECT_GET_HOSTNAME, "", &text), 0, "hostname");
    check(strcmp(text.text, "lykos") == 0, "hostname");
    check_number((uint64_t)ask(RPC_CONNECT_GET_TYPE, "", &text), 0, "type");
    check(strcmp(text.text, "Lykos") == 0, "type");
    check_number((uint64_t)ask(RPC_CONNECT_GET_VERSION, "", &version), 0, "version");
    check_number(version.value, LYKOS_MAJOR * 1000000 + LYKOS_MINOR * 1000 + LYKOS_RELEASE,
                 "version");
    check_number((uint64_t)ask(RPC_NODE_GET_SECURITY_MODEL, "", &model), 0, "security");
    check(model.model.model_len == 0 && model.doi.doi_len == 0, "security");
}

void cases_of_domains(void)
{
    lookups_agree();
    lookups_fail();
    lists_are_filtered();
    old_lists();
    suspend_and_resume();
    does_not_run();
    needed_ones_are_refused();
    who_carries_is_refused();
    held_otherwise();
    ends_at_once();
    handles_of_the_dead();
    faulted_ones();
    further_instances();
    parts();
    node();
}
