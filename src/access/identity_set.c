// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/identity_set.h"

#include <stdlib.h>
#include <string.h>

#include "access/password.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/json.h"
#include "tls/certificate.h"
#include "tls/pem.h"

#define WHAT "identity" // the type in messages about wrong members

static const char *const access_names[] = {
    [IDENTITY_UNKNOWN] = "",  [IDENTITY_UNTRUSTED] = "untrusted", [IDENTITY_METRICS] = "metrics",
    [IDENTITY_READ] = "read", [IDENTITY_ADMIN] = "admin",
};

const char *identity_access_name(enum identity_access access) {
    return access_names[access];
}

static enum identity_access access_by_name(const char *name) {
    for (size_t i = IDENTITY_UNTRUSTED; i < ARRAY_COUNT(access_names); i++) {
        if (text_equal(access_names[i], name))
            return (enum identity_access)i;
    }
    return IDENTITY_UNKNOWN;
}

void identity_destroy(struct identity *identity) {
    if (identity == NULL)
        return;
    free(identity->name);
    free(identity->access_name);
    free(identity->password);
    free(identity->pem);
    free(identity);
}

void identity_set_finish(struct identity_set *set) {
    for (size_t i = 0; i < set->count; i++)
        identity_destroy(set->items[i]);
    free(set->items);
    *set = (struct identity_set){0};
}

// --- reading ---

// Functions that read a type of an identity; NULL if it is null, which removes what has been read.
typedef bool (*read_type_fn)(const json_t *type, struct identity *identity, struct error *err);

static bool read_local(const json_t *local, struct identity *identity, struct error *err) {
    int64_t uid = identity->uid;
    identity->is_local = local != NULL;
    identity->has_uid = local != NULL && (identity->has_uid || json_member(local, "user-id") != NULL);
    if (local != NULL && !json_get_int(local, WHAT, "user-id", &uid, err))
        return false;
    if (uid < 0 || uid > UINT32_MAX)
        return error_set(err, ERROR_BAD_REQUEST,
                         "json: cannot unmarshal number %lld into Go struct field " WHAT ".user-id of type uint32",
                         (long long)uid);
    identity->uid = identity->has_uid ? (uint32_t)uid : 0;
    return true;
}

// A text that is absent is "", which the check refuses.
static bool read_secret(const json_t *type, const char *name, char **secret, struct error *err) {
    const char *text = *secret != NULL ? *secret : "";
    if (type != NULL && !json_get_string(type, WHAT, name, &text, err))
        return false;
    char *read = type != NULL ? memory_string(text) : NULL;
    free(*secret);
    *secret = read;
    return true;
}

static bool read_basic(const json_t *basic, struct identity *identity, struct error *err) {
    return read_secret(basic, "password", &identity->password, err);
}

static bool read_cert(const json_t *cert, struct identity *identity, struct error *err) {
    return read_secret(cert, "pem", &identity->pem, err);
}

static bool read_type(const json_t *value, const char *name, read_type_fn read, struct identity *identity,
                      struct error *err) {
    struct json_members members = json_members_of(value, name);
    for (const json_t *type; (type = json_members_next(&members)) != NULL;) {
        if (!json_is_object_or_null(type, WHAT, err) || !read(json_is_null(type) ? NULL : type, identity, err))
            return false;
    }
    return true;
}

static bool read_types(const json_t *value, struct identity *identity, struct error *err) {
    return read_type(value, "local", read_local, identity, err) &&
           read_type(value, "basic", read_basic, identity, err) && read_type(value, "cert", read_cert, identity, err);
}

static bool identity_read(const json_t *value, struct identity *identity, struct error *err) {
    const char *access = NULL;
    identity->is_null = json_is_null(value);
    if (identity->is_null)
        return true;
    if (!json_is_object_or_null(value, WHAT, err) || !json_get_string(value, WHAT, "access", &access, err))
        return false;
    if (access != NULL)
        identity->access_name = memory_string(access);
    return read_types(value, identity, err);
}

bool identity_set_read(const json_t *object, struct identity_set *set, struct error *err) {
    AUTO_IDENTITY_SET struct identity_set made = {0};
    if (object != NULL && !json_is_object_or_null(object, "identities", err))
        return false;
    if (json_object_size(object) > IDENTITY_SET_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have more than %zu identities", IDENTITY_SET_MAX);
    made.items = memory_new_array(json_object_size(object) + 1, sizeof *made.items);
    // jansson's iterators take a mutable object but do not change it.
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        const char *name = json_object_iter_key(at);
        // As a C string it would be truncated, and might be that of another identity.
        if (strlen(name) != json_object_iter_key_len(at))
            return error_set(err, ERROR_BAD_REQUEST, "cannot have a name with a NUL character");
        struct identity *identity = memory_new(sizeof *identity);
        identity->name = memory_string(json_key(name));
        made.items[made.count++] = identity;
        if (!identity_read(json_object_iter_value(at), identity, err))
            return false;
        if (json_key(name) != name) // given again further down
            identity_destroy(made.items[--made.count]);
    }
    *set = made;
    made = (struct identity_set){0};
    return true;
}

// --- checking ---

static bool fail(struct error *err, const char *message) {
    return error_set(err, ERROR_BAD_REQUEST, "%s", message);
}

static bool check_uid(const struct identity *identity, struct error *err) {
    return !identity->is_local || identity->has_uid || fail(err, "local identity must specify user-id");
}

// The block may have any label.
static bool read_certificate(const char *text, struct certificate **certificate, struct error *err) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(IDENTITY_PEM_BYTES_MAX);
    struct pem_block block;
    if (!pem_find(text, strlen(text), &block, &content))
        return fail(err, "cert identity must include a PEM-encoded certificate");
    if (block.rest_length > 0)
        return fail(err, "cert identity cannot have extra data after the PEM block");
    return certificate_from_der(buffer_text(&content), content.length, certificate, err) ||
           error_prefix(err, "cannot parse certificate from cert identity: ");
}

// Of the text, only the certificate is kept, in the form in which certificates are compared.
static bool check_pem(struct identity *identity, struct error *err) {
    AUTO_CERTIFICATE struct certificate *certificate = NULL;
    if (identity->pem == NULL)
        return true;
    if (strlen(identity->pem) > IDENTITY_PEM_BYTES_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have a certificate of more than %zu bytes",
                         IDENTITY_PEM_BYTES_MAX);
    if (!read_certificate(identity->pem, &certificate, err))
        return false;
    free(identity->pem);
    identity->pem = certificate_to_pem(certificate);
    return true;
}

static bool check_name(const struct identity *identity, struct error *err) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *name = identity->name;
    // The name in the message is empty, as in the reference.
    if (*name == '\0' || strchr(letters, *name) == NULL || name[strspn(name, others)] != '\0')
        return fail(err, "identity name \"\" invalid: must start with an alphabetic character and only contain "
                         "alphanumeric characters, underscore, and hyphen");
    if (strlen(name) > IDENTITY_NAME_BYTES_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have a name of more than %zu bytes", IDENTITY_NAME_BYTES_MAX);
    return true;
}

static bool check_access(struct identity *identity, struct error *err) {
    if (text_is_empty(identity->access_name))
        return fail(err, "access value must be specified (\"admin\", \"read\", \"metrics\", or \"untrusted\")");
    identity->access = access_by_name(identity->access_name);
    if (identity->access != IDENTITY_UNKNOWN)
        return true;
    AUTO_FREE char *quoted = text_quoted(identity->access_name);
    return error_set(err, ERROR_BAD_REQUEST,
                     "invalid access value %s, must be \"admin\", \"read\", \"metrics\", or \"untrusted\"", quoted);
}

static bool check_password(const struct identity *identity, struct error *err) {
    if (identity->password == NULL)
        return true;
    if (*identity->password == '\0')
        return fail(err, "basic identity must specify password (hashed)");
    if (strlen(identity->password) > IDENTITY_PASSWORD_BYTES_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have a password (hashed) of more than %zu bytes",
                         IDENTITY_PASSWORD_BYTES_MAX);
    return password_check_hash(identity->password, err);
}

// The order is that of the reference.
static bool identity_check(struct identity *identity, struct error *err) {
    if (!check_uid(identity, err) || !check_pem(identity, err) || !check_name(identity, err) ||
        !check_access(identity, err) || !check_password(identity, err))
        return false;
    return identity->is_local || identity->password != NULL || identity->pem != NULL ||
           fail(err, "identity must have at least one type (\"local\", \"basic\", or \"cert\")");
}

static bool identity_check_stored(struct identity *identity, struct error *err) {
    return check_uid(identity, err) && check_access(identity, err);
}

static bool check_all(struct identity_set *set, bool (*check)(struct identity *identity, struct error *err),
                      struct error *err) {
    for (size_t i = 0; i < set->count; i++) {
        struct identity *identity = set->items[i];
        if (identity->is_null || check(identity, err))
            continue;
        AUTO_FREE char *quoted = text_quoted(identity->name);
        return error_prefix(err, "invalid identity for %s: ", quoted);
    }
    return true;
}

bool identity_set_check(struct identity_set *set, struct error *err) {
    return check_all(set, identity_check, err);
}

bool identity_set_check_stored(struct identity_set *set, struct error *err) {
    return check_all(set, identity_check_stored, err);
}

// --- writing ---

json_t *identity_to_json(const struct identity *identity) {
    json_t *value = json_object();
    (void)json_object_set_new(value, "access", json_string(identity_access_name(identity->access)));
    if (identity->is_local)
        (void)json_object_set_new(value, "local", json_pack("{s:I}", "user-id", (json_int_t)identity->uid));
    if (identity->password != NULL)
        (void)json_object_set_new(value, "basic", json_pack("{s:s}", "password", identity->password));
    if (identity->pem != NULL)
        (void)json_object_set_new(value, "cert", json_pack("{s:s}", "pem", identity->pem));
    return value;
}
