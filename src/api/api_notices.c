// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/notices and below: listing and waiting. The rules are in docs/internals/notices.md.
#include "api/api_internal.h"

#include <stdlib.h>
#include <string.h>

#include "api/access_internal.h"
#include "api/response_internal.h"
#include "api/waiter_internal.h"
#include "base/memory.h"
#include "state/notice.h"

// --- notices as JSON ---

static void write_time(struct json_writer *writer, const char *key, struct wall_time time) {
    char text[CLOCK_TEXT_SIZE];
    clock_format(time, text);
    json_writer_member_string(writer, key, text);
}

static void write_duration(struct json_writer *writer, const char *key, int64_t duration_ns) {
    if (duration_ns == 0)
        return;
    char text[DURATION_TEXT_SIZE];
    duration_format(duration_ns, text);
    json_writer_member_string(writer, key, text);
}

static void write_user(struct json_writer *writer, const struct notice *notice) {
    const uint32_t *user_id = notice_user_id(notice);
    json_writer_key(writer, "user-id");
    if (user_id != NULL)
        json_writer_int(writer, *user_id);
    else
        json_writer_null(writer);
}

static void write_data(struct json_writer *writer, const struct notice *notice) {
    size_t count = notice_data_count(notice);
    if (count == 0)
        return;
    json_writer_key(writer, "last-data");
    json_writer_begin_object(writer);
    for (size_t i = 0; i < count; i++)
        json_writer_member_string(writer, notice_data_name(notice, i), notice_data_value(notice, i));
    json_writer_end_object(writer);
}

static void write_notice(struct json_writer *writer, const struct notice *notice) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "id", notice_id(notice));
    write_user(writer, notice);
    json_writer_member_string(writer, "type", notice_type(notice));
    json_writer_member_string(writer, "key", notice_key(notice));
    write_time(writer, "first-occurred", notice_first_occurred(notice));
    write_time(writer, "last-occurred", notice_last_occurred(notice));
    write_time(writer, "last-repeated", notice_last_repeated(notice));
    json_writer_member_int(writer, "occurrences", notice_occurrences(notice));
    write_data(writer, notice);
    write_duration(writer, "repeat-after", notice_repeat_after_ns(notice));
    write_duration(writer, "expire-after", notice_expire_after_ns(notice));
    json_writer_end_object(writer);
}

// --- which notices ---

// The keys are held while the request waits.
#define KEYS_MAX ((size_t)1000)
#define KEY_BYTES (2 * sizeof(void *) + sizeof(struct map_entry) + 2 * sizeof(size_t)) // besides its text, about

struct notice_query {
    struct notice_filter filter; // refers to the members below
    uint32_t user_id;
    struct text_list types; // without unknown ones
    struct map keys;
    int64_t timeout_ns;
    size_t held_bytes; // of the keys
    struct api_call *call;
};

static void query_destroy(void *data) {
    struct notice_query *query = data;
    text_list_clear(&query->types);
    map_finish(&query->keys);
    free(query);
}

// What does not fit into 64 bits has the messages of Go's strconv.
static bool fail_number(struct error *err, const char *text) {
    const char *digits = text + (*text == '-' || *text == '+');
    bool is_number = *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
    AUTO_FREE char *quoted = text_quoted(text);
    return error_set(err, ERROR_BAD_REQUEST, "invalid \"user-id\" filter: strconv.ParseInt: parsing %s: %s", quoted,
                     is_number ? "value out of range" : "invalid syntax");
}

static bool read_user_id(const struct url_query *parameters, struct notice_query *query, struct error *err) {
    AUTO_TEXT_LIST struct text_list texts = {0};
    int64_t number = 0;
    if (!url_query_list(parameters, "user-id", 1, &texts) || texts.count != 1)
        return error_set(err, ERROR_BAD_REQUEST, "invalid \"user-id\" filter: must only include one \"user-id\"");
    if (!text_to_int64(texts.items[0], INT64_MIN, INT64_MAX, &number))
        return fail_number(err, texts.items[0]);
    if (number < 0 || number > UINT32_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "invalid \"user-id\" filter: user ID is not a valid uint32: %lld",
                         (long long)number);
    query->user_id = (uint32_t)number;
    return true;
}

// By default the client's own notices and public ones. Only admins may ask for others.
static bool read_users(struct api_call *call, struct notice_query *query, struct error *err) {
    const struct url_query *parameters = api_query(call);
    const char *users = url_query_first(parameters, "users");
    bool has_user_id = url_query_first(parameters, "user-id") != NULL;
    bool is_admin = api_identity(call)->access == IDENTITY_ADMIN;
    if (!access_user_id(call, &query->user_id))
        return error_set(err, ERROR_FORBIDDEN, "cannot determine UID of request, so cannot retrieve notices");
    query->filter.user_id = &query->user_id;
    if (has_user_id && !is_admin)
        return error_set(err, ERROR_FORBIDDEN, "only admins may use the \"user-id\" filter");
    if (has_user_id && !read_user_id(parameters, query, err))
        return false;
    if (users == NULL)
        return true;
    if (!is_admin)
        return error_set(err, ERROR_FORBIDDEN, "only admins may use the \"users\" filter");
    if (has_user_id)
        return error_set(err, ERROR_BAD_REQUEST, "cannot use both \"users\" and \"user-id\" parameters");
    if (!text_equal(users, "all"))
        return error_set(err, ERROR_BAD_REQUEST, "invalid \"users\" filter: must be \"all\"");
    query->filter.user_id = NULL;
    return true;
}

static const char *const known_types[] = {"custom", "change-update", "warning"};

static const char *find_type(const char *text, size_t length) {
    for (size_t i = 0; i < ARRAY_COUNT(known_types); i++) {
        if (strlen(known_types[i]) == length && memcmp(known_types[i], text, length) == 0)
            return known_types[i];
    }
    return NULL;
}

// False if there are types but none of them is known: then no notice matches.
static bool read_types(const struct url_query *parameters, struct notice_query *query) {
    struct url_query_items given;
    const char *text;
    size_t length;
    bool has_any = false;
    url_query_items_init(&given, parameters, "types");
    while (url_query_next_item(&given, &text, &length)) {
        const char *type = find_type(text, length);
        if (type != NULL && !text_list_has(&query->types, type))
            text_list_add(&query->types, type);
        has_any = true;
    }
    query->filter.types = &query->types;
    return !has_any || query->types.count > 0;
}

static bool read_keys(struct api_call *call, struct notice_query *query, struct error *err) {
    AUTO_TEXT_LIST struct text_list given = {0};
    if (!api_read_list(call, "keys", KEYS_MAX, &given, err))
        return false;
    for (size_t i = 0; i < given.count; i++) {
        map_set(&query->keys, given.items[i], NULL);
        query->held_bytes += KEY_BYTES + strlen(given.items[i]);
    }
    query->filter.keys = &query->keys;
    return true;
}

static bool read_times(const struct url_query *parameters, struct notice_query *query, struct error *err) {
    const char *after = url_query_first(parameters, "after");
    const char *timeout = url_query_first(parameters, "timeout");
    if (!text_is_empty(after) && !clock_parse(after, &query->filter.after)) {
        AUTO_FREE char *quoted = text_quoted(after);
        return error_set(err, ERROR_BAD_REQUEST, "invalid \"after\" timestamp: cannot parse time %s", quoted);
    }
    if (!text_is_empty(timeout) && !duration_parse(timeout, &query->timeout_ns, err))
        return error_prefix(err, "invalid timeout: ");
    return true;
}

// --- the list ---

// The response follows when the notices are on the disk: a client that asks for those after the last one must find the
// daemon in the same state after a crash.
static void respond_with_list(struct api_call *call, const struct buffer *items) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_char(&result, '[');
    buffer_add(&result, items->data, items->length);
    buffer_add_char(&result, ']');
    if (items->length > 0)
        api_respond_saved_result(call, &result);
    else
        api_respond_result(call, &result);
}

static bool on_notice_found(const struct notice *notice, void *data) {
    write_notice(data, notice);
    return true;
}

static void list_notices(struct notice_query *query, struct buffer *items) {
    struct json_writer writer;
    json_writer_init(&writer, items, true);
    state_each_notice(query->call->api->spec.state, &query->filter, on_notice_found, &writer);
}

// A change may pass several states in this turn of the loop. The client is to see the last one, once.
static bool is_awaited(struct api_call *call UNUSED, void *argument, void *data) {
    struct notice_query *query = data;
    if (!notice_matches(argument, &query->filter))
        return false;
    // None of those before it matches. So that the listing does not look at all of them, for each waiting client:
    query->filter.after = (struct wall_time){.ns = notice_last_repeated(argument).ns - 1, .is_set = true};
    return true;
}

static bool respond_with_awaited(struct api_call *call, void *data) {
    AUTO_BUFFER struct buffer items = BUFFER_INIT(BUFFER_NO_LIMIT);
    list_notices(data, &items);
    if (items.length == 0) // it has been removed
        return false;
    api_wait_end(call);
    respond_with_list(call, &items);
    return true;
}

static void respond_without_any(struct api_call *call, int64_t timeout_ns UNUSED, void *data UNUSED) {
    respond_with_list(call, &(const struct buffer){0});
}

// Takes ownership of the query.
static void list_or_wait(struct api_call *call, struct notice_query *query) {
    AUTO_BUFFER struct buffer items = BUFFER_INIT(BUFFER_NO_LIMIT);
    list_notices(query, &items);
    if (items.length > 0 || query->timeout_ns <= 0) {
        query_destroy(query);
        respond_with_list(call, &items);
        return;
    }
    http_exchange_count_bytes(call->exchange, query->held_bytes);
    api_wait(call, &(const struct api_wait){.event = state_notice_added(call->api->spec.state),
                                            .is_over = is_awaited,
                                            .respond = respond_with_awaited,
                                            .on_timeout = respond_without_any,
                                            .data = query,
                                            .destroy_data = query_destroy,
                                            .timeout_ns = query->timeout_ns,
                                            .cancel_kind = ERROR_BAD_REQUEST});
}

void api_get_notices(struct api_call *call) {
    const struct url_query *parameters = api_query(call);
    AUTO_ERROR struct error err = {0};
    struct notice_query *query = memory_new(sizeof *query);
    query->call = call;
    if (!read_users(call, query, &err)) {
        query_destroy(query);
        api_respond_error(call, &err);
        return;
    }
    if (!read_types(parameters, query)) {
        query_destroy(query);
        respond_without_any(call, 0, NULL);
        return;
    }
    if (!read_keys(call, query, &err) || !read_times(parameters, query, &err)) {
        query_destroy(query);
        api_respond_error(call, &err);
        return;
    }
    list_or_wait(call, query);
}

// --- one notice ---

void api_get_notice(struct api_call *call) {
    const char *id = call->match.values[0];
    uint32_t user_id = 0;
    if (!access_user_id(call, &user_id)) {
        api_respond_failure(call, ERROR_FORBIDDEN, "cannot determine UID of request, so cannot retrieve notice");
        return;
    }
    AUTO_FREE char *quoted = text_quoted(id);
    const struct notice *notice = state_find_notice(call->api->spec.state, id);
    if (notice == NULL) {
        api_respond_failure(call, ERROR_NOT_FOUND, "cannot find notice with ID %s", quoted);
        return;
    }
    const uint32_t *owner = notice_user_id(notice);
    if (owner != NULL && *owner != user_id && api_identity(call)->access != IDENTITY_ADMIN) {
        api_respond_failure(call, ERROR_FORBIDDEN, "not allowed to access notice with id %s", quoted);
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    write_notice(&writer, notice);
    api_respond_saved_result(call, &result);
}
