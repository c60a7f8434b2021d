// SPDX-License-Identifier: LGPL-3.0-or-later
// URLs back to text. Declared in wire/url.h.
#include "wire/url.h"

#include <string.h>

// Bytes that are not ASCII are escaped: they were when the URL was written, or should have been.
static void add_host(struct buffer *out, const char *host, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)host[i];
        if (byte < 0x80)
            buffer_add_char(out, host[i]);
        else
            buffer_printf(out, "%%%02X", byte);
    }
}

void url_add_authority(struct buffer *out, const struct url *url) {
    bool is_ipv6 = strchr(url->host, ':') != NULL;
    // A zone means something on this machine only: RFC 6874 section 4.
    size_t length = is_ipv6 ? strcspn(url->host, "%") : strlen(url->host);
    if (is_ipv6)
        buffer_add_char(out, '[');
    add_host(out, url->host, length);
    if (is_ipv6)
        buffer_add_char(out, ']');
    if (url->has_port)
        buffer_printf(out, ":%d", url->port);
}

void url_add_text(struct buffer *out, const struct url *url) {
    buffer_printf(out, "%s://", url->scheme);
    url_add_authority(out, url);
    buffer_add_string(out, url->path);
}
