// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the requests that the relay has seen, for several threads.
#pragma once

#include "base/buffer.h"
#include "pebble-test.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TESTING_REQUESTS_MAX ((size_t)10000)
#define TESTING_BODY_LIMIT_BYTES ((size_t)262144)
#define TESTING_BODIES_LIMIT_BYTES ((size_t)67108864)

struct testing_records;

struct testing_records *testing_records_create(void);
void testing_records_destroy(struct testing_records *records); // NULL is allowed

// Adds a request and returns its number, which does not change; 0 if it is not kept.
uint64_t testing_records_add(struct testing_records *records, const char *method, const char *path_and_query);
// No effect on numbers of requests that are not there (any more).
void testing_records_add_body(struct testing_records *records, uint64_t number, const char *bytes, size_t length);
void testing_records_set_status(struct testing_records *records, uint64_t number, int status);

size_t testing_records_count(struct testing_records *records);
size_t testing_records_missed(struct testing_records *records);
void testing_records_clear(struct testing_records *records);
// Copies; see pebble-test.h.
struct pebble_test_request *testing_records_at(struct testing_records *records, size_t index);
struct pebble_test_request *testing_records_find(struct testing_records *records, const char *method,
                                                 const char *path_prefix, size_t *index);
