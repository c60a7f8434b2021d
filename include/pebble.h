/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: a client of the Pebble API, for C (C99 and later) and C++. docs/libpebble.md has the concepts on one page.
 *
 * Two forms. Every request exists as a blocking function, pebble_get_services(), and as a call object that an event
 * loop drives, pebble_call_get_services(). The blocking function is the call object with poll().
 *
 * Errors. Functions that can fail return false and describe the failure in their last parameter, a
 * `struct pebble_error *` that may be NULL. Their other outputs are untouched then.
 *
 * Ownership. What is handed in is borrowed until the function returns. What comes back through a pointer to a pointer,
 * or from a pebble_call_take_…() function, is owned by the caller, who releases it with the destructor of its type
 * (pebble_free() for strings). What an accessor returns is part of the object and lasts as long. Destructors take NULL.
 *
 * Text is UTF-8. A NUL that the daemon sends within a text for people or a name reads as U+FFFD; what may well hold NUL
 * (log messages) comes with its length. Times are nanoseconds since 1970-01-01 UTC, 0 for "none", and come along with
 * the text (RFC 3339) that the daemon sent.
 *
 * Threads. A client, its calls and its interrupt descriptor belong to one thread at a time; different clients may be
 * used by different threads at once. Results belong to whoever has them. There is no global state. A host name is
 * resolved in a thread of its own, in which all signals are blocked; numeric addresses and sockets need none. Create
 * clients after fork().
 *
 * Signals. Handlers and masks are left alone, and SIGPIPE is never raised. A signal does not end a blocking function:
 * the wait goes on when the handler has returned. pebble_client_set_interrupt_fd() is the way to end one, from a signal
 * handler or from another thread. Descriptors are close-on-exec.
 *
 * Limits. What the daemon can size is bounded; beyond that the call fails with PEBBLE_ERROR_PROTOCOL: 1 MiB for the
 * head of a response, 256 MiB and 4,000,000 JSON values for its body, 16 MiB for one line of logs. Small allocations
 * cannot fail for the caller: when the system has no memory left the program ends with a message.
 *
 * ABI. Objects are opaque and grow without notice. Structures of options begin with their size, which the caller sets;
 * in every other member 0 is the default:
 *
 *     struct pebble_log_options options = {.size = sizeof options, .flags = PEBBLE_LOGS_FOLLOW};
 *
 * A program built with an older header goes on working, and one built with a newer header works with an older library
 * unless it uses what that does not know (PEBBLE_ERROR_ARGUMENT). New values may appear in the enumerations of errors.
 */
#ifndef PEBBLE_H
#define PEBBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ---- */

enum pebble_error_kind {
    PEBBLE_ERROR_NONE = 0,
    PEBBLE_ERROR_CONNECTION = 1, /* the daemon cannot be reached, or the connection broke */
    PEBBLE_ERROR_PROTOCOL = 2,   /* the response is not what the API defines, or beyond a limit */
    PEBBLE_ERROR_API = 3,        /* the daemon refused: see status and api_kind */
    PEBBLE_ERROR_TIMEOUT = 4,    /* a time limit that the caller set is over */
    PEBBLE_ERROR_CHANGE = 5,     /* a change that was waited for has failed: see change */
    PEBBLE_ERROR_CANCELLED = 6,  /* by pebble_call_cancel(), the interrupt descriptor, or a callback */
    PEBBLE_ERROR_ARGUMENT = 7    /* what was handed in cannot be used; nothing was sent */
};

struct pebble_change;

/* The caller's, zero before its first use: `= {0}`, in C++ `= {}`. A function that fails replaces what is in it. */
struct pebble_error {
    enum pebble_error_kind kind;
    int status;                   /* HTTP status of the response, or 0 */
    char *api_kind;               /* "login-required", "not-found" …; NULL if the response has none */
    char *message;                /* NULL only with PEBBLE_ERROR_NONE */
    struct pebble_change *change; /* with PEBBLE_ERROR_CHANGE, else NULL */
    void *reserved[4];
};
/* Releases what is in it; it can be used again. */
void pebble_error_clear(struct pebble_error *error);

/* Releases strings that functions of this library gave. */
void pebble_free(void *memory);
/* The version of the library that is in use. */
const char *pebble_library_version(void);

/* ---- the client ---- */

/* Knows where the daemon is, and keeps one idle connection. It is not one connection: several calls may be under way at
 * once, each on a connection of its own. */
struct pebble_client;

struct pebble_client_options {
    size_t size;             /* sizeof(struct pebble_client_options) */
    const char *socket_path; /* the daemon's Unix socket; NULL or "" with base_url */
    const char *base_url;    /* "http://HOST:PORT" instead of the socket, or NULL; there is no HTTPS yet */
    const char *user;        /* for HTTP's basic authentication, or NULL */
    const char *password;
    int64_t get_retry_ms; /* how long GET requests are tried again while there is no daemon; 0: not at all */
    int64_t timeout_ms;   /* for a whole call, but for waits (they have their own) and followed logs; 0: none */
};
bool pebble_client_create(const struct pebble_client_options *options, struct pebble_client **client,
                          struct pebble_error *error);
/* From the environment: PEBBLE_SOCKET, or .pebble.socket in PEBBLE or in /var/lib/pebble/default; PEBBLE_BASEURL. GET
 * requests are tried again for five seconds. */
bool pebble_client_create_default(struct pebble_client **client, struct pebble_error *error);
/* Calls that are left go on and may outlive it. */
void pebble_client_destroy(struct pebble_client *client);

/* Blocking functions fail with PEBBLE_ERROR_CANCELLED once `fd` (borrowed; -1: none) is readable, and while it stays
 * so: a pipe that a signal handler writes to, an eventfd of another thread, a signalfd. Calls of an event loop ignore
 * it. */
void pebble_client_set_interrupt_fd(struct pebble_client *client, int fd);

/* The time of the latest warning according to the last successful response, 0 for none; *text (may be NULL) as sent. It
 * lasts until the client is used again. */
int64_t pebble_client_latest_warning(const struct pebble_client *client, const char **text);
/* What the last response noted of an ongoing restart ("daemon is restarting"), or NULL; lasts as long. */
const char *pebble_client_maintenance(const struct pebble_client *client);

/* ---- calls: requests that an event loop drives ---- */

/*
 * A call is created by a pebble_call_…() function of the sections below. Nothing is sent before the first step.
 *
 *     poll pebble_call_fd() for pebble_call_events(), for pebble_call_timeout_ms() at most;
 *     when either has come: pebble_call_step(), until it returns PEBBLE_CALL_RUNNING or the call is over.
 *
 * The descriptor is the same from the call's creation to its end, so that it can stay registered, and stands for all
 * sockets of the call. A step without need does no harm. No step waits; one reads a bounded number of bytes.
 */
struct pebble_call;

enum pebble_call_state {
    PEBBLE_CALL_RUNNING = 0, /* wait for the descriptor or the timeout, then step again */
    PEBBLE_CALL_ITEM = 1,    /* an item of a stream is there until the next step: a log entry, a change */
    PEBBLE_CALL_DONE = 2,    /* over: take the result */
    PEBBLE_CALL_FAILED = 3   /* over: see pebble_call_error() */
};

int pebble_call_fd(const struct pebble_call *call);       /* never -1; not to be closed, read or written */
short pebble_call_events(const struct pebble_call *call); /* POLLIN while the call runs, 0 when it is over */
/* From now, rounded up; 0: step at once; -1: no limit, or over. Ask again after each step. */
int64_t pebble_call_timeout_ms(const struct pebble_call *call);
enum pebble_call_state pebble_call_step(struct pebble_call *call);
/* NULL unless the call has failed. */
const struct pebble_error *pebble_call_error(const struct pebble_call *call);
/* Ends it at once with PEBBLE_ERROR_CANCELLED; does nothing if it is over. What the daemon does meanwhile goes on. */
void pebble_call_cancel(struct pebble_call *call);
/* In any state. */
void pebble_call_destroy(struct pebble_call *call);

/* ---- any request: the door to what has no function of its own ---- */

struct pebble_request_options {
    size_t size;                /* sizeof(struct pebble_request_options) */
    const char *method;         /* "GET" */
    const char *path_and_query; /* escaped as URLs are */
    const char *body;           /* JSON text, or NULL */
    size_t body_length;
};
struct pebble_response;
bool pebble_request(struct pebble_client *client, const struct pebble_request_options *options,
                    struct pebble_response **response, struct pebble_error *error);
bool pebble_call_request(struct pebble_client *client, const struct pebble_request_options *options,
                         struct pebble_call **call, struct pebble_error *error);
struct pebble_response *pebble_call_take_response(struct pebble_call *call);
/* The "result" as JSON text, "null" if there is none; *length (may be NULL) without the NUL behind it. */
const char *pebble_response_result(const struct pebble_response *response, size_t *length);
const char *pebble_response_change_id(const struct pebble_response *response); /* NULL if it began no change */
int pebble_response_status(const struct pebble_response *response);            /* HTTP status */
void pebble_response_destroy(struct pebble_response *response);

/* ---- the system ---- */

struct pebble_system_info;
bool pebble_get_system_info(struct pebble_client *client, struct pebble_system_info **info, struct pebble_error *error);
bool pebble_call_get_system_info(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_system_info *pebble_call_take_system_info(struct pebble_call *call);
const char *pebble_system_info_version(const struct pebble_system_info *info);
const char *pebble_system_info_boot_id(const struct pebble_system_info *info);
const char *pebble_system_info_http_address(const struct pebble_system_info *info);  /* NULL if there is none */
const char *pebble_system_info_https_address(const struct pebble_system_info *info); /* NULL if there is none */
void pebble_system_info_destroy(struct pebble_system_info *info);

/* `level`: "alive", "ready" or NULL. `names`: checks to look at; count 0 for all. */
bool pebble_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       bool *is_healthy, struct pebble_error *error);
bool pebble_call_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                            struct pebble_call **call, struct pebble_error *error);
bool pebble_call_is_healthy(const struct pebble_call *call); /* of a call that is done */

/* ---- services ---- */

struct pebble_service;
struct pebble_services;
/* `names`: count 0 for all of the plan. */
bool pebble_get_services(struct pebble_client *client, const char *const *names, size_t count,
                         struct pebble_services **services, struct pebble_error *error);
bool pebble_call_get_services(struct pebble_client *client, const char *const *names, size_t count,
                              struct pebble_call **call, struct pebble_error *error);
struct pebble_services *pebble_call_take_services(struct pebble_call *call);
size_t pebble_services_count(const struct pebble_services *services);
const struct pebble_service *pebble_services_at(const struct pebble_services *services, size_t index); /* or NULL */
void pebble_services_destroy(struct pebble_services *services);

const char *pebble_service_name(const struct pebble_service *service);
const char *pebble_service_startup(const struct pebble_service *service); /* "enabled" or "disabled" */
const char *pebble_service_current(const struct pebble_service *service); /* "active", "backoff", "error", "inactive" */
/* The time of the last change of `current`, 0 before the first start; *text may be NULL. */
int64_t pebble_service_current_since(const struct pebble_service *service, const char **text);

/* `action`: "start", "stop", "restart", "replan", "autostart" (the last two take no names). *change_id is the change
 * that does it (may be NULL); pebble_wait_change() waits for its end. */
bool pebble_services_action(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                            char **change_id, struct pebble_error *error);
bool pebble_call_services_action(struct pebble_client *client, const char *action, const char *const *names,
                                 size_t count, struct pebble_call **call, struct pebble_error *error);
char *pebble_call_take_change_id(struct pebble_call *call);
/* `signal`: "SIGHUP" and so on. */
bool pebble_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                        struct pebble_error *error);
bool pebble_call_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                             struct pebble_call **call, struct pebble_error *error);

/* ---- changes ---- */

struct pebble_task;
struct pebble_changes;
/* `select`: "in-progress", "ready", "all", or NULL for the daemon's default. `service`: only changes that were asked to
 * act on it, or NULL. */
bool pebble_get_changes(struct pebble_client *client, const char *select, const char *service,
                        struct pebble_changes **changes, struct pebble_error *error);
bool pebble_call_get_changes(struct pebble_client *client, const char *select, const char *service,
                             struct pebble_call **call, struct pebble_error *error);
struct pebble_changes *pebble_call_take_changes(struct pebble_call *call);
size_t pebble_changes_count(const struct pebble_changes *changes);
const struct pebble_change *pebble_changes_at(const struct pebble_changes *changes, size_t index); /* or NULL */
void pebble_changes_destroy(struct pebble_changes *changes);

bool pebble_get_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                       struct pebble_error *error);
bool pebble_call_get_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                            struct pebble_error *error);
/* *change (may be NULL) is the change as the abort left it; it ends some time later. */
bool pebble_abort_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                         struct pebble_error *error);
bool pebble_call_abort_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                              struct pebble_error *error);
struct pebble_change *pebble_call_take_change(struct pebble_call *call);
void pebble_change_destroy(struct pebble_change *change);

const char *pebble_change_id(const struct pebble_change *change);
const char *pebble_change_kind(const struct pebble_change *change);
const char *pebble_change_summary(const struct pebble_change *change);
const char *pebble_change_status(const struct pebble_change *change); /* "Doing", "Done", "Error" … */
bool pebble_change_is_ready(const struct pebble_change *change);      /* it is over */
const char *pebble_change_err(const struct pebble_change *change);    /* what failed, or NULL */
int64_t pebble_change_spawn_time(const struct pebble_change *change, const char **text); /* *text may be NULL */
int64_t pebble_change_ready_time(const struct pebble_change *change, const char **text);
const char *pebble_change_data(const struct pebble_change *change); /* a JSON object's text, or NULL */
size_t pebble_change_task_count(const struct pebble_change *change);
const struct pebble_task *pebble_change_task(const struct pebble_change *change, size_t index); /* or NULL */

const char *pebble_task_id(const struct pebble_task *task);
const char *pebble_task_kind(const struct pebble_task *task);
const char *pebble_task_summary(const struct pebble_task *task);
const char *pebble_task_status(const struct pebble_task *task);
size_t pebble_task_log_count(const struct pebble_task *task);
const char *pebble_task_log(const struct pebble_task *task, size_t index); /* a line, or NULL */
const char *pebble_task_progress_label(const struct pebble_task *task);
int64_t pebble_task_progress_done(const struct pebble_task *task);
int64_t pebble_task_progress_total(const struct pebble_task *task);
int64_t pebble_task_spawn_time(const struct pebble_task *task, const char **text); /* *text may be NULL */
int64_t pebble_task_ready_time(const struct pebble_task *task, const char **text);
const char *pebble_task_data(const struct pebble_task *task); /* a JSON object's text, or NULL */

/* Gets the change as it was seen last, borrowed for the call. It may use the client (to abort the change, say). False
 * ends the wait with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_progress_fn)(const struct pebble_change *change, void *data);
struct pebble_wait_options {
    size_t size;        /* sizeof(struct pebble_wait_options) */
    int64_t timeout_ms; /* 0: for ever */
    /* 0: the daemon is asked to respond when the change is over. Else the change is looked at as often as this, and
     * each look is an item of the call, or a call of `progress`. */
    int64_t poll_ms;
    pebble_progress_fn progress; /* of the blocking form with poll_ms; may be NULL */
    void *data;
};
/* Waits until the change is over; `options` may be NULL. A restart of the daemon is outlived: it is tried again for
 * about ten seconds. A change that failed is PEBBLE_ERROR_CHANGE, with the change in the error. *change may be NULL. */
bool pebble_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                        struct pebble_change **change, struct pebble_error *error);
/* The result is taken with pebble_call_take_change(). */
bool pebble_call_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                             struct pebble_call **call, struct pebble_error *error);
const struct pebble_change *pebble_call_change(const struct pebble_call *call); /* the item, or NULL */

/* ---- plan and layers ---- */

struct pebble_plan;
bool pebble_get_plan(struct pebble_client *client, struct pebble_plan **plan, struct pebble_error *error);
bool pebble_call_get_plan(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_plan *pebble_call_take_plan(struct pebble_call *call);
/* The layers put together, as YAML; *length (may be NULL) without the NUL behind it. */
const char *pebble_plan_yaml(const struct pebble_plan *plan, size_t *length);
void pebble_plan_destroy(struct pebble_plan *plan);

enum pebble_layer_flags {
    PEBBLE_LAYER_COMBINE = 1, /* merge into the layer of that label if there is one */
    PEBBLE_LAYER_INNER = 2    /* allow it to come before other layers */
};
struct pebble_layer_options {
    size_t size; /* sizeof(struct pebble_layer_options) */
    const char *label;
    const char *yaml;
    size_t yaml_length;
    uint64_t flags; /* of enum pebble_layer_flags */
};
bool pebble_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                      struct pebble_error *error);
bool pebble_call_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                           struct pebble_call **call, struct pebble_error *error);

/* ---- logs ---- */

struct pebble_log_entry;
int64_t pebble_log_entry_time(const struct pebble_log_entry *entry, const char **text); /* *text may be NULL */
const char *pebble_log_entry_service(const struct pebble_log_entry *entry);
/* A message may hold NUL; there is another behind its *length bytes. */
const char *pebble_log_entry_message(const struct pebble_log_entry *entry, size_t *length);

enum pebble_log_flags {
    PEBBLE_LOGS_FOLLOW = 1 /* go on with new entries until the daemon ends */
};
enum { PEBBLE_LOGS_ALL = -1 };
struct pebble_log_options {
    size_t size;                 /* sizeof(struct pebble_log_options) */
    const char *const *services; /* service_count 0: all */
    size_t service_count;
    int64_t last;   /* how many of the entries that are there; PEBBLE_LOGS_ALL; 0: 30, or none if followed */
    uint64_t flags; /* of enum pebble_log_flags */
};
/* Gets each entry, borrowed for the call. It may use the client. False ends pebble_get_logs() with
 * PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_log_fn)(const struct pebble_log_entry *entry, void *data);
/* `options` may be NULL. */
bool pebble_get_logs(struct pebble_client *client, const struct pebble_log_options *options, pebble_log_fn on_entry,
                     void *data, struct pebble_error *error);
/* Each entry is an item of the call. Nothing more is read from the daemon while items are not stepped over. */
bool pebble_call_get_logs(struct pebble_client *client, const struct pebble_log_options *options,
                          struct pebble_call **call, struct pebble_error *error);
const struct pebble_log_entry *pebble_call_log_entry(const struct pebble_call *call); /* the item, or NULL */

#ifdef __cplusplus
}
#endif

#endif
