// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: the header Retry-After of HTTP responses (RFC 9110 section 10.2.3).
#pragma once

#include <stdint.h>

// The delay that a response asks for, at most 5 minutes; 0 if it asks for none. `text` is the header's value: seconds
// or a date. The delay to a date is counted from the header Date of the response, so that it does not depend on the
// clock of the target, or without such a header from `wall_ns`. Both texts may be NULL.
int64_t retry_after_ns(const char *text, const char *date, int64_t wall_ns);
