// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// Each test has a directory of its own, in *state.
static int set_up(void **state) {
    char *directory = memory_string("/tmp/test-file-XXXXXX");
    *state = directory;
    umask(077); // so that a mode that passes through it is noticed
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED, struct FTW *walk UNUSED) {
    return remove(path);
}

static int tear_down(void **state) {
    int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

static mode_t mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(1000);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), expected);
}

static void assert_entries(const char *directory, const char *expected) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(directory, &names, NULL));
    AUTO_FREE char *joined = text_list_join(&names, " ");
    assert_string_equal(joined, expected);
}

static void assert_message(const struct error *err, const char *format, const char *path) {
    AUTO_FREE char *expected = NULL;
    assert_true(asprintf(&expected, format, path) > 0);
    assert_string_equal(error_text(err), expected);
}

static void joins_paths(void **state UNUSED) {
    const char *const cases[][3] = {
        {"/a", "b", "/a/b"}, {"/a/", "b", "/a/b"}, {"/a//", "//b", "/a/b"}, {"/", "b", "/b"},
        {"", "b", "b"},      {"a", "", "a"},       {"", "/b", "/b"},        {"a", "b/c", "a/b/c"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *joined = path_join(cases[i][0], cases[i][1]);
        assert_string_equal(joined, cases[i][2]);
    }
}

static void cleans_paths(void **state UNUSED) {
    const char *const cases[][2] = {
        {"", "."},
        {".", "."},
        {"./", "."},
        {"..", ".."},
        {"../..", "../.."},
        {"../../abc", "../../abc"},
        {"/", "/"},
        {"//", "/"},
        {"/..", "/"},
        {"/../../abc", "/abc"},
        {"abc", "abc"},
        {"abc/", "abc"},
        {"abc//def//ghi", "abc/def/ghi"},
        {"//abc", "/abc"},
        {"abc/./def", "abc/def"},
        {"/./abc/def", "/abc/def"},
        {"abc/def/..", "abc"},
        {"abc/def/../..", "."},
        {"/abc/def/../..", "/"},
        {"abc/def/../../..", ".."},
        {"/abc/def/../../..", "/"},
        {"abc/def/../../../ghi/jkl/../../../mno", "../../mno"},
        {"abc/../../././../def", "../../def"},
        {"abc//./../def", "def"},
        {"...", "..."},
        {"/a/..b/.c", "/a/..b/.c"},
        {"../a/..", ".."},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *cleaned = path_clean(cases[i][0]);
        assert_string_equal(cleaned, cases[i][1]);
    }
    static const char *const bases[][2] = {{"", "."},   {"/", "/"},    {"//", "/"},     {"a", "a"},
                                           {"/a", "a"}, {"/a/b", "b"}, {"/a/b//", "b"}, {"a/..", ".."}};
    for (size_t i = 0; i < ARRAY_COUNT(bases); i++) {
        AUTO_FREE char *base = path_base(bases[i][0]);
        assert_string_equal(base, bases[i][1]);
    }
    assert_true(path_is_absolute("/a"));
    assert_false(path_is_absolute("a/"));
    assert_false(path_is_absolute(""));
}

static void reads_whole_files(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    AUTO_FREE char *link_path = path_join(*state, "link");
    write_text(path, "content");
    assert_int_equal(symlink("f", link_path), 0);
    AUTO_BUFFER struct buffer content = BUFFER_INIT(14);
    assert_true(file_read(path, &content, NULL));
    assert_true(file_read(link_path, &content, NULL));
    assert_string_equal(buffer_text(&content), "contentcontent");
}

static void reads_more_than_one_chunk(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    AUTO_FREE char *large = memory_new(100001);
    memset(large, 'x', 100000);
    write_text(path, large);
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100000);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), large);
}

static void failed_reading_leaves_the_buffer(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    AUTO_ERROR struct error err = {0};
    AUTO_BUFFER struct buffer content = BUFFER_INIT(10);
    buffer_add_string(&content, "before");
    assert_false(file_read(path, &content, &err));
    assert_message(&err, "open %s: no such file or directory", path);
    assert_int_equal(err.errnum, ENOENT);
    assert_false(file_read(*state, &content, &err));
    assert_message(&err, "read %s: is a directory", *state);
    write_text(path, "12345");
    assert_false(file_read(path, &content, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    assert_string_equal(buffer_text(&content), "before");
    assert_true(buffer_is_whole(&content));
}

static void writes_atomically_with_the_mode(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    char first[] = "first";
    char second[] = "second";
    const struct iovec pieces[] = {{first, 5}, {NULL, 0}, {second, 6}};
    assert_true(file_write_atomic(path, pieces, 3, 0644, NULL));
    assert_content(path, "firstsecond");
    assert_int_equal(mode_of(path), 0644);
    assert_true(file_write_atomic(path, pieces, 1, 0666, NULL));
    assert_content(path, "first");
    assert_int_equal(mode_of(path), 0666);
    assert_true(file_write_atomic(path, NULL, 0, 0600, NULL));
    assert_content(path, "");
    assert_entries(*state, "f");
}

static void writing_replaces_a_symlink(void **state) {
    AUTO_FREE char *path = path_join(*state, "link");
    AUTO_FREE char *target = path_join(*state, "target");
    write_text(target, "target");
    assert_int_equal(symlink("target", path), 0);
    char text[] = "new";
    const struct iovec piece = {text, 3};
    assert_true(file_write_atomic(path, &piece, 1, 0600, NULL));
    assert_content(target, "target");
    assert_content(path, "new");
}

static void a_fifo_is_not_waited_for(void **state) {
    AUTO_FREE char *path = path_join(*state, "fifo");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100);
    AUTO_ERROR struct error err = {0};
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(file_read(path, &content, &err));
    assert_message(&err, "open %s: not a regular file", path);
    assert_int_equal(unlink(path), 0);
    assert_true(file_read("/dev/null", &content, NULL));
    assert_true(file_read("/proc/self/comm", &content, NULL));
}

static void a_stream_is_read_to_its_end(void **state UNUSED) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "text", 4), 4);
    assert_int_equal(close(fds[1]), 0);
    AUTO_FREE char *path = memory_printf("/dev/fd/%d", fds[0]);
    assert_true(file_read_stream(path, &content, NULL));
    assert_string_equal(buffer_text(&content), "text");
    assert_int_equal(close(fds[0]), 0);
}

static void writing_needs_no_directory_in_the_path(void **state) {
    AUTO_FREE char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(*state), 0);
    assert_true(file_write_atomic("plain", NULL, 0, 0600, NULL));
    assert_entries(".", "plain");
    assert_int_equal(chdir(before), 0);
}

static void failed_writing_leaves_nothing(void **state) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *missing = path_join(*state, "no/f");
    AUTO_FREE char *missing_directory = path_join(*state, "no/");
    assert_false(file_write_atomic(missing, NULL, 0, 0600, &err));
    assert_message(&err, "open %s: no such file or directory", missing_directory);
    // A directory in the way is noticed by the rename only.
    AUTO_FREE char *occupied = path_join(*state, "d");
    AUTO_FREE char *occupant = path_join(*state, "d/x");
    assert_int_equal(mkdir(occupied, 0700), 0);
    write_text(occupant, "");
    assert_false(file_write_atomic(occupied, NULL, 0, 0600, &err));
    assert_int_equal(err.errnum, EISDIR);
    assert_entries(*state, "d");
}

// In a child, since the limit on the size of files concerns the whole process.
static void full_disk_keeps_the_old_file(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    write_text(path, "old");
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit limit = {1000, 1000};
        static char large[5000];
        const struct iovec piece = {large, sizeof large};
        AUTO_ERROR struct error err = {0};
        bool is_refused = setrlimit(RLIMIT_FSIZE, &limit) == 0 && !file_write_atomic(path, &piece, 1, 0600, &err);
        bool is_said = err.errnum == EFBIG && text_has_suffix(error_text(&err), "/f: file too large");
        _exit(is_refused && is_said && text_has_prefix(error_text(&err), "write /") ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_content(path, "old");
    assert_entries(*state, "f");
}

static void removes_only_leftovers_of_the_file(void **state) {
    const char *const leftovers[] = {"f.0123456789Az~", "f.aaaaaaaaaaaa~"};
    const char *const strangers[] = {"f",  "f.0123456789A~",  "f.0123456789Az",   "f.0123456789A-~",
                                     "f~", "g.0123456789Az~", "xf.0123456789Az~", "f-0123456789Az~"};
    for (size_t i = 0; i < ARRAY_COUNT(leftovers); i++) {
        AUTO_FREE char *path = path_join(*state, leftovers[i]);
        write_text(path, "");
    }
    for (size_t i = 0; i < ARRAY_COUNT(strangers); i++) {
        AUTO_FREE char *path = path_join(*state, strangers[i]);
        write_text(path, "");
    }
    AUTO_FREE char *path = path_join(*state, "f");
    file_remove_leftovers(path);
    assert_entries(*state, "f f-0123456789Az~ f.0123456789A-~ f.0123456789Az f.0123456789A~ f~ g.0123456789Az~ "
                           "xf.0123456789Az~");
    file_remove_leftovers("/no/such/directory/f");
}

static void temporary_names_are_leftovers(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    AUTO_FREE char *one = file_temporary_name(path, 0);
    AUTO_FREE char *other = file_temporary_name(path, 1);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), strlen(path) + FILE_TEMPORARY_SUFFIX_BYTES);
    write_text(one, "");
    write_text(other, "");
    file_remove_leftovers(path);
    assert_entries(*state, "");
}

// A writer that is killed between the two steps leaves what file_remove_leftovers() finds.
static void own_temporaries_count_as_leftovers(void **state) {
    AUTO_FREE char *path = path_join(*state, "f");
    pid_t pid = fork();
    if (pid == 0) {
        // The first byte is more than the limit: the kernel ends the process with SIGXFSZ.
        const struct rlimit limit = {0, 0};
        char text[] = "x";
        const struct iovec piece = {text, 1};
        signal(SIGXFSZ, SIG_DFL);
        setrlimit(RLIMIT_CORE, &limit);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(file_write_atomic(path, &piece, 1, 0600, NULL));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(*state, &names, NULL));
    assert_int_equal(names.count, 1);
    assert_true(text_has_prefix(names.items[0], "f.") && text_has_suffix(names.items[0], "~"));
    file_remove_leftovers(path);
    assert_entries(*state, "");
}

static int open_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "part", 4), 4);
    return fd;
}

static void discards_a_file_but_no_link(void **state) {
    AUTO_FREE char *path = path_join(*state, "file");
    AUTO_FREE char *kept = path_join(*state, "kept");
    AUTO_FREE char *link_path = path_join(*state, "link");
    struct stat status;
    AUTO_CLOSE int fd = open_file(path);
    assert_int_equal(link(path, kept), 0);
    file_discard(path, fd);
    assert_int_not_equal(lstat(path, &status), 0);
    assert_true(stat(kept, &status) == 0 && status.st_size == 0);
    assert_int_equal(symlink("kept", link_path), 0);
    AUTO_CLOSE int linked_fd = open_file(link_path);
    file_discard(link_path, linked_fd);
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(stat(kept, &status) == 0 && status.st_size == 0);
    // Another file has taken the name.
    assert_int_equal(rename(kept, path), 0);
    AUTO_CLOSE int other_fd = open_file(kept);
    assert_true(other_fd != fd);
    file_discard(kept, fd);
    assert_true(stat(kept, &status) == 0 && status.st_size == 4);
    AUTO_CLOSE int device_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    file_discard("/dev/null", device_fd);
    assert_int_equal(lstat("/dev/null", &status), 0);
}

static void wakes_once(void **state UNUSED) {
    AUTO_CLOSE int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    uint64_t count = 0;
    file_wake(fd);
    file_wake(fd);
    assert_int_equal(read(fd, &count, sizeof count), sizeof count);
    assert_int_equal(count, 2);
    const uint64_t full = UINT64_MAX - 1;
    assert_int_equal(write(fd, &full, sizeof full), sizeof full);
    file_wake(fd); // readable already
    file_wake(-1);
}

static void writes_all_to_a_pipe(void **state UNUSED) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_true(file_write_all(fds[1], "hello", 5, NULL));
    char text[6] = "";
    assert_int_equal(read(fds[0], text, 5), 5);
    assert_string_equal(text, "hello");
    file_close_at(&fds[0]);
    assert_int_equal(fds[0], -1);
    file_close_at(&fds[0]);
    signal(SIGPIPE, SIG_IGN);
    AUTO_ERROR struct error err = {0};
    assert_false(file_write_all(fds[1], "x", 1, &err));
    assert_string_equal(error_text(&err), "write: broken pipe");
    close(fds[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_paths),
        cmocka_unit_test(cleans_paths),
        cmocka_unit_test_setup_teardown(reads_whole_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_more_than_one_chunk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_reading_leaves_the_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_atomically_with_the_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writing_replaces_a_symlink, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fifo_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test(a_stream_is_read_to_its_end),
        cmocka_unit_test_setup_teardown(writing_needs_no_directory_in_the_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_writing_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_disk_keeps_the_old_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removes_only_leftovers_of_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(temporary_names_are_leftovers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_temporaries_count_as_leftovers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(discards_a_file_but_no_link, set_up, tear_down),
        cmocka_unit_test(wakes_once),
        cmocka_unit_test(writes_all_to_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
