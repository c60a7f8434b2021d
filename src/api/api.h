// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP API of the daemon. One file per resource; the table in routes.c lists paths, access levels and handlers.
#pragma once

#include "access/authenticator.h"
#include "access/identities.h"
#include "access/pairing.h"
#include "base/error.h"
#include "checks/check_manager.h"
#include "exec/exec_manager.h"
#include "files/file_manager.h"
#include "forward/forward_manager.h"
#include "http/http_server.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "plan/plan_update.h"
#include "services/service_manager.h"
#include "state/checkpoint.h"
#include "state/state.h"

struct api;

// The modules that the API uses. All of them must outlive it.
struct api_spec {
    struct loop *loop;
    struct plan_store *plans;
    struct plan_updater *updater;
    struct service_manager *services;
    struct check_manager *checks;
    struct exec_manager *execs;
    struct state *state;
    struct checkpoint *checkpoint;
    struct log_store *logs;
    struct file_manager *files;
    struct forward_manager *forwards;
    const char *version;
    const char *boot_id;
    const char *http_address;  // as given to --http, or NULL
    const char *https_address; // as given to --https, or NULL
    struct identity_store *identities;
    struct authenticator *authenticator;
    struct pairing *pairing; // NULL: clients cannot be paired
};

struct api *api_create(const struct api_spec *spec) __attribute__((returns_nonnull));
// Cancels the requests that are left. Call after http_server_destroy().
void api_destroy(struct api *api);
struct http_server_hooks api_hooks(struct api *api);
// Adds a maintenance notice to all further responses: kind "daemon-restart" or "system-restart", with a message.
void api_set_maintenance(struct api *api, const char *kind, const char *message);
