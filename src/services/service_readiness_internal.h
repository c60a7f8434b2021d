// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: watches whether a process is ready, in the way that its service has set. One object for each
// process.
#pragma once

#include "base/compiler.h"
#include "services/service_internal.h"

struct readiness;

// Called from the loop, never from within a function of this header. It may destroy the readiness.
struct readiness_handlers {
    void (*on_ready)(void *data);                         // once
    void (*on_unready)(void *data);                       // STOPPING=1
    void (*on_closed)(void *data);                        // the descriptor was closed without a newline
    void (*on_status)(const char *text, void *data);      // STATUS=
    void (*on_extended)(int64_t duration_ns, void *data); // EXTEND_TIMEOUT_USEC=
};

// Opens what the process needs. `handlers` outlives it.
bool readiness_create(struct service_manager *manager, const struct service_ready *config,
                      const struct readiness_handlers *handlers, void *data, struct readiness **readiness,
                      struct error *err) NODISCARD;
void readiness_destroy(struct readiness *readiness); // NULL is fine

// For the process: the value of NOTIFY_SOCKET, NULL: none; a descriptor and its number, 0: none.
const char *readiness_socket_name(const struct readiness *readiness);
int readiness_fd(const struct readiness *readiness, int *number);
// The process runs as this user.
void readiness_launched(struct readiness *readiness, uid_t uid);
// The process has written this.
void readiness_add_output(struct readiness *readiness, const char *bytes, size_t length);
