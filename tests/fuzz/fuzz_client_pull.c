// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that pulls a file, or a part of it, to a function.
#include "client_peer.h"

#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t received;

static bool on_content_read(const void *bytes, size_t length, void *data UNUSED) {

    for (size_t i = 0; i < length; i++)
        (void)*((const volatile char *)bytes + i);
    received += length;
    return received < 1000000;
}

static void look(struct pebble_call *call, enum pebble_call_state state) {
    struct pebble_content *content = pebble_call_take_content(call);
    size_t length;
    check(content == NULL || state == PEBBLE_CALL_DONE);
    if (content != NULL)
        check(strlen(pebble_content_bytes(content, &length)) <= length);
    pebble_content_destroy(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int listener_fd;
    struct pebble_client *client = peer_client(&listener_fd);
    struct pebble_call *call;
    if (size < 1)
        return 0;
    struct pebble_pull_options options = {.size = sizeof options, .path = "/a/b"};
    if ((data[0] & 1) != 0)
        options.on_write = on_content_read;
    received = 0;
    check(pebble_call_pull_file(client, &options, &call, NULL));
    peer_drive(call, listener_fd, (const char *)data + 1, size - 1, look);
    return 0;
}
