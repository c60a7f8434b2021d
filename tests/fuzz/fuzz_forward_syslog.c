// SPDX-License-Identifier: GPL-3.0-or-later
// What syslog targets get can be divided into messages, and has the labels and lines: read by a small parser of RFC
// 5424 and of the lengths of RFC 6587.
#include "base/buffer.h"
#include "forward_lines.h"

#define DATAGRAM_TEXT_MAX ((size_t)4000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *next;
    const char *end;
};

// --- parsing ---

static char take(struct input *input) {
    check(input->next < input->end);
    return *input->next++;
}

static void expect(struct input *input, const char *text) {
    for (; *text != '\0'; text++)
        check(take(input) == *text);
}

// Visible ASCII without the excluded characters, at least one, as far as it goes.
static char *take_name(struct input *input, const char *excluded) {
    const char *begin = input->next;
    while (input->next<input->end && * input->next> ' ' && *input->next < 0x7f &&
           strchr(excluded, *input->next) == NULL)
        input->next++;
    check(input->next > begin);
    return memory_string_n(begin, (size_t)(input->next - begin));
}

static void take_value(struct input *input, struct buffer *value) {
    expect(input, "\"");
    for (char c = take(input); c != '"'; c = take(input)) {
        check(c != ']');
        if (c == '\\') {
            c = take(input);
            check(c == '"' || c == '\\' || c == ']');
        }
        buffer_add_char(value, c);
    }
}

static size_t take_length(struct input *input) {
    size_t length = 0;
    char first = *input->next;
    check(first >= '1' && first <= '9');
    for (char c = take(input); c != ' '; c = take(input)) {
        check(c >= '0' && c <= '9');
        length = length * 10 + (size_t)(c - '0');
    }
    check(length <= (size_t)(input->end - input->next));
    return length;
}

// --- comparing ---

static void check_name(const char *name, const char *original, const char *excluded) {
    if (*original == '\0') {
        check(text_equal(name, "-"));
        return;
    }
    check(strlen(name) == strlen(original));
    for (; *name != '\0'; name++, original++) {
        bool is_allowed = *original > ' ' && *original < 0x7f && strchr(excluded, *original) == NULL;
        check(*name == (is_allowed ? *original : '_'));
    }
}

static void check_head(struct input *input, const struct fuzz_lines *lines, int64_t wall_ns) {
    struct wall_time time;
    expect(input, "<13>1 ");
    AUTO_FREE char *stamp = take_name(input, "");
    check(clock_parse(stamp, &time) && time.ns == wall_ns && time.offset_seconds == 0);
    expect(input, " ");
    free(take_name(input, "")); // the host
    expect(input, " ");
    AUTO_FREE char *service = take_name(input, "");
    check_name(service, lines->service, "");
    expect(input, " - - [pebble@28978");
    for (size_t i = 0; i < lines->names.count; i++) {
        AUTO_BUFFER struct buffer value = BUFFER_INIT(BUFFER_NO_LIMIT);
        expect(input, " ");
        AUTO_FREE char *name = take_name(input, "=]\"");
        check_name(name, lines->names.items[i], "=]\"");
        expect(input, "=");
        take_value(input, &value);
        check(text_equal(buffer_text(&value), lines->values.items[i]));
    }
    expect(input, "] ");
}

static void check_messages(const struct buffer *text, const struct fuzz_lines *lines) {
    const char *bytes = buffer_text(text);
    struct input all = {.next = bytes, .end = bytes + text->length};
    for (size_t i = 0; i < lines->count; i++) {
        const struct ring_entry *entry = &lines->entries[i];
        size_t length = take_length(&all);
        AUTO_FREE char *copy = memory_copy(all.next, length);
        struct input message = {.next = copy, .end = copy + length};
        all.next += length;
        check_head(&message, lines, entry->wall_ns);
        check((size_t)(message.end - message.next) == entry->length);
        check(memcmp(message.next, entry->message, entry->length) == 0);
    }
    check(all.next == all.end);
}

static void check_datagram(const struct buffer *text, const struct fuzz_lines *lines, const struct ring_entry *entry) {
    struct input message = {.next = text->data, .end = text->data + text->length};
    check_head(&message, lines, entry->wall_ns);
    size_t length = (size_t)(message.end - message.next);
    size_t same = length;
    check(length <= DATAGRAM_TEXT_MAX);
    if (entry->length > DATAGRAM_TEXT_MAX) {
        check(length > DATAGRAM_TEXT_MAX - 4 && memcmp(message.end - 3, "...", 3) == 0);
        same -= 3;
    } else {
        check(length == entry->length);
    }
    check(memcmp(message.next, entry->message, same) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FUZZ_LINES struct fuzz_lines lines;
    if (!fuzz_lines_take(&lines, data, size))
        return 0;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < lines.count; i++)
        syslog_encoder.add_line(&text, &lines.stream, &lines.entries[i]);
    check_messages(&text, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        buffer_clear(&text);
        syslog_datagram_encoder.add_line(&text, &lines.stream, &lines.entries[i]);
        check_datagram(&text, &lines, &lines.entries[i]);
    }
    return 0;
}
