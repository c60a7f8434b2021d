// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/response_head_internal.h"

#include "wire/http_message.h"

static void add_line(struct buffer *out, const char *name, const char *value) {
    if (value == NULL)
        return;
    buffer_add_string(out, name);
    buffer_add_string(out, value);
    buffer_add(out, "\r\n", 2);
}

static void add_framing(const struct response_head *head, struct buffer *out) {
    switch (head->framing) {
    case FRAMING_NONE:
        break;
    case FRAMING_LENGTH:
        buffer_add_string(out, "Content-Length: ");
        buffer_add_number(out, head->length);
        buffer_add(out, "\r\n", 2);
        break;
    case FRAMING_CHUNKED:
        buffer_add_string(out, "Transfer-Encoding: chunked\r\n");
        break;
    }
}

// Without printf(), which would take most of the time of a small response.
void response_head_add(const struct response_head *head, struct buffer *out) {
    buffer_add_string(out, head->is_http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ");
    buffer_add_number(out, (uint64_t)head->status);
    add_line(out, " ", http_status_text(head->status));
    add_line(out, "Content-Type: ", head->content_type);
    add_line(out, "Upgrade: ", head->upgrade);
    if (head->fields != NULL)
        buffer_add_string(out, head->fields);
    add_line(out, "Date: ", head->date);
    add_line(out, "Connection: ", head->connection);
    if (head->headers != NULL)
        buffer_add(out, head->headers->data, head->headers->length);
    add_framing(head, out);
    buffer_add(out, "\r\n", 2);
}

const char *response_date_now(struct response_date *date) {
    int64_t now_ns = clock_wall_ns();
    if (date->second != now_ns / NS_PER_S || date->text[0] == '\0') {
        date->second = now_ns / NS_PER_S;
        clock_format_http(now_ns, date->text);
    }
    return date->text;
}
