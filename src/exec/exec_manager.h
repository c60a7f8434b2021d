// SPDX-License-Identifier: GPL-3.0-or-later
// Commands that are run for clients, each by a task of kind "exec" and with up to three WebSocket sessions: "stdio" and
// "stderr" carry its input and output, "control" signals and sizes of the terminal. Each command is a state machine
// (exec_machine.c). States, limits and rules are described in docs/internals/exec.md.
#pragma once

#include "base/descriptors.h"
#include "base/error.h"
#include "base/event.h"
#include "base/text.h"
#include "exec/exec_jobs.h"
#include "http/http_websocket.h"
#include "loop/loop.h"
#include "plan/plan.h"
#include "state/change.h"
#include "state/runner.h"
#include "state/state.h"

#include <stdbool.h>
#include <stdint.h>

struct exec_manager;

#define EXECS_MAX ((size_t)1000) // at a time

// All of these outlive the manager.
struct exec_manager_spec {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct job_context *context;
    const struct exec_jobs *jobs;
    struct descriptor_budget *descriptors; // sessions are taken from DESCRIPTORS_PROCESSES; NULL: unlimited
};

struct exec_manager *exec_manager_create(const struct exec_manager_spec *spec) __attribute__((returns_nonnull));
// Closes all sessions at once. Commands that still run are not killed; see exec_manager_stop_all(). Starts must have
// ended or been cancelled, and reserved streams given up. NULL is fine.
void exec_manager_destroy(struct exec_manager *manager);

// --- starting ---

struct exec_request {                    // borrowed for the call
    const struct text_list *command;     // at least one word
    const char *service_context;         // NULL or "": none
    const struct run_context *overrides; // set over those of the service context
    int64_t timeout_ns;                  // from the launch on; 0: none; negative: over at once
    bool is_terminal;                    // standard output is a terminal, and standard error unless it is split
    bool is_interactive;                 // standard input too, and it is the controlling terminal
    bool splits_errors;
    int64_t width, height; // of the terminal; 80 and 25 unless both are above 0
};

struct exec_started { // borrowed for the callback
    const struct change *change;
    const struct task *task;
    const char *program;      // the first word of the command
    char *const *environment; // "NAME=VALUE", sorted, NULL-terminated
    const char *directory;
};

// `started` is NULL on failure.
typedef void (*exec_started_fn)(const struct exec_started *started, const struct error *err, void *data);
struct exec_start;
// Looks for the program and the directory in a worker thread, and creates a change with the command's task, owned by
// the state. Calls back once, in a later turn. Errors of the call: ERROR_UNAVAILABLE if too many requests are being
// checked. Errors of the callback, with the messages of the API: ERROR_BAD_REQUEST `cannot find executable "x"`, those
// of plan_merge_context() and account_resolve(); ERROR_INTERNAL `cannot call exec: …` for a wrong directory;
// ERROR_UNAVAILABLE if too many commands run, or the daemon stops.
bool exec_start(struct exec_manager *manager, const struct plan *plan, const struct exec_request *request,
                exec_started_fn on_started, void *data, struct exec_start **start, struct error *err) NODISCARD;
// The function is not called; no change is created.
void exec_start_cancel(struct exec_start *start);

// --- sessions ---

struct exec_stream;
// Reserves "stdio", "stderr" or "control" of the task's command for a session, until one of the two functions below is
// called. Errors: ERROR_NOT_FOUND `cannot find NAME websocket for task "1"`, also if the command has ended;
// ERROR_INTERNAL `NAME websocket already connected`.
bool exec_reserve_stream(struct exec_manager *manager, const char *task_id, const char *name,
                         struct exec_stream **stream, struct error *err) NODISCARD;
void exec_stream_connect(struct exec_stream *stream, struct websocket *websocket); // takes ownership of the session
void exec_stream_give_up(struct exec_stream *stream);

// --- shutdown ---

// Kills all commands; those that have not been launched fail. No command is started any more.
void exec_manager_stop_all(struct exec_manager *manager);
bool exec_manager_is_busy(const struct exec_manager *manager); // a command has not ended
// Emitted from the loop when the last command has ended, without an argument.
struct event *exec_manager_idle(struct exec_manager *manager);
