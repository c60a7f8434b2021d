// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

#include "tree_fixture.h"

#define GOOD                                                                                                           \
    { .result = "[{\"path\":\"/x\"}]" }
#define BAD                                                                                                            \
    { .result = "[{\"path\":\"/x\",\"error\":{\"kind\":\"permission-denied\",\"message\":\"no permission\"}}]" }

// What was asked for, "mkdir PATH|push PATH MODE CONTENT|"...
static char *seen(struct with_daemon *with) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    with_daemon_stop(with);
    for (size_t i = 0; i < with->requests.count; i++) {
        const char *request = with->requests.items[i];
        const char *path = strstr(request, "{\"path\":\"") + strlen("{\"path\":\"");
        const char *mode = strstr(request, "\"permissions\":\"");
        const char *content = strstr(request, "application/octet-stream\r\n\r\n");
        buffer_printf(&text, "%s %.*s", content != NULL ? "push" : "mkdir", (int)strcspn(path, "\""), path);
        if (mode != NULL)
            buffer_printf(&text, " %.3s", mode + strlen("\"permissions\":\""));
        if (content != NULL) {
            content += strlen("application/octet-stream\r\n\r\n");
            buffer_printf(&text, " %.*s", (int)strcspn(content, "\r"), content);
        }
        buffer_add_char(&text, '|');
    }
    return buffer_take(&text);
}

static bool push(struct with_daemon *with, const struct tree *tree, const char *name, struct failures *failures) {
    AUTO_FREE char *source = tree_path(tree, name);
    const struct pebble_copy_options options = {.size = sizeof options,
                                                .sources = &(const char *){source},
                                                .source_count = 1,
                                                .directory = "/b",
                                                .on_failed = failures != NULL ? on_path_failed : NULL,
                                                .data = failures};
    return pebble_push_path(with->client, &options, &with->error);
}

static void make_tree(struct tree *tree) {
    tree_begin(tree);
    tree_add_directory(tree, "t");
    tree_add_directory(tree, "t/empty");
    tree_add_directory(tree, "t/sub");
    tree_set_mode(tree, "t/empty", 0550); // the owner may write to the copy
    tree_add_file(tree, "t/a", "A", 0640);
    tree_add_file(tree, "t/sub/b", "B", 0);
    AUTO_FREE char *fifo = tree_path(tree, "t/fifo");
    AUTO_FREE char *link = tree_path(tree, "t/link");
    AUTO_FREE char *top = tree_path(tree, "top");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink("a", link), 0);
    assert_int_equal(symlink("t/sub", top), 0);
}

static void trees_are_pushed(void **state UNUSED) {
    static const struct {
        const char *source, *expected;
    } cases[] = {
        {"t", "mkdir /b|mkdir /b/t 700|push /b/t/a 640 A|mkdir /b/t/empty 750|push /b/t/link 640 A|mkdir /b/t/sub 700|"
              "push /b/t/sub/b 000 B|"},
        {"t/*", "mkdir /b|push /b/a 640 A|mkdir /b/empty 750|push /b/link 640 A|mkdir /b/sub 700|push /b/sub/b 000 B|"},
        {"t/a", "push /b/a 640 A|"},
        {"t/fifo", ""},
        {"t/empty/", "mkdir /b|mkdir /b/empty 750|"},
        {"t/.//sub/../empty", "mkdir /b|mkdir /b/empty 750|"},
        {"top", "mkdir /b|mkdir /b/top 700|push /b/top/b 000 B|"},
    };
    struct tree tree;
    make_tree(&tree);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct fake_response script[] = {GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD};
        struct with_daemon with;
        if (getuid() != 0 && strstr(cases[i].expected, "000") != NULL)
            continue;
        with_daemon_begin(&with, script, ARRAY_COUNT(script));
        if (!push(&with, &tree, cases[i].source, NULL))
            fail_msg("%s", with.error.message);
        AUTO_FREE char *text = seen(&with);
        assert_string_equal(text, cases[i].expected);
        with_daemon_end(&with);
    }
    tree_end(&tree);
}

static void owners_are_pushed_as_numbers(void **state UNUSED) {
    const struct fake_response script[] = {GOOD};
    struct with_daemon with;
    struct tree tree;
    make_tree(&tree);
    with_daemon_begin(&with, script, 1);
    assert_true(push(&with, &tree, "t/a", NULL));
    with_daemon_stop(&with);
    AUTO_FREE char *owner =
        memory_printf("\"make-dirs\":true,\"permissions\":\"640\",\"user-id\":%u,\"group-id\":%u}", getuid(), getgid());
    assert_non_null(strstr(with.requests.items[0], owner));
    with_daemon_end(&with);
    tree_end(&tree);
}

static void the_rest_is_copied_after_a_failure(void **state UNUSED) {
    const struct fake_response script[] = {GOOD, GOOD, BAD, BAD, GOOD, GOOD, GOOD};
    struct with_daemon with;
    struct tree tree;
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    make_tree(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(push(&with, &tree, "t", &failures));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "no permission");
    assert_string_equal(with.error.api_kind, "permission-denied");
    AUTO_FREE char *expected = memory_printf("%s/t/a: no permission|%s/t/empty: no permission|", tree.path, tree.path);
    assert_string_equal(buffer_text(&failures.text), expected);
    AUTO_FREE char *text = seen(&with);
    assert_non_null(strstr(text, "push /b/t/sub/b"));
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void failures_may_end_it(void **state UNUSED) {
    const struct fake_response script[] = {GOOD, BAD, GOOD};
    struct with_daemon with;
    struct tree tree;
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT), .is_enough = true};
    make_tree(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(push(&with, &tree, "t", &failures));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "no permission");
    with_daemon_stop(&with);
    assert_int_equal(with.requests.count, 2);
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void local_failures_are_reported(void **state UNUSED) {
    struct with_daemon with;
    struct tree tree;
    make_tree(&tree);
    AUTO_FREE char *loop = tree_path(&tree, "t/loop");
    AUTO_FREE char *directory = tree_path(&tree, "t/directory");
    assert_int_equal(symlink("loop", loop), 0);
    assert_int_equal(symlink("sub", directory), 0);
    static const char *const cases[][2] = {{"none", "lstat %s: no such file or directory"},
                                           {"none/*", "open %s: no such file or directory"},
                                           {"t/a/*", "open %s: not a directory"},
                                           {"t/loop", "open %s: too many levels of symbolic links"}};
    with_daemon_begin(&with, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *name = memory_string_n(cases[i][0], strcspn(cases[i][0], "*"));
        AUTO_FREE char *joined = tree_path(&tree, name);
        AUTO_FREE char *path = path_clean(joined);
        AUTO_FREE char *before = memory_string_n(cases[i][1], strcspn(cases[i][1], "%"));
        AUTO_FREE char *message = memory_printf("%s%s%s", before, path, strchr(cases[i][1], '%') + 2);
        assert_false(push(&with, &tree, cases[i][0], NULL));
        with_daemon_assert_error(&with, PEBBLE_ERROR_FILE, message);
    }
    with_daemon_end(&with);
    const struct fake_response script[] = {GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD};
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(push(&with, &tree, "t", &failures));
    assert_non_null(strstr(buffer_text(&failures.text), "t/directory: not a regular file|"));
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void a_pipe_behind_a_link_is_not_opened(void **state UNUSED) {
    struct with_daemon with;
    struct tree tree;
    char event[sizeof(struct inotify_event) + NAME_MAX + 1];
    tree_begin(&tree);
    AUTO_FREE char *pipe_path = tree_path(&tree, "pipe");
    AUTO_FREE char *link_path = tree_path(&tree, "link");
    AUTO_FREE char *message = memory_printf("read %s: not a regular file", link_path);
    AUTO_CLOSE int inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(symlink("pipe", link_path), 0);
    assert_true(inotify_add_watch(inotify_fd, pipe_path, IN_OPEN) >= 0);
    with_daemon_begin(&with, NULL, 0);
    assert_false(push(&with, &tree, "link", NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_FILE, message);
    assert_int_equal(read(inotify_fd, event, sizeof event), -1);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void nothing_more_is_tried_without_a_daemon(void **state UNUSED) {
    struct with_daemon with;
    struct tree tree;
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    make_tree(&tree);
    with_daemon_begin(&with, NULL, 0);
    assert_false(push(&with, &tree, "t/*", &failures));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_CONNECTION);
    assert_string_equal(strchr(buffer_text(&failures.text), '|'), "|");
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_pushed),
        cmocka_unit_test(owners_are_pushed_as_numbers),
        cmocka_unit_test(the_rest_is_copied_after_a_failure),
        cmocka_unit_test(failures_may_end_it),
        cmocka_unit_test(local_failures_are_reported),
        cmocka_unit_test(a_pipe_behind_a_link_is_not_opened),
        cmocka_unit_test(nothing_more_is_tried_without_a_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
