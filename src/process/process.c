// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "process/process_internal.h"
#include "process/tree_cgroup_internal.h"

enum {
    CHILD_STACK_BYTES = 32 * 1024,
    CHILD_DESCRIPTORS_MAX = 1 << 20, // closed one by one without close_range() and /proc
    KERNEL_SIGSET_BYTES = _NSIG / 8,
};

// The C library's functions change all threads of the process, but the child shares memory with the parent's threads.
#ifdef SYS_setuid32
enum { RAW_SETUID = SYS_setuid32, RAW_SETGID = SYS_setgid32, RAW_SETGROUPS = SYS_setgroups32 };
#else
enum { RAW_SETUID = SYS_setuid, RAW_SETGID = SYS_setgid, RAW_SETGROUPS = SYS_setgroups };
#endif

// On the stack of process_spawn(); the child shares the memory.
struct start {
    const struct process_spec *spec;
    struct process_report *report;
    int cgroup_fd; // of the file cgroup.procs, -1 without one
};

#ifdef PEBBLE_TEST_SEAMS
void (*process_before_exec)(const struct process_spec *spec);
#endif

// Functions that run in the child share the parent's memory, and only the thread that created the child is suspended.
// They allocate nothing and take no lock. They are not instrumented, as they would corrupt the sanitizers' records.
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

IN_CHILD static int parse_descriptor(const char *name) {
    int fd = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        fd = fd * 10 + (*name - '0');
    return *name == '\0' ? fd : -1;
}

IN_CHILD static bool close_listed_descriptors(int kept) {
    int directory_fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return false;
    _Alignas(struct dirent64) char entries[2048];
    long length;
    while ((length = syscall(SYS_getdents64, directory_fd, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            const struct dirent64 *entry = (const void *)(entries + at);
            int fd = parse_descriptor(entry->d_name);
            if (fd > STDERR_FILENO && fd != directory_fd && fd != kept)
                close(fd);
            at += entry->d_reclen;
        }
    }
    close(directory_fd);
    return length == 0;
}

IN_CHILD static bool close_range_of_descriptors(unsigned first, unsigned last) {
    return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

// `kept`: above 2, or -1 for none.
IN_CHILD static void close_all_descriptors(int kept) {
    bool are_closed = kept < 0 ? close_range_of_descriptors(STDERR_FILENO + 1, ~0U)
                               : close_range_of_descriptors(STDERR_FILENO + 1, (unsigned)kept - 1) &&
                                     close_range_of_descriptors((unsigned)kept + 1, ~0U);
    if (are_closed || close_listed_descriptors(kept))
        return;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > CHILD_DESCRIPTORS_MAX)
        limit.rlim_cur = CHILD_DESCRIPTORS_MAX;
    for (int fd = STDERR_FILENO + 1; fd < (int)limit.rlim_cur; fd++) {
        if (fd != kept)
            close(fd);
    }
}

// Frees descriptors for the steps that follow, so that a daemon that has run out of them can start processes. Does
// nothing on kernels without close_range().
IN_CHILD static void close_unneeded_descriptors(const int sources[4]) {
    unsigned first = STDERR_FILENO + 1;
    for (;;) {
        unsigned next = ~0U;
        for (int i = 0; i < 4; i++) {
            if (sources[i] >= (int)first && (unsigned)sources[i] < next)
                next = (unsigned)sources[i];
        }
        close_range_of_descriptors(first, next == ~0U ? next : next - 1);
        if (next == ~0U)
            return;
        first = next + 1;
    }
}

// Everything else has its place: the number is free, or that of a descriptor that is not needed any more. The limit may
// be below the number.
IN_CHILD static bool place_extra(int source, int number) {
    struct rlimit limit;
    if (source == number)
        return fcntl(source, F_SETFD, 0) == 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= (rlim_t)number && limit.rlim_max > (rlim_t)number) {
        limit.rlim_cur = (rlim_t)number + 1;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return dup3(source, number, 0) >= 0;
}

IN_CHILD static bool place_descriptors(const struct process_spec *spec) {
    int extra = spec->extra_number > 0 ? spec->extra_fd : -1;
    int sources[4] = {spec->stdin_fd, spec->stdout_fd, spec->stderr_fd, extra};
    close_unneeded_descriptors(sources);
    // A source that occupies the place of another target is moved first.
    for (int i = 0; i < 3; i++) {
        if (sources[i] >= 0 && sources[i] <= STDERR_FILENO && sources[i] != i) {
            sources[i] = fcntl(sources[i], F_DUPFD, STDERR_FILENO + 1);
            if (sources[i] < 0)
                return false;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (sources[i] == i) {
            if (fcntl(i, F_SETFD, 0) != 0)
                return false;
            continue;
        }
        int source = sources[i] >= 0 ? sources[i] : open("/dev/null", O_RDWR);
        if (source < 0 || (source != i && dup3(source, i, 0) < 0))
            return false;
    }
    if (extra >= 0 && !place_extra(extra, spec->extra_number))
        return false;
    close_all_descriptors(extra >= 0 ? spec->extra_number : -1);
    return true;
}

IN_CHILD static bool has_right_to_execute(const char *path, const struct stat *status) {
    // Kernels without faccessat2() check the real IDs, which are a daemon's effective ones as well.
    if (syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ||
        (errno == ENOSYS && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0))
        return true;
    // EPERM: forbidden by a container's seccomp filter.
    return (errno == ENOSYS || errno == EPERM) && (status->st_mode & 0111) != 0;
}

IN_CHILD static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode) && has_right_to_execute(path, &status);
}

IN_CHILD static bool find_program(const struct process_spec *spec, struct process_report *report) {
    if (spec->candidates == NULL)
        return true;
    report->step = PROCESS_STEP_SEARCH;
    for (char *const *path = spec->candidates; *path != NULL; path++) {
        if (!is_program(*path))
            continue;
        __atomic_store_n(&report->found, *path, __ATOMIC_SEQ_CST);
        bool is_absolute = **path == '/';
        if (is_absolute)
            report->step = PROCESS_STEP_EXEC;
        else
            errno = EINVAL;
        return is_absolute;
    }
    errno = ENOENT;
    return false;
}

IN_CHILD static bool take_terminal(void) {
    return ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0 || (errno == ENOTTY && ioctl(STDOUT_FILENO, TIOCSCTTY, 0) == 0);
}

IN_CHILD static bool change_account(const struct account_choice *account) {
    if ((!account->has_uid || account->uid == getuid()) && (!account->has_gid || account->gid == getgid()))
        return true;
    return syscall(RAW_SETGROUPS, 0, NULL) == 0 && (!account->has_gid || syscall(RAW_SETGID, account->gid) == 0) &&
           (!account->has_uid || syscall(RAW_SETUID, account->uid) == 0);
}

IN_CHILD static void reset_signals(void) {
    // All zeroes is SIG_DFL without flags on every architecture. The C library's function refuses the signals that it
    // uses itself.
    unsigned long as_default[8] = {0};
    for (int number = 1; number < _NSIG; number++)
        syscall(SYS_rt_sigaction, number, as_default, NULL, (size_t)KERNEL_SIGSET_BYTES);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_default, NULL, (size_t)KERNEL_SIGSET_BYTES);
}

// Not by clone3(): where a cgroup was once killed, Linux kills what is created in another from within it.
IN_CHILD static void enter_cgroup(const struct start *start) {
    if (start->cgroup_fd >= 0 && write(start->cgroup_fd, "0", 1) != 1)
        start->report->cgroup.errnum = errno;
}

IN_CHILD static bool prepare_child(const struct process_spec *spec, struct process_report *report) {
    bool is_apart = spec->group == PROCESS_OWN_SESSION ? setsid() >= 0 : setpgid(0, 0) == 0;
    // Descriptors come first: a child that hangs or that its user stops must not hold descriptors of others. The
    // program is found with the daemon's directory and rights.
    if (!is_apart || !place_descriptors(spec) || !find_program(spec, report) ||
        (spec->takes_terminal && !take_terminal()) || !change_account(&spec->account))
        return false;
    if (spec->descriptors != NULL && setrlimit(RLIMIT_NOFILE, spec->descriptors) != 0)
        return false;
    if (spec->directory != NULL && chdir(spec->directory) != 0) {
        report->step = PROCESS_STEP_DIRECTORY;
        return false;
    }
    return true;
}

IN_CHILD static void run_program(const struct process_spec *spec, const struct process_report *report) {
    reset_signals();
#ifdef PEBBLE_TEST_SEAMS
    if (process_before_exec != NULL)
        process_before_exec(spec);
#endif
    if (__atomic_load_n(&report->is_cancelled, __ATOMIC_SEQ_CST))
        errno = ECANCELED;
    else
        execve(process_report_path(report, spec), spec->argv, spec->envp);
}

IN_CHILD static int run_child(void *data) {
    struct start *start = data;
    enter_cgroup(start);
    if (prepare_child(start->spec, start->report))
        run_program(start->spec, start->report);
    start->report->errnum = errno;
    return 127;
}

// Like vfork(), but the child has its own stack and cannot damage the parent's frames.
void process_spawn(const struct process_spec *spec, struct process_report *report) {
    _Alignas(16) char stack[CHILD_STACK_BYTES];
    struct start start = {.spec = spec, .report = report, .cgroup_fd = -1};
    sigset_t all, before;
    sigfillset(&all);
    if (spec->cgroup != NULL)
        start.cgroup_fd = tree_cgroup_open(spec->cgroups, spec->cgroup, &report->cgroup);
    pthread_sigmask(SIG_SETMASK, &all, &before); // no handler may run in the child
    if (clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, &start,
              &report->pid) < 0)
        report->errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    file_close_at(&start.cgroup_fd);
}

pid_t process_report_pid(const struct process_report *report) {
    return __atomic_load_n(&report->pid, __ATOMIC_SEQ_CST);
}

// Also called in the child.
IN_CHILD const char *process_report_path(const struct process_report *report, const struct process_spec *spec) {
    const char *found = __atomic_load_n(&report->found, __ATOMIC_SEQ_CST);
    return found != NULL ? found : spec->path;
}

void process_cancel(struct process_report *report) {
    // The order matters: if the PID is not set yet, the child will find the flag set.
    __atomic_store_n(&report->is_cancelled, true, __ATOMIC_SEQ_CST);
    pid_t pid = process_report_pid(report);
    if (pid > 0) {
        (void)kill(-pid, SIGKILL); // the program may run by now, with children of its own
        (void)kill(pid, SIGKILL);
    }
}

static bool fail_search(const struct process_report *report, const struct process_spec *spec, struct error *err) {
    if (text_is_empty(spec->path))
        return error_set(err, ERROR_NOT_FOUND, "exec: no command");
    AUTO_FREE char *quoted = text_quoted(spec->path);
    return error_set(err, ERROR_NOT_FOUND, "exec: %s: %s", quoted,
                     report->found != NULL ? "cannot run executable found relative to current directory"
                                           : "executable file not found in $PATH");
}

bool process_report_check(const struct process_report *report, const struct process_spec *spec, struct error *err) {
    if (report->errnum == 0)
        return true;
    switch (report->step) {
    case PROCESS_STEP_SEARCH:
        return fail_search(report, spec, err);
    case PROCESS_STEP_DIRECTORY:
        return error_set_errno(err, report->errnum, "fork/exec %s: chdir %s", process_report_path(report, spec),
                               spec->directory);
    default:
        return error_set_errno(err, report->errnum, "fork/exec %s", process_report_path(report, spec));
    }
}

// --- finding programs ---

void process_list_candidates(const char *name, const char *search_path, struct text_list *paths) {
    // No file has a longer name, and a command of any length must not be copied for each directory.
    bool can_exist = !text_is_empty(name) && strlen(name) <= NAME_MAX;
    if (!can_exist || text_is_empty(search_path) || text_equal(name, ".") || text_equal(name, ".."))
        return;
    for (const char *at = search_path;; at++) {
        size_t length = strcspn(at, ":");
        AUTO_FREE char *directory = length > 0 ? memory_string_n(at, length) : memory_string(".");
        AUTO_FREE char *joined = path_join(directory, name);
        text_list_add_owned(paths, path_clean(joined));
        at += length;
        if (*at == '\0')
            return;
    }
}

bool process_exists(const char *program, const char *search_path) {
    if (strchr(program, '/') != NULL)
        return is_program(program);
    AUTO_TEXT_LIST struct text_list candidates = {0};
    process_list_candidates(program, search_path, &candidates);
    for (size_t i = 0; i < candidates.count; i++) {
        if (is_program(candidates.items[i]))
            return path_is_absolute(candidates.items[i]);
    }
    return false;
}
