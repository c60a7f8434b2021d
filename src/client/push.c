// SPDX-License-Identifier: LGPL-3.0-or-later
// Writing a file: multipart/form-data with the part "request", which describes the file, and the part "files", its
// content, which is read while it is sent. Declared in pebble.h.
#include "client/push_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "client/options_internal.h"
#include "wire/multipart.h"

#define BOUNDARY_SIZE 33 // the daemon refuses boundaries of less than 32 characters

struct push_call {
    struct pebble_call call;
    struct client_fetch fetch;
    struct client_source source;
    pebble_transferred_fn on_transferred;
    void *data;
    uint64_t reported; // bytes of the content
};

static struct push_call *push_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct push_call, call);
}

// --- the steps ---

static bool take_response(const struct client_response *response, struct pebble_error *error) {
    return client_response_check(response, CLIENT_RESPONSE_SYNC, "POST", "/v1/files", error) &&
           client_path_result_check(response, error);
}

static bool report(struct push_call *push, struct pebble_error *error) {
    uint64_t done = push->source.done;
    if (push->on_transferred == NULL || done == push->reported)
        return true;
    push->reported = done;
    return push->on_transferred(done, push->data) || client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
}

static enum pebble_call_state push_step(struct pebble_call *call, struct pebble_error *error) {
    struct push_call *push = push_of(call);
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    enum client_progress progress = client_fetch_step(&push->fetch, &response, error);
    if (push->source.error.kind != PEBBLE_ERROR_NONE) {
        client_fail_move(error, &push->source.error);
        return PEBBLE_CALL_FAILED;
    }
    if (progress == CLIENT_FAILED || !report(push, error))
        return PEBBLE_CALL_FAILED;
    if (progress == CLIENT_WAITING)
        return PEBBLE_CALL_RUNNING;
    return take_response(&response, error) ? PEBBLE_CALL_DONE : PEBBLE_CALL_FAILED;
}

static bool push_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    return client_transfer_watch(&push_of(call)->fetch.transfer, wants, err);
}

static void push_finish(struct pebble_call *call) {
    client_fetch_finish(&push_of(call)->fetch);
    client_source_finish(&push_of(call)->source);
}

static const struct client_call_type push_call_type = {
    .size = sizeof(struct push_call), .step = push_step, .watch = push_watch, .finish = push_finish};

// --- the request ---

// One that no content holds. Early at boot there may be no randomness yet.
static void choose_boundary(char boundary[BOUNDARY_SIZE]) {
    uint64_t numbers[2];
    if (getrandom(numbers, sizeof numbers, GRND_NONBLOCK) != (ssize_t)sizeof numbers) {
        numbers[0] = (uint64_t)clock_monotonic_ns();
        numbers[1] = (uint64_t)clock_wall_ns() ^ (uint64_t)getpid() << 32;
    }
    (void)snprintf(boundary, BOUNDARY_SIZE, "%016" PRIx64 "%016" PRIx64, numbers[0], numbers[1]);
}

static void write_form(const struct client_file_spec *spec, const char *boundary, struct client_source *source) {
    struct json_writer writer;
    const struct multipart_part request = {.name = "request", .content_type = "application/json", .is_first = true};
    multipart_add_head(&source->before, boundary, &request);
    json_writer_init(&writer, &source->before, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", "write");
    json_writer_key(&writer, "files");
    json_writer_begin_array(&writer);
    client_file_spec_write(spec, "make-dirs", &writer);
    json_writer_end_array(&writer);
    json_writer_end_object(&writer);
    const struct multipart_part file = {
        .name = "files", .filename = spec->path, .content_type = "application/octet-stream"};
    multipart_add_head(&source->before, boundary, &file);
    multipart_add_end(&source->after, boundary);
    client_source_measure(source);
}

bool client_call_push(struct pebble_client *client, const struct client_file_spec *spec,
                      const struct client_content *content, struct pebble_call **call, struct pebble_error *error) {
    char boundary[BOUNDARY_SIZE];
    if (!client_file_spec_check(spec, error))
        return false;
    AUTO_CALL struct pebble_call *created = client_call_create(&push_call_type, client, error);
    if (created == NULL)
        return false;
    struct push_call *push = push_of(created);
    choose_boundary(boundary);
    AUTO_FREE char *type = memory_printf("multipart/form-data; boundary=%s", boundary);
    client_source_init(&push->source, content);
    write_form(spec, boundary, &push->source);
    const struct client_request request = {
        .method = "POST", .target = "/v1/files", .source = &push->source, .source_type = type};
    const struct client_transfer_limits limits = client_transfer_limits_of(client);
    if (!client_fetch_init(&push->fetch, client, &request, &limits, error))
        return false;
    *call = TAKE(created);
    return true;
}

static bool check_options(const struct pebble_push_options *options, struct pebble_error *error) {
    int contents =
        (options->bytes != NULL ? 1 : 0) + (options->fd != NULL ? 1 : 0) + (options->on_read != NULL ? 1 : 0);
    if (options->path == NULL)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: no path");
    if (contents > 1)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: more than one content");
    if (options->bytes == NULL && options->length > 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: a length without bytes");
    return client_options_check_fd(options->fd, error) &&
           client_options_check_flags(options->flags, PEBBLE_PUSH_MAKE_DIRECTORIES, error);
}

bool pebble_call_push_file(struct pebble_client *client, const struct pebble_push_options *options,
                           struct pebble_call **call, struct pebble_error *error) {
    struct pebble_push_options own;
    char permissions[CLIENT_PERMISSIONS_SIZE];
    if (!client_options_read(&own, sizeof own, options, error) || !check_options(&own, error))
        return false;
    const struct client_file_spec spec = {
        .path = own.path,
        .makes_parents = (own.flags & PEBBLE_PUSH_MAKE_DIRECTORIES) != 0,
        .permissions = client_permissions_text(own.permissions, permissions),
        .user_id = own.user_id,
        .user = own.user,
        .group_id = own.group_id,
        .group = own.group,
    };
    const struct client_content content = {
        .bytes = own.bytes, .length = own.length, .fd = own.fd, .on_read = own.on_read, .data = own.data};
    if (!client_call_push(client, &spec, &content, call, error))
        return false;
    push_of(*call)->on_transferred = own.on_transferred;
    push_of(*call)->data = own.data;
    return true;
}

bool pebble_push_file(struct pebble_client *client, const struct pebble_push_options *options,
                      struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_push_file(client, options, &call, error) && client_run(call, NULL, NULL, error);
}
