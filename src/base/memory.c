// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SHRINKER_MAX 8
#define RETRY_MAX 20
#define RETRY_PAUSE_NS 50000000

struct shrinker {
    memory_shrink_fn shrink;
    void *data;
};

// Written at start-up only, by the thread that also calls the shrinkers, because they free memory of that thread.
static struct shrinker shrinkers[SHRINKER_MAX];
static size_t shrinker_count;
static pthread_t shrinker_thread;

static _Noreturn void die(const char *message) {
    // Not stdio, which would allocate memory.
    ssize_t ignored UNUSED = write(STDERR_FILENO, message, strlen(message));
    _exit(1);
}

void memory_add_shrinker(memory_shrink_fn shrink, void *data) {
    if (shrinker_count == SHRINKER_MAX)
        die("Internal error: too many memory shrinkers\n");
    shrinker_thread = pthread_self();
    shrinkers[shrinker_count++] = (struct shrinker){shrink, data};
}

void memory_remove_shrinker(memory_shrink_fn shrink, void *data) {
    for (size_t i = 0; i < shrinker_count; i++) {
        if (shrinkers[i].shrink == shrink && shrinkers[i].data == data) {
            shrinkers[i] = shrinkers[--shrinker_count];
            return;
        }
    }
}

static bool shrink_all(void) {
    static bool is_shrinking;
    if (is_shrinking)
        return false;
    is_shrinking = true;
    bool has_freed = false;
    for (size_t i = 0; i < shrinker_count; i++)
        has_freed |= shrinkers[i].shrink(shrinkers[i].data);
    is_shrinking = false;
    return has_freed;
}

// Whether to try again. Shrinkers belong to the main thread; other threads wait for memory to be freed.
static bool make_room(unsigned attempt) {
    if (attempt == RETRY_MAX)
        return false;
    if (shrinker_count == 0)
        return false;
    if (pthread_equal(pthread_self(), shrinker_thread))
        return shrink_all();
    const struct timespec pause = {.tv_nsec = RETRY_PAUSE_NS};
    nanosleep(&pause, NULL);
    return true;
}

static _Noreturn void die_out_of_memory(void) {
    die("Out of memory\n");
}

void *memory_new(size_t size) {
    return memory_new_array(1, size);
}

void *memory_new_array(size_t count, size_t size) {
    if (count == 0 || size == 0)
        count = size = 1;
    for (unsigned attempt = 0;; attempt++) {
        void *memory = calloc(count, size);
        if (memory != NULL)
            return memory;
        if (count > SIZE_MAX / size || !make_room(attempt))
            die_out_of_memory();
    }
}

void *memory_resize(void *old, size_t size) {
    for (unsigned attempt = 0;; attempt++) {
        void *memory = memory_try_resize(old, size);
        if (memory != NULL)
            return memory;
        if (!make_room(attempt))
            die_out_of_memory();
    }
}

void *memory_grow(void *old, size_t *capacity, size_t needed, size_t size) {
    if (old != NULL && needed <= *capacity)
        return old;
    size_t target = *capacity < 4 ? 4 : *capacity;
    while (target < needed)
        target = target > SIZE_MAX / 2 ? needed : target * 2;
    if (size != 0 && target > SIZE_MAX / size)
        die_out_of_memory();
    void *memory = memory_resize(old, target * size);
    *capacity = target;
    return memory;
}

void *memory_try(size_t size) {
    return calloc(1, size == 0 ? 1 : size);
}

void *memory_try_resize(void *old, size_t size) {
    return realloc(old, size == 0 ? 1 : size);
}

bool memory_has_room(size_t size) {
    volatile char *probe = memory_try(size);
    if (probe == NULL)
        return false;
    *probe = 0; // so that the compiler does not leave out the allocation
    free((void *)(uintptr_t)probe);
    return true;
}

char *memory_string(const char *text) {
    return memory_string_n(text, strlen(text));
}

char *memory_string_n(const char *text, size_t length) {
    char *copy = memory_new(length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

void *memory_copy(const void *data, size_t length) {
    void *copy = memory_new(length);
    if (length > 0)
        memcpy(copy, data, length);
    return copy;
}

char *memory_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_vprintf(format, arguments);
    va_end(arguments);
    return text;
}

char *memory_vprintf(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        die("Internal error: a format cannot be printed\n");
    size_t size = (size_t)length + 1;
    char *text = memory_new(size);
    vsnprintf(text, size, format, again);
    va_end(again);
    return text;
}

void memory_free_at(void *pointer_to_pointer) {
    void **at = pointer_to_pointer;
    free(*at);
    *at = NULL;
}

void memory_trim(void) {
    (void)malloc_trim(0);
}
