// SPDX-License-Identifier: GPL-3.0-or-later
// What a daemon sends to subscriptions, as JSON. Times are nanoseconds, one digit.
#pragma once

#define BOOT(id) "{\"version\":\"1\",\"boot-id\":\"" id "\"}"
#define AT(nanoseconds) "1970-01-01T00:00:00.00000000" nanoseconds "Z"
#define TIMES(nanoseconds) "\"last-occurred\":\"" AT(nanoseconds) "\",\"last-repeated\":\"" AT(nanoseconds) "\""
#define CUSTOM(id, ns) "{\"id\":\"" id "\",\"type\":\"custom\",\"key\":\"a.b/" id "\"," TIMES(ns) "}"
#define UPDATE(id, change, kind, ns)                                                                                   \
    "{\"id\":\"" id "\",\"type\":\"change-update\",\"key\":\"" change                                                  \
    "\"," TIMES(ns) ",\"last-data\":{\"kind\":\"" kind "\",\"check-name\":\"door\"}}"
#define CHANGE(id, kind, status, ns)                                                                                   \
    "{\"id\":\"" id "\",\"kind\":\"" kind "\",\"status\":\"" status "\",\"spawn-time\":\"" AT(ns) "\"}"
#define REFUSAL(status, kind)                                                                                          \
    "{\"type\":\"error\",\"status-code\":" status ",\"status\":\"?\",\"result\":{\"message\":\"no\",\"kind\":\"" kind  \
    "\"}}"
// With the parameters that come before the types.
#define LISTING(parameters) "GET /v1/notices?" parameters "&types=custom&types=change-update"
