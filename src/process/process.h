// SPDX-License-Identifier: GPL-3.0-or-later
// Starting one process, and finding its program. vfork semantics with all signals blocked around it; in the child
// every signal is reset to its default and unblocked, descriptors other than 0-2 are closed, and a failure of any step
// up to and including exec is reported. What happens in the child before exec may block, for a stranger may stop it
// once it runs as his user, and file systems may hang: launcher_internal.h does it in a thread.
#pragma once

#include "base/accounts.h"
#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

enum process_group { PROCESS_OWN_GROUP, PROCESS_OWN_SESSION };

struct process_spec {
    const char *path;              // of the program; contains a slash
    char *const *argv;             // NULL-terminated
    char *const *envp;             // NULL-terminated
    const char *directory;         // NULL: the daemon's
    struct account_choice account; // if it differs from the daemon's own, supplementary groups are dropped
    enum process_group group;
    int stdin_fd;                     // -1: /dev/null
    int stdout_fd;                    // -1: /dev/null
    int stderr_fd;                    // -1: /dev/null
    const struct rlimit *descriptors; // its RLIMIT_NOFILE; NULL: the daemon's
    bool takes_terminal; // with PROCESS_OWN_SESSION: stdin_fd's (or stdout_fd's) terminal becomes the controlling one
};

enum process_step { PROCESS_STEP_EXEC, PROCESS_STEP_DIRECTORY };

// How far a start has come: shared by the thread that starts, the child, and who watches. Zeroed at first.
struct process_report {
    pid_t pid;              // private: see process_report_pid()
    bool is_called_off;     // private: see process_call_off()
    enum process_step step; // that failed, if errnum is not 0
    int errnum;             // written before process_spawn() returns
};

// Blocks until the child runs its program or has failed. A child that failed is left to be reaped like any other.
void process_spawn(const struct process_spec *spec, struct process_report *report);
// From any thread: the child's PID as soon as there is a child, before it runs; 0 until then, and if there is none.
pid_t process_report_pid(const struct process_report *report);
// From any thread, as long as the child has not been reaped: the child is killed, or will not run its program.
void process_call_off(struct process_report *report);
// After process_spawn(): false if it failed. The message names what failed in the words that Go's os/exec uses where
// scripts see them: `fork/exec /x/y: no such file or directory`, `chdir /x: no such file or directory`,
// `fork/exec /x: permission denied`. The directory is entered with the account's rights.
bool process_report_check(const struct process_report *report, const struct process_spec *spec, struct error *err);

// Finds a program by the rules of Go's exec.LookPath: a name with a slash is taken as it is, another is
// searched in `search_path` (the daemon's PATH; NULL counts as empty), files only with an execute bit.
// Failures: `exec: "NAME": executable file not found in $PATH`, `exec: "NAME": permission denied`,
// `exec: "NAME": stat NAME: no such file or directory`, `exec: "NAME": is a directory`, and
// `exec: "NAME": cannot run executable found relative to current directory`. Owned path.
bool process_find_program(const char *name, const char *search_path, char **path, struct error *err) NODISCARD;
