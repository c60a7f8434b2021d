// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_scan_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

#define MARK "0123456789abcdef0123456789abcdef"
#define OTHER_MARK "fedcba9876543210fedcba9876543210"
enum { DAEMON = 10, MAIN = 20 };

// A simulated /proc.
static char directory[] = "/tmp/cobble-scan-XXXXXX";
static const struct tree_process_list none;

static int open_proc(void **state UNUSED) {
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int close_proc(void **state UNUSED) {
    AUTO_FREE char *command = memory_printf("rm -rf %s", directory);
    return system(command);
}

static void write_file(pid_t pid, const char *name, const void *data, size_t length) {
    AUTO_FREE char *path = memory_printf("%s/%d/%s", directory, (int)pid, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

struct fake {
    pid_t pid, parent, group;
    unsigned start;
    char state; // 0: S
    const char *environment;
    size_t environment_length;
};

static void add(struct fake fake) {
    AUTO_FREE char *path = memory_printf("%s/%d", directory, (int)fake.pid);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    AUTO_FREE char *stat =
        memory_printf("%d (x) %c %d %d 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0", (int)fake.pid,
                      fake.state != 0 ? fake.state : 'S', (int)fake.parent, (int)fake.group, fake.start);
    write_file(fake.pid, "stat", stat, strlen(stat));
    if (fake.environment != NULL)
        write_file(fake.pid, "environ", fake.environment, fake.environment_length);
}

#define ENVIRONMENT(text) .environment = (text), .environment_length = sizeof(text)

static void add_daemon_and_main(void) {
    add((struct fake){.pid = 1, .start = 1});
    add((struct fake){.pid = DAEMON, .parent = 1, .group = DAEMON, .start = 100});
    add((struct fake){.pid = MAIN, .parent = DAEMON, .group = MAIN, .start = 200, ENVIRONMENT("PEBBLE_RUN=" MARK)});
}

static struct tree_snapshot *take(const struct tree_process_list *hung) {
    struct tree_scan scan = {.proc = directory, .daemon = DAEMON, .hung = hung};
    int errnum = -1;
    struct tree_snapshot *snapshot = tree_snapshot_take(&scan, &errnum);
    assert_non_null(snapshot);
    assert_int_equal(errnum, 0);
    assert_int_equal(scan.reading, 0);
    return snapshot;
}

static int compare_pids(const void *a, const void *b) {
    return ((const struct tree_process *)a)->pid - ((const struct tree_process *)b)->pid;
}

// The PIDs in their order; those in the group of the main process have a "g".
static void assert_list(struct tree_process_list *list, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare_pids);
    for (size_t i = 0; i < list->count; i++)
        buffer_printf(&text, "%s%d%s", i > 0 ? " " : "", (int)list->items[i].pid,
                      list->items[i].is_in_group ? "g" : "");
    assert_string_equal(buffer_text(&text), expected);
    tree_process_list_clear(list);
}

static void assert_tree(struct tree_snapshot *snapshot, pid_t main_pid, const struct tree_process_list *known,
                        const char *expected) {
    struct tree_process_list found = {0};
    const struct tree_query query = {.main_pid = main_pid, .mark = MARK, .known = known};
    assert_true(tree_snapshot_find(snapshot, &query, &found));
    assert_list(&found, expected);
}

static void assert_found(const struct tree_process_list *known, const char *expected) {
    struct tree_snapshot *snapshot = take(NULL);
    assert_tree(snapshot, MAIN, known, expected);
    assert_tree(snapshot, MAIN, known, expected); // queries do not disturb each other
    tree_snapshot_destroy(snapshot);
}

static void descendants_and_the_group(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){.pid = 30, .parent = MAIN, .group = MAIN, .start = 210});
    add((struct fake){.pid = 31, .parent = 30, .group = 31, .start = 220});
    add((struct fake){.pid = 32, .parent = 31, .group = 31, .start = 220});
    add((struct fake){.pid = 33, .parent = DAEMON, .group = MAIN, .start = 230}); // an orphan in the group
    add((struct fake){.pid = 40, .parent = DAEMON, .group = 40, .start = 230});   // another service
    add((struct fake){.pid = 41, .parent = 40, .group = 40, .start = 230});
    add((struct fake){.pid = 50, .parent = 1, .group = 50, .start = 240});
    assert_found(&none, "20g 30g 31 32 33g");
    struct tree_snapshot *snapshot = take(NULL);
    assert_tree(snapshot, 0, &none, "20 30 31 32"); // by its mark, and without the group
    assert_tree(snapshot, 50, &none, "20 30 31 32");
    tree_snapshot_destroy(snapshot);
}

static void ended_processes_do_not_count(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){.pid = MAIN, .parent = DAEMON, .group = MAIN, .start = 200, .state = 'Z'});
    add((struct fake){.pid = 30, .parent = DAEMON, .group = 30, .start = 210, .state = 'Z'});
    assert_found(&none, "");
    add((struct fake){.pid = 31, .parent = DAEMON, .group = MAIN, .start = 210}); // the group is still there
    assert_found(&none, "31g");
}

static void orphans_with_the_mark(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){
        .pid = 30, .parent = DAEMON, .group = 30, .start = 1, ENVIRONMENT("A=b\0PEBBLE_RUN=" MARK "\0C=")});
    add((struct fake){.pid = 31, .parent = 30, .group = 31, .start = 210});
    add((struct fake){.pid = 32, .parent = DAEMON, .group = 32, .start = 210, ENVIRONMENT("PEBBLE_RUN=" OTHER_MARK)});
    add((struct fake){.pid = 33, .parent = DAEMON, .group = 33, .start = 210, ENVIRONMENT("PEBBLE_RUN=" MARK "0")});
    add((struct fake){.pid = 34, .parent = DAEMON, .group = 34, .start = 210, ENVIRONMENT("XPEBBLE_RUN=" MARK)});
    add((struct fake){.pid = 35,
                      .parent = DAEMON,
                      .group = 35,
                      .start = 210,
                      .environment = "PEBBLE_RUN=" MARK,
                      .environment_length = 40}); // cut off
    // Not a child of the daemon: others may set the variable as well.
    add((struct fake){.pid = 36, .parent = 1, .group = 36, .start = 210, ENVIRONMENT("PEBBLE_RUN=" MARK)});
    assert_found(&none, "20g 30 31");
    const struct tree_process hung_process = {.pid = 30, .start = 1};
    struct tree_process_list hung = {0};
    assert_true(tree_process_list_add(&hung, &hung_process));
    struct tree_snapshot *snapshot = take(&hung);
    assert_tree(snapshot, MAIN, &none, "20g");
    tree_snapshot_destroy(snapshot);
    tree_process_list_clear(&hung);
}

static void known_processes_by_pid_and_start(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){.pid = 30, .parent = DAEMON, .group = 30, .start = 210});
    add((struct fake){.pid = 31, .parent = 30, .group = 30, .start = 220});
    add((struct fake){.pid = 32, .parent = DAEMON, .group = 32, .start = 300}); // the PID has been reused
    struct tree_process_list known = {0};
    const struct tree_process processes[] = {{.pid = 30, .start = 210}, {.pid = 32, .start = 210}, {.pid = 99}};
    for (size_t i = 0; i < 3; i++)
        assert_true(tree_process_list_add(&known, &processes[i]));
    assert_found(&known, "20g 30 31");
    tree_process_list_clear(&known);
}

static void parents_are_older(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){.pid = 30, .parent = MAIN, .group = 30, .start = 199}); // MAIN has the PID of its parent
    add((struct fake){.pid = 31, .parent = 32, .group = 31, .start = 210});   // a circle
    add((struct fake){.pid = 32, .parent = 31, .group = 31, .start = 210});
    add((struct fake){.pid = 33, .parent = 33, .group = 33, .start = 210});
    assert_found(&none, "20g");
}

static void a_long_chain(void **state UNUSED) {
    enum { LENGTH = 3000 };
    add_daemon_and_main();
    for (int i = 1; i <= LENGTH; i++)
        add((struct fake){.pid = 100 + i, .parent = i == 1 ? MAIN : 99 + i, .group = 100 + i, .start = 300});
    struct tree_snapshot *snapshot = take(NULL);
    struct tree_process_list found = {0};
    const struct tree_query query = {.main_pid = MAIN, .mark = MARK, .known = &none};
    assert_true(tree_snapshot_find(snapshot, &query, &found));
    assert_int_equal(found.count, LENGTH + 1);
    tree_process_list_clear(&found);
    tree_snapshot_destroy(snapshot);
}

static void orphans_of_no_tree(void **state UNUSED) {
    add_daemon_and_main();
    add((struct fake){.pid = 30, .parent = DAEMON, .group = MAIN, .start = 210});
    add((struct fake){.pid = 31, .parent = DAEMON, .group = 31, .start = 210, ENVIRONMENT("A=b")});
    add((struct fake){.pid = 32, .parent = DAEMON, .group = 32, .start = 210, ENVIRONMENT("PEBBLE_RUN=" OTHER_MARK)});
    add((struct fake){.pid = 33, .parent = DAEMON, .group = 33, .start = 210, .state = 'Z'});
    struct tree_snapshot *snapshot = take(NULL);
    assert_tree(snapshot, MAIN, &none, "20g 30g");
    char marks[][TREE_MARK_SIZE] = {MARK, OTHER_MARK};
    struct tree_process_list strays = {0}, more = {0};
    assert_true(tree_snapshot_list_strays(snapshot, &(const struct tree_marks){marks, 2}, &strays));
    assert_list(&strays, "31");
    // A stranger may have made the other mark.
    assert_true(tree_snapshot_list_strays(snapshot, &(const struct tree_marks){marks, 1}, &more));
    assert_list(&more, "31 32");
    tree_snapshot_destroy(snapshot);
}

static void no_snapshot(void **state UNUSED) {
    struct tree_scan scan = {.proc = directory, .daemon = DAEMON};
    int errnum = 0;
    assert_null(tree_snapshot_take(&scan, &errnum)); // of another PID namespace
    assert_int_equal(errnum, ENOENT);
    scan.proc = "/no/such/directory";
    assert_null(tree_snapshot_take(&scan, &errnum));
    assert_int_equal(errnum, ENOENT);
    tree_snapshot_destroy(NULL);
}

static void the_real_proc(void **state UNUSED) {
    struct tree_scan scan = {.proc = "/proc", .daemon = getppid()};
    int errnum = 0;
    struct tree_snapshot *snapshot = tree_snapshot_take(&scan, &errnum);
    assert_non_null(snapshot);
    struct tree_process_list found = {0};
    const struct tree_query query = {.main_pid = getpid(), .mark = MARK, .known = &none};
    assert_true(tree_snapshot_find(snapshot, &query, &found));
    assert_true(found.count >= 1);
    tree_process_list_clear(&found);
    tree_snapshot_destroy(snapshot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_proc, close_proc)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(descendants_and_the_group),
        TEST(ended_processes_do_not_count),
        TEST(orphans_with_the_mark),
        TEST(known_processes_by_pid_and_start),
        TEST(parents_are_older),
        TEST(a_long_chain),
        TEST(orphans_of_no_tree),
        TEST(no_snapshot),
        TEST(the_real_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
