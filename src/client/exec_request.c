// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in client/exec_internal.h.
#include "client/exec_internal.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"
#include "client/errors.h"
#include "client/options_internal.h"
#include "data/json.h"

#define FLAGS (PEBBLE_EXEC_SPLIT_STDERR | PEBBLE_EXEC_TERMINAL | PEBBLE_EXEC_INTERACTIVE)

// `what`: of the texts, a plural noun; of one of them, `one`.
static bool check_list(const char *what, const char *one, const char *const *texts, size_t count,
                       struct pebble_error *error) {
    bool is_good = client_options_check_texts(what, texts, count, error);
    for (size_t i = 0; i < count && is_good; i++)
        is_good = client_options_check_text(one, texts[i], error);
    return is_good;
}

static bool check_texts(const struct pebble_exec_options *options, struct pebble_error *error) {
    return check_list("arguments", "argument", options->words, options->word_count, error) &&
           check_list("environment variables", "environment variable", options->environment_names,
                      options->environment_count, error) &&
           check_list("environment values", "environment value", options->environment_values,
                      options->environment_count, error) &&
           client_options_check_text("directory", options->working_dir, error) &&
           client_options_check_text("service", options->service_context, error) &&
           client_options_check_text("user", options->user, error) &&
           client_options_check_text("group", options->group, error);
}

bool client_exec_read_options(struct pebble_exec_options *own, const struct pebble_exec_options *options,
                              struct pebble_error *error) {
    if (!client_options_read(own, sizeof *own, options, error) || !client_options_check_flags(own->flags, FLAGS, error))
        return false;
    if (own->word_count == 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: there is no command");
    if (!check_texts(own, error))
        return false;
    if (own->columns < 0 || own->rows < 0)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid size of the terminal");
    return true;
}

static void write_environment(struct json_writer *writer, const struct pebble_exec_options *options) {
    AUTO_MAP struct map last = MAP_INIT(NULL); // of a name: the number of its last value
    for (size_t i = 0; i < options->environment_count; i++)
        map_set(&last, options->environment_names[i], (void *)(uintptr_t)i);
    json_writer_key(writer, "environment");
    json_writer_begin_object(writer);
    for (size_t i = 0; i < options->environment_count; i++) {
        if ((uintptr_t)map_get(&last, options->environment_names[i]) == i)
            json_writer_member_string(writer, options->environment_names[i], options->environment_values[i]);
    }
    json_writer_end_object(writer);
}

static void write_flag(struct json_writer *writer, const char *key, bool is_set) {
    if (is_set)
        json_writer_member_bool(writer, key, true);
}

static void write_terminal(struct json_writer *writer, const struct pebble_exec_options *options) {
    write_flag(writer, "terminal", options->flags & PEBBLE_EXEC_TERMINAL);
    write_flag(writer, "interactive", options->flags & PEBBLE_EXEC_INTERACTIVE);
    write_flag(writer, "split-stderr", options->flags & PEBBLE_EXEC_SPLIT_STDERR);
    if (options->columns > 0)
        json_writer_member_int(writer, "width", options->columns);
    if (options->rows > 0)
        json_writer_member_int(writer, "height", options->rows);
}

void client_exec_write_request(struct buffer *body, const struct pebble_exec_options *options) {
    struct json_writer writer;
    char timeout[DURATION_TEXT_SIZE];
    json_writer_init(&writer, body, false);
    json_writer_begin_object(&writer);
    json_writer_key(&writer, "command");
    json_writer_begin_array(&writer);
    for (size_t i = 0; i < options->word_count; i++)
        json_writer_string(&writer, options->words[i]);
    json_writer_end_array(&writer);
    client_options_write_text(&writer, "service-context", options->service_context);
    if (options->environment_count > 0)
        write_environment(&writer, options);
    client_options_write_text(&writer, "working-dir", options->working_dir);
    if (options->timeout_ns != 0) {
        duration_format(options->timeout_ns, timeout);
        json_writer_member_string(&writer, "timeout", timeout);
    }
    client_options_write_number(&writer, "user-id", options->user_id);
    client_options_write_text(&writer, "user", options->user);
    client_options_write_number(&writer, "group-id", options->group_id);
    client_options_write_text(&writer, "group", options->group);
    write_terminal(&writer, options);
    json_writer_end_object(&writer);
}
