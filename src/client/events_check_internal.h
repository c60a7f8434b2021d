// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: which event a notice is, and whether its change has to be known for that.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_CHECK_EVENTS ((uint64_t)PEBBLE_EVENT_CHECK_FAILED | PEBBLE_EVENT_CHECK_RECOVERED)

// What a notice of type "change-update" says. All zero: nothing.
struct client_change_data {
    char *name;       // of the change: its ID, and when the notice first occurred, as a daemon that has lost its state
                      // gives IDs again
    char *kind;       // of the change; "" if there is none
    char *check_name; // "" if there is none
};
// PEBBLE_ERROR_PROTOCOL if the data does not have the form of such a notice.
bool client_change_data_read(struct client_change_data *data, const struct pebble_notice *notice,
                             struct pebble_error *error) NODISCARD;
void client_change_data_finish(struct client_change_data *data);

// Whether one of the wanted kinds of events could come of it.
bool client_change_data_is_wanted(const struct client_change_data *data, uint64_t kinds);
// Whether a change that another daemon has given for the ID in the notice is not the notice's.
bool client_change_is_other(const struct pebble_change *change, const struct pebble_notice *notice,
                            const struct client_change_data *data);

// Changes that were an event of a check, the last ones: such a change is none a second time.
#define CLIENT_CHECKS_SEEN_MAX 256
struct client_checks_seen {
    char *changes[CLIENT_CHECKS_SEEN_MAX];
    size_t next;
};
void client_checks_seen_finish(struct client_checks_seen *seen);

// The one event of the wanted kinds that it is, 0 for none. `change` is NULL if the daemon does not have it any more.
// Notes a check's event in `seen`.
uint64_t client_change_event(const struct pebble_change *change, const struct client_change_data *data, uint64_t kinds,
                             struct client_checks_seen *seen);
