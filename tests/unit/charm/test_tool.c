// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "charm/tool_internal.h"
#include "with_tools.h"

#define BIG_BYTES ((size_t)400000)
#define NO_FD 1000 // not open

static bool run(struct with_tools *with, const char *name, char **output) {
    const char *const words[] = {name};
    return pebble_charm_run_tool(with->charm, words, 1, NULL, output, &with->error);
}

static void words_arrive_as_they_are(void **state UNUSED) {
    static const char *const words[] = {"tool", "--", "-x", "", "a b", "$(x) `y` \"'*\n", "k=v"};
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "tool", "done");
    assert_true(pebble_charm_run_tool(with.charm, words, ARRAY_COUNT(words), NULL, &output, &with.error));
    assert_string_equal(output, "done\n");
    with_tools_assert_words(&with, "<-->\n<-x>\n<>\n<a b>\n<$(x) `y` \"'*\n>\n<k=v>\n");
    with_tools_assert_file(&with, "input", "");
    assert_true(pebble_charm_run_tool(with.charm, words, ARRAY_COUNT(words), NULL, NULL, NULL));
    with_tools_end(&with);
}

static void a_nul_is_replaced(void **state UNUSED) {
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "printf 'a\\000b'\n");
    assert_true(run(&with, "tool", &output));
    assert_string_equal(output, "a\xEF\xBF\xBD"
                                "b");
    with_tools_end(&with);
}

static void a_tool_has_the_charms_environment(void **state UNUSED) {
    const char *const items[] = {"COLOUR=green", NULL};
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, items);
    with_tools_script(&with, "tool", "printf \"$COLOUR\"\n");
    assert_true(run(&with, "tool", &output));
    assert_string_equal(output, "green");
    with_tools_end(&with);
}

static void only_programs_are_found(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(run(&with, "status-set", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL,
                            "cannot run status-set: it is not in PATH: hook tools exist only inside a hook of Juju");
    assert_int_equal(with.error.status, 0);
    with_tools_write(&with, "status-set", "", 0644);
    assert_false(run(&with, "status-set", NULL));
    assert_false(run(&with, "/tmp", NULL));
    assert_true(run(&with, "/bin/true", NULL));
    assert_true(run(&with, "true", NULL));
    with_tools_end(&with);
}

static void empty_parts_of_the_path_are_skipped(void **state UNUSED) {
    const char *const items[] = {"PATH=::/usr/bin:", NULL};
    struct with_tools with;
    with_tools_begin(&with, items);
    assert_true(run(&with, "true", NULL));
    assert_false(run(&with, "no-such-tool", NULL));
    with_tools_end(&with);
}

static void a_name_is_needed(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_run_tool(with.charm, NULL, 0, NULL, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot run hook tool: no name");
    assert_false(run(&with, "", NULL));
    with_tools_end(&with);
}

static void text_is_given_to_the_tool(void **state UNUSED) {
    static const char *const words[] = {"tool", NULL};
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "tool", "");
    assert_true(pebble_charm_run_tool(with.charm, words, 1, "a: b\n", NULL, &with.error));
    with_tools_assert_file(&with, "input", "a: b\n");
    assert_true(pebble_charm_run_tool(with.charm, words, 1, "", NULL, &with.error));
    with_tools_assert_file(&with, "input", "");
    assert_false(pebble_charm_run_tool(with.charm, words, 2, NULL, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot run tool: argument 1 is NULL");
    with_tools_end(&with);
}

static void words_have_a_limit(void **state UNUSED) {
    struct with_tools with;
    char *word = memory_new(CHARM_WORD_MAX_BYTES + 2);
    const char *const words[] = {"tool", word};
    memset(word, 'x', CHARM_WORD_MAX_BYTES + 1);
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "exit 0\n");
    assert_false(pebble_charm_run_tool(with.charm, words, 2, NULL, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot run tool: argument of more than 131071 bytes");
    assert_false(pebble_charm_run_tool(with.charm, words + 1, 1, NULL, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot run hook tool: argument of more than 131071 bytes");
    word[CHARM_WORD_MAX_BYTES] = '\0';
    assert_true(pebble_charm_run_tool(with.charm, words, 2, NULL, NULL, NULL));
    free(word);
    with_tools_end(&with);
}

static void an_exit_code_is_an_error(void **state UNUSED) {
    struct with_tools with;
    char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "echo out; echo 'ERROR no such thing' >&2; exit 3\n");
    assert_false(run(&with, "tool", &output));
    assert_null(output);
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot run tool: exit code 3: ERROR no such thing");
    assert_int_equal(with.error.status, 3);
    with_tools_script(&with, "tool", "kill -9 $$\n");
    assert_false(run(&with, "tool", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot run tool: exit code 137");
    assert_int_equal(with.error.status, 137);
    assert_false(pebble_charm_run_tool(with.charm, (const char *const[]){"tool"}, 1, NULL, NULL, NULL));
    with_tools_end(&with);
}

static void standard_error_is_kept_in_part(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1\n");
    assert_false(run(&with, "tool", NULL));
    assert_int_equal(strlen(with.error.message), strlen("cannot run tool: exit code 1: ") + 65536);
    with_tools_end(&with);
}

static void output_has_a_limit(void **state UNUSED) {
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "head -c 16777216 /dev/zero | tr '\\0' x\n");
    assert_true(run(&with, "tool", &output));
    assert_int_equal(strlen(output), CHARM_OUTPUT_MAX_BYTES);
    with_tools_script(&with, "tool", "head -c 16777217 /dev/zero | tr '\\0' x\n");
    assert_false(run(&with, "tool", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot run tool: output of more than 16777216 bytes");
    with_tools_script(&with, "tool", "exec cat /dev/zero\n"); // never ends by itself
    assert_false(run(&with, "tool", NULL));
    with_tools_end(&with);
}

static void what_is_no_program_cannot_be_run(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_write(&with, "tool", "#!/nonexistent/shell\n", 0755);
    assert_false(run(&with, "tool", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot run tool: no such file or directory");
    with_tools_end(&with);
}

static void input_is_written(void **state UNUSED) {
    static const char *const words[] = {"tool"};
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    char *input = memory_new(BIG_BYTES);
    const struct charm_tool tool = {.words = words, .word_count = 1, .input = input, .input_length = BIG_BYTES};
    memset(input, 'y', BIG_BYTES);
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "cat\n");
    assert_true(charm_tool_run(with.charm, &tool, &output, &with.error));
    assert_int_equal(strlen(output), BIG_BYTES);
    with_tools_script(&with, "tool", "exec true\n"); // does not read it
    assert_true(charm_tool_run(with.charm, &tool, NULL, &with.error));
    free(input);
    with_tools_end(&with);
}

static void signals_are_as_after_a_start(void **state UNUSED) {
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    sigset_t blocked, before;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "exec grep -E '^Sig(Blk|Ign)' /proc/self/status\n");
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGPIPE, &ignore, &old);
    bool is_good = run(&with, "tool", &output);
    sigaction(SIGPIPE, &old, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_true(is_good);
    static const char prefix[] = "SigBlk:\t0000000000000000\nSigIgn:\t";
    assert_true(text_has_prefix(output, prefix));
    // The two signals that glibc keeps for itself are always ignored.
    assert_int_equal(strtoull(output + strlen(prefix), NULL, 16) & ~UINT64_C(0x180000000), 0);
    with_tools_end(&with);
}

static void the_interrupt_descriptor_prevents_it(void **state UNUSED) {
    struct with_tools with;
    int fd = eventfd(1, EFD_CLOEXEC);
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "tool", "");
    pebble_charm_set_interrupt_fd(with.charm, fd);
    for (int i = 0; i < 50; i++) {
        assert_false(run(&with, "tool", NULL));
        with_tools_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    }
    AUTO_FREE char *record = path_join(with.directory, "words");
    assert_int_equal(access(record, F_OK), -1);
    close(fd);
    with.descriptor_count--;
    with_tools_end(&with);
}

static void the_interrupt_descriptor_ends_it(void **state UNUSED) {
    struct with_tools with;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const struct itimerspec later = {.it_value = {.tv_nsec = 50000000}};
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "exec sleep 1000\n");
    timerfd_settime(fd, 0, &later, NULL);
    pebble_charm_set_interrupt_fd(with.charm, fd);
    assert_false(run(&with, "tool", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_CANCELLED, "interrupted");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    close(fd);
    pebble_charm_set_interrupt_fd(with.charm, NO_FD);
    assert_false(run(&with, "tool", NULL));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot run tool: the interrupt descriptor is closed");
    pebble_charm_set_interrupt_fd(with.charm, -1);
    with.descriptor_count--;
    with_tools_end(&with);
}

static void a_process_that_is_left_behind_is_not_waited_for(void **state UNUSED) {
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "sleep 1000 & echo $!\n");
    assert_true(run(&with, "tool", &output));
    output[strcspn(output, "\n")] = '\0';
    int64_t pid = 0;
    assert_true(text_to_int64(output, 2, INT32_MAX, &pid));
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    with_tools_end(&with);
}

static void children_that_the_program_ignores_have_no_exit_code(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "exec cat\n");
    static const char *const words[] = {"tool"};
    const struct charm_tool tool = {.words = words, .word_count = 1, .input = "x", .input_length = 1};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGCHLD, &ignore, &before);
    assert_false(charm_tool_run(with.charm, &tool, NULL, &with.error));
    sigaction(SIGCHLD, &before, NULL);
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot get exit code of tool: no child processes");
    with_tools_end(&with);
}

// One descriptor more each time, until it works.
static void descriptors_may_run_out(void **state UNUSED) {
    static const char *const words[] = {"cat"};
    const struct charm_tool tool = {.words = words, .word_count = 1, .input = "x", .input_length = 1};
    struct with_tools with;
    struct rlimit before;
    size_t failure_count = 0;
    with_tools_begin(&with, NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    for (rlim_t room = 0;; room++) {
        struct rlimit limit = {.rlim_cur = (rlim_t)lowest + room, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        bool is_good = charm_tool_run(with.charm, &tool, NULL, &with.error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (is_good)
            break;
        with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot run cat: too many open files");
        assert_int_equal(with_tools_count_descriptors(), with.descriptor_count);
        failure_count++;
    }
    assert_true(failure_count >= 6);
    with_tools_end(&with);
}

static void standard_descriptors_may_be_closed(void **state UNUSED) {
    struct with_tools with;
    AUTO_FREE char *output = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "tool", "cat; echo out; echo err >&2\n");
    int saved[3];
    for (int i = 0; i < 3; i++) {
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    bool is_good = run(&with, "tool", &output);
    for (int i = 0; i < 3; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }
    assert_true(is_good);
    assert_string_equal(output, "out\n");
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_arrive_as_they_are),
        cmocka_unit_test(a_nul_is_replaced),
        cmocka_unit_test(a_tool_has_the_charms_environment),
        cmocka_unit_test(only_programs_are_found),
        cmocka_unit_test(empty_parts_of_the_path_are_skipped),
        cmocka_unit_test(a_name_is_needed),
        cmocka_unit_test(text_is_given_to_the_tool),
        cmocka_unit_test(words_have_a_limit),
        cmocka_unit_test(an_exit_code_is_an_error),
        cmocka_unit_test(standard_error_is_kept_in_part),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(what_is_no_program_cannot_be_run),
        cmocka_unit_test(input_is_written),
        cmocka_unit_test(signals_are_as_after_a_start),
        cmocka_unit_test(the_interrupt_descriptor_prevents_it),
        cmocka_unit_test(the_interrupt_descriptor_ends_it),
        cmocka_unit_test(a_process_that_is_left_behind_is_not_waited_for),
        cmocka_unit_test(children_that_the_program_ignores_have_no_exit_code),
        cmocka_unit_test(descriptors_may_run_out),
        cmocka_unit_test(standard_descriptors_may_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
