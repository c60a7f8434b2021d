// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

#define LEAST_COLUMNS 40
#define USUAL_COLUMNS 80

static int columns_from_environment(void) {
    const char *text = getenv("COLUMNS");
    int64_t columns;
    return text != NULL && text_to_int64(text, 0, INT32_MAX, &columns) ? (int)columns : 0;
}

int terminal_width(int fd) {
    struct winsize size = {0};
    int columns = ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (columns == 0)
        columns = columns_from_environment();
    return columns > 0 ? columns : USUAL_COLUMNS;
}

int terminal_columns(int most) {
    int columns = terminal_width(STDOUT_FILENO);
    if (columns < LEAST_COLUMNS)
        columns = USUAL_COLUMNS;
    return columns > most ? most : columns;
}

const char *terminal_style(int fd, enum terminal_style style) {
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
        [STYLE_RED] = "\033[31m",  [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m"};
    bool is_plain = !isatty(fd) || !text_is_empty(getenv("NO_COLOR")) || text_equal(getenv("TERM"), "dumb");
    return is_plain ? "" : sequences[style];
}
