// SPDX-License-Identifier: GPL-3.0-or-later
// The API: requests in, managers called, answers out. One file per resource; the table in routes.c says
// which paths there are, who may use them, and what answers.
#pragma once

#include "base/error.h"
#include "http/http_server.h"
#include "logs/log_store.h"
#include "loop/loop.h"
#include "plan/plan_store.h"
#include "services/service_manager.h"
#include "state/checkpoint.h"
#include "state/state.h"

struct api;

// What the API speaks for; all of it outlives the API.
struct api_spec {
    struct loop *loop;
    struct plan_store *plans;
    struct service_manager *services;
    struct state *state;
    struct checkpoint *checkpoint;
    struct log_store *logs;
    const char *version;
    const char *boot_id;
    const char *http_address; // as given to --http, or NULL
};

struct api *api_create(const struct api_spec *spec) __attribute__((returns_nonnull));
// The server's requests have all been answered or cancelled by now.
void api_destroy(struct api *api);
struct http_server_hooks api_hooks(struct api *api);
// From now on answers carry what is going on: kind "daemon-restart" or "system-restart" with a message.
void api_set_maintenance(struct api *api, const char *kind, const char *message);
