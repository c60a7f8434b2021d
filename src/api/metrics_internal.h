// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the text of /v1/metrics.
#pragma once

#include "base/buffer.h"
#include "checks/check_manager.h"

#include <stdbool.h>
#include <stdint.h>

void metrics_add_service(struct buffer *out, const char *name, bool is_active, int64_t start_count);
void metrics_add_check(struct buffer *out, const struct check_counts *check);
