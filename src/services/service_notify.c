// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_notify_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define RANDOM_BYTES 16
#define NAME_BYTES (sizeof "@pebble-" + (size_t)RANDOM_BYTES * 2)
#define MESSAGES_PER_TURN 16 // a flood must not keep the loop

struct notify_socket {
    uv_poll_t poll;
    struct loop *loop;
    int fd;
    char name[NAME_BYTES];
    uid_t allowed_uid; // beside root and the daemon's own
    bool has_allowed_uid;
    notified_fn on_notified;
    void *data;
    bool is_destroyed; // it is freed when its handle is closed, after the messages that are being read
};

// --- the protocol ---

static bool take_value(const char *line, size_t length, const char *name, const char **value, size_t *value_length) {
    size_t name_length = strlen(name);
    if (length < name_length || memcmp(line, name, name_length) != 0)
        return false;
    *value = line + name_length;
    *value_length = length - name_length;
    return true;
}

static int64_t read_extension(const char *value, size_t length) {
    int64_t microseconds = 0;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return 0;
        microseconds = microseconds * 10 + (value[i] - '0');
        if (microseconds > NOTIFY_EXTENSION_MAX_NS / NS_PER_US)
            microseconds = NOTIFY_EXTENSION_MAX_NS / NS_PER_US;
    }
    return microseconds * NS_PER_US;
}

static void read_line(const char *line, size_t length, struct notify_message *message) {
    const char *value;
    size_t value_length;
    if (take_value(line, length, "STATUS=", &value, &value_length)) {
        message->status = value;
        message->status_length = value_length;
    } else if (take_value(line, length, "EXTEND_TIMEOUT_USEC=", &value, &value_length)) {
        int64_t extension_ns = read_extension(value, value_length);
        message->extension_ns = extension_ns > 0 ? extension_ns : message->extension_ns;
    } else if (take_value(line, length, "READY=", &value, &value_length)) {
        message->is_ready = message->is_ready || (value_length == 1 && *value == '1');
    } else if (take_value(line, length, "STOPPING=", &value, &value_length)) {
        message->is_stopping = message->is_stopping || (value_length == 1 && *value == '1');
    }
}

void notify_message_read(const char *bytes, size_t length, struct notify_message *message) {
    *message = (struct notify_message){0};
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t line_length = end != NULL ? (size_t)(end - bytes) : length;
        read_line(bytes, line_length, message);
        size_t taken = line_length + (end != NULL ? 1 : 0);
        bytes += taken;
        length -= taken;
    }
}

// --- the socket ---

static bool read_sender(struct msghdr *header, struct ucred *sender) {
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS ||
        control->cmsg_len < CMSG_LEN(sizeof *sender))
        return false;
    memcpy(sender, CMSG_DATA(control), sizeof *sender);
    return true;
}

// PID 0: the sender is in a PID namespace that the daemon does not see, as abstract names are shared by the containers
// of a pod.
static bool is_trusted(const struct notify_socket *socket, const struct ucred *sender) {
    bool is_allowed =
        sender->uid == 0 || sender->uid == geteuid() || (socket->has_allowed_uid && sender->uid == socket->allowed_uid);
    return sender->pid != 0 && is_allowed;
}

// False if there is none. *is_good: it is to be used. Descriptors that were sent along are not wanted: there is no room
// for them behind the credentials, so that the system drops them. Those of files are closed then without the flush of
// close(), which a file system of the sender could delay. Messages are read in their order, so that a barrier, which is
// a descriptor that its sender waits for, is dropped after all messages before it.
static bool receive(struct notify_socket *socket, char bytes[NOTIFY_MESSAGE_MAX_BYTES], size_t *length, bool *is_good) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec piece = {.iov_base = bytes, .iov_len = NOTIFY_MESSAGE_MAX_BYTES};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct ucred sender = {0};
    loop_limit_waits(socket->loop);
    ssize_t count = recvmsg(socket->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
    if (count < 0)
        return errno == EINTR;
    *length = (size_t)count;
    *is_good = (header.msg_flags & MSG_TRUNC) == 0 && read_sender(&header, &sender) && is_trusted(socket, &sender);
    return true;
}

static void on_messages_waiting(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct notify_socket *socket = CONTAINER_OF(poll, struct notify_socket, poll);
    for (int i = 0; i < MESSAGES_PER_TURN && !socket->is_destroyed; i++) {
        char bytes[NOTIFY_MESSAGE_MAX_BYTES];
        size_t length = 0;
        bool is_good = false;
        struct notify_message message;
        if (!receive(socket, bytes, &length, &is_good))
            break;
        if (!is_good)
            break; // strangers may send to the sockets of all services
        notify_message_read(bytes, length, &message);
        socket->on_notified(&message, socket->data);
    }
}

static void make_name(char name[NAME_BYTES]) {
    unsigned char random[RANDOM_BYTES] = {0};
    (void)!getrandom(random, sizeof random, 0);
    int length = snprintf(name, NAME_BYTES, "@pebble-");
    for (size_t i = 0; i < sizeof random; i++)
        length += snprintf(name + length, NAME_BYTES - (size_t)length, "%02x", random[i]);
}

static int open_socket(const char *name, struct error *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + 1, name + 1, length - 1); // "@" stands for NUL
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0 &&
        bind(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    (void)error_set_errno(err, errno, "cannot open notify socket");
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool notify_socket_create(struct loop *loop, notified_fn on_notified, void *data, struct notify_socket **out,
                          struct error *err) {
    struct notify_socket *created = memory_new(sizeof *created);
    make_name(created->name);
    created->loop = loop;
    created->on_notified = on_notified;
    created->data = data;
    created->fd = open_socket(created->name, err);
    int code = created->fd >= 0 ? uv_poll_init(loop_uv(loop), &created->poll, created->fd) : 0;
    if (code != 0)
        (void)error_set_errno(err, -code, "cannot open notify socket");
    if (created->fd < 0 || code != 0) {
        file_close_at(&created->fd);
        free(created);
        return false;
    }
    (void)loop_poll_start(&created->poll, UV_READABLE, on_messages_waiting);
    *out = created;
    return true;
}

static void on_poll_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct notify_socket, poll));
}

void notify_socket_destroy(struct notify_socket *socket) {
    if (socket == NULL)
        return;
    socket->is_destroyed = true;
    loop_poll_stop(&socket->poll);
    loop_limit_waits(socket->loop);
    (void)close(socket->fd);
    loop_poll_close(&socket->poll, on_poll_closed);
}

const char *notify_socket_name(const struct notify_socket *socket) {
    return socket->name;
}

void notify_socket_allow(struct notify_socket *socket, uid_t uid) {
    socket->allowed_uid = uid;
    socket->has_allowed_uid = true;
}
