// SPDX-License-Identifier: GPL-3.0-or-later
// The API on a real server and socket. The client is in the same thread and runs the loop while it waits.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "api/body_internal.h"
#include "base/log.h"
#include "base/memory.h"
#include "checks/check_manager.h"
#include "net/listen.h"
#include "services/service_job.h"
#include "state/change.h"
#include "state/notice.h"
#include "state/task.h"

struct fixture {
    char folder[32];
    char path[64];
    struct loop *loop;
    struct reaper *reaper;
    struct job_context *jobs;
    struct descriptor_budget *descriptors;
    struct state *state;
    struct runner *runner;
    struct checkpoint *checkpoint;
    struct log_store *logs;
    struct file_manager *files;
    struct plan_store *plans;
    struct plan_updater *updater;
    struct service_manager *services;
    struct check_manager *checks;
    struct exec_manager *execs;
    struct forward_manager *forwards;
    const char *probe_outcome; // "pass", "hang", or the message of the failure
    int probes_cancelled;
    struct identity_store *identities;
    struct authenticator *authenticator;
    struct pairing *pairing;
    struct api *api;
    struct http_server *server;
    struct buffer log;
};

// --- probes of checks ---

struct probe {
    struct fixture *fixture;
    struct deferred end;
    probe_done_fn on_done;
    void *data;
};

static inline void fake_probe_end(struct deferred *end) {
    struct probe *probe = CONTAINER_OF(end, struct probe, end);
    const struct probe_failure failure = {.message = probe->fixture->probe_outcome, .details = "more"};
    probe_done_fn on_done = probe->on_done;
    void *data = probe->data;
    bool has_passed = text_equal(failure.message, "pass");
    free(probe);
    on_done(has_passed ? NULL : &failure, data);
}

static inline bool fake_probe_start(const struct check_prober *prober, const struct probe_spec *spec UNUSED,
                                    probe_done_fn on_done, void *data, struct probe **out, struct error *err UNUSED) {
    struct probe *probe = memory_new(sizeof *probe);
    *probe = (struct probe){.fixture = prober->data, .on_done = on_done, .data = data};
    if (!text_equal(probe->fixture->probe_outcome, "hang"))
        loop_defer(probe->fixture->loop, &probe->end, fake_probe_end);
    *out = probe;
    return true;
}

static inline void fake_probe_cancel(struct probe *probe) {
    if (probe == NULL)
        return;
    probe->fixture->probes_cancelled++;
    loop_defer_cancel(probe->fixture->loop, &probe->end);
    free(probe);
}

// --- the fixture ---

// Adds identities, given as a JSON object.
static inline void fixture_add_identities(struct fixture *fixture, const char *json) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    assert_true(json_read(json, strlen(json), &value, NULL));
    if (!identity_set_read(value, &set, &err) || !identity_set_check(&set, &err) ||
        !identity_store_apply(fixture->identities, IDENTITY_ADD, &set, "me", &err))
        fail_msg("identities: %s", error_text(&err));
}

static inline void fixture_log(void *data, const char *line, size_t length) {
    buffer_add(&((struct fixture *)data)->log, line, length);
}

static inline void fixture_create_services(struct fixture *fixture) {
    struct service_manager_spec services = {
        .loop = fixture->loop,
        .launcher = service_job_launcher(fixture->jobs),
        .state = fixture->state,
        .runner = fixture->runner,
        .logs = fixture->logs,
    };
    fixture->services = service_manager_create(&services);
    service_manager_set_plan(fixture->services, plan_store_current(fixture->plans));
}

static inline void fixture_create_api(struct fixture *fixture) {
    struct api_spec spec = {
        .loop = fixture->loop,
        .files = fixture->files,
        .plans = fixture->plans,
        .updater = fixture->updater,
        .services = fixture->services,
        .checks = fixture->checks,
        .execs = fixture->execs,
        .forwards = fixture->forwards,
        .state = fixture->state,
        .checkpoint = fixture->checkpoint,
        .logs = fixture->logs,
        .identities = fixture->identities,
        .authenticator = fixture->authenticator,
        .pairing = fixture->pairing,
        .version = "v9",
        .boot_id = "boot",
    };
    fixture->api = api_create(&spec);
    struct http_server_hooks hooks = api_hooks(fixture->api);
    fixture->server = http_server_create(fixture->loop, fixture->descriptors, &hooks);
    int fd = -1;
    assert_true(listen_unix(fixture->path, &fd, NULL));
    assert_true(http_server_listen(fixture->server, fd, HTTP_OVER_UNIX, NULL));
}

static inline void fixture_begin(struct fixture *fixture) {
    *fixture = (struct fixture){.folder = "/tmp/test-api-XXXXXX"};
    buffer_init(&fixture->log, BUFFER_NO_LIMIT);
    log_set_sink(fixture_log, fixture);
    (void)signal(SIGPIPE, SIG_IGN); // as the daemon does
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/socket", fixture->folder);
    assert_true(loop_create(&fixture->loop, NULL));
    assert_true(reaper_create(fixture->loop, &fixture->reaper, NULL));
    fixture->descriptors = descriptor_budget_create(1024);
    fixture->files = file_manager_create(fixture->loop, fixture->descriptors);
    fixture->jobs =
        job_context_create(&(const struct job_context_spec){.loop = fixture->loop, .reaper = fixture->reaper});
    fixture->state = state_create();
    fixture->runner = runner_create(fixture->loop, fixture->state);
    fixture->checkpoint = checkpoint_create(fixture->loop, fixture->state, NULL);
    fixture->logs = log_store_create();
    // Without a connector and a client, for targets whose location cannot be used.
    fixture->forwards = forward_manager_create(
        &(const struct forward_spec){.loop = fixture->loop, .logs = fixture->logs, .user_agent = "x"});
    fixture->plans = plan_store_create("/no/such/folder");
    assert_true(plan_store_load(fixture->plans, NULL));
    fixture->updater = plan_updater_create(fixture->loop, fixture->plans);
    fixture_create_services(fixture);
    fixture->probe_outcome = "pass";
    fixture->checks = check_manager_create(&(const struct check_manager_spec){
        .loop = fixture->loop,
        .state = fixture->state,
        .runner = fixture->runner,
        .prober = {.start = fake_probe_start, .cancel = fake_probe_cancel, .data = fixture},
    });
    check_manager_set_plan(fixture->checks, plan_store_current(fixture->plans));
    fixture->execs = exec_manager_create(&(const struct exec_manager_spec){
        .loop = fixture->loop,
        .state = fixture->state,
        .runner = fixture->runner,
        .context = fixture->jobs,
        .jobs = &exec_jobs,
        .descriptors = fixture->descriptors,
    });
    assert_true(identity_store_create(fixture->state, &fixture->identities, NULL));
    fixture->authenticator = authenticator_create(fixture->loop, fixture->identities, NULL);
    fixture->pairing = pairing_create(fixture->loop, fixture->state, fixture->identities);
    fixture_create_api(fixture);
}

static inline void fixture_end(struct fixture *fixture) {
    http_server_destroy(fixture->server);
    exec_manager_destroy(fixture->execs);
    check_manager_destroy(fixture->checks);
    service_manager_destroy(fixture->services);
    runner_destroy(fixture->runner);
    checkpoint_destroy(fixture->checkpoint);
    plan_updater_destroy(fixture->updater);
    api_destroy(fixture->api);
    assert_true(file_manager_destroy(fixture->files));
    authenticator_destroy(fixture->authenticator);
    pairing_destroy(fixture->pairing);
    plan_store_destroy(fixture->plans);
    identity_store_destroy(fixture->identities);
    state_destroy(fixture->state);
    forward_manager_destroy(fixture->forwards);
    log_store_destroy(fixture->logs);
    assert_true(job_context_destroy(fixture->jobs));
    descriptor_budget_destroy(fixture->descriptors);
    reaper_destroy(fixture->reaper);
    loop_destroy(fixture->loop);
    (void)unlink(fixture->path);
    assert_int_equal(rmdir(fixture->folder), 0);
    log_set_sink(NULL, NULL);
    buffer_finish(&fixture->log);
}

// Adds a layer and makes it the live plan, as the daemon's wiring does.
static inline void fixture_add_layer(struct fixture *fixture, const char *yaml) {
    struct layer *layer = NULL;
    AUTO_ERROR struct error err = {0};
    if (!layer_parse(0, "base", yaml, strlen(yaml), &layer, &err) ||
        !plan_store_add(fixture->plans, layer, (struct plan_placement){.combine = true}, &err))
        fail_msg("layer: %s", error_text(&err));
    service_manager_set_plan(fixture->services, plan_store_current(fixture->plans));
    check_manager_set_plan(fixture->checks, plan_store_current(fixture->plans));
    forward_manager_set_plan(fixture->forwards, plan_store_current(fixture->plans));
    pairing_set_mode(fixture->pairing, plan_store_current(fixture->plans)->content.pairing);
}

static inline int fixture_connect(const struct fixture *fixture) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, fixture->path, strlen(fixture->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

// `headers`: lines, each with its end.
static inline void fixture_send_with(int fd, const char *request, const char *headers, const char *body) {
    AUTO_FREE char *text =
        memory_printf("%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", request,
                      headers, strlen(body), body);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void fixture_send(int fd, const char *method, const char *path, const char *body) {
    AUTO_FREE char *request = memory_printf("%s %s", method, path);
    fixture_send_with(fd, request, "", body);
}

// Reads until the server closes the connection. Returns the whole response, owned.
static inline char *fixture_receive(struct fixture *fixture, int fd) {
    struct buffer response = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int turns = 0; turns < 2000000; turns++) {
        char block[4096];
        ssize_t count = recv(fd, block, sizeof block, 0);
        if (count > 0)
            buffer_add(&response, block, (size_t)count);
        else if (count == 0)
            break;
        else
            uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
    }
    (void)close(fd);
    loop_run_pending(fixture->loop);
    return buffer_take(&response);
}

static inline char *fixture_ask(struct fixture *fixture, const char *method, const char *path, const char *body) {
    int fd = fixture_connect(fixture);
    fixture_send(fd, method, path, body);
    return fixture_receive(fixture, fd);
}

// Sends a request and checks the status and a part of the text of the response.
static inline void assert_response(struct fixture *fixture, const char *request, const char *body, int status,
                                   const char *piece) {
    AUTO_FREE char *copy = memory_string(request);
    char *path = strchr(copy, ' ');
    *path++ = '\0';
    AUTO_FREE char *response = fixture_ask(fixture, copy, path, body);
    int got = 0;
    (void)sscanf(response, "HTTP/1.1 %d", &got);
    if (got != status || strstr(response, piece) == NULL)
        fail_msg("%s %s: want %d and %s, got\n%s", request, body, status, piece, response);
}
