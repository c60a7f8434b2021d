// SPDX-License-Identifier: GPL-3.0-or-later
// Identities as JSON (a text that begins with "{"), and as a YAML file: neither may crash. What is accepted is written
// and read back unchanged.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "access/identity_file.h"
#include "access/identity_set.h"
#include "base/memory.h"
#include "data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *set_to_json(const struct identity_set *set) {
    json_t *object = json_object();
    for (size_t i = 0; i < set->count; i++) {
        const struct identity *identity = set->items[i];
        (void)json_object_set_new(object, identity->name, identity->is_null ? json_null() : identity_to_json(identity));
    }
    return object;
}

static void check(const json_t *object) {
    AUTO_IDENTITY_SET struct identity_set set = {0}, again = {0};
    if (!identity_set_read(object, &set, NULL) || !identity_set_check(&set, NULL))
        return;
    AUTO_JSON json_t *written = set_to_json(&set);
    if (json_object_size(written) != set.count) // two names are equal as C strings
        abort();
    if (!identity_set_read(written, &again, NULL) || !identity_set_check(&again, NULL))
        abort();
    AUTO_JSON json_t *rewritten = set_to_json(&again);
    if (json_equal(written, rewritten) != 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_JSON json_t *object = NULL;
    AUTO_FREE char *text = memory_string_n((const char *)data, size);
    bool is_read = size > 0 && data[0] == '{' ? json_read(text, size, &object, NULL)
                                              : identity_file_parse(text, size, &object, NULL);
    if (is_read)
        check(object);
    return 0;
}
