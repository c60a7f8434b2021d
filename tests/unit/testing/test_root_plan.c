// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "temporary.h"
#include "testing/removal_internal.h"
#include "testing/root_plan_internal.h"

static const struct testing_step *find(const struct testing_root *root, enum testing_step_kind kind,
                                       const char *target) {
    for (size_t i = 0; i < root->count; i++) {
        if (root->steps[i].kind == kind && text_equal(root->steps[i].target, target))
            return &root->steps[i];
    }
    return NULL;
}

static void steps_are_planned(void **state UNUSED) {
    char *directory = temporary_create();
    AUTO_FREE char *daemon_directory = path_join(directory, "p");
    AUTO_CLOSE int parent_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdir(daemon_directory, 0700), 0);
    struct testing_root *root = testing_root_create(directory, daemon_directory, NULL);
    assert_non_null(root);
    const struct testing_step *overlay = find(root, TESTING_STEP_OVERLAY, "root/etc");
    assert_non_null(overlay);
    assert_string_equal(overlay->source, "/etc");
    assert_string_equal(overlay->options, "userxattr,lowerdir=/etc,upperdir=root/etc,workdir=work/etc");
    // The entries that replace it follow, and end where the next directory begins.
    assert_true(overlay->skip > 0);
    for (size_t i = 1; i <= overlay->skip; i++)
        assert_true(text_has_prefix(overlay[i].target, "root/etc/"));
    assert_false(text_has_prefix(overlay[overlay->skip + 1].target, "root/etc/"));
    assert_non_null(find(root, TESTING_STEP_FILE, "root/etc/passwd"));
    // Of these, no overlay.
    assert_null(find(root, TESTING_STEP_OVERLAY, "root/proc"));
    assert_null(find(root, TESTING_STEP_OVERLAY, "root/dev"));
    assert_null(find(root, TESTING_STEP_OVERLAY, "root/run"));
    assert_true(find(root, TESTING_STEP_DIRECTORY, "root/proc/sys")->is_required);
    AUTO_FREE char *target = memory_printf("root%s", daemon_directory);
    const struct testing_step *writable = find(root, TESTING_STEP_WRITABLE, target);
    assert_true(writable->is_required);
    assert_string_equal(writable->source, daemon_directory);
    // The temporary directory itself is not part of it.
    AUTO_FREE char *own = memory_printf("root%s", directory);
    assert_null(find(root, TESTING_STEP_DIRECTORY, own));
    AUTO_FREE char *made = memory_printf("%s/root%s", directory, daemon_directory);
    assert_true(directory_exists(made));
    AUTO_FREE char *expected = memory_printf("0 %u 1\n", (unsigned)geteuid());
    assert_string_equal(root->own_user, expected);
    assert_int_equal(root->all_users != NULL, geteuid() == 0);
    testing_root_destroy(root);
    testing_root_destroy(NULL);
    assert_true(testing_remove_tree(parent_fd, directory + 1));
    free(directory);
}

static void failures(void **state UNUSED) {
    struct pebble_error error = {0};
    assert_null(testing_root_create("/none", "/none/p", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    assert_string_equal(error.message, "cannot create root directory: no such file or directory");
    pebble_error_clear(&error);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_planned), cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
