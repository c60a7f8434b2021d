// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/request_log_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define USUAL_LINE_BYTES 512

bool request_is_about_server(const struct http_exchange *exchange) {
    return text_equal(http_exchange_method(exchange), "OPTIONS") &&
           text_equal(http_exchange_head(exchange)->target, "*");
}

static bool is_logged(const struct http_exchange *exchange) {
    static const char changes[] = "/v1/changes/";
    const char *path = http_exchange_path(exchange);
    if (request_is_about_server(exchange))
        return false;
    if (!text_equal(http_exchange_method(exchange), "GET"))
        return true;
    if (text_has_prefix(path, changes))
        return strchr(path + sizeof changes - 1, '/') != NULL;
    return !text_equal(path, "/v1/system-info") && !text_equal(path, "/v1/health");
}

void request_log(const struct http_exchange *exchange, int status, int64_t duration_ns) {
    if (!is_logged(exchange))
        return;
    static const char *const schemes[] = {
        [HTTP_OVER_UNIX] = " (http+unix)", [HTTP_OVER_TCP] = " (http)", [HTTP_OVER_TLS] = " (https)"};
    const char *remote = http_exchange_remote(exchange);
    char memory[USUAL_LINE_BYTES];
    AUTO_BUFFER struct buffer line;
    buffer_lend(&line, memory, sizeof memory);
    buffer_add_string(&line, remote);
    if (remote[0] != '\0')
        buffer_add_char(&line, ' ');
    http_exchange_log_request(exchange, &line);
    char duration[DURATION_TEXT_SIZE];
    duration_format(duration_ns, duration);
    buffer_add_char(&line, ' ');
    buffer_add_string(&line, duration);
    buffer_add_char(&line, ' ');
    buffer_add_number(&line, (uint64_t)status);
    buffer_add_string(&line, schemes[http_exchange_transport(exchange)]);
    log_request(buffer_text(&line));
}
