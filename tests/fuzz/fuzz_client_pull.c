// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that pulls a file, or a part of it, to memory, a function or a descriptor. The first
// byte chooses.
#include "client_peer.h"

#include "base/compiler.h"

#define FLAG_FUNCTION 1
#define FLAG_DESCRIPTOR 2
#define FLAG_BLOCKING 4
#define LIMIT_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t received;

static bool on_content_read(const void *bytes, size_t length, void *data UNUSED) {
    check(length > 0);
    for (size_t i = 0; i < length; i++)
        (void)*((const volatile char *)bytes + i);
    received += length;
    return received < 1000;
}

static void check_content(struct pebble_content *content) {
    size_t length;
    const char *bytes = pebble_content_bytes(content, &length);
    check(strlen(bytes) <= length && bytes[length] == '\0' && length <= LIMIT_BYTES);
    pebble_content_destroy(content);
}

static void look(struct pebble_call *call, enum pebble_call_state state) {
    struct pebble_content *content = pebble_call_take_content(call);
    check(content == NULL || state == PEBBLE_CALL_DONE);
    if (content != NULL)
        check_content(content);
    check(pebble_call_take_content(call) == NULL);
}

static void run(struct pebble_client *client, const struct pebble_pull_options *options) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    struct pebble_content *content = NULL;
    bool is_good = pebble_pull_file(client, options, &content, &error);
    bool is_kept = options->fd == NULL && options->on_write == NULL;
    check(is_good == (error.kind == PEBBLE_ERROR_NONE) && (content != NULL) == (is_good && is_kept));
    if (!is_good)
        peer_check_error(&error);
    if (content != NULL)
        check_content(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int null_fd = -1;
    struct pebble_call *call;
    if (size < 1)
        return 0;
    if (null_fd < 0)
        null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    received = 0;
    struct pebble_client *client = peer_begin((const char *)data + 1, size - 1, false);
    struct pebble_pull_options options = {.size = sizeof options, .path = "/a/b", .limit_bytes = LIMIT_BYTES};
    if ((data[0] & FLAG_FUNCTION) != 0)
        options.on_write = on_content_read;
    else if ((data[0] & FLAG_DESCRIPTOR) != 0)
        options.fd = &null_fd;
    if ((data[0] & FLAG_BLOCKING) != 0)
        run(client, &options);
    else if (pebble_call_pull_file(client, &options, &call, NULL))
        peer_drive(call, look);
    peer_end(client);
    return 0;
}
