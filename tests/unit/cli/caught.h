// SPDX-License-Identifier: GPL-3.0-or-later
// Shared by the tests of commands: runs the program in this process.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "cli/program.h"

// Runs the program with its output caught.
struct caught {
    char *out;
    char *err;
    int code;
};

static inline struct caught run(const char *line) {
    struct caught caught = {0};
    char text[256], *words[32], *rest = text;
    size_t count = 0, out_size, err_size;
    FILE *kept_out = stdout, *kept_err = stderr;
    (void)snprintf(text, sizeof text, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word != '\0')
            words[count++] = word;
    }
    stdout = open_memstream(&caught.out, &out_size);
    stderr = open_memstream(&caught.err, &err_size);
    caught.code = program_run(words, count);
    fclose(stdout);
    fclose(stderr);
    stdout = kept_out;
    stderr = kept_err;
    return caught;
}

static inline void caught_free(struct caught *caught) {
    free(caught->out);
    free(caught->err);
}

static inline void assert_fails(const char *line, const char *message) {
    struct caught caught = run(line);
    assert_string_equal(caught.err, message);
    assert_string_equal(caught.out, "");
    assert_int_equal(caught.code, 1);
    caught_free(&caught);
}

static inline void assert_shows(const char *line, const char *part) {
    struct caught caught = run(line);
    assert_string_equal(caught.err, "");
    if (strstr(caught.out, part) == NULL)
        fail_msg("%s shows\n%s", line, caught.out);
    assert_int_equal(caught.code, 0);
    caught_free(&caught);
}
