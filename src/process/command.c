// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/command.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct command {
    struct reaper *reaper;
    struct child child;
    struct timer *deadline; // NULL without one
    command_end_fn on_end;
    void *data;
    bool is_running;
    bool was_killed; // by the deadline
};

static struct command *command_of(struct child *child) {
    return CONTAINER_OF(child, struct command, child);
}

static void command_ended(struct child *child, int exit_code) {
    struct command *command = command_of(child);
    command->is_running = false;
    if (command->deadline != NULL)
        timer_stop(command->deadline);
    // It may have ended by itself just before the signal came.
    bool has_timed_out = command->was_killed && exit_code == 128 + SIGKILL;
    command->on_end(command, exit_code, has_timed_out, command->data);
}

static void deadline_passed(void *data) {
    struct command *command = data;
    command->was_killed = true;
    // The process itself, too: it may have moved to another group.
    child_signal_group(&command->child, SIGKILL, NULL);
    child_signal(&command->child, SIGKILL, NULL);
}

static bool find_program(const struct command_spec *spec, char **path, struct error *err) {
    const char *name = spec->words->items[0];
    if (strchr(name, '/') == NULL)
        return process_find_program(name, spec->search_path, path, err);
    // A path is left to exec: it may be relative to the command's directory, or to its user's eyes only.
    *path = memory_string(name);
    return true;
}

static bool start_process(struct reaper *reaper, const struct command_spec *spec, pid_t *pid, struct error *err) {
    AUTO_FREE char *path = NULL;
    if (!find_program(spec, &path, err))
        return false;
    struct process_spec process = {
        .path = path,
        .argv = spec->words->items,
        .envp = environment_list(spec->environment),
        .directory = spec->directory,
        .account = spec->account,
        .group = spec->group,
        .stdin_fd = spec->stdin_fd,
        .stdout_fd = spec->stdout_fd,
        .stderr_fd = spec->stderr_fd,
        .descriptors = reaper_child_descriptors(reaper),
        .takes_terminal = spec->takes_terminal,
    };
    struct process_report report = {0};
    process_spawn(&process, &report);
    if (!process_report_check(&report, &process, err))
        return false;
    *pid = process_report_pid(&report);
    return true;
}

bool command_start(struct loop *loop, struct reaper *reaper, const struct command_spec *spec, command_end_fn on_end,
                   void *data, struct command **out, struct error *err) {
    pid_t pid;
    if (!start_process(reaper, spec, &pid, err))
        return false;
    struct command *command = memory_new(sizeof *command);
    command->reaper = reaper;
    command->on_end = on_end;
    command->data = data;
    command->is_running = true;
    reaper_watch(reaper, &command->child, pid, command_ended);
    if (spec->timeout_ns > 0) {
        command->deadline = timer_create_in(loop, deadline_passed, command);
        timer_start(command->deadline, spec->timeout_ns);
    }
    *out = command;
    return true;
}

void command_destroy(struct command *command) {
    if (command == NULL)
        return;
    reaper_forget(command->reaper, &command->child);
    timer_destroy(command->deadline);
    free(command);
}

pid_t command_pid(const struct command *command) {
    return command->is_running ? command->child.pid : 0;
}

bool command_is_running(const struct command *command) {
    return command->is_running;
}

bool command_signal(struct command *command, int signal_number, struct error *err) {
    return child_signal(&command->child, signal_number, err);
}

bool command_signal_group(struct command *command, int signal_number, struct error *err) {
    return child_signal_group(&command->child, signal_number, err);
}
