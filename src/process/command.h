// SPDX-License-Identifier: GPL-3.0-or-later
// A command: a program with its words, environment, user and directory, from start to end. Services, exec
// and exec checks stand on it. It calls back exactly once when the process has ended.
#pragma once

#include "base/text.h"
#include "process/environment.h"
#include "process/process.h"
#include "process/reaper.h"

#include <stdint.h>

struct command_spec {
    const struct text_list *words;   // at least one
    struct environment *environment; // borrowed during the start
    const char *directory;           // NULL: the daemon's
    struct account_choice account;
    enum process_group group;
    int stdin_fd, stdout_fd, stderr_fd; // -1: /dev/null; the caller closes its own copies afterwards
    bool takes_terminal;
    const char *search_path; // where words[0] is looked for
    int64_t timeout_ns;      // 0: none; then the whole group gets SIGKILL
};

struct command;
// The process has ended (and with a deadline: whether that made it end). The command may be destroyed here.
typedef void (*command_end_fn)(struct command *command, int exit_code, bool has_timed_out, void *data);

bool command_start(struct loop *loop, struct reaper *reaper, const struct command_spec *spec, command_end_fn on_end,
                   void *data, struct command **command, struct error *err) NODISCARD;
// While it runs: forgets it without a callback (the process goes on). Afterwards: frees. NULL is fine.
void command_destroy(struct command *command);
pid_t command_pid(const struct command *command); // 0 once it has ended
bool command_is_running(const struct command *command);
bool command_signal(struct command *command, int signal_number, struct error *err);
bool command_signal_group(struct command *command, int signal_number, struct error *err);
