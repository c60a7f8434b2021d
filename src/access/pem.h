// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates as text (RFC 7468).
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

// Checks that the text holds exactly one block, that nothing follows the line of its end, and that its content has the
// outer form of an X.509 certificate. Text in front of the block is allowed. ERROR_BAD_REQUEST with the messages of the
// reference: `cert identity must include a PEM-encoded certificate`.
bool pem_check_certificate(const char *text, struct error *err) NODISCARD;
