// SPDX-License-Identifier: LGPL-3.0-or-later
// The log call. Level 5 and above log, and the task runner; lower modules return errors. A message begins
// with a capital letter and has no newline at the end. Where it goes is decided once by log_set_sink();
// the default sink writes to standard error.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

// Gets one whole line, newline included: "2026-01-02T03:04:05.678Z [pebble] Message\n".
typedef void (*log_sink_fn)(void *data, const char *line, size_t length);
void log_set_sink(log_sink_fn sink, void *data); // NULL restores the default
void log_set_debug(bool is_on);
bool log_is_debug(void);

void log_notice(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2); // "[pebble] DEBUG Message"

// Security events: one JSON object as the message, keys in the order type, datetime, level, event,
// description, appid. `event` is e.g. "authz_admin:0,add_layer".
enum log_security_level { LOG_SECURITY_WARN, LOG_SECURITY_CRITICAL };
void log_security(enum log_security_level level, const char *event, const char *description);
