// SPDX-License-Identifier: GPL-3.0-or-later
// A library for LD_PRELOAD: makes one allocation, or one system call, of a program fail. PEBBLE_FAILURE is
// `allocation NUMBER`, or `system-call NUMBER ERRNO`. PEBBLE_FAILURE_PROGRAM is the path of the program, as it may
// start others. The number of calls is written to the file PEBBLE_FAILURE_COUNT at the end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"

static const char *count_path;

__attribute__((constructor)) static void begin(void) {
    char program[4096] = "";
    char kind[32];
    long number = 0;
    int errnum = 0;
    const char *wanted = getenv("PEBBLE_FAILURE_PROGRAM");
    const char *failure = getenv("PEBBLE_FAILURE");
    if (wanted == NULL || failure == NULL || readlink("/proc/self/exe", program, sizeof program - 1) < 0 ||
        strcmp(program, wanted) != 0 || sscanf(failure, "%31s %ld %d", kind, &number, &errnum) < 2)
        return;
    count_path = getenv("PEBBLE_FAILURE_COUNT");
    failure_must_be_possible();
    failure_begin(strcmp(kind, "allocation") == 0 ? FAILURE_ALLOCATION : FAILURE_SYSTEM_CALL, number, false, errnum);
}

__attribute__((destructor)) static void end(void) {
    long count = failure_count();
    (void)failure_end();
    FILE *file = count_path != NULL ? fopen(count_path, "w") : NULL;
    if (file == NULL)
        return;
    (void)fprintf(file, "%ld\n", count);
    (void)fclose(file);
}
