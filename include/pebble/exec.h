/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: commands in the environment of the daemon. Part of pebble.h, which includes it.
 */
#ifndef PEBBLE_EXEC_H
#define PEBBLE_EXEC_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pebble_exec_flags {
    PEBBLE_EXEC_SPLIT_STDERR = 1, /* standard error is a stream of its own; else it is part of standard output */
    PEBBLE_EXEC_TERMINAL = 2,     /* the command's standard output is a terminal */
    PEBBLE_EXEC_INTERACTIVE = 4   /* so is its standard input; only with PEBBLE_EXEC_TERMINAL */
};
struct pebble_exec_options {
    size_t size;              /* sizeof(struct pebble_exec_options) */
    const char *const *words; /* the command: a program and its arguments; required */
    size_t word_count;
    const char *service_context; /* a service, whose environment, user, group and directory are used; NULL: none */
    const char *const *environment_names;
    const char *const *environment_values; /* none is NULL; of several values of a name the last one counts */
    size_t environment_count;
    const char *working_dir; /* NULL: the service's, else that of the user, else "/" */
    int64_t timeout_ns;      /* then the daemon kills the command; 0: none */
    const int64_t *user_id;  /* NULL: that of `user` */
    const char *user;        /* a name; without any user: the service's, else the daemon's */
    const int64_t *group_id; /* NULL: that of `group` */
    const char *group;       /* a name; without any group: that of the user */
    uint64_t flags;          /* of enum pebble_exec_flags */
    int columns;             /* of the terminal; 80 and 25 unless both are given */
    int rows;
};

enum pebble_exec_stream { PEBBLE_EXEC_STDOUT = 1, PEBBLE_EXEC_STDERR = 2 };

/* Runs a command in the daemon's environment. The call begins it, and connects to its streams. Its output comes as
 * items: pieces of any size, of either stream. Nothing more is received while there is an item that was not stepped
 * over, which in the end stops a command that writes. Input is written with the functions below, between steps. The
 * call ends when the command has ended and all its output was received: PEBBLE_CALL_DONE, with any exit code. A command
 * of which the program, the user or the directory is not there is refused: the error is PEBBLE_ERROR_API. For one that
 * fails to start after that, or is aborted, it is PEBBLE_ERROR_CHANGE, for the timeout PEBBLE_ERROR_TIMEOUT. The daemon
 * kills the command if the call is cancelled or destroyed while it runs. The timeout of the client holds until the
 * streams are connected. */
bool pebble_call_exec(struct pebble_client *client, const struct pebble_exec_options *options,
                      struct pebble_call **call, struct pebble_error *error);
/* The item, until the next step: *length bytes of *stream, at least one. NULL unless the call is in PEBBLE_CALL_ITEM.
 */
const char *pebble_call_exec_output(const struct pebble_call *call, enum pebble_exec_stream *stream, size_t *length);
/* Of the command, 128 and the number of the signal that has killed it; -1 unless the call is in PEBBLE_CALL_DONE. */
int pebble_call_exit_code(const struct pebble_call *call);
/* The functions below are for calls of pebble_call_exec(). They do nothing and return false, 0 or NULL for others. */

/* The change that runs the command. Part of the call; NULL before the daemon has accepted it. */
const char *pebble_call_exec_change_id(const struct pebble_call *call);
/* Whether the streams are connected, and neither the call nor the connection to the daemon has ended. */
bool pebble_exec_is_connected(const struct pebble_call *call);
/* How many bytes of input pebble_exec_write() takes now; 0 before the streams are connected. It grows in steps. */
size_t pebble_exec_input_room(const struct pebble_call *call);
/* Sends input, or queues it. *taken is how many bytes were taken; write the others after a later step. False: no input
 * is taken any more. */
bool pebble_exec_write(struct pebble_call *call, const void *bytes, size_t length, size_t *taken);
/* The command reads the end of its input after what was written. With an interactive terminal it reads Ctrl-D. May be
 * called before the streams are connected, too. False: it has ended already. */
bool pebble_exec_end_input(struct pebble_call *call);
/* `signal`: "SIGINT" and so on. False: it cannot be sent, as there is no signal of this name, the streams are not
 * connected or too much is queued. */
bool pebble_exec_send_signal(struct pebble_call *call, const char *signal);
/* The size of its terminal, both above 0. False as above. */
bool pebble_exec_resize(struct pebble_call *call, int columns, int rows);

/* Where the command's input comes from, and where its output goes: one way for each stream. Without anything the input
 * is empty, and the output is kept in memory, for the result. A descriptor is borrowed, and need not be non-blocking.
 * No output is received while a function waits. */
struct pebble_exec_io {
    size_t size;       /* sizeof(struct pebble_exec_io) */
    const char *input; /* text or any bytes */
    size_t input_length;
    const int *input_fd; /* read to its end, or until the command has ended */
    pebble_read_fn on_read_input;
    const int *output_fd;
    pebble_write_fn on_write_output;
    const int *error_fd; /* this and `on_write_error` only with PEBBLE_EXEC_SPLIT_STDERR */
    pebble_write_fn on_write_error;
    void *data;         /* for the functions */
    size_t limit_bytes; /* of what is kept of each stream; beyond, the function fails; 0: 64 MiB */
};
/* Runs a command and waits for its end. `io` may be NULL, `result` too. If it fails, the daemon kills a command that
 * still runs. */
bool pebble_exec(struct pebble_client *client, const struct pebble_exec_options *options,
                 const struct pebble_exec_io *io, struct pebble_exec_result **result, struct pebble_error *error);
/* The same, but an exit code other than 0 is a failure, too: PEBBLE_ERROR_EXEC. The error has the result then, and its
 * message the exit code and the last line of the output that was kept, of standard error if that is split. */
bool pebble_exec_check(struct pebble_client *client, const struct pebble_exec_options *options,
                       const struct pebble_exec_io *io, struct pebble_exec_result **result, struct pebble_error *error);
int pebble_exec_result_exit_code(const struct pebble_exec_result *result); /* as pebble_call_exit_code() */
/* What was kept; it may hold NUL: *length (may be NULL) does not count the NUL at the end. */
const char *pebble_exec_result_output(const struct pebble_exec_result *result, size_t *length);
const char *pebble_exec_result_error_output(const struct pebble_exec_result *result, size_t *length);
void pebble_exec_result_destroy(struct pebble_exec_result *result);

#ifdef __cplusplus
}
#endif

#endif
