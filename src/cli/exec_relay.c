// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/exec_relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/nonblocking.h"
#include "cli/forwarded_signals.h"
#include "cli/raw_terminal.h"

#define INPUT_BYTES ((size_t)131072)

struct exec_relay {
    struct pebble_call *call;
    bool has_terminal;
    bool is_interactive;
    struct raw_terminal raw;
    struct forwarded_signals signals;
    struct nonblocking_output outputs[2]; // standard output, standard error
    char *input;                          // allocated when there is input
    const char *unwritten;                // of the input
    size_t unwritten_length;
    bool has_input_ended;
    bool has_hangup;
};

// --- signals ---

static void send_size(struct exec_relay *relay) {
    struct winsize size;
    if (relay->has_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        (void)pebble_exec_resize(relay->call, size.ws_col, size.ws_row);
}

// What cannot be forwarded is dropped: the control stream is lost, and the daemon is about to kill the command.
static void forward_signal(struct exec_relay *relay, int number) {
    if (number == SIGCONT)
        raw_terminal_resume(&relay->raw);
    if (number == SIGCONT || number == SIGWINCH)
        send_size(relay);
    if (number == SIGHUP)
        relay->has_hangup = true;
    const char *name = forwarded_signal_name(number);
    if (name != NULL)
        (void)pebble_exec_send_signal(relay->call, name);
}

static void forward_signals(struct exec_relay *relay) {
    for (int number; (number = forwarded_signals_next(&relay->signals)) != 0;)
        forward_signal(relay, number);
}

// --- standard input ---

static void write_input(struct exec_relay *relay) {
    size_t taken = 0;
    if (relay->unwritten_length == 0 ||
        !pebble_exec_write(relay->call, relay->unwritten, relay->unwritten_length, &taken))
        return;
    relay->unwritten += taken;
    relay->unwritten_length -= taken;
}

static bool wants_input(const struct exec_relay *relay) {
    return !relay->has_input_ended && relay->unwritten_length == 0 && pebble_exec_input_room(relay->call) > 0;
}

static void end_input(struct exec_relay *relay) {
    relay->has_input_ended = true;
    (void)pebble_exec_end_input(relay->call);
}

// In the background the terminal cannot be read (EIO, as SIGTTIN is blocked): the program is stopped as any other is.
static bool is_background(struct exec_relay *relay) {
    if (terminal_is_foreground(STDIN_FILENO))
        return false;
    forwarded_signals_stop(&relay->signals);
    return terminal_is_foreground(STDIN_FILENO);
}

// Whether the failure means that there is no more input: of a terminal that has been hung up. With others, the command
// would succeed with a part of its input.
static bool is_end(int errnum) {
    return errnum == EIO && isatty(STDIN_FILENO);
}

static bool read_input(struct exec_relay *relay, struct error *err) {
    if (relay->input == NULL)
        relay->input = memory_new(INPUT_BYTES);
    ssize_t count = read(STDIN_FILENO, relay->input, INPUT_BYTES);
    int errnum = count < 0 ? errno : 0;
    if (errnum == EINTR || errnum == EAGAIN || (errnum == EIO && is_background(relay)))
        return true;
    if (count < 0 && !is_end(errnum))
        return error_set_errno(err, errnum, "cannot read standard input");
    if (count <= 0) {
        end_input(relay);
        return true;
    }
    relay->unwritten = relay->input;
    relay->unwritten_length = (size_t)count;
    write_input(relay);
    return true;
}

// --- waiting ---

static int call_timeout_ms(const struct pebble_call *call) {
    int64_t timeout_ms = pebble_call_timeout_ms(call);
    return timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
}

// Until the call is to be stepped, or, with an output that is full, until that has room. Signals and input are taken
// meanwhile.
static bool wait_for_events(struct exec_relay *relay, const struct nonblocking_output *full, struct error *err) {
    struct pollfd watched[] = {
        {.fd = relay->signals.fd, .events = POLLIN},
        {.fd = wants_input(relay) ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = full == NULL ? pebble_call_fd(relay->call) : full->fd,
         .events = full == NULL ? pebble_call_poll_events(relay->call) : POLLOUT},
    };
    int count = poll(watched, ARRAY_COUNT(watched), full == NULL ? call_timeout_ms(relay->call) : -1);
    if (count < 0 && errno != EINTR && errno != EAGAIN)
        return error_set_errno(err, errno, "cannot wait for command");
    if (count > 0 && watched[0].revents != 0)
        forward_signals(relay);
    return count <= 0 || watched[1].revents == 0 || read_input(relay, err);
}

// --- standard output and error ---

static enum exec_relay_end fail_output(enum pebble_exec_stream stream, int errnum, struct error *err) {
    if (errnum == EPIPE)
        return EXEC_RELAY_CLOSED_PIPE;
    (void)error_set_errno(err, errnum, "cannot write to standard %s",
                          stream == PEBBLE_EXEC_STDERR ? "error" : "output");
    return EXEC_RELAY_FAILED;
}

// EXEC_RELAY_ENDED: all was written.
static enum exec_relay_end write_output(struct exec_relay *relay, struct error *err) {
    enum pebble_exec_stream stream;
    size_t length;
    const char *bytes = pebble_call_exec_output(relay->call, &stream, &length);
    const struct nonblocking_output *output = &relay->outputs[stream == PEBBLE_EXEC_STDERR ? 1 : 0];
    while (length > 0) {
        ssize_t count = nonblocking_write(output, bytes, length);
        if (count < 0 && errno != EAGAIN)
            return fail_output(stream, errno, err);
        if (count < 0 && !wait_for_events(relay, output, err))
            return EXEC_RELAY_FAILED;
        if (relay->has_hangup)
            return EXEC_RELAY_HANGUP;
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return EXEC_RELAY_ENDED;
}

// --- the whole ---

// While there is no connection, keys and signals act on this program.
static void follow_connection(struct exec_relay *relay) {
    if (!pebble_exec_is_connected(relay->call)) {
        raw_terminal_leave(&relay->raw);
        forwarded_signals_end(&relay->signals);
        return;
    }
    if (relay->signals.fd >= 0)
        return;
    forwarded_signals_begin(&relay->signals);
    if (!relay->has_terminal)
        return;
    if (!terminal_is_foreground(STDIN_FILENO))
        forwarded_signals_stop(&relay->signals);
    if (relay->is_interactive)
        raw_terminal_enter(&relay->raw);
}

static enum exec_relay_end relay_all(struct exec_relay *relay, struct error *err) {
    enum exec_relay_end end = EXEC_RELAY_ENDED;
    while (!relay->has_hangup) {
        enum pebble_call_state state = pebble_call_step(relay->call);
        follow_connection(relay);
        switch (state) {
        case PEBBLE_CALL_RUNNING:
            write_input(relay);
            if (!wait_for_events(relay, NULL, err))
                return EXEC_RELAY_FAILED;
            break;
        case PEBBLE_CALL_ITEM:
            end = write_output(relay, err);
            if (end != EXEC_RELAY_ENDED)
                return end;
            break;
        case PEBBLE_CALL_DONE:
        case PEBBLE_CALL_FAILED:
            return EXEC_RELAY_ENDED;
        }
    }
    return EXEC_RELAY_HANGUP;
}

enum exec_relay_end exec_relay_run(struct pebble_call *call, uint64_t flags, struct error *err) {
    struct exec_relay relay = {.call = call,
                               .has_terminal = (flags & PEBBLE_EXEC_TERMINAL) != 0,
                               .is_interactive = (flags & PEBBLE_EXEC_INTERACTIVE) != 0};
    struct sigaction old, ignored = {.sa_handler = SIG_IGN};
    raw_terminal_init(&relay.raw, STDIN_FILENO);
    forwarded_signals_init(&relay.signals);
    nonblocking_output_init(&relay.outputs[0], STDOUT_FILENO);
    nonblocking_output_init(&relay.outputs[1], STDERR_FILENO);
    (void)sigaction(SIGPIPE, &ignored, &old);
    enum exec_relay_end end = relay_all(&relay, err);
    (void)sigaction(SIGPIPE, &old, NULL);
    raw_terminal_leave(&relay.raw);
    forwarded_signals_end(&relay.signals);
    nonblocking_output_finish(&relay.outputs[0]);
    nonblocking_output_finish(&relay.outputs[1]);
    free(relay.input);
    return end;
}
