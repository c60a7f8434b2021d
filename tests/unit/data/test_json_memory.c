// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/json.h"

// AddressSanitizer would end the program where malloc() returns NULL.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

// volatile keeps the compiler from judging the size.
static volatile size_t absurd_size = SIZE_MAX / 4;

static json_malloc_t installed_allocate;

static int install(void **state UNUSED) {
    json_free_t installed_free;
    json_install_allocator();
    json_get_alloc_funcs(&installed_allocate, &installed_free);
    return 0;
}

static int restore(void **state UNUSED) {
    json_set_alloc_funcs(malloc, free);
    return 0;
}

static void values_are_made_and_freed(void **state UNUSED) {
    assert_ptr_not_equal(installed_allocate, malloc);
    AUTO_JSON json_t *value = NULL;
    assert_true(json_read("{\"a\":[1,2.5,\"x\"]}", 17, &value, NULL));
    assert_int_equal(json_object_set_new(value, "b", json_string("y")), 0);
    assert_int_equal(json_array_size(json_object_get(value, "a")), 3);
}

static int probes;

static void *probe_and_allocate(size_t size) {
    probes++;
    assert_null(installed_allocate(absurd_size));
    return malloc(size);
}

static void while_reading_an_allocation_may_fail(void **state UNUSED) {
    json_set_alloc_funcs(probe_and_allocate, free);
    AUTO_JSON json_t *value = NULL;
    assert_true(json_read("[{\"a\":\"text\"}]", 14, &value, NULL));
    assert_true(probes > 0);
}

static void allocate_too_much(void) {
    json_t *value = NULL;
    (void)!json_read("[", 1, &value, NULL); // a failed reading, too, ends the leniency
    free(installed_allocate(absurd_size));
}

static void otherwise_the_program_ends(void **state UNUSED) {
    pid_t pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO);
        allocate_too_much();
        _exit(42);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_made_and_freed, install, restore),
        cmocka_unit_test_setup_teardown(while_reading_an_allocation_may_fail, install, restore),
        cmocka_unit_test_setup_teardown(otherwise_the_program_ends, install, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
