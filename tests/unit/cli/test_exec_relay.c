// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/exec_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../client/peer_command.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static const char *const words[] = {"cat"};

// Standard input, output and error of this program are pipes of the test meanwhile.
struct session {
    struct peer_command command;
    struct pebble_call *call;
    int kept[3];
    int ends[3]; // the test's
    struct error err;
};

static void session_begin(struct session *session) {
    const struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 1, .flags = PEBBLE_EXEC_SPLIT_STDERR};
    session->command.is_split = true;
    peer_command_begin(&session->command);
    assert_true(pebble_call_exec(session->command.peer.client, &options, &session->call, NULL));
    for (int fd = 0; fd < 3; fd++) {
        int ends[2];
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        session->kept[fd] = dup(fd);
        session->ends[fd] = ends[fd == 0 ? 1 : 0];
        assert_true(dup2(ends[fd == 0 ? 0 : 1], fd) == fd);
        close(ends[fd == 0 ? 0 : 1]);
    }
}

static enum exec_relay_end session_run(struct session *session) {
    enum exec_relay_end end = exec_relay_run(session->call, 0, &session->err);
    for (int fd = 0; fd < 3; fd++) {
        (void)dup2(session->kept[fd], fd);
        close(session->kept[fd]);
    }
    return end;
}

static char *read_all(int fd) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    char bytes[4096];
    for (ssize_t count; (count = read(fd, bytes, sizeof bytes)) > 0;)
        buffer_add(&text, bytes, (size_t)count);
    return buffer_take(&text);
}

static void session_end(struct session *session) {
    pebble_call_destroy(session->call);
    error_clear(&session->err);
    for (int fd = 0; fd < 3; fd++)
        file_close_at(&session->ends[fd]);
    peer_command_end(&session->command);
}

static void all_streams_are_connected(void **state UNUSED) {
    struct session session = {.command = {.output = "out", .error_output = "err"}};
    session_begin(&session);
    (void)!write(session.ends[0], "in", 2);
    file_close_at(&session.ends[0]);
    assert_int_equal(session_run(&session), EXEC_RELAY_ENDED);
    assert_int_equal(pebble_call_exit_code(session.call), 9);
    AUTO_FREE char *out = read_all(session.ends[1]);
    AUTO_FREE char *errors = read_all(session.ends[2]);
    assert_string_equal(out, "out");
    assert_string_equal(errors, "err");
    peer_command_wait(&session.command);
    assert_string_equal(buffer_text(&session.command.input), "in");
    session_end(&session);
}

static void signals_are_forwarded(void **state UNUSED) {
    struct session session = {.command = {.output = "", .error_output = "", .raises = SIGUSR1}};
    session_begin(&session);
    file_close_at(&session.ends[0]);
    assert_int_equal(session_run(&session), EXEC_RELAY_ENDED);
    peer_command_wait(&session.command);
    assert_string_equal(session.command.control, "T:{\"command\":\"signal\",\"signal\":{\"name\":\"SIGUSR1\"}}|");
    session_end(&session);
}

static void hangup_is_forwarded_and_ends_it(void **state UNUSED) {
    struct session session = {.command = {.output = "", .error_output = "", .raises = SIGHUP}};
    session_begin(&session);
    file_close_at(&session.ends[0]);
    assert_int_equal(session_run(&session), EXEC_RELAY_HANGUP);
    pebble_call_destroy(TAKE(session.call));
    session_end(&session);
}

// The disposition of SIGPIPE comes back.
static void nobody_reads_the_output(void **state UNUSED) {
    struct sigaction action;
    struct session session = {.command = {.output = "out", .error_output = ""}};
    session_begin(&session);
    file_close_at(&session.ends[1]);
    assert_int_equal(session_run(&session), EXEC_RELAY_CLOSED_PIPE);
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    session_end(&session);
}

static void output_cannot_be_written(void **state UNUSED) {
    AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct session session = {.command = {.output = "", .error_output = "err"}};
    session_begin(&session);
    assert_int_equal(dup2(full, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(session_run(&session), EXEC_RELAY_FAILED);
    assert_string_equal(session.err.message, "cannot write to standard error: no space left on device");
    session_end(&session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_streams_are_connected),       cmocka_unit_test(signals_are_forwarded),
        cmocka_unit_test(hangup_is_forwarded_and_ends_it), cmocka_unit_test(nobody_reads_the_output),
        cmocka_unit_test(output_cannot_be_written),
    };
    (void)signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
