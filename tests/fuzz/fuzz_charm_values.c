// SPDX-License-Identifier: GPL-3.0-or-later
// What a hook tool prints, as an object of values, or as the value of one key.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "charm/values_internal.h"
#include "client/errors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true)
        abort();
}

static void check_value(const struct pebble_charm_values *values, const char *key) {
    enum pebble_charm_value_type type = pebble_charm_values_type(values, key);
    int64_t integer;
    double number;
    bool boolean;
    check((pebble_charm_values_string(values, key) != NULL) == (type == PEBBLE_CHARM_VALUE_STRING));
    check(pebble_charm_values_integer(values, key, &integer) == (type == PEBBLE_CHARM_VALUE_INTEGER));
    check(pebble_charm_values_boolean(values, key, &boolean) == (type == PEBBLE_CHARM_VALUE_BOOLEAN));
    check(pebble_charm_values_number(values, key, &number) ==
          (type == PEBBLE_CHARM_VALUE_NUMBER || type == PEBBLE_CHARM_VALUE_INTEGER));
}

static void read_values(const char *text, const char *key) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct pebble_charm_values *values = NULL;
    bool is_read = charm_values_create("config-get", text, key, &values, &error);
    check(is_read == (values != NULL) && is_read == (error.kind == PEBBLE_ERROR_NONE));
    if (!is_read)
        return;
    size_t count = pebble_charm_values_count(values);
    check(pebble_charm_values_key_at(values, count) == NULL);
    for (size_t i = 0; i < count; i++)
        check_value(values, pebble_charm_values_key_at(values, i));
    check_value(values, "no such key");
    check(pebble_charm_values_json(values) != NULL);
    pebble_charm_values_destroy(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *text = memory_string_n((const char *)data, size);
    read_values(text, NULL);
    read_values(text, "port");
    return 0;
}
