// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/transfer.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/session.h"

void transfer_begin(struct transfer *transfer, struct pebble_client *client, const char *path, int64_t total) {
    const char *slash = strrchr(path, '/');
    progress_bar_init(&transfer->bar, slash != NULL ? slash + 1 : path, total);
    interrupts_begin(&transfer->interrupts, client, (const int[]){SIGINT, SIGTERM, SIGHUP, 0});
}

bool on_transfer_progress(uint64_t bytes, void *data) {
    struct transfer *transfer = data;
    progress_bar_update(&transfer->bar, bytes);
    return true;
}

int transfer_end(struct transfer *transfer, const struct pebble_error *failure) {
    progress_bar_finish(&transfer->bar);
    return interrupts_end(&transfer->interrupts, failure->kind == PEBBLE_ERROR_CANCELLED);
}

int transfer_fail(int signal_number, struct pebble_error *failure, struct error *err) {
    if (signal_number != 0)
        (void)raise(signal_number);
    return cli_fail(failure, err);
}

// A copy that is complete cannot be renamed over a directory.
static bool is_about_directory(const char *message) {
    return text_has_suffix(message, ": is a directory") ||
           (text_has_prefix(message, "rename ") && text_has_suffix(message, ": file exists"));
}

void transfer_add_advice(const char *side, const char *target, const char *source, struct error *err) {
    if (!is_about_directory(error_text(err)) || !isatty(STDERR_FILENO))
        return;
    AUTO_FREE char *name = path_base(source);
    AUTO_FREE char *path = path_join(target, name);
    AUTO_FREE char *message = memory_string(error_text(err));
    (void)error_set(err, err->kind, "%s\nThe %s path must name the file itself, as %s.", message, side, path);
}
