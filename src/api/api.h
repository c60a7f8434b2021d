// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP API of the daemon. One file per resource; the table in routes.c lists paths, access levels and handlers.
#pragma once

#include "base/error.h"
#include "checks/check_manager.h"
#include "http/http_server.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "plan/plan_update.h"
#include "services/service_manager.h"
#include "state/checkpoint.h"
#include "state/state.h"

struct api;

enum api_access { API_ACCESS_NONE, API_ACCESS_UNTRUSTED, API_ACCESS_METRICS, API_ACCESS_READ, API_ACCESS_ADMIN };

struct api_identity {
    enum api_access access;
    char user[16]; // the peer's uid as text, "<unknown>" if there is none
};

// Identifies clients by more than the uid of the peer. Optional: if `begin` is NULL, the uid decides.
struct api_authentication {
    const struct http_exchange *exchange;
    struct api_identity identity;                               // initially that of the peer's uid
    void (*on_done)(struct api_authentication *authentication); // set by the API; call it when `identity` is final
    void *work;                                                 // the authenticator's own
};
struct api_authenticator {
    // Returns true if `identity` is final. Otherwise on_done must be called later, once, from the loop.
    bool (*begin)(struct api_authentication *authentication, void *data);
    void (*cancel)(struct api_authentication *authentication, void *data); // on_done must not be called any more
    void *data;
};

// The modules that the API uses. All of them must outlive it.
struct api_spec {
    struct loop *loop;
    struct plan_store *plans;
    struct plan_updater *updater;
    struct service_manager *services;
    struct check_manager *checks;
    struct state *state;
    struct checkpoint *checkpoint;
    struct log_store *logs;
    const char *version;
    const char *boot_id;
    const char *http_address; // as given to --http, or NULL
    struct api_authenticator authenticator;
};

struct api *api_create(const struct api_spec *spec) __attribute__((returns_nonnull));
// Cancels the requests that are left. Call after http_server_destroy().
void api_destroy(struct api *api);
struct http_server_hooks api_hooks(struct api *api);
// Adds a maintenance notice to all further responses: kind "daemon-restart" or "system-restart", with a message.
void api_set_maintenance(struct api *api, const char *kind, const char *message);
