// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/exec_result_internal.h"

#include <stdlib.h>

#include "base/memory.h"

struct pebble_exec_result {
    int exit_code;
    char *output;
    size_t output_length;
    char *error_output;
    size_t error_output_length;
};

struct pebble_exec_result *client_exec_result_create(int exit_code, struct buffer *output,
                                                     struct buffer *error_output) {
    struct pebble_exec_result *result = memory_new(sizeof *result);
    result->exit_code = exit_code;
    result->output_length = output->length;
    result->output = buffer_take(output);
    result->error_output_length = error_output->length;
    result->error_output = buffer_take(error_output);
    return result;
}

int pebble_exec_result_exit_code(const struct pebble_exec_result *result) {
    return result->exit_code;
}

static const char *give(const char *text, size_t text_length, size_t *length) {
    if (length != NULL)
        *length = text_length;
    return text;
}

const char *pebble_exec_result_output(const struct pebble_exec_result *result, size_t *length) {
    return give(result->output, result->output_length, length);
}

const char *pebble_exec_result_error_output(const struct pebble_exec_result *result, size_t *length) {
    return give(result->error_output, result->error_output_length, length);
}

void pebble_exec_result_destroy(struct pebble_exec_result *result) {
    if (result == NULL)
        return;
    free(result->output);
    free(result->error_output);
    free(result);
}
