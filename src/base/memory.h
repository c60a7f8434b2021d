// SPDX-License-Identifier: LGPL-3.0-or-later
// Allocation. Small allocations cannot fail for the caller: on failure the registered shrinkers (caches, log rings)
// free memory and the allocation is retried; if it still fails, the program ends with a message. Sizes that depend on a
// client or a file are allocated with memory_try(), which can fail.
#pragma once

#include "base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

// Zeroed memory, never NULL; free with free(). A size of 0 gives a unique pointer.
void *memory_new(size_t size) __attribute__((malloc, returns_nonnull));
// Zeroed memory for `count` items, never NULL; an overflow of the product ends the program.
void *memory_new_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
// Resizes; the new part is not zeroed.
void *memory_resize(void *old, size_t size) __attribute__((returns_nonnull));
// Grows an array to at least `needed` items, doubling its capacity; *capacity is in items.
void *memory_grow(void *old, size_t *capacity, size_t needed, size_t size) __attribute__((returns_nonnull));
// Like memory_new() and memory_resize(), but return NULL if there is no memory.
void *memory_try(size_t size) NODISCARD __attribute__((malloc));
void *memory_try_resize(void *old, size_t size) NODISCARD;
bool memory_has_room(size_t size); // whether so much could be allocated now

char *memory_string(const char *text) __attribute__((malloc, returns_nonnull));
char *memory_string_n(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
void *memory_copy(const void *data, size_t length) __attribute__((malloc, returns_nonnull));
char *memory_printf(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));
char *memory_vprintf(const char *format, va_list arguments) PRINTF_LIKE(1, 0) __attribute__((malloc, returns_nonnull));

void memory_trim(void); // returns freed memory to the system, as far as possible

// A shrinker frees memory that can be spared when an allocation fails, and returns whether it has freed any. At most
// eight, registered at start-up by the main thread. Only the main thread calls them; other threads wait up to a second
// for memory to be freed.
typedef bool (*memory_shrink_fn)(void *data);
void memory_add_shrinker(memory_shrink_fn shrink, void *data);
// Call before `data` is freed. No effect if it was not added.
void memory_remove_shrinker(memory_shrink_fn shrink, void *data);

// For AUTO_FREE.
void memory_free_at(void *pointer_to_pointer);
#define AUTO_FREE CLEANUP(memory_free_at)
