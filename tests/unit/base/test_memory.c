// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"

// AddressSanitizer would end the program where malloc() returns NULL.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

static void new_memory_is_zeroed(void **state UNUSED) {
    AUTO_FREE char *bytes = memory_new(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    AUTO_FREE void *nothing = memory_new(0);
    AUTO_FREE void *nothing_else = memory_new_array(0, 8);
    assert_ptr_not_equal(nothing, nothing_else);
}

static void grows_by_doubling(void **state UNUSED) {
    size_t capacity = 0;
    int *items = NULL;
    size_t growths = 0;
    for (size_t count = 0; count < 1000; count++) {
        size_t before = capacity;
        items = memory_grow(items, &capacity, count + 1, sizeof(int));
        growths += capacity != before;
        items[count] = (int)count;
    }
    assert_in_range(capacity, 1000, 2000);
    assert_in_range(growths, 1, 12);
    assert_int_equal(items[999], 999);
    free(items);
}

static void copies_text(void **state UNUSED) {
    AUTO_FREE char *whole = memory_string("hello");
    AUTO_FREE char *part = memory_string_n("hello", 2);
    AUTO_FREE char *printed = memory_printf("%s %d", "number", 7);
    AUTO_FREE char *copy = memory_copy("a\0b", 3);
    assert_string_equal(whole, "hello");
    assert_string_equal(part, "he");
    assert_string_equal(printed, "number 7");
    assert_memory_equal(copy, "a\0b", 3);
}

static void take_empties_the_local(void **state UNUSED) {
    AUTO_FREE char *text = memory_string("mine");
    char *taken = TAKE(text);
    assert_null(text);
    assert_string_equal(taken, "mine");
    memory_free_at(&taken);
    assert_null(taken);
}

// volatile keeps the compiler from judging the size.
static volatile size_t absurd_size = SIZE_MAX / 4;

static void memory_try_may_fail(void **state UNUSED) {
    assert_null(memory_try(absurd_size));
    AUTO_FREE char *old = memory_string("kept");
    assert_null(memory_try_resize(old, absurd_size));
    assert_string_equal(old, "kept");
    AUTO_FREE char *small = memory_try(3);
    assert_non_null(small);
    assert_int_equal(small[2], 0);
}

// Runs a function that ends the program in a child; returns its exit status and its standard error.
static int status_of_child(void (*run)(void), struct buffer *message) {
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipe_fds[1], STDERR_FILENO);
        run();
        _exit(99);
    }
    close(pipe_fds[1]);
    char chunk[256];
    ssize_t length;
    while ((length = read(pipe_fds[0], chunk, sizeof chunk)) > 0)
        buffer_add(message, chunk, (size_t)length);
    close(pipe_fds[0]);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void allocate_absurdly(void) {
    free(memory_new(absurd_size));
}

static void allocate_overflowing(void) {
    free(memory_new_array(absurd_size, 16));
}

static void resize_absurdly(void) {
    free(memory_resize(NULL, absurd_size));
}

static bool record_shrink(void *data) {
    int *rest = data;
    assert_int_equal(write(STDERR_FILENO, "shrink\n", 7), 7);
    return (*rest)-- > 0;
}

static void allocate_with_shrinker(void) {
    static int frees = 2;
    memory_add_shrinker(record_shrink, &frees);
    free(memory_try(absurd_size));
    allocate_absurdly();
}

static void persistent_failure_ends_the_program(void **state UNUSED) {
    void (*const runs[])(void) = {allocate_absurdly, allocate_overflowing, resize_absurdly};
    for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
        AUTO_BUFFER struct buffer message = BUFFER_INIT(10000);
        assert_int_equal(status_of_child(runs[i], &message), 1);
        assert_true(text_has_suffix(buffer_text(&message), "Out of memory\n"));
    }
}

static void shrinkers_run_while_they_free_something(void **state UNUSED) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(10000);
    assert_int_equal(status_of_child(allocate_with_shrinker, &message), 1);
    const char *at = buffer_text(&message);
    int calls = 0;
    for (; (at = strstr(at, "shrink\n")) != NULL; at++)
        calls++;
    assert_int_equal(calls, 3);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifndef __SANITIZE_ADDRESS__
static bool raise_limit(void *data UNUSED) {
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_AS, &limit) == 0;
}

static void allocate_under_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = 64 << 20;
    setrlimit(RLIMIT_AS, &limit);
    memory_add_shrinker(raise_limit, NULL);
    free(memory_new((size_t)256 << 20));
    _exit(42);
}

static void probe_under_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = 64 << 20;
    setrlimit(RLIMIT_AS, &limit);
    _exit(memory_has_room((size_t)256 << 20) ? 41 : memory_has_room((size_t)16 << 20) ? 42 : 43);
}

static void room_is_what_is_left(void **state UNUSED) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(10000);
    assert_int_equal(status_of_child(probe_under_limit, &message), 42);
}

static void what_shrinkers_free_is_used(void **state UNUSED) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(10000);
    assert_int_equal(status_of_child(allocate_under_limit, &message), 42);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(grows_by_doubling),
        cmocka_unit_test(copies_text),
        cmocka_unit_test(take_empties_the_local),
        cmocka_unit_test(memory_try_may_fail),
        cmocka_unit_test(persistent_failure_ends_the_program),
        cmocka_unit_test(shrinkers_run_while_they_free_something),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(what_shrinkers_free_is_used),
        cmocka_unit_test(room_is_what_is_left),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
