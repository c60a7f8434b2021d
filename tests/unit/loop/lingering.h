// SPDX-License-Identifier: GPL-3.0-or-later
// TCP sockets whose close() waits for an hour: the other end reads nothing, and has no room for what is queued.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"

// Both are open until the test is over.
struct lingering {
    int listening, other_end;
};

static int lingering_open(struct lingering *lingering) {
    static const char bytes[65536] = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int room = 4096;
    const struct linger hour = {.l_onoff = 1, .l_linger = 3600};
    lingering->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(lingering->listening, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(bind(lingering->listening, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(lingering->listening, 1), 0);
    assert_int_equal(getsockname(lingering->listening, (struct sockaddr *)&address, &length), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, length), 0);
    lingering->other_end = accept4(lingering->listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(lingering->other_end >= 0);
    while (send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hour, sizeof hour), 0);
    return fd;
}

static void lingering_close(struct lingering *lingering) {
    (void)close(lingering->other_end);
    (void)close(lingering->listening);
}

// Sends the text with the descriptor, which is closed then.
static UNUSED void lingering_send(int to, const char *text, int fd) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    assert_int_equal(sendmsg(to, &header, 0), (ssize_t)piece.iov_len);
    assert_int_equal(close(fd), 0);
}
