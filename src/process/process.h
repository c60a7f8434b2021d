// SPDX-License-Identifier: GPL-3.0-or-later
// Finds the program of a process and starts it. A child is created with vfork semantics while all signals are blocked.
// In the child every signal is reset to its default action and unblocked, descriptors other than 0 to 2 and a further
// one are closed, and a failure of any step up to and including exec is reported. The steps before exec may block: the
// child can be stopped by its user once its uid is set, and file systems can hang. launcher_internal.h therefore starts
// processes in threads. Only the child uses those file systems: a thread that hangs in the kernel would keep the daemon
// from ending.
#pragma once

#include "base/accounts.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct tree_cgroups;

// Where in the directory of cgroups a process is; see tree_cgroup_internal.h.
struct process_cgroup {
    int errnum;      // why it is in none, 0 if it is in one
    unsigned number; // of the directory: 0: NAME; N: NAME.N, as processes of other runs were in the others
    uint64_t inode;  // of the directory; never used again
};

enum process_group { PROCESS_OWN_GROUP, PROCESS_OWN_SESSION };

struct process_spec {
    const char *path;              // of the program; with `candidates` the name that is looked up
    char *const *candidates;       // the first of these paths that is a program is run, NULL-terminated; NULL: `path`
    char *const *argv;             // NULL-terminated
    char *const *envp;             // NULL-terminated
    const char *directory;         // NULL: the daemon's
    struct account_choice account; // if it differs from the daemon's own, supplementary groups are dropped
    enum process_group group;
    int stdin_fd;                     // -1: /dev/null
    int stdout_fd;                    // -1: /dev/null
    int stderr_fd;                    // -1: /dev/null
    int extra_fd;                     // with `extra_number`: a further descriptor; above 2
    int extra_number;                 // its number in the child, from 3 on; 0: none
    const struct rlimit *descriptors; // RLIMIT_NOFILE; NULL: the daemon's
    bool takes_terminal; // with PROCESS_OWN_SESSION: stdin_fd's (or stdout_fd's) terminal becomes the controlling one
    struct tree_cgroups *cgroups; // with `cgroup`
    const char *cgroup;           // the name of a cgroup that the process enters if possible; NULL: none
};

enum process_step { PROCESS_STEP_EXEC, PROCESS_STEP_SEARCH, PROCESS_STEP_DIRECTORY };

// The progress of a start, shared by the thread that starts the process, the child and the loop. Zeroed by the caller.
struct process_report {
    pid_t pid;                    // private: see process_report_pid()
    bool is_cancelled;            // private: see process_cancel()
    const char *found;            // private: see process_report_path()
    enum process_step step;       // the one that failed, if errnum is not 0
    int errnum;                   // written before process_spawn() returns
    struct process_cgroup cgroup; // the same; if one was wanted
};

// Blocks until the child has executed its program or has failed. A child that failed remains to be reaped.
void process_spawn(const struct process_spec *spec, struct process_report *report);
// The child's PID, set before the child runs; 0 before that, and if no child could be created. From any thread.
pid_t process_report_pid(const struct process_report *report);
// The program's path: while a name has not been found, the name. From any thread.
const char *process_report_path(const struct process_report *report, const struct process_spec *spec);
// Kills the child, or keeps it from executing its program. From any thread, but only until the child is reaped.
void process_cancel(struct process_report *report);
// After process_spawn(): false if it failed. Scripts see the messages, which are those of Go's os/exec:
// `fork/exec /x/y: no such file or directory`, `fork/exec /x: permission denied`,
// `fork/exec /x/y: chdir /x: no such file or directory` (Go does not name the directory), `exec: "NAME": executable
// file not found in $PATH`, `exec: "NAME": cannot run executable found relative to current directory`. Names are looked
// up with the daemon's rights, the directory is entered with the account's.
bool process_report_check(const struct process_report *report, const struct process_spec *spec, struct error *err);

// Adds the paths at which Go's exec.LookPath looks for a name without a slash to `paths`, for process_spec.candidates.
// `search_path` lists directories separated by colons; NULL: empty. Does not read the file system.
void process_list_candidates(const char *name, const char *search_path, struct text_list *paths);
// Whether exec.LookPath would find the program, by the daemon's rights and relative to its directory; a name only in an
// absolute directory of the search path. Blocks while a file system hangs: for worker threads.
bool process_exists(const char *program, const char *search_path);
