// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "wire/websocket.h"

static const unsigned char mask[] = {0x37, 0xfa, 0x21, 0x3d};

static void add_frame_head(struct buffer *out, enum websocket_opcode opcode, bool is_final, uint64_t length,
                           const unsigned char *key) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    buffer_add(out, head, websocket_write_head(head, opcode, is_final, length, key));
}

static void add_frame(struct buffer *out, enum websocket_opcode opcode, bool is_final, const char *payload,
                      const unsigned char *key) {
    size_t length = strlen(payload);
    add_frame_head(out, opcode, is_final, length, key);
    char bytes[256];
    assert_true(length <= sizeof bytes);
    memcpy(bytes, payload, length);
    if (key != NULL)
        websocket_mask(bytes, payload, length, key, 0);
    buffer_add(out, bytes, length);
}

// Adds a line for each message, control frame and failure. Pieces of a message are joined unless another event comes
// between them.
static void read_events(bool is_server, const char *bytes, size_t length, size_t cut, struct buffer *out) {
    struct websocket_reader reader;
    websocket_reader_init(&reader, is_server);
    bool is_joined = false;
    enum websocket_event event = WEBSOCKET_NEED_MORE;
    for (size_t at = 0; at < length && event != WEBSOCKET_FAILED; at += cut) {
        const char *input = bytes + at;
        size_t left = length - at < cut ? length - at : cut;
        struct websocket_piece piece;
        while ((event = websocket_reader_next(&reader, &input, &left, &piece)) != WEBSOCKET_NEED_MORE) {
            if (event == WEBSOCKET_FAILED)
                break;
            if (!is_joined || event == WEBSOCKET_CONTROL)
                buffer_printf(out, "%s%d ", is_joined ? "\n" : "", (int)piece.opcode);
            buffer_add(out, piece.bytes, piece.length);
            is_joined = event == WEBSOCKET_DATA && !piece.is_end;
            if (piece.is_end)
                buffer_add_string(out, ".\n");
        }
    }
    if (event == WEBSOCKET_FAILED)
        buffer_printf(out, "failed: %s\n", websocket_reader_reason(&reader));
    websocket_reader_finish(&reader);
}

static void check(bool is_server, const struct buffer *bytes, const char *expected) {
    static const size_t cuts[] = {SIZE_MAX, 1, 2, 3, 7};
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        size_t cut = cuts[i] < bytes->length ? cuts[i] : bytes->length;
        read_events(is_server, bytes->data, bytes->length, cut, &out);
        assert_string_equal(buffer_text(&out), expected);
    }
}

#define CHECK_BYTES(is_server, text, expected)                                                                         \
    check(is_server, &(const struct buffer){.data = (char *)(uintptr_t)(text), .length = sizeof(text) - 1}, expected)

// The examples of RFC 6455 section 5.7.
static void examples(void **state UNUSED) {
    CHECK_BYTES(false, "\x81\x05Hello", "1 Hello.\n");
    CHECK_BYTES(true, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "1 Hello.\n");
    CHECK_BYTES(false, "\x01\x03Hel\x80\x02lo", "1 Hello.\n");
    CHECK_BYTES(false, "\x89\x05Hello", "9 Hello.\n");
    CHECK_BYTES(true, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "10 Hello.\n");
}

static void written_frames_are_read(void **state UNUSED) {
    for (int is_server = 0; is_server < 2; is_server++) {
        const unsigned char *key = is_server ? mask : NULL;
        AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
        add_frame(&bytes, WEBSOCKET_BINARY, true, "some bytes", key);
        add_frame(&bytes, WEBSOCKET_TEXT, true, "", key);
        add_frame(&bytes, WEBSOCKET_BINARY, false, "", key);
        add_frame(&bytes, WEBSOCKET_CONTINUATION, false, "first ", key);
        add_frame(&bytes, WEBSOCKET_PING, true, "now", key);
        add_frame(&bytes, WEBSOCKET_CONTINUATION, true, "second", key);
        add_frame(&bytes, WEBSOCKET_CLOSE, true, "\x03\xe8", key);
        check(is_server != 0, &bytes, "2 some bytes.\n1 .\n2 first \n9 now.\n2 second.\n8 \x03\xe8.\n");
    }
}

static void lengths_of_all_forms(void **state UNUSED) {
    static const size_t lengths[] = {0, 1, 125, 126, 65535, 65536, 100000};
    for (size_t i = 0; i < 2 * ARRAY_COUNT(lengths); i++) {
        size_t length = lengths[i / 2];
        bool is_server = i % 2 == 1;
        AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
        AUTO_BUFFER struct buffer payload = BUFFER_INIT(BUFFER_NO_LIMIT);
        for (size_t at = 0; at < length; at++)
            buffer_add(&payload, &(const char){(char)('a' + at % 23)}, 1);
        add_frame_head(&bytes, WEBSOCKET_BINARY, true, length, is_server ? mask : NULL);
        size_t head_length = bytes.length;
        buffer_add(&bytes, buffer_text(&payload), length);
        if (is_server)
            websocket_mask(bytes.data + head_length, buffer_text(&payload), length, mask, 0);
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        read_events(is_server, bytes.data, bytes.length, 1000, &out);
        assert_int_equal(out.length, length + strlen("2 .\n"));
        assert_memory_equal(out.data + 2, buffer_text(&payload), length);
    }
}

static void masking_in_pieces(void **state UNUSED) {
    const char text[] = "a text that is longer than a word of memory";
    char whole[sizeof text], pieces[sizeof text];
    websocket_mask(whole, text, sizeof text, mask, 0);
    assert_memory_not_equal(whole, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        websocket_mask(pieces, text, cut, mask, 0);
        websocket_mask(pieces + cut, text + cut, sizeof text - cut, mask, cut);
        assert_memory_equal(pieces, whole, sizeof text);
    }
    websocket_mask(whole, whole, sizeof text, mask, 0);
    assert_memory_equal(whole, text, sizeof text);
}

static void invalid_frames(void **state UNUSED) {
    CHECK_BYTES(false, "\xc1\x01x", "failed: reserved bits are set\n");
    CHECK_BYTES(false, "\x91\x01x", "failed: reserved bits are set\n");
    CHECK_BYTES(false, "\x83\x01x", "failed: unknown opcode\n");
    CHECK_BYTES(false, "\x8b\x01x", "failed: unknown opcode\n");
    CHECK_BYTES(false, "\x8f\x01x", "failed: unknown opcode\n");
    CHECK_BYTES(false, "\x80\x01x", "failed: continuation without a message\n");
    CHECK_BYTES(false, "\x01\x01x\x81\x01x", "1 xfailed: new message within a message\n");
    CHECK_BYTES(false, "\x81\x01x\x80\x01x", "1 x.\nfailed: continuation without a message\n");
    CHECK_BYTES(false, "\x09\x00", "failed: fragmented control frame\n");
    CHECK_BYTES(false, "\x89\x7e\x00\x7e", "failed: control frame is too long\n");
    CHECK_BYTES(true, "\x81\x01x", "failed: unmasked frame of a client\n");
    CHECK_BYTES(false, "\x81\x81xxxxx", "failed: masked frame of a server\n");
    CHECK_BYTES(false, "\x81\x7e\x00\x7dx", "failed: length is not in its shortest form\n");
    CHECK_BYTES(false, "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xffx", "failed: length is not in its shortest form\n");
    CHECK_BYTES(false, "\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00x", "failed: length is too large\n");
}

static void failing_is_final(void **state UNUSED) {
    struct websocket_reader reader;
    websocket_reader_init(&reader, false);
    const char *input = "\xff\x01";
    size_t left = 2;
    struct websocket_piece piece;
    assert_int_equal(websocket_reader_next(&reader, &input, &left, &piece), WEBSOCKET_FAILED);
    input = "\x81\x05Hello";
    left = 7;
    assert_int_equal(websocket_reader_next(&reader, &input, &left, &piece), WEBSOCKET_FAILED);
    assert_int_equal(left, 7);
    websocket_reader_finish(&reader);
}

static void close_codes(void **state UNUSED) {
    CHECK_BYTES(false, "\x88\x00", "8 .\n");
    CHECK_BYTES(false, "\x88\x02\x03\xe9", "8 \x03\xe9.\n");
    CHECK_BYTES(false,
                "\x88\x05\x0f\xa0"
                "bye",
                "8 \x0f\xa0"
                "bye.\n");
    CHECK_BYTES(false, "\x88\x01\x03", "failed: invalid close code\n");
    CHECK_BYTES(false, "\x88\x02\x03\xe7", "failed: invalid close code\n"); // 999
    CHECK_BYTES(false, "\x88\x02\x03\xed", "failed: invalid close code\n"); // 1005
    CHECK_BYTES(false, "\x88\x02\x0b\xb7", "failed: invalid close code\n"); // 2999
    CHECK_BYTES(false, "\x88\x02\x13\x88", "failed: invalid close code\n"); // 5000
    CHECK_BYTES(false, "\x88\x03\x03\xe8\xff", "failed: close reason is not UTF-8\n");
    assert_int_equal(websocket_close_code(&(const struct websocket_piece){.bytes = "\x03\xe9", .length = 2}), 1001);
    assert_int_equal(websocket_close_code(&(const struct websocket_piece){.bytes = "", .length = 0}),
                     WEBSOCKET_CODE_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(written_frames_are_read),
        cmocka_unit_test(lengths_of_all_forms),
        cmocka_unit_test(masking_in_pieces),
        cmocka_unit_test(invalid_frames),
        cmocka_unit_test(failing_is_final),
        cmocka_unit_test(close_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
