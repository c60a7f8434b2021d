// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/amounts.h"

#include <inttypes.h>

#define EXACT_MAX 5000
#define STEP 1000.0

// The next prefix is used where three digits would be rounded up to four.
void amount_add(struct buffer *out, uint64_t bytes) {
    const char *prefix = "kMGTPE";
    double amount = (double)bytes / STEP;
    if (bytes <= EXACT_MAX) {
        buffer_printf(out, "%" PRIu64 "B", bytes);
        return;
    }
    for (; amount >= 999.5 && prefix[1] != '\0'; prefix++)
        amount /= STEP;
    buffer_printf(out, "%.*f%cB", amount >= 99.5 ? 0 : amount >= 9.5 ? 1 : 2, amount, *prefix);
}
