// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: what the actions share: the process of a service, and the tasks that wait for it.
#pragma once

#include "base/compiler.h"
#include "services/service_machine_internal.h"

// --- tasks ---

void service_mark_started(struct task *task); // a later daemon does not begin it again
// End all start tasks, or stop tasks: with success, unless the error is set.
void service_finish_start(struct service *service, const struct error *err);
void service_finish_held_starts(struct service *service, const struct error *err);
void service_finish_stops(struct service *service, const struct error *err);

// --- the process ---

// Starts a process. Returns EVENT_LAUNCH_FAILED, or no event.
struct service_event service_launch(struct service *service);
int service_launch_exit_code(const struct error *err); // as a shell reports a failed launch
void service_abandon_process(struct service *service);
void service_forget_process(struct service *service); // it has ended or was abandoned

bool service_has_tree(const struct service *service); // its process ends with its tree
// Looks for the processes of the service's tree, if it ends with that.
void service_scan_tree(struct service *service);
// Sets the exit code and the time of the run's end, and returns the event that follows from them.
struct service_event service_end_run(struct service *service, int exit_code);

// Signals the processes that the stop signal, or SIGKILL, is for: by kill-mode.
bool service_signal_all(struct service *service, int number, struct error *err);
// The same; a failure is logged.
void service_send_signal(struct service *service, int number, const char *name);
void service_terminate(struct service *service); // sends the stop signal, and starts kill-delay
