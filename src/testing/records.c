// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/records_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

struct pebble_test_request {
    char *method;
    char *path_and_query;
    struct buffer body;
    int status;
    bool is_cut;
};

struct testing_records {
    pthread_mutex_t mutex;
    struct pebble_test_request **items; // owned
    size_t count, capacity;
    size_t missed;
    size_t body_bytes;     // of all
    uint64_t first_number; // of items[0]; numbers of cleared requests do not come back
};

struct testing_records *testing_records_create(void) {
    struct testing_records *records = memory_new(sizeof *records);
    (void)pthread_mutex_init(&records->mutex, NULL);
    records->first_number = 1;
    return records;
}

static void clear(struct testing_records *records) {
    for (size_t i = 0; i < records->count; i++)
        pebble_test_request_destroy(records->items[i]);
    records->first_number += records->count;
    records->count = 0;
    records->missed = 0;
    records->body_bytes = 0;
}

void testing_records_destroy(struct testing_records *records) {
    if (records == NULL)
        return;
    clear(records);
    free(records->items);
    (void)pthread_mutex_destroy(&records->mutex);
    free(records);
}

static struct pebble_test_request *create(const char *method, const char *path_and_query) {
    struct pebble_test_request *request = memory_new(sizeof *request);
    request->method = memory_string(method);
    request->path_and_query = memory_string(path_and_query);
    buffer_init(&request->body, TESTING_BODY_LIMIT_BYTES);
    return request;
}

// --- the relay ---

static struct pebble_test_request *find_number(const struct testing_records *records, uint64_t number) {
    bool is_kept = number >= records->first_number && number - records->first_number < records->count;
    return is_kept ? records->items[number - records->first_number] : NULL;
}

uint64_t testing_records_add(struct testing_records *records, const char *method, const char *path_and_query) {
    uint64_t number = 0;
    (void)pthread_mutex_lock(&records->mutex);
    if (records->count < TESTING_REQUESTS_MAX) {
        records->items = memory_grow(records->items, &records->capacity, records->count + 1, sizeof *records->items);
        number = records->first_number + records->count;
        records->items[records->count++] = create(method, path_and_query);
    } else {
        records->missed++;
    }
    (void)pthread_mutex_unlock(&records->mutex);
    return number;
}

void testing_records_add_body(struct testing_records *records, uint64_t number, const char *bytes, size_t length) {
    (void)pthread_mutex_lock(&records->mutex);
    struct pebble_test_request *request = find_number(records, number);
    if (request != NULL && !request->is_cut) {
        size_t room = TESTING_BODY_LIMIT_BYTES - request->body.length;
        size_t left = TESTING_BODIES_LIMIT_BYTES - records->body_bytes;
        size_t kept = length < room ? length : room;
        kept = kept < left ? kept : left;
        buffer_add(&request->body, bytes, kept);
        records->body_bytes += kept;
        request->is_cut = kept < length;
    }
    (void)pthread_mutex_unlock(&records->mutex);
}

void testing_records_set_status(struct testing_records *records, uint64_t number, int status) {
    (void)pthread_mutex_lock(&records->mutex);
    struct pebble_test_request *request = find_number(records, number);
    if (request != NULL)
        request->status = status;
    (void)pthread_mutex_unlock(&records->mutex);
}

// --- the test ---

size_t testing_records_count(struct testing_records *records) {
    (void)pthread_mutex_lock(&records->mutex);
    size_t count = records->count;
    (void)pthread_mutex_unlock(&records->mutex);
    return count;
}

size_t testing_records_missed(struct testing_records *records) {
    (void)pthread_mutex_lock(&records->mutex);
    size_t missed = records->missed;
    (void)pthread_mutex_unlock(&records->mutex);
    return missed;
}

void testing_records_clear(struct testing_records *records) {
    (void)pthread_mutex_lock(&records->mutex);
    clear(records);
    (void)pthread_mutex_unlock(&records->mutex);
}

static struct pebble_test_request *copy(const struct pebble_test_request *request) {
    struct pebble_test_request *other = create(request->method, request->path_and_query);
    buffer_add(&other->body, buffer_text(&request->body), request->body.length);
    other->status = request->status;
    other->is_cut = request->is_cut;
    return other;
}

struct pebble_test_request *testing_records_at(struct testing_records *records, size_t index) {
    (void)pthread_mutex_lock(&records->mutex);
    struct pebble_test_request *request = index < records->count ? copy(records->items[index]) : NULL;
    (void)pthread_mutex_unlock(&records->mutex);
    return request;
}

static bool matches(const struct pebble_test_request *request, const char *method, const char *path_prefix) {
    return (method == NULL || text_equal(request->method, method)) &&
           (path_prefix == NULL || text_has_prefix(request->path_and_query, path_prefix));
}

struct pebble_test_request *testing_records_find(struct testing_records *records, const char *method,
                                                 const char *path_prefix, size_t *index) {
    struct pebble_test_request *found = NULL;
    (void)pthread_mutex_lock(&records->mutex);
    size_t at = index != NULL ? *index : 0;
    while (at < records->count && !matches(records->items[at], method, path_prefix))
        at++;
    if (at < records->count) {
        found = copy(records->items[at]);
        if (index != NULL)
            *index = at + 1;
    }
    (void)pthread_mutex_unlock(&records->mutex);
    return found;
}

// --- accessors ---

const char *pebble_test_request_method(const struct pebble_test_request *request) {
    return request->method;
}

const char *pebble_test_request_path_and_query(const struct pebble_test_request *request) {
    return request->path_and_query;
}

const char *pebble_test_request_body(const struct pebble_test_request *request, size_t *length) {
    if (length != NULL)
        *length = request->body.length;
    return buffer_text(&request->body);
}

bool pebble_test_request_is_cut(const struct pebble_test_request *request) {
    return request->is_cut;
}

int pebble_test_request_status(const struct pebble_test_request *request) {
    return request->status;
}

void pebble_test_request_destroy(struct pebble_test_request *request) {
    if (request == NULL)
        return;
    free(request->method);
    free(request->path_and_query);
    buffer_finish(&request->body);
    free(request);
}
