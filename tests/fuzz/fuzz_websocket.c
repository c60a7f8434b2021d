// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "wire/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The events, with the pieces of each message joined. The input comes in pieces of `cut` bytes, each with its own
// memory, so that reading beyond one is found.
static void read_all(bool is_server, const char *bytes, size_t size, size_t cut, struct buffer *out) {
    struct websocket_reader reader;
    websocket_reader_init(&reader, is_server);
    enum websocket_event event = WEBSOCKET_NEED_MORE;
    while (size > 0 && event != WEBSOCKET_FAILED) {
        size_t length = size < cut ? size : cut;
        AUTO_FREE char *copy = memory_copy(bytes, length);
        const char *input = copy;
        size_t left = length;
        struct websocket_piece piece;
        while ((event = websocket_reader_next(&reader, &input, &left, &piece)) != WEBSOCKET_NEED_MORE &&
               event != WEBSOCKET_FAILED) {
            buffer_add(out, piece.bytes, piece.length);
            if (piece.is_end)
                buffer_printf(out, "<%d>", (int)piece.opcode);
        }
        if (event == WEBSOCKET_NEED_MORE && left > 0)
            abort();
        bytes += length;
        size -= length;
    }
    if (event == WEBSOCKET_FAILED)
        buffer_add_string(out, websocket_reader_reason(&reader));
    websocket_reader_finish(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int is_server = 0; is_server < 2; is_server++) {
        AUTO_BUFFER struct buffer whole = BUFFER_INIT(BUFFER_NO_LIMIT);
        read_all(is_server != 0, (const char *)data, size, SIZE_MAX, &whole);
        for (size_t cut = 1; cut <= 5; cut += 4) {
            AUTO_BUFFER struct buffer pieces = BUFFER_INIT(BUFFER_NO_LIMIT);
            read_all(is_server != 0, (const char *)data, size, cut, &pieces);
            if (pieces.length != whole.length || memcmp(buffer_text(&pieces), buffer_text(&whole), whole.length) != 0)
                abort();
        }
    }
    return 0;
}
