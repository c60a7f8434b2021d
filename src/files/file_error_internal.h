// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: the errors of the API.
#pragma once

#include "base/error.h"

// Sets code and kind of an error according to its errno.
void file_error_classify(struct error *err);
// Fails unless the path is absolute: `paths must be absolute, got "x"`.
bool file_path_check(const char *path, struct error *err) NODISCARD;
