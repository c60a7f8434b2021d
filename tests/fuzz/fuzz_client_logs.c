// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that reads or follows logs. The first byte has the flags.
#include "client_peer.h"

#include "base/compiler.h"

#define FLAG_FOLLOW 1
#define FLAG_BLOCKING 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct pebble_log_entry *entry) {
    size_t length;
    const char *text;
    check(pebble_log_entry_service(entry) != NULL);
    check(strlen(pebble_log_entry_message(entry, &length)) <= length);
    check(pebble_log_entry_message(entry, &length)[length] == '\0');
    check(pebble_log_entry_time_ns(entry, &text) == 0 || text != NULL);
}

static void look(struct pebble_call *call, enum pebble_call_state state) {
    const struct pebble_log_entry *entry = pebble_call_log_entry(call);
    check((entry != NULL) == (state == PEBBLE_CALL_ITEM));
    if (entry != NULL)
        check_entry(entry);
}

static bool on_entry_read(const struct pebble_log_entry *entry, void *data UNUSED) {
    check_entry(entry);
    return true;
}

static void run(struct pebble_client *client, const struct pebble_log_options *options) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    bool is_good = pebble_get_logs(client, options, on_entry_read, NULL, &error);
    check(is_good == (error.kind == PEBBLE_ERROR_NONE));
    if (!is_good)
        peer_check_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pebble_call *call;
    if (size < 1)
        return 0;
    struct pebble_client *client = peer_begin((const char *)data + 1, size - 1, false);
    const struct pebble_log_options options = {.size = sizeof options,
                                               .last = PEBBLE_LOGS_ALL,
                                               .flags = (data[0] & FLAG_FOLLOW) != 0 ? PEBBLE_LOGS_FOLLOW : 0};
    if ((data[0] & FLAG_BLOCKING) != 0)
        run(client, &options);
    else if (pebble_call_get_logs(client, &options, &call, NULL))
        peer_drive(call, look);
    peer_end(client);
    return 0;
}
