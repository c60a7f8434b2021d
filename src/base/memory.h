// SPDX-License-Identifier: LGPL-3.0-or-later
// Allocation. Small allocations cannot fail for their caller: when the system refuses, the registered
// shrinkers (caches, log rings) give memory back, the allocation is retried, and only then the program
// ends with a message. Whatever a client or a file can size goes through memory_try(), which may fail.
#pragma once

#include "base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

// Zeroed memory, never NULL; free with free(). A size of 0 gives a unique pointer.
void *memory_new(size_t size) __attribute__((malloc, returns_nonnull));
// Zeroed memory for `count` items, never NULL; an overflow of the product ends the program.
void *memory_new_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
// Grows or shrinks; the new part is not zeroed.
void *memory_resize(void *old, size_t size) __attribute__((returns_nonnull));
// Makes room for at least `needed` items in an array that grows by doubling; *capacity in items.
void *memory_grow(void *old, size_t *capacity, size_t needed, size_t size) __attribute__((returns_nonnull));
// Like memory_new() and memory_resize() but NULL when there is no memory: for what strangers size.
void *memory_try(size_t size) NODISCARD __attribute__((malloc));
void *memory_try_resize(void *old, size_t size) NODISCARD;

char *memory_string(const char *text) __attribute__((malloc, returns_nonnull));
char *memory_string_n(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
void *memory_copy(const void *data, size_t length) __attribute__((malloc, returns_nonnull));
char *memory_printf(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));
char *memory_vprintf(const char *format, va_list arguments) PRINTF_LIKE(1, 0) __attribute__((malloc, returns_nonnull));

// A function that frees what it can do without; it is called when an allocation fails and returns
// whether it freed anything. At most eight; registering is done at start-up, from the main thread, which is also the
// only one to call them: another thread whose allocation fails waits up to a second for memory to come back.
typedef bool (*memory_shrink_fn)(void *data);
void memory_add_shrinker(memory_shrink_fn shrink, void *data);
// For when `data` goes; fine if it was never added.
void memory_remove_shrinker(memory_shrink_fn shrink, void *data);

// Cleanup of locals.
void memory_free_at(void *pointer_to_pointer);
#define AUTO_FREE CLEANUP(memory_free_at)
