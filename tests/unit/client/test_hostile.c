// SPDX-License-Identifier: GPL-3.0-or-later
// Every call of libpebble with a daemon that misbehaves in every way of hostile_fault.h, in every response that the
// call asks for. A call has to end, with the right kind of error; nothing is left of it, and its client works.
// tests/integration/test_hostile.py does so with responses of the real daemon.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile_call.h"
#include "hostile_daemon.h"
#include "tree_fixture.h"

#define HANG_S 60
#define SHORT_MS 10
#define DESCRIPTORS_MAX 64    // more than a call has
#define COMMAND_DESCRIPTORS 4 // without those for the end of a command, which are tried for ten seconds
#define LAST_TRIES 1000
#define SKIPPED 77

#define CONNECTION HOSTILE_ENDS(PEBBLE_ERROR_CONNECTION)
#define TIMEOUT HOSTILE_ENDS(PEBBLE_ERROR_TIMEOUT)
#define FILE_FAILS HOSTILE_ENDS(PEBBLE_ERROR_FILE)

struct hostile_test {
    char *path;
    struct hostile_daemon *daemon;
    struct tree tree;
    unsigned runs;
    unsigned faults;
};
static struct hostile_test test;

enum form { BLOCKING, DRIVEN, FORM_COUNT };
static const char *const form_names[] = {[BLOCKING] = "blocking", [DRIVEN] = "driven"};

// A run, and how it has ended.
struct run {
    const struct hostile_call *call;
    enum form form;
    struct hostile_order order;
    int64_t timeout_ms;
    rlim_t descriptors; // how many more the call may open; 0: no limit
    struct pebble_error error;
    struct hostile_report report;
};

// For the report of a run that hangs.
static char run_name[400];

static void on_run_hung(int number UNUSED) {
    (void)!write(STDERR_FILENO, run_name, strlen(run_name));
    (void)!write(STDERR_FILENO, " hangs\n", 7);
    _exit(1);
}

static void name_run(const struct run *run) {
    const char *route = run->order.route < hostile_route_count ? hostile_routes[run->order.route].request : "";
    const char *fault = run->order.fault < hostile_fault_count ? hostile_faults[run->order.fault].name : "";
    (void)snprintf(run_name, sizeof run_name, "%s (%s), %s, %s %u, door %d, descriptors %lu", run->call->name,
                   form_names[run->form], route, fault, run->order.number, (int)run->order.door,
                   (unsigned long)run->descriptors);
}

// The others are run, too.
static void report_fault(const struct run *run, const char *what) {
    print_error("%s: %s: %s; error %d: %s\n", run_name, run->report.what, what, (int)run->error.kind,
                run->error.message != NULL ? run->error.message : "");
    test.faults++;
}

static void assert_no_faults(void) {
    unsigned faults = test.faults;
    test.faults = 0;
    assert_int_equal(faults, 0);
}

// --- a run ---

static unsigned count_descriptors(void) {
    unsigned count = 0;
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void limit_descriptors(rlim_t more) {
    struct rlimit limit;
    int next = dup(0);
    close(next);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = more > 0 ? (rlim_t)next + more - 1 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static bool make_call(struct run *run, struct hostile_run *state) {
    if (run->form == BLOCKING)
        return run->call->run(state, &run->error);
    struct pebble_call *call = (void *)state;
    if (!run->call->begin(state, &call, &run->error)) {
        state->is_touched = call != (void *)state;
        return false;
    }
    bool is_good = hostile_drive(state, call, &run->error);
    pebble_call_destroy(call);
    return is_good;
}

// The time limit of the client may be over before a daemon that is well has responded.
static void check_client(const struct run *run, struct pebble_client *client) {
    const struct pebble_request_options options = {
        .size = sizeof options, .method = "GET", .path_and_query = "/v1/last"};
    struct pebble_error error = {0};
    struct pebble_response *response = NULL;
    int tries = 0;
    while (!pebble_request(client, &options, &response, &error)) {
        if (error.kind == PEBBLE_ERROR_TIMEOUT && ++tries < LAST_TRIES)
            continue;
        report_fault(run, error.message);
        break;
    }
    pebble_error_clear(&error);
    pebble_response_destroy(response);
}

static bool is_file(const char *path) {
    return access(path, F_OK) == 0;
}

static int on_entry_found(const char *path UNUSED, const struct stat *status UNUSED, int flag,
                          struct FTW *walk UNUSED) {
    return flag == FTW_F;
}

// There are only directories.
static void assert_no_file(const struct run *run) {
    AUTO_FREE char *to = tree_path(&test.tree, "to");
    if (is_file(to) && nftw(to, on_entry_found, 8, FTW_PHYS) != 0)
        report_fault(run, "there is a file");
}

static void remove_target(void) {
    AUTO_FREE char *path = tree_path(&test.tree, "to");
    if (is_file(path))
        assert_int_equal(nftw(path, on_tree_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

// The message names the request, or what else could not be done.
static bool is_described(const struct pebble_error *error) {
    static const char *const subjects[] = {"http://localhost/v1/", "change 3", "output of command", "create call",
                                           "cannot read log line: "};
    const char *message = error->message;
    bool is_named = error->kind != PEBBLE_ERROR_CONNECTION && error->kind != PEBBLE_ERROR_TIMEOUT;
    if (message == NULL || strlen(message) <= 10 || strstr(message, "(null)") != NULL)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++)
        is_named = is_named || strstr(message, subjects[i]) != NULL;
    return is_named;
}

static void check_failure(const struct run *run, const struct hostile_run *state) {
    if (!is_described(&run->error))
        report_fault(run, "the message says nothing");
    if (state->is_touched)
        report_fault(run, "an output was written");
    assert_no_file(run);
}

// Returns how the call has ended, as hostile_spoiled.ends.
static unsigned make_run(struct run *run) {
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = test.path, .timeout_ms = run->timeout_ms};
    struct hostile_run state = {.timeout_ms = run->timeout_ms, .directory = test.tree.path};
    const struct hostile_order good = {.route = hostile_route_count};
    name_run(run);
    (void)alarm(HANG_S);
    test.runs++;
    run->order.call_flags = run->call->flags;
    hostile_daemon_order(test.daemon, &run->order);
    unsigned descriptors = count_descriptors();
    assert_true(pebble_client_create(&options, &state.client, NULL));
    limit_descriptors(run->descriptors);
    bool is_good = make_call(run, &state);
    limit_descriptors(0);
    hostile_daemon_report(test.daemon, &run->report);
    if (run->order.door == HOSTILE_MISSING || run->order.door == HOSTILE_REFUSED)
        hostile_daemon_order(test.daemon, &good);
    if (!is_good)
        check_failure(run, &state);
    else if (run->error.kind != PEBBLE_ERROR_NONE)
        report_fault(run, "an error without a failure");
    check_client(run, state.client);
    pebble_client_destroy(state.client);
    if (count_descriptors() != descriptors)
        report_fault(run, "descriptors are left open");
    remove_target();
    return is_good ? HOSTILE_SUCCEEDS : HOSTILE_ENDS(run->error.kind);
}

static void expect(struct run *run, unsigned ends) {
    if ((make_run(run) & ends) == 0)
        report_fault(run, "it ends otherwise");
    pebble_error_clear(&run->error);
}

// --- faults in responses ---

// Until its own time is over, a wait tries again.
static unsigned ends_of(const struct run *run, unsigned ends) {
    bool repeats = (run->call->flags & HOSTILE_REPEATS) != 0;
    return repeats && ends == CONNECTION ? TIMEOUT : ends;
}

// The end of a command may take any time.
static bool is_untimed(const struct run *run, const struct hostile_fault *fault) {
    bool is_end = (run->call->flags & HOSTILE_COMMANDS) != 0 && hostile_routes[run->order.route].is_tried_more;
    return (fault->needs_timeout && (run->call->flags & HOSTILE_UNTIMED) != 0) ||
           (is_end && (fault->needs_timeout || strstr(fault->name, "closed") != NULL));
}

// Whether there was something to be spoiled.
static bool spoil(struct run *run) {
    const struct hostile_fault *fault = &hostile_faults[run->order.fault];
    bool repeats = (run->call->flags & HOSTILE_REPEATS) != 0;
    bool has_timeout = fault->needs_timeout || (repeats && strstr(fault->name, "closed") != NULL);
    run->timeout_ms = has_timeout ? SHORT_MS : 0;
    unsigned end = make_run(run);
    // The time may be over before the daemon has the request.
    while (has_timeout && end == TIMEOUT && (run->report.routes & (uint64_t)1 << run->order.route) == 0) {
        run->timeout_ms *= 2;
        pebble_error_clear(&run->error);
        end = make_run(run);
    }
    if (!run->report.is_spoiled) {
        pebble_error_clear(&run->error);
        return false;
    }
    if ((end & ends_of(run, run->report.ends)) == 0)
        report_fault(run, "it ends otherwise");
    pebble_error_clear(&run->error);
    return true;
}

static uint64_t routes_of(const struct hostile_call *call, enum form form) {
    struct run run = {.call = call, .form = form, .order = {.route = hostile_route_count}};
    expect(&run, HOSTILE_SUCCEEDS);
    return run.report.routes;
}

static void spoil_route(const struct hostile_call *call, enum form form, unsigned route) {
    for (unsigned fault = 0; fault < hostile_fault_count; fault++) {
        struct run run = {.call = call, .form = form, .order = {.route = route, .fault = fault}};
        if (is_untimed(&run, &hostile_faults[fault]))
            continue;
        while (spoil(&run))
            run.order.number++;
        assert_int_equal(run.order.number, run.report.count);
    }
}

static void responses_are_spoiled(void **state UNUSED) {
    for (unsigned i = 0; i < hostile_call_count; i++) {
        const struct hostile_call *call = &hostile_calls[i];
        for (enum form form = BLOCKING; form < FORM_COUNT; form++) {
            uint64_t routes = form == DRIVEN && call->begin == NULL ? 0 : routes_of(call, form);
            for (unsigned route = 0; route < hostile_route_count; route++) {
                if ((routes & (uint64_t)1 << route) != 0)
                    spoil_route(call, form, route);
            }
        }
    }
    assert_no_faults();
}

// --- no connection ---

static void for_each_call(void (*check)(const struct hostile_call *call, enum form form)) {
    for (unsigned i = 0; i < hostile_call_count; i++) {
        check(&hostile_calls[i], BLOCKING);
        if (hostile_calls[i].begin != NULL)
            check(&hostile_calls[i], DRIVEN);
    }
}

static void close_doors(const struct hostile_call *call, enum form form) {
    for (enum hostile_door door = HOSTILE_MISSING; door <= HOSTILE_SHUT; door++) {
        struct run run = {.call = call, .form = form, .order = {.door = door, .route = hostile_route_count}};
        run.timeout_ms = (call->flags & HOSTILE_REPEATS) != 0 ? SHORT_MS : 0;
        expect(&run, ends_of(&run, CONNECTION));
    }
}

static void there_is_no_connection(void **state UNUSED) {
    for_each_call(close_doors);
    assert_no_faults();
}

// --- no descriptors ---

static void run_out_of_descriptors(const struct hostile_call *call, enum form form) {
    unsigned end = 0;
    rlim_t last = (call->flags & HOSTILE_COMMANDS) != 0 ? COMMAND_DESCRIPTORS : DESCRIPTORS_MAX;
    for (rlim_t descriptors = 1; end != HOSTILE_SUCCEEDS && descriptors <= last; descriptors++) {
        struct run run = {
            .call = call, .form = form, .order = {.route = hostile_route_count}, .descriptors = descriptors};
        run.timeout_ms = (call->flags & HOSTILE_REPEATS) != 0 ? SHORT_MS : 0;
        end = make_run(&run);
        if ((end & (CONNECTION | TIMEOUT | FILE_FAILS | HOSTILE_SUCCEEDS)) == 0)
            report_fault(&run, "it ends otherwise");
        pebble_error_clear(&run.error);
    }
}

static void there_are_no_descriptors(void **state UNUSED) {
    for_each_call(run_out_of_descriptors);
    assert_no_faults();
}

// --- no room ---

static const struct hostile_call *find_call(const char *name) {
    const struct hostile_call *call = hostile_calls;
    while (strcmp(call->name, name) != 0)
        call++;
    return call;
}

static void a_device_is_full(void **state UNUSED) {
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = test.path};
    const struct pebble_pull_options pull = {.size = sizeof pull, .path = "/f", .fd = &fd};
    struct pebble_client *client = NULL;
    struct pebble_error error = {0};
    hostile_daemon_order(test.daemon, &(struct hostile_order){.route = hostile_route_count});
    assert_true(pebble_client_create(&options, &client, NULL));
    assert_false(pebble_pull_file(client, &pull, NULL, &error));
    assert_string_equal(error.message, "cannot write to target: no space left on device");
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    pebble_error_clear(&error);
    pebble_client_destroy(client);
    close(fd);
}

static void pull_without_room(void) {
    struct run run = {.call = find_call("pull-path"), .order = {.route = hostile_route_count}};
    expect(&run, FILE_FAILS);
}

static void files_have_a_limit(void **state UNUSED) {
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit low = {4, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    pull_without_room();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_no_faults();
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return is_written;
}

// As another user than root with a namespace of users, in which the user is root.
static bool unshare_mounts(void) {
    AUTO_FREE char *users = memory_printf("0 %u 1\n", (unsigned)getuid());
    AUTO_FREE char *groups = memory_printf("0 %u 1\n", (unsigned)getgid());
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
           write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

// A file system of one page, which a file has.
static bool mount_full(const char *path) {
    AUTO_FREE char *file = path_join(path, "full");
    return unshare_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("hostile", path, "tmpfs", 0, "size=4096") == 0 && write_text(file, "x");
}

static void a_file_system_is_full(void **state UNUSED) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (!mount_full(test.tree.path))
            _exit(SKIPPED);
        pull_without_room();
        _exit(test.faults > 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        skip();
    assert_int_equal(status, 0);
}

static void a_directory_vanishes(void **state UNUSED) {
    AUTO_FREE char *path = tree_path(&test.tree, "to");
    struct run run = {.call = find_call("pull-path"), .order = {.fault = hostile_fault_count}};
    run.order.route = hostile_route_find("GET /v1/files?action=read");
    (void)snprintf(run.order.removed, sizeof run.order.removed, "%s", path);
    expect(&run, FILE_FAILS);
    assert_no_faults();
}

static int begin(void **state UNUSED) {
    (void)signal(SIGALRM, on_run_hung);
    test.path = fake_socket_path();
    test.daemon = hostile_daemon_start(test.path);
    tree_begin(&test.tree);
    tree_add_directory(&test.tree, "from");
    tree_add_file(&test.tree, "from/f", "abc", 0644);
    return 0;
}

static int end(void **state UNUSED) {
    (void)alarm(0);
    hostile_daemon_stop(test.daemon);
    tree_end(&test.tree);
    fake_socket_remove(test.path);
    print_message("%u runs\n", test.runs);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_connection),   cmocka_unit_test(responses_are_spoiled),
        cmocka_unit_test(there_are_no_descriptors), cmocka_unit_test(a_device_is_full),
        cmocka_unit_test(files_have_a_limit),       cmocka_unit_test(a_file_system_is_full),
        cmocka_unit_test(a_directory_vanishes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
