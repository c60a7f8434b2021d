// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "loop/loop.h"

struct watched {
    uv_poll_t poll;
    struct loop *loop;
    int ends[2], calls, stop_at;
    bool is_closed;
};

static void on_pipe_readable(uv_poll_t *poll, int status, int events) {
    struct watched *watched = CONTAINER_OF(poll, struct watched, poll);
    char byte;
    assert_int_equal(status, 0);
    assert_int_equal(events, UV_READABLE);
    assert_int_equal(read(watched->ends[0], &byte, 1), 1);
    if (++watched->calls == watched->stop_at)
        loop_poll_stop(poll);
    loop_stop(watched->loop);
}

static void on_poll_closed(uv_handle_t *handle) {
    CONTAINER_OF((uv_poll_t *)handle, struct watched, poll)->is_closed = true;
}

static void begin(struct watched *watched, struct loop *loop) {
    *watched = (struct watched){.loop = loop};
    assert_int_equal(pipe(watched->ends), 0);
    assert_int_equal(uv_poll_init(loop_uv(loop), &watched->poll, watched->ends[0]), 0);
    assert_int_equal(loop_poll_start(&watched->poll, UV_READABLE, on_pipe_readable), 0);
}

static void end(struct watched *watched) {
    loop_poll_close(&watched->poll, on_poll_closed);
    loop_run_pending(watched->loop);
    assert_true(watched->is_closed);
    close(watched->ends[0]);
    close(watched->ends[1]);
}

static void put(const struct watched *watched) {
    assert_int_equal(write(watched->ends[1], "x", 1), 1);
}

// Without memory for epoll, and when there is some again.
static void events_come_in_any_case(void **state UNUSED) {
    struct loop *loop = NULL;
    struct watched first, second;
    assert_true(loop_create(&loop, NULL));
    for (int has_failed = 0; has_failed <= 1; has_failed++) {
        loop_poll_fails = has_failed;
        begin(&first, loop);
        begin(&second, loop);
        put(&first);
        loop_run(loop);
        assert_int_equal(first.calls, 1);
        assert_int_equal(second.calls, 0);
        put(&second);
        loop_run(loop);
        put(&first);
        loop_poll_fails = false;
        loop_run(loop);
        assert_int_equal(first.calls, 2);
        assert_int_equal(second.calls, 1);
        end(&first);
        put(&second);
        loop_run(loop);
        assert_int_equal(second.calls, 2);
        end(&second);
    }
    loop_destroy(loop);
}

static void what_is_stopped_is_not_called(void **state UNUSED) {
    struct loop *loop = NULL;
    struct watched stopped, other;
    assert_true(loop_create(&loop, NULL));
    for (int has_failed = 0; has_failed <= 1; has_failed++) {
        loop_poll_fails = has_failed;
        begin(&stopped, loop);
        begin(&other, loop);
        stopped.stop_at = 1;
        put(&stopped);
        loop_run(loop);
        put(&stopped);
        put(&other);
        put(&other);
        loop_run(loop);
        loop_run(loop);
        assert_int_equal(stopped.calls, 1);
        assert_int_equal(other.calls, 2);
        end(&stopped);
        loop_poll_stop(&other.poll);
        end(&other);
    }
    loop_poll_fails = true;
    begin(&other, loop); // is closed with the loop
    loop_poll_fails = false;
    loop_destroy(loop);
}

static void few_descriptors_are_an_error(void **state UNUSED) {
    for (rlim_t most = 3; most < 12; most++) {
        pid_t child = fork();
        if (child == 0) {
            struct loop *loop = NULL;
            AUTO_ERROR struct error err = {0};
            for (int fd = 3; fd < 64; fd++)
                close(fd);
            (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){most, most});
            bool is_made = loop_create(&loop, &err);
            _exit(is_made || text_has_suffix(error_text(&err), "too many open files") ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_descriptors_are_an_error), // libuv makes its own for all loops only once
        cmocka_unit_test(events_come_in_any_case),
        cmocka_unit_test(what_is_stopped_is_not_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
