// SPDX-License-Identifier: GPL-3.0-or-later
// The API: requests in, managers called, responses out. One file per resource; the table in routes.c has the paths, who
// may use them, and their handlers.
#pragma once

#include "base/error.h"
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
    char user[16]; // the peer's uid as text; "<unknown>" without one
};

// Works out who sends a request from more than the peer's uid. Optional: without `begin` the uid decides.
struct api_authentication {
    const struct http_exchange *exchange;
    struct api_identity identity;                               // at first what the peer's uid gives
    void (*on_done)(struct api_authentication *authentication); // the API's: call it once `identity` is final
    void *work;                                                 // the authenticator's own
};
struct api_authenticator {
    // True: identity is final at once. False: it takes a while, and on_done is called later, once, from the loop.
    bool (*begin)(struct api_authentication *authentication, void *data);
    void (*cancel)(struct api_authentication *authentication, void *data); // on_done is not called any more
    void *data;
};

// What the API is made of; all of it outlives the API.
struct api_spec {
    struct loop *loop;
    struct plan_store *plans;
    struct plan_updater *updater;
    struct service_manager *services;
    struct state *state;
    struct checkpoint *checkpoint;
    struct log_store *logs;
    const char *version;
    const char *boot_id;
    const char *http_address; // as given to --http, or NULL
    struct api_authenticator authenticator;
};

struct api *api_create(const struct api_spec *spec) __attribute__((returns_nonnull));
// The server's requests have all been responded to or cancelled by now.
void api_destroy(struct api *api);
struct http_server_hooks api_hooks(struct api *api);
// From now on responses carry what is going on: kind "daemon-restart" or "system-restart" with a message.
void api_set_maintenance(struct api *api, const char *kind, const char *message);
