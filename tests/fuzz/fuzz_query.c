// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was parsed, written again, must parse to the same.
static void check_again(const struct url_query *query) {
    AUTO_BUFFER struct buffer written = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < query->count; i++) {
        url_add_query_escaped(&written, query->pairs[i].name);
        buffer_add_char(&written, '=');
        url_add_query_escaped(&written, query->pairs[i].value);
        buffer_add_char(&written, '&');
    }
    struct url_query again;
    url_query_parse(&again, buffer_text(&written), written.length);
    if (again.count != query->count)
        abort();
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(again.pairs[i].name, query->pairs[i].name) != 0 ||
            strcmp(again.pairs[i].value, query->pairs[i].value) != 0) {
            abort();
        }
    }
    url_query_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *text = memory_copy(data, size);
    struct url_query query;
    url_query_parse(&query, text, size);
    check_again(&query);
    for (size_t i = 0; i < query.count && i < 20; i++) {
        AUTO_TEXT_LIST struct text_list values = {0};
        if (!url_query_list(&query, query.pairs[i].name, size, &values))
            abort();
        if (url_query_first(&query, query.pairs[i].name) == NULL)
            abort();
        for (size_t j = 0; j < values.count; j++) {
            if (values.items[j][0] == '\0' || strchr(values.items[j], ',') != NULL)
                abort();
        }
    }
    url_query_finish(&query);
    return 0;
}
