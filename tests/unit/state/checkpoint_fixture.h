// SPDX-License-Identifier: GPL-3.0-or-later
// A state with a checkpoint in a directory of its own, and a disk that may hang.
#pragma once

#include "fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "state/checkpoint.h"
#include "state/runner.h"

struct scene {
    char directory[32];
    char *path;
    struct loop *loop;
    struct state *state;
    struct checkpoint *checkpoint;
    struct runner *runner; // NULL unless a test has one
};

// The disk: fsync() blocks while it hangs.
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static sem_t sync_begun;

int fsync(int fd UNUSED) {
    sem_post(&sync_begun);
    pthread_mutex_lock(&disk);
    pthread_mutex_unlock(&disk);
    return 0;
}

static void scene_open(struct scene *scene) {
    assert_true(loop_create(&scene->loop, NULL));
    scene->state = state_create();
    scene->checkpoint = checkpoint_create(scene->loop, scene->state, scene->path);
    scene->runner = NULL;
}

static void scene_begin(struct scene *scene) {
    snprintf(scene->directory, sizeof scene->directory, "/tmp/test-checkpoint-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    scene->path = path_join(scene->directory, ".pebble.state");
    scene_open(scene);
}

static void scene_close(struct scene *scene) {
    checkpoint_destroy(scene->checkpoint);
    runner_destroy(scene->runner);
    state_destroy(scene->state);
    loop_destroy(scene->loop);
}

static void scene_end(struct scene *scene) {
    scene_close(scene);
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(scene->directory, &names, NULL));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = path_join(scene->directory, names.items[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(scene->directory), 0);
    free(scene->path);
}

static char *file_text(const struct scene *scene) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(file_read(scene->path, &text, NULL));
    return buffer_take(&text);
}

static void put_file(const struct scene *scene, const char *text) {
    struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
    assert_true(file_write_atomic(scene->path, &piece, 1, 0600, NULL));
}

struct waiter {
    struct checkpoint_wait wait;
    struct loop *loop;
    int calls;
    bool is_saved;
};

static void on_checkpoint_done(struct checkpoint_wait *wait, bool is_saved) {
    struct waiter *waiter = CONTAINER_OF(wait, struct waiter, wait);
    waiter->calls++;
    waiter->is_saved = is_saved;
    loop_stop(waiter->loop);
}

// Waits until all that was altered is written, or the attempt has failed.
static bool save(struct scene *scene) {
    struct waiter waiter = {.loop = scene->loop};
    checkpoint_wait(scene->checkpoint, &waiter.wait, on_checkpoint_done);
    assert_int_equal(waiter.calls, 0);
    loop_run(scene->loop);
    assert_int_equal(waiter.calls, 1);
    return waiter.is_saved;
}
