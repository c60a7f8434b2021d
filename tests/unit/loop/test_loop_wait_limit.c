// SPDX-License-Identifier: GPL-3.0-or-later
// Each of these waits for an hour if nothing interrupts it.
#include "lingering.h"

#include <signal.h>

#include "loop/loop.h"

static void a_close_is_interrupted(void **state UNUSED) {
    struct loop *loop;
    struct lingering lingering[2];
    assert_true(loop_create(&loop, NULL));
    for (int i = 0; i < 2; i++) {
        int fd = lingering_open(&lingering[i]);
        loop_limit_waits(loop);
        loop_limit_waits(loop);
        (void)close(fd);
        loop_run_pending(loop); // ends the limit
        loop_run_pending(loop);
    }
    for (int i = 0; i < 2; i++)
        lingering_close(&lingering[i]);
    loop_destroy(loop);
}

static void a_read_is_interrupted(void **state UNUSED) {
    struct loop *loop;
    struct lingering lingering;
    int ends[2];
    char bytes[8];
    assert_true(loop_create(&loop, NULL));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    lingering_send(ends[0], "text", lingering_open(&lingering));
    loop_limit_waits(loop);
    assert_int_equal(recv(ends[1], bytes, sizeof bytes, 0), 4);
    (void)close(ends[0]);
    (void)close(ends[1]);
    lingering_close(&lingering);
    loop_destroy(loop);
}

static void no_signal_comes_without_a_limit(void **state UNUSED) {
    struct loop *loop;
    sigset_t waiting;
    sigset_t urgent;
    assert_true(loop_create(&loop, NULL));
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    loop_limit_waits(loop);
    loop_run_pending(loop);
    assert_int_equal(sigprocmask(SIG_BLOCK, &urgent, NULL), 0);
    (void)usleep(3 * LOOP_WAIT_LIMIT_NS / 1000);
    assert_int_equal(sigpending(&waiting), 0);
    assert_false(sigismember(&waiting, SIGURG));
    assert_int_equal(sigprocmask(SIG_UNBLOCK, &urgent, NULL), 0);
    loop_destroy(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_is_interrupted),
        cmocka_unit_test(a_read_is_interrupted),
        cmocka_unit_test(no_signal_comes_without_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
