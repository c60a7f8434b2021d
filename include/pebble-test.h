/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: a daemon for the tests of a program that uses libpebble. docs/how-to/test-with-libpebble.md shows how to
 * use it.
 *
 * A test creates a daemon in a temporary directory, gives its program the socket of the daemon, and then looks at the
 * requests that have come, or makes things happen: a notice, a check that fails, a daemon that is away. At the end
 * pebble_test_destroy() ends all processes and removes the directory. A guardian process does the same if the test
 * program ends in any other way, SIGKILL included.
 *
 * The socket of pebble_test_socket_path() is that of a relay, a thread of the test program, which passes all bytes in
 * both directions to the daemon and records the requests. The daemon sees the user of the test program as its client,
 * which is also the user that the daemon runs as. Other listeners of the daemon (--http) have no relay.
 *
 * Errors, pointers, ownership, text, and structures of options are as described in pebble.h. PEBBLE_ERROR_TIMEOUT
 * means that a wait took longer than timeout_ms of the options.
 *
 * Threads. A daemon is used by one thread at a time. Several daemons may be used by several threads at once. There is
 * no global state. A child that the test program forks must not use the daemons of its parent.
 *
 * Signals and children. No handlers and no masks of the caller's threads are changed. The processes are not children of
 * the caller: it gets no SIGCHLD, and its waitpid(-1) does not report them, unless it is the first process of a PID
 * namespace or a subreaper. All descriptors are close-on-exec.
 *
 * A root directory of its own needs Linux 5.12.
 */
#ifndef PEBBLE_TEST_H
#define PEBBLE_TEST_H

#include "pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the daemon ---- */

struct pebble_test_daemon;

struct pebble_test_layer {
    const char *label; /* at least three lower-case letters, digits and single hyphens; the first is a letter */
    const char *yaml;
};

enum pebble_test_flags {
    /* The daemon gets a file system root of its own: what it and its services write outside of pebble_test_directory()
     * changes nothing on the machine. Creation fails if that is impossible. */
    PEBBLE_TEST_OWN_ROOT = 1,
    /* With PEBBLE_TEST_OWN_ROOT: if that is impossible, the daemon uses the root of the machine. See
     * pebble_test_root_problem(). */
    PEBBLE_TEST_OWN_ROOT_OPTIONAL = 2
};

struct pebble_test_options {
    size_t size;         /* sizeof(struct pebble_test_options) */
    const char *program; /* NULL: PEBBLE_TEST_PROGRAM in the environment, else "pebble". Without a slash: in PATH */
    const struct pebble_test_layer *layers; /* in their order; at most 999 */
    size_t layer_count;
    const char *const *environment; /* "NAME=VALUE", in addition to the environment of the caller, of which variables
                                     * beginning with PEBBLE, LISTEN_ and NOTIFY_ are removed */
    size_t environment_count;
    const char *const *arguments; /* of `pebble run`, such as "--hold" */
    size_t argument_count;
    uint64_t flags;     /* of enum pebble_test_flags */
    int64_t timeout_ms; /* for each call of a function; 0: 30000. The removal of a daemon, and a kill after the timeout,
                         * may take up to 30 seconds more. */
};

/* Creates a directory with mode 0700 in $TMPDIR (else /tmp), runs `pebble run` in it, and waits until it responds. The
 * enabled services are started as usual. If the daemon ends, the error (PEBBLE_ERROR_CONNECTION) has the end of its
 * log. PEBBLE_ERROR_ARGUMENT if an option is wrong, $TMPDIR is too long for the path of a socket, or a root of its own
 * is impossible; PEBBLE_ERROR_FILE if files, processes or descriptors cannot be made. `options` may be NULL. */
bool pebble_test_create(const struct pebble_test_options *options, struct pebble_test_daemon **daemon,
                        struct pebble_error *error);
/* Ends the daemon and its services with SIGKILL, removes the directory, and waits until both are gone. */
void pebble_test_destroy(struct pebble_test_daemon *daemon);

/* The temporary directory. */
const char *pebble_test_directory(const struct pebble_test_daemon *daemon);
/* The socket for clients, "PEBBLE_SOCKET" of programs that the test starts. */
const char *pebble_test_socket_path(const struct pebble_test_daemon *daemon);
/* A client of that socket, so that its requests are recorded. It belongs to the daemon. */
struct pebble_client *pebble_test_client(struct pebble_test_daemon *daemon);
/* What the daemon has written to standard output and standard error so far, the last 16 MiB. It belongs to the caller,
 * who releases it with pebble_free(). Never NULL. */
char *pebble_test_log(const struct pebble_test_daemon *daemon);
/* The directory of what the daemon and its services have written, for reading: their /etc/app.conf is etc/app.conf
 * below it. Files of the machine are missing there, or are empty. NULL: the daemon uses the root of the machine. */
const char *pebble_test_root_path(const struct pebble_test_daemon *daemon);
/* Why a root of its own was impossible, with PEBBLE_TEST_OWN_ROOT_OPTIONAL; else NULL. */
const char *pebble_test_root_problem(const struct pebble_test_daemon *daemon);

/* ---- requests ---- */

/* A request of a client of the socket. Requests are recorded when their head has arrived, the body as it arrives, the
 * status before the client gets the response: what a client has a response for is recorded. At most 10,000 requests
 * are kept, 256 KiB of each body, and 64 MiB of all bodies. After an upgrade to WebSocket nothing more is recorded
 * of the connection, and also after bytes that are not HTTP. */
struct pebble_test_request;
/* How many there are since the beginning or pebble_test_clear_requests(). */
size_t pebble_test_request_count(const struct pebble_test_daemon *daemon);
/* How many came when there were 10,000, and so were not kept. */
size_t pebble_test_missed_request_count(const struct pebble_test_daemon *daemon);
/* A copy, which belongs to the caller; NULL if `index` is not below the count. The oldest request has index 0. */
struct pebble_test_request *pebble_test_request_at(const struct pebble_test_daemon *daemon, size_t index);
/* A copy of the first request from *index on with this method and a path that begins with `path_prefix`; NULL if there
 * is none. *index becomes the index behind it; `index` may be NULL: from the oldest on. `method` and `path_prefix` may
 * be NULL: any. */
struct pebble_test_request *pebble_test_find_request(const struct pebble_test_daemon *daemon, const char *method,
                                                     const char *path_prefix, size_t *index);
/* Forgets all requests. One that has no response yet does not come back. */
void pebble_test_clear_requests(struct pebble_test_daemon *daemon);

const char *pebble_test_request_method(const struct pebble_test_request *request); /* "GET" and so on */
/* "/v1/services?names=a", as sent. */
const char *pebble_test_request_path_and_query(const struct pebble_test_request *request);
/* Decoded if it was chunked. A NUL follows it; *length (may be NULL) does not count it. */
const char *pebble_test_request_body(const struct pebble_test_request *request, size_t *length);
/* Whether the body was longer than what was kept. */
bool pebble_test_request_is_cut(const struct pebble_test_request *request);
/* Of the response; 0: none has come. */
int pebble_test_request_status(const struct pebble_test_request *request);
void pebble_test_request_destroy(struct pebble_test_request *request);

/* ---- what happens to the daemon ---- */

/* The functions below send no requests that are recorded. */

/* Records an occurrence of the notice of type "custom" with this key, as pebble_notify() does. `names` and `values` of
 * the data may be NULL if `count` is 0. */
bool pebble_test_notify(struct pebble_test_daemon *daemon, const char *key, const char *const *names,
                        const char *const *values, size_t count, struct pebble_error *error);

/* Makes the check "up" or "down". The first call for a name replaces the check of the plan, or adds one, in a layer
 * "test-checks" at the end of the plan: an HTTP check with threshold 1 and the level that the check had. From then on
 * only this function changes its status, also after a restart. Returns when the daemon reports the status, and the
 * check's change and the notice of it exist. Services with on-check-failure act on it. At most 1,000 names of 1,024
 * bytes. */
bool pebble_test_set_check(struct pebble_test_daemon *daemon, const char *name, bool is_up, struct pebble_error *error);

/* Waits until the service is "active", "inactive", "backoff" or "error". */
bool pebble_test_wait_service(struct pebble_test_daemon *daemon, const char *name, const char *status,
                              struct pebble_error *error);

/* False: all connections are cut, and the socket is gone, as if there were no daemon. The daemon continues. True: the
 * socket is there again. */
bool pebble_test_set_reachable(struct pebble_test_daemon *daemon, bool is_reachable, struct pebble_error *error);

/* Stops the daemon with SIGTERM, and waits for its end. Then the socket is gone. A daemon that does not end in time is
 * killed, which is PEBBLE_ERROR_TIMEOUT. No effect on one that has ended. */
bool pebble_test_stop(struct pebble_test_daemon *daemon, struct pebble_error *error);
/* Ends the daemon and all its services with SIGKILL, as when a container is killed, and waits for its end. The state
 * file is as it was last saved. */
bool pebble_test_kill(struct pebble_test_daemon *daemon, struct pebble_error *error);
/* Starts the daemon again in the same directory, and waits until it responds. It has its state and the layers of its
 * directory. With a root of its own it has a new boot ID, as in a container; else that of the machine, as always
 * outside of containers. PEBBLE_ERROR_ARGUMENT if it is running. */
bool pebble_test_start(struct pebble_test_daemon *daemon, struct pebble_error *error);
/* pebble_test_stop() and pebble_test_start(). */
bool pebble_test_restart(struct pebble_test_daemon *daemon, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
