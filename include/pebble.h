/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: a client of the Pebble API, for C (C99 and later) and C++. docs/reference/libpebble.md shows how to use
 * it.
 *
 * Two forms. Each request exists as a function that blocks, such as pebble_get_services(), and as a call that an event
 * loop drives, such as pebble_call_get_services(). The function that blocks runs the call with poll(). No function
 * blocks that has no counterpart with pebble_call_ in its name, but for pebble_file_exists(), pebble_is_directory(),
 * pebble_push_path() and pebble_pull_path(), which run several calls, and pebble_events_wait().
 *
 * Errors. A function that can fail returns bool. On failure it returns false and describes the failure in its last
 * parameter, a `struct pebble_error *` that may be NULL; its other outputs are untouched.
 *
 * Pointers. A pointer that is handed in must not be NULL unless its comment allows that. A string that an accessor
 * returns is not NULL unless its comment says so.
 *
 * Ownership. What is handed in is borrowed until the function returns. What comes back through a pointer to a pointer,
 * or from a pebble_call_take_...() function, belongs to the caller, who releases it with the destructor of its type, or
 * a string with pebble_free(). What an accessor returns is part of its object and lasts as long. Destructors accept
 * NULL.
 *
 * Text. It is UTF-8 and ends with a NUL. A NUL inside a text of the daemon reads as U+FFFD; a log message keeps it, and
 * so comes with its length. Points in time are nanoseconds since 1970-01-01 UTC, 0 for none. Their functions also give
 * the text that the daemon sent (RFC 3339) through *text, unless `text` is NULL. A duration is milliseconds or
 * nanoseconds, as its name ends with _ms or _ns.
 *
 * Threads. A client, its calls and its interrupt descriptor are used by one thread at a time; different clients may be
 * used by different threads at once. Results are independent of the client and do not change: several threads may read
 * one. There is no global state. A host name is resolved in a thread of its own, which has all signals blocked; numeric
 * addresses and Unix sockets need no thread. A client is not used by both processes after fork().
 *
 * Signals. The library changes no handlers and no masks of the caller's threads, and never raises SIGPIPE. A signal
 * does not end a blocking function: it continues to wait when the handler has returned.
 * pebble_client_set_interrupt_fd() is the way to end one, from a signal handler or from another thread. All descriptors
 * are close-on-exec.
 *
 * Limits. What the daemon sends is bounded: 1 MiB for the head of a response, 256 MiB and 4,000,000 JSON values for its
 * body, 16 MiB for a line of logs. Beyond that, and if it does not fit into memory, the call fails with
 * PEBBLE_ERROR_PROTOCOL. A message in an error is cut off at 1 MiB. If the system has no memory for a small allocation,
 * the program ends with a message.
 *
 * Compatibility. Objects are opaque. Structures of options begin with their size, which the caller sets; in every other
 * member 0 is the default unless its comment calls it required:
 *
 *     struct pebble_log_options options = {
 *         .size = sizeof options, .flags = PEBBLE_LOGS_FOLLOW};
 *
 * Later versions may add members to them. A program built with an older header works with a newer library. A program
 * built with a newer header works with an older library; if it sets a member or a flag that the library does not know,
 * the function fails with PEBBLE_ERROR_ARGUMENT. Later versions may add values to `enum pebble_error_kind`.
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
    PEBBLE_ERROR_TIMEOUT = 4,    /* a time limit that the caller set has passed */
    PEBBLE_ERROR_CHANGE = 5,     /* a change that was waited for has failed: see change */
    PEBBLE_ERROR_CANCELLED = 6,  /* by pebble_call_cancel(), the interrupt descriptor, or a callback */
    PEBBLE_ERROR_ARGUMENT = 7,   /* an argument is invalid; nothing was sent */
    PEBBLE_ERROR_FILE = 8,       /* a local file, or a descriptor of the caller, cannot be read or written */
    PEBBLE_ERROR_PATH = 9,       /* the daemon cannot do it with this path of its file system: see api_kind */
    PEBBLE_ERROR_EXEC = 10,      /* the command's exit code is not 0: see exec_result; only pebble_exec_check() */
    PEBBLE_ERROR_TOOL = 11       /* a hook tool of Juju is not there, or has failed: see status; pebble-charm.h */
};

struct pebble_change;
struct pebble_exec_result;

/* The caller owns it and sets it to zero before its first use: `= {0}`, in C++ `= {}`. A function that fails releases
 * and replaces its contents; one that succeeds leaves it as it is. */
struct pebble_error {
    enum pebble_error_kind kind;
    int status;                   /* HTTP status of a response that reports an error; PEBBLE_ERROR_TOOL: the exit
                                   * code, 0 if the tool has not run; else 0 */
    char *api_kind;               /* PEBBLE_ERROR_API, PEBBLE_ERROR_PATH: "login-required", "not-found" and so on, or
                                   * NULL; else NULL */
    char *message;                /* for people, not empty; NULL only with PEBBLE_ERROR_NONE */
    struct pebble_change *change; /* PEBBLE_ERROR_CHANGE: the change; else NULL */
    struct pebble_exec_result *exec_result; /* PEBBLE_ERROR_EXEC: exit code, output that was kept; else NULL */
    void *reserved[2];
    char *advice; /* PEBBLE_ERROR_API: further lines for people, such as where the faults of a layer are; else NULL */
};
/* Releases its contents and sets it to zero. `error` may be NULL. */
void pebble_error_clear(struct pebble_error *error);

/* Releases a string that belongs to the caller. `memory` may be NULL. */
void pebble_free(void *memory);
/* The version of the library that the program runs with, "1.2.3". Constant. */
const char *pebble_library_version(void);

/* ---- the client ---- */

/* The address of a daemon, settings, and one idle connection for the next call. Calls that run at the same time have a
 * connection each. */
struct pebble_client;

struct pebble_client_options {
    size_t size;             /* sizeof(struct pebble_client_options) */
    const char *socket_path; /* the daemon's Unix socket; required unless there is a base_url */
    const char *base_url;    /* instead of the socket: "http[s]://[USER:PASSWORD@]HOST:PORT[/PATH]"; NULL, "": none */
    const char *user;        /* for HTTP's basic authentication; NULL: that of base_url, or none */
    const char *password;    /* NULL: "" */
    int64_t get_retry_ms;    /* how long a GET request is repeated while there is no daemon; 0: it is not repeated */
    int64_t timeout_ms;      /* for a call from its creation to its end; 0: none. With pebble_exec() to
                              * the beginning of the command. Not for pebble_wait_change(), which has its own, and
                              * logs with PEBBLE_LOGS_FOLLOW. */
    int64_t idle_timeout_ms; /* how long a call waits for the daemon to send or take a byte; 0: no limit. To the time
                              * that the daemon is asked to wait itself, as with pebble_get_notices(), it is added.
                              * Exceptions as for timeout_ms, pebble_wait_service() and pebble_refresh_check(). */
    /* Only with https://. NULL or "": none. */
    const char *certificate_path;   /* a PEM file with the client's certificate, the only one in it */
    const char *key_path;           /* a PEM file with the certificate's key, which is not encrypted */
    const char *server_fingerprint; /* how the daemon is recognized: the fingerprint of its identity key, or the SHA-256
                                     * of a certificate in hexadecimal digits. Without it the daemon must have a
                                     * certificate for HOST from an authority that the system trusts, or that is in
                                     * the file SSL_CERT_FILE of the environment. */
};
/* Does not connect: that is done by the first call. For https:// it reads the files of certificates, which may take a
 * tenth of a second. PEBBLE_ERROR_FILE if that fails. */
bool pebble_client_create(const struct pebble_client_options *options, struct pebble_client **client,
                          struct pebble_error *error);
/* From the environment: the URL in PEBBLE_BASEURL, with PEBBLE_CLIENT_CERT, PEBBLE_CLIENT_KEY and
 * PEBBLE_SERVER_FINGERPRINT for https://; else the socket PEBBLE_SOCKET, else .pebble.socket in the directory PEBBLE or
 * in /var/lib/pebble/default. get_retry_ms is 5000. */
bool pebble_client_create_default(struct pebble_client **client, struct pebble_error *error);
/* Calls that still run continue, and may be destroyed later. */
void pebble_client_destroy(struct pebble_client *client);

/* Sets timeout_ms and idle_timeout_ms of the options, for calls that begin after that. */
bool pebble_client_set_timeouts(struct pebble_client *client, int64_t timeout_ms, int64_t idle_timeout_ms,
                                struct pebble_error *error);

/* Blocking functions of this client fail with PEBBLE_ERROR_CANCELLED while `fd` is readable. It may be a pipe that a
 * signal handler writes to, an eventfd that another thread writes to, or a signalfd. It is borrowed until it is
 * replaced, and never read from. -1: none. Calls that an event loop drives ignore it. */
void pebble_client_set_interrupt_fd(struct pebble_client *client, int fd);

/* The time of the latest warning, according to the last successful response. *text lasts until the client, or one of
 * its calls, is used again; NULL if the time is 0. */
int64_t pebble_client_latest_warning_ns(const struct pebble_client *client, const char **text);
/* The message of the last response about a restart of the daemon or the system that has begun, or NULL. It lasts as
 * long as the text above. */
const char *pebble_client_maintenance(const struct pebble_client *client);

/* ---- calls: requests that an event loop drives ---- */

/*
 * A call is one request and its response, or several for a wait. Functions such as pebble_call_get_services() create
 * it; nothing is sent before the first step. To drive it:
 *
 *     1. Step: pebble_call_step(), again while it returns PEBBLE_CALL_ITEM.
 *     2. If it returns PEBBLE_CALL_RUNNING, wait until pebble_call_fd() has one of pebble_call_poll_events(), or
 *        pebble_call_timeout_ms() has passed. Continue with 1.
 *
 * The descriptor stays the same while the call exists, so that it can stay registered with poll() or epoll
 * (level-triggered). It stands for all sockets of the call. No function of a call blocks. A step sends and receives a
 * bounded number of bytes. A step at any other time is harmless.
 */
struct pebble_call;

enum pebble_call_state {
    PEBBLE_CALL_RUNNING = 0, /* wait for the descriptor or the timeout, then step */
    PEBBLE_CALL_ITEM = 1,    /* there is an item of a stream: a log entry, a change, output; until the next step */
    PEBBLE_CALL_DONE = 2,    /* ended: take the result, destroy the call */
    PEBBLE_CALL_FAILED = 3   /* ended: see pebble_call_error(), destroy the call */
};

/* Never -1. It belongs to the call: do not close, read or write it, and remove it from the event loop before
 * pebble_call_destroy(). */
int pebble_call_fd(const struct pebble_call *call);
/* POLLIN (which is EPOLLIN) until the call has ended, then 0. */
short pebble_call_poll_events(const struct pebble_call *call);
/* Counts from now, rounded up. 0: step at once; -1: there is no time limit, or the call has ended. It may be larger
 * than an int. Each step changes it. */
int64_t pebble_call_timeout_ms(const struct pebble_call *call);
/* Does what can be done without waiting, and returns the state. After the end it does nothing. */
enum pebble_call_state pebble_call_step(struct pebble_call *call);
/* Why the call has failed, part of the call; NULL in the other states. */
const struct pebble_error *pebble_call_error(const struct pebble_call *call);
/* Fails the call with PEBBLE_ERROR_CANCELLED, unless it has ended. A request that was sent is not undone. */
void pebble_call_cancel(struct pebble_call *call);
/* In any state: a call that runs is cancelled first. With it go its item and a result that was not taken. */
void pebble_call_destroy(struct pebble_call *call);

/* The functions pebble_call_take_...() return the result of a call in the state PEBBLE_CALL_DONE, once. They
 * return NULL in other states, the second time, and for a call of another kind. */

/* ---- contents: bytes that the program gives or gets piece by piece ---- */

/* Writes the next bytes of a content, or of the input of a command, at most `size`, to `buffer`, and their number to
 * *length: 0 at the end. If it returns false, the call fails with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_read_fn)(void *buffer, size_t size, size_t *length, void *data);
/* Gets the next bytes of a content, or of the output of a command, borrowed until it returns. If it returns false, the
 * call fails with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_write_fn)(const void *bytes, size_t length, void *data);

/* ---- any request, for what has no function of its own ---- */

struct pebble_request_options {
    size_t size;                /* sizeof(struct pebble_request_options) */
    const char *method;         /* "GET" and so on; required */
    const char *path_and_query; /* "/v1/...", percent-encoded; required */
    const char *body;           /* JSON text; NULL: none */
    size_t body_length;         /* bytes */
};
struct pebble_response;
/* Sends the request and receives the whole response. */
bool pebble_request(struct pebble_client *client, const struct pebble_request_options *options,
                    struct pebble_response **response, struct pebble_error *error);
bool pebble_call_request(struct pebble_client *client, const struct pebble_request_options *options,
                         struct pebble_call **call, struct pebble_error *error);
struct pebble_response *pebble_call_take_response(struct pebble_call *call);
/* The "result" as JSON text, "null" if there is none. *length (may be NULL) does not count the NUL at the end. */
const char *pebble_response_result(const struct pebble_response *response, size_t *length);
const char *pebble_response_change_id(const struct pebble_response *response); /* NULL: the request began no change */
int pebble_response_status(const struct pebble_response *response);            /* HTTP status */
void pebble_response_destroy(struct pebble_response *response);

/* ---- the system ---- */

struct pebble_system_info;
/* What the daemon says about itself and its system. */
bool pebble_get_system_info(struct pebble_client *client, struct pebble_system_info **info, struct pebble_error *error);
bool pebble_call_get_system_info(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_system_info *pebble_call_take_system_info(struct pebble_call *call);
const char *pebble_system_info_version(const struct pebble_system_info *info); /* of the daemon */
/* Of the system, or of the container if the daemon is its first process: another one after each start. */
const char *pebble_system_info_boot_id(const struct pebble_system_info *info);
const char *pebble_system_info_http_address(const struct pebble_system_info *info);  /* NULL: none */
const char *pebble_system_info_https_address(const struct pebble_system_info *info); /* NULL: none */
void pebble_system_info_destroy(struct pebble_system_info *info);

/* Whether checks are up. `level`: "alive", "ready", or NULL for any. `names`: the checks to ask for; with count 0 all,
 * and `names` may be NULL. A daemon that is not healthy is not a failure. */
bool pebble_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       bool *is_healthy, struct pebble_error *error);
bool pebble_call_get_health(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                            struct pebble_call **call, struct pebble_error *error);
bool pebble_call_is_healthy(const struct pebble_call *call); /* false unless the call is in PEBBLE_CALL_DONE */

/* ---- services ---- */

struct pebble_service;
struct pebble_services;
/* `names`: the services to ask for; with count 0 all of the plan, and `names` may be NULL. */
bool pebble_get_services(struct pebble_client *client, const char *const *names, size_t count,
                         struct pebble_services **services, struct pebble_error *error);
bool pebble_call_get_services(struct pebble_client *client, const char *const *names, size_t count,
                              struct pebble_call **call, struct pebble_error *error);
struct pebble_services *pebble_call_take_services(struct pebble_call *call);
size_t pebble_services_count(const struct pebble_services *services);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_service *pebble_services_at(const struct pebble_services *services, size_t index);
void pebble_services_destroy(struct pebble_services *services);

const char *pebble_service_name(const struct pebble_service *service);    /* as in the plan */
const char *pebble_service_startup(const struct pebble_service *service); /* "enabled" or "disabled" */
const char *pebble_service_current(const struct pebble_service *service); /* "active", "backoff", "error", "inactive" */
/* The last time that `current` changed; 0 and NULL before the first start. */
int64_t pebble_service_current_since_ns(const struct pebble_service *service, const char **text);

/* `action`: "start", "stop" or "restart" with names; "replan" or "autostart" without. The daemon only begins it:
 * *change_id (`change_id` may be NULL) names the change, which pebble_wait_change() waits for. */
bool pebble_control_services(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                             char **change_id, struct pebble_error *error);
bool pebble_call_control_services(struct pebble_client *client, const char *action, const char *const *names,
                                  size_t count, struct pebble_call **call, struct pebble_error *error);
char *pebble_call_take_change_id(struct pebble_call *call);
/* `signal`: "SIGHUP" and so on. `names`: the services whose processes get it; at least one. */
bool pebble_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                        struct pebble_error *error);
bool pebble_call_send_signal(struct pebble_client *client, const char *signal, const char *const *names, size_t count,
                             struct pebble_call **call, struct pebble_error *error);

/* ---- checks ---- */

struct pebble_check;
struct pebble_checks;
/* `level`: "alive", "ready", or NULL for any. `names`: the checks to ask for; with count 0 all of the plan, and `names`
 * may be NULL. */
bool pebble_get_checks(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                       struct pebble_checks **checks, struct pebble_error *error);
bool pebble_call_get_checks(struct pebble_client *client, const char *level, const char *const *names, size_t count,
                            struct pebble_call **call, struct pebble_error *error);
struct pebble_checks *pebble_call_take_checks(struct pebble_call *call);
size_t pebble_checks_count(const struct pebble_checks *checks);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_check *pebble_checks_at(const struct pebble_checks *checks, size_t index);
void pebble_checks_destroy(struct pebble_checks *checks);

const char *pebble_check_name(const struct pebble_check *check);      /* as in the plan */
const char *pebble_check_level(const struct pebble_check *check);     /* "alive", "ready" or "" */
const char *pebble_check_startup(const struct pebble_check *check);   /* "enabled" or "disabled" */
const char *pebble_check_status(const struct pebble_check *check);    /* "up", "down" or "inactive" */
int64_t pebble_check_successes(const struct pebble_check *check);     /* -1: the daemon is older and has no count */
int64_t pebble_check_failures(const struct pebble_check *check);      /* since the last success */
int64_t pebble_check_threshold(const struct pebble_check *check);     /* the failures that make it "down" */
const char *pebble_check_change_id(const struct pebble_check *check); /* NULL while it is inactive */
const char *pebble_check_prev_change_id(const struct pebble_check *check); /* of the change before; NULL: none */

struct pebble_changed_checks;
/* `action`: "start" or "stop". *changed (`changed` may be NULL) names the checks that were not started or stopped
 * already. */
bool pebble_control_checks(struct pebble_client *client, const char *action, const char *const *names, size_t count,
                           struct pebble_changed_checks **changed, struct pebble_error *error);
bool pebble_call_control_checks(struct pebble_client *client, const char *action, const char *const *names,
                                size_t count, struct pebble_call **call, struct pebble_error *error);
struct pebble_changed_checks *pebble_call_take_changed_checks(struct pebble_call *call);
size_t pebble_changed_checks_count(const struct pebble_changed_checks *changed);
/* A name, in alphabetical order; NULL if `index` is not below the count. */
const char *pebble_changed_checks_at(const struct pebble_changed_checks *changed, size_t index);
void pebble_changed_checks_destroy(struct pebble_changed_checks *changed);

struct pebble_check_refresh;
/* Runs the check now and waits for its end. A check that fails is not a failure of the function. `refresh` may be
 * NULL. */
bool pebble_refresh_check(struct pebble_client *client, const char *name, struct pebble_check_refresh **refresh,
                          struct pebble_error *error);
bool pebble_call_refresh_check(struct pebble_client *client, const char *name, struct pebble_call **call,
                               struct pebble_error *error);
struct pebble_check_refresh *pebble_call_take_check_refresh(struct pebble_call *call);
/* The check after the run; part of the refresh. */
const struct pebble_check *pebble_check_refresh_check(const struct pebble_check_refresh *refresh);
const char *pebble_check_refresh_error_text(const struct pebble_check_refresh *refresh); /* NULL: it has passed */
void pebble_check_refresh_destroy(struct pebble_check_refresh *refresh);

/* ---- changes ---- */

struct pebble_task;
struct pebble_changes;
/* `select`: "in-progress", "ready", "all"; NULL is "in-progress". `service`: only changes that were asked to act on
 * it; NULL: all. */
bool pebble_get_changes(struct pebble_client *client, const char *select, const char *service,
                        struct pebble_changes **changes, struct pebble_error *error);
bool pebble_call_get_changes(struct pebble_client *client, const char *select, const char *service,
                             struct pebble_call **call, struct pebble_error *error);
struct pebble_changes *pebble_call_take_changes(struct pebble_call *call);
size_t pebble_changes_count(const struct pebble_changes *changes);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_change *pebble_changes_at(const struct pebble_changes *changes, size_t index);
void pebble_changes_destroy(struct pebble_changes *changes);

/* The change with this ID and its tasks. */
bool pebble_get_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                       struct pebble_error *error);
bool pebble_call_get_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                            struct pebble_error *error);
/* Begins to abort the change, which ends later. *change (`change` may be NULL) is its state now. The result of the call
 * is taken with pebble_call_take_change(). */
bool pebble_abort_change(struct pebble_client *client, const char *id, struct pebble_change **change,
                         struct pebble_error *error);
bool pebble_call_abort_change(struct pebble_client *client, const char *id, struct pebble_call **call,
                              struct pebble_error *error);
/* Of a call that gets, aborts or waits for a change. */
struct pebble_change *pebble_call_take_change(struct pebble_call *call);
void pebble_change_destroy(struct pebble_change *change);

const char *pebble_change_id(const struct pebble_change *change);         /* a number as text */
const char *pebble_change_kind(const struct pebble_change *change);       /* "start", "exec" and so on */
const char *pebble_change_summary(const struct pebble_change *change);    /* what it does, for people */
const char *pebble_change_status(const struct pebble_change *change);     /* "Doing", "Done", "Error" and so on */
bool pebble_change_is_ready(const struct pebble_change *change);          /* whether it has ended */
const char *pebble_change_error_text(const struct pebble_change *change); /* what failed; NULL: nothing */
/* When it began and ended. *text is NULL if the time is 0. */
int64_t pebble_change_spawn_time_ns(const struct pebble_change *change, const char **text);
int64_t pebble_change_ready_time_ns(const struct pebble_change *change, const char **text);
const char *pebble_change_data(const struct pebble_change *change); /* a JSON object as text; NULL: none */
size_t pebble_change_task_count(const struct pebble_change *change);
/* Part of the change; NULL if `index` is not below the count. */
const struct pebble_task *pebble_change_task_at(const struct pebble_change *change, size_t index);

/* As those of a change. */
const char *pebble_task_id(const struct pebble_task *task);
const char *pebble_task_kind(const struct pebble_task *task);
const char *pebble_task_summary(const struct pebble_task *task);
const char *pebble_task_status(const struct pebble_task *task);
size_t pebble_task_log_count(const struct pebble_task *task);
const char *pebble_task_log_at(const struct pebble_task *task, size_t index); /* a line; NULL beyond the count */
/* `done` of `total` steps, which `label` describes. */
const char *pebble_task_progress_label(const struct pebble_task *task);
int64_t pebble_task_progress_done(const struct pebble_task *task);
int64_t pebble_task_progress_total(const struct pebble_task *task);
/* When it began and ended. *text is NULL if the time is 0. */
int64_t pebble_task_spawn_time_ns(const struct pebble_task *task, const char **text);
int64_t pebble_task_ready_time_ns(const struct pebble_task *task, const char **text);
const char *pebble_task_data(const struct pebble_task *task); /* a JSON object as text; NULL: none */

/* Gets the change as it was last seen; it is borrowed until the function returns. The function may use the client, to
 * abort the change for instance. If it returns false, pebble_wait_change() fails with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_progress_fn)(const struct pebble_change *change, void *data);
struct pebble_wait_options {
    size_t size;        /* sizeof(struct pebble_wait_options) */
    int64_t timeout_ms; /* from the creation of the call; 0: none */
    /* 0: the daemon responds when the change has ended. Else the change is asked for at this interval, and each
     * response is an item of the call, or is given to `on_progress`. */
    int64_t poll_ms;
    pebble_progress_fn on_progress; /* for pebble_wait_change() with poll_ms; may be NULL */
    void *data;                     /* for `on_progress` */
};
/* Waits until the change has ended. `options` and `change` may be NULL. The wait survives a restart of the daemon:
 * while the daemon cannot be reached it is asked again, for ten seconds. If the change failed, the error is
 * PEBBLE_ERROR_CHANGE and holds the change. */
bool pebble_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                        struct pebble_change **change, struct pebble_error *error);
bool pebble_call_wait_change(struct pebble_client *client, const char *id, const struct pebble_wait_options *options,
                             struct pebble_call **call, struct pebble_error *error);
/* The item of a call with poll_ms, until the next step; NULL unless the call is in PEBBLE_CALL_ITEM. */
const struct pebble_change *pebble_call_change(const struct pebble_call *call);

/* ---- notices ---- */

struct pebble_notice;
struct pebble_notices;
struct pebble_notice_options {
    size_t size;              /* sizeof(struct pebble_notice_options) */
    const char *const *types; /* "custom", "change-update", "warning" */
    size_t type_count;        /* 0: all types */
    const char *const *keys;
    size_t key_count;        /* 0: all keys */
    const uint32_t *user_id; /* public notices and those of this user; only for admins. NULL: those of the caller */
    const char *users;       /* "all": those of all users; only for admins. NULL: see user_id */
    int64_t after_ns;        /* only those that were repeated after this point in time; 0: all */
    int64_t wait_ns;         /* how long the daemon waits for a notice if there is none; 0: it does not wait */
};
/* In the order in which they were last repeated. That none came is not a failure: the list is empty. `options` may be
 * NULL. The warnings of the daemon are the notices of type "warning"; the text of a warning is its key. */
bool pebble_get_notices(struct pebble_client *client, const struct pebble_notice_options *options,
                        struct pebble_notices **notices, struct pebble_error *error);
bool pebble_call_get_notices(struct pebble_client *client, const struct pebble_notice_options *options,
                             struct pebble_call **call, struct pebble_error *error);
struct pebble_notices *pebble_call_take_notices(struct pebble_call *call);
size_t pebble_notices_count(const struct pebble_notices *notices);
/* Part of the list; NULL if `index` is not below the count. */
const struct pebble_notice *pebble_notices_at(const struct pebble_notices *notices, size_t index);
void pebble_notices_destroy(struct pebble_notices *notices);

/* The notice with this ID. */
bool pebble_get_notice(struct pebble_client *client, const char *id, struct pebble_notice **notice,
                       struct pebble_error *error);
bool pebble_call_get_notice(struct pebble_client *client, const char *id, struct pebble_call **call,
                            struct pebble_error *error);
struct pebble_notice *pebble_call_take_notice(struct pebble_call *call);
void pebble_notice_destroy(struct pebble_notice *notice);

const char *pebble_notice_id(const struct pebble_notice *notice);                  /* a number as text */
bool pebble_notice_user_id(const struct pebble_notice *notice, uint32_t *user_id); /* false: it is public */
const char *pebble_notice_type(const struct pebble_notice *notice); /* "custom", "change-update", "warning" */
/* Identifies it among those of its type and user: for "change-update" the ID of the change, for "warning" the message.
 */
const char *pebble_notice_key(const struct pebble_notice *notice);
/* The first and the latest occurrence, and the latest one that repeated the notice. */
int64_t pebble_notice_first_occurred_ns(const struct pebble_notice *notice, const char **text);
int64_t pebble_notice_last_occurred_ns(const struct pebble_notice *notice, const char **text);
int64_t pebble_notice_last_repeated_ns(const struct pebble_notice *notice, const char **text);
int64_t pebble_notice_occurrences(const struct pebble_notice *notice); /* how many there were */
/* Of the last occurrence: a JSON object of strings as text; NULL: none. */
const char *pebble_notice_data(const struct pebble_notice *notice);
/* Durations in nanoseconds, and their text ("1h30m0s") through *text (may be NULL); 0 and NULL: none. Within the first,
 * a further occurrence does not repeat the notice; the second counts from the last occurrence. */
int64_t pebble_notice_repeat_after_ns(const struct pebble_notice *notice, const char **text);
int64_t pebble_notice_expire_after_ns(const struct pebble_notice *notice, const char **text);

struct pebble_notify_options {
    size_t size;              /* sizeof(struct pebble_notify_options) */
    const char *key;          /* "example.com/path"; required */
    const char *const *names; /* of the data */
    const char *const *values;
    size_t data_count;
    int64_t repeat_after_ns; /* 0: every occurrence repeats the notice */
};
/* Records an occurrence of the notice of type "custom" with this key. *notice_id: `notice_id` may be NULL. */
bool pebble_notify(struct pebble_client *client, const struct pebble_notify_options *options, char **notice_id,
                   struct pebble_error *error);
bool pebble_call_notify(struct pebble_client *client, const struct pebble_notify_options *options,
                        struct pebble_call **call, struct pebble_error *error);
char *pebble_call_take_notice_id(struct pebble_call *call);

/* ---- plan and layers ---- */

struct pebble_plan;
/* The plan that is in effect. */
bool pebble_get_plan(struct pebble_client *client, struct pebble_plan **plan, struct pebble_error *error);
bool pebble_call_get_plan(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_plan *pebble_call_take_plan(struct pebble_call *call);
/* The combined layers as YAML. *length (may be NULL) does not count the NUL at the end. */
const char *pebble_plan_yaml(const struct pebble_plan *plan, size_t *length);
void pebble_plan_destroy(struct pebble_plan *plan);

enum pebble_layer_flags {
    PEBBLE_LAYER_COMBINE = 1, /* combine with the layer of this label if it exists; without this flag that fails */
    PEBBLE_LAYER_INNER = 2    /* allow that the label places it before other layers */
};
struct pebble_layer; /* see pebble/layer.h */
struct pebble_layer_options {
    size_t size;                      /* sizeof(struct pebble_layer_options) */
    const char *label;                /* required */
    const char *yaml;                 /* may be NULL if its length is 0 */
    size_t yaml_length;               /* bytes */
    uint64_t flags;                   /* of enum pebble_layer_flags */
    const struct pebble_layer *layer; /* instead of `yaml`, if not NULL: a built one, borrowed until the call begins */
};
/* Adds a layer to the plan, or combines it with one. Services are not started or stopped: see "replan" of
 * pebble_control_services(). */
bool pebble_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                      struct pebble_error *error);
bool pebble_call_add_layer(struct pebble_client *client, const struct pebble_layer_options *options,
                           struct pebble_call **call, struct pebble_error *error);

/* ---- logs ---- */

struct pebble_log_entry;
/* When the line was written. */
int64_t pebble_log_entry_time_ns(const struct pebble_log_entry *entry, const char **text);
const char *pebble_log_entry_service(const struct pebble_log_entry *entry); /* the name of the service that wrote it */
/* A message may hold NUL: *length (may be NULL) does not count the NUL at the end. */
const char *pebble_log_entry_message(const struct pebble_log_entry *entry, size_t *length);

enum pebble_log_flags {
    PEBBLE_LOGS_FOLLOW = 1 /* after the entries that exist, wait for new ones until the daemon ends */
};
enum { PEBBLE_LOGS_ALL = -1 };
struct pebble_log_options {
    size_t size;                 /* sizeof(struct pebble_log_options) */
    const char *const *services; /* names */
    size_t service_count;        /* 0: all services */
    int64_t last;   /* how many of the entries that exist, the newest; or PEBBLE_LOGS_ALL; 0: 30, with FOLLOW none */
    uint64_t flags; /* of enum pebble_log_flags */
};
/* Gets an entry; it is borrowed until the function returns. The function may use the client. If it returns false,
 * pebble_get_logs() fails with PEBBLE_ERROR_CANCELLED. */
typedef bool (*pebble_log_fn)(const struct pebble_log_entry *entry, void *data);
/* Oldest entry first. `options` may be NULL. */
bool pebble_get_logs(struct pebble_client *client, const struct pebble_log_options *options, pebble_log_fn on_entry,
                     void *data, struct pebble_error *error);
/* Each entry is an item of the call. Nothing more is received while there are items that were not stepped over. The
 * call has no result to take. `options` may be NULL. */
bool pebble_call_get_logs(struct pebble_client *client, const struct pebble_log_options *options,
                          struct pebble_call **call, struct pebble_error *error);
/* The item, until the next step; NULL unless the call is in PEBBLE_CALL_ITEM. */
const struct pebble_log_entry *pebble_call_log_entry(const struct pebble_call *call);

/* ---- identities: who may use the API ---- */

struct pebble_identity;
struct pebble_identities;
/* All identities; only for admins. */
bool pebble_get_identities(struct pebble_client *client, struct pebble_identities **identities,
                           struct pebble_error *error);
bool pebble_call_get_identities(struct pebble_client *client, struct pebble_call **call, struct pebble_error *error);
struct pebble_identities *pebble_call_take_identities(struct pebble_call *call);
size_t pebble_identities_count(const struct pebble_identities *identities);
/* Part of the list, in the order of names; NULL if `index` is not below the count. */
const struct pebble_identity *pebble_identities_at(const struct pebble_identities *identities, size_t index);
void pebble_identities_destroy(struct pebble_identities *identities);

const char *pebble_identity_name(const struct pebble_identity *identity); /* unique */
const char *
pebble_identity_access(const struct pebble_identity *identity); /* "admin", "read", "metrics", "untrusted" */
/* Whether it is of type local, and its user ID (`user_id` may be NULL). */
bool pebble_identity_user_id(const struct pebble_identity *identity, uint32_t *user_id);
/* The daemon sends "*****" in the place of both. NULL: the identity is not of type basic, or cert. */
const char *pebble_identity_password(const struct pebble_identity *identity);
const char *pebble_identity_certificate(const struct pebble_identity *identity);

/* `action`: "add", "update", "replace" or "remove". `identities`: a JSON object from names to identities, such as
 * {"mary": {"access": "admin", "local": {"user-id": 1000}}}; null in the place of an identity removes it. The daemon
 * modifies all or none of them. */
bool pebble_modify_identities(struct pebble_client *client, const char *action, const char *identities,
                              struct pebble_error *error);
bool pebble_call_modify_identities(struct pebble_client *client, const char *action, const char *identities,
                                   struct pebble_call **call, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#include "pebble/events.h"
#include "pebble/exec.h"
#include "pebble/files.h"
#include "pebble/layer.h"
#include "pebble/log_targets.h"
#include "pebble/metrics.h"
#include "pebble/service_details.h"

#endif
