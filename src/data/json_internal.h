// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to data/.
#pragma once

#include <stdbool.h>

// Whether jansson's allocations in this thread may fail, as those for a text that somebody else has sized. Without
// effect before json_install_allocator().
void json_let_allocations_fail(bool value);
