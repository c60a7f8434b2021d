// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the HTTP server that the checks under the control of the test ask. It responds to "/INDEX" with
// 200 or 503.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

#define TESTING_CHECKS_MAX ((size_t)1000)

struct testing_responder;

// Listens on a free port of 127.0.0.1. PEBBLE_ERROR_FILE.
struct testing_responder *testing_responder_create(struct pebble_error *error) NODISCARD;
void testing_responder_destroy(struct testing_responder *responder); // NULL is allowed; its thread has ended then
int testing_responder_port(const struct testing_responder *responder);
// `index` below TESTING_CHECKS_MAX. All are up in the beginning.
void testing_responder_set(struct testing_responder *responder, size_t index, bool is_up);
// The status for the text of a request's head; 404 if there is no such index.
int testing_responder_status(struct testing_responder *responder, const char *request);
