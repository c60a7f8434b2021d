// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/password.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"

#define STATE_KEY "identities"
#define SECRET "*****"
#define UID_TEXT_SIZE 16
#define WARNINGS_MAX ((size_t)20)

struct identity_store {
    struct state *state;
    struct map by_name; // -> struct identity, owned
    struct map by_uid;  // decimal -> struct identity of type local
    struct map by_pem;  // certificate -> struct identity of type cert
};

static void free_identity(void *value) {
    identity_destroy(value);
}

static const char *uid_text(uint32_t uid, char text[UID_TEXT_SIZE]) {
    (void)snprintf(text, UID_TEXT_SIZE, "%u", uid);
    return text;
}

// --- user-ids ---

static bool fail_uid(struct map_entry *const *sorted, uint32_t uid, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    for (; *sorted != NULL; sorted++) {
        const struct identity *identity = (*sorted)->value;
        if (identity->is_local && identity->uid == uid)
            text_list_add(&names, identity->name);
    }
    AUTO_FREE char *joined = text_list_join(&names, ", ");
    return error_set(err, ERROR_BAD_REQUEST, "cannot have multiple identities with user ID %u (%s)", uid, joined);
}

static bool check_uids(const struct map *identities, struct error *err) {
    AUTO_MAP struct map seen = MAP_INIT(NULL);
    AUTO_FREE struct map_entry **sorted = map_sorted(identities);
    for (struct map_entry **e = sorted; *e != NULL; e++) {
        const struct identity *identity = (*e)->value;
        char text[UID_TEXT_SIZE];
        if (!identity->is_local)
            continue;
        if (map_has(&seen, uid_text(identity->uid, text)))
            return fail_uid(sorted, identity->uid, err);
        map_set(&seen, text, NULL);
    }
    return true;
}

static void index_certificate(struct identity_store *store, struct identity *identity) {
    const struct identity *other = map_get(&store->by_pem, identity->pem);
    if (other == NULL || strcmp(identity->name, other->name) < 0)
        map_set(&store->by_pem, identity->pem, identity);
}

static void index_identities(struct identity_store *store) {
    map_finish(&store->by_uid);
    map_finish(&store->by_pem);
    for (struct map_entry *e = map_first(&store->by_name); e != NULL; e = map_next(&store->by_name, e)) {
        struct identity *identity = e->value;
        char text[UID_TEXT_SIZE];
        if (identity->is_local)
            map_set(&store->by_uid, uid_text(identity->uid, text), identity);
        if (identity->pem != NULL)
            index_certificate(store, identity);
    }
}

static void insert(struct identity_store *store, struct identity *identity) {
    map_set(&store->by_name, identity->name, identity);
}

bool identity_store_create(struct state *state, struct identity_store **store, struct error *err) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    if (!identity_set_read(state_data(state, STATE_KEY), &set, err) || !identity_set_check_stored(&set, err))
        return error_prefix(err, "cannot read identities of the state: ");
    struct identity_store *made = memory_new(sizeof *made);
    made->state = state;
    map_init(&made->by_name, free_identity);
    for (size_t i = 0; i < set.count; i++) {
        if (!set.items[i]->is_null)
            insert(made, TAKE(set.items[i]));
    }
    if (!check_uids(&made->by_name, err)) {
        identity_store_destroy(made);
        return error_prefix(err, "cannot read identities of the state: ");
    }
    index_identities(made);
    *store = made;
    return true;
}

void identity_store_destroy(struct identity_store *store) {
    if (store == NULL)
        return;
    map_finish(&store->by_pem);
    map_finish(&store->by_uid);
    map_finish(&store->by_name);
    free(store);
}

const struct identity *identity_store_find(const struct identity_store *store, const char *name) {
    return map_get(&store->by_name, name);
}

const struct identity *identity_store_find_uid(const struct identity_store *store, uint32_t uid) {
    char text[UID_TEXT_SIZE];
    return map_get(&store->by_uid, uid_text(uid, text));
}

const struct identity *identity_store_find_certificate(const struct identity_store *store, const char *pem) {
    return map_get(&store->by_pem, pem);
}

// --- actions ---

static const char *const action_names[] = {
    [IDENTITY_ADD] = "add",
    [IDENTITY_UPDATE] = "update",
    [IDENTITY_REPLACE] = "replace",
    [IDENTITY_REMOVE] = "remove",
};

bool identity_action_by_name(const char *name, enum identity_action *action) {
    for (size_t i = 0; i < ARRAY_COUNT(action_names); i++) {
        if (text_equal(action_names[i], name)) {
            *action = (enum identity_action)i;
            return true;
        }
    }
    return false;
}

static bool check_null(enum identity_action action, const struct identity_set *set, struct error *err) {
    if (action == IDENTITY_REPLACE)
        return true;
    bool must_be_null = action == IDENTITY_REMOVE;
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->is_null == must_be_null)
            continue;
        AUTO_FREE char *quoted = text_quoted(set->items[i]->name);
        return error_set(err, ERROR_BAD_REQUEST, "identity value for %s must %sbe null for %s operation", quoted,
                         must_be_null ? "" : "not ", action_names[action]);
    }
    return true;
}

// Whether the identities are there, or not there, as the action requires.
static bool check_presence(const struct identity_store *store, enum identity_action action,
                           const struct identity_set *set, struct error *err) {
    if (action == IDENTITY_REPLACE)
        return true;
    bool must_exist = action != IDENTITY_ADD;
    AUTO_TEXT_LIST struct text_list wrong = {0};
    for (size_t i = 0; i < set->count; i++) {
        if (map_has(&store->by_name, set->items[i]->name) != must_exist)
            text_list_add(&wrong, set->items[i]->name);
    }
    if (wrong.count == 0)
        return true;
    text_list_sort(&wrong);
    AUTO_FREE char *names = text_list_join(&wrong, ", ");
    return error_set(err, ERROR_BAD_REQUEST, "identities %s: %s", must_exist ? "do not exist" : "already exist", names);
}

// Checks what the identities would be after the action.
static bool check_outcome(const struct identity_store *store, const struct identity_set *set, struct error *err) {
    AUTO_MAP struct map outcome = MAP_INIT(NULL);
    for (struct map_entry *e = map_first(&store->by_name); e != NULL; e = map_next(&store->by_name, e))
        map_set(&outcome, e->key, e->value);
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->is_null)
            (void)map_remove(&outcome, set->items[i]->name);
        else
            map_set(&outcome, set->items[i]->name, set->items[i]);
    }
    if (outcome.count > IDENTITIES_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "cannot have more than %zu identities", IDENTITIES_MAX);
    return check_uids(&outcome, err);
}

// Members of other identities that this program does not know are kept.
static json_t *json_of_outcome(const struct identity_store *store, const struct identity_set *set) {
    const json_t *old = state_data(store->state, STATE_KEY);
    json_t *outcome = old != NULL ? json_copy((json_t *)(uintptr_t)old) : json_object();
    for (size_t i = 0; i < set->count; i++) {
        const struct identity *identity = set->items[i];
        if (identity->is_null)
            (void)json_object_del(outcome, identity->name);
        else
            (void)json_object_set_new(outcome, identity->name, identity_to_json(identity));
    }
    return outcome;
}

static bool only_removes(const struct identity_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (!set->items[i]->is_null)
            return false;
    }
    return true;
}

// What the state file holds must be small enough to be read again.
static bool check_size(const json_t *outcome, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(IDENTITIES_BYTES_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &text, false);
    json_writer_value(&writer, outcome);
    return buffer_is_whole(&text) ||
           error_set(err, ERROR_BAD_REQUEST, "cannot have identities of more than %zu bytes", IDENTITIES_BYTES_MAX);
}

static void log_removal(const char *name, const char *who) {
    AUTO_FREE char *event = memory_printf("user_deleted:%s,%s", who, name);
    AUTO_FREE char *description = memory_printf("Deleting user %s", name);
    log_security(LOG_SECURITY_WARN, event, description);
}

static void log_identity(const struct identity *identity, bool is_new, const char *who) {
    const char *access = identity_access_name(identity->access);
    AUTO_FREE char *event =
        memory_printf("user_%s:%s,%s,%s", is_new ? "created" : "updated", who, identity->name, access);
    AUTO_FREE char *description =
        memory_printf("%s %s user %s", is_new ? "Creating" : "Updating", access, identity->name);
    log_security(LOG_SECURITY_WARN, event, description);
}

static void log_set(const struct identity_set *set, enum identity_action action, const char *who) {
    for (size_t i = 0; i < set->count; i++) {
        const struct identity *identity = set->items[i];
        if (identity->is_null)
            log_removal(identity->name, who);
        else
            log_identity(identity, action == IDENTITY_ADD, who);
    }
}

// They are accepted, as in the reference.
static void warn_of_passwords(const struct identity_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct identity *identity = set->items[i];
        if (identity->password == NULL || password_is_hash(identity->password) || ++count > WARNINGS_MAX)
            continue;
        AUTO_FREE char *quoted = text_quoted(identity->name);
        log_notice("Password of identity %s is no hash as of 'openssl passwd -6', so no password matches it", quoted);
    }
    if (count > WARNINGS_MAX)
        log_notice("%zu more identities have a password that is no hash", count - WARNINGS_MAX);
}

bool identity_store_apply(struct identity_store *store, enum identity_action action, struct identity_set *set,
                          const char *who, struct error *err) {
    if (!check_null(action, set, err))
        return false;
    log_set(set, action, who);
    if (!check_presence(store, action, set, err) || !check_outcome(store, set, err))
        return false;
    if (set->count == 0)
        return true;
    AUTO_JSON json_t *outcome = json_of_outcome(store, set);
    if (!only_removes(set) && !check_size(outcome, err))
        return false;
    warn_of_passwords(set);
    state_set_data(store->state, STATE_KEY, TAKE(outcome));
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i]->is_null)
            (void)map_remove(&store->by_name, set->items[i]->name);
        else
            insert(store, TAKE(set->items[i]));
    }
    index_identities(store);
    return true;
}

// --- output ---

static void write_secret(struct json_writer *writer, const char *type, const char *name) {
    json_writer_key(writer, type);
    json_writer_begin_object(writer);
    json_writer_member_string(writer, name, SECRET);
    json_writer_end_object(writer);
}

static void write_identity(const struct identity *identity, struct json_writer *writer) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "access", identity_access_name(identity->access));
    if (identity->is_local) {
        json_writer_key(writer, "local");
        json_writer_begin_object(writer);
        json_writer_member_int(writer, "user-id", identity->uid);
        json_writer_end_object(writer);
    }
    if (identity->password != NULL)
        write_secret(writer, "basic", "password");
    if (identity->pem != NULL)
        write_secret(writer, "cert", "pem");
    json_writer_end_object(writer);
}

void identity_store_write(const struct identity_store *store, struct json_writer *writer) {
    AUTO_FREE struct map_entry **entries = map_sorted(&store->by_name);
    json_writer_begin_object(writer);
    for (struct map_entry **e = entries; *e != NULL; e++) {
        json_writer_key(writer, (*e)->key);
        write_identity((*e)->value, writer);
    }
    json_writer_end_object(writer);
}
