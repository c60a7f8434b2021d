// SPDX-License-Identifier: GPL-3.0-or-later
// Messages of sd_notify(3), separated by the byte 0x1E. Each is read line by line as well, and is then sent to a
// socket, which must hand on the same, unless the message is too long. A barrier's descriptor is closed.
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "services/service_notify_internal.h"

#define MESSAGES_MAX 64 // of an input

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

// --- the protocol ---

static bool lines_equal(const char *line, size_t length, const char *text) {
    return length == strlen(text) && memcmp(line, text, length) == 0;
}

static bool has_prefix(const char *line, size_t length, const char *prefix) {
    return length >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

// 0: no number.
static int64_t number_of(const char *digits, size_t length) {
    int64_t limit = NOTIFY_EXTENSION_MAX_NS / NS_PER_US;
    int64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (strchr("0123456789", digits[i]) == NULL || digits[i] == '\0')
            return 0;
        number = number > limit ? number : number * 10 + (digits[i] - '0');
    }
    return number > limit ? limit : number;
}

static void expect_line(const char *line, size_t length, struct notify_message *expected) {
    size_t extend_length = strlen("EXTEND_TIMEOUT_USEC=");
    expected->is_ready = expected->is_ready || lines_equal(line, length, "READY=1");
    expected->is_stopping = expected->is_stopping || lines_equal(line, length, "STOPPING=1");
    if (has_prefix(line, length, "STATUS=")) {
        expected->status = line + strlen("STATUS=");
        expected->status_length = length - strlen("STATUS=");
    }
    if (has_prefix(line, length, "EXTEND_TIMEOUT_USEC=")) {
        int64_t microseconds = number_of(line + extend_length, length - extend_length);
        if (microseconds > 0)
            expected->extension_ns = microseconds * NS_PER_US;
    }
}

static struct notify_message expect(const char *bytes, size_t length) {
    struct notify_message expected = {0};
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i == length || bytes[i] == '\n') {
            expect_line(bytes + start, i - start, &expected);
            start = i + 1;
        }
    }
    return expected;
}

static void require_same(const struct notify_message *message, const struct notify_message *expected) {
    require(message->is_ready == expected->is_ready && message->is_stopping == expected->is_stopping);
    require(message->extension_ns == expected->extension_ns);
    require((message->status != NULL) == (expected->status != NULL));
    require(message->status_length == expected->status_length);
    require(message->status_length == 0 || memcmp(message->status, expected->status, expected->status_length) == 0);
}

// --- the socket ---

static struct receiver {
    struct loop *loop;
    struct notify_socket *socket;
    int fd;                                // that sends
    const struct notify_message *expected; // NULL: none
} receiver;

static void on_message_notified(const struct notify_message *message, void *data UNUSED) {
    require(receiver.expected != NULL);
    require_same(message, receiver.expected);
    receiver.expected = NULL;
}

static void open_receiver(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    require(loop_create(&receiver.loop, NULL));
    require(notify_socket_create(receiver.loop, on_message_notified, NULL, &receiver.socket, NULL));
    const char *name = notify_socket_name(receiver.socket);
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    receiver.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    require(connect(receiver.fd, (const struct sockaddr *)&address, length) == 0);
}

// `passed`: a descriptor that is sent along; -1: none.
static void send_bytes(char *bytes, size_t length, int passed) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec piece = {.iov_base = bytes, .iov_len = length};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    if (passed >= 0) {
        header.msg_control = &control;
        header.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        *rights =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(rights), &passed, sizeof passed);
    }
    require(sendmsg(receiver.fd, &header, 0) == (ssize_t)length);
}

static void try_message(char *bytes, size_t length) {
    struct notify_message expected = expect(bytes, length);
    struct notify_message message;
    notify_message_read(bytes, length, &message);
    require_same(&message, &expected);
    bool has_barrier = memmem(bytes, length, "BARRIER=1", strlen("BARRIER=1")) != NULL;
    int ends[2] = {-1, -1};
    require(!has_barrier || pipe(ends) == 0);
    bool is_taken = length <= NOTIFY_MESSAGE_MAX_BYTES;
    receiver.expected = is_taken ? &expected : NULL;
    send_bytes(bytes, length, ends[1]);
    if (has_barrier)
        (void)close(ends[1]);
    loop_run_pending(receiver.loop);
    require(receiver.expected == NULL);
    if (has_barrier) {
        struct pollfd closed = {.fd = ends[0]};
        require(poll(&closed, 1, 0) == 1 && (closed.revents & POLLHUP) != 0);
        (void)close(ends[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (receiver.loop == NULL)
        open_receiver();
    for (int i = 0; i < MESSAGES_MAX && size > 0; i++) {
        const uint8_t *end = memchr(data, 0x1E, size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        AUTO_FREE char *copy = memory_new(length > 0 ? length : 1); // reads past the end are found
        memcpy(copy, data, length);
        try_message(copy, length);
        size_t taken = length + (end != NULL ? 1 : 0);
        data += taken;
        size -= taken;
    }
    return 0;
}
