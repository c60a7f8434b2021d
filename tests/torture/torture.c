// SPDX-License-Identifier: GPL-3.0-or-later
// Runs parts of the torture test against the daemon of the environment, in the working directory, which has a directory
// "tree". In each run another allocation, or another system call, fails, until none has failed.
//
//     torture [STEP [PART...]]
//
// STEP: only each of these calls fails (1). Prints a line for each part, and one for each fault.
#include "torture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"

enum {
    EXIT_NOT_FAILED = 10, // no call was made to fail
    EXIT_SUCCEEDED,       // the part has succeeded all the same
    EXIT_REPORTED,        // the error of the library says what has failed
    EXIT_LEAK,
    EXIT_DESCRIPTORS,
    EXIT_NO_ERROR,          // the part has failed without an error
    EXIT_CHANGED,           // the part has failed with an error of a kind that cannot come from the failure
    EXIT_NOT_USABLE,        // the client cannot be used after the failure
    EXIT_OUT_OF_MEMORY = 1, // documented: the library has ended the program
    DEADLINE_S = 120
};

struct failure {
    enum failure_kind kind;
    long number;
    bool lasts;
    int errnum;
};

static int judge(bool is_good, bool has_failed, const struct pebble_error *error) {
    if (!has_failed)
        return is_good ? EXIT_NOT_FAILED : EXIT_CHANGED;
    if (is_good)
        return EXIT_SUCCEEDED;
    if (error->kind == PEBBLE_ERROR_NONE || error->message == NULL)
        return EXIT_NO_ERROR;
    // Memory for what the caller has given may be missing, too.
    bool is_memory = strstr(error->message, "memory") != NULL;
    return error->kind == PEBBLE_ERROR_ARGUMENT && !is_memory ? EXIT_CHANGED : EXIT_REPORTED;
}

// In a child.
static int run_part(const struct torture_part *part, const struct failure *failure) {
    struct pebble_client *client = NULL;
    struct pebble_error error = {0};
    struct pebble_error after = {0};
    unsigned descriptors = failure_open_descriptors();
    (void)alarm(DEADLINE_S);
    failure_begin(failure->kind, failure->number, failure->lasts, failure->errnum);
    bool is_good = pebble_client_create_default(&client, &error) && part->run(client, &error);
    bool has_failed = failure_end();
    int result = judge(is_good, has_failed, &error);
    if (result == EXIT_CHANGED || result == EXIT_NO_ERROR) {
        printf("%s %ld: kind %d, %s\n", part->name, failure->number, error.kind,
               error.message != NULL ? error.message : "no message");
        (void)fflush(stdout);
    }
    if (client != NULL && !torture_parts[0].run(client, &after))
        result = EXIT_NOT_USABLE;
    pebble_client_destroy(client);
    pebble_error_clear(&error);
    pebble_error_clear(&after);
    return failure_open_descriptors() == descriptors ? result : EXIT_DESCRIPTORS;
}

// The same without a use of the client after it, whose allocations would be counted.
static int run_counted(const struct torture_part *part, const struct failure *failure) {
    struct pebble_client *client = NULL;
    struct pebble_error error = {0};
    (void)alarm(DEADLINE_S);
    failure_begin(failure->kind, failure->number, failure->lasts, failure->errnum);
    if (pebble_client_create_default(&client, &error))
        (void)part->run(client, &error);
    pebble_client_destroy(client);
    pebble_error_clear(&error);
    (void)failure_end();
    return failure_live_allocations() != 0 ? EXIT_LEAK : EXIT_SUCCEEDED;
}

typedef int (*run_fn)(const struct torture_part *part, const struct failure *failure);

// The exit code, or the negative number of a signal.
static int in_child(run_fn run, const struct torture_part *part, const struct failure *failure) {
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (failure->kind == FAILURE_ALLOCATION && freopen("/dev/null", "w", stderr) == NULL)
            _exit(EXIT_NO_ERROR);
        _exit(run(part, failure));
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return EXIT_NO_ERROR;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static const char *fault_of(int result, enum failure_kind kind) {
    if (result == -14)
        return "it does not end";
    if (result < 0)
        return "it was killed by a signal";
    switch (result) {
    case EXIT_OUT_OF_MEMORY:
        return kind == FAILURE_ALLOCATION ? NULL : "it has ended the program";
    case EXIT_SUCCEEDED:
    case EXIT_REPORTED:
    case EXIT_NOT_FAILED:
        return NULL;
    case EXIT_LEAK:
        return "memory was not freed";
    case EXIT_DESCRIPTORS:
        return "descriptors were not closed";
    case EXIT_CHANGED:
        return "the error is of another kind";
    case EXIT_NOT_USABLE:
        return "the client cannot be used any more";
    default:
        return "there is no error";
    }
}

static unsigned long runs, faults;

// Returns the exit code.
static int torture_once(const struct torture_part *part, const struct failure *failure) {
    int result = in_child(run_part, part, failure);
    int counted = in_child(run_counted, part, failure);
    const char *words = fault_of(result, failure->kind);
    if (words == NULL)
        words = fault_of(counted, failure->kind);
    runs += 2;
    if (words != NULL) {
        faults++;
        printf("FAULT %s: %s %ld fails%s (%s): %s (%d, %d)\n", part->name,
               failure->kind == FAILURE_ALLOCATION ? "allocation" : "system call", failure->number,
               failure->lasts ? ", and all later ones" : "", strerror(failure->errnum), words, result, counted);
    }
    return result;
}

static void torture(const struct torture_part *part, const struct failure *first, long step) {
    struct failure failure = *first;
    failure.number = 1 + (failure.number - 1) % step;
    while (torture_once(part, &failure) != EXIT_NOT_FAILED)
        failure.number += step;
}

static void torture_part(const struct torture_part *part, long step) {
    static const struct failure kinds[] = {
        {.kind = FAILURE_ALLOCATION, .number = 1, .errnum = ENOMEM},
        {.kind = FAILURE_SYSTEM_CALL, .number = 1, .errnum = ENOMEM},
        {.kind = FAILURE_SYSTEM_CALL, .number = 2, .errnum = EMFILE},
        {.kind = FAILURE_SYSTEM_CALL, .number = 3, .errnum = EIO},
        {.kind = FAILURE_SYSTEM_CALL, .number = 1, .errnum = EINTR},
    };
    static const struct failure none = {.kind = FAILURE_NONE};
    unsigned long before = runs;
    // Without a failure, and in this process: libc allocates some things once, such as the time zone.
    if (run_part(part, &none) != EXIT_NOT_FAILED) {
        faults++;
        printf("FAULT %s: it does not succeed\n", part->name);
        return;
    }
    (void)alarm(0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        torture(part, &kinds[i], step);
    printf("%s: %lu runs\n", part->name, runs - before);
}

int main(int argc, char **argv) {
    long step = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    if (step < 1) {
        (void)fprintf(stderr, "usage: torture [STEP [PART...]]\n");
        return 2;
    }
    for (unsigned i = 0; i < torture_part_count; i++) {
        bool is_wanted = argc < 3;
        for (int k = 2; k < argc; k++)
            is_wanted = is_wanted || strcmp(argv[k], torture_parts[i].name) == 0;
        if (is_wanted)
            torture_part(&torture_parts[i], step);
    }
    printf("%lu runs, %lu faults\n", runs, faults);
    return faults > 0 ? 1 : 0;
}
