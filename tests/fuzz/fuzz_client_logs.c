// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that reads or follows logs.
#include "client_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct pebble_call *call, enum pebble_call_state state) {
    const struct pebble_log_entry *entry = pebble_call_log_entry(call);
    size_t length;
    const char *text;
    check((entry != NULL) == (state == PEBBLE_CALL_ITEM));
    if (entry == NULL)
        return;
    check(pebble_log_entry_service(entry) != NULL);
    check(strlen(pebble_log_entry_message(entry, &length)) <= length);
    check(pebble_log_entry_time_ns(entry, &text) == 0 || text != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int listener_fd;
    struct pebble_client *client = peer_client(&listener_fd);
    struct pebble_call *call;
    if (size < 1)
        return 0;
    const struct pebble_log_options options = {
        .size = sizeof options, .last = PEBBLE_LOGS_ALL, .flags = (data[0] & 1) != 0 ? PEBBLE_LOGS_FOLLOW : 0};
    check(pebble_call_get_logs(client, &options, &call, NULL));
    peer_drive(call, listener_fd, (const char *)data + 1, size - 1, look);
    return 0;
}
