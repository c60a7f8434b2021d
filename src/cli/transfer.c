// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/transfer.h"

#include <string.h>

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
