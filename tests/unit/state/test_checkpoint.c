// SPDX-License-Identifier: GPL-3.0-or-later
#include "checkpoint_fixture.h"

static void a_missing_file_is_an_empty_state(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(checkpoint_load(scene.checkpoint, NULL));
    assert_false(checkpoint_is_clean(scene.checkpoint));
    assert_true(save(&scene));
    assert_true(checkpoint_is_clean(scene.checkpoint));
    AUTO_FREE char *text = file_text(&scene);
    assert_true(text_has_prefix(text, "{\"data\":{\"patch-level\":2,"));
    struct stat info;
    assert_int_equal(stat(scene.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    scene_end(&scene);
}

static void what_was_saved_is_there_again(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct change *change = change_create(scene.state, "start", "Start it");
    task_create(change, "start", "a");
    assert_true(save(&scene));
    AUTO_FREE char *before = state_text(scene.state);
    scene_close(&scene);
    scene_open(&scene);
    assert_true(checkpoint_load(scene.checkpoint, NULL));
    AUTO_FREE char *after = state_text(scene.state);
    assert_string_equal(after, before);
    assert_true(checkpoint_is_clean(scene.checkpoint));
    scene_end(&scene);
}

static void it_writes_by_itself(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    state_add_warning(scene.state, "wet");
    while (!checkpoint_is_clean(scene.checkpoint))
        uv_run(loop_uv(scene.loop), UV_RUN_ONCE);
    AUTO_FREE char *text = file_text(&scene);
    assert_non_null(strstr(text, "\"key\":\"wet\""));
    // With nothing altered, nothing is done.
    struct stat before, after;
    assert_int_equal(stat(scene.path, &before), 0);
    assert_true(save(&scene));
    assert_int_equal(stat(scene.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    scene_end(&scene);
}

static void what_changes_during_a_write_is_in_the_next(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter first = {.loop = scene.loop}, second = {.loop = scene.loop};
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &first.wait, on_checkpoint_done);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    state_add_warning(scene.state, "two");
    checkpoint_wait(scene.checkpoint, &second.wait, on_checkpoint_done);
    while (second.calls == 0)
        loop_run(scene.loop);
    assert_int_equal(first.calls, 1);
    assert_true(first.is_saved && second.is_saved);
    AUTO_FREE char *text = file_text(&scene);
    assert_non_null(strstr(text, "\"key\":\"two\""));
    scene_end(&scene);
}

// 20 ms, and as much again for each 16 KiB of the file.
static void the_pause_grows_with_the_file(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    loop_use_test_clock(scene.loop);
    AUTO_FREE char *text = memory_new(10 * 16384 + 1);
    memset(text, 'x', 10 * 16384);
    state_add_warning(scene.state, text);
    struct waiter waiter = {.loop = scene.loop};
    checkpoint_wait(scene.checkpoint, &waiter.wait, on_checkpoint_done);
    pthread_mutex_lock(&disk);
    while (sem_trywait(&sync_begun) == 0)
        ; // of earlier writes
    loop_run_pending(scene.loop);
    sem_wait(&sync_begun);
    state_add_warning(scene.state, "later");
    pthread_mutex_unlock(&disk);
    loop_run(scene.loop);
    assert_int_equal(waiter.calls, 1);
    while (sem_trywait(&sync_begun) == 0)
        ; // of the directory
    loop_advance(scene.loop, 219 * NS_PER_MS);
    assert_int_equal(sem_trywait(&sync_begun), -1);
    loop_advance(scene.loop, 1 * NS_PER_MS);
    sem_wait(&sync_begun);
    while (!checkpoint_is_clean(scene.checkpoint))
        uv_run(loop_uv(scene.loop), UV_RUN_ONCE);
    scene_end(&scene);
}

static void destroying_calls_back_all_waiters(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter clean = {.loop = scene.loop}, modified = {.loop = scene.loop};
    assert_true(save(&scene));
    checkpoint_wait(scene.checkpoint, &clean.wait, on_checkpoint_done);
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &modified.wait, on_checkpoint_done);
    scene_end(&scene);
    assert_int_equal(clean.calls, 1);
    assert_true(clean.is_saved);
    assert_int_equal(modified.calls, 1);
    assert_false(modified.is_saved);
}

static void a_cancelled_wait_is_not_called_back(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter gone = {.loop = scene.loop}, gone_too = {.loop = scene.loop};
    checkpoint_wait(scene.checkpoint, &gone.wait, on_checkpoint_done); // nothing to write
    checkpoint_wait_cancel(scene.checkpoint, &gone.wait);
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &gone_too.wait, on_checkpoint_done);
    checkpoint_wait_cancel(scene.checkpoint, &gone_too.wait);
    checkpoint_wait_cancel(scene.checkpoint, &gone_too.wait);
    assert_true(save(&scene));
    loop_run_pending(scene.loop);
    assert_int_equal(gone.calls + gone_too.calls, 0);
    scene_end(&scene);
}

static void never_persisting_is_always_clean(void **unused UNUSED) {
    struct scene scene = {0};
    scene_open(&scene);
    assert_true(checkpoint_load(scene.checkpoint, NULL));
    state_add_warning(scene.state, "one");
    assert_true(checkpoint_is_clean(scene.checkpoint));
    assert_true(save(&scene));
    assert_true(checkpoint_flush(scene.checkpoint, 1000, NULL));
    scene_close(&scene);
}

static void leftovers_are_removed(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(save(&scene));
    scene_close(&scene);
    AUTO_FREE char *leftover = memory_printf("%s.0123456789AB~", scene.path);
    FILE *file = fopen(leftover, "w");
    assert_non_null(file);
    fclose(file);
    scene_open(&scene);
    assert_false(file_exists(leftover));
    scene_end(&scene);
}

static void assert_left_alone(const char *content, const char *message) {
    struct scene scene;
    scene_begin(&scene);
    put_file(&scene, content);
    AUTO_ERROR struct error err = {0};
    assert_false(checkpoint_load(scene.checkpoint, &err));
    assert_string_equal(error_text(&err), message);
    // Whatever is done afterwards.
    state_add_warning(scene.state, "one");
    assert_true(save(&scene));
    assert_true(checkpoint_flush(scene.checkpoint, 1000, NULL));
    AUTO_FREE char *text = file_text(&scene);
    assert_string_equal(text, content);
    scene_end(&scene);
}

static void a_file_not_understood_is_left_alone(void **unused UNUSED) {
    assert_left_alone("", "cannot read state: EOF");
    assert_left_alone("{\"data\":{\"patch-level\":3}}",
                      "cannot downgrade: software version is too old for the current system state (patch level 3)");
}

static void an_unreadable_file_is_an_error(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_int_equal(mkdir(scene.path, 0700), 0);
    AUTO_ERROR struct error err = {0};
    assert_false(checkpoint_load(scene.checkpoint, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot read the state file: "));
    assert_int_equal(rmdir(scene.path), 0);
    scene_end(&scene);
}

// --- failing writes ---

struct failures {
    struct listener listener;
    int count;
    int64_t retry_ns;
    char *message;
};

static void on_write_failed(struct listener *listener, void *argument) {
    struct failures *failures = CONTAINER_OF(listener, struct failures, listener);
    const struct checkpoint_failure *failure = argument;
    failures->count++;
    failures->retry_ns = failure->retry_ns;
    free(failures->message);
    failures->message = memory_string(failure->message);
}

// Files of this process may not grow beyond `bytes`: writing more fails with EFBIG.
static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
}

static int count_entries(const struct scene *scene) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(scene->directory, &names, NULL));
    return (int)names.count;
}

static void a_state_too_large_to_be_read_is_not_written(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    state_add_warning(scene.state, "before");
    assert_true(save(&scene));
    AUTO_FREE char *before = file_text(&scene);
    checkpoint_set_limit(scene.checkpoint, strlen(before) + 50);
    struct failures failures = {0};
    event_add(checkpoint_failed(scene.checkpoint), &failures.listener, on_write_failed);
    state_add_warning(scene.state, "after");
    assert_false(save(&scene));
    AUTO_FREE char *message = memory_printf("cannot write state file: larger than %zu bytes", strlen(before) + 50);
    assert_string_equal(failures.message, message);
    assert_non_null(notice_find(scene.state, &(struct notice_spec){.type = "warning", .key = message}));
    AUTO_FREE char *during = file_text(&scene);
    assert_string_equal(during, before);
    assert_int_equal(count_entries(&scene), 1);
    // The limit is that of reading.
    AUTO_ERROR struct error err = {0};
    state_clear(scene.state);
    checkpoint_set_limit(scene.checkpoint, strlen(before));
    assert_true(checkpoint_load(scene.checkpoint, &err));
    state_clear(scene.state);
    checkpoint_set_limit(scene.checkpoint, strlen(before) - 1);
    assert_false(checkpoint_load(scene.checkpoint, &err));
    event_remove(&failures.listener);
    free(failures.message);
    scene_end(&scene);
}

static void a_full_disk_keeps_the_old_file(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct failures failures = {0};
    event_add(checkpoint_failed(scene.checkpoint), &failures.listener, on_write_failed);
    state_add_warning(scene.state, "before");
    assert_true(save(&scene));
    AUTO_FREE char *before = file_text(&scene);
    limit_files(200);
    state_add_warning(scene.state, "after");
    assert_false(save(&scene));
    assert_false(save(&scene)); // a waiter causes an attempt at once
    limit_files(RLIM_INFINITY);
    // It is not reported, and does not put off the next attempt that is made without a waiter.
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.retry_ns, NS_PER_S);
    assert_true(text_has_prefix(failures.message, "cannot write state file: "));
    AUTO_FREE char *during = file_text(&scene);
    assert_string_equal(during, before);
    assert_int_equal(count_entries(&scene), 1);
    // One warning, however often it failed.
    assert_non_null(notice_find(scene.state, &(struct notice_spec){.type = "warning", .key = failures.message}));
    assert_int_equal(scene.state->notices_by_key.count, 3);
    assert_true(save(&scene));
    AUTO_FREE char *after = file_text(&scene);
    assert_non_null(strstr(after, "\"key\":\"after\""));
    event_remove(&failures.listener);
    free(failures.message);
    scene_end(&scene);
}

static void a_failed_write_is_tried_again_by_itself(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    state_add_warning(scene.state, "one");
    limit_files(0);
    assert_false(save(&scene));
    limit_files(RLIM_INFINITY);
    assert_false(checkpoint_is_clean(scene.checkpoint));
    while (!checkpoint_is_clean(scene.checkpoint))
        uv_run(loop_uv(scene.loop), UV_RUN_ONCE);
    assert_true(file_exists(scene.path));
    scene_end(&scene);
}

static void a_write_for_a_waiter_ends_the_delay(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    loop_use_test_clock(scene.loop);
    limit_files(0);
    state_add_warning(scene.state, "one");
    assert_false(save(&scene));
    limit_files(RLIM_INFINITY);
    assert_true(save(&scene));
    // The time of the loop stands, so the delay would never be over.
    state_add_warning(scene.state, "two");
    for (int i = 0; i < 60000 && !checkpoint_is_clean(scene.checkpoint); i++) {
        loop_run_pending(scene.loop);
        (void)usleep(1000);
    }
    assert_true(checkpoint_is_clean(scene.checkpoint));
    scene_end(&scene);
}

static void a_directory_that_is_gone(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_int_equal(rmdir(scene.directory), 0);
    state_add_warning(scene.state, "one");
    assert_false(save(&scene));
    AUTO_ERROR struct error err = {0};
    assert_false(checkpoint_flush(scene.checkpoint, 1000, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot write state file: "));
    assert_true(text_has_suffix(error_text(&err), "no such file or directory"));
    assert_int_equal(mkdir(scene.directory, 0700), 0);
    assert_true(checkpoint_flush(scene.checkpoint, 1000, NULL));
    scene_end(&scene);
}

static void flush_writes_what_is_left(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter waiter = {.loop = scene.loop};
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &waiter.wait, on_checkpoint_done);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    state_add_warning(scene.state, "two");
    assert_true(checkpoint_flush(scene.checkpoint, 10000, NULL));
    assert_int_equal(waiter.calls, 1);
    assert_true(waiter.is_saved);
    assert_true(checkpoint_is_clean(scene.checkpoint));
    AUTO_FREE char *text = file_text(&scene);
    assert_non_null(strstr(text, "\"key\":\"two\""));
    loop_run_pending(scene.loop); // the loop collects the ended writes, which are not counted twice
    assert_true(save(&scene));
    scene_end(&scene);
}

static void destroyed_while_writing_and_waited_for(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter waiter = {.loop = scene.loop};
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &waiter.wait, on_checkpoint_done);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    checkpoint_destroy(TAKE(scene.checkpoint));
    assert_int_equal(waiter.calls, 1);
    assert_int_equal(waiter.is_saved, access(scene.path, F_OK) == 0);
    scene_end(&scene);
    assert_false(list_is_linked(&waiter.wait.link));
}

// --- with a runner ---

static void begin_slow(struct task *task UNUSED, void *data UNUSED) {
}

static void scene_add_runner(struct scene *scene) {
    scene->runner = runner_create(scene->loop, scene->state);
    runner_add_kind(scene->runner, "slow", begin_slow, NULL, NULL);
    checkpoint_set_runner(scene->checkpoint, scene->runner);
}

static size_t count_in_file(const struct scene *scene, const char *text) {
    AUTO_FREE char *file = file_text(scene);
    size_t count = 0;
    for (const char *at = strstr(file, text); at != NULL; at = strstr(at + 1, text))
        count++;
    return count;
}

static void a_task_that_begins_at_once_is_written_as_doing(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(save(&scene));
    scene_add_runner(&scene);
    loop_run_pending(scene.loop);
    task_create(change_create(scene.state, "start", "Start"), "slow", "a");
    assert_true(save(&scene));
    assert_int_equal(count_in_file(&scene, "\"kind\":\"slow\",\"summary\":\"a\",\"status\":3"), 1);
    scene_end(&scene);
}

static void only_one_turn_of_the_runner_is_awaited(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    scene_add_runner(&scene);
    struct change *change = change_create(scene.state, "start", "Start");
    for (int i = 0; i < 100; i++)
        task_create(change, "slow", "a");
    assert_true(save(&scene));
    assert_in_range(count_in_file(&scene, "\"status\":3"), 1, 99);
    scene_end(&scene);
}

static void a_stopped_runner_does_not_delay_a_write(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    scene_add_runner(&scene);
    runner_stop(scene.runner);
    task_create(change_create(scene.state, "start", "Start"), "slow", "a");
    assert_true(save(&scene));
    assert_int_equal(count_in_file(&scene, "\"summary\":\"a\",\"status\":0"), 1);
    scene_end(&scene);
}

// --- a disk that hangs ---

static void a_write_that_hangs_is_waited_for_in_vain(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct waiter waiter = {.loop = scene.loop};
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &waiter.wait, on_checkpoint_done);
    pthread_mutex_lock(&disk);
    AUTO_ERROR struct error err = {0};
    assert_false(checkpoint_flush(scene.checkpoint, 1, &err));
    assert_int_equal(err.kind, ERROR_TIMEOUT);
    loop_run_pending(scene.loop);
    assert_int_equal(waiter.calls, 0);
    // Nothing is lost: once the disk works again, the same write ends.
    pthread_mutex_unlock(&disk);
    loop_run(scene.loop);
    assert_int_equal(waiter.calls, 1);
    assert_true(waiter.is_saved);
    assert_true(checkpoint_is_clean(scene.checkpoint));
    scene_end(&scene);
}

// Those that wait are called back in time; what they wait for is written when the disk works again.
static void a_wait_for_a_write_that_hangs_ends(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    checkpoint_destroy(scene.checkpoint);
    loop_use_test_clock(scene.loop);
    scene.checkpoint = checkpoint_create(scene.loop, scene.state, scene.path);
    struct failures failures = {.retry_ns = -1};
    event_add(checkpoint_failed(scene.checkpoint), &failures.listener, on_write_failed);
    struct waiter first = {.loop = scene.loop}, second = {.loop = scene.loop}, third = {.loop = scene.loop};
    while (sem_trywait(&sync_begun) == 0)
        ; // of earlier writes
    pthread_mutex_lock(&disk);
    state_add_warning(scene.state, "one");
    checkpoint_wait(scene.checkpoint, &first.wait, on_checkpoint_done);
    loop_run_pending(scene.loop);
    sem_wait(&sync_begun);
    loop_advance(scene.loop, CHECKPOINT_WAIT_NS / 2);
    state_add_warning(scene.state, "two");
    checkpoint_wait(scene.checkpoint, &second.wait, on_checkpoint_done);
    loop_advance(scene.loop, CHECKPOINT_WAIT_NS / 2 - NS_PER_MS);
    assert_int_equal(first.calls, 0);
    loop_advance(scene.loop, NS_PER_MS);
    assert_int_equal(first.calls, 1);
    assert_false(first.is_saved);
    assert_int_equal(second.calls, 0);
    assert_int_equal(failures.count, 1);
    assert_int_equal(failures.retry_ns, 0);
    AUTO_FREE char *text = state_text(scene.state);
    assert_non_null(strstr(text, "cannot write state file: no response from the disk within 4s"));
    loop_advance(scene.loop, CHECKPOINT_WAIT_NS / 2);
    assert_int_equal(second.calls, 1);
    assert_int_equal(failures.count, 1); // of one write that hangs
    checkpoint_wait(scene.checkpoint, &third.wait, on_checkpoint_done);
    pthread_mutex_unlock(&disk);
    while (third.calls == 0)
        loop_run_pending(scene.loop);
    assert_true(third.is_saved);
    assert_int_equal(first.calls + second.calls, 2);
    event_remove(&failures.listener);
    free(failures.message);
    scene_end(&scene);
}

static void destroyed_while_a_write_hangs(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    task_create(change_create(scene.state, "start", "Start"), "slow", "a");
    pthread_mutex_lock(&disk);
    while (sem_trywait(&sync_begun) == 0)
        ; // of earlier writes
    loop_run_pending(scene.loop);
    sem_wait(&sync_begun);
    assert_false(checkpoint_flush(scene.checkpoint, 1, NULL));
    // Neither this nor the end of the program waits for it: its thread keeps what it uses.
    scene_end(&scene);
}

int main(void) {
    // The last one: the disk hangs from then on.
    sem_init(&sync_begun, 0, 0);
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_file_is_an_empty_state),
        TEST(what_was_saved_is_there_again),
        TEST(it_writes_by_itself),
        TEST(what_changes_during_a_write_is_in_the_next),
        TEST(the_pause_grows_with_the_file),
        TEST(destroying_calls_back_all_waiters),
        TEST(a_cancelled_wait_is_not_called_back),
        TEST(never_persisting_is_always_clean),
        TEST(leftovers_are_removed),
        TEST(a_file_not_understood_is_left_alone),
        TEST(an_unreadable_file_is_an_error),
        TEST(a_state_too_large_to_be_read_is_not_written),
        TEST(a_full_disk_keeps_the_old_file),
        TEST(a_failed_write_is_tried_again_by_itself),
        TEST(a_write_for_a_waiter_ends_the_delay),
        TEST(a_directory_that_is_gone),
        TEST(flush_writes_what_is_left),
        TEST(destroyed_while_writing_and_waited_for),
        TEST(a_task_that_begins_at_once_is_written_as_doing),
        TEST(only_one_turn_of_the_runner_is_awaited),
        TEST(a_stopped_runner_does_not_delay_a_write),
        TEST(a_write_that_hangs_is_waited_for_in_vain),
        TEST(a_wait_for_a_write_that_hangs_ends),
        TEST(destroyed_while_a_write_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
