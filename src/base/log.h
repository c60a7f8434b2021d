// SPDX-License-Identifier: LGPL-3.0-or-later
// Logging, for modules of level 5 and above and the task runner; lower modules return errors. A message begins with a
// capital letter and has no trailing newline. Further lines of it are indented, and control characters are escaped
// (text_add_shown()), and a long one is cut, as it may hold foreign text. It is written to the sink set by
// log_set_sink(), or to standard error.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

// Receives one whole line with its newline: "2026-01-02T03:04:05.678Z [pebble] Message\n".
typedef void (*log_sink_fn)(void *data, const char *line, size_t length);
void log_set_sink(log_sink_fn sink, void *data); // NULL restores the default
// Another sink for lines of requests, with the same data: it may write them later, before the loop waits. NULL, or
// log_set_sink(): they go to the sink of all lines.
void log_set_request_sink(log_sink_fn sink);
void log_set_debug(bool is_on);

void log_notice(const char *format, ...) PRINTF_LIKE(1, 2);
void log_request(const char *message);                     // of a request
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2); // "[pebble] DEBUG Message"

// Logs a security event: a JSON object with the keys type, datetime, level, event, description and appid, in this
// order. `event` is for example "authz_admin:0,add_layer".
enum log_security_level { LOG_SECURITY_WARN, LOG_SECURITY_CRITICAL };
void log_security(enum log_security_level level, const char *event, const char *description);
