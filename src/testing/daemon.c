// SPDX-License-Identifier: LGPL-3.0-or-later
// Creation, accessors and the end of a daemon. Declared in pebble-test.h.
#include "pebble-test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "testing/control_internal.h"
#include "testing/handle_internal.h"
#include "testing/launch_internal.h"
#include "testing/lifecycle_internal.h"
#include "testing/root_plan_internal.h"

#define LOG_LIMIT_BYTES ((size_t)16777216)
#define NAME_TRIES 100
#define MIN_CLEANUP_NS (30 * NS_PER_S)

// A machine under load is not a reason to leave anything behind.
static int64_t cleanup_deadline_ns(const struct pebble_test_daemon *daemon) {
    int64_t least_ns = clock_deadline_ns(MIN_CLEANUP_NS);
    return daemon->deadline_ns > least_ns ? daemon->deadline_ns : least_ns;
}

// --- creation ---

static bool await_keeper(struct pebble_test_daemon *daemon, bool *is_rooted, struct pebble_error *error) {
    struct testing_message message;
    if (!testing_guardian_receive(&daemon->guardian, daemon->deadline_ns, &message, error))
        return false;
    *is_rooted = message.kind == TESTING_MESSAGE_READY;
    if (!*is_rooted) {
        free(daemon->root_problem);
        daemon->root_problem = memory_string(message.text);
    }
    return true;
}

static void fill_launch(struct testing_launch *launch, const struct pebble_test_daemon *daemon,
                        const struct testing_root *root) {
    const struct testing_place *place = &daemon->place;
    *launch = (struct testing_launch){.parent_fd = place->parent_fd,
                                      .name = place->name,
                                      .program = daemon->options.program,
                                      .working_directory = place->daemon_directory,
                                      .log_fd = place->log_fd,
                                      .null_fd = place->null_fd,
                                      .boot_id_fd = root != NULL ? place->boot_id_fd : -1,
                                      .root = root};
}

static bool start_guardian(struct pebble_test_daemon *daemon, const struct testing_root *root,
                           struct pebble_error *error) {
    const struct pebble_test_options *given = &daemon->options.given;
    AUTO_TEXT_LIST struct text_list arguments = {0}, environment = {0};
    struct testing_launch launch;
    text_list_add(&arguments, daemon->options.program);
    text_list_add(&arguments, "run");
    for (size_t i = 0; i < given->argument_count; i++)
        text_list_add(&arguments, given->arguments[i]);
    testing_options_environment(&daemon->options, daemon->place.daemon_directory, daemon->place.daemon_socket,
                                &environment);
    fill_launch(&launch, daemon, root);
    launch.arguments = arguments.items;
    launch.environment = environment.items;
    return testing_guardian_start(&daemon->guardian, &launch, error);
}

// A guardian for the time until there is one that has what it needs to start the daemon. It creates the directory.
static bool start_first_guardian(struct pebble_test_daemon *daemon, struct testing_guardian *guardian, int *errnum,
                                 struct pebble_error *error) {
    struct testing_launch launch;
    testing_place_finish(&daemon->place);
    if (!testing_place_create(&daemon->place, error))
        return false;
    fill_launch(&launch, daemon, NULL);
    launch.program = NULL;
    if (!testing_guardian_start(guardian, &launch, error))
        return false;
    if (testing_guardian_await_directory(guardian, daemon->deadline_ns, errnum, error) && *errnum == 0)
        return true;
    testing_guardian_stop(guardian, cleanup_deadline_ns(daemon));
    return *errnum != 0 && testing_place_fail(error, daemon->place.directory, *errnum);
}

static bool make_directory(struct pebble_test_daemon *daemon, struct testing_guardian *guardian,
                           struct pebble_error *error) {
    for (int tries = 0; tries < NAME_TRIES; tries++) {
        int errnum = 0;
        testing_guardian_init(guardian);
        if (start_first_guardian(daemon, guardian, &errnum, error))
            return true;
        if (errnum != EEXIST)
            return false;
    }
    return false;
}

static bool fill_place(struct pebble_test_daemon *daemon, bool wants_root, struct testing_root **root,
                       struct pebble_error *error) {
    if (!testing_place_fill(&daemon->place, &daemon->options, error))
        return false;
    if (wants_root)
        *root = testing_root_create(daemon->place.directory, daemon->place.daemon_directory, error);
    return !wants_root || *root != NULL;
}

// *is_rooted: whether the daemon has the root that was wanted; if not, root_problem says why.
static bool start_processes(struct pebble_test_daemon *daemon, bool wants_root, bool *is_rooted,
                            struct pebble_error *error) {
    struct testing_root *root = NULL;
    struct testing_guardian first;
    if (!make_directory(daemon, &first, error))
        return false;
    bool is_good = fill_place(daemon, wants_root, &root, error) && start_guardian(daemon, root, error);
    if (is_good)
        testing_guardian_dismiss(&first, cleanup_deadline_ns(daemon));
    else
        testing_guardian_stop(&first, cleanup_deadline_ns(daemon)); // removes the directory
    is_good = is_good && await_keeper(daemon, is_rooted, error);
    testing_root_destroy(root);
    return is_good;
}

static void stop_processes(struct pebble_test_daemon *daemon) {
    testing_guardian_stop(&daemon->guardian, cleanup_deadline_ns(daemon));
    testing_place_finish(&daemon->place);
}

static bool make_processes(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    uint64_t flags = daemon->options.given.flags;
    bool wants_root = (flags & PEBBLE_TEST_OWN_ROOT) != 0, is_rooted = false;
    if (!start_processes(daemon, wants_root, &is_rooted, error))
        return false;
    if (wants_root && is_rooted)
        daemon->root_path = path_join(daemon->place.directory, TESTING_ROOT_NAME);
    if (is_rooted)
        return true;
    if ((flags & PEBBLE_TEST_OWN_ROOT_OPTIONAL) == 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot give the daemon a root directory of its own: %s",
                           daemon->root_problem);
    stop_processes(daemon);
    return start_processes(daemon, false, &is_rooted, error);
}

static bool make_relay(struct pebble_test_daemon *daemon, struct pebble_error *error) {
    const struct testing_place *place = &daemon->place;
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = place->client_socket, .timeout_ms = daemon->options.given.timeout_ms};
    daemon->relay = testing_relay_create(place->client_socket, place->daemon_socket, daemon->records, error);
    return daemon->relay != NULL && pebble_client_create(&options, &daemon->client, error);
}

bool pebble_test_create(const struct pebble_test_options *options, struct pebble_test_daemon **daemon,
                        struct pebble_error *error) {
    struct testing_options own;
    if (!testing_options_read(&own, options, error))
        return false;
    struct pebble_test_daemon *created = memory_new(sizeof *created);
    created->options = own;
    created->is_reachable = true;
    testing_control_begin(created);
    created->records = testing_records_create();
    testing_place_init(&created->place);
    testing_guardian_init(&created->guardian);
    if (make_processes(created, error) && make_relay(created, error) && testing_daemon_launch(created, error)) {
        *daemon = created;
        return true;
    }
    pebble_test_destroy(created);
    return false;
}

static void release_checks(struct pebble_test_daemon *daemon) {
    for (size_t i = 0; i < daemon->check_count; i++) {
        free(daemon->checks[i].name);
        free(daemon->checks[i].level);
    }
    free(daemon->checks);
    testing_responder_destroy(daemon->responder);
}

void pebble_test_destroy(struct pebble_test_daemon *daemon) {
    if (daemon == NULL)
        return;
    testing_control_begin(daemon);
    pebble_client_destroy(daemon->client);
    testing_relay_destroy(daemon->relay);
    stop_processes(daemon);
    release_checks(daemon);
    testing_records_destroy(daemon->records);
    testing_options_finish(&daemon->options);
    free(daemon->root_path);
    free(daemon->root_problem);
    free(daemon);
}

// --- accessors ---

const char *pebble_test_directory(const struct pebble_test_daemon *daemon) {
    return daemon->place.directory;
}

const char *pebble_test_socket_path(const struct pebble_test_daemon *daemon) {
    return daemon->place.client_socket;
}

struct pebble_client *pebble_test_client(struct pebble_test_daemon *daemon) {
    return daemon->client;
}

char *pebble_test_log(const struct pebble_test_daemon *daemon) {
    return testing_place_read_log(&daemon->place, LOG_LIMIT_BYTES);
}

const char *pebble_test_root_path(const struct pebble_test_daemon *daemon) {
    return daemon->root_path;
}

const char *pebble_test_root_problem(const struct pebble_test_daemon *daemon) {
    return daemon->root_problem;
}

size_t pebble_test_request_count(const struct pebble_test_daemon *daemon) {
    return testing_records_count(daemon->records);
}

size_t pebble_test_missed_request_count(const struct pebble_test_daemon *daemon) {
    return testing_records_missed(daemon->records);
}

struct pebble_test_request *pebble_test_request_at(const struct pebble_test_daemon *daemon, size_t index) {
    return testing_records_at(daemon->records, index);
}

struct pebble_test_request *pebble_test_find_request(const struct pebble_test_daemon *daemon, const char *method,
                                                     const char *path_prefix, size_t *index) {
    return testing_records_find(daemon->records, method, path_prefix, index);
}

void pebble_test_clear_requests(struct pebble_test_daemon *daemon) {
    testing_records_clear(daemon->records);
}
