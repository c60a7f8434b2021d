// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/request_log_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

static bool is_logged(const struct http_exchange *exchange) {
    static const char changes[] = "/v1/changes/";
    const char *path = http_exchange_path(exchange);
    if (!text_equal(http_exchange_method(exchange), "GET"))
        return true;
    if (text_has_prefix(path, changes))
        return strchr(path + sizeof changes - 1, '/') != NULL;
    return !text_equal(path, "/v1/system-info") && !text_equal(path, "/v1/health");
}

void request_log(const struct http_exchange *exchange, int status, int64_t duration_ns) {
    if (!is_logged(exchange))
        return;
    AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    http_exchange_log_request(exchange, &request);
    char duration[DURATION_TEXT_SIZE];
    duration_format(duration_ns, duration);
    static const char *const schemes[] = {
        [HTTP_OVER_UNIX] = "http+unix", [HTTP_OVER_TCP] = "http", [HTTP_OVER_TLS] = "https"};
    const char *remote = http_exchange_remote(exchange);
    log_notice("%s%s%s %s %d (%s)", remote, remote[0] != '\0' ? " " : "", buffer_text(&request), duration, status,
               schemes[http_exchange_transport(exchange)]);
}
