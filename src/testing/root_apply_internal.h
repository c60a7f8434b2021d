// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: entering a root directory of its own. Allocates nothing.
#pragma once

#include "base/compiler.h"
#include "testing/launch_internal.h"

#include <stdbool.h>

// Executes the steps in the mount namespace of this process, and makes the result its root. False, with the reason in
// `text`, which is of TESTING_TEXT_BYTES.
bool testing_root_apply(const struct testing_root *root, char *text) NODISCARD;
