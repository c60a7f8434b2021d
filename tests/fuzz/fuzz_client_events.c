// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to a client that subscribes to its events: the first byte has flags, the second one the kinds
// that are wanted. The position never goes back, and an event has what its kind has.
#include "client_peer.h"

#include "base/text.h"

#define FLAG_KEPT 1
#define FLAG_POSITION 2
#define FLAG_FROM_NOW 4
#define EVENTS_MAX 2000
#define FROM_NOTICE                                                                                                    \
    (PEBBLE_EVENT_CUSTOM_NOTICE | PEBBLE_EVENT_CHECK_FAILED | PEBBLE_EVENT_CHECK_RECOVERED | PEBBLE_EVENT_CHANGE_UPDATE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_change(const struct pebble_change *change) {
    check(pebble_change_id(change) != NULL && pebble_change_kind(change) != NULL);
    check(pebble_change_status(change) != NULL && pebble_change_summary(change) != NULL);
}

static void check_event(const struct pebble_event *event, uint64_t kinds) {
    uint64_t kind = pebble_event_kind(event);
    bool is_check = (kind & (PEBBLE_EVENT_CHECK_FAILED | PEBBLE_EVENT_CHECK_RECOVERED)) != 0;
    const struct pebble_change *change = pebble_event_change(event);
    check((kind & kinds) != 0 && (kind & (kind - 1)) == 0);
    check((pebble_event_notice(event) != NULL) == ((kind & FROM_NOTICE) != 0));
    check((pebble_event_check_name(event) != NULL) == is_check);
    check((pebble_event_error(event) != NULL) == (kind == PEBBLE_EVENT_CONNECTION_LOST));
    check((pebble_event_boot_id(event) != NULL) ==
          (kind == PEBBLE_EVENT_READY || kind == PEBBLE_EVENT_CONNECTION_BACK));
    check(change == NULL || is_check || kind == PEBBLE_EVENT_CHANGE_UPDATE);
    if (change != NULL)
        check_change(change);
    if (pebble_event_error(event) != NULL)
        peer_check_error(pebble_event_error(event));
}

static void run(struct pebble_events *events, uint64_t kinds) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    int64_t position_ns = pebble_events_position_ns(events);
    const struct pebble_event *event;
    int count = 0;
    while (pebble_events_wait(events, -1, &event, &error)) {
        check(count++ < EVENTS_MAX && event != NULL && event == pebble_events_event(events));
        check_event(event, kinds);
        check(pebble_events_position_ns(events) >= position_ns);
        position_ns = pebble_events_position_ns(events);
    }
    peer_check_error(&error);
    check(pebble_events_position_ns(events) >= position_ns);
    (void)pebble_events_boot_id(events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct pebble_events *events = NULL;
    if (size < 2)
        return 0;
    struct pebble_client *client = peer_begin((const char *)data + 2, size - 2, (data[0] & FLAG_KEPT) != 0);
    struct pebble_events_options options = {.size = sizeof options, .kinds = data[1] & 0x7f};
    uint64_t kinds = options.kinds != 0 ? options.kinds : 0x7f;
    if ((data[0] & FLAG_POSITION) != 0) {
        options.after_ns = PEER_START_NS;
        options.boot_id = "b";
    } else if ((data[0] & FLAG_FROM_NOW) != 0) {
        options.flags = PEBBLE_EVENTS_FROM_NOW;
    }
    check(pebble_events_create(client, &options, &events, NULL));
    run(events, kinds);
    pebble_events_destroy(events);
    peer_end(client);
    return 0;
}
