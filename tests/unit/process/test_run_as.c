// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "process/run_as.h"

#define NO_SUCH_UID 4123456

// An account that is not the one the tests run as, and a group that is not its own.
static struct account other;
static struct account own;
static gid_t other_gid;
static char *other_group;

static int find_accounts(void **state UNUSED) {
    accounts_init();
    const char *name = getuid() == 0 ? "daemon" : "root";
    if (!account_by_name(name, &other, NULL) || !account_by_uid(getuid(), &own, NULL))
        return -1;
    other_gid = other.gid == 60 ? 2 : 60;
    return group_name(other_gid, &other_group, NULL) ? 0 : -1;
}

static int forget_accounts(void **state UNUSED) {
    account_finish(&other);
    account_finish(&own);
    free(other_group);
    return 0;
}

static int set_daemons_environment(void **state UNUSED) {
    clearenv();
    setenv("HOME", "/daemon", 1);
    setenv("USER", "me", 1);
    setenv("BOTH", "daemon", 1);
    setenv("PATH", "/daemon/bin", 1);
    return 0;
}

// Of words, a name and a value each.
static struct map settings_of(const char *const *words) {
    struct map map = MAP_INIT(free);
    for (; words[0] != NULL; words += 2)
        map_set(&map, words[0], memory_string(words[1]));
    return map;
}
#define SETTINGS(...) settings_of((const char *const[]){__VA_ARGS__, NULL})

static struct run_as resolve(const struct run_as_layer *layers, size_t count, enum run_as_rules rules) {
    struct run_as run_as = {0};
    AUTO_ERROR struct error err = {0};
    if (!run_as_resolve(layers, count, rules, &run_as, &err))
        fail_msg("%s", error_text(&err));
    return run_as;
}

static void assert_value(const struct run_as *run_as, const char *name, const char *value) {
    const char *found = environment_get(run_as->environment, name);
    if (value == NULL)
        assert_null(found);
    else
        assert_string_equal(found != NULL ? found : "(none)", value);
}

static void assert_refused(struct run_as_layer layer, const char *message) {
    struct run_as run_as = {.directory = NULL};
    AUTO_ERROR struct error err = {0};
    assert_false(run_as_resolve(&layer, 1, RUN_AS_EXEC, &run_as, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_null(run_as.environment);
    assert_null(run_as.directory);
}

// --- account and directory ---

static void nothing_wanted_is_the_daemons(void **state UNUSED) {
    AUTO_RUN_AS struct run_as run_as = resolve(NULL, 0, RUN_AS_SERVICE);
    assert_false(run_as.account.has_uid || run_as.account.has_gid);
    assert_null(run_as.directory);
    assert_null(run_as.warning);
    assert_value(&run_as, "HOME", "/daemon");
    assert_value(&run_as, "USER", "me");
    assert_value(&run_as, "LANG", NULL);
}

static void later_layers_win_member_by_member(void **state UNUSED) {
    int64_t other_id = other.uid, first_group = 1, second_group = other_gid;
    const struct run_as_layer layers[] = {
        {.user_id = &other_id, .group_id = &first_group, .directory = "/first"},
        {.user = other.name, .group_id = &second_group, .directory = ""},
        {.group = other_group, .user = ""},
    };
    AUTO_RUN_AS struct run_as run_as = resolve(layers, ARRAY_COUNT(layers), RUN_AS_SERVICE);
    assert_true(run_as.account.has_uid && run_as.account.has_gid);
    assert_int_equal(run_as.account.uid, other.uid);
    assert_int_equal(run_as.account.gid, other_gid);
    assert_string_equal(run_as.directory, "/first");
}

static void wrong_accounts_are_refused(void **state UNUSED) {
    int64_t wrong_id = 99999, unknown_id = NO_SUCH_UID, group_id = other_gid;
    AUTO_FREE char *mismatch =
        memory_printf("user \"%s\" UID (%u) does not match user-id (99999)", other.name, other.uid);
    assert_refused((struct run_as_layer){.user = other.name, .user_id = &wrong_id}, mismatch);
    AUTO_FREE char *group_mismatch =
        memory_printf("group \"%s\" GID (%u) does not match group-id (99999)", other_group, other_gid);
    assert_refused((struct run_as_layer){.user = other.name, .group = other_group, .group_id = &wrong_id},
                   group_mismatch);
    assert_refused((struct run_as_layer){.group_id = &group_id}, "must specify user, not just group");
    assert_refused((struct run_as_layer){.user_id = &unknown_id}, "user: unknown userid 4123456");
    assert_refused((struct run_as_layer){.user = "no-such-user"}, "user: unknown user no-such-user");
    assert_refused((struct run_as_layer){.user = other.name, .group = "no-such-group"},
                   "group: unknown group no-such-group");
}

// --- environment ---

static void variables_of_the_service_manager_are_the_daemons_own(void **state UNUSED) {
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                        "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
    AUTO_MAP struct map settings = SETTINGS("NOTIFY_SOCKET", "/own");
    const struct run_as_layer layer = {.environment = &settings};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        setenv(names[i], "/x", 1);
    for (enum run_as_rules rules = RUN_AS_SERVICE; rules <= RUN_AS_EXEC; rules++) {
        AUTO_RUN_AS struct run_as run_as = resolve(NULL, 0, rules);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
            assert_value(&run_as, names[i], NULL);
        AUTO_RUN_AS struct run_as set = resolve(&layer, 1, rules);
        assert_value(&set, "NOTIFY_SOCKET", "/own");
    }
}

static void environments_are_laid_over_the_daemons(void **state UNUSED) {
    AUTO_MAP struct map low = SETTINGS("BOTH", "low", "LOW", "1", "TAKEN", "low");
    AUTO_MAP struct map high = SETTINGS("TAKEN", "high", "EMPTY", "", "LITERAL", "$HOME");
    const struct run_as_layer layers[] = {{.environment = &low}, {0}, {.environment = &high}};
    for (enum run_as_rules rules = RUN_AS_SERVICE; rules <= RUN_AS_EXEC; rules++) {
        AUTO_RUN_AS struct run_as run_as = resolve(layers, ARRAY_COUNT(layers), rules);
        assert_value(&run_as, "BOTH", "low");
        assert_value(&run_as, "LOW", "1");
        assert_value(&run_as, "TAKEN", "high");
        assert_value(&run_as, "EMPTY", "");
        assert_value(&run_as, "LITERAL", "$HOME");
        assert_value(&run_as, "PATH", "/daemon/bin");
    }
}

static void service_gets_home_and_user_of_its_user(void **state UNUSED) {
    struct run_as_layer layer = {.user = other.name};
    AUTO_RUN_AS struct run_as run_as = resolve(&layer, 1, RUN_AS_SERVICE);
    assert_value(&run_as, "HOME", other.home);
    assert_value(&run_as, "USER", other.name);
    // The daemon's own account too, if it is asked for by name.
    layer.user = own.name;
    AUTO_RUN_AS struct run_as as_own = resolve(&layer, 1, RUN_AS_SERVICE);
    assert_value(&as_own, "HOME", own.home);
    assert_value(&as_own, "USER", own.name);
}

static void service_keeps_home_and_user_of_any_layer(void **state UNUSED) {
    AUTO_MAP struct map low = SETTINGS("HOME", "/low", "USER", "");
    AUTO_MAP struct map high = SETTINGS("X", "1");
    const struct run_as_layer layers[] = {{.environment = &low, .user = other.name}, {.environment = &high}};
    AUTO_RUN_AS struct run_as run_as = resolve(layers, ARRAY_COUNT(layers), RUN_AS_SERVICE);
    assert_value(&run_as, "HOME", "/low");
    assert_value(&run_as, "USER", other.name); // nothing counts as not set
}

static void user_without_account_gets_a_warning(void **state UNUSED) {
    int64_t user_id = NO_SUCH_UID, group_id = 7;
    struct run_as_layer layer = {.user_id = &user_id, .group_id = &group_id};
    AUTO_RUN_AS struct run_as service = resolve(&layer, 1, RUN_AS_SERVICE);
    assert_int_equal(service.account.uid, NO_SUCH_UID);
    assert_int_equal(service.account.gid, 7);
    assert_string_equal(service.warning, "Cannot look up user 4123456, starting without HOME and USER of its own: "
                                         "user: unknown userid 4123456");
    assert_value(&service, "HOME", "/daemon");
    AUTO_RUN_AS struct run_as exec = resolve(&layer, 1, RUN_AS_EXEC);
    assert_non_null(exec.warning);
    assert_value(&exec, "HOME", NULL);
    assert_value(&exec, "USER", NULL);
    assert_string_equal(exec.directory, "/");
    // Nothing needs to be looked up here.
    AUTO_MAP struct map all = SETTINGS("HOME", "/h", "USER", "u");
    layer.environment = &all;
    AUTO_RUN_AS struct run_as complete = resolve(&layer, 1, RUN_AS_EXEC);
    assert_null(complete.warning);
}

// --- the rules of exec ---

static void exec_as_the_daemon_keeps_home_and_user(void **state UNUSED) {
    AUTO_RUN_AS struct run_as run_as = resolve(NULL, 0, RUN_AS_EXEC);
    assert_value(&run_as, "HOME", "/daemon");
    assert_value(&run_as, "USER", "me");
    assert_string_equal(run_as.directory, "/daemon");
    int64_t own_id = own.uid;
    struct run_as_layer layer = {.user_id = &own_id};
    AUTO_RUN_AS struct run_as as_own = resolve(&layer, 1, RUN_AS_EXEC);
    assert_value(&as_own, "HOME", "/daemon");
    assert_int_equal(as_own.account.gid, own.gid);
}

static void exec_as_another_user_drops_home_and_user(void **state UNUSED) {
    AUTO_MAP struct map asked = SETTINGS("USER", "guest");
    struct run_as_layer layers[] = {{.user = other.name}, {0}};
    AUTO_RUN_AS struct run_as run_as = resolve(layers, 1, RUN_AS_EXEC);
    assert_value(&run_as, "HOME", other.home);
    assert_value(&run_as, "USER", other.name);
    assert_string_equal(run_as.directory, other.home);
    layers[1].environment = &asked;
    AUTO_RUN_AS struct run_as as_guest = resolve(layers, 2, RUN_AS_EXEC);
    assert_value(&as_guest, "HOME", other.home);
    assert_value(&as_guest, "USER", "guest");
}

static void exec_fills_in_what_is_missing(void **state UNUSED) {
    AUTO_MAP struct map asked = SETTINGS("HOME", "", "USER", "", "LANG", "");
    struct run_as_layer layer = {.environment = &asked};
    unsetenv("PATH");
    AUTO_RUN_AS struct run_as run_as = resolve(&layer, 1, RUN_AS_EXEC);
    assert_value(&run_as, "HOME", own.home);
    assert_value(&run_as, "USER", own.name);
    assert_value(&run_as, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert_value(&run_as, "LANG", ""); // empty is not missing
    clearenv();
    AUTO_RUN_AS struct run_as bare = resolve(NULL, 0, RUN_AS_EXEC);
    assert_value(&bare, "HOME", own.home);
    assert_value(&bare, "USER", own.name);
    assert_value(&bare, "LANG", "C.UTF-8");
}

static void exec_runs_where_it_was_asked_to(void **state UNUSED) {
    AUTO_MAP struct map asked = SETTINGS("HOME", "/asked");
    struct run_as_layer layers[] = {{.directory = "/low", .environment = &asked}, {.directory = "/high"}};
    AUTO_RUN_AS struct run_as high = resolve(layers, 2, RUN_AS_EXEC);
    assert_string_equal(high.directory, "/high");
    AUTO_RUN_AS struct run_as low = resolve(layers, 1, RUN_AS_EXEC);
    assert_string_equal(low.directory, "/low");
    layers[0].directory = NULL;
    AUTO_RUN_AS struct run_as home = resolve(layers, 1, RUN_AS_EXEC);
    assert_string_equal(home.directory, "/asked");
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup(function, set_daemons_environment)
    const struct CMUnitTest tests[] = {
        TEST(nothing_wanted_is_the_daemons),
        TEST(later_layers_win_member_by_member),
        TEST(wrong_accounts_are_refused),
        TEST(variables_of_the_service_manager_are_the_daemons_own),
        TEST(environments_are_laid_over_the_daemons),
        TEST(service_gets_home_and_user_of_its_user),
        TEST(service_keeps_home_and_user_of_any_layer),
        TEST(user_without_account_gets_a_warning),
        TEST(exec_as_the_daemon_keeps_home_and_user),
        TEST(exec_as_another_user_drops_home_and_user),
        TEST(exec_fills_in_what_is_missing),
        TEST(exec_runs_where_it_was_asked_to),
    };
    return cmocka_run_group_tests(tests, find_accounts, forget_accounts);
}
