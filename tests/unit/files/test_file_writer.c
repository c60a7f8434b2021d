// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "files/file_writer.h"

struct writing {
    struct file_writer *writer;
    bool is_drained, is_done;
    int calls;
    struct error err;
};

static void on_writer_drained(struct file_writer *writer UNUSED, void *data) {
    ((struct writing *)data)->is_drained = true;
}

static void on_writer_finished(struct file_writer *writer UNUSED, const struct error *err, void *data) {
    struct writing *writing = data;
    writing->calls++;
    writing->is_done = true;
    error_copy(&writing->err, err);
}

static const struct file_writer_handlers handlers = {.on_drained = on_writer_drained,
                                                     .on_finished = on_writer_finished};

static void begin(const struct fixture *fixture, struct writing *writing, const struct file_target *target) {
    *writing = (struct writing){0};
    writing->writer = file_writer_create(fixture->manager, target, &handlers, writing);
}

static void add(const struct fixture *fixture, struct writing *writing, const char *bytes, size_t length) {
    file_writer_add(writing->writer, bytes, length);
    if (!file_writer_is_full(writing->writer))
        return;
    writing->is_drained = false;
    run_until(fixture, &writing->is_drained);
    assert_false(file_writer_is_full(writing->writer));
}

static void finish(const struct fixture *fixture, struct writing *writing) {
    file_writer_finish(writing->writer);
    assert_int_equal(writing->calls, 0);
    run_until(fixture, &writing->is_done);
    file_writer_destroy(writing->writer);
    assert_int_equal(writing->calls, 1);
}

// Writes "new" and compares the message, NULL for success.
static void write_new(const struct fixture *fixture, const struct file_target *target, const char *message) {
    struct writing writing;
    begin(fixture, &writing, target);
    add(fixture, &writing, "new", 3);
    finish(fixture, &writing);
    if (message == NULL)
        assert_string_equal(error_text(&writing.err), "");
    else
        assert_message(fixture, &writing.err, message);
    error_clear(&writing.err);
}

static void writes_with_permissions(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    write_new(fixture, &(const struct file_target){.path = path}, NULL);
    assert_content(fixture, "file", "new");
    assert_int_equal(mode_of(fixture, "file"), 0644);
    write_new(fixture, &(const struct file_target){.path = path, .permissions = "777"}, NULL);
    assert_int_equal(mode_of(fixture, "file"), 0777);
    write_new(fixture, &(const struct file_target){.path = path, .permissions = "8"},
              "permissions must be a 3-digit octal string, got \"8\"");
    write_new(fixture, &(const struct file_target){.path = "file"}, "paths must be absolute, got \"file\"");
    write_new(fixture, &(const struct file_target){.path = path, .owner = {.group = "games"}},
              "cannot look up user and group: must specify user, not just group");
    assert_int_equal(mode_of(fixture, "file"), 0777);
    assert_entries(fixture, "", "file");
}

static void makes_directories(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "a/b/file");
    AUTO_FREE char *below = path_of(fixture, "a/b/file/c/file");
    write_new(fixture, &(const struct file_target){.path = path}, "open @/a/b/file: no such file or directory");
    assert_entries(fixture, "", "");
    write_new(fixture, &(const struct file_target){.path = path, .permissions = "600", .makes_directories = true},
              NULL);
    assert_int_equal(mode_of(fixture, "a/b"), 0755);
    assert_int_equal(mode_of(fixture, "a/b/file"), 0600);
    write_new(fixture, &(const struct file_target){.path = below, .makes_directories = true},
              "cannot create directory: mkdir @/a/b/file: not a directory");
}

static void large_content_is_written_in_pieces(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; expected.length < 3000000; i++)
        buffer_printf(&expected, "%d,", i);
    struct writing writing;
    put(fixture, "file", "old");
    begin(fixture, &writing, &(const struct file_target){.path = path});
    for (size_t at = 0; at < expected.length; at += 65536) {
        size_t rest = expected.length - at;
        add(fixture, &writing, expected.data + at, rest < 65536 ? rest : 65536);
        assert_content(fixture, "file", "old");
    }
    finish(fixture, &writing);
    AUTO_BUFFER struct buffer content = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(file_read(path, &content, NULL));
    assert_int_equal(content.length, expected.length);
    assert_memory_equal(content.data, expected.data, expected.length);
}

static void after_a_failure_content_is_dropped(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "no/file");
    AUTO_FREE char *zeros = memory_new(65536);
    struct writing writing;
    begin(fixture, &writing, &(const struct file_target){.path = path});
    for (int i = 0; i < 100; i++)
        add(fixture, &writing, zeros, 65536);
    finish(fixture, &writing);
    assert_message(fixture, &writing.err, "open @/no/file: no such file or directory");
    assert_string_equal(writing.err.code, "not-found");
    error_clear(&writing.err);
}

static void a_destroyed_one_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    AUTO_FREE char *zeros = memory_new(65536);
    put(fixture, "file", "old");
    for (int pieces = 0; pieces < 30; pieces++) {
        struct writing writing;
        begin(fixture, &writing, &(const struct file_target){.path = path});
        for (int i = 0; i < pieces; i++)
            add(fixture, &writing, zeros, 65536);
        file_writer_destroy(writing.writer);
        assert_int_equal(writing.calls, 0);
    }
    assert_true(file_manager_destroy(fixture->manager));
    fixture->manager = NULL;
    assert_content(fixture, "file", "old");
    assert_entries(fixture, "", "file");
    file_writer_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(writes_with_permissions),
        FIXTURE_TEST(makes_directories),
        FIXTURE_TEST(large_content_is_written_in_pieces),
        FIXTURE_TEST(after_a_failure_content_is_dropped),
        FIXTURE_TEST(a_destroyed_one_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
