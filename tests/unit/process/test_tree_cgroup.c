// SPDX-License-Identifier: GPL-3.0-or-later
#include "own_cgroup.h"

#include <sys/file.h>
#include <sys/wait.h>

#include "process/process.h"
#include "process/tree_signal_internal.h"
#include "spawn.h"

static void the_own_cgroup(void **state UNUSED) {
    static const struct {
        const char *cgroup, *mounts, *expected;
    } cases[] = {
        {"0::/\n", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/"},
        {"0::/a/b\n", "1 0 0:1 / /sys/fs/cgroup rw shared:1 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/a/b"},
        {"4:cpu:/x\n0::/a/b\n", "1 0 0:1 / / rw - ext4 x rw\n1 0 0:1 /a /c\\040g rw - cgroup2 none rw", "/c g/b"},
        {"0::/a\n", "1 0 0:1 /a /cg rw - cgroup2 none rw\n", "/cg"},
        {"0::/ab\n", "1 0 0:1 /a /cg rw - cgroup2 none rw\n", NULL},
        {"0::/a\n", "1 0 0:1 /b /x rw - cgroup2 none rw\n1 0 0:1 / /y rw - cgroup2 none rw\n", "/y/a"},
        {"0::/../a\n", "1 0 0:1 / /cg rw - cgroup2 none rw\n", NULL},
        {"1:name=systemd:/a\n", "1 0 0:1 / /cg rw - cgroup2 none rw\n", NULL},
        {"0::/a\n", "1 0 0:1 / /cg rw - cgroup none rw,cgroup2\n", NULL},
        {"0::/a\n", "1 0 0:1 / /cg rw\n1 0 0:1 / - cgroup2 ", NULL},
        {"", "", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *found = tree_cgroup_find(cases[i].cgroup, cases[i].mounts);
        if (cases[i].expected == NULL ? found != NULL : found == NULL || strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu: %s", i, found != NULL ? found : "none");
    }
}

static void names_of_services(void **state UNUSED) {
    AUTO_FREE char *plain = tree_cgroup_name("aZ-_09");
    AUTO_FREE char *other = tree_cgroup_name("../a b.c%\xc3\xa4");
    assert_string_equal(plain, "aZ-_09");
    assert_string_equal(other, "%2E%2E%2Fa%20b%2Ec%25%C3%A4");
}

static pid_t spawn_in(struct tree_cgroups *cgroups, const char *script, struct process_cgroup *place) {
    const char *const words[] = {"sh", "-c", script, NULL};
    char *const environment[] = {NULL};
    const struct process_spec spec = {.path = "/bin/sh",
                                      .argv = (char *const *)(uintptr_t)words,
                                      .envp = environment,
                                      .stdin_fd = -1,
                                      .stdout_fd = -1,
                                      .stderr_fd = -1,
                                      .cgroups = cgroups,
                                      .cgroup = "db"};
    struct process_report report = {0};
    process_spawn(&spec, &report);
    assert_true(process_report_check(&report, &spec, NULL));
    *place = report.cgroup;
    return process_report_pid(&report);
}

static bool is_populated(struct tree_cgroups *cgroups) {
    AUTO_CLOSE int fd = tree_cgroup_open_events(cgroups, "db");
    assert_true(fd >= 0);
    return tree_cgroup_is_populated(fd);
}

static struct tree_cgroup cgroup_of(const struct process_cgroup *place) {
    assert_int_equal(place->errnum, 0);
    assert_int_equal(place->number, 0);
    return (struct tree_cgroup){.directory = "db", .inode = place->inode};
}

static void assert_ended_by(pid_t pid, int signal_number) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
}

static void processes_of_a_cgroup(void **state UNUSED) {
    struct own_cgroup own;
    if (!enter_own_cgroup(&own, CGROUP_WITH_ROOM)) {
        leave_own_cgroup(&own);
        skip();
    }
    struct tree_cgroups *cgroups = tree_cgroups_create();
    struct process_cgroup place;
    pid_t pid = spawn_in(cgroups, "exec sleep 1000", &place);
    const struct tree_cgroup db = cgroup_of(&place), other = {.directory = "db", .inode = place.inode + 1};
    assert_true(is_populated(cgroups));
    assert_int_equal(tree_signal_in_cgroup(pid, "/pebble/other", SIGKILL), ESRCH);
    assert_int_equal(tree_cgroup_signal(cgroups, &other, SIGKILL, 0), 0); // another directory
    assert_true(tree_cgroup_remove(cgroups, &other));
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGTERM, pid), 0); // its group is spared
    assert_false(tree_cgroup_remove(cgroups, &db));
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGTERM, 0), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_false(is_populated(cgroups)); // a zombie does not count
    assert_ended_by(pid, SIGTERM);
    assert_true(tree_cgroup_remove(cgroups, &db));
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGTERM, 0), 0);
    tree_cgroups_destroy(cgroups);
    leave_own_cgroup(&own);
}

static void cgroups_below_it(void **state UNUSED) {
    struct own_cgroup own;
    if (!enter_own_cgroup(&own, CGROUP_WITH_ROOM)) {
        leave_own_cgroup(&own);
        skip();
    }
    struct tree_cgroups *cgroups = tree_cgroups_create();
    struct process_cgroup place;
    AUTO_FREE char *below = memory_printf("%s/pebble/db/below", own.path);
    AUTO_FREE char *script = memory_printf("mkdir %s; echo $$ > %s/cgroup.procs; exec sleep 1000", below, below);
    pid_t pid = spawn_in(cgroups, script, &place);
    struct tree_cgroup db = cgroup_of(&place);
    AUTO_FREE char *path = memory_printf("%s/cgroup.procs", below);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    while (!file_read(path, &text, NULL) || text.length == 0)
        buffer_clear(&text);
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGTERM, 0), 0);
    assert_ended_by(pid, SIGTERM);
    pid = spawn_in(cgroups, "exec sleep 1000", &place);
    db = cgroup_of(&place);
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGKILL, pid), 0);
    assert_ended_by(pid, SIGKILL);
    assert_true(tree_cgroup_remove(cgroups, &db));
    tree_cgroups_destroy(cgroups);
    leave_own_cgroup(&own);
}

// What another run has left, or is killed, is of no consequence for the next one.
static void each_run_has_its_own(void **state UNUSED) {
    struct own_cgroup own;
    if (!enter_own_cgroup(&own, CGROUP_WITH_ROOM)) {
        leave_own_cgroup(&own);
        skip();
    }
    struct tree_cgroups *cgroups = tree_cgroups_create();
    struct process_cgroup first, second, third;
    pid_t first_pid = spawn_in(cgroups, "exec sleep 1000", &first);
    pid_t second_pid = spawn_in(cgroups, "exec sleep 1000", &second);
    const struct tree_cgroup db = cgroup_of(&first), db1 = {.directory = "db.1", .inode = second.inode};
    assert_int_equal(second.errnum, 0);
    assert_int_equal(second.number, 1);
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGKILL, 0), 0);
    assert_ended_by(first_pid, SIGKILL);
    pid_t third_pid = spawn_in(cgroups, "exec sleep 1000", &third);
    assert_int_equal(cgroup_of(&third).inode != first.inode, true);
    assert_int_equal(tree_cgroup_signal(cgroups, &db, SIGKILL, 0), 0); // late
    assert_int_equal(tree_cgroup_signal(cgroups, &db1, SIGTERM, 0), 0);
    assert_ended_by(second_pid, SIGTERM);
    assert_int_equal(waitpid(third_pid, NULL, WNOHANG), 0);
    const struct tree_cgroup db_again = cgroup_of(&third);
    assert_int_equal(tree_cgroup_signal(cgroups, &db_again, SIGKILL, 0), 0);
    assert_ended_by(third_pid, SIGKILL);
    tree_cgroups_destroy(cgroups);
    leave_own_cgroup(&own);
}

static void one_daemon_at_a_time(void **state UNUSED) {
    struct own_cgroup own;
    if (!enter_own_cgroup(&own, CGROUP_WITH_ROOM)) {
        leave_own_cgroup(&own);
        skip();
    }
    struct tree_cgroups *first = tree_cgroups_create(), *second = tree_cgroups_create();
    struct process_cgroup place;
    AUTO_CLOSE int fd = tree_cgroup_open(first, "db", &place);
    assert_true(fd >= 0);
    assert_int_equal(tree_cgroup_open(second, "db", &place), -1);
    assert_int_equal(place.errnum, EBUSY);
    pid_t pid = spawn_in(second, "exit 0", &place); // created elsewhere
    assert_int_equal(place.errnum, EBUSY);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    tree_cgroups_destroy(second);
    tree_cgroups_destroy(first);
    leave_own_cgroup(&own);
}

static void none_that_can_be_written(void **state UNUSED) {
    struct own_cgroup own;
    if (!enter_own_cgroup(&own, CGROUP_WITHOUT_ROOM)) {
        leave_own_cgroup(&own);
        skip();
    }
    struct tree_cgroups *cgroups = tree_cgroups_create();
    struct process_cgroup place;
    pid_t pid = spawn_in(cgroups, "exit 0", &place);
    assert_int_equal(place.errnum, EAGAIN);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    tree_cgroups_destroy(cgroups);
    tree_cgroups_destroy(NULL);
    leave_own_cgroup(&own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_cgroup),           cmocka_unit_test(names_of_services),
        cmocka_unit_test(processes_of_a_cgroup),    cmocka_unit_test(cgroups_below_it),
        cmocka_unit_test(each_run_has_its_own),     cmocka_unit_test(one_daemon_at_a_time),
        cmocka_unit_test(none_that_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
