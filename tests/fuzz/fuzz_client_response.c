// SPDX-License-Identifier: GPL-3.0-or-later
// The first byte chooses a call whose response is JSON, or text, the rest is what the daemon sends. All accessors of a
// result may be called.
#include "client_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text) {
    check(text != NULL && strlen(text) < SIZE_MAX);
}

static void check_text_or_null(const char *text) {
    check(text == NULL || strlen(text) < SIZE_MAX);
}

static void check_time(int64_t time_ns, const char *text) {
    check(time_ns == 0 || text != NULL);
    check_text_or_null(text);
}

// --- looking at results ---

static void look_at_info(struct pebble_call *call) {
    struct pebble_system_info *info = pebble_call_take_system_info(call);
    check_text(pebble_system_info_version(info));
    check_text_or_null(pebble_system_info_boot_id(info));
    check_text_or_null(pebble_system_info_http_address(info));
    check_text_or_null(pebble_system_info_https_address(info));
    pebble_system_info_destroy(info);
}

static void look_at_services(struct pebble_call *call) {
    struct pebble_services *services = pebble_call_take_services(call);
    size_t count = pebble_services_count(services);
    const char *text;
    check(pebble_services_at(services, count) == NULL);
    for (size_t i = 0; i < count; i++) {
        const struct pebble_service *service = pebble_services_at(services, i);
        check_text(pebble_service_name(service));
        check_text(pebble_service_startup(service));
        check_text(pebble_service_current(service));
        check_time(pebble_service_current_since_ns(service, &text), text);
    }
    pebble_services_destroy(services);
}

static void look_at_check(const struct pebble_check *checked) {
    check_text(pebble_check_name(checked));
    check_text(pebble_check_level(checked));
    check_text(pebble_check_startup(checked));
    check_text(pebble_check_status(checked));
    (void)pebble_check_successes(checked);
    (void)pebble_check_failures(checked);
    (void)pebble_check_threshold(checked);
    check_text_or_null(pebble_check_change_id(checked));
    check_text_or_null(pebble_check_prev_change_id(checked));
}

static void look_at_checks(struct pebble_call *call) {
    struct pebble_checks *checks = pebble_call_take_checks(call);
    check(pebble_checks_at(checks, pebble_checks_count(checks)) == NULL);
    for (size_t i = 0; i < pebble_checks_count(checks); i++)
        look_at_check(pebble_checks_at(checks, i));
    pebble_checks_destroy(checks);
}

static void look_at_changed_checks(struct pebble_call *call) {
    struct pebble_changed_checks *changed = pebble_call_take_changed_checks(call);
    check(pebble_changed_checks_at(changed, pebble_changed_checks_count(changed)) == NULL);
    for (size_t i = 0; i < pebble_changed_checks_count(changed); i++)
        check_text(pebble_changed_checks_at(changed, i));
    pebble_changed_checks_destroy(changed);
}

static void look_at_refresh(struct pebble_call *call) {
    struct pebble_check_refresh *refresh = pebble_call_take_check_refresh(call);
    look_at_check(pebble_check_refresh_check(refresh));
    check_text_or_null(pebble_check_refresh_error_text(refresh));
    pebble_check_refresh_destroy(refresh);
}

static void look_at_task(const struct pebble_task *task) {
    const char *text;
    check_text(pebble_task_id(task));
    check_text(pebble_task_kind(task));
    check_text(pebble_task_summary(task));
    check_text(pebble_task_status(task));
    check(pebble_task_log_at(task, pebble_task_log_count(task)) == NULL);
    for (size_t i = 0; i < pebble_task_log_count(task); i++)
        check_text(pebble_task_log_at(task, i));
    check_text(pebble_task_progress_label(task));
    (void)pebble_task_progress_done(task);
    (void)pebble_task_progress_total(task);
    check_time(pebble_task_spawn_time_ns(task, &text), text);
    check_time(pebble_task_ready_time_ns(task, &text), text);
    check_text_or_null(pebble_task_data(task));
}

static void look_at_one_change(const struct pebble_change *change) {
    const char *text;
    check_text(pebble_change_id(change));
    check_text(pebble_change_kind(change));
    check_text(pebble_change_summary(change));
    check_text(pebble_change_status(change));
    (void)pebble_change_is_ready(change);
    check_text_or_null(pebble_change_error_text(change));
    check_time(pebble_change_spawn_time_ns(change, &text), text);
    check_time(pebble_change_ready_time_ns(change, &text), text);
    check_text_or_null(pebble_change_data(change));
    check(pebble_change_task_at(change, pebble_change_task_count(change)) == NULL);
    for (size_t i = 0; i < pebble_change_task_count(change); i++)
        look_at_task(pebble_change_task_at(change, i));
}

static void look_at_changes(struct pebble_call *call) {
    struct pebble_changes *changes = pebble_call_take_changes(call);
    check(pebble_changes_at(changes, pebble_changes_count(changes)) == NULL);
    for (size_t i = 0; i < pebble_changes_count(changes); i++)
        look_at_one_change(pebble_changes_at(changes, i));
    pebble_changes_destroy(changes);
}

static void look_at_change(struct pebble_call *call) {
    struct pebble_change *change = pebble_call_take_change(call);
    look_at_one_change(change);
    pebble_change_destroy(change);
}

static void look_at_change_id(struct pebble_call *call) {
    char *id = pebble_call_take_change_id(call);
    check_text(id);
    pebble_free(id);
}

static void look_at_notice_id(struct pebble_call *call) {
    char *id = pebble_call_take_notice_id(call);
    check(id != NULL && id[0] != '\0');
    pebble_free(id);
}

static void look_at_identities(struct pebble_call *call) {
    struct pebble_identities *identities = pebble_call_take_identities(call);
    check(pebble_identities_at(identities, pebble_identities_count(identities)) == NULL);
    for (size_t i = 0; i < pebble_identities_count(identities); i++) {
        const struct pebble_identity *identity = pebble_identities_at(identities, i);
        uint32_t user_id;
        check_text(pebble_identity_name(identity));
        check_text(pebble_identity_access(identity));
        (void)pebble_identity_user_id(identity, &user_id);
        check_text_or_null(pebble_identity_password(identity));
        check_text_or_null(pebble_identity_certificate(identity));
    }
    pebble_identities_destroy(identities);
}

static void look_at_files(struct pebble_call *call) {
    struct pebble_files *files = pebble_call_take_files(call);
    check(pebble_files_at(files, pebble_files_count(files)) == NULL);
    for (size_t i = 0; i < pebble_files_count(files); i++) {
        const struct pebble_file *file = pebble_files_at(files, i);
        const char *text;
        uint32_t id;
        int64_t file_size;
        check_text(pebble_file_path(file));
        check_text(pebble_file_name(file));
        check_text(pebble_file_type(file));
        (void)pebble_file_size(file, &file_size);
        check(pebble_file_permissions(file) <= 0777);
        check_time(pebble_file_last_modified_ns(file, &text), text);
        (void)pebble_file_user_id(file, &id);
        (void)pebble_file_group_id(file, &id);
        check_text_or_null(pebble_file_user(file));
        check_text_or_null(pebble_file_group(file));
    }
    pebble_files_destroy(files);
}

static void look_at_one_notice(const struct pebble_notice *notice) {
    const char *text;
    uint32_t user_id;
    check_text(pebble_notice_id(notice));
    (void)pebble_notice_user_id(notice, &user_id);
    check_text(pebble_notice_type(notice));
    check_text(pebble_notice_key(notice));
    check_time(pebble_notice_first_occurred_ns(notice, &text), text);
    check_time(pebble_notice_last_occurred_ns(notice, &text), text);
    check_time(pebble_notice_last_repeated_ns(notice, &text), text);
    (void)pebble_notice_occurrences(notice);
    check_text_or_null(pebble_notice_data(notice));
    check_time(pebble_notice_repeat_after_ns(notice, &text), text);
    check_time(pebble_notice_expire_after_ns(notice, &text), text);
}

static void look_at_notice(struct pebble_call *call) {
    struct pebble_notice *notice = pebble_call_take_notice(call);
    look_at_one_notice(notice);
    pebble_notice_destroy(notice);
}

static void look_at_notices(struct pebble_call *call) {
    struct pebble_notices *notices = pebble_call_take_notices(call);
    check(pebble_notices_at(notices, pebble_notices_count(notices)) == NULL);
    for (size_t i = 0; i < pebble_notices_count(notices); i++)
        look_at_one_notice(pebble_notices_at(notices, i));
    pebble_notices_destroy(notices);
}

static void look_at_plan(struct pebble_call *call) {
    struct pebble_plan *plan = pebble_call_take_plan(call);
    size_t length;
    check(strlen(pebble_plan_yaml(plan, &length)) <= length);
    pebble_plan_destroy(plan);
}

static void look_at_log_targets(struct pebble_call *call) {
    struct pebble_log_targets *targets = pebble_call_take_log_targets(call);
    const char *text;
    check(pebble_log_targets_at(targets, pebble_log_targets_count(targets)) == NULL);
    for (size_t i = 0; i < pebble_log_targets_count(targets); i++) {
        const struct pebble_log_target *target = pebble_log_targets_at(targets, i);
        check_text(pebble_log_target_name(target));
        check_text(pebble_log_target_type(target));
        check_text(pebble_log_target_location(target));
        (void)pebble_log_target_pending(target);
        (void)pebble_log_target_sent(target);
        (void)pebble_log_target_dropped(target);
        check_text_or_null(pebble_log_target_last_error(target));
        check_time(pebble_log_target_retry_at_ns(target, &text), text);
    }
    pebble_log_targets_destroy(targets);
}

static void look_at_metrics(struct pebble_call *call) {
    struct pebble_metrics *metrics = pebble_call_take_metrics(call);
    size_t length;
    check(strlen(pebble_metrics_text(metrics, &length)) <= length);
    pebble_metrics_destroy(metrics);
}

static void look_at_response(struct pebble_call *call) {
    struct pebble_response *response = pebble_call_take_response(call);
    size_t length;
    check(strlen(pebble_response_result(response, &length)) == length);
    check_text_or_null(pebble_response_change_id(response));
    check(pebble_response_status(response) >= 100);
    pebble_response_destroy(response);
}

static void look_at_nothing(struct pebble_call *call) {
    (void)pebble_call_is_healthy(call);
    (void)pebble_call_pairing_expires_ns(call);
}

// --- the calls ---

static const char *const names[] = {"a"};

static bool call_info(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_system_info(client, call, NULL);
}

static bool call_health(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_health(client, NULL, NULL, 0, call, NULL);
}

static bool call_services(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_services(client, NULL, 0, call, NULL);
}

static bool call_start(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_control_services(client, "start", names, 1, call, NULL);
}

static bool call_checks(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_checks(client, NULL, NULL, 0, call, NULL);
}

static bool call_control_checks(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_control_checks(client, "start", names, 1, call, NULL);
}

static bool call_refresh(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_refresh_check(client, "a", call, NULL);
}

static bool call_changes(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_changes(client, NULL, NULL, call, NULL);
}

static bool call_change(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_change(client, "1", call, NULL);
}

static bool call_notify(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_notify_options options = {.size = sizeof options, .key = "a.b/c"};
    return pebble_call_notify(client, &options, call, NULL);
}

static bool call_identities(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_identities(client, call, NULL);
}

static bool call_files(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_list_files(client, "/a", NULL, call, NULL);
}

static bool call_plan(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_plan(client, call, NULL);
}

static bool call_log_targets(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_log_targets(client, call, NULL);
}

static bool call_metrics(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_metrics(client, call, NULL);
}

static bool call_pairing(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_enable_pairing(client, 1000000000, call, NULL);
}

static bool call_remove(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_remove_path(client, "/a", 0, call, NULL);
}

static bool call_any(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_request_options options = {.size = sizeof options, .method = "GET", .path_and_query = "/v1/x"};
    return pebble_call_request(client, &options, call, NULL);
}

static bool call_signal(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_send_signal(client, "SIGHUP", names, 1, call, NULL);
}

static bool call_abort(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_abort_change(client, "1", call, NULL);
}

static bool call_wait(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_wait_change(client, "1", NULL, call, NULL);
}

static bool call_poll(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_wait_options options = {.size = sizeof options, .timeout_ms = 5000, .poll_ms = 100};
    return pebble_call_wait_change(client, "1", &options, call, NULL);
}

static bool call_notices(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_notices(client, NULL, call, NULL);
}

static bool call_notice(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_get_notice(client, "1", call, NULL);
}

static bool call_add_layer(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_layer_options options = {.size = sizeof options, .label = "a"};
    return pebble_call_add_layer(client, &options, call, NULL);
}

static bool call_modify_identities(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_modify_identities(client, "remove", "{\"a\": null}", call, NULL);
}

static bool call_push(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_push_options options = {.size = sizeof options, .path = "/a", .bytes = "abc", .length = 3};
    return pebble_call_push_file(client, &options, call, NULL);
}

static bool call_make_directory(struct pebble_client *client, struct pebble_call **call) {
    const struct pebble_directory_options options = {.size = sizeof options, .path = "/a"};
    return pebble_call_make_directory(client, &options, call, NULL);
}

static bool call_pair(struct pebble_client *client, struct pebble_call **call) {
    return pebble_call_pair(client, call, NULL);
}

static const struct {
    bool (*create)(struct pebble_client *client, struct pebble_call **call);
    void (*look)(struct pebble_call *call);
} calls[] = {
    {call_info, look_at_info},
    {call_health, look_at_nothing},
    {call_services, look_at_services},
    {call_start, look_at_change_id},
    {call_checks, look_at_checks},
    {call_control_checks, look_at_changed_checks},
    {call_refresh, look_at_refresh},
    {call_changes, look_at_changes},
    {call_change, look_at_change},
    {call_notify, look_at_notice_id},
    {call_identities, look_at_identities},
    {call_files, look_at_files},
    {call_plan, look_at_plan},
    {call_log_targets, look_at_log_targets},
    {call_metrics, look_at_metrics},
    {call_pairing, look_at_nothing},
    {call_remove, look_at_nothing},
    {call_any, look_at_response},
    {call_signal, look_at_nothing},
    {call_abort, look_at_change},
    {call_wait, look_at_change},
    {call_poll, look_at_change},
    {call_notices, look_at_notices},
    {call_notice, look_at_notice},
    {call_add_layer, look_at_nothing},
    {call_modify_identities, look_at_nothing},
    {call_push, look_at_nothing},
    {call_make_directory, look_at_nothing},
    {call_pair, look_at_nothing},
};

static size_t chosen;
static bool is_taken; // else the result is destroyed with the call

static void look(struct pebble_call *call, enum pebble_call_state state) {
    check((pebble_call_change(call) != NULL) == (state == PEBBLE_CALL_ITEM));
    if (state == PEBBLE_CALL_ITEM)
        look_at_one_change(pebble_call_change(call));
    else if (state == PEBBLE_CALL_DONE && is_taken)
        calls[chosen].look(call);
    else if (state == PEBBLE_CALL_FAILED && pebble_call_error(call)->change != NULL)
        look_at_one_change(pebble_call_error(call)->change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    struct pebble_call *call;
    if (size < 2)
        return 0;
    // In lower case the whole response is the input, in upper case the head is given.
    bool has_head = data[0] >= 'a';
    chosen = (data[0] - (has_head ? 'a' : 'A')) % (sizeof calls / sizeof calls[0]);
    is_taken = size % 8 != 0;
    size_t head_length = has_head ? 0 : sizeof head - 1, length = head_length + size - 1;
    AUTO_FREE char *bytes = memory_new(length + 1);
    memcpy(bytes, head, head_length);
    memcpy(bytes + head_length, data + 1, size - 1);
    struct pebble_client *client = peer_begin(bytes, length, false);
    check(calls[chosen].create(client, &call));
    peer_drive(call, look);
    peer_end(client);
    return 0;
}
