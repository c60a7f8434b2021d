// SPDX-License-Identifier: GPL-3.0-or-later
#include "loop/worker_pool.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define FOREVER_NS (3600 * NS_PER_S) // the alarm comes first

static struct loop *loop;

static int open_loop(void **state UNUSED) {
    return loop_create(&loop, NULL) ? 0 : -1;
}

static int close_loop(void **state UNUSED) {
    loop_destroy(loop);
    return 0;
}

// A gate that items wait at until it is opened, and where the test waits for them to arrive.
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int arrived;
    bool is_open;
};
#define GATE_INIT                                                                                                      \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static void gate_pass(struct gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->arrived++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->is_open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_wait_for(struct gate *gate, int count) {
    pthread_mutex_lock(&gate->lock);
    while (gate->arrived < count)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void gate_open(struct gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

struct work {
    struct work_item item;
    struct gate *gate; // may be NULL
    bool has_run;
    bool signals_were_blocked;
    pthread_t thread;
    int done_count;
    int place; // in the order of done()
};

static int finished; // items whose done() was called
static int stop_at;

static void do_work(struct work_item *item) {
    struct work *work = CONTAINER_OF(item, struct work, item);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    work->signals_were_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGCHLD) == 1;
    work->thread = pthread_self();
    if (work->gate != NULL)
        gate_pass(work->gate);
    work->has_run = true;
}

static void work_done(struct work_item *item) {
    struct work *work = CONTAINER_OF(item, struct work, item);
    assert_int_equal(work->has_run, !item->was_cancelled);
    work->done_count++;
    work->place = ++finished;
    if (finished == stop_at)
        loop_stop(loop);
}

static bool submit(struct worker_pool *pool, struct work *work, struct gate *gate, struct error *err) {
    *work = (struct work){.item = {.work = do_work, .done = work_done}, .gate = gate};
    return worker_pool_submit(pool, &work->item, err);
}

static void run_until(int count) {
    stop_at = count;
    if (finished < count)
        loop_run(loop);
    stop_at = 0;
}

static void one_thread_keeps_the_order(void **state UNUSED) {
    enum { COUNT = 50 };
    struct work works[COUNT];
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, COUNT);
    finished = 0;
    for (int i = 0; i < COUNT; i++)
        assert_true(submit(pool, &works[i], NULL, NULL));
    assert_int_equal(finished, 0);
    run_until(COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(works[i].place, i + 1);
        assert_int_equal(works[i].done_count, 1);
        assert_true(works[i].signals_were_blocked);
        assert_false(pthread_equal(works[i].thread, pthread_self()));
    }
    worker_pool_destroy(pool);
}

static void threads_work_side_by_side(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work works[3];
    struct worker_pool *pool = worker_pool_create(loop, "test", 3, 10);
    finished = 0;
    for (int i = 0; i < 3; i++)
        assert_true(submit(pool, &works[i], &gate, NULL));
    gate_wait_for(&gate, 3); // would wait for ever if they did not
    gate_open(&gate);
    run_until(3);
    worker_pool_destroy(pool);
}

static void full_queue_refuses(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct gate gate = GATE_INIT;
    struct work works[3], refused;
    struct worker_pool *pool = worker_pool_create(loop, "files", 1, 2);
    finished = 0;
    for (int i = 0; i < 3; i++)
        assert_true(submit(pool, &works[i], &gate, NULL));
    assert_false(submit(pool, &refused, &gate, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    gate_wait_for(&gate, 1);
    assert_false(submit(pool, &refused, &gate, NULL));
    gate_open(&gate);
    run_until(3);
    assert_int_equal(refused.done_count, 0);
    assert_true(submit(pool, &refused, &gate, NULL));
    run_until(4);
    worker_pool_destroy(pool);
}

static void waiting_item_can_be_cancelled(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running, waiting, last;
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    assert_true(submit(pool, &waiting, &gate, NULL));
    assert_true(submit(pool, &last, &gate, NULL));
    gate_wait_for(&gate, 1);
    assert_false(worker_pool_cancel(pool, &running.item));
    assert_true(worker_pool_cancel(pool, &waiting.item));
    assert_false(worker_pool_cancel(pool, &waiting.item));
    assert_int_equal(waiting.done_count, 0);
    run_until(1);
    assert_true(waiting.item.was_cancelled);
    gate_open(&gate);
    run_until(3);
    assert_int_equal(waiting.done_count, 1);
    assert_false(running.item.was_cancelled);
    assert_false(last.item.was_cancelled);
    assert_false(worker_pool_cancel(pool, &last.item));
    worker_pool_destroy(pool);
}

static bool main_thread_sleeps(void) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *path = memory_printf("/proc/self/task/%d/stat", getpid());
    assert_true(file_read(path, &text, NULL));
    return strstr(buffer_text(&text), ") S ") != NULL;
}

static void *open_when_main_waits(void *gate) {
    while (!main_thread_sleeps())
        sched_yield();
    gate_open(gate);
    return NULL;
}

static void destroy_cancels_and_waits(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running, waiting;
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    gate_wait_for(&gate, 1);
    assert_true(submit(pool, &waiting, &gate, NULL));
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_when_main_waits, &gate), 0);
    worker_pool_destroy(pool);
    assert_int_equal(running.done_count, 1);
    assert_false(running.item.was_cancelled);
    assert_int_equal(waiting.done_count, 1);
    assert_true(waiting.item.was_cancelled);
    pthread_join(opener, NULL);
    worker_pool_destroy(NULL);
}

struct chain {
    struct work work;
    struct worker_pool *pool;
    int left;
};

static void chain_done(struct work_item *item) {
    struct chain *chain = CONTAINER_OF(item, struct chain, work.item);
    if (chain->left-- > 0)
        assert_true(worker_pool_submit(chain->pool, item, NULL));
}

static void wait_runs_everything(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    gate.is_open = true;
    struct work works[5];
    struct worker_pool *pool = worker_pool_create(loop, "test", 2, 10);
    finished = 0;
    for (int i = 0; i < 5; i++)
        assert_true(submit(pool, &works[i], &gate, NULL));
    struct chain chain = {.work.item = {.work = do_work, .done = chain_done}, .pool = pool, .left = 3};
    assert_true(worker_pool_submit(pool, &chain.work.item, NULL));
    assert_true(worker_pool_wait(pool, FOREVER_NS));
    assert_int_equal(finished, 5);
    assert_int_equal(chain.left, -1);
    assert_true(worker_pool_wait(pool, 0));
    worker_pool_destroy(pool);
}

static void free_item(struct work_item *item) {
    free(CONTAINER_OF(item, struct work, item));
    if (++finished == stop_at)
        loop_stop(loop);
}

static void done_may_free_its_item(void **state UNUSED) {
    struct worker_pool *pool = worker_pool_create(loop, "test", 2, 100);
    finished = 0;
    for (int i = 0; i < 100; i++) {
        struct work *work = memory_new(sizeof *work);
        work->item = (struct work_item){.work = do_work, .done = free_item};
        assert_true(worker_pool_submit(pool, &work->item, NULL));
    }
    run_until(100);
    worker_pool_destroy(pool);
}

static void waits_for_one_item(void **state UNUSED) {
    struct gate closed = GATE_INIT;
    struct work running, quick, never = {.item = {.work = do_work, .done = work_done}};
    struct worker_pool *pool = worker_pool_create(loop, "test", 2, 10);
    finished = 0;
    assert_true(submit(pool, &running, &closed, NULL));
    gate_wait_for(&closed, 1);
    assert_true(submit(pool, &quick, NULL, NULL));
    assert_true(worker_pool_wait_item(pool, &quick.item, FOREVER_NS));
    assert_int_equal(quick.done_count, 1);
    assert_int_equal(running.done_count, 0);
    assert_true(worker_pool_wait_item(pool, &quick.item, 0)); // it is over
    assert_true(worker_pool_wait_item(pool, &never.item, 0)); // was not submitted
    gate_open(&closed);
    assert_true(worker_pool_wait_item(pool, &running.item, FOREVER_NS));
    loop_run_pending(loop);
    assert_int_equal(quick.done_count + running.done_count, 2);
    worker_pool_destroy(pool);
}

static void wait_that_times_out_changes_nothing(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running, waiting;
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    assert_true(submit(pool, &waiting, &gate, NULL));
    gate_wait_for(&gate, 1);
    assert_false(worker_pool_wait_item(pool, &running.item, NS_PER_MS));
    assert_false(worker_pool_wait_item(pool, &waiting.item, 0));
    assert_false(worker_pool_wait(pool, NS_PER_MS));
    assert_int_equal(finished, 0);
    gate_open(&gate);
    run_until(2);
    assert_true(running.has_run && waiting.has_run);
    assert_int_equal(running.done_count, 1);
    assert_int_equal(waiting.done_count, 1);
    worker_pool_destroy(pool);
}

static void a_cancelled_item_is_waited_for(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running, waiting;
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    assert_true(submit(pool, &waiting, &gate, NULL));
    gate_wait_for(&gate, 1);
    assert_true(worker_pool_cancel(pool, &waiting.item));
    assert_true(worker_pool_wait_item(pool, &waiting.item, 0));
    assert_int_equal(waiting.done_count, 1);
    assert_true(waiting.item.was_cancelled);
    gate_open(&gate);
    run_until(2);
    worker_pool_destroy(pool);
}

static int count_threads(const char *name) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        AUTO_FREE char *path = memory_printf("/proc/self/task/%s/comm", entry->d_name);
        count += file_read(path, &text, NULL) && text_equal(buffer_text(&text), name);
    }
    closedir(tasks);
    return count;
}

static void idle_workers_end(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work works[2];
    struct worker_pool *pool = worker_pool_create(loop, "a-name-too-long-for-threads", 2, 10);
    const char *name = "a-name-too-long\n";
    finished = 0;
    assert_int_equal(count_threads(name), 0);
    assert_true(submit(pool, &works[0], &gate, NULL));
    assert_true(submit(pool, &works[1], &gate, NULL));
    gate_wait_for(&gate, 2);
    assert_int_equal(count_threads(name), 2);
    gate_open(&gate);
    run_until(2);
    while (count_threads(name) > 0) // or the alarm ends the test
        usleep(10000);
    assert_true(submit(pool, &works[0], &gate, NULL));
    run_until(3);
    worker_pool_destroy(pool);
}

static void destroy_abandons_work_that_does_not_end(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running, waiting;
    struct worker_pool *pool = worker_pool_create(loop, "stuck", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    gate_wait_for(&gate, 1);
    assert_true(submit(pool, &waiting, &gate, NULL));
    assert_false(worker_pool_destroy_within(pool, NS_PER_MS));
    assert_int_equal(waiting.done_count, 1);
    assert_true(waiting.item.was_cancelled);
    loop_destroy(TAKE(loop)); // the thread does not use it any more
    assert_int_equal(count_threads("stuck\n"), 1);
    gate_open(&gate);
    while (count_threads("stuck\n") > 0) // or the alarm ends the test
        usleep(1000);
    assert_true(running.has_run);
    assert_int_equal(running.done_count, 0);
}

static void destroy_within_waits_for_work_that_ends(void **state UNUSED) {
    struct gate gate = GATE_INIT;
    struct work running;
    struct worker_pool *pool = worker_pool_create(loop, "test", 1, 10);
    finished = 0;
    assert_true(submit(pool, &running, &gate, NULL));
    gate_wait_for(&gate, 1);
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_when_main_waits, &gate), 0);
    assert_true(worker_pool_destroy_within(pool, FOREVER_NS));
    assert_int_equal(running.done_count, 1);
    pthread_join(opener, NULL);
    assert_true(worker_pool_destroy_within(NULL, 0));
}

static void submit_without_threads(void) {
    struct rlimit none = {0};
    AUTO_ERROR struct error err = {0};
    struct work work;
    struct worker_pool *pool = worker_pool_create(loop, "state", 1, 10);
    if (setrlimit(RLIMIT_NPROC, &none) != 0 || (getuid() == 0 && setuid(65534) != 0))
        _exit(77);
    assert_false(submit(pool, &work, NULL, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    assert_string_equal(error_text(&err), "cannot start worker for state: resource temporarily unavailable");
    assert_true(worker_pool_wait(pool, FOREVER_NS));
    worker_pool_destroy(pool);
    assert_int_equal(work.done_count, 0);
}

static void missing_thread_is_an_error(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        if (!loop_create(&loop, NULL))
            _exit(10);
        submit_without_threads();
        loop_destroy(loop);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_thread_is_an_error),
        cmocka_unit_test_setup_teardown(idle_workers_end, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(one_thread_keeps_the_order, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(threads_work_side_by_side, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(full_queue_refuses, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(waiting_item_can_be_cancelled, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(destroy_cancels_and_waits, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(wait_runs_everything, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(waits_for_one_item, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(wait_that_times_out_changes_nothing, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(a_cancelled_item_is_waited_for, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(destroy_abandons_work_that_does_not_end, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(destroy_within_waits_for_work_that_ends, open_loop, close_loop),
        cmocka_unit_test_setup_teardown(done_may_free_its_item, open_loop, close_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
