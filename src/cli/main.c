// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "cli/program.h"

// If descriptors 0 to 2 are closed at start, the first files opened would get their numbers and be written to as
// standard output or standard error.
static void open_missing_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDWR);
    }
}

int main(int argc, char **argv) {
    open_missing_descriptors();
    return program_run(argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
}
