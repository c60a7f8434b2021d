// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/pty_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define OPEN_FLAGS (O_RDWR | O_NOCTTY | O_CLOEXEC)

static int open_slave(int master) {
    int slave = ioctl(master, TIOCGPTPEER, OPEN_FLAGS);
    if (slave >= 0 || (errno != EINVAL && errno != ENOTTY))
        return slave;
    // A kernel before 4.13.
    unsigned number;
    if (ioctl(master, TIOCGPTN, &number) != 0)
        return -1;
    AUTO_FREE char *path = memory_printf("/dev/pts/%u", number);
    return open(path, OPEN_FLAGS);
}

bool pty_open(uid_t uid, gid_t gid, int *master_out, int *slave_out, struct error *err) {
    static const int unlocked = 0;
    AUTO_CLOSE int master = posix_openpt(OPEN_FLAGS);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0)
        return error_set_errno(err, errno, "terminal");
    AUTO_CLOSE int slave = open_slave(master);
    if (slave < 0 || fchown(slave, uid, gid) != 0)
        return error_set_errno(err, errno, "terminal");
    *master_out = master;
    *slave_out = slave;
    master = slave = -1;
    return true;
}

static unsigned short cut_to_short(unsigned number) {
    return number < USHRT_MAX ? (unsigned short)number : USHRT_MAX;
}

bool pty_resize(int master, unsigned columns, unsigned rows, struct error *err) {
    if (columns == 0 || rows == 0)
        return error_set(err, ERROR_BAD_REQUEST, "terminal: a size has columns and rows");
    struct winsize size = {.ws_col = cut_to_short(columns), .ws_row = cut_to_short(rows)};
    if (ioctl(master, TIOCSWINSZ, &size) != 0)
        return error_set_errno(err, errno, "terminal");
    return true;
}
