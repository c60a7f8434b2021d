// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "base/text.h"
#include "process/process_internal.h"

enum {
    CHILD_STACK_BYTES = 32 * 1024,
    CHILD_MOST_DESCRIPTORS = 1 << 20, // closed one by one where there is neither close_range() nor /proc
    KERNEL_SIGSET_BYTES = _NSIG / 8,
};

// The C library's functions for these tell the other threads to change too, and those are not the child's.
#ifdef SYS_setuid32
enum { RAW_SETUID = SYS_setuid32, RAW_SETGID = SYS_setgid32, RAW_SETGROUPS = SYS_setgroups32 };
#else
enum { RAW_SETUID = SYS_setuid, RAW_SETGID = SYS_setgid, RAW_SETGROUPS = SYS_setgroups };
#endif

// Lives on the stack of the thread that starts; the child shares the memory.
struct start {
    const struct process_spec *spec;
    struct process_report *report;
};

#ifdef PEBBLE_TEST_SEAMS
void (*process_before_exec)(const struct process_spec *spec);
#endif

// What runs in the child shares the parent's memory while only the thread that started it stands still: it allocates
// nothing, takes no lock, and is left alone by sanitizers, whose records it would put out of order.
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

IN_CHILD static int parse_descriptor(const char *name) {
    int fd = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        fd = fd * 10 + (*name - '0');
    return *name == '\0' ? fd : -1;
}

IN_CHILD static bool close_listed_descriptors(void) {
    int directory_fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return false;
    _Alignas(struct dirent64) char entries[2048];
    long length;
    while ((length = syscall(SYS_getdents64, directory_fd, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            const struct dirent64 *entry = (const void *)(entries + at);
            int fd = parse_descriptor(entry->d_name);
            if (fd > STDERR_FILENO && fd != directory_fd)
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

IN_CHILD static void close_all_descriptors(void) {
    if (close_range_of_descriptors(STDERR_FILENO + 1, ~0U) || close_listed_descriptors())
        return;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > CHILD_MOST_DESCRIPTORS)
        limit.rlim_cur = CHILD_MOST_DESCRIPTORS;
    for (int fd = STDERR_FILENO + 1; fd < (int)limit.rlim_cur; fd++)
        close(fd);
}

// Makes room, so that a daemon that has run out of descriptors can still start processes. Where the kernel
// has no close_range() it is done without.
IN_CHILD static void close_unneeded_descriptors(const int sources[3]) {
    unsigned first = STDERR_FILENO + 1;
    for (;;) {
        unsigned next = ~0U;
        for (int i = 0; i < 3; i++) {
            if (sources[i] >= (int)first && (unsigned)sources[i] < next)
                next = (unsigned)sources[i];
        }
        close_range_of_descriptors(first, next == ~0U ? next : next - 1);
        if (next == ~0U)
            return;
        first = next + 1;
    }
}

IN_CHILD static bool place_descriptors(const struct process_spec *spec) {
    int sources[3] = {spec->stdin_fd, spec->stdout_fd, spec->stderr_fd};
    close_unneeded_descriptors(sources);
    // A source in the way of another target moves up first.
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
    close_all_descriptors();
    return true;
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
    // Zeroes are the default action without flags, whatever this architecture's structure looks like. The
    // C library's function would refuse the signals that it uses itself.
    unsigned long as_default[8] = {0};
    for (int number = 1; number < _NSIG; number++)
        syscall(SYS_rt_sigaction, number, as_default, NULL, (size_t)KERNEL_SIGSET_BYTES);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_default, NULL, (size_t)KERNEL_SIGSET_BYTES);
}

IN_CHILD static bool prepare_child(const struct process_spec *spec, struct process_report *report) {
    bool is_apart = spec->group == PROCESS_OWN_SESSION ? setsid() >= 0 : setpgid(0, 0) == 0;
    // Descriptors first: when the child can be stopped by its user, it holds none that are not its own.
    if (!is_apart || !place_descriptors(spec) || (spec->takes_terminal && !take_terminal()) ||
        !change_account(&spec->account))
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
    if (__atomic_load_n(&report->is_called_off, __ATOMIC_SEQ_CST))
        errno = ECANCELED;
    else
        execve(spec->path, spec->argv, spec->envp);
}

IN_CHILD static int run_child(void *data) {
    struct start *start = data;
    if (prepare_child(start->spec, start->report))
        run_program(start->spec, start->report);
    start->report->errnum = errno;
    return 127;
}

// As vfork(), but the child has a stack of its own: what it does there cannot hurt the parent's frames.
void process_spawn(const struct process_spec *spec, struct process_report *report) {
    _Alignas(16) char stack[CHILD_STACK_BYTES];
    struct start start = {.spec = spec, .report = report};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // a handler must not run in the child
    if (clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, &start,
              &report->pid) < 0)
        report->errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

pid_t process_report_pid(const struct process_report *report) {
    return __atomic_load_n(&report->pid, __ATOMIC_SEQ_CST);
}

void process_call_off(struct process_report *report) {
    // In this order: either the PID is there by now, or the child is yet to see the flag.
    __atomic_store_n(&report->is_called_off, true, __ATOMIC_SEQ_CST);
    pid_t pid = process_report_pid(report);
    if (pid > 0) {
        (void)kill(-pid, SIGKILL); // it may run its program by now
        (void)kill(pid, SIGKILL);
    }
}

bool process_report_check(const struct process_report *report, const struct process_spec *spec, struct error *err) {
    if (report->errnum == 0)
        return true;
    if (report->step == PROCESS_STEP_DIRECTORY)
        return error_set_errno(err, report->errnum, "chdir %s", spec->directory);
    return error_set_errno(err, report->errnum, "fork/exec %s", spec->path);
}

// --- finding programs ---

// 0, or the reason in `errnum` why the file cannot be run; `is_missing` says that it cannot even be looked at.
static int check_executable(const char *path, bool *is_missing) {
    struct stat status;
    *is_missing = stat(path, &status) != 0;
    if (*is_missing)
        return errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM) // the latter from containers that forbid the call
        return errno;
    return (status.st_mode & 0111) ? 0 : EACCES;
}

static bool find_by_path(const char *name, char **path, struct error *err) {
    bool is_missing;
    int errnum = check_executable(name, &is_missing);
    if (errnum == 0) {
        *path = memory_string(name);
        return true;
    }
    AUTO_FREE char *quoted = text_quoted(name);
    if (is_missing)
        return error_set_errno(err, errnum, "exec: %s: stat %s", quoted, name);
    return error_set_errno(err, errnum, "exec: %s", quoted);
}

static char *find_in_directory(const char *directory, size_t length, const char *name) {
    AUTO_FREE char *parent = length > 0 ? memory_string_n(directory, length) : memory_string(".");
    AUTO_FREE char *joined = path_join(parent, name);
    AUTO_FREE char *path = path_clean(joined);
    bool is_missing;
    return check_executable(path, &is_missing) == 0 ? TAKE(path) : NULL;
}

static char *find_in_list(const char *name, const char *search_path) {
    if (text_is_empty(search_path) || text_is_empty(name) || text_equal(name, ".") || text_equal(name, ".."))
        return NULL;
    for (const char *at = search_path;; at++) {
        size_t length = strcspn(at, ":");
        char *path = find_in_directory(at, length, name);
        at += length;
        if (path != NULL || *at == '\0')
            return path;
    }
}

bool process_find_program(const char *name, const char *search_path, char **path, struct error *err) {
    if (strchr(name, '/') != NULL)
        return find_by_path(name, path, err);
    AUTO_FREE char *found = find_in_list(name, search_path);
    if (found != NULL && path_is_absolute(found)) {
        *path = TAKE(found);
        return true;
    }
    AUTO_FREE char *quoted = text_quoted(name);
    return error_set(err, ERROR_NOT_FOUND, "exec: %s: %s", quoted,
                     found != NULL ? "cannot run executable found relative to current directory"
                                   : "executable file not found in $PATH");
}
