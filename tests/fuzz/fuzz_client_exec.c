// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that runs a command: the response to the request, and then on each connection what
// comes after the switch to WebSocket, whose head is right. The first byte has the flags.
#include "client_peer.h"

#define FLAG_SPLIT 1
#define FLAG_BLOCKING 2
#define FLAG_TERMINAL 4
#define LIMIT_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {"a"};

static void send_input(struct pebble_call *call, const char *bytes, size_t length) {
    size_t taken = 0, room = pebble_exec_input_room(call);
    if (pebble_exec_write(call, bytes, length, &taken))
        check(taken <= length && (taken == length || taken >= room));
    else
        check(taken == 0);
    (void)pebble_exec_send_signal(call, "SIGINT");
    (void)pebble_exec_resize(call, 80, 25);
    if (length % 2 == 0)
        (void)pebble_exec_end_input(call);
}

static void look(struct pebble_call *call, enum pebble_call_state state) {
    enum pebble_exec_stream stream;
    size_t length;
    const char *bytes = pebble_call_exec_output(call, &stream, &length);
    check((bytes != NULL) == (state == PEBBLE_CALL_ITEM));
    check((pebble_call_exit_code(call) >= 0) == (state == PEBBLE_CALL_DONE));
    check(state != PEBBLE_CALL_DONE || pebble_call_exec_change_id(call) != NULL);
    if (bytes == NULL)
        return;
    check(length > 0 && (stream == PEBBLE_EXEC_STDOUT || stream == PEBBLE_EXEC_STDERR));
    for (size_t i = 0; i < length; i++)
        (void)*(const volatile char *)&bytes[i];
    send_input(call, bytes, length);
}

static void check_result(const struct pebble_exec_result *result) {
    size_t length;
    check(pebble_exec_result_exit_code(result) >= 0);
    check(strlen(pebble_exec_result_output(result, &length)) <= length && length <= LIMIT_BYTES);
    check(strlen(pebble_exec_result_error_output(result, &length)) <= length && length <= LIMIT_BYTES);
}

static void run(struct pebble_client *client, const struct pebble_exec_options *options) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct pebble_exec_result *result = NULL;
    const struct pebble_exec_io io = {.size = sizeof io, .input = "in", .input_length = 2, .limit_bytes = LIMIT_BYTES};
    bool is_good = pebble_exec_check(client, options, &io, &result, &error);
    check(is_good == (result != NULL) && is_good == (error.kind == PEBBLE_ERROR_NONE));
    if (!is_good)
        peer_check_error(&error);
    if (result != NULL)
        check_result(result);
    if (error.exec_result != NULL)
        check_result(error.exec_result);
    pebble_exec_result_destroy(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pebble_call *call;
    if (size < 1)
        return 0;
    struct pebble_client *client = peer_begin((const char *)data + 1, size - 1, false);
    struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 1, .timeout_ns = 5 * NS_PER_S};
    options.flags |= (data[0] & FLAG_SPLIT) != 0 ? PEBBLE_EXEC_SPLIT_STDERR : 0;
    options.flags |= (data[0] & FLAG_TERMINAL) != 0 ? PEBBLE_EXEC_TERMINAL | PEBBLE_EXEC_INTERACTIVE : 0;
    if ((data[0] & FLAG_BLOCKING) != 0)
        run(client, &options);
    else if (pebble_call_exec(client, &options, &call, NULL))
        peer_drive(call, look);
    peer_end(client);
    return 0;
}
