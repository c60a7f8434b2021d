// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "spawn.h"

static const struct process_spec shell = {.path = "/bin/sh", .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

// Runs the script with what `spec` says and its output in `text`. Returns its exit status.
static int run_script(struct process_spec spec, const char *script, struct buffer *text) {
    const char *const words[] = {"sh", "-c", script, NULL};
    char *const environment[] = {NULL};
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    spec.argv = (char *const *)(uintptr_t)words;
    spec.envp = environment;
    spec.stdout_fd = fds[1];
    AUTO_ERROR struct error err = {0};
    pid_t pid = 0;
    if (!spawn(&spec, &pid, &err))
        fail_msg("%s", error_text(&err));
    close(fds[1]);
    char piece[1000];
    ssize_t got;
    buffer_clear(text);
    while ((got = read(fds[0], piece, sizeof piece)) > 0)
        buffer_add(text, piece, (size_t)got);
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check_output(struct process_spec spec, const char *script, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_int_equal(run_script(spec, script, &text), 0);
    assert_string_equal(buffer_text(&text), expected);
}

static void program_runs(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_int_equal(run_script(shell, "echo out; echo err >&2; read line && echo got; exit 7", &text), 7);
    assert_string_equal(buffer_text(&text), "out\n");
}

static void descriptors_do_not_leak(void **state UNUSED) {
    int leaky = open("/dev/null", O_RDONLY); // not close-on-exec
    int far = fcntl(leaky, F_DUPFD, 200);
    check_output(shell, "echo /proc/self/fd/*", "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
    // (3 is the shell's own, of the directory it reads.)
    check_output(shell, "[ -e /proc/$$/fd/200 ] || [ -e /proc/$$/fd/3 ] || echo none", "none\n");
    close(far);
    close(leaky);
}

static void crossing_descriptors_are_placed(void **state UNUSED) {
    // In a process of its own, whose 0, 1 and 2 are three files that the child shall have the other way round.
    pid_t tester = fork();
    if (tester == 0) {
        char names[3][32] = {"/tmp/process-XXXXXX", "/tmp/process-XXXXXX", "/tmp/process-XXXXXX"};
        for (int i = 0; i < 3; i++) {
            int fd = mkstemp(names[i]);
            char digit = (char)('0' + i);
            if (write(fd, &digit, 1) != 1 || lseek(fd, 0, SEEK_SET) != 0 || dup3(fd, i, O_CLOEXEC) < 0)
                _exit(10);
            close(fd);
            unlink(names[i]);
        }
        static const int orders[][3] = {{2, 0, 1}, {1, 2, 0}, {0, 1, 2}, {2, 1, 0}, {1, 1, 0}, {2, 2, 2}};
        for (size_t order = 0; order < ARRAY_COUNT(orders); order++) {
            struct process_spec spec = shell;
            char script[200];
            snprintf(script, sizeof script,
                     "for i in 0:%d 1:%d 2:%d; do [ $(cat /proc/$$/fd/${i%%:*}) = ${i#*:} ] || exit 1; done",
                     orders[order][0], orders[order][1], orders[order][2]);
            char shell_name[] = "sh", option[] = "-c";
            char *const words[] = {shell_name, option, script, NULL};
            spec.argv = words;
            spec.envp = words + 3;
            spec.stdin_fd = orders[order][0];
            spec.stdout_fd = orders[order][1];
            spec.stderr_fd = orders[order][2];
            pid_t pid;
            int status;
            if (!spawn(&spec, &pid, NULL) || waitpid(pid, &status, 0) != pid || status != 0)
                _exit(20 + (int)order);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

static void closed_standard_descriptors_are_filled(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        char shell_name[] = "sh", option[] = "-c";
        char script[] = "for i in 0 1 2; do [ $(readlink /proc/$$/fd/$i) = /dev/null ] || exit 1; done";
        char *const words[] = {shell_name, option, script, NULL};
        struct process_spec spec = shell;
        spec.argv = words;
        spec.envp = words + 3;
        pid_t pid;
        int status;
        if (!spawn(&spec, &pid, NULL) || waitpid(pid, &status, 0) != pid)
            _exit(10);
        _exit(WEXITSTATUS(status));
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

static void works_without_free_descriptors(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        while (open("/dev/null", O_RDONLY) >= 0)
            continue;
        char name[] = "true";
        char *const words[] = {name, NULL};
        struct process_spec spec = shell;
        spec.path = "/bin/true";
        spec.argv = words;
        spec.envp = words + 1;
        pid_t pid;
        int status;
        if (!spawn(&spec, &pid, NULL) || waitpid(pid, &status, 0) != pid)
            _exit(10);
        _exit(WEXITSTATUS(status));
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

// For kernels before 5.9, and containers that do not know the call.
static void works_without_close_range(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        struct sock_filter program[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog filter = {.len = ARRAY_COUNT(program), .filter = program};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 ||
            prctl(PR_SET_SECCOMP, (unsigned long)SECCOMP_MODE_FILTER, &filter, 0UL, 0UL) != 0)
            _exit(77);
        descriptors_do_not_leak(NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

static void ignore(int number UNUSED) {
}

static void signals_are_reset(void **state UNUSED) {
    struct sigaction ignored = {.sa_handler = SIG_IGN}, caught = {.sa_handler = ignore}, pipe_before, user_before;
    sigset_t blocked, before;
    sigaction(SIGPIPE, &ignored, &pipe_before);
    sigaction(SIGUSR1, &caught, &user_before);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    check_output(shell, "sed -nE '/^Sig(Blk|Ign|Cgt)/p' /proc/self/status",
                 "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n");
    sigset_t after;
    sigprocmask(SIG_SETMASK, &before, &after);
    assert_int_equal(sigismember(&after, SIGTERM), 1); // the parent's own mask was given back
    assert_int_equal(sigismember(&after, SIGHUP), 0);
    sigaction(SIGPIPE, &pipe_before, &ignored);
    assert_true(ignored.sa_handler == SIG_IGN);
    sigaction(SIGUSR1, &user_before, &caught);
    assert_true(caught.sa_handler == ignore);
}

static void group_and_session(void **state UNUSED) {
    const char *script = "read -r pid name state parent group session rest </proc/self/stat;"
                         "[ $group = $$ ] && echo own group; [ $session = $$ ] && echo own session; true";
    check_output(shell, script, "own group\n");
    struct process_spec spec = shell;
    spec.group = PROCESS_OWN_SESSION;
    check_output(spec, script, "own group\nown session\n");
}

static void terminal_becomes_the_controlling_one(void **state UNUSED) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    struct process_spec spec = shell;
    spec.group = PROCESS_OWN_SESSION;
    spec.stdin_fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(spec.stdin_fd >= 0);
    check_output(spec, "(: </dev/tty) 2>/dev/null && echo has || echo none", "none\n");
    spec.takes_terminal = true;
    check_output(spec, "(: </dev/tty) 2>/dev/null && echo has || echo none", "has\n");
    close(spec.stdin_fd);
    close(master);
}

static void directory_is_entered(void **state UNUSED) {
    struct process_spec spec = shell;
    spec.directory = "/usr/bin";
    check_output(spec, "pwd -P", "/usr/bin\n");
    spec.path = "./sh"; // relative to it
    check_output(spec, "echo here", "here\n");
}

static void account_is_changed(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    struct process_spec spec = shell;
    spec.account = (struct account_choice){.has_uid = true, .has_gid = true, .uid = 12345, .gid = 23456};
    gid_t groups[] = {0, 33};
    assert_int_equal(setgroups(2, groups), 0);
    check_output(spec, "grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr '\\t' ' '",
                 "Uid: 12345 12345 12345 12345\nGid: 23456 23456 23456 23456\nGroups:  \n");
    spec.account = (struct account_choice){.has_gid = true, .gid = 23456};
    check_output(spec, "id -u; id -g", "0\n23456\n");
    spec.account = (struct account_choice){.has_uid = true, .has_gid = true};
    check_output(spec, "grep Groups /proc/self/status", "Groups:\t0 33 \n"); // nothing to change
    assert_int_equal(getuid(), 0);
    assert_int_equal(setgroups(0, NULL), 0);
}

// --- failures ---

static void check_failure(const struct process_spec *spec, int errnum, const char *expected) {
    AUTO_ERROR struct error err = {0};
    char name[] = "program";
    char *const words[] = {name, NULL};
    struct process_spec complete = *spec;
    complete.argv = words;
    complete.envp = words + 1;
    pid_t pid = -5;
    assert_false(spawn(&complete, &pid, &err));
    assert_string_equal(error_text(&err), expected);
    assert_int_equal(err.errnum, errnum);
    assert_int_equal(pid, -5);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // nothing is left to be reaped
}

static void failures_are_reported(void **state UNUSED) {
    char script[] = "/tmp/process-XXXXXX", expected[100];
    struct process_spec spec = shell;
    spec.path = "/no/such/program";
    check_failure(&spec, ENOENT, "fork/exec /no/such/program: no such file or directory");
    spec.path = "/usr";
    check_failure(&spec, EACCES, "fork/exec /usr: permission denied");
    spec.path = script;
    int fd = mkstemp(script);
    assert_int_equal(write(fd, "neither\n", 8), 8);
    snprintf(expected, sizeof expected, "fork/exec %s: permission denied", script);
    check_failure(&spec, EACCES, expected);
    fchmod(fd, 0755);
    close(fd);
    snprintf(expected, sizeof expected, "fork/exec %s: exec format error", script);
    check_failure(&spec, ENOEXEC, expected);
    unlink(script);
    spec.path = "/bin/sh";
    spec.directory = "/no/such/directory";
    check_failure(&spec, ENOENT, "fork/exec /bin/sh: chdir /no/such/directory: no such file or directory");
    spec.directory = "/bin/sh";
    check_failure(&spec, ENOTDIR, "fork/exec /bin/sh: chdir /bin/sh: not a directory");
    spec.directory = NULL;
    spec.stdin_fd = 987;
    check_failure(&spec, EBADF, "fork/exec /bin/sh: bad file descriptor");
}

static void directory_is_entered_with_the_accounts_rights(void **state UNUSED) {
    if (getuid() != 0)
        skip();
    char directory[] = "/tmp/process-XXXXXX", expected[100];
    assert_non_null(mkdtemp(directory));
    struct process_spec spec = shell;
    spec.directory = directory;
    spec.account = (struct account_choice){.has_uid = true, .has_gid = true, .uid = 12345, .gid = 23456};
    snprintf(expected, sizeof expected, "fork/exec /bin/sh: chdir %s: permission denied", directory);
    check_failure(&spec, EACCES, expected);
    rmdir(directory);
}

static void failing_fork_is_reported(void **state UNUSED) {
    pid_t tester = fork();
    if (tester == 0) {
        struct rlimit none = {0};
        setrlimit(RLIMIT_NPROC, &none);
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(10);
        check_failure(&shell, EAGAIN, "fork/exec /bin/sh: resource temporarily unavailable");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(tester, &status, 0), tester);
    assert_int_equal(status, 0);
}

// --- finding programs ---

// Runs the program of that name, and expects its path or the error.
static void check_found(const char *name, const char *search_path, const char *expected) {
    AUTO_ERROR struct error err = {0};
    AUTO_TEXT_LIST struct text_list candidates = {0};
    AUTO_FREE char *word = memory_string(name);
    char *const words[] = {word, NULL}, *const none[] = {NULL};
    struct process_spec spec = shell;
    struct process_report report = {0};
    process_list_candidates(name, search_path, &candidates);
    spec.path = name;
    spec.candidates = candidates.count > 0 ? candidates.items : none;
    spec.argv = words;
    spec.envp = none;
    process_spawn(&spec, &report);
    if (process_report_check(&report, &spec, &err)) {
        assert_string_equal(process_report_path(&report, &spec), expected);
        assert_true(process_exists(name, search_path));
    } else {
        assert_string_equal(error_text(&err), expected);
        assert_int_equal(err.kind, ERROR_NOT_FOUND);
        assert_false(process_exists(name, search_path));
    }
    assert_int_equal(waitpid(process_report_pid(&report), NULL, 0), process_report_pid(&report));
}

static void names_that_cannot_exist_are_not_looked_up(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list paths = {0};
    char name[NAME_MAX + 2] = "";
    memset(name, 'x', NAME_MAX + 1);
    process_list_candidates(name, "/bin:/usr/bin", &paths);
    assert_int_equal(paths.count, 0); // whatever the length of a command, it is not copied for each directory
    name[NAME_MAX] = '\0';
    process_list_candidates(name, "/bin:/usr/bin", &paths);
    assert_int_equal(paths.count, 2);
}

static void programs_are_found(void **state UNUSED) {
    char directory[] = "/tmp/process-XXXXXX", before[4096];
    assert_non_null(mkdtemp(directory));
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(symlink("/bin/true", "tool"), 0);
    close(open("plain", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    mkdir("folder", 0755);
    AUTO_FREE char *tool = memory_printf("%s/tool", directory);
    AUTO_FREE char *list = memory_printf("/no/such:%s/../%s/:/bin", directory, directory + strlen("/tmp/"));

    check_found("tool", list, tool);
    check_found("sh", "/no/such:/bin:/usr/bin", "/bin/sh");
    check_found("tool", "/bin", "exec: \"tool\": executable file not found in $PATH");
    check_found("plain", list, "exec: \"plain\": executable file not found in $PATH");
    check_found("folder", list, "exec: \"folder\": executable file not found in $PATH");
    check_found("tool", NULL, "exec: \"tool\": executable file not found in $PATH");
    check_found("tool", "", "exec: \"tool\": executable file not found in $PATH");
    check_found("", list, "exec: no command");
    check_found("..", list, "exec: \"..\": executable file not found in $PATH");
    char longest[NAME_MAX + 1] = "", expected[NAME_MAX + 100];
    memset(longest, 'x', NAME_MAX);
    snprintf(expected, sizeof expected, "exec: \"%s\": executable file not found in $PATH", longest);
    check_found(longest, list, expected);
    const char *relative = "exec: \"tool\": cannot run executable found relative to current directory";
    check_found("tool", "/bin::/usr/bin", relative);
    check_found("tool", "/bin:", relative);
    check_found("tool", ".", relative);

    unlink("tool");
    unlink("plain");
    rmdir("folder");
    assert_int_equal(chdir(before), 0);
    rmdir(directory);
}

int main(void) {
    alarm(60);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_runs),
        cmocka_unit_test(descriptors_do_not_leak),
        cmocka_unit_test(crossing_descriptors_are_placed),
        cmocka_unit_test(closed_standard_descriptors_are_filled),
        cmocka_unit_test(works_without_free_descriptors),
        cmocka_unit_test(works_without_close_range),
        cmocka_unit_test(signals_are_reset),
        cmocka_unit_test(group_and_session),
        cmocka_unit_test(terminal_becomes_the_controlling_one),
        cmocka_unit_test(directory_is_entered),
        cmocka_unit_test(account_is_changed),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(directory_is_entered_with_the_accounts_rights),
        cmocka_unit_test(failing_fork_is_reported),
        cmocka_unit_test(names_that_cannot_exist_are_not_looked_up),
        cmocka_unit_test(programs_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
