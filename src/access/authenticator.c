// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/authenticator.h"

#include <stdlib.h>
#include <string.h>

#include "access/client_certificate_internal.h"
#include "access/password.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "loop/worker_pool.h"
#include "net/peer.h"

#define THREADS 2U

struct authenticator {
    struct loop *loop;
    const struct identity_store *identities;
    password_check_fn check;
    struct worker_pool *pool;
    struct list logins; // login.link: waiting or running, in the order of their arrival
    size_t waiting, running;
    uint64_t round; // of the login that was started last
    bool is_closing;
};

// A password that is being checked.
struct login {
    struct list link;
    struct work_item item;
    struct deferred refusal;
    struct authenticator *authenticator;
    struct authentication *authentication; // NULL: cancelled
    char *name, *hash, *password;
    uint64_t round; // lower ones first: in each round, every name has one turn
    bool is_running;
    bool is_right;
};

// --- identities of clients ---

void client_identity_finish(struct client_identity *identity) {
    free(identity->user);
    *identity = (struct client_identity){0};
}

static void set_unknown(struct client_identity *identity) {
    *identity = (struct client_identity){.user = memory_string("<unknown>")};
}

// By the uid alone, without regard to identities: over the Unix socket root and the user of the daemon are admins,
// others may read.
static void set_default(const struct credentials *credentials, struct client_identity *identity) {
    const struct peer peer = {.is_known = credentials->has_uid, .uid = credentials->uid};
    if (!credentials->is_local || !credentials->has_uid) {
        set_unknown(identity);
        return;
    }
    *identity = (struct client_identity){
        .access = peer_is_administrator(&peer) ? IDENTITY_ADMIN : IDENTITY_READ,
        .has_uid = true,
        .uid = peer.uid,
        .user = memory_printf("%u", peer.uid),
    };
}

static void set_known(const struct credentials *credentials, const struct identity *known,
                      struct client_identity *identity) {
    bool counts = credentials->is_local || credentials->is_secure || known->access == IDENTITY_METRICS;
    *identity = (struct client_identity){
        .access = counts ? known->access : IDENTITY_UNTRUSTED,
        // With a password, that of the client may differ from that of the identity. Over TCP there is none.
        .has_uid = known->is_local && credentials->has_uid,
        .uid = known->is_local && credentials->has_uid ? credentials->uid : 0,
        .user = memory_string(known->name),
    };
}

// --- passwords ---

static void login_destroy(struct login *login) {
    list_remove(&login->link);
    if (login->authentication != NULL)
        login->authentication->login = NULL;
    password_free(login->password);
    free(login->name);
    free(login->hash);
    free(login);
}

static void check_password(struct work_item *item) {
    struct login *login = CONTAINER_OF(item, struct login, item);
    login->is_right = login->authenticator->check(login->hash, login->password);
}

static bool is_name_running(const struct authenticator *authenticator, const char *name) {
    const struct login *login;
    LIST_FOR_EACH (login, &authenticator->logins, link) {
        if (login->is_running && text_equal(login->name, name))
            return true;
    }
    return false;
}

static struct login *find_next(const struct authenticator *authenticator) {
    struct login *login, *next = NULL;
    LIST_FOR_EACH (login, &authenticator->logins, link) {
        if (!login->is_running && (next == NULL || login->round < next->round) &&
            !is_name_running(authenticator, login->name))
            next = login;
    }
    return next;
}

static void start_waiting(struct authenticator *authenticator);

// Ends a login whose password is right, wrong or (was_cancelled) not checked.
static void login_end(struct login *login) {
    struct authenticator *authenticator = login->authenticator;
    struct authentication *authentication = login->authentication;
    if (login->is_running)
        authenticator->running--;
    else
        authenticator->waiting--;
    if (authentication != NULL) {
        // The identity may have changed in the meantime.
        const struct identity *known = identity_store_find(authenticator->identities, login->name);
        if (login->item.was_cancelled || authenticator->is_closing)
            set_unknown(&authentication->identity);
        else if (login->is_right && known != NULL && text_equal(known->password, login->hash))
            set_known(&authentication->credentials, known, &authentication->identity);
        else
            set_default(&authentication->credentials, &authentication->identity);
    }
    login_destroy(login);
    start_waiting(authenticator);
    if (authentication != NULL)
        authentication->on_done(authentication);
}

static void on_password_checked(struct work_item *item) {
    login_end(CONTAINER_OF(item, struct login, item));
}

static void on_login_refused(struct deferred *deferred) {
    login_end(CONTAINER_OF(deferred, struct login, refusal));
}

static void login_start(struct login *login) {
    struct authenticator *authenticator = login->authenticator;
    authenticator->waiting--;
    authenticator->running++;
    authenticator->round = login->round;
    login->is_running = true;
    login->item = (struct work_item){.work = check_password, .done = on_password_checked};
    if (worker_pool_submit(authenticator->pool, &login->item, NULL))
        return;
    login->item.was_cancelled = true; // there is no thread for it
    loop_defer(authenticator->loop, &login->refusal, on_login_refused);
}

static void start_waiting(struct authenticator *authenticator) {
    while (authenticator->running < THREADS && !authenticator->is_closing) {
        struct login *next = find_next(authenticator);
        if (next == NULL)
            return;
        login_start(next);
    }
}

// Whether one more may wait. Sets the round of the next login as this name.
static bool has_room(const struct authenticator *authenticator, const char *name, uint64_t *round) {
    const struct login *login;
    size_t of_name = 0;
    *round = authenticator->round;
    LIST_FOR_EACH (login, &authenticator->logins, link) {
        if (!text_equal(login->name, name))
            continue;
        of_name += !login->is_running;
        if (login->round >= *round)
            *round = login->round + 1;
    }
    return !authenticator->is_closing && of_name < AUTHENTICATOR_WAITING_OF_NAME_MAX &&
           authenticator->waiting < AUTHENTICATOR_WAITING_MAX;
}

// Returns whether the password is going to be checked.
static bool login_create(struct authenticator *authenticator, struct authentication *authentication,
                         const struct identity *known, const char *password) {
    uint64_t round;
    if (!has_room(authenticator, known->name, &round))
        return false;
    struct login *login = memory_new(sizeof *login);
    login->authenticator = authenticator;
    login->authentication = authentication;
    login->name = memory_string(known->name);
    login->hash = memory_string(known->password);
    login->password = memory_string(password);
    login->round = round;
    list_add(&authenticator->logins, &login->link);
    authentication->login = login;
    authenticator->waiting++;
    start_waiting(authenticator);
    return true;
}

// --- authentication ---

static void identify_by_uid(const struct authenticator *authenticator, const struct credentials *credentials,
                            struct client_identity *identity) {
    const struct identity *known = credentials->is_local && credentials->has_uid
                                       ? identity_store_find_uid(authenticator->identities, credentials->uid)
                                       : NULL;
    if (known != NULL)
        set_known(credentials, known, identity);
    else
        set_default(credentials, identity);
}

static void log_refused_certificate(const struct identity *known, const struct error *err) {
    AUTO_FREE char *event = memory_printf("authz_fail:%s", known->name);
    AUTO_FREE char *words = memory_printf("Certificate of user %s refused: %s", known->name, error_text(err));
    log_security(LOG_SECURITY_WARN, event, words);
}

static void identify_by_certificate(const struct authenticator *authenticator, const struct credentials *credentials,
                                    struct client_identity *identity) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *pem = credentials->certificate != NULL ? certificate_to_pem(credentials->certificate) : NULL;
    const struct identity *known = pem != NULL ? identity_store_find_certificate(authenticator->identities, pem) : NULL;
    if (known != NULL && client_certificate_check(credentials->certificate, &err)) {
        set_known(credentials, known, identity);
        return;
    }
    if (known != NULL)
        log_refused_certificate(known, &err);
    set_unknown(identity);
}

bool authenticator_begin(struct authenticator *authenticator, struct authentication *authentication,
                         const struct credentials *credentials) {
    authentication->credentials = *credentials;
    authentication->credentials.user = authentication->credentials.password = NULL;
    authentication->credentials.certificate = NULL;
    authentication->login = NULL;
    if (credentials->is_secure) {
        identify_by_certificate(authenticator, credentials, &authentication->identity);
        return true;
    }
    // Empty names and passwords together count as none, as in the reference.
    if (text_is_empty(credentials->user) && text_is_empty(credentials->password)) {
        identify_by_uid(authenticator, credentials, &authentication->identity);
        return true;
    }
    const struct identity *known = identity_store_find(authenticator->identities, credentials->user);
    if (known == NULL || known->password == NULL || strlen(credentials->password) > PASSWORD_BYTES_MAX) {
        set_default(credentials, &authentication->identity);
        return true;
    }
    if (login_create(authenticator, authentication, known, credentials->password))
        return false;
    set_unknown(&authentication->identity);
    return true;
}

void authenticator_cancel(struct authenticator *authenticator, struct authentication *authentication) {
    struct login *login = authentication->login;
    if (login == NULL)
        return;
    authentication->login = NULL;
    login->authentication = NULL;
    if (login->is_running)
        return; // ends with its work
    authenticator->waiting--;
    login_destroy(login);
}

struct authenticator *authenticator_create(struct loop *loop, const struct identity_store *identities,
                                           password_check_fn check) {
    struct authenticator *authenticator = memory_new(sizeof *authenticator);
    authenticator->loop = loop;
    authenticator->identities = identities;
    authenticator->check = check != NULL ? check : password_matches;
    authenticator->pool = worker_pool_create(loop, "password", THREADS, THREADS);
    list_init(&authenticator->logins);
    return authenticator;
}

// A login that no thread has.
static struct login *find_idle(const struct authenticator *authenticator) {
    struct login *login;
    LIST_FOR_EACH (login, &authenticator->logins, link) {
        if (!login->is_running || login->refusal.is_waiting)
            return login;
    }
    return NULL;
}

void authenticator_destroy(struct authenticator *authenticator) {
    if (authenticator == NULL)
        return;
    authenticator->is_closing = true;
    for (struct login *login = find_idle(authenticator); login != NULL; login = find_idle(authenticator)) {
        loop_defer_cancel(authenticator->loop, &login->refusal);
        login_end(login);
    }
    worker_pool_destroy(authenticator->pool);
    free(authenticator);
}
