// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/memory_limit.h"

static char mount[32];

static int make_mount(void **state UNUSED) {
    (void)snprintf(mount, sizeof mount, "/tmp/cgroups-XXXXXX");
    return mkdtemp(mount) != NULL ? 0 : -1;
}

static int remove_mount(void **state UNUSED) {
    AUTO_FREE char *command = memory_printf("rm -r %s", mount);
    return system(command); // NOLINT(cert-env33-c)
}

// Writes a file below the mount, with the directories above it.
static void put(const char *name, const char *text) {
    AUTO_FREE char *path = memory_printf("%s/%s", mount, name);
    for (char *at = path + strlen(mount) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_smallest_above_counts(void **state UNUSED) {
    put("memory.max", "max\n");
    assert_true(memory_limit_of_cgroups("0::/\n", mount) == SIZE_MAX);
    put("a/b/c/memory.max", "3000\n");
    put("a/b/memory.max", "2000\n");
    put("a/memory.max", "max\n");
    assert_int_equal(memory_limit_of_cgroups("0::/a/b/c\n", mount), 2000);
    assert_int_equal(memory_limit_of_cgroups("1:name=systemd:/x\n0::/a/b", mount), 2000);
    assert_true(memory_limit_of_cgroups("0::/a\n", mount) == SIZE_MAX);
    put("memory.max", "1000\n"); // that of a container, whose path is not seen inside of it
    assert_int_equal(memory_limit_of_cgroups("0::/other/place\n", mount), 1000);
}

static void version_1_counts(void **state UNUSED) {
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/a/memory.limit_in_bytes", "4096\n");
    put("cpu/a/memory.limit_in_bytes", "1\n");
    assert_int_equal(memory_limit_of_cgroups("4:memory:/a\n1:cpu:/a\n0::/\n", mount), 4096);
    assert_int_equal(memory_limit_of_cgroups("4:memory:/b\n", mount), 9223372036854771712);
    put("unified/c/memory.max", "512\n");
    assert_int_equal(memory_limit_of_cgroups("4:memory:/a\n0::/c\n", mount), 512);
}

static void what_is_odd_is_no_limit(void **state UNUSED) {
    put("memory.max", "many\n");
    put("a/memory.max", "");
    static const char *const texts[] = {
        "", "\n", "0", "0:", "0::", ":::", "0::/a", "0::a", "4:memory:", "4:memory:/a/\n\n"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (memory_limit_of_cgroups(texts[i], mount) != SIZE_MAX)
            fail_msg("%s", texts[i]);
    }
}

// Limits that are large enough for the memory that AddressSanitizer reserves.
static void limits_of_resources_count(void **state UNUSED) {
    static const __rlimit_resource_t resources[] = {RLIMIT_DATA, RLIMIT_AS};
    for (size_t i = 0; i < ARRAY_COUNT(resources); i++) {
        size_t bytes = (size_t)1 << (50 - i);
        struct rlimit old, limit;
        assert_int_equal(getrlimit(resources[i], &old), 0);
        limit = old;
        limit.rlim_cur = bytes;
        assert_int_equal(setrlimit(resources[i], &limit), 0);
        assert_true(memory_limit_bytes() <= bytes);
        assert_int_equal(setrlimit(resources[i], &old), 0);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_mount, remove_mount)
    const struct CMUnitTest tests[] = {
        TEST(the_smallest_above_counts),
        TEST(version_1_counts),
        TEST(what_is_odd_is_no_limit),
        cmocka_unit_test(limits_of_resources_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
