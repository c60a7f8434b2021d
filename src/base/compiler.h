// SPDX-License-Identifier: LGPL-3.0-or-later
// Attributes and small macros that every file may use.
#pragma once

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first) __attribute__((format(printf, text_at, first)))
#define UNUSED __attribute__((unused))
#define CLEANUP(function) __attribute__((cleanup(function)))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

// The structure of TYPE whose MEMBER is at `pointer`.
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

// Returns the value of a local variable and sets the variable to NULL, so that its cleanup does nothing.
#define TAKE(pointer)                                                                                                  \
    (__extension__({                                                                                                   \
        __typeof__(pointer) *take_at = &(pointer);                                                                     \
        __typeof__(pointer) take_value = *take_at;                                                                     \
        *take_at = NULL;                                                                                               \
        take_value;                                                                                                    \
    }))
