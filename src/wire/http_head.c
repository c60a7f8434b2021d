// SPDX-License-Identifier: LGPL-3.0-or-later
// The head of a message (RFC 9112 sections 2 to 6). Requests are held to the letter, but for line ends: what two
// servers might read in two ways is refused.
// Declared in wire/http_reader_internal.h.
#include "wire/http_reader_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define LENGTH_MAX ((uint64_t)INT64_MAX)
#define VERSION_LENGTH ((size_t)8) // "HTTP/1.1"
#define STATUS_LENGTH ((size_t)3)

static const char bad_request[] = "Bad Request";
static const char malformed_response[] = "malformed HTTP response";

enum character_kind { TOKEN = 1, HOST = 2 };
// RFC 9110 section 5.6.2 (tchar); RFC 3986 section 3.2.2 (host, with port and brackets).
static const unsigned char characters[256] = {
    ['0' ... '9'] = TOKEN | HOST,
    ['A' ... 'Z'] = TOKEN | HOST,
    ['a' ... 'z'] = TOKEN | HOST,
    ['!'] = TOKEN | HOST,
    ['$'] = TOKEN | HOST,
    ['%'] = TOKEN | HOST,
    ['&'] = TOKEN | HOST,
    ['\''] = TOKEN | HOST,
    ['*'] = TOKEN | HOST,
    ['+'] = TOKEN | HOST,
    ['-'] = TOKEN | HOST,
    ['.'] = TOKEN | HOST,
    ['_'] = TOKEN | HOST,
    ['~'] = TOKEN | HOST,
    ['#'] = TOKEN,
    ['^'] = TOKEN,
    ['`'] = TOKEN,
    ['|'] = TOKEN,
    ['('] = HOST,
    [')'] = HOST,
    [','] = HOST,
    [':'] = HOST,
    [';'] = HOST,
    ['='] = HOST,
    ['['] = HOST,
    [']'] = HOST,
};

bool http_char_is_token(char c) {
    return (characters[(unsigned char)c] & TOKEN) != 0;
}

bool http_char_is_text(char c) {
    return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

static bool is_token(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!http_char_is_token(text[i]))
            return false;
    }
    return length > 0;
}

static bool is_text(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!http_char_is_text(text[i]))
            return false;
    }
    return true;
}

// The head's fault: in a response that is nobody's status.
static bool head_fail(struct http_reader *reader) {
    return http_reader_fail(reader, 400, reader->kind == HTTP_READ_REQUEST ? bad_request : malformed_response);
}

// --- the first line ---

struct start_line {
    const char *text;
    size_t length; // without line end
    // Of a request; the method begins at `text`, and one space is behind both.
    size_t method_length;
    size_t target_length;
    // Of a response; what is behind the status' digits.
    int status;
    const char *reason;
    char major;
    char minor;
};

static bool version_parse(struct start_line *line, const char *text, size_t length) {
    if (length != VERSION_LENGTH || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.')
        return false;
    line->major = text[5];
    line->minor = text[7];
    return line->major >= '0' && line->major <= '9' && line->minor >= '0' && line->minor <= '9';
}

// A path, "*" or a URL; url_target_parse() looks closer.
static bool target_is_sound(const char *target, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!http_char_is_text(target[i]) || target[i] == '\t')
            return false;
    }
    return length > 0 &&
           (target[0] == '/' || (length == 1 && target[0] == '*') || memmem(target, length, "://", 3) != NULL);
}

static bool request_line_parse(struct start_line *line) {
    const char *end = line->text + line->length;
    const char *first = memchr(line->text, ' ', line->length);
    const char *target = first != NULL ? first + 1 : end;
    const char *second = memchr(target, ' ', (size_t)(end - target));
    if (second == NULL)
        return false;
    line->method_length = (size_t)(first - line->text);
    line->target_length = (size_t)(second - target);
    return is_token(line->text, line->method_length) && target_is_sound(target, line->target_length) &&
           version_parse(line, second + 1, (size_t)(end - second - 1));
}

static bool status_line_parse(struct start_line *line) {
    const size_t status_end = VERSION_LENGTH + 1 + STATUS_LENGTH;
    if (line->length < status_end || line->text[VERSION_LENGTH] != ' ' ||
        !version_parse(line, line->text, VERSION_LENGTH) || line->major != '1')
        return false;
    for (size_t i = VERSION_LENGTH + 1; i < status_end; i++) {
        if (line->text[i] < '0' || line->text[i] > '9')
            return false;
        line->status = line->status * 10 + (line->text[i] - '0');
    }
    bool has_reason = line->length > status_end;
    line->reason = line->text + status_end + has_reason;
    return line->status >= 100 && (!has_reason || line->text[status_end] == ' ') && is_text(line->text, line->length);
}

// The first line of the bytes so far, which hold a line feed.
static bool start_line_parse(struct http_reader *reader, struct start_line *line) {
    const char *text = reader->head_bytes.data;
    const char *end = memchr(text, '\n', reader->head_bytes.length);
    *line = (struct start_line){.text = text, .length = (size_t)(end - text)};
    if (line->length > 0 && end[-1] == '\r')
        line->length--;
    bool is_request = reader->kind == HTTP_READ_REQUEST;
    return (is_request ? request_line_parse(line) : status_line_parse(line)) || head_fail(reader);
}

bool http_head_check_start(struct http_reader *reader) {
    struct start_line line;
    return start_line_parse(reader, &line);
}

// Makes strings of the line's parts.
static void start_line_take(struct http_reader *reader, const struct start_line *line) {
    struct http_head *head = &reader->head;
    char *text = reader->head_bytes.data;
    text[line->length] = '\0';
    head->minor_version = line->major > '1' || line->minor > '0';
    if (reader->kind == HTTP_READ_RESPONSE) {
        head->status = line->status;
        head->reason = line->reason;
        return;
    }
    size_t target = line->method_length + 1;
    text[line->method_length] = '\0';
    text[target + line->target_length] = '\0';
    head->method = text;
    head->target = text + target;
    head->target_length = line->target_length;
}

// --- header fields ---

static bool name_fail(struct http_reader *reader, const char *name, size_t length) {
    bool has_space = length > 0 && name[0] != ' ' && memchr(name, ' ', length) != NULL;
    if (reader->kind == HTTP_READ_REQUEST && has_space)
        return http_reader_fail(reader, 400, "Bad Request: invalid header name");
    return head_fail(reader);
}

static bool field_parse(struct http_reader *reader, char *line, char *end) {
    char *colon = memchr(line, ':', (size_t)(end - line));
    if (colon == NULL)
        return head_fail(reader);
    if (!is_token(line, (size_t)(colon - line)))
        return name_fail(reader, line, (size_t)(colon - line));
    char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!is_text(value, (size_t)(end - value)))
        return head_fail(reader);
    *colon = '\0';
    *end = '\0';
    reader->head.headers[reader->head.header_count++] =
        (struct http_header){.name = line, .value = value, .value_length = (size_t)(end - value)};
    return true;
}

// The end of the field line at `line`, where its line end begins; *next is behind that. Folded lines of a response
// are joined by spaces (RFC 9112 section 5.2), in a request they are no field lines and refused as such.
static char *field_end(const struct http_reader *reader, char *line, char **next) {
    char *limit = reader->head_bytes.data + reader->head_bytes.length;
    char *at = line;
    while (true) {
        char *newline = memchr(at, '\n', (size_t)(limit - at)); // never NULL: an empty line is at the end
        char *end = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
        at = newline + 1;
        bool is_folded = end > line && at < limit && (*at == ' ' || *at == '\t');
        if (!is_folded || reader->kind == HTTP_READ_REQUEST) {
            *next = at;
            return end;
        }
        memset(end, ' ', (size_t)(at - end));
    }
}

static bool fields_parse(struct http_reader *reader, char *line) {
    size_t count_max = reader->line_count - 2;
    if (count_max > HTTP_HEADERS_MAX)
        return http_reader_fail(reader, 431, http_status_text(431));
    if (count_max == 0)
        return true;
    reader->head.headers = memory_try(count_max * sizeof *reader->head.headers);
    if (reader->head.headers == NULL)
        return http_reader_fail(reader, 431, http_status_text(431));
    char *next;
    for (char *end; (end = field_end(reader, line, &next)) > line; line = next) {
        if (!field_parse(reader, line, end))
            return false;
    }
    return true;
}

// --- what the fields say ---

// The fields that matter to the reader, from one walk.
struct notable {
    const struct http_header *length;
    const struct http_header *encoding;
    const struct http_header *host;
    const struct http_header *expect;
    size_t encoding_count;
    size_t host_count;
    bool lengths_differ;
    bool has_connection;
};

static void notable_add(struct notable *notable, const struct http_header *header) {
    if (strcasecmp(header->name, "Host") == 0) {
        notable->host = header;
        notable->host_count++;
    } else if (strcasecmp(header->name, "Connection") == 0) {
        notable->has_connection = true;
    } else if (strcasecmp(header->name, "Transfer-Encoding") == 0) {
        notable->encoding = header;
        notable->encoding_count++;
    } else if (strcasecmp(header->name, "Content-Length") == 0) {
        notable->lengths_differ |= notable->length != NULL && strcmp(notable->length->value, header->value) != 0;
        notable->length = header;
    } else if (strcasecmp(header->name, "Expect") == 0 && notable->expect == NULL) {
        notable->expect = header;
    }
}

static struct notable notable_find(const struct http_head *head) {
    struct notable notable = {0};
    for (size_t i = 0; i < head->header_count; i++)
        notable_add(&notable, &head->headers[i]);
    return notable;
}

static bool bad_framing(struct http_reader *reader, int status, const char *reason) {
    bool is_request = reader->kind == HTTP_READ_REQUEST;
    return http_reader_fail(reader, status, is_request ? http_status_text(status) : reason);
}

// RFC 9112 section 6.3. One coding, and "chunked" only; a list of lengths is no length.
static bool framing_parse(struct http_reader *reader, const struct notable *notable) {
    struct http_head *head = &reader->head;
    bool has_encoding = notable->encoding != NULL && head->minor_version > 0;
    if (has_encoding && (notable->encoding_count > 1 || strcasecmp(notable->encoding->value, "chunked") != 0))
        return bad_framing(reader, 501, "unsupported transfer encoding");
    if (notable->length != NULL && (notable->lengths_differ || notable->length->value[0] == '\0' ||
                                    !text_to_uint64(notable->length->value, LENGTH_MAX, &head->length)))
        return bad_framing(reader, 400, "bad Content-Length");
    head->is_chunked = has_encoding;
    head->has_length = notable->length != NULL && !has_encoding;
    head->length = head->has_length ? head->length : 0;
    if (reader->kind == HTTP_READ_REQUEST) {
        head->has_body = head->is_chunked || head->length > 0;
    } else {
        bool never_has_body = head->status < 200 || head->status == 204 || head->status == 304;
        head->has_body = !never_has_body && (head->is_chunked || !head->has_length || head->length > 0);
    }
    return true;
}

static void connection_parse(struct http_reader *reader, const struct notable *notable) {
    struct http_head *head = &reader->head;
    head->is_keep_alive = head->minor_version > 0;
    if (notable->has_connection) {
        head->is_keep_alive = !http_head_has_token(head, "Connection", "close") &&
                              (head->minor_version > 0 || http_head_has_token(head, "Connection", "keep-alive"));
        head->wants_upgrade = http_head_has_token(head, "Connection", "upgrade");
    }
    // Whoever sent two framings, or one that its version does not know, may be smuggling: RFC 9112 section 6.1 has
    // such a message served, but nothing after it.
    bool is_doubtful = notable->encoding != NULL && (notable->length != NULL || head->minor_version == 0);
    bool ends_by_close = head->has_body && !head->is_chunked && !head->has_length;
    head->is_keep_alive = head->is_keep_alive && !is_doubtful && !ends_by_close;
}

static bool host_is_sound(const struct http_header *host) {
    for (size_t i = 0; i < host->value_length; i++) {
        if ((characters[(unsigned char)host->value[i]] & HOST) == 0)
            return false;
    }
    return true;
}

static bool request_check(struct http_reader *reader, const struct start_line *line, const struct notable *notable) {
    if (line->major != '1')
        return http_reader_fail(reader, 505, "HTTP Version Not Supported: unsupported protocol version");
    if (notable->host == NULL && reader->head.minor_version > 0)
        return http_reader_fail(reader, 400, "Bad Request: missing required Host header");
    if (notable->host != NULL && !host_is_sound(notable->host))
        return http_reader_fail(reader, 400, "Bad Request: malformed Host header");
    if (notable->expect != NULL && notable->expect->value_length > 0) {
        if (!http_head_has_token(&reader->head, "Expect", "100-continue"))
            return http_reader_fail(reader, 417, http_status_text(417));
        reader->head.has_expect_continue = reader->head.minor_version > 0 && reader->head.has_body;
    }
    return true;
}

bool http_head_parse(struct http_reader *reader) {
    struct start_line line;
    if (!start_line_parse(reader, &line))
        return false;
    char *fields = memchr(line.text + line.length, '\n', 2);
    start_line_take(reader, &line);
    if (!fields_parse(reader, fields + 1))
        return false;
    struct notable notable = notable_find(&reader->head);
    bool is_request = reader->kind == HTTP_READ_REQUEST;
    if (is_request && notable.host_count > 1)
        return head_fail(reader);
    if (!framing_parse(reader, &notable))
        return false;
    connection_parse(reader, &notable);
    return !is_request || request_check(reader, &line, &notable);
}

// --- looking up ---

const char *http_head_get(const struct http_head *head, const char *name) {
    for (size_t i = 0; i < head->header_count; i++) {
        if (strcasecmp(head->headers[i].name, name) == 0)
            return head->headers[i].value;
    }
    return NULL;
}

static bool list_has_token(const char *list, const char *token) {
    size_t token_length = strlen(token);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t length = strcspn(list, ",");
        size_t trimmed = length;
        while (trimmed > 0 && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t'))
            trimmed--;
        if (trimmed == token_length && strncasecmp(list, token, trimmed) == 0)
            return true;
        list += length;
    }
    return false;
}

bool http_head_has_token(const struct http_head *head, const char *name, const char *token) {
    for (size_t i = 0; i < head->header_count; i++) {
        if (strcasecmp(head->headers[i].name, name) == 0 && list_has_token(head->headers[i].value, token))
            return true;
    }
    return false;
}
