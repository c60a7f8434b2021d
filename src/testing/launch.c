// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/launch_internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/error.h"

#define PAUSE_MS 1

static size_t append(char *text, size_t length, const char *piece) {
    while (*piece != '\0' && length + 1 < TESTING_TEXT_BYTES)
        text[length++] = *piece++;
    text[length] = '\0';
    return length;
}

void testing_launch_send(int fd, const void *bytes, size_t length) {
    while (send(fd, bytes, length, MSG_NOSIGNAL) < 0) {
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EBADF)
            return;
        (void)poll(NULL, 0, PAUSE_MS);
    }
}

void testing_launch_describe(char *text, const char *what, int errnum) {
    size_t length = append(text, 0, "cannot ");
    length = append(text, length, what);
    length = append(text, length, ": ");
    (void)append(text, length, error_errno_text(errnum));
}
