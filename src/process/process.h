// SPDX-License-Identifier: GPL-3.0-or-later
// Starting one process. vfork semantics with all signals blocked around it; in the child every signal is
// reset to its default and unblocked, descriptors other than 0-2 are closed, and a failure of any step up
// to and including exec is reported to the parent as this call's error.
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

// The message names what failed in the words that Go's os/exec uses where scripts see them:
// `fork/exec /x/y: no such file or directory`, `chdir /x: no such file or directory`,
// `fork/exec /x: permission denied`. The directory is entered with the account's rights.
bool process_spawn(const struct process_spec *spec, pid_t *pid, struct error *err) NODISCARD;

// Finds a program by the rules of Go's exec.LookPath: a name with a slash is taken as it is, another is
// searched in `search_path` (the daemon's PATH; NULL counts as empty), files only with an execute bit.
// Failures: `exec: "NAME": executable file not found in $PATH`, `exec: "NAME": permission denied`,
// `exec: "NAME": stat NAME: no such file or directory`, `exec: "NAME": is a directory`, and
// `exec: "NAME": cannot run executable found relative to current directory`. Owned path.
bool process_find_program(const char *name, const char *search_path, char **path, struct error *err) NODISCARD;
