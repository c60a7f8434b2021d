// SPDX-License-Identifier: GPL-3.0-or-later
// Runs parts of the torture test for test_hostile.py, whose relay stands between the client and the daemon. Each line
// of standard input is a run:
//
//     PART TIMEOUT_MS
//
// The answer is one line: "RESULT KIND MESSAGE". RESULT is "ok", "error", or what is wrong. After the part the same
// client makes another call, which has to succeed.
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

#define HANG_S 120
#define LAST_CALL_MS 60000
#define LINE_BYTES 2000

static const struct torture_part *find_part(const char *name) {
    for (unsigned i = 0; i < torture_part_count; i++) {
        if (strcmp(torture_parts[i].name, name) == 0)
            return &torture_parts[i];
    }
    return NULL;
}

// The query marks it for the relay.
static bool make_last_call(struct pebble_client *client, struct pebble_error *error) {
    const struct pebble_request_options options = {
        .size = sizeof options, .method = "GET", .path_and_query = "/v1/system-info?last"};
    struct pebble_response *response = NULL;
    bool is_good = pebble_request(client, &options, &response, error);
    pebble_response_destroy(response);
    return is_good;
}

static const char *result_of(bool is_good, const struct pebble_error *error) {
    if (is_good)
        return "ok";
    return error->kind != PEBBLE_ERROR_NONE && error->message != NULL && error->message[0] != '\0' ? "error"
                                                                                                   : "no-error";
}

// One line: a message may have several.
static void describe(char line[LINE_BYTES], const char *result, const struct pebble_error *error) {
    (void)snprintf(line, LINE_BYTES, "%s %d %s", result, (int)error->kind,
                   error->message != NULL ? error->message : "");
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '\n')
            *c = ' ';
    }
}

static void run(const struct torture_part *part, int64_t timeout_ms) {
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = getenv("PEBBLE_SOCKET"), .timeout_ms = timeout_ms};
    struct pebble_client *client = NULL;
    struct pebble_error error = {0}, after = {0};
    char line[LINE_BYTES];
    unsigned descriptors = failure_open_descriptors();
    failure_begin(FAILURE_NONE, 0, false, 0);
    bool is_good = pebble_client_create(&options, &client, &error) && part->run(client, &error);
    const char *result = result_of(is_good, &error);
    // The last call is not to time out on a busy machine.
    bool is_usable = pebble_client_set_timeouts(client, LAST_CALL_MS, 0, &after) && make_last_call(client, &after);
    describe(line, is_usable ? result : "not-usable", is_usable ? &error : &after);
    pebble_client_destroy(client);
    pebble_error_clear(&error);
    pebble_error_clear(&after);
    (void)failure_end();
    printf("%s\n", line);
    if (failure_live_allocations() != 0)
        printf("leak 0 %ld\n", failure_live_allocations());
    if (failure_open_descriptors() != descriptors)
        printf("descriptors 0 %u\n", failure_open_descriptors());
}

int main(void) {
    char name[64];
    int timeout_ms;
    tzset(); // libc allocates it once
    while (scanf("%63s %d", name, &timeout_ms) == 2) {
        const struct torture_part *part = find_part(name);
        int status = 0;
        pid_t pid = part != NULL ? fork() : -1;
        if (pid == 0) {
            (void)alarm(HANG_S);
            run(part, timeout_ms);
            (void)fflush(stdout);
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
            printf("died 0 %d\n", status);
        printf(".\n"); // the end of the run
        (void)fflush(stdout);
    }
    return 0;
}
