// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/session.h"

// Splits "NAME[=CONDITION]". The name is owned; *goal points into the word, NULL: the default.
static char *read_word(const char *word, const char **goal) {
    const char *equals = strrchr(word, '=');
    *goal = equals != NULL ? equals + 1 : NULL;
    return equals != NULL ? memory_string_n(word, (size_t)(equals - word)) : memory_string(word);
}

// False if the timeout has passed.
static bool time_left_ms(int64_t deadline_ns, int64_t *left_ms) {
    *left_ms = 0; // no limit
    if (deadline_ns == 0)
        return true;
    int64_t left_ns = deadline_ns - clock_monotonic_ns();
    *left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ns > 0;
}

static bool wait_for(struct pebble_client *client, const char *word, int64_t deadline_ns, struct error *err) {
    const char *goal;
    int64_t left_ms;
    AUTO_FREE char *name = read_word(word, &goal);
    AUTO_FREE char *quoted = text_quoted(name);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    bool is_in_time = time_left_ms(deadline_ns, &left_ms);
    if (is_in_time && pebble_wait_service(client, name, goal, left_ms, &failure))
        return true;
    if (!is_in_time || failure.kind == PEBBLE_ERROR_TIMEOUT)
        return error_set(err, ERROR_TIMEOUT, "timed out waiting for service %s to be %s", quoted,
                         goal != NULL ? goal : "ready");
    bool is_refused = failure.kind == PEBBLE_ERROR_API;
    const char *asked = name;
    (void)cli_fail(&failure, err);
    if (is_refused)
        advise_refused_names(client, ADVICE_SERVICE, &asked, 1, err);
    return false;
}

static void show_wait(struct progress *progress, const struct text_list *words, size_t position) {
    const char *goal;
    AUTO_FREE char *name = read_word(words->items[position], &goal);
    AUTO_FREE char *quoted = text_quoted(name);
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (words->count > 1)
        buffer_printf(&line, "%zu/%zu ", position, words->count);
    buffer_printf(&line, "Wait for service %s to be %s", quoted, goal != NULL ? goal : "ready");
    progress_show_words(progress, buffer_text(&line));
}

static int run_wait(struct cli_call *call, struct error *err) {
    const struct text_list *words = cli_argument_list(call);
    struct pebble_client *client = session_client(call->session, err);
    int64_t timeout_ns = cli_value(call, "timeout")->number;
    int64_t deadline_ns = timeout_ns > 0 ? clock_deadline_ns(timeout_ns) : 0;
    if (client == NULL)
        return 1;
    struct progress progress;
    bool is_good = true;
    progress_init(&progress);
    for (size_t i = 0; is_good && i < words->count; i++) {
        show_wait(&progress, words, i);
        is_good = wait_for(client, words->items[i], deadline_ns, err);
    }
    progress_finish(&progress);
    return is_good ? 0 : 1;
}

const struct cli_command cmd_wait = {
    .name = "wait",
    .summary = "Wait for services to be ready",
    .description =
        "Waits until each service meets its condition: ready (the default), started, completed, exited or stopped. A "
        "service without the key \"ready\" is ready when it has been started; one of type oneshot when it has "
        "completed. On a terminal, shows which service it waits for.\n\n"
        "Exit status:\n\n"
        "  0   all services have met their conditions\n"
        "  1   the timeout has passed, or a condition cannot be met\n\n"
        "A condition cannot be met if the service was not started, or has exited.",
    .examples = "  pebble wait web\n  pebble wait --timeout 30s migrate=completed web",
    .options = (const struct cli_option[]){{.name = "timeout",
                                            .kind = CLI_DURATION,
                                            .value = "duration",
                                            .help = "Give up after this time, as 30s or 1h15m (default: no limit)"},
                                           {0}},
    .positionals = (const struct cli_positional[]){{.name = "<service[=condition]>",
                                                    .help = "Name of a service, and what to wait for",
                                                    .values = VALUES_SERVICE_CONDITIONS,
                                                    .is_required = true,
                                                    .is_list = true},
                                                   {0}},
    .run = run_wait,
};
