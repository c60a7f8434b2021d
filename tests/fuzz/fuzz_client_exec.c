// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that runs a command: the response to the request, and then on each connection what
// comes after the switch to WebSocket, whose head is right. The first byte has the flags.
#include "client_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct pebble_call *call, enum pebble_call_state state) {
    enum pebble_exec_stream stream;
    size_t length, taken;
    if (state == PEBBLE_CALL_ITEM) {
        const char *bytes = pebble_call_exec_output(call, &stream, &length);
        check(bytes != NULL && length > 0 && (stream == PEBBLE_EXEC_STDOUT || stream == PEBBLE_EXEC_STDERR));
        for (size_t i = 0; i < length; i++)
            (void)*(const volatile char *)&bytes[i];
        if (pebble_exec_input_room(call) > 0)
            (void)pebble_exec_write(call, bytes, length, &taken);
        else
            (void)pebble_exec_end_input(call);
    }
    (void)pebble_call_exit_code(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const words[] = {"a"};
    int listener_fd;
    struct pebble_client *client = peer_client(&listener_fd);
    struct pebble_call *call;
    if (size < 1)
        return 0;
    struct pebble_exec_options options = {.size = sizeof options, .words = words, .word_count = 1};
    if ((data[0] & 1) != 0)
        options.flags |= PEBBLE_EXEC_SPLIT_STDERR;
    check(pebble_call_exec(client, &options, &call, NULL));
    peer_drive(call, listener_fd, (const char *)data + 1, size - 1, look);
    return 0;
}
