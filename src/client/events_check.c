// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/events_check_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/fields_internal.h"

// --- what the notice says ---

static bool read_data(struct client_change_data *data, const char *text, struct error *err) {
    AUTO_JSON json_t *object = NULL;
    struct client_fields fields;
    if (!client_json_read(text, strlen(text), &object, err) || !client_fields_init(&fields, object, err))
        return false;
    data->kind = client_fields_text(&fields, "kind");
    data->check_name = client_fields_text(&fields, "check-name");
    return !error_is_set(err);
}

bool client_change_data_read(struct client_change_data *data, const struct pebble_notice *notice,
                             struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_change_data read = {0};
    const char *text = pebble_notice_data(notice);
    if (!read_data(&read, text != NULL ? text : "{}", &cause)) {
        client_change_data_finish(&read);
        return client_fail_because(error, "cannot read notice of change: ", &cause);
    }
    read.name = memory_printf("%s %" PRId64, pebble_notice_key(notice), pebble_notice_first_occurred_ns(notice, NULL));
    *data = read;
    return true;
}

void client_change_data_finish(struct client_change_data *data) {
    free(data->name);
    free(data->kind);
    free(data->check_name);
    *data = (struct client_change_data){0};
}

// --- which event ---

// The status that makes it an event.
struct check_event {
    const char *kind;
    const char *status;
    enum pebble_event_kinds event;
};

static const struct check_event check_events[] = {
    {"perform-check", "Error", PEBBLE_EVENT_CHECK_FAILED},
    {"recover-check", "Done", PEBBLE_EVENT_CHECK_RECOVERED},
};

static const struct check_event *find_event(const struct client_change_data *data, uint64_t kinds) {
    for (size_t i = 0; i < ARRAY_COUNT(check_events); i++) {
        if (text_equal(data->kind, check_events[i].kind) && (kinds & check_events[i].event) != 0)
            return &check_events[i];
    }
    return NULL;
}

bool client_change_data_is_wanted(const struct client_change_data *data, uint64_t kinds) {
    return (kinds & PEBBLE_EVENT_CHANGE_UPDATE) != 0 || find_event(data, kinds) != NULL;
}

// A daemon that has lost its state numbers its changes from 1 again.
bool client_change_is_other(const struct pebble_change *change, const struct pebble_notice *notice,
                            const struct client_change_data *data) {
    bool is_kind = data->kind[0] == '\0' || text_equal(pebble_change_kind(change), data->kind);
    return !is_kind || pebble_change_spawn_time_ns(change, NULL) > pebble_notice_last_occurred_ns(notice, NULL);
}

void client_checks_seen_finish(struct client_checks_seen *seen) {
    for (size_t i = 0; i < CLIENT_CHECKS_SEEN_MAX; i++)
        free(seen->changes[i]);
    *seen = (struct client_checks_seen){0};
}

// A change may end, or be removed, between the notice that it has begun and the request for it. The notice that it has
// ended is the second one then that finds it in this status.
static bool note_change(struct client_checks_seen *seen, const char *name) {
    for (size_t i = 0; i < CLIENT_CHECKS_SEEN_MAX && seen->changes[i] != NULL; i++) {
        if (text_equal(seen->changes[i], name))
            return false;
    }
    free(seen->changes[seen->next]);
    seen->changes[seen->next] = memory_string(name);
    seen->next = (seen->next + 1) % CLIENT_CHECKS_SEEN_MAX;
    return true;
}

uint64_t client_change_event(const struct pebble_change *change, const struct client_change_data *data, uint64_t kinds,
                             struct client_checks_seen *seen) {
    const struct check_event *event = find_event(data, kinds);
    bool has_status = change == NULL || (event != NULL && text_equal(pebble_change_status(change), event->status));
    if (event != NULL && has_status && note_change(seen, data->name))
        return event->event;
    return kinds & PEBBLE_EVENT_CHANGE_UPDATE;
}
