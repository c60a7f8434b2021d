// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "files/file_batch.h"

static void on_batch_done(struct file_batch *batch UNUSED, void *data) {
    int *calls = data;
    ++*calls;
}

static void run(const struct fixture *fixture, struct file_batch *batch) {
    int calls = 0;
    file_batch_start(batch, on_batch_done, &calls);
    assert_int_equal(calls, 0);
    while (calls == 0)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
    assert_int_equal(calls, 1);
}

static void add_directory(const struct fixture *fixture, struct file_batch *batch, const char *name,
                          const char *permissions, bool makes_parents) {
    AUTO_FREE char *path = path_of(fixture, name);
    file_batch_add_directory(batch, &(const struct file_directory){
                                        .path = path, .permissions = permissions, .makes_parents = makes_parents});
}

static void each_item_has_a_result(void **state) {
    const struct fixture *fixture = *state;
    struct file_batch *batch = file_batch_create(fixture->manager);
    add_directory(fixture, batch, "one", NULL, false);
    add_directory(fixture, batch, "one", NULL, false);
    add_directory(fixture, batch, "two", "0755", false);
    add_directory(fixture, batch, "p/q", "750", true);
    file_batch_add_directory(batch, &(const struct file_directory){.path = "relative"});
    file_batch_add_directory(batch, &(const struct file_directory){.path = "/x", .owner = {.group = "games"}});
    add_directory(fixture, batch, "no/such", NULL, false);
    run(fixture, batch);
    assert_int_equal(file_batch_count(batch), 7);
    assert_null(file_batch_error(batch, 0));
    assert_message(fixture, file_batch_error(batch, 1), "mkdir @/one: file exists");
    assert_string_equal(file_batch_error(batch, 1)->code, "generic-file-error");
    assert_message(fixture, file_batch_error(batch, 2), "permissions must be a 3-digit octal string, got \"0755\"");
    assert_null(file_batch_error(batch, 3));
    assert_message(fixture, file_batch_error(batch, 4), "paths must be absolute, got \"relative\"");
    assert_string_equal(file_batch_path(batch, 4), "relative");
    assert_string_equal(error_text(file_batch_error(batch, 5)) + strlen("cannot look up user and group: "),
                        "must specify user, not just group");
    assert_string_equal(file_batch_error(batch, 6)->code, "not-found");
    assert_int_equal(mode_of(fixture, "one"), 0755);
    assert_int_equal(mode_of(fixture, "p"), 0750);
    assert_entries(fixture, "", "one p");
    file_batch_destroy(batch);
}

static void removes(void **state) {
    const struct fixture *fixture = *state;
    struct file_batch *batch = file_batch_create(fixture->manager);
    put_directory(fixture, "tree");
    put(fixture, "tree/x", "");
    AUTO_FREE char *path = path_of(fixture, "tree");
    file_batch_add_removal(batch, path, false);
    file_batch_add_removal(batch, path, true);
    file_batch_add_removal(batch, path, true);
    file_batch_add_removal(batch, "tree", true);
    run(fixture, batch);
    assert_message(fixture, file_batch_error(batch, 0), "remove @/tree: directory not empty");
    assert_null(file_batch_error(batch, 1));
    assert_null(file_batch_error(batch, 2));
    assert_message(fixture, file_batch_error(batch, 3), "paths must be absolute, got \"tree\"");
    assert_entries(fixture, "", "");
    file_batch_destroy(batch);
}

static void an_empty_one_is_done(void **state) {
    const struct fixture *fixture = *state;
    struct file_batch *batch = file_batch_create(fixture->manager);
    run(fixture, batch);
    assert_int_equal(file_batch_count(batch), 0);
    file_batch_destroy(batch);
    file_batch_destroy(file_batch_create(fixture->manager)); // never started
    file_batch_destroy(NULL);
}

static void a_destroyed_one_does_not_report(void **state) {
    const struct fixture *fixture = *state;
    int calls = 0;
    put_directory(fixture, "tree");
    struct file_batch *batch = file_batch_create(fixture->manager);
    AUTO_FREE char *path = path_of(fixture, "tree");
    file_batch_add_removal(batch, path, true);
    file_batch_start(batch, on_batch_done, &calls);
    file_batch_destroy(batch);
    loop_run_pending(fixture->loop);
    assert_int_equal(calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(each_item_has_a_result),
        FIXTURE_TEST(removes),
        FIXTURE_TEST(an_empty_one_is_done),
        FIXTURE_TEST(a_destroyed_one_does_not_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
