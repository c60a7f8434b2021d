// SPDX-License-Identifier: GPL-3.0-or-later
#include "forward/retry_after_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/text.h"

#define RETRY_AFTER_MAX_S INT64_C(300)

// RFC 9110 section 5.6.7: the usual form and the two obsolete ones.
static bool parse_date(const char *text, int64_t *seconds) {
    static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                          "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; text != NULL && i < ARRAY_COUNT(formats); i++) {
        struct tm fields = {0};
        const char *end = strptime(text, formats[i], &fields);
        if (end == NULL || *end != '\0')
            continue;
        *seconds = timegm(&fields);
        return true;
    }
    return false;
}

static int64_t bound_ns(int64_t seconds) {
    int64_t bounded = seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
    return bounded > 0 ? bounded * NS_PER_S : 0;
}

int64_t retry_after_ns(const char *text, const char *date, int64_t wall_ns) {
    int64_t seconds;
    int64_t now_s;
    if (text == NULL)
        return 0;
    if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0')
        return bound_ns(text_to_int64(text, 0, INT64_MAX, &seconds) ? seconds : INT64_MAX);
    if (!parse_date(text, &seconds))
        return 0;
    if (!parse_date(date, &now_s))
        now_s = wall_ns / NS_PER_S;
    return bound_ns(seconds - now_s);
}
