// SPDX-License-Identifier: GPL-3.0-or-later
#include "torture.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const web[] = {"web"};
static const char *const ping[] = {"ping"};

// --- the system ---

static bool get_system_info(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_system_info *info = NULL;
    bool is_good = pebble_get_system_info(client, &info, error);
    pebble_system_info_destroy(info);
    return is_good;
}

static bool get_health(struct pebble_client *client, struct pebble_error *error) {
    bool is_healthy;
    return pebble_get_health(client, "alive", NULL, 0, &is_healthy, error);
}

static bool get_metrics(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_metrics *metrics = NULL;
    bool is_good = pebble_get_metrics(client, &metrics, error);
    pebble_metrics_destroy(metrics);
    return is_good;
}

static bool request(struct pebble_client *client, struct pebble_error *error) {
    const struct pebble_request_options options = {
        .size = sizeof options, .method = "GET", .path_and_query = "/v1/changes?select=all"};
    struct pebble_response *response = NULL;
    bool is_good = pebble_request(client, &options, &response, error);
    pebble_response_destroy(response);
    return is_good;
}

// --- services and changes ---

static bool get_services(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_services *services = NULL;
    bool is_good = pebble_get_services(client, NULL, 0, &services, error);
    pebble_services_destroy(services);
    return is_good;
}

static bool start_service(struct pebble_client *client, struct pebble_error *error) {
    const struct pebble_wait_options options = {.size = sizeof options, .timeout_ms = 10000};
    struct pebble_change *change = NULL;
    char *id = NULL;
    bool is_good = pebble_control_services(client, "start", web, 1, &id, error) &&
                   pebble_wait_change(client, id, &options, &change, error);
    pebble_change_destroy(change);
    pebble_free(id);
    return is_good;
}

static bool send_signal(struct pebble_client *client, struct pebble_error *error) {
    return pebble_send_signal(client, "SIGCONT", web, 1, error);
}

static bool get_changes(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_changes *changes = NULL;
    bool is_good = pebble_get_changes(client, NULL, NULL, &changes, error);
    pebble_changes_destroy(changes);
    return is_good;
}

// --- checks ---

static bool use_checks(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_checks *checks = NULL;
    struct pebble_changed_checks *changed = NULL;
    struct pebble_check_refresh *refresh = NULL;
    bool is_good = pebble_get_checks(client, NULL, NULL, 0, &checks, error) &&
                   pebble_control_checks(client, "start", ping, 1, &changed, error) &&
                   pebble_refresh_check(client, ping[0], &refresh, error);
    pebble_checks_destroy(checks);
    pebble_changed_checks_destroy(changed);
    pebble_check_refresh_destroy(refresh);
    return is_good;
}

// --- notices ---

static bool notify(struct pebble_client *client, struct pebble_error *error) {
    static const char *const names[] = {"a"};
    const struct pebble_notify_options options = {
        .size = sizeof options, .key = "a.test/torture", .names = names, .values = names, .data_count = 1};
    struct pebble_notice *notice = NULL;
    char *id = NULL;
    bool is_good = pebble_notify(client, &options, &id, error) && pebble_get_notice(client, id, &notice, error);
    pebble_notice_destroy(notice);
    pebble_free(id);
    return is_good;
}

static bool get_notices(struct pebble_client *client, struct pebble_error *error) {
    static const char *const types[] = {"custom"};
    const struct pebble_notice_options options = {
        .size = sizeof options, .types = types, .type_count = 1, .keys = types, .key_count = 1, .users = "all"};
    struct pebble_notices *notices = NULL;
    bool is_good = pebble_get_notices(client, &options, &notices, error);
    pebble_notices_destroy(notices);
    return is_good;
}

// The first one is the boot of the daemon.
static bool wait_events(struct pebble_client *client, struct pebble_error *error) {
    const struct pebble_events_options options = {.size = sizeof options, .retry_min_ms = 1, .retry_max_ms = 1};
    struct pebble_events *events = NULL;
    const struct pebble_event *event = NULL;
    if (!pebble_events_create(client, &options, &events, error))
        return false;
    bool is_good = pebble_events_wait(events, 5000, &event, error) && pebble_events_wait(events, 0, &event, error);
    pebble_events_destroy(events);
    return is_good;
}

// --- plan ---

static bool get_plan(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_plan *plan = NULL;
    struct pebble_log_targets *targets = NULL;
    bool is_good = pebble_get_plan(client, &plan, error) && pebble_get_log_targets(client, &targets, error);
    pebble_plan_destroy(plan);
    pebble_log_targets_destroy(targets);
    return is_good;
}

static bool add_layer(struct pebble_client *client, struct pebble_error *error) {
    static const char *const words[] = {"sh", "-c", "sleep 1000 # it's"};
    struct pebble_layer *layer = pebble_layer_create();
    const struct pebble_layer_options options = {
        .size = sizeof options, .label = "torture", .layer = layer, .flags = PEBBLE_LAYER_COMBINE};
    pebble_layer_set_service_command_words(layer, "other", words, COUNT(words));
    pebble_layer_set_service_environment(layer, "other", "A", "b");
    bool is_good = pebble_add_layer(client, &options, error);
    pebble_layer_destroy(layer);
    return is_good;
}

// --- logs ---

static bool on_log_entry(const struct pebble_log_entry *entry, void *data UNUSED) {
    return pebble_log_entry_message(entry, NULL)[0] != '\0';
}

static bool get_logs(struct pebble_client *client, struct pebble_error *error) {
    const struct pebble_log_options options = {
        .size = sizeof options, .services = web, .service_count = 1, .last = PEBBLE_LOGS_ALL};
    return pebble_get_logs(client, &options, on_log_entry, NULL, error);
}

// --- files, in the working directory ---

#define PATH_BYTES 4096

static const char *path_here(char path[PATH_BYTES], const char *name) {
    char here[PATH_BYTES / 2];
    if (getcwd(here, sizeof here) == NULL)
        return name;
    (void)snprintf(path, PATH_BYTES, "%s/%s", here, name);
    return path;
}

static bool push_and_pull(struct pebble_client *client, struct pebble_error *error) {
    char path[PATH_BYTES];
    const struct pebble_push_options push = {
        .size = sizeof push, .path = path_here(path, "pushed"), .bytes = "abc", .length = 3};
    const struct pebble_pull_options pull = {.size = sizeof pull, .path = path};
    struct pebble_content *content = NULL;
    bool is_good = pebble_push_file(client, &push, error) && pebble_pull_file(client, &pull, &content, error);
    if (is_good)
        is_good = strcmp(pebble_content_bytes(content, NULL), "abc") == 0;
    pebble_content_destroy(content);
    return is_good;
}

// The daemon may still perform a removal whose client has gone: each process has its own directory.
static bool list_and_remove(struct pebble_client *client, struct pebble_error *error) {
    char name[32], path[PATH_BYTES];
    (void)snprintf(name, sizeof name, "made-%d", (int)getpid());
    const struct pebble_directory_options directory = {
        .size = sizeof directory, .path = path_here(path, name), .flags = PEBBLE_DIRECTORY_MAKE_PARENTS};
    struct pebble_files *files = NULL;
    bool is_there = false;
    bool is_good = pebble_make_directory(client, &directory, error) &&
                   pebble_list_files(client, path, NULL, &files, error) &&
                   pebble_is_directory(client, path, &is_there, error) &&
                   pebble_remove_path(client, path, PEBBLE_REMOVE_RECURSIVE, error);
    pebble_files_destroy(files);
    return is_good;
}

static bool copy_trees(struct pebble_client *client, struct pebble_error *error) {
    char remote[PATH_BYTES];
    const char *const local[] = {"tree"};
    const char *const from[] = {path_here(remote, "copied/tree/*")};
    char target[PATH_BYTES];
    const struct pebble_copy_options push = {
        .size = sizeof push, .sources = local, .source_count = 1, .directory = path_here(target, "copied")};
    const struct pebble_copy_options pull = {
        .size = sizeof pull, .sources = from, .source_count = 1, .directory = "pulled"};
    return pebble_push_path(client, &push, error) && pebble_pull_path(client, &pull, error);
}

// --- commands ---

static bool run_command(struct pebble_client *client, struct pebble_error *error) {
    static const char *const words[] = {"cat"};
    const struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 1, .flags = PEBBLE_EXEC_SPLIT_STDERR};
    const struct pebble_exec_io io = {.size = sizeof io, .input = "abc", .input_length = 3};
    struct pebble_exec_result *result = NULL;
    bool is_good = pebble_exec(client, &options, &io, &result, error);
    pebble_exec_result_destroy(result);
    return is_good;
}

static bool fail_command(struct pebble_client *client, struct pebble_error *error) {
    static const char *const words[] = {"false"};
    const struct pebble_exec_options options = {.size = sizeof options, .words = words, .word_count = 1};
    bool is_good = pebble_exec_check(client, &options, NULL, NULL, error);
    if (is_good || error->kind != PEBBLE_ERROR_EXEC)
        return is_good;
    pebble_error_clear(error);
    return true;
}

// --- identities ---

static bool use_identities(struct pebble_client *client, struct pebble_error *error) {
    struct pebble_identities *identities = NULL;
    bool is_good = pebble_modify_identities(client, "replace",
                                            "{\"mary\":{\"access\":\"read\",\"local\":{\"user-id\":9}}}", error) &&
                   pebble_get_identities(client, &identities, error);
    pebble_identities_destroy(identities);
    return is_good;
}

// --- calls that an event loop drives ---

// Until all have ended.
static void drive(struct pebble_call *const *calls, size_t count) {
    for (;;) {
        struct pollfd watched[8];
        size_t running = 0;
        int64_t timeout_ms = 1000;
        for (size_t i = 0; i < count; i++) {
            enum pebble_call_state state = pebble_call_step(calls[i]);
            if (state == PEBBLE_CALL_DONE || state == PEBBLE_CALL_FAILED)
                continue;
            int64_t own_ms = pebble_call_timeout_ms(calls[i]);
            timeout_ms = own_ms >= 0 && own_ms < timeout_ms ? own_ms : timeout_ms;
            watched[running++] =
                (struct pollfd){.fd = pebble_call_fd(calls[i]), .events = pebble_call_poll_events(calls[i])};
        }
        if (running == 0)
            return;
        (void)poll(watched, (nfds_t)running, (int)timeout_ms);
    }
}

static bool take_error(const struct pebble_call *call, struct pebble_error *error) {
    const struct pebble_error *cause = pebble_call_error(call);
    if (cause == NULL)
        return true;
    pebble_error_clear(error);
    error->kind = cause->kind;
    error->message = cause->message != NULL ? strdup(cause->message) : NULL;
    return false;
}

static bool drive_calls(struct pebble_client *client, struct pebble_error *error) {
    static const char *const words[] = {"true"};
    const struct pebble_exec_options exec = {.size = sizeof exec, .words = words, .word_count = 1};
    struct pebble_call *calls[3] = {NULL};
    bool is_good = pebble_call_get_system_info(client, &calls[0], error) &&
                   pebble_call_get_services(client, NULL, 0, &calls[1], error) &&
                   pebble_call_exec(client, &exec, &calls[2], error) && pebble_exec_end_input(calls[2]);
    if (is_good)
        drive(calls, COUNT(calls));
    for (size_t i = 0; i < COUNT(calls); i++) {
        is_good = is_good && take_error(calls[i], error);
        pebble_call_destroy(calls[i]);
    }
    return is_good;
}

const struct torture_part torture_parts[] = {
    {"system-info", get_system_info},
    {"health", get_health},
    {"metrics", get_metrics},
    {"request", request},
    {"services", get_services},
    {"start", start_service},
    {"signal", send_signal},
    {"changes", get_changes},
    {"checks", use_checks},
    {"notify", notify},
    {"notices", get_notices},
    {"events", wait_events},
    {"plan", get_plan},
    {"add-layer", add_layer},
    {"logs", get_logs},
    {"push-pull", push_and_pull},
    {"list-remove", list_and_remove},
    {"trees", copy_trees},
    {"exec", run_command},
    {"exec-check", fail_command},
    {"identities", use_identities},
    {"driven", drive_calls},
    {"charm", torture_charm},
    {"test-daemon", torture_test_daemon},
};
const unsigned torture_part_count = COUNT(torture_parts);
