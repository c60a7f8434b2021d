// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: see service_tee.c.
#pragma once

#include <stddef.h>

// `data` is the struct service.
void service_tee(void *data, const char *bytes, size_t length);
