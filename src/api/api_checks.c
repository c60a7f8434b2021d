// SPDX-License-Identifier: GPL-3.0-or-later
// /v1/checks and /v1/checks/refresh.
#include "api/api_internal.h"

#include <stdlib.h>

#include "api/body_internal.h"
#include "api/response_internal.h"
#include "base/log.h"
#include "base/memory.h"

// --- the list ---

bool api_read_level(struct api_call *call, enum check_level *level) {
    const char *text = url_query_first(api_query(call), "level");
    if (text_is_empty(text))
        *level = CHECK_LEVEL_UNSET;
    else if (text_equal(text, "alive"))
        *level = CHECK_LEVEL_ALIVE;
    else if (text_equal(text, "ready"))
        *level = CHECK_LEVEL_READY;
    else
        return false;
    return true;
}

void api_refuse_level(struct api_call *call) {
    api_respond_failure(call, ERROR_BAD_REQUEST, "level must be \"alive\" or \"ready\"");
}

static void write_check(const struct check_info *info, void *data) {
    struct json_writer *writer = data;
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "name", info->name);
    if (info->level != CHECK_LEVEL_UNSET)
        json_writer_member_string(writer, "level", check_level_name(info->level));
    json_writer_member_string(writer, "startup", info->is_enabled ? "enabled" : "disabled");
    json_writer_member_string(writer, "status", info->status);
    json_writer_member_int(writer, "successes", info->successes);
    if (info->failures != 0)
        json_writer_member_int(writer, "failures", info->failures);
    json_writer_member_int(writer, "threshold", info->threshold);
    if (info->change_id != NULL)
        json_writer_member_string(writer, "change-id", info->change_id);
    if (info->prev_change_id != NULL)
        json_writer_member_string(writer, "prev-change-id", info->prev_change_id);
    json_writer_end_object(writer);
}

void api_get_checks(struct api_call *call) {
    enum check_level level;
    if (!api_read_level(call, &level)) {
        api_refuse_level(call);
        return;
    }
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    if (!api_read_list(call, "names", API_NAMES_MAX, &names, &err)) {
        api_respond_error(call, &err);
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_array(&writer);
    check_manager_list(call->api->spec.checks, level, &names, write_check, &writer);
    json_writer_end_array(&writer);
    api_respond_result(call, &result);
}

// --- start and stop ---

static void respond_changed(struct api_call *call, const struct text_list *changed) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_member_strings(&writer, "changed", changed);
    json_writer_end_object(&writer);
    api_respond_result(call, &result);
}

static void log_stop(const struct api_call *call, const struct text_list *names) {
    for (size_t i = 0; i < names->count; i++) {
        AUTO_FREE char *event = memory_printf("sys_monitor_disabled:%s,%s", api_identity(call)->user, names->items[i]);
        AUTO_FREE char *words = memory_printf("Stopping check %s", names->items[i]);
        log_security(LOG_SECURITY_WARN, event, words);
    }
}

static void act(struct api_call *call, bool is_start, const struct text_list *names) {
    struct check_manager *checks = call->api->spec.checks;
    AUTO_TEXT_LIST struct text_list changed = {0};
    AUTO_ERROR struct error err = {0};
    if (!is_start)
        log_stop(call, names);
    bool is_good = is_start ? check_manager_start(checks, names, &changed, &err)
                            : check_manager_stop(checks, names, &changed, &err);
    if (is_good)
        respond_changed(call, &changed);
    else
        api_respond_error(call, &err);
}

static void on_checks_body(struct api_call *call, const json_t *body) {
    const char *action = "";
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    if (!json_get_text(body, "request", "action", &action, &err) || !api_read_names(body, "checks", &names, &err)) {
        api_respond_decode_error(call, &err);
    } else if (names.count == 0) {
        // As in the reference, an empty list is reported before an invalid action.
        api_respond_failure(call, ERROR_BAD_REQUEST, "must specify checks for %s action", action);
    } else if (text_equal(action, "start") || text_equal(action, "stop")) {
        act(call, text_equal(action, "start"), &names);
    } else {
        AUTO_FREE char *quoted = text_quoted(action);
        api_respond_failure(call, ERROR_BAD_REQUEST, "invalid action %s", quoted);
    }
}

void api_post_checks(struct api_call *call) {
    api_read_json(call, "cannot decode data from request body", on_checks_body);
}

// --- refresh ---

struct pending_refresh {
    struct api_call *call;
    struct check_refresh *refresh; // NULL when it has ended
};

static void destroy_pending(void *data) {
    struct pending_refresh *pending = data;
    if (pending->refresh != NULL)
        check_refresh_cancel(pending->refresh);
    free(pending);
}

static void on_check_refreshed(const struct check_info *info, const char *failure, const struct error *err,
                               void *data) {
    struct pending_refresh *pending = data;
    struct api_call *call = pending->call;
    pending->refresh = NULL;
    if (err != NULL) {
        api_respond_error(call, err);
        return;
    }
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &result, true);
    json_writer_begin_object(&writer);
    json_writer_key(&writer, "info");
    write_check(info, &writer);
    if (failure != NULL)
        json_writer_member_string(&writer, "error", failure);
    json_writer_end_object(&writer);
    api_respond_result(call, &result);
}

static void on_client_closed(struct http_exchange *exchange UNUSED, void *data) {
    api_respond_failure(data, ERROR_CANCELLED, "request cancelled");
}

static void refresh(struct api_call *call, const char *name) {
    AUTO_ERROR struct error err = {0};
    struct pending_refresh *pending = memory_new(sizeof *pending);
    pending->call = call;
    pending->refresh = check_manager_refresh(call->api->spec.checks, name, on_check_refreshed, pending, &err);
    call_keep(call, pending, destroy_pending);
    if (pending->refresh != NULL)
        http_exchange_on_cancel(call->exchange, on_client_closed, call);
    else
        api_respond_error(call, &err);
}

static void on_refresh_body(struct api_call *call, const json_t *body) {
    const char *name = "";
    AUTO_ERROR struct error err = {0};
    if (!json_get_text(body, "request", "name", &name, &err))
        api_respond_decode_error(call, &err);
    else if (text_is_empty(name))
        api_respond_failure(call, ERROR_BAD_REQUEST, "must specify check name");
    else
        refresh(call, name);
}

void api_post_checks_refresh(struct api_call *call) {
    api_read_json(call, "cannot decode data from request body", on_refresh_body);
}
