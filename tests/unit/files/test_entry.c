// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "files/entry_internal.h"

static char *entry_of(const char *path, const struct stat *status) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer json;
    struct entry_writer writer;
    json_writer_init(&json, &out, true);
    entry_writer_init(&writer, &json);
    entry_write(&writer, path, status);
    entry_writer_finish(&writer);
    return buffer_take(&out);
}

static void writes_all_members(void **state UNUSED) {
    const struct stat status = {.st_mode = S_IFREG | 04070, .st_size = 7, .st_mtime = 0, .st_gid = 4000000000};
    AUTO_FREE char *entry = entry_of("/a/b", &status);
    // 5:45 before, in winter.
    assert_string_equal(entry, "{\"path\":\"/a/b\",\"name\":\"b\",\"type\":\"file\",\"size\":7,\"permissions\":\"070\","
                               "\"last-modified\":\"1970-01-01T05:45:00+05:45\",\"user-id\":0,\"user\":\"root\","
                               "\"group-id\":4000000000,\"group\":\"\"}");
}

static void types_have_names(void **state UNUSED) {
    static const struct {
        mode_t mode;
        const char *type;
    } cases[] = {
        {S_IFDIR, "directory"}, {S_IFLNK, "symlink"}, {S_IFSOCK, "socket"}, {S_IFIFO, "named-pipe"},
        {S_IFCHR, "device"},    {S_IFBLK, "device"},  {0, "unknown"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct stat status = {.st_mode = cases[i].mode, .st_size = 7};
        AUTO_FREE char *entry = entry_of("/", &status);
        AUTO_FREE char *type =
            memory_printf("{\"path\":\"/\",\"name\":\"/\",\"type\":\"%s\",\"permissions\":\"000\"", cases[i].type);
        assert_int_equal(strncmp(entry, type, strlen(type)), 0);
    }
}

static void far_times_are_written(void **state UNUSED) {
    const struct stat status = {.st_mtime = INT64_C(253370764800)};
    AUTO_FREE char *entry = entry_of("/x", &status);
    assert_non_null(strstr(entry, "\"9999-01-01T05:45:00+05:45\""));
    // The last year that localtime_r() knows.
    const struct stat last = {.st_mtime = INT64_C(67768036191600000)};
    AUTO_FREE char *last_entry = entry_of("/x", &last);
    assert_non_null(strstr(last_entry, "\"2147485547-"));
}

int main(void) {
    (void)setenv("TZ", "XXX-5:45", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_all_members),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(far_times_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
