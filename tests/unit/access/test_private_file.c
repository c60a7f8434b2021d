// SPDX-License-Identifier: GPL-3.0-or-later
#include "folder.h"

#include "access/private_file_internal.h"

#define LABEL "APPLE"
#define BEGIN "-----BEGIN APPLE-----\n"
#define END "-----END APPLE-----\n"
#define PLAIN BEGIN "cGlw\n" END // "pip"

static void fails(bool result, const struct error *err, const char *message, const char *path) {
    AUTO_BUFFER struct buffer expected = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *place = strchr(message, '@');
    assert_false(result);
    buffer_add(&expected, message, (size_t)(place - message));
    buffer_add_string(&expected, path);
    buffer_add_string(&expected, place + 1);
    assert_string_equal(error_text(err), buffer_text(&expected));
}

static void directories(void **state) {
    AUTO_FREE char *path = path_join(*state, "basket");
    AUTO_ERROR struct error err = {0};
    mode_t mask = umask(0777);
    assert_true(private_directory_prepare(path, NULL));
    (void)umask(mask);
    assert_int_equal(mode_of(path), 0700);
    assert_true(private_directory_prepare(path, NULL));

    assert_int_equal(chmod(path, 0755), 0);
    fails(private_directory_prepare(path, &err), &err, "expected permission 0o700 (got 0o755) for \"@\"", path);
    assert_int_equal(chmod(path, 0500), 0);
    fails(private_directory_prepare(path, &err), &err, "expected permission 0o700 (got 0o500) for \"@\"", path);
    assert_int_equal(chmod(path, 0700), 0);

    AUTO_FREE char *file = path_join(*state, "file");
    file_set(file, "", 0700);
    fails(private_directory_prepare(file, &err), &err, "mkdir @: not a directory", file);
}

static void blocks_are_read(void **state) {
    AUTO_FREE char *path = path_join(*state, "apple");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    bool exists = true;
    assert_true(private_file_read_block(path, LABEL, &content, &exists, NULL));
    assert_false(exists);
    file_set(path, PLAIN, 0600);
    assert_true(private_file_read_block(path, LABEL, &content, &exists, NULL));
    assert_true(exists);
    assert_string_equal(buffer_text(&content), "pip");
    file_set(path, BEGIN END, 0600);
    assert_true(private_file_read_block(path, LABEL, &content, &exists, NULL));
    assert_string_equal(buffer_text(&content), "");
}

static void other_content_is_refused(void **state) {
    static const struct {
        const char *text;
        mode_t mode;
        const char *message;
    } cases[] = {
        {"", 0600, "missing 'APPLE' block in \"@\""},
        {"-----BEGIN PEAR-----\ncGlw\n-----END PEAR-----\n", 0600, "missing 'APPLE' block in \"@\""},
        {PLAIN "more\n", 0600, "unexpected bytes after 'APPLE' block in \"@\""},
        {PLAIN PLAIN, 0600, "unexpected bytes after 'APPLE' block in \"@\""},
        {PLAIN, 0640, "expected permission 0o600 (got 0o640) for \"@\""},
        {PLAIN, 0604, "expected permission 0o600 (got 0o604) for \"@\""},
        {PLAIN, 0700, "expected permission 0o600 (got 0o700) for \"@\""},
    };
    AUTO_FREE char *path = path_join(*state, "apple");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error err = {0};
        bool exists = false;
        file_set(path, cases[i].text, cases[i].mode);
        fails(private_file_read_block(path, LABEL, &content, &exists, &err), &err, cases[i].message, path);
        assert_false(exists);
    }
}

static void other_files_are_refused(void **state) {
    AUTO_FREE char *path = path_join(*state, "apple");
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    AUTO_ERROR struct error err = {0};
    bool exists;
    file_set(target, PLAIN, 0600);
    assert_int_equal(symlink(target, path), 0);
    fails(private_file_read_block(path, LABEL, &content, &exists, &err), &err, "open @: must not be a symbolic link",
          path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    fails(private_file_read_block(path, LABEL, &content, &exists, &err), &err, "open @: not a regular file", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0600), 0);
    fails(private_file_read_block(path, LABEL, &content, &exists, &err), &err, "open @: not a regular file", path);
}

static void the_size_is_limited(void **state) {
    AUTO_FREE char *path = path_join(*state, "apple");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    AUTO_ERROR struct error err = {0};
    bool exists;
    size_t room = PRIVATE_FILE_BYTES_MAX - strlen(PLAIN);
    AUTO_FREE char *text = memory_printf("%0*d%s", (int)room - 1, 0, "\n" PLAIN);
    file_set(path, text, 0600);
    assert_true(private_file_read_block(path, LABEL, &content, &exists, NULL));
    AUTO_FREE char *longer = memory_printf("0%s", text);
    file_set(path, longer, 0600);
    fails(private_file_read_block(path, LABEL, &content, &exists, &err), &err, "read @: file too large", path);
}

static void files_are_written(void **state) {
    AUTO_FREE char *path = path_join(*state, "apple");
    AUTO_FREE char *leftover = path_join(*state, "apple.0123456789ab~");
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, PLAIN);
    file_set(leftover, "", 0600);
    mode_t mask = umask(0777);
    assert_true(private_file_write(path, &text, NULL));
    (void)umask(mask);
    assert_int_equal(mode_of(path), 0600);
    AUTO_FREE char *written = file_text(path);
    assert_string_equal(written, PLAIN);
    AUTO_FREE char *names = names_in(*state);
    assert_string_equal(names, "apple");

    AUTO_FREE char *nowhere = path_join(*state, "no/apple");
    AUTO_ERROR struct error err = {0};
    assert_false(private_file_write(nowhere, &text, &err));
    assert_true(error_is_set(&err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(directories, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(blocks_are_read, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(other_content_is_refused, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(other_files_are_refused, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(the_size_is_limited, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(files_are_written, folder_set_up, folder_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
