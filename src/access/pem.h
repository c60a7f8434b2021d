// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates as text (RFC 7468).
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

// Reads a text that holds exactly one block, with any label, behind which nothing follows, and whose content has the
// outer form of an X.509 certificate. Text in front of the block is allowed. `pem` is the block alone, as the reference
// stores it: with the label CERTIFICATE and lines of 64 characters; owned. ERROR_BAD_REQUEST with the messages of the
// reference: `cert identity must include a PEM-encoded certificate`.
bool pem_read_certificate(const char *text, char **pem, struct error *err) NODISCARD;
