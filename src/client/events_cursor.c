// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/events_cursor_internal.h"

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

void client_cursor_init(struct client_cursor *cursor, int64_t position_ns) {
    *cursor = (struct client_cursor){.position_ns = position_ns};
    map_init(&cursor->passed, NULL);
}

void client_cursor_finish(struct client_cursor *cursor) {
    pebble_notices_destroy(cursor->notices);
    map_finish(&cursor->passed);
    cursor->notices = NULL;
    cursor->index = 0;
}

static int64_t time_of(const struct pebble_notice *notice) {
    return pebble_notice_last_repeated_ns(notice, NULL);
}

static bool check(const struct pebble_notices *notices, int64_t position_ns, struct pebble_error *error) {
    int64_t latest_ns = position_ns;
    for (size_t i = 0; i < pebble_notices_count(notices); i++) {
        const struct pebble_notice *notice = pebble_notices_at(notices, i);
        if (text_is_empty(pebble_notice_id(notice)) || time_of(notice) == 0)
            return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read notices: one has no ID or no time");
        if (time_of(notice) < latest_ns || time_of(notice) == position_ns) {
            AUTO_FREE char *quoted = client_quoted(pebble_notice_id(notice));
            return client_fail(
                error, PEBBLE_ERROR_PROTOCOL,
                "cannot read notices: %s was repeated before the one in front of it, or was not asked for", quoted);
        }
        latest_ns = time_of(notice);
    }
    return true;
}

bool client_cursor_take(struct client_cursor *cursor, struct pebble_notices *notices, struct pebble_error *error) {
    if (!check(notices, cursor->position_ns, error)) {
        pebble_notices_destroy(notices);
        return false;
    }
    client_cursor_finish(cursor);
    cursor->notices = notices;
    return true;
}

const struct pebble_notice *client_cursor_notice(struct client_cursor *cursor) {
    return cursor->notices != NULL ? pebble_notices_at(cursor->notices, cursor->index) : NULL;
}

static bool is_passed(struct client_cursor *cursor) {
    const struct pebble_notice *notice = client_cursor_notice(cursor);
    return notice != NULL && map_has(&cursor->passed, pebble_notice_id(notice));
}

void client_cursor_pass(struct client_cursor *cursor) {
    do {
        const struct pebble_notice *notice = client_cursor_notice(cursor);
        cursor->index++;
        const struct pebble_notice *next = client_cursor_notice(cursor);
        if (next != NULL && time_of(next) == time_of(notice)) {
            map_set(&cursor->passed, pebble_notice_id(notice), NULL);
        } else {
            cursor->position_ns = time_of(notice);
            map_finish(&cursor->passed);
        }
    } while (is_passed(cursor));
}
