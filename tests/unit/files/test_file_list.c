// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <sys/resource.h>

#include "data/json.h"
#include "files/file_list.h"

struct result {
    bool is_done;
    int calls;
    struct buffer entries;
    struct error err;
};

static void on_files_listed(const struct buffer *entries, const struct error *err, void *data) {
    struct result *result = data;
    result->is_done = true;
    result->calls++;
    buffer_add(&result->entries, entries->data, entries->length);
    error_copy(&result->err, err);
}

static void list(const struct fixture *fixture, const struct file_list_spec *spec, struct result *result) {
    *result = (struct result){.entries = BUFFER_INIT(BUFFER_NO_LIMIT)};
    struct file_list *listing = file_list_start(fixture->manager, spec, on_files_listed, result);
    assert_int_equal(result->calls, 0);
    run_until(fixture, &result->is_done);
    file_list_destroy(listing);
    assert_int_equal(result->calls, 1);
}

static void result_finish(struct result *result) {
    buffer_finish(&result->entries);
    error_clear(&result->err);
}

// `expected`: names with blanks between them, or the message of the error.
static void assert_names(const struct fixture *fixture, const char *name, const char *pattern, bool is_itself,
                         const char *expected) {
    AUTO_FREE char *path = *name == '/' ? memory_string(name) : path_of(fixture, name);
    CLEANUP(result_finish) struct result result;
    list(fixture, &(const struct file_list_spec){.path = path, .pattern = pattern, .is_itself = is_itself}, &result);
    if (error_is_set(&result.err)) {
        assert_message(fixture, &result.err, expected);
        return;
    }
    AUTO_JSON json_t *entries = NULL;
    AUTO_BUFFER struct buffer names = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(json_read_whole(result.entries.data, result.entries.length, &entries, NULL));
    for (size_t i = 0; i < json_array_size(entries); i++)
        buffer_printf(&names, "%s%s", i > 0 ? " " : "",
                      json_string_value(json_member(json_array_get(entries, i), "name")));
    assert_string_equal(buffer_text(&names), expected);
}

static void lists_directories_in_the_order_of_bytes(void **state) {
    const struct fixture *fixture = *state;
    assert_names(fixture, "", NULL, false, "");
    put(fixture, "b", "four");
    put(fixture, "B", "");
    put(fixture, ".hidden", "");
    put(fixture, "\xc3\xa9", "");
    put_directory(fixture, "sub");
    put(fixture, "sub/inner", "");
    put_link(fixture, "sub", "link");
    put_link(fixture, "no", "dangling");
    assert_names(fixture, "", NULL, false, ".hidden B b dangling link sub \xc3\xa9");
    assert_names(fixture, "", "[^b-z]*", false, ".hidden B \xc3\xa9");
    assert_names(fixture, "", "?", false, "B b \xc3\xa9");
    assert_names(fixture, "link", "", false, "inner");
    assert_names(fixture, "link", "", true, "link");
    assert_names(fixture, "b", NULL, false, "b");
    assert_names(fixture, "b", "x*", false, "");
    assert_names(fixture, "/", NULL, true, "/");
}

static void failures_are_reported(void **state) {
    const struct fixture *fixture = *state;
    assert_names(fixture, "", "a[", false, ""); // nothing to compare it with
    put(fixture, "file", "");
    put_link(fixture, "loop", "loop");
    assert_names(fixture, "", "a[", false, "syntax error in pattern");
    assert_names(fixture, "file", "[]a]", true, "syntax error in pattern");
    assert_names(fixture, "no", NULL, false, "stat @/no: no such file or directory");
    assert_names(fixture, "file/x", NULL, false, "stat @/file/x: not a directory");
    assert_names(fixture, "loop", NULL, false, "stat @/loop: too many levels of symbolic links");
}

static void entries_are_complete(void **state) {
    const struct fixture *fixture = *state;
    put(fixture, "a<b", "12345");
    AUTO_FREE char *path = path_of(fixture, "a<b");
    const struct timespec times[2] = {{.tv_sec = 1551675906}, {.tv_sec = 1551675906, .tv_nsec = 999}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(chmod(path, 04751), 0);
    AUTO_FREE char *unclean = memory_printf("%s/.//./", fixture->directory);
    CLEANUP(result_finish) struct result result;
    list(fixture, &(const struct file_list_spec){.path = unclean}, &result);
    AUTO_FREE char *beginning =
        memory_printf("[{\"path\":\"%s/a\\u003cb\",\"name\":\"a\\u003cb\",\"type\":\"file\",\"size\":5,"
                      "\"permissions\":\"751\",\"last-modified\":\"2019-03-04T05:05:06Z\",\"user-id\":%u,\"user\":\"",
                      fixture->directory, geteuid());
    buffer_truncate(&result.entries, strlen(beginning));
    assert_string_equal(buffer_text(&result.entries), beginning);
}

static void many_entries_are_listed(void **state) {
    const struct fixture *fixture = *state;
    for (int i = 0; i < 2000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%d", i);
        put(fixture, name, "");
    }
    CLEANUP(result_finish) struct result result;
    list(fixture, &(const struct file_list_spec){.path = fixture->directory}, &result);
    AUTO_JSON json_t *entries = NULL;
    assert_true(json_read_whole(result.entries.data, result.entries.length, &entries, NULL));
    assert_int_equal(json_array_size(entries), 2000);
    assert_string_equal(json_string_value(json_member(json_array_get(entries, 2), "name")), "10");
}

static void a_destroyed_one_does_not_report(void **state) {
    const struct fixture *fixture = *state;
    struct result result = {0};
    const struct file_list_spec spec = {.path = fixture->directory};
    file_list_destroy(file_list_start(fixture->manager, &spec, on_files_listed, &result));
    struct file_list *other = file_list_start(fixture->manager, &spec, on_files_listed, &result);
    (void)uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
    file_list_destroy(other); // perhaps while a worker runs it
    assert_true(result.calls <= 1);
    result_finish(&result);
    file_list_destroy(NULL);
}

int main(void) {
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(lists_directories_in_the_order_of_bytes),
        FIXTURE_TEST(failures_are_reported),
        FIXTURE_TEST(entries_are_complete),
        FIXTURE_TEST(many_entries_are_listed),
        FIXTURE_TEST(a_destroyed_one_does_not_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
