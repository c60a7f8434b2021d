// SPDX-License-Identifier: LGPL-3.0-or-later
#include "charm/tool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "charm/charm_internal.h"
#include "client/errors.h"

#define ERRORS_MAX_BYTES ((size_t)65536) // of standard error; what comes after that is dropped
#define PIECE_BYTES ((size_t)16384)
#define FIRST_FREE_FD 3
#define POLL_MS 10 // without a descriptor of the process

struct tool_run {
    struct pebble_charm *charm;
    const struct charm_tool *tool;
    pid_t pid;    // 0 before the start and after the exit code was read
    int pid_fd;   // readable when the tool has ended; -1: not to be had (Linux before 5.3, valgrind), or it has ended
    int input_fd; // our ends; -1 when closed
    int output_fd;
    int error_fd;
    int child_fds[3]; // the tool's standard descriptors, until it has started
    size_t written;
    struct buffer output;
    struct buffer errors;
};

static bool fail_errno(const struct tool_run *run, int errnum, struct pebble_error *error) {
    return client_fail(error, PEBBLE_ERROR_TOOL, "cannot run %s: %s", run->tool->words[0], error_errno_text(errnum));
}

// Also if the program has reaped it.
static bool has_exited(const struct tool_run *run) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? errno == ECHILD : info.si_pid != 0;
}

// The program may have reaped it, so that the PID is that of another process by now.
static void kill_tool(const struct tool_run *run) {
    if (run->pid_fd >= 0)
        (void)syscall(SYS_pidfd_send_signal, run->pid_fd, SIGKILL, NULL, 0);
    else if (!has_exited(run))
        (void)kill(run->pid, SIGKILL);
}

static void reap(struct tool_run *run) {
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    run->pid = 0;
}

static void run_finish(struct tool_run *run) {
    if (run->pid > 0) {
        kill_tool(run);
        reap(run);
    }
    for (size_t i = 0; i < ARRAY_COUNT(run->child_fds); i++)
        file_close_at(&run->child_fds[i]);
    file_close_at(&run->pid_fd);
    file_close_at(&run->input_fd);
    file_close_at(&run->output_fd);
    file_close_at(&run->error_fd);
    buffer_finish(&run->output);
    buffer_finish(&run->errors);
}

// --- the program ---

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

// The path of the program, owned; NULL if it is not in PATH. Empty parts of PATH are skipped.
static char *find_program(const struct pebble_charm *charm, const char *name) {
    const char *rest = charm_variable(&charm->environment, "PATH");
    if (strchr(name, '/') != NULL)
        return is_program(name) ? memory_string(name) : NULL;
    while (rest != NULL && *rest != '\0') {
        size_t length = strcspn(rest, ":");
        AUTO_FREE char *directory = memory_string_n(rest, length);
        AUTO_FREE char *path = path_join(directory, name);
        if (length > 0 && is_program(path))
            return TAKE(path);
        rest += length + (rest[length] == ':' ? 1 : 0);
    }
    return NULL;
}

static bool check_words(const struct charm_tool *tool, struct pebble_error *error) {
    if (tool->word_count == 0 || text_is_empty(tool->words[0]))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot run hook tool: no name");
    for (size_t i = 0; i < tool->word_count; i++) {
        if (tool->words[i] == NULL)
            return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot run %s: argument %zu is NULL", tool->words[0], i);
        if (strlen(tool->words[i]) > CHARM_WORD_MAX_BYTES)
            return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot run %s: argument of more than %zu bytes",
                               i > 0 ? tool->words[0] : "hook tool", CHARM_WORD_MAX_BYTES);
    }
    return true;
}

// --- the start ---

// The host program may have closed its standard descriptors, so that a new one is below 3.
static bool move_up(int *fd) {
    if (*fd >= FIRST_FREE_FD)
        return true;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
    if (moved < 0)
        return false;
    file_close_at(fd);
    *fd = moved;
    return true;
}

static bool open_output(int *own, int *child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *own = ends[0];
    *child = ends[1];
    return fcntl(*own, F_SETFL, O_NONBLOCK) == 0;
}

// A socket, which does not raise SIGPIPE.
static bool open_input(struct tool_run *run) {
    int ends[2];
    if (run->tool->input == NULL) {
        run->child_fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return run->child_fds[0] >= 0;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    run->input_fd = ends[0];
    run->child_fds[0] = ends[1];
    return true;
}

static bool open_streams(struct tool_run *run) {
    if (!open_input(run) || !open_output(&run->output_fd, &run->child_fds[1]) ||
        !open_output(&run->error_fd, &run->child_fds[2]))
        return false;
    return move_up(&run->child_fds[0]) && move_up(&run->child_fds[1]) && move_up(&run->child_fds[2]);
}

// Signals that the program blocks or ignores are not blocked or ignored in a tool.
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int result = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (result == 0)
        result = posix_spawnattr_setsigmask(attributes, &none);
    return result != 0 ? result : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn_with(struct tool_run *run, const char *path, const posix_spawn_file_actions_t *actions,
                      char *const *words) {
    posix_spawnattr_t attributes;
    char *const no_environment[] = {NULL};
    const struct text_list *environment = &run->charm->environment;
    int result = posix_spawnattr_init(&attributes);
    if (result != 0)
        return result;
    result = set_attributes(&attributes);
    if (result == 0)
        result = posix_spawn(&run->pid, path, actions, &attributes, words,
                             environment->count > 0 ? environment->items : no_environment);
    if (result != 0)
        run->pid = 0;
    posix_spawnattr_destroy(&attributes);
    return result;
}

static int spawn(struct tool_run *run, const char *path) {
    posix_spawn_file_actions_t actions;
    AUTO_TEXT_LIST struct text_list words = {0};
    for (size_t i = 0; i < run->tool->word_count; i++)
        text_list_add(&words, run->tool->words[i]);
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0)
        return result;
    for (int i = 0; i < FIRST_FREE_FD && result == 0; i++)
        result = posix_spawn_file_actions_adddup2(&actions, run->child_fds[i], i);
    if (result == 0)
        result = spawn_with(run, path, &actions, words.items);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static bool start(struct tool_run *run, struct pebble_error *error) {
    AUTO_FREE char *path = find_program(run->charm, run->tool->words[0]);
    if (path == NULL)
        return client_fail(error, PEBBLE_ERROR_TOOL,
                           "cannot run %s: it is not in PATH: hook tools exist only inside a hook of Juju",
                           run->tool->words[0]);
    if (!open_streams(run))
        return fail_errno(run, errno, error);
    int result = spawn(run, path);
    if (result != 0)
        return fail_errno(run, result, error);
    for (size_t i = 0; i < ARRAY_COUNT(run->child_fds); i++)
        file_close_at(&run->child_fds[i]);
    run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    return true;
}

// --- input and output ---

static void write_input(struct tool_run *run) {
    const char *rest = run->tool->input + run->written;
    ssize_t count = send(run->input_fd, rest, run->tool->input_length - run->written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0)
        run->written += (size_t)count;
    // A tool that does not read its input says why in its exit code.
    if (run->written == run->tool->input_length || (count < 0 && errno != EAGAIN && errno != EINTR))
        file_close_at(&run->input_fd);
}

// Reads a piece. Closes at the end. Returns whether there may be more.
static bool read_piece(int *fd, struct buffer *into) {
    char piece[PIECE_BYTES];
    if (*fd < 0)
        return false;
    ssize_t count = read(*fd, piece, sizeof piece);
    if (count > 0)
        buffer_add(into, piece, (size_t)count);
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        file_close_at(fd);
    return count > 0;
}

static void read_errors(struct tool_run *run) {
    char piece[PIECE_BYTES];
    struct buffer read_bytes = BUFFER_INIT(sizeof piece);
    size_t room = ERRORS_MAX_BYTES - run->errors.length;
    (void)read_piece(&run->error_fd, &read_bytes);
    buffer_add(&run->errors, buffer_text(&read_bytes), read_bytes.length < room ? read_bytes.length : room);
    buffer_finish(&read_bytes);
}

static bool read_output(struct tool_run *run, struct pebble_error *error) {
    (void)read_piece(&run->output_fd, &run->output);
    if (buffer_is_whole(&run->output))
        return true;
    return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot run %s: output of more than %zu bytes",
                       run->tool->words[0], CHARM_OUTPUT_MAX_BYTES);
}

static bool check_interrupt(const struct tool_run *run, short revents, struct pebble_error *error) {
    if (revents == 0)
        return true;
    if ((revents & POLLNVAL) != 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot run %s: the interrupt descriptor is closed",
                           run->tool->words[0]);
    return client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
}

// Waits until something can be done, and does it. *has_ended is set if the tool has.
static bool step(struct tool_run *run, bool *has_ended, struct pebble_error *error) {
    struct pollfd watched[] = {{.fd = run->charm->interrupt_fd, .events = POLLIN},
                               {.fd = run->pid_fd, .events = POLLIN},
                               {.fd = run->input_fd, .events = POLLOUT},
                               {.fd = run->output_fd, .events = POLLIN},
                               {.fd = run->error_fd, .events = POLLIN}};
    if (poll(watched, ARRAY_COUNT(watched), run->pid_fd >= 0 ? -1 : POLL_MS) < 0)
        return errno == EINTR || errno == EAGAIN || fail_errno(run, errno, error);
    if (!check_interrupt(run, watched[0].revents, error))
        return false;
    *has_ended = run->pid_fd >= 0 ? watched[1].revents != 0 : has_exited(run);
    if (watched[2].revents != 0)
        write_input(run);
    if (watched[4].revents != 0)
        read_errors(run);
    return watched[3].revents == 0 || read_output(run, error);
}

// What a tool that has ended has left in the pipes.
static bool drain(struct tool_run *run, struct pebble_error *error) {
    while (read_piece(&run->output_fd, &run->output) && buffer_is_whole(&run->output))
        continue;
    size_t before = (size_t)-1;
    while (run->errors.length != before) {
        before = run->errors.length;
        read_errors(run);
    }
    return read_output(run, error);
}

// --- the end ---

static bool read_exit_code(struct tool_run *run, int *exit_code, struct pebble_error *error) {
    int status = 0;
    pid_t pid = run->pid;
    while ((pid = waitpid(run->pid, &status, 0)) < 0 && errno == EINTR)
        continue;
    run->pid = 0;
    if (pid < 0)
        return client_fail(error, PEBBLE_ERROR_TOOL, "cannot get exit code of %s: %s", run->tool->words[0],
                           error_errno_text(errno));
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

static bool fail_exit_code(struct tool_run *run, int exit_code, struct pebble_error *error) {
    size_t length = run->errors.length;
    while (length > 0 && text_is_space(run->errors.data[length - 1]))
        length--;
    buffer_truncate(&run->errors, length);
    client_fail(error, PEBBLE_ERROR_TOOL, "cannot run %s: exit code %d%s%s", run->tool->words[0], exit_code,
                length > 0 ? ": " : "", buffer_text(&run->errors));
    if (error != NULL)
        error->status = exit_code;
    return false;
}

static bool check_interrupt_now(const struct tool_run *run, struct pebble_error *error) {
    struct pollfd watched = {.fd = run->charm->interrupt_fd, .events = POLLIN};
    (void)poll(&watched, 1, 0);
    return check_interrupt(run, watched.revents, error);
}

static bool run_to_end(struct tool_run *run, struct pebble_error *error) {
    bool has_ended = false;
    int exit_code = 0;
    if (!check_interrupt_now(run, error) || !start(run, error))
        return false;
    while (!has_ended) {
        if (!step(run, &has_ended, error))
            return false;
    }
    if (!drain(run, error) || !read_exit_code(run, &exit_code, error))
        return false;
    return exit_code == 0 || fail_exit_code(run, exit_code, error);
}

bool charm_tool_run(struct pebble_charm *charm, const struct charm_tool *tool, char **output,
                    struct pebble_error *error) {
    struct tool_run run = {.charm = charm,
                           .tool = tool,
                           .pid_fd = -1,
                           .input_fd = -1,
                           .output_fd = -1,
                           .error_fd = -1,
                           .child_fds = {-1, -1, -1},
                           .output = BUFFER_INIT(CHARM_OUTPUT_MAX_BYTES),
                           .errors = BUFFER_INIT(ERRORS_MAX_BYTES)};
    if (!check_words(tool, error))
        return false;
    bool is_good = run_to_end(&run, error);
    if (is_good && output != NULL) {
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        text_add_without_nul(&text, buffer_text(&run.output), run.output.length);
        *output = buffer_take(&text);
    }
    run_finish(&run);
    return is_good;
}

bool pebble_charm_run_tool(struct pebble_charm *charm, const char *const *words, size_t word_count, const char *input,
                           char **output, struct pebble_error *error) {
    const struct charm_tool tool = {
        .words = words, .word_count = word_count, .input = input, .input_length = input != NULL ? strlen(input) : 0};
    return charm_tool_run(charm, &tool, output, error);
}
