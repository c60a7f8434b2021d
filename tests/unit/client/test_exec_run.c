// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "peer_command.h"

static const char *const words[] = {"cat"};

static int silence[2]; // a pipe that nobody writes to: input that does not end

static bool run(struct peer_command *command, const struct pebble_exec_io *io, struct pebble_exec_result **result,
                struct pebble_error *error) {
    const struct pebble_exec_options options = {.size = sizeof options,
                                                .words = words,
                                                .word_count = 1,
                                                .flags = command->is_split ? PEBBLE_EXEC_SPLIT_STDERR : 0};
    return pebble_exec(command->peer.client, &options, io, result, error);
}

static void everything_is_kept_in_memory(void **state UNUSED) {
    struct peer_command command = {.output = "a\0b", .output_length = 3, .error_output = "err", .is_split = true};
    struct pebble_exec_result *result = NULL;
    const struct pebble_exec_io io = {.size = sizeof io, .input = "hello", .input_length = 5};
    size_t length;
    peer_command_begin(&command);
    assert_true(run(&command, &io, &result, NULL));
    assert_int_equal(pebble_exec_result_exit_code(result), 9);
    assert_memory_equal(pebble_exec_result_output(result, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    assert_string_equal(pebble_exec_result_error_output(result, NULL), "err");
    pebble_exec_result_destroy(result);
    peer_command_wait(&command);
    assert_string_equal(buffer_text(&command.input), "hello");
    peer_command_again(&command);
    assert_true(run(&command, NULL, NULL, NULL)); // without anything
    peer_command_end(&command);
}

struct counted {
    size_t left; // of the input
    struct buffer output;
    struct buffer error_output;
};

static bool read_some(void *bytes, size_t size, size_t *length, void *data) {
    struct counted *counted = data;
    *length = counted->left < size ? counted->left : size;
    memset(bytes, 'i', *length);
    counted->left -= *length;
    return true;
}

static bool keep_output(const void *bytes, size_t length, void *data) {
    buffer_add(&((struct counted *)data)->output, bytes, length);
    return true;
}

static bool keep_error(const void *bytes, size_t length, void *data) {
    buffer_add(&((struct counted *)data)->error_output, bytes, length);
    return true;
}

static void functions_read_and_write(void **state UNUSED) {
    struct peer_command command = {.output = "out", .error_output = "err", .is_split = true};
    struct counted counted = {.left = 1000000};
    const struct pebble_exec_io io = {.size = sizeof io,
                                      .on_read_input = read_some,
                                      .on_write_output = keep_output,
                                      .on_write_error = keep_error,
                                      .data = &counted};
    buffer_init(&counted.output, BUFFER_NO_LIMIT);
    buffer_init(&counted.error_output, BUFFER_NO_LIMIT);
    peer_command_begin(&command);
    assert_true(run(&command, &io, NULL, NULL));
    assert_string_equal(buffer_text(&counted.output), "out");
    assert_string_equal(buffer_text(&counted.error_output), "err");
    peer_command_wait(&command);
    assert_int_equal(command.input.length, 1000000);
    buffer_finish(&counted.output);
    buffer_finish(&counted.error_output);
    peer_command_end(&command);
}

static bool refuse(const void *bytes UNUSED, size_t length UNUSED, void *data UNUSED) {
    return false;
}

static void function_cancels(void **state UNUSED) {
    struct peer_command command = {.output = "out"};
    const struct pebble_exec_io io = {.size = sizeof io, .input_fd = &silence[0], .on_write_output = refuse};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    peer_command_begin(&command);
    assert_false(run(&command, &io, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CANCELLED);
    peer_command_end(&command);
}

static void descriptors_are_read_and_written(void **state UNUSED) {
    int in[2], out[2], err[2];
    char text[8] = "";
    struct peer_command command = {.output = "out", .error_output = "err", .is_split = true};
    assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    const struct pebble_exec_io io = {.size = sizeof io, .input_fd = &in[0], .output_fd = &out[1], .error_fd = &err[1]};
    assert_int_equal(write(in[1], "piped", 5), 5);
    close(in[1]);
    peer_command_begin(&command);
    assert_true(run(&command, &io, NULL, NULL));
    assert_int_equal(read(out[0], text, sizeof text), 3);
    assert_string_equal(text, "out");
    assert_int_equal(read(err[0], text, sizeof text), 3);
    assert_string_equal(text, "err");
    peer_command_wait(&command);
    assert_string_equal(buffer_text(&command.input), "piped");
    peer_command_end(&command);
    close(in[0]);
    for (size_t i = 0; i < 2; i++) {
        close(out[i]);
        close(err[i]);
    }
}

// SIGPIPE is not raised, and remains what it was.
static void reader_has_gone(void **state UNUSED) {
    int out[2];
    sigset_t pending;
    struct peer_command command = {.output = "out"};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    close(out[0]);
    const struct pebble_exec_io io = {.size = sizeof io, .input_fd = &silence[0], .output_fd = &out[1]};
    peer_command_begin(&command);
    assert_false(run(&command, &io, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    assert_string_equal(error.message, "cannot write to target: broken pipe");
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    peer_command_end(&command);
    close(out[1]);
}

struct interrupter {
    int pipe_end; // of a pipe that nobody reads
    int *interrupt_end;
};

static void *interrupt_when_full(void *data) {
    struct interrupter *interrupter = data;
    struct pollfd room = {.fd = interrupter->pipe_end, .events = POLLOUT};
    while (poll(&room, 1, 0) != 0)
        (void)sched_yield();
    file_close_at(interrupter->interrupt_end);
    return NULL;
}

// The interrupt descriptor ends a write to a pipe that nobody reads.
static void blocked_write_is_interrupted(void **state UNUSED) {
    int out[2], interrupt[2];
    pthread_t thread;
    AUTO_FREE char *bytes = memory_new(1000000);
    struct peer_command command = {.output = bytes, .output_length = 1000000};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(pipe2(out, O_CLOEXEC) == 0 && pipe2(interrupt, O_CLOEXEC) == 0);
    struct interrupter interrupter = {out[1], &interrupt[1]};
    const struct pebble_exec_io io = {.size = sizeof io, .input_fd = &silence[0], .output_fd = &out[1]};
    peer_command_begin(&command);
    pebble_client_set_interrupt_fd(command.peer.client, interrupt[0]);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_when_full, &interrupter), 0);
    assert_false(run(&command, &io, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CANCELLED);
    assert_string_equal(error.message, "interrupted");
    pthread_join(thread, NULL);
    peer_command_end(&command);
    close(out[0]);
    close(out[1]);
    close(interrupt[0]);
}

struct endless {
    int *interrupt_end; // closed by the first call
    size_t later_calls;
};

static bool read_without_end(void *bytes, size_t size, size_t *length, void *data) {
    struct endless *endless = data;
    memset(bytes, 'i', size);
    *length = size;
    if (*endless->interrupt_end >= 0)
        file_close_at(endless->interrupt_end);
    else
        endless->later_calls++;
    return true;
}

// The interrupt descriptor ends a function whose input is always ready.
static void endless_input_is_interrupted(void **state UNUSED) {
    int interrupt[2];
    struct peer_command command = {.output = ""};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_int_equal(pipe2(interrupt, O_CLOEXEC), 0);
    struct endless endless = {.interrupt_end = &interrupt[1]};
    const struct pebble_exec_io io = {.size = sizeof io, .on_read_input = read_without_end, .data = &endless};
    peer_command_begin(&command);
    pebble_client_set_interrupt_fd(command.peer.client, interrupt[0]);
    assert_false(run(&command, &io, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_CANCELLED);
    assert_int_equal(endless.later_calls, 0);
    peer_command_end(&command);
    close(interrupt[0]);
}

static void too_much_output_is_not_kept(void **state UNUSED) {
    struct peer_command command = {.output = "12345"};
    const struct pebble_exec_io io = {.size = sizeof io, .input_fd = &silence[0], .limit_bytes = 4};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    peer_command_begin(&command);
    assert_false(run(&command, &io, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_string_equal(error.message, "cannot keep content in memory: more than 4 bytes");
    peer_command_end(&command);
}

static void wrong_io_is_refused(void **state UNUSED) {
    const int fd = 0, failed = -1;
    const struct {
        struct pebble_exec_io io;
        bool is_split;
        const char *reason;
    } cases[] = {
        {{.input = "x", .input_length = 1, .input_fd = &fd}, false, "two ways for one stream"},
        {{.on_read_input = read_some, .input_fd = &fd}, false, "two ways for one stream"},
        {{.on_write_output = refuse, .output_fd = &fd}, false, "two ways for one stream"},
        {{.on_write_error = refuse, .error_fd = &fd}, true, "two ways for one stream"},
        {{.input_length = 1}, false, "a length without bytes"},
        {{.on_write_error = refuse}, false, "standard error is not split"},
        {{.error_fd = &fd}, false, "standard error is not split"},
        {{.input_fd = &failed}, false, "invalid descriptor"},
        {{.output_fd = &failed}, false, "invalid descriptor"},
        {{.error_fd = &failed}, true, "invalid descriptor"},
    };
    struct peer_command command = {0};
    peer_begin(&command.peer);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        AUTO_FREE char *message = memory_printf("cannot use options: %s", cases[i].reason);
        struct pebble_exec_io io = cases[i].io;
        io.size = sizeof io;
        command.is_split = cases[i].is_split;
        assert_false(run(&command, &io, NULL, &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
        assert_string_equal(error.message, message);
    }
    assert_false(peer_is_called(&command.peer));
    peer_end(&command.peer);
}

// --- the exit code ---

static void assert_exit_code_fails(const char *output, const char *error_output, bool is_split, const char *message) {
    struct peer_command command = {.output = output, .error_output = error_output, .is_split = is_split};
    const struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 1, .flags = is_split ? PEBBLE_EXEC_SPLIT_STDERR : 0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct pebble_exec_result *result = NULL;
    peer_command_begin(&command);
    assert_false(pebble_exec_check(command.peer.client, &options, NULL, &result, &error));
    assert_null(result);
    assert_int_equal(error.kind, PEBBLE_ERROR_EXEC);
    assert_string_equal(error.message, message);
    assert_int_equal(pebble_exec_result_exit_code(error.exec_result), 9);
    assert_string_equal(pebble_exec_result_output(error.exec_result, NULL), output);
    assert_string_equal(pebble_exec_result_error_output(error.exec_result, NULL), is_split ? error_output : "");
    peer_command_wait(&command);
    peer_command_again(&command);
    assert_false(pebble_exec_check(command.peer.client, &options, NULL, NULL, NULL));
    peer_command_end(&command);
}

static void other_exit_codes_than_0_fail(void **state UNUSED) {
    assert_exit_code_fails("out", "one\ntwo\r\n\n", true, "command \"cat\" failed with exit code 9: \"two\"");
    assert_exit_code_fails("a\nb", "", false, "command \"cat\" failed with exit code 9: \"b\"");
    assert_exit_code_fails("\n", "", false, "command \"cat\" failed with exit code 9");
}

static void exit_code_0_does_not_fail(void **state UNUSED) {
    struct peer_command command = {.output = "out", .succeeds = true};
    const struct pebble_exec_options options = {.size = sizeof options, .words = words, .word_count = 1};
    struct pebble_exec_result *result = NULL;
    peer_command_begin(&command);
    assert_true(pebble_exec_check(command.peer.client, &options, NULL, &result, NULL));
    assert_string_equal(pebble_exec_result_output(result, NULL), "out");
    pebble_exec_result_destroy(result);
    peer_command_wait(&command);
    peer_command_again(&command);
    assert_true(pebble_exec_check(command.peer.client, &options, NULL, NULL, NULL));
    peer_command_end(&command);
}

static void what_cannot_be_run_fails_as_without_the_check(void **state UNUSED) {
    struct peer_command command = {0};
    const struct pebble_exec_options options = {.size = sizeof options};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    peer_begin(&command.peer);
    assert_false(pebble_exec_check(command.peer.client, &options, NULL, NULL, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_null(error.exec_result);
    peer_end(&command.peer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_kept_in_memory),
        cmocka_unit_test(functions_read_and_write),
        cmocka_unit_test(function_cancels),
        cmocka_unit_test(descriptors_are_read_and_written),
        cmocka_unit_test(reader_has_gone),
        cmocka_unit_test(blocked_write_is_interrupted),
        cmocka_unit_test(endless_input_is_interrupted),
        cmocka_unit_test(too_much_output_is_not_kept),
        cmocka_unit_test(wrong_io_is_refused),
        cmocka_unit_test(other_exit_codes_than_0_fail),
        cmocka_unit_test(exit_code_0_does_not_fail),
        cmocka_unit_test(what_cannot_be_run_fails_as_without_the_check),
    };
    if (pipe2(silence, O_CLOEXEC) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
