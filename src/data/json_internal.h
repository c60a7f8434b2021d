// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to data/.
#pragma once

#include <stdbool.h>

// How the names of earlier members begin that have been given again: a byte that no UTF-8 has, a number and a space
// follow.
#define JSON_DUPLICATE_MARK "\xff"

// Sets whether jansson's allocations in this thread may fail, as they may while text of a client is read. No effect
// before json_install_allocator().
void json_set_allocations_may_fail(bool value);
