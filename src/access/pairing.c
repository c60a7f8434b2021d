// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/pairing.h"

#include <stdio.h>
#include <stdlib.h>

#include "access/client_certificate_internal.h"
#include "base/log.h"
#include "base/memory.h"

#define STATE_KEY "pairing-details"
#define UNKNOWN_CLIENT "<unknown>"

struct pairing {
    struct state *state;
    struct identity_store *identities;
    struct timer *window; // runs while the window is open
    enum pairing_mode mode;
    bool is_paired;
};

static void on_window_expired(void *data UNUSED) {
    // A timer that has expired is stopped, which is all there is to do.
}

// --- what the state holds ---

static bool read_paired(const struct state *state) {
    const json_t *details = state_data(state, STATE_KEY);
    const json_t *paired = json_object_get(details, "paired");
    return details != NULL && !json_is_null(details) &&
           (!json_is_object(details) || (paired != NULL && !json_is_false(paired)));
}

// Members that this program does not know are kept.
static void store_paired(struct pairing *pairing) {
    const json_t *old = state_data(pairing->state, STATE_KEY);
    json_t *details = json_is_object(old) ? json_copy((json_t *)(uintptr_t)old) : json_object();
    (void)json_object_set_new(details, "paired", json_true());
    state_set_data(pairing->state, STATE_KEY, details);
    pairing->is_paired = true;
}

struct pairing *pairing_create(struct loop *loop, struct state *state, struct identity_store *identities) {
    struct pairing *pairing = memory_new(sizeof *pairing);
    pairing->state = state;
    pairing->identities = identities;
    pairing->window = timer_create_in(loop, on_window_expired, pairing);
    pairing->mode = PAIRING_DISABLED;
    pairing->is_paired = read_paired(state);
    return pairing;
}

void pairing_destroy(struct pairing *pairing) {
    if (pairing == NULL)
        return;
    timer_destroy(pairing->window);
    free(pairing);
}

// --- the window ---

void pairing_set_mode(struct pairing *pairing, enum pairing_mode mode) {
    if (mode == PAIRING_UNSET)
        mode = PAIRING_DISABLED;
    if (mode != pairing->mode)
        timer_stop(pairing->window);
    pairing->mode = mode;
}

bool pairing_open(struct pairing *pairing, int64_t duration_ns, struct error *err) {
    if (pairing->mode == PAIRING_DISABLED)
        return error_set(err, ERROR_BAD_REQUEST, "cannot enable pairing with pairing mode disabled");
    if (pairing->mode == PAIRING_SINGLE && pairing->is_paired)
        return error_set(err, ERROR_BAD_REQUEST, "cannot enable pairing when already paired in 'single' pairing mode");
    timer_start(pairing->window, duration_ns);
    return true;
}

bool pairing_is_open(const struct pairing *pairing) {
    return timer_is_running(pairing->window);
}

// --- pairing a client ---

static bool check_certificate(const struct certificate *certificate, struct error *err) {
    AUTO_ERROR struct error reason = {0};
    if (certificate == NULL)
        (void)error_set(&reason, ERROR_BAD_REQUEST, "x509: malformed certificate");
    else if (!certificate_is_self_signed(certificate))
        (void)error_set(&reason, ERROR_BAD_REQUEST, "x509: certificate signed by unknown authority");
    else if (client_certificate_check(certificate, &reason))
        return true;
    AUTO_FREE char *words = memory_printf("Client not paired: %s", error_text(&reason));
    log_security(LOG_SECURITY_WARN, "authz_fail:" UNKNOWN_CLIENT, words);
    error_prefix(&reason, "cannot verify client certificate signature: ");
    return error_move(err, &reason);
}

// The first name that is free; owned. NULL if there is none.
static char *free_name(const struct pairing *pairing) {
    for (unsigned number = 1; number <= PAIRING_USERS_MAX; number++) {
        AUTO_FREE char *name = memory_printf("user-%u", number);
        if (identity_store_find(pairing->identities, name) == NULL)
            return TAKE(name);
    }
    return NULL;
}

static bool add_identity(const struct pairing *pairing, const char *pem, struct error *err) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_FREE char *name = free_name(pairing);
    if (name == NULL)
        return error_set(err, ERROR_BAD_REQUEST,
                         "cannot create new identity username: user allocation limit %d reached", PAIRING_USERS_MAX);
    set.items = memory_new_array(1, sizeof *set.items);
    set.items[set.count++] = memory_new(sizeof **set.items);
    set.items[0]->name = memory_string(name);
    set.items[0]->access_name = memory_string(identity_access_name(IDENTITY_ADMIN));
    set.items[0]->pem = memory_string(pem);
    return identity_set_check(&set, err) &&
           identity_store_apply(pairing->identities, IDENTITY_ADD, &set, UNKNOWN_CLIENT, err);
}

bool pairing_pair(struct pairing *pairing, const struct certificate *certificate, struct error *err) {
    if (!pairing_is_open(pairing))
        return error_set(err, ERROR_BAD_REQUEST, "pairing window is closed");
    timer_stop(pairing->window);
    if (!check_certificate(certificate, err))
        return false;
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    if (identity_store_find_certificate(pairing->identities, pem) == NULL && !add_identity(pairing, pem, err))
        return false;
    store_paired(pairing);
    return true;
}
