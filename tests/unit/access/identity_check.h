// SPDX-License-Identifier: GPL-3.0-or-later
// Sets of identities from JSON text, and a certificate.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "access/identity_set.h"
#include "base/memory.h"
#include "data/json.h"

static inline bool set_try(const char *text, struct identity_set *set, struct error *err) {
    AUTO_JSON json_t *value = NULL;
    assert_true(json_read(text, strlen(text), &value, NULL));
    return identity_set_read(value, set, err) && identity_set_check(set, err);
}

static inline void set_of(const char *text, struct identity_set *set) {
    AUTO_ERROR struct error err = {0};
    if (!set_try(text, set, &err))
        fail_msg("%s: %s", text, error_text(&err));
}
