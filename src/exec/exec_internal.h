// SPDX-License-Identifier: GPL-3.0-or-later
// Private to exec/: the command, its streams, the manager, and functions that the files of the module share.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "exec/exec_manager.h"
#include "loop/worker_pool.h"
#include "net/stream.h"
#include "state/task.h"

#define EXEC_CONNECT_WAIT_NS (5 * NS_PER_S)
#define EXEC_OUTPUT_WAIT_NS (5 * NS_PER_S)
// For all output of a killed command to be sent; longer than the wait for its end.
#define EXEC_LAST_OUTPUT_WAIT_NS (6 * NS_PER_S)

enum exec_state {
    EXEC_CREATED,    // the task has not begun
    EXEC_CONNECTING, // waits for the sessions
    EXEC_LAUNCHING,
    EXEC_RUNNING,
    EXEC_STOPPING, // killed, as the daemon stops
    EXEC_DRAINING, // the process has ended; its output has not
    EXEC_SENDING,  // the output has ended, and is to be sent
    EXEC_OVER,     // the task has ended; freed in the next turn
    EXEC_STATES,
};

enum exec_stream_kind { EXEC_STDIO, EXEC_STDERR, EXEC_CONTROL, EXEC_STREAMS };

enum exec_stream_state {
    EXEC_STREAM_FREE,
    EXEC_STREAM_RESERVED, // a handshake is under way
    EXEC_STREAM_CONNECTED,
    EXEC_STREAM_CLOSING, // the command has ended
};

// The place of one session.
struct exec_stream {
    struct exec_manager *manager;
    struct exec *exec; // NULL when the command has ended
    struct list link;  // in manager.closing
    enum exec_stream_kind kind;
    enum exec_stream_state state;
    struct websocket *websocket; // while connected or closing
    bool is_paused;              // the job's output, until the session is drained
    struct deferred break_off;   // closes the job's output
};

struct exec_event_queue {
    int *kinds; // enum exec_event_kind
    size_t count, capacity;
};

// What was asked for, without what the start has resolved.
struct exec_options {
    int64_t timeout_ns;
    bool is_terminal, is_interactive, splits_errors;
    unsigned columns, rows;
};

struct exec {
    struct exec_manager *manager;
    struct list link; // in manager.over
    struct task *task;
    char *id; // of the task; for the log
    struct exec_options options;
    struct text_list words; // both empty after the launch
    struct run_as run_as;
    enum exec_state state;
    struct exec_stream *streams[EXEC_STREAMS]; // stderr: NULL unless it is split
    struct timer *timer;                       // of the state
    struct job *job;                           // NULL unless launching, or until its output has ended
    pid_t pid;                                 // 0 before the launch
    struct stream *input;
    bool has_input_ended;     // nothing more is written to it
    struct timer *lost_input; // runs when the connection of stdio has been lost
    bool was_killed;          // by an abort or the loss of control: the client may not read any more
    int exit_code;
    bool has_exit_code;
    struct error failure; // set: the task fails
    const struct job_handlers *job_handlers;
    struct deferred removal;
    deferred_fn on_removal_due;
    bool is_handling; // an event is being handled; others are added to `pending`
    struct exec_event_queue pending;
};

struct exec_manager {
    struct exec_manager_spec spec;
    struct list starts;  // exec_start.link
    struct map execs;    // by task ID: those that are not over
    struct list over;    // exec.link: to be freed in the next turn
    struct list closing; // exec_stream.link
    bool is_stopping;
    struct worker_pool *workers;
    struct listener on_change_ready;
    struct deferred idle_emission;
    deferred_fn on_idle_due;
    struct event idle;
};

// exec_start.c
// Reports the failure of those that are left when the workers have ended.
void exec_starts_fail(struct exec_manager *manager);

// exec.c
// Creates the command of a task, without words and run_as. Takes over the descriptors of its streams.
struct exec *exec_create(struct exec_manager *manager, struct task *task, const struct exec_options *options)
    __attribute__((returns_nonnull));
void exec_destroy(struct exec *exec);

// exec_streams.c
// Takes the descriptors of a command's streams from the budget; exec_streams_create() takes them over.
bool exec_streams_take_descriptors(const struct exec_manager *manager, const struct exec_options *options,
                                   struct error *err) NODISCARD;
void exec_streams_create(struct exec *exec);
// Closes the session in the background, then frees the stream. A reserved stream is freed when the handshake is over.
void exec_stream_release(struct exec_stream *stream, unsigned close_code);
void exec_stream_free(struct exec_stream *stream);
void exec_streams_release(struct exec_stream *streams[EXEC_STREAMS], unsigned close_code);
void exec_streams_destroy_closing(struct exec_manager *manager);
bool exec_streams_are_connected(const struct exec *exec); // all that the launch needs
void exec_streams_begin(struct exec *exec);               // the program runs: reads what the client sends
void exec_streams_send_end(struct exec *exec);            // marks the end of all output
bool exec_streams_are_sent(const struct exec *exec);      // nothing is queued
enum job_stream exec_stream_output(const struct exec_stream *stream);
// Nobody receives what the command writes: its next write fails.
void exec_stream_break_off(struct exec_stream *stream);
// The sink of the job's output; one without a write function if there is no such stream.
struct job_sink exec_stream_sink(struct exec *exec, enum exec_stream_kind kind);

// exec_input.c
void exec_input_open(struct exec *exec);
void exec_input_write(struct exec *exec, const char *bytes, size_t length); // may stop reading from stdio
void exec_input_take_command(struct exec *exec, const char *text, size_t length);
void exec_input_end(struct exec *exec); // end of file, or Ctrl-D at a terminal, after what has been written
// The same, because stdio has been lost. A client that is gone loses its control session at the same time, which kills
// the command: unless it has a terminal, that is waited for a little, so that the command does not take half of its
// input for all of it.
void exec_input_lose(struct exec *exec);
void exec_input_close(struct exec *exec);

// exec_control.c
unsigned exec_terminal_size(int64_t number); // of columns or rows: limited to what a terminal can have; 0 if negative
void exec_control_take_command(struct exec *exec, const char *text, size_t length);

// exec_tasks.c
void exec_tasks_register(struct exec_manager *manager);
