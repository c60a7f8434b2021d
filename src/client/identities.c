// SPDX-License-Identifier: LGPL-3.0-or-later
// Identities: the list, and its modification. Declared in pebble.h.
#include "client/query_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fields_internal.h"

// --- the list ---

struct pebble_identity {
    char *name;
    char *access;
    bool is_local;
    uint32_t user_id;
    char *password;    // NULL: not of type basic
    char *certificate; // NULL: not of type cert
};

struct pebble_identities {
    struct pebble_identity *items;
    size_t count;
};

void pebble_identities_destroy(struct pebble_identities *identities) {
    if (identities == NULL)
        return;
    for (size_t i = 0; i < identities->count; i++) {
        struct pebble_identity *identity = &identities->items[i];
        free(identity->name);
        free(identity->access);
        free(identity->password);
        free(identity->certificate);
    }
    free(identities->items);
    free(identities);
}

size_t pebble_identities_count(const struct pebble_identities *identities) {
    return identities->count;
}

const struct pebble_identity *pebble_identities_at(const struct pebble_identities *identities, size_t index) {
    return index < identities->count ? &identities->items[index] : NULL;
}

const char *pebble_identity_name(const struct pebble_identity *identity) {
    return identity->name;
}

const char *pebble_identity_access(const struct pebble_identity *identity) {
    return identity->access;
}

bool pebble_identity_user_id(const struct pebble_identity *identity, uint32_t *user_id) {
    if (identity->is_local && user_id != NULL)
        *user_id = identity->user_id;
    return identity->is_local;
}

const char *pebble_identity_password(const struct pebble_identity *identity) {
    return identity->password;
}

const char *pebble_identity_certificate(const struct pebble_identity *identity) {
    return identity->certificate;
}

// The text of one type of identity; NULL if the identity is not of this type.
static char *read_secret(const json_t *value, const char *type, const char *name, struct error *err) {
    const json_t *member = json_member(value, type);
    struct client_fields fields;
    return member != NULL && client_fields_init(&fields, member, err) ? client_fields_text(&fields, name) : NULL;
}

static void read_local(const json_t *value, struct pebble_identity *identity, struct error *err) {
    const json_t *local = json_member(value, "local");
    struct client_fields fields;
    if (local == NULL || !client_fields_init(&fields, local, err))
        return;
    int64_t user_id = client_fields_int(&fields, "user-id");
    if (user_id < 0 || user_id > UINT32_MAX)
        error_set(err, ERROR_INTERNAL, "cannot unmarshal: \"user-id\" is out of range");
    identity->is_local = true;
    identity->user_id = (uint32_t)user_id;
}

static void read_identity(const char *name, const json_t *value, struct pebble_identity *identity, struct error *err) {
    struct client_fields fields;
    identity->name = memory_string(name);
    if (!client_fields_init(&fields, value, err))
        return;
    identity->access = client_fields_text(&fields, "access");
    read_local(value, identity, err);
    identity->password = read_secret(value, "basic", "password", err);
    identity->certificate = read_secret(value, "cert", "pem", err);
}

static void read_object(json_t *object, struct pebble_identities *identities, struct error *err) {
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(object)) {
        error_set(err, ERROR_INTERNAL, "cannot unmarshal: not an object where one is due");
        return;
    }
    identities->items = memory_try(json_object_size(object) * sizeof *identities->items);
    if (identities->items == NULL) {
        error_set(err, ERROR_TOO_LARGE, "out of memory");
        return;
    }
    json_object_foreach(object, name, value) {
        if (!error_is_set(err))
            read_identity(name, value, &identities->items[identities->count++], err);
    }
}

static void destroy_identities(void *result) {
    pebble_identities_destroy(result);
}

static void *read_identities(struct client_response *response, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct pebble_identities *identities = memory_new(sizeof *identities);
    read_object(response->result, identities, &cause);
    if (!error_is_set(&cause))
        return identities;
    client_fail_because(error, "", &cause);
    pebble_identities_destroy(identities);
    return NULL;
}

static const struct client_result_type identities_result = {destroy_identities};
static const struct client_query_type identities_query = {CLIENT_RESPONSE_SYNC, &identities_result, read_identities};

bool pebble_call_get_identities(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error) {
    const struct client_request request = {.method = "GET", .target = "/v1/identities"};
    return client_query_start(client, &request, &identities_query, call, error);
}

struct pebble_identities *pebble_call_take_identities(struct pebble_call *call) {
    return client_call_take_result(call, &identities_result);
}

bool pebble_get_identities(struct pebble_client *client, struct pebble_identities **identities,
                           struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    if (!pebble_call_get_identities(client, &call, error) || !client_run(call, NULL, NULL, error))
        return false;
    *identities = pebble_call_take_identities(call);
    return true;
}

// --- modification ---

static const struct client_query_type modify_query = {.response = CLIENT_RESPONSE_SYNC};

bool pebble_call_modify_identities(struct pebble_client *client, const char *action, const char *identities,
                                   struct pebble_call **call, struct pebble_error *error) {
    AUTO_JSON json_t *object = NULL;
    AUTO_ERROR struct error cause = {0};
    if (!json_read_whole(identities, strlen(identities), &object, &cause))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot read identities: %s", error_text(&cause));
    if (!json_is_object(object))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot read identities: not a JSON object");
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &body, false);
    json_writer_begin_object(&writer);
    json_writer_member_string(&writer, "action", action);
    json_writer_key(&writer, "identities");
    json_writer_value(&writer, object);
    json_writer_end_object(&writer);
    const struct client_request request = {
        .method = "POST", .target = "/v1/identities", .body = buffer_text(&body), .body_length = body.length};
    return client_query_start(client, &request, &modify_query, call, error);
}

bool pebble_modify_identities(struct pebble_client *client, const char *action, const char *identities,
                              struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    return pebble_call_modify_identities(client, action, identities, &call, error) &&
           client_run(call, NULL, NULL, error);
}
