/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: charms in C. A charm is a program that Juju runs once for each event of a unit: it makes the containers of
 * the unit as they should be, reports a status, and ends. docs/how-to/write-a-charm.md shows how to write, run, test
 * and pack one.
 *
 *     static bool configure(struct pebble_charm *charm, void *data, struct pebble_error *error) {...}
 *
 *     int main(void) {
 *         static const struct pebble_charm_handler handlers[] = {
 *             {.kind = PEBBLE_CHARM_PEBBLE_READY, .workload = "web", .handle = configure},
 *             {.kind = PEBBLE_CHARM_CONFIG_CHANGED, .handle = configure},
 *         };
 *         return pebble_charm_main(handlers, sizeof handlers / sizeof handlers[0], NULL);
 *     }
 *
 * What pebble.h says of errors, pointers, ownership, threads and compatibility holds here too. A charm is used by one
 * thread at a time. Functions that run a hook tool, and those of a container's client, block;
 * pebble_charm_set_interrupt_fd() ends them.
 */
#ifndef PEBBLE_CHARM_H
#define PEBBLE_CHARM_H

#include "pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the hook: the event that the charm was started for ---- */

struct pebble_charm;

/* `environment`: strings "NAME=VALUE", the last one NULL; or NULL for the environment of the program. It is copied. The
 * hook tools are looked for in its PATH, and run with it. PEBBLE_ERROR_ARGUMENT if it does not name an event: the
 * program was not started by Juju. These variables are read; all but the last are set by Juju:
 *
 *     JUJU_DISPATCH_PATH        "hooks/EVENT" or "actions/NAME"
 *     JUJU_HOOK_NAME            the event, if JUJU_DISPATCH_PATH is not there or empty
 *     JUJU_ACTION_NAME          the action, likewise
 *     JUJU_WORKLOAD_NAME        the container of an event CONTAINER-pebble-...; passed over with others
 *     JUJU_NOTICE_ID, JUJU_NOTICE_TYPE, JUJU_NOTICE_KEY    with such an event: of the custom notice
 *     JUJU_PEBBLE_CHECK_NAME    with such an event: the check that has failed or recovered
 *     JUJU_UNIT_NAME, JUJU_MODEL_NAME, JUJU_VERSION, JUJU_CHARM_DIR (else CHARM_DIR)
 *     PEBBLE_CHARM_CONTAINERS   the directory with the sockets, for tests; "/charm/containers" if it is not set
 */
bool pebble_charm_create(const char *const *environment, struct pebble_charm **charm, struct pebble_error *error);
/* Also destroys the clients of pebble_charm_container(). */
void pebble_charm_destroy(struct pebble_charm *charm);

/* Later versions may add kinds. The numbers do not change. */
enum pebble_charm_kind {
    PEBBLE_CHARM_ANY = 0,   /* only in a handler */
    PEBBLE_CHARM_OTHER = 1, /* an event that is not in this list, such as those of relations, storage and secrets */
    PEBBLE_CHARM_ACTION = 2,
    PEBBLE_CHARM_INSTALL = 3,
    PEBBLE_CHARM_START = 4,
    PEBBLE_CHARM_CONFIG_CHANGED = 5,
    PEBBLE_CHARM_UPDATE_STATUS = 6,
    PEBBLE_CHARM_STOP = 7,
    PEBBLE_CHARM_REMOVE = 8,
    PEBBLE_CHARM_UPGRADE_CHARM = 9,
    PEBBLE_CHARM_LEADER_ELECTED = 10,
    PEBBLE_CHARM_LEADER_SETTINGS_CHANGED = 11,
    PEBBLE_CHARM_PEBBLE_READY = 12,
    PEBBLE_CHARM_PEBBLE_CUSTOM_NOTICE = 13,
    PEBBLE_CHARM_PEBBLE_CHECK_FAILED = 14,
    PEBBLE_CHARM_PEBBLE_CHECK_RECOVERED = 15
};

/* The name of the event, "config-changed" or "web-pebble-ready", or of the action. */
const char *pebble_charm_event(const struct pebble_charm *charm);
enum pebble_charm_kind pebble_charm_event_kind(const struct pebble_charm *charm);
/* NULL: the hook has none. */
const char *pebble_charm_workload(const struct pebble_charm *charm);    /* the container of a pebble-... event */
const char *pebble_charm_notice_id(const struct pebble_charm *charm);   /* as for pebble_get_notice() */
const char *pebble_charm_notice_type(const struct pebble_charm *charm); /* "custom" */
const char *pebble_charm_notice_key(const struct pebble_charm *charm);  /* "example.com/path" */
const char *pebble_charm_check_name(const struct pebble_charm *charm);  /* of the check that failed or recovered */
/* NULL: Juju has not set the variable. */
const char *pebble_charm_unit(const struct pebble_charm *charm);         /* "app/0" */
const char *pebble_charm_app(const struct pebble_charm *charm);          /* "app" */
const char *pebble_charm_model(const struct pebble_charm *charm);        /* its name */
const char *pebble_charm_juju_version(const struct pebble_charm *charm); /* "3.6.0" */
const char *pebble_charm_directory(const struct pebble_charm *charm);    /* where the charm's files are */

/* Any variable of the hook, such as "JUJU_RELATION_ID"; NULL: it is not set, or empty. */
const char *pebble_charm_variable(const struct pebble_charm *charm, const char *name);

/* As pebble_client_set_interrupt_fd(), for the hook tools and the clients of all containers. A tool that runs is
 * killed. -1: none. */
void pebble_charm_set_interrupt_fd(struct pebble_charm *charm, int fd);

/* ---- handlers ---- */

/* Returns false, with an error, if the event could not be handled. `data` is that of pebble_charm_run(). */
typedef bool (*pebble_charm_handle_fn)(struct pebble_charm *charm, void *data, struct pebble_error *error);

/* It is called if all of its members that are set match the hook. An action matches only with `kind`
 * PEBBLE_CHARM_ACTION; its name is the event. One of `event` and `kind` is required. */
struct pebble_charm_handler {
    const char *event;             /* "config-changed", "web-pebble-ready", the name of an action; NULL: any */
    enum pebble_charm_kind kind;   /* PEBBLE_CHARM_ANY, which is 0: any but actions */
    const char *workload;          /* NULL: any or none */
    pebble_charm_handle_fn handle; /* required */
    void *reserved[2];             /* NULL */
};

/* Calls the handlers that match, in their order. Returns the exit code of the program: 0 if all of them have succeeded
 * or there is none, else 1. After a failure no more are called, and the error is a line of the level ERROR in Juju's
 * log; if that cannot be written, on standard error. Juju repeats a hook that has failed. An action is not repeated: it
 * fails with the error as its message, as with pebble_charm_fail_action(), and the exit code is 0. */
int pebble_charm_run(struct pebble_charm *charm, const struct pebble_charm_handler *handlers, size_t count, void *data);
/* The same with a charm from the environment of the program, which exists during the call. If there is no event, writes
 * that to standard error and returns 1. */
int pebble_charm_main(const struct pebble_charm_handler *handlers, size_t count, void *data);

/* ---- containers ---- */

/* The client of the daemon in a container, part of the charm. It does not connect before the first call. Its
 * idle_timeout_ms is 5000; pebble_client_set_timeouts() changes it. `name`: that
 * of the container in charmcraft.yaml; NULL: pebble_charm_workload(). PEBBLE_ERROR_ARGUMENT if it is not the name of a
 * file, or NULL and the hook has no workload. */
bool pebble_charm_container(struct pebble_charm *charm, const char *name, struct pebble_client **client,
                            struct pebble_error *error);
/* Whether the daemon responds, within five seconds; the error says why it does not. `name` as above. A container may
 * fail right after it has responded: a handler also has to expect PEBBLE_ERROR_CONNECTION of its calls. */
bool pebble_charm_can_connect(struct pebble_charm *charm, const char *name, struct pebble_error *error);

/* ---- hook tools ---- */

/* The commands that Juju puts into PATH while a hook runs. They are run without a shell. They read nothing but what is
 * said below, their output is at most 16 MiB, and what they write to standard error is part of the error. A value may
 * hold any text; at most 131,071 bytes unless said otherwise. If a tool is not there, or fails, the error is
 * PEBBLE_ERROR_TOOL, with the exit code in `status`. The status, the log, the version of the workload and
 * the results of an action take effect at once or even if the hook fails; ports, state and settings of relations only
 * at the end of a hook that succeeds. */

/* Runs any tool, for what has no function of its own. `words`: the tool and its arguments, `word_count` at least 1. A
 * word that is a value and may begin with "-" belongs behind a word "--". `input`: what the tool reads from standard
 * input; NULL: nothing. *output (`output` may be NULL) is what it has written to standard output, which need not be
 * UTF-8; a NUL in it reads as U+FFFD. */
bool pebble_charm_run_tool(struct pebble_charm *charm, const char *const *words, size_t word_count, const char *input,
                           char **output, struct pebble_error *error);

enum pebble_charm_log_level {
    PEBBLE_CHARM_LOG_TRACE = 0,
    PEBBLE_CHARM_LOG_DEBUG = 1,
    PEBBLE_CHARM_LOG_INFO = 2,
    PEBBLE_CHARM_LOG_WARNING = 3,
    PEBBLE_CHARM_LOG_ERROR = 4
};
/* juju-log */
bool pebble_charm_log(struct pebble_charm *charm, enum pebble_charm_log_level level, const char *message,
                      struct pebble_error *error);

enum pebble_charm_status {
    PEBBLE_CHARM_STATUS_UNKNOWN = 0, /* only from pebble_charm_get_status(): not set yet, or none of the others */
    PEBBLE_CHARM_STATUS_ACTIVE = 1,
    PEBBLE_CHARM_STATUS_MAINTENANCE = 2,
    PEBBLE_CHARM_STATUS_WAITING = 3,
    PEBBLE_CHARM_STATUS_BLOCKED = 4
};
/* status-set, of the unit. `message` may be "". */
bool pebble_charm_set_status(struct pebble_charm *charm, enum pebble_charm_status status, const char *message,
                             struct pebble_error *error);
/* status-set --application; only the leader may set it. */
bool pebble_charm_set_app_status(struct pebble_charm *charm, enum pebble_charm_status status, const char *message,
                                 struct pebble_error *error);
/* status-get, of the unit. `message` may be NULL. */
bool pebble_charm_get_status(struct pebble_charm *charm, enum pebble_charm_status *status, char **message,
                             struct pebble_error *error);
/* is-leader */
bool pebble_charm_is_leader(struct pebble_charm *charm, bool *is_leader, struct pebble_error *error);
/* application-version-set: the version of the workload, which `juju status` shows. */
bool pebble_charm_set_workload_version(struct pebble_charm *charm, const char *version, struct pebble_error *error);
/* open-port, close-port. `port`: 1 to 65535, 0 with "icmp". `protocol`: "tcp", "udp" or "icmp"; NULL is "tcp". */
bool pebble_charm_open_port(struct pebble_charm *charm, int port, const char *protocol, struct pebble_error *error);
bool pebble_charm_close_port(struct pebble_charm *charm, int port, const char *protocol, struct pebble_error *error);

/* ---- values: configuration, state, parameters of an action ---- */

struct pebble_charm_values;
enum pebble_charm_value_type {
    PEBBLE_CHARM_VALUE_UNSET = 0, /* no such key, or it has no value */
    PEBBLE_CHARM_VALUE_STRING = 1,
    PEBBLE_CHARM_VALUE_INTEGER = 2,
    PEBBLE_CHARM_VALUE_NUMBER = 3, /* not an integer of 64 bits */
    PEBBLE_CHARM_VALUE_BOOLEAN = 4,
    PEBBLE_CHARM_VALUE_OTHER = 5 /* a list or an object: see pebble_charm_values_json() */
};
/* config-get: all options that have a value or a default. */
bool pebble_charm_get_config(struct pebble_charm *charm, struct pebble_charm_values **values,
                             struct pebble_error *error);
/* config-get KEY: the values hold at most that one. */
bool pebble_charm_get_config_option(struct pebble_charm *charm, const char *key, struct pebble_charm_values **values,
                                    struct pebble_error *error);
/* state-get: all of the state that Juju keeps for the unit. All of its values are strings. */
bool pebble_charm_get_state(struct pebble_charm *charm, struct pebble_charm_values **values,
                            struct pebble_error *error);
/* state-get KEY: one value, for a state that is large. NULL: there is no such key. */
bool pebble_charm_get_state_value(struct pebble_charm *charm, const char *key, char **value,
                                  struct pebble_error *error);
/* action-get: the parameters of the action that runs. */
bool pebble_charm_get_action_parameters(struct pebble_charm *charm, struct pebble_charm_values **values,
                                        struct pebble_error *error);

/* How many keys there are. */
size_t pebble_charm_values_count(const struct pebble_charm_values *values);
/* A key, in the order in which they came; NULL if `index` is not below the count. */
const char *pebble_charm_values_key_at(const struct pebble_charm_values *values, size_t index);
enum pebble_charm_value_type pebble_charm_values_type(const struct pebble_charm_values *values, const char *key);
/* NULL: it is unset, or of another type. A NUL in it reads as U+FFFD. */
const char *pebble_charm_values_string(const struct pebble_charm_values *values, const char *key);
/* False: it is unset, or of another type; then *value is untouched. An integer is a number too. */
bool pebble_charm_values_integer(const struct pebble_charm_values *values, const char *key, int64_t *value);
bool pebble_charm_values_number(const struct pebble_charm_values *values, const char *key, double *value);
bool pebble_charm_values_boolean(const struct pebble_charm_values *values, const char *key, bool *value);
/* All of them as a JSON object, with the numbers as the tool has written them. */
const char *pebble_charm_values_json(const struct pebble_charm_values *values);
void pebble_charm_values_destroy(struct pebble_charm_values *values);

/* ---- state and actions ---- */

/* state-set. Both are UTF-8; `value` is at most 1 MiB. Juju's own limits, 256 bytes for a key, 64 KiB for a value and
 * 2 MiB for all of them unless its administrator has set others, show only at the end of the hook. They are given to
 * the tool on its standard input. */
bool pebble_charm_set_state(struct pebble_charm *charm, const char *key, const char *value, struct pebble_error *error);
/* state-delete. It is fine if there is no such key. */
bool pebble_charm_delete_state(struct pebble_charm *charm, const char *key, struct pebble_error *error);

/* action-set: a result of the action. `key`: names of a-z, 0-9 and "-" within, separated by ".". None of them is
 * "stdout", "stderr", "stdout-encoding" or "stderr-encoding". */
bool pebble_charm_set_action_result(struct pebble_charm *charm, const char *key, const char *value,
                                    struct pebble_error *error);
/* action-fail: the action has failed, and why. The handler goes on, and returns true if this is all there is to say. */
bool pebble_charm_fail_action(struct pebble_charm *charm, const char *message, struct pebble_error *error);
/* action-log: a message for the user who waits for the action. */
bool pebble_charm_log_action(struct pebble_charm *charm, const char *message, struct pebble_error *error);

#ifdef __cplusplus
}
#endif

#endif
