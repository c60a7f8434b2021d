/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: a blocking client of the Pebble API, for C and C++ programs.
 *
 * One client speaks to one daemon; it is not to be used from two threads at the same time (two clients are
 * fine). Functions that can fail return false and describe the failure in their last parameter, a
 * `struct pebble_error *` that may be NULL; other outputs are untouched then. Strings and lists that come back
 * are owned by the result they are part of: release it with its own function. Strings handed in are borrowed
 * for the call. All text is UTF-8. Times are nanoseconds since 1970-01-01 UTC in `int64_t`, 0 for "none", along
 * with the text that the daemon gave. Memory: small allocations cannot fail for the caller; when the system has
 * no memory left the program ends with a message. What the daemon sends is bounded (PEBBLE_RESPONSE_LIMIT_BYTES).
 */
#ifndef PEBBLE_H
#define PEBBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEBBLE_RESPONSE_LIMIT_BYTES ((size_t)268435456) /* of one answer, streams excepted */

/* ---- errors ---- */

enum pebble_error_kind {
    PEBBLE_ERROR_NONE,
    PEBBLE_ERROR_CONNECTION, /* the daemon cannot be reached, or the connection broke */
    PEBBLE_ERROR_PROTOCOL,   /* the answer is not what the API says */
    PEBBLE_ERROR_API,        /* the daemon refused: see status and api_kind */
    PEBBLE_ERROR_TIMEOUT,    /* a time limit given by the caller is over */
    PEBBLE_ERROR_CHANGE,     /* a change that was waited for has failed: the message is the change's error */
    PEBBLE_ERROR_CANCELLED,  /* a callback asked to stop */
    PEBBLE_ERROR_ARGUMENT,   /* what was handed in cannot be sent to any daemon; nothing was sent */
};

struct pebble_error {
    enum pebble_error_kind kind;
    int status;     /* HTTP status of the answer, or 0 */
    char *api_kind; /* "login-required", "not-found" …; NULL when the answer has none */
    char *message;  /* NULL only with PEBBLE_ERROR_NONE */
};
void pebble_error_clear(struct pebble_error *error);

/* ---- the client ---- */

struct pebble_client;

struct pebble_client_options {
    const char *socket_path; /* the daemon's Unix socket; NULL or "" with base_url */
    const char *base_url;    /* "http://HOST:PORT" instead of the socket, or NULL */
    int64_t get_retry_ms;    /* how long GET requests are tried again while there is no daemon: 0 for never */
};
bool pebble_client_create(const struct pebble_client_options *options, struct pebble_client **client,
                          struct pebble_error *error);
void pebble_client_destroy(struct pebble_client *client); /* NULL is fine */
/* From PEBBLE_SOCKET, PEBBLE (its .pebble.socket) or /var/lib/pebble/default, and PEBBLE_BASEURL. */
bool pebble_client_create_default(struct pebble_client **client, struct pebble_error *error);

/* Calls that wait look at `interrupt` (NULL for none) whenever a signal has interrupted the wait, and a few times a
 * second otherwise; false ends the call with PEBBLE_ERROR_CANCELLED. It must not use the client. Without it signals
 * change nothing: a wait goes on after the signal's handler has returned. */
typedef bool (*pebble_interrupt_fn)(void *data);
void pebble_client_set_interrupt(struct pebble_client *client, pebble_interrupt_fn interrupt, void *data);

/* The time of the latest warning that the last successful answer has told of, 0 for none; *text (may be NULL) as given.
 */
int64_t pebble_client_latest_warning(const struct pebble_client *client, const char **text);
/* What the last answer said of an ongoing restart ("daemon is restarting"), or NULL. */
const char *pebble_client_maintenance(const struct pebble_client *client);

/* Any request: the door to what has no function of its own. On success *result is the answer's "result" as JSON text
 * ("null" when it has none) and *change the change's id or NULL; release both with pebble_free(). Either may be NULL.
 */
struct pebble_request_options {
    const char *method;
    const char *path_and_query; /* escaped as URLs are */
    const char *body;           /* JSON text, or NULL */
};
bool pebble_request(struct pebble_client *client, const struct pebble_request_options *options, char **result,
                    char **change, struct pebble_error *error);
void pebble_free(void *memory);

/* ---- the system ---- */

struct pebble_system_info {
    char *version;
    char *boot_id;
    char *http_address; /* NULL when there is none */
    char *https_address;
};
bool pebble_get_system_info(struct pebble_client *client, struct pebble_system_info *info, struct pebble_error *error);
void pebble_system_info_clear(struct pebble_system_info *info);

/* `level`: "alive", "ready" or NULL. `names`: checks to look at; count 0 for all. */
bool pebble_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       bool *healthy, struct pebble_error *error);

/* ---- services ---- */

struct pebble_service {
    char *name;
    char *startup;            /* "enabled" or "disabled" */
    char *current;            /* "active", "backoff", "error", "inactive" */
    char *current_since_text; /* RFC 3339, NULL before the first start */
    int64_t current_since;
};
struct pebble_services {
    struct pebble_service *items;
    size_t count;
};
bool pebble_get_services(struct pebble_client *client, const char *const *names, size_t count,
                         struct pebble_services *services, struct pebble_error *error);
void pebble_services_clear(struct pebble_services *services);

/* `action`: "start", "stop", "restart", "replan", "autostart" (the last two take no names). *change_id: pebble_free().
 */
bool pebble_services_action(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                            char **change_id, struct pebble_error *error);
/* `signal`: "SIGHUP" and so on. */
bool pebble_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                        struct pebble_error *error);

/* ---- changes ---- */

struct pebble_task {
    char *id;
    char *kind;
    char *summary;
    char *status;
    char **log;
    size_t log_count;
    char *progress_label;
    int64_t progress_done;
    int64_t progress_total;
    char *spawn_time_text;
    char *ready_time_text; /* NULL while not ready */
    int64_t spawn_time;
    int64_t ready_time;
    char *data; /* JSON object text, or NULL */
};
struct pebble_change {
    char *id;
    char *kind;
    char *summary;
    char *status;
    bool is_ready;
    char *err; /* what failed, or NULL */
    struct pebble_task *tasks;
    size_t task_count;
    char *spawn_time_text;
    char *ready_time_text; /* NULL while not ready */
    int64_t spawn_time;
    int64_t ready_time;
    char *data; /* JSON object text, or NULL */
};
struct pebble_changes {
    struct pebble_change *items;
    size_t count;
};
/* `select`: "in-progress", "ready", "all". `service`: only changes that were asked to act on it, or NULL. */
bool pebble_get_changes(struct pebble_client *client, const char *select, const char *service,
                        struct pebble_changes *changes, struct pebble_error *error);
void pebble_changes_clear(struct pebble_changes *changes);
bool pebble_get_change(struct pebble_client *client, const char *id, struct pebble_change *change,
                       struct pebble_error *error);
bool pebble_abort_change(struct pebble_client *client, const char *id, struct pebble_change *change,
                         struct pebble_error *error);
void pebble_change_clear(struct pebble_change *change);

/* Called while the change is not ready: every poll_ms, and sooner when a signal comes; with the change as it was last
 * seen. It may use the client (to abort the change, say). False stops the wait with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_progress_fn)(const struct pebble_change *change, void *data);
struct pebble_wait_options {
    int64_t timeout_ms;          /* 0: for ever */
    int64_t poll_ms;             /* how often `progress` is called: 0 for 100 */
    pebble_progress_fn progress; /* may be NULL: then one long request waits */
    void *data;
};
/* Waits until the change is ready, outliving a restart of the daemon (tried again for about 10 s). A change that
 * failed is PEBBLE_ERROR_CHANGE, and *change (may be NULL) is filled all the same. */
bool pebble_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                        struct pebble_change *change, struct pebble_error *error);

/* ---- plan and layers ---- */

bool pebble_get_plan(struct pebble_client *client, char **yaml, struct pebble_error *error); /* pebble_free() */

struct pebble_layer_options {
    const char *label;
    const char *yaml;
    bool combine; /* merge into the layer of that label if there is one */
    bool inner;   /* allow it to come before other layers */
};
bool pebble_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                      struct pebble_error *error);

/* ---- logs ---- */

struct pebble_log_entry {
    const char *time_text; /* RFC 3339 as the daemon gave it */
    int64_t time;
    const char *service;
    const char *message;
    size_t message_length; /* a message may hold NUL */
};
/* Gets each entry, borrowed for the call; false ends pebble_get_logs() with PEBBLE_ERROR_CANCELLED. It must not use the
 * client. */
typedef bool (*pebble_log_fn)(const struct pebble_log_entry *entry, void *data);
struct pebble_log_options {
    const char *const *services; /* count 0: all */
    size_t service_count;
    int64_t last; /* how many of the entries that are there: -1 for all, -2 for the daemon's default */
    bool follow;  /* go on with new entries until the daemon ends or the callback stops */
};
bool pebble_get_logs(struct pebble_client *client, const struct pebble_log_options *options, pebble_log_fn entry,
                     void *data, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
