// SPDX-License-Identifier: LGPL-3.0-or-later
// Notices: listing, waiting for and recording them. Declared in pebble.h.
#include "client/notices_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"
#include "client/notice_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"

// --- the list ---

struct pebble_notices {
    struct pebble_notice *items;
    size_t count;
};

void pebble_notices_destroy(struct pebble_notices *notices) {
    if (notices == NULL)
        return;
    for (size_t i = 0; i < notices->count; i++)
        client_notice_finish(&notices->items[i]);
    free(notices->items);
    free(notices);
}

size_t pebble_notices_count(const struct pebble_notices *notices) {
    return notices->count;
}

const struct pebble_notice *pebble_notices_at(const struct pebble_notices *notices, size_t index) {
    return index < notices->count ? &notices->items[index] : NULL;
}

static void destroy_notices(void *result) {
    pebble_notices_destroy(result);
}

struct pebble_notices *client_notices_read(const json_t *list, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_notices *notices = memory_new(sizeof *notices);
    notices->items = client_json_items(list, sizeof *notices->items, client_notice_read, &notices->count, &cause);
    if (!error_is_set(&cause))
        return notices;
    client_fail_because(error, "", &cause);
    pebble_notices_destroy(notices);
    return NULL;
}

static void *read_notices(struct client_response *response, struct pebble_error *error) {
    return client_notices_read(response->result, error);
}

static const struct client_result_type notices_result = {destroy_notices};
static const struct client_query_type notices_query = {CLIENT_RESPONSE_SYNC, &notices_result, read_notices};

static void add_filter(struct buffer *target, const char *name, const char *value) {
    client_add_query(target, name, &value, 1);
}

void client_notices_add_target(struct buffer *target, const struct pebble_notice_options *options) {
    buffer_add_string(target, "/v1/notices");
    if (options->after_ns != 0) {
        char text[CLOCK_TEXT_SIZE];
        clock_format((struct wall_time){.ns = options->after_ns, .is_set = true}, text);
        add_filter(target, "after", text);
    }
    client_add_query(target, "keys", options->keys, options->key_count);
    if (options->wait_ns != 0) {
        char text[DURATION_TEXT_SIZE];
        duration_format(options->wait_ns, text);
        add_filter(target, "timeout", text);
    }
    client_add_query(target, "types", options->types, options->type_count);
    if (options->user_id != NULL) {
        AUTO_FREE char *number = memory_printf("%u", *options->user_id);
        add_filter(target, "user-id", number);
    }
    if (options->users != NULL)
        add_filter(target, "users", options->users);
}

// The time that the daemon is asked to wait is added to the longest silence.
static struct client_transfer_limits limits_with(const struct pebble_client *client, int64_t wait_ns) {
    struct client_transfer_limits limits = client_transfer_limits_of(client);
    if (limits.idle_ns == 0 || wait_ns <= 0)
        return limits;
    limits.idle_ns = wait_ns < INT64_MAX - limits.idle_ns ? limits.idle_ns + wait_ns : 0;
    return limits;
}

bool pebble_call_get_notices(struct pebble_client *client, const struct pebble_notice_options *options,
                             struct pebble_call **call, struct pebble_error *error) {
    struct pebble_notice_options own;
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_texts("types", own.types, own.type_count, error) ||
        !client_options_check_texts("keys", own.keys, own.key_count, error))
        return false;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    client_notices_add_target(&target, &own);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    const struct client_transfer_limits limits = limits_with(client, own.wait_ns);
    return client_query_start_within(client, &request, &notices_query, &limits, call, error);
}

struct pebble_notices *pebble_call_take_notices(struct pebble_call *call) {
    return client_call_take_result(call, &notices_result);
}

bool pebble_get_notices(struct pebble_client *client, const struct pebble_notice_options *options,
                        struct pebble_notices **notices, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_notices(client, options, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *notices = pebble_call_take_notices(call);
    return true;
}

// --- one notice ---

static void destroy_notice(void *result) {
    pebble_notice_destroy(result);
}

static void *read_one_notice(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_notice *notice = memory_new(sizeof *notice);
    client_notice_read(response->result, notice, &cause);
    if (!error_is_set(&cause))
        return notice;
    client_fail_because(error, "", &cause);
    pebble_notice_destroy(notice);
    return NULL;
}

static const struct client_result_type notice_result = {destroy_notice};
static const struct client_query_type notice_query = {CLIENT_RESPONSE_SYNC, &notice_result, read_one_notice};

bool pebble_call_get_notice(struct pebble_client *client, const char *id, struct pebble_call **call,
                            struct pebble_error *error) {
    if (!client_check_id("notice", id, error))
        return false;
    AUTO_FREE char *target = memory_printf("/v1/notices/%s", id);
    const struct client_request request = {.method = "GET", .target = target};
    return client_query_start(client, &request, &notice_query, call, error);
}

struct pebble_notice *pebble_call_take_notice(struct pebble_call *call) {
    return client_call_take_result(call, &notice_result);
}

bool pebble_get_notice(struct pebble_client *client, const char *id, struct pebble_notice **notice,
                       struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_notice(client, id, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *notice = pebble_call_take_notice(call);
    return true;
}

// --- recording ---

static void write_request(struct buffer *body, const struct pebble_notify_options *options) {
    struct json_writer writer;
    json_writer_init(&writer, body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "add");
    json_writer_member_string(&writer, "type", "custom");
    json_writer_member_string(&writer, "key", options->key);
    if (options->repeat_after_ns != 0) {
        char text[DURATION_TEXT_SIZE];
        duration_format(options->repeat_after_ns, text);
        json_writer_member_string(&writer, "repeat-after", text);
    }
    if (options->data_count > 0) {
        json_writer_key(&writer, "data");
        json_writer_begin_object(&writer);
        for (size_t i = 0; i < options->data_count; i++)
            json_writer_member_string(&writer, options->names[i], options->values[i]);
        json_writer_end_object(&writer);
    }
    json_writer_end_object(&writer);
}

static void *read_notice_id(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct client_fields fields;
    AUTO_FREE char *id = NULL;
    if (client_fields_init(&fields, response->result, &cause))
        id = client_fields_text_or_null(&fields, "id");
    if (id == NULL && !error_is_set(&cause))
        (void)error_set(&cause, ERROR_INTERNAL, "cannot record notice: response has no notice ID");
    if (!error_is_set(&cause))
        return TAKE(id);
    client_fail_because(error, "", &cause);
    return NULL;
}

static const struct client_result_type notice_id_result = {free};
static const struct client_query_type notify_query = {CLIENT_RESPONSE_SYNC, &notice_id_result, read_notice_id};

bool pebble_call_notify(struct pebble_client *client, const struct pebble_notify_options *options,
                        struct pebble_call **call, struct pebble_error *error) {
    struct pebble_notify_options own;
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_texts("names of data", own.names, own.data_count, error) ||
        !client_options_check_texts("values of data", own.values, own.data_count, error))
        return false;
    if (own.key == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot record notice: it has no key");
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_request(&body, &own);
    const struct client_request request = {
        .method = "POST", .target = "/v1/notices", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &notify_query, call, error);
}

char *pebble_call_take_notice_id(struct pebble_call *call) {
    return client_call_take_result(call, &notice_id_result);
}

bool pebble_notify(struct pebble_client *client, const struct pebble_notify_options *options, char **notice_id,
                   struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_notify(client, options, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    if (notice_id != NULL)
        *notice_id = pebble_call_take_notice_id(call);
    return true;
}
