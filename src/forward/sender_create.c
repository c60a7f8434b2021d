// SPDX-License-Identifier: GPL-3.0-or-later
// Which sender a location needs. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "forward/sender_internal.h"
#include "wire/url.h"

// --- locations that cannot be used ---

struct sender_broken {
    struct sender sender;
    char *message;
};

static void broken_start(struct sender *sender, const struct payload *payload UNUSED) {
    sender_end(sender, SEND_FAILED, CONTAINER_OF(sender, struct sender_broken, sender)->message);
}

static void broken_destroy(struct sender *sender) {
    struct sender_broken *broken = CONTAINER_OF(sender, struct sender_broken, sender);
    sender_finish(sender);
    free(broken->message);
    free(broken);
}

static const struct sender_class broken_class = {
    .encoder = &syslog_encoder, .start = broken_start, .destroy = broken_destroy};

static struct sender *create_broken(const struct forward_spec *spec, const char *message) {
    struct sender_broken *broken = memory_new(sizeof *broken);
    sender_init(&broken->sender, &broken_class, spec);
    broken->message = memory_string(message);
    return &broken->sender;
}

// --- creating ---

// Without user and password.
static char *shown_location(const struct url *url) {
    struct buffer location = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&location, "%s://", url->scheme);
    url_add_authority(&location, url);
    return buffer_take(&location);
}

static struct sender *create_without_port(const struct forward_spec *spec, const struct url *url) {
    AUTO_FREE char *location = shown_location(url);
    AUTO_FREE char *message = memory_printf("cannot connect to %s: dial %s: address %s: missing port in address",
                                            location, url->scheme, url->host);
    return create_broken(spec, message);
}

static struct sender *create_socket_sender(const struct forward_spec *spec, const struct url *url) {
    struct sender *sender = text_equal(url->scheme, "tcp") ? sender_tcp_create(spec, url->host, (uint16_t)url->port)
                                                           : sender_udp_create(spec, url->host, (uint16_t)url->port);
    sender->location = shown_location(url);
    return sender;
}

static struct sender *create_syslog(const struct forward_spec *spec, const char *location) {
    AUTO_ERROR struct error err = {0};
    struct url url = {0};
    if (!url_parse(location, &url, &err))
        return create_broken(spec, error_text(&err));
    struct sender *sender;
    if (!text_equal(url.scheme, "tcp") && !text_equal(url.scheme, "udp"))
        sender = create_broken(spec, "location of a syslog target must begin with \"tcp://\" or \"udp://\"");
    else if (url.port == 0)
        sender = create_without_port(spec, &url);
    else
        sender = create_socket_sender(spec, &url);
    url_finish(&url);
    return sender;
}

struct sender *sender_create(const struct forward_spec *spec, enum log_target_type type, const char *location) {
    if (type == LOG_TARGET_SYSLOG)
        return create_syslog(spec, location);
    if (type == LOG_TARGET_LOKI)
        return sender_http_create(spec, &sender_loki, location);
    AUTO_FREE char *url = memory_printf("%s/v1/logs", location);
    return sender_http_create(spec, &sender_opentelemetry, url);
}
