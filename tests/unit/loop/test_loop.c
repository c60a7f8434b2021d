// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/loop.h"

#include <string.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static struct loop *loop;

static int open_loop(void **state UNUSED) {
    return loop_create(&loop, NULL) ? 0 : -1;
}

static int close_loop(void **state UNUSED) {
    loop_destroy(loop);
    return 0;
}

// --- deferred calls ---

struct call {
    struct deferred deferred;
    int count;
    struct call *also; // deferred again from within the call
    struct call *cancels;
};

static void call_run(struct deferred *deferred) {
    struct call *call = CONTAINER_OF(deferred, struct call, deferred);
    call->count++;
    if (call->cancels != NULL)
        loop_defer_cancel(loop, &call->cancels->deferred);
    if (call->also != NULL)
        loop_defer(loop, &call->also->deferred, call_run);
}

static void deferred_runs_once(void **state UNUSED) {
    struct call call = {0};
    loop_defer(loop, &call.deferred, call_run);
    loop_defer(loop, &call.deferred, call_run);
    assert_int_equal(call.count, 0);
    loop_run_pending(loop);
    assert_int_equal(call.count, 1);
    assert_false(call.deferred.is_waiting);
    loop_defer(loop, &call.deferred, call_run);
    loop_run_pending(loop);
    assert_int_equal(call.count, 2);
}

static void deferred_can_be_cancelled(void **state UNUSED) {
    struct call call = {0}, other = {0};
    loop_defer_cancel(loop, &call.deferred);
    loop_defer(loop, &call.deferred, call_run);
    loop_defer(loop, &other.deferred, call_run);
    loop_defer_cancel(loop, &call.deferred);
    loop_run_pending(loop);
    assert_int_equal(call.count, 0);
    assert_int_equal(other.count, 1);
}

static void deferred_cancels_its_neighbour(void **state UNUSED) {
    struct call victim = {0}, last = {0};
    struct call first = {.cancels = &victim};
    loop_defer(loop, &first.deferred, call_run);
    loop_defer(loop, &victim.deferred, call_run);
    loop_defer(loop, &last.deferred, call_run);
    loop_run_pending(loop);
    assert_int_equal(victim.count, 0);
    assert_int_equal(last.count, 1);
}

static void deferred_again_is_for_the_next_turn(void **state UNUSED) {
    struct call call = {0};
    call.also = &call;
    loop_defer(loop, &call.deferred, call_run);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(call.count, 1);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(call.count, 2);
    loop_defer_cancel(loop, &call.deferred);
}

static void idle_loop_does_not_spin(void **state UNUSED) {
    struct call call = {0};
    loop_run_pending(loop);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1);
    loop_defer(loop, &call.deferred, call_run);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), 0);
    loop_run_pending(loop);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1);
    loop_defer(loop, &call.deferred, call_run);
    loop_defer_cancel(loop, &call.deferred);
    assert_int_equal(uv_backend_timeout(loop_uv(loop)), -1);
}

// --- timers ---

struct alarm {
    struct timer *timer;
    int64_t again_ns; // -1: not
    int64_t fired_at_ns;
    int count, stop_at;
    bool destroys_itself;
};

static void alarm_fire(void *data) {
    struct alarm *alarm = data;
    alarm->fired_at_ns = clock_monotonic_ns();
    assert_false(timer_is_running(alarm->timer));
    if (++alarm->count == alarm->stop_at)
        loop_stop(loop);
    else if (alarm->again_ns >= 0)
        timer_start(alarm->timer, alarm->again_ns);
    if (alarm->destroys_itself)
        timer_destroy(alarm->timer);
}

static void timer_is_never_early(void **state UNUSED) {
    struct call busy = {0}; // so that the loop looks at the time again and again
    busy.also = &busy;
    loop_defer(loop, &busy.deferred, call_run);
    for (int i = 0; i < 20; i++) {
        struct alarm alarm = {.stop_at = 1};
        alarm.timer = timer_create_in(loop, alarm_fire, &alarm);
        int64_t due_ns = clock_monotonic_ns() + NS_PER_MS;
        timer_start(alarm.timer, NS_PER_MS);
        loop_run(loop);
        assert_int_equal(alarm.count, 1);
        assert_true(alarm.fired_at_ns >= due_ns);
        timer_destroy(alarm.timer);
    }
    loop_defer_cancel(loop, &busy.deferred);
}

static void timer_starts_itself_again(void **state UNUSED) {
    struct alarm alarm = {.stop_at = 3, .again_ns = NS_PER_MS};
    alarm.timer = timer_create_in(loop, alarm_fire, &alarm);
    timer_start(alarm.timer, NS_PER_MS);
    loop_run(loop);
    assert_int_equal(alarm.count, 3);
    timer_destroy(alarm.timer);
}

static void timer_without_delay_does_not_starve_others(void **state UNUSED) {
    struct alarm busy = {.again_ns = 0};
    struct alarm other = {.stop_at = 1};
    busy.timer = timer_create_in(loop, alarm_fire, &busy);
    other.timer = timer_create_in(loop, alarm_fire, &other);
    timer_start(busy.timer, -5);
    assert_int_equal(busy.count, 0);
    timer_start(other.timer, 2 * NS_PER_MS);
    loop_run(loop);
    assert_true(busy.count > 0);
    assert_int_equal(other.count, 1);
    timer_destroy(busy.timer);
    timer_destroy(other.timer);
}

static void timer_can_be_stopped(void **state UNUSED) {
    struct alarm alarm = {.again_ns = -1};
    struct alarm last = {.stop_at = 1};
    alarm.timer = timer_create_in(loop, alarm_fire, &alarm);
    last.timer = timer_create_in(loop, alarm_fire, &last);
    assert_false(timer_is_running(alarm.timer));
    timer_start(alarm.timer, NS_PER_MS);
    assert_true(timer_is_running(alarm.timer));
    timer_stop(alarm.timer);
    assert_false(timer_is_running(alarm.timer));
    timer_start(alarm.timer, 0);
    assert_true(timer_is_running(alarm.timer));
    timer_stop(alarm.timer);
    assert_false(timer_is_running(alarm.timer));
    timer_start(last.timer, 3 * NS_PER_MS);
    loop_run(loop);
    assert_int_equal(alarm.count, 0);
    timer_destroy(alarm.timer);
    timer_destroy(last.timer);
}

static void timer_destroys_itself(void **state UNUSED) {
    struct alarm delayed = {.again_ns = -1, .destroys_itself = true, .stop_at = 1};
    delayed.timer = timer_create_in(loop, alarm_fire, &delayed);
    timer_start(delayed.timer, NS_PER_MS);
    loop_run(loop);
    assert_int_equal(delayed.count, 1);
    struct alarm at_once = {.again_ns = -1, .destroys_itself = true};
    at_once.timer = timer_create_in(loop, alarm_fire, &at_once);
    timer_start(at_once.timer, 0);
    loop_run_pending(loop);
    assert_int_equal(at_once.count, 1);
    timer_destroy(NULL);
}

static void timer_takes_the_longest_delay(void **state UNUSED) {
    struct alarm alarm = {.again_ns = -1};
    alarm.timer = timer_create_in(loop, alarm_fire, &alarm);
    timer_start(alarm.timer, INT64_MAX);
    loop_run_pending(loop);
    assert_int_equal(alarm.count, 0);
    assert_true(timer_is_running(alarm.timer));
    timer_destroy(alarm.timer);
}

// --- signals ---

static void count_signal(void *data, int signal_number) {
    assert_int_equal(signal_number, SIGUSR1);
    ++*(int *)data;
}

static void signal_reaches_all_watches(void **state UNUSED) {
    int first_count = 0, second_count = 0;
    struct signal_watch *first, *second;
    assert_true(signal_watch_create(loop, SIGUSR1, count_signal, &first_count, &first, NULL));
    assert_true(signal_watch_create(loop, SIGUSR1, count_signal, &second_count, &second, NULL));
    kill(getpid(), SIGUSR1);
    loop_run_pending(loop);
    assert_int_equal(first_count, 1);
    assert_int_equal(second_count, 1);
    signal_watch_destroy(first);
    kill(getpid(), SIGUSR1);
    loop_run_pending(loop);
    assert_int_equal(first_count, 1);
    assert_int_equal(second_count, 2);
    signal_watch_destroy(second);
    signal_watch_destroy(NULL);
}

static void impossible_signal_is_an_error(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct signal_watch *watch = NULL;
    assert_false(signal_watch_create(loop, SIGKILL, count_signal, NULL, &watch, &err));
    assert_string_equal(error_text(&err), "cannot watch signal 9: invalid argument");
    assert_null(watch);
}

static void destroy_closes_what_is_open(void **state UNUSED) {
    struct loop *other;
    assert_true(loop_create(&other, NULL));
    struct alarm alarm = {0};
    struct call call = {0};
    struct signal_watch *watch;
    int count = 0;
    uv_timer_t foreign;
    uv_timer_init(loop_uv(other), &foreign);
    timer_start(timer_create_in(other, alarm_fire, &alarm), NS_PER_S);
    timer_create_in(other, alarm_fire, &alarm);
    assert_true(signal_watch_create(other, SIGUSR2, count_signal, &count, &watch, NULL));
    loop_defer(other, &call.deferred, call_run);
    loop_destroy(other);
    assert_int_equal(call.count, 0);
    assert_false(call.deferred.is_waiting);
    loop_destroy(NULL);
}

static void stop_before_run_takes_effect(void **state UNUSED) {
    loop_stop(loop);
    loop_run(loop);
}

struct recorder {
    struct timer *timer;
    char *order; // shared: a letter for each that fires
    char letter;
    int64_t again_ns; // starts itself again, once
};

static void on_recorder_fired(void *data) {
    struct recorder *recorder = data;
    size_t length = strlen(recorder->order);
    recorder->order[length] = recorder->letter;
    recorder->order[length + 1] = '\0';
    if (recorder->again_ns > 0)
        timer_start(recorder->timer, recorder->again_ns);
    recorder->again_ns = 0;
}

static void time_is_monotonic(void **state UNUSED) {
    int64_t before_ns = clock_monotonic_ns(), now_ns = loop_now_ns(loop);
    assert_true(before_ns <= now_ns && now_ns <= clock_monotonic_ns());
}

static void virtual_time_fires_in_order(void **state UNUSED) {
    loop_use_test_clock(loop);
    char order[8] = "";
    struct recorder slow = {.order = order, .letter = 's'};
    struct recorder fast = {.order = order, .letter = 'f', .again_ns = 2 * NS_PER_S};
    slow.timer = timer_create_in(loop, on_recorder_fired, &slow);
    fast.timer = timer_create_in(loop, on_recorder_fired, &fast);
    timer_start(slow.timer, 60 * NS_PER_S);
    timer_start(fast.timer, NS_PER_S);
    int64_t began_ns = loop_now_ns(loop);
    loop_advance(loop, NS_PER_S - 1);
    assert_string_equal(order, "");
    assert_true(timer_is_running(fast.timer));
    loop_advance(loop, 1);
    assert_true(loop_now_ns(loop) - began_ns == NS_PER_S);
    assert_string_equal(order, "f");
    loop_advance(loop, 59 * NS_PER_S);
    assert_string_equal(order, "ffs");
    assert_false(timer_is_running(slow.timer));
    timer_start(slow.timer, NS_PER_S);
    timer_stop(slow.timer);
    loop_advance(loop, 2 * NS_PER_S);
    assert_string_equal(order, "ffs");
    timer_destroy(slow.timer);
    timer_destroy(fast.timer);
}

int main(void) {
    loop_install_allocator(); // all tests run with it
    alarm(60);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deferred_runs_once, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(deferred_can_be_cancelled, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(deferred_cancels_its_neighbour, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(deferred_again_is_for_the_next_turn, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(idle_loop_does_not_spin, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_is_never_early, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_starts_itself_again, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_without_delay_does_not_starve_others, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_can_be_stopped, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_destroys_itself, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(time_is_monotonic, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(virtual_time_fires_in_order, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(timer_takes_the_longest_delay, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(signal_reaches_all_watches, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(impossible_signal_is_an_error, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(destroy_closes_what_is_open, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(stop_before_run_takes_effect, open_loop, close_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
