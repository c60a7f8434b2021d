// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/file_options.h"

#include "base/memory.h"

// Octal digits, any number that fits. The daemon refuses modes of more than three.
static bool parse_mode(const char *text, uint32_t *mode) {
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '7' && value <= UINT32_MAX; text++)
        value = value << 3 | (uint64_t)(*text - '0');
    if (*text != '\0' || value > UINT32_MAX)
        return false;
    *mode = (uint32_t)value;
    return true;
}

bool file_options_read(const struct cli_call *call, struct file_options *options, struct error *err) {
    const char *text = cli_text(call, "m");
    uint32_t mode = 0;
    if (text != NULL && !parse_mode(text, &mode)) {
        AUTO_FREE char *quoted = text_quoted(text);
        return error_set(err, ERROR_BAD_REQUEST, "invalid mode for directory: %s", quoted);
    }
    *options = (struct file_options){
        .mode = mode,
        .user_id = cli_number_or_null(call, "uid"),
        .user = cli_text(call, "user"),
        .group_id = cli_number_or_null(call, "gid"),
        .group = cli_text(call, "group"),
    };
    return true;
}
