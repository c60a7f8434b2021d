// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/run_as.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define EXEC_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define EXEC_LANG "C.UTF-8"

// The settings of all layers.
struct merged {
    struct account_request account;
    const char *directory;
    bool has_home, has_user; // a layer sets HOME, USER, and not to an empty text
};

static void merge_text(const char **merged, const char *text) {
    if (!text_is_empty(text))
        *merged = text;
}

static void merge_environment(struct environment *environment, const struct map *settings, struct merged *merged) {
    if (settings == NULL)
        return;
    for (struct map_entry *entry = map_first(settings); entry != NULL; entry = map_next(settings, entry))
        environment_set(environment, entry->key, entry->value);
    merged->has_home = merged->has_home || !text_is_empty(map_get(settings, "HOME"));
    merged->has_user = merged->has_user || !text_is_empty(map_get(settings, "USER"));
}

static struct merged merge_layers(const struct run_as_layer *layers, size_t count) {
    struct merged merged = {0};
    for (size_t i = 0; i < count; i++) {
        const struct run_as_layer *layer = &layers[i];
        if (layer->user_id != NULL)
            merged.account.user_id = layer->user_id;
        if (layer->group_id != NULL)
            merged.account.group_id = layer->group_id;
        merge_text(&merged.account.user, layer->user);
        merge_text(&merged.account.group, layer->group);
        merge_text(&merged.directory, layer->directory);
    }
    return merged;
}

// Sets HOME and USER to the account's, unless they are kept.
static void set_home_and_user(struct run_as *run_as, uid_t uid, bool keeps_home, bool keeps_user) {
    if (keeps_home && keeps_user)
        return;
    AUTO_ACCOUNT struct account account = {0};
    AUTO_ERROR struct error err = {0};
    if (!account_by_uid(uid, &account, &err)) {
        run_as->warning = memory_printf("Cannot look up user %u, starting without HOME and USER of its own: %s", uid,
                                        error_text(&err));
        return;
    }
    if (!keeps_home)
        environment_set(run_as->environment, "HOME", account.home);
    if (!keeps_user)
        environment_set(run_as->environment, "USER", account.name);
}

static bool has_value(const struct environment *environment, const char *name) {
    return !text_is_empty(environment_get(environment, name));
}

static void set_default(struct environment *environment, const char *name, const char *value) {
    if (environment_get(environment, name) == NULL)
        environment_set(environment, name, value);
}

static void complete_exec(struct run_as *run_as, uid_t uid, const struct merged *merged) {
    struct environment *environment = run_as->environment;
    set_home_and_user(run_as, uid, has_value(environment, "HOME"), has_value(environment, "USER"));
    set_default(environment, "PATH", EXEC_PATH);
    set_default(environment, "LANG", EXEC_LANG);
    const char *directory = merged->directory;
    if (directory == NULL)
        directory = has_value(environment, "HOME") ? environment_get(environment, "HOME") : "/";
    run_as->directory = memory_string(directory);
}

static void complete_service(struct run_as *run_as, const struct merged *merged) {
    if (run_as->account.has_uid)
        set_home_and_user(run_as, run_as->account.uid, merged->has_home, merged->has_user);
    if (merged->directory != NULL)
        run_as->directory = memory_string(merged->directory);
}

// Those of the service manager that has started the daemon are for the daemon alone: what a process reports with them
// counts as the daemon's. Settings may have them all the same.
static struct environment *inherit_environment(void) {
    static const char *const own[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                      "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
    struct environment *environment = environment_create(environ);
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        environment_unset(environment, own[i]);
    return environment;
}

bool run_as_resolve(const struct run_as_layer *layers, size_t count, enum run_as_rules rules, struct run_as *run_as,
                    struct error *err) {
    struct merged merged = merge_layers(layers, count);
    struct run_as made = {0};
    if (!account_resolve(&merged.account, &made.account, err))
        return false;
    uid_t uid = made.account.has_uid ? made.account.uid : getuid();
    made.environment = inherit_environment();
    if (rules == RUN_AS_EXEC && uid != getuid()) {
        environment_unset(made.environment, "HOME");
        environment_unset(made.environment, "USER");
    }
    for (size_t i = 0; i < count; i++)
        merge_environment(made.environment, layers[i].environment, &merged);
    if (rules == RUN_AS_EXEC)
        complete_exec(&made, uid, &merged);
    else
        complete_service(&made, &merged);
    *run_as = made;
    return true;
}

void run_as_finish(struct run_as *run_as) {
    environment_destroy(run_as->environment);
    free(run_as->directory);
    free(run_as->warning);
    *run_as = (struct run_as){0};
}
