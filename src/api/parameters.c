// SPDX-License-Identifier: GPL-3.0-or-later
// Parameters of requests. Declared in api/api_internal.h.
#include "api/api_internal.h"

#include "api/call_internal.h"

bool api_check_list(struct api_call *call, const char *name, size_t most, struct error *err) {
    return url_query_count(api_query(call), name, most + 1) <= most ||
           error_set(err, ERROR_BAD_REQUEST, "cannot have more than %zu \"%s\"", most, name);
}

bool api_read_list(struct api_call *call, const char *name, size_t most, struct text_list *values, struct error *err) {
    return api_check_list(call, name, most, err) && url_query_list(api_query(call), name, most, values);
}
