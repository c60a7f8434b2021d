// SPDX-License-Identifier: GPL-3.0-or-later
// Commands of the control session: signals, and sizes of the terminal. Declared in exec/exec_internal.h.
#include "exec/exec_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "data/json.h"

static const char what[] = "execCommand";

struct control_command {
    const char *name;
    bool has_signal, has_resize;
    const char *signal_name;
    int64_t width, height;
};

static bool read_signal(const json_t *value, struct control_command *command, struct error *err) {
    struct json_members members = json_members_of(value, "signal");
    for (const json_t *signal; (signal = json_members_next(&members)) != NULL;) {
        command->has_signal = !json_is_null(signal);
        if (!command->has_signal)
            command->signal_name = "";
        if (!json_is_object_or_null(signal, what, err) ||
            !json_get_text(signal, what, "name", &command->signal_name, err))
            return false;
    }
    return true;
}

static bool read_resize(const json_t *value, struct control_command *command, struct error *err) {
    struct json_members members = json_members_of(value, "resize");
    for (const json_t *resize; (resize = json_members_next(&members)) != NULL;) {
        command->has_resize = !json_is_null(resize);
        if (!command->has_resize)
            command->width = command->height = 0;
        if (!json_is_object_or_null(resize, what, err) || !json_get_int(resize, what, "width", &command->width, err) ||
            !json_get_int(resize, what, "height", &command->height, err))
            return false;
    }
    return true;
}

static bool read_command(const json_t *value, struct control_command *command, struct error *err) {
    *command = (struct control_command){.name = "", .signal_name = ""};
    return json_is_object_or_null(value, what, err) && json_get_text(value, what, "command", &command->name, err) &&
           read_signal(value, command, err) && read_resize(value, command, err);
}

static void send_signal(struct exec *exec, const struct control_command *command) {
    if (!command->has_signal) {
        log_notice("Exec %s: control command \"signal\" requires signal name", exec->id);
        return;
    }
    const char *name = command->signal_name;
    int number = signal_by_name(name);
    if (number == 0) {
        AUTO_FREE char *quoted = text_quoted(name);
        log_notice("Exec %s: invalid signal name %s", exec->id, quoted);
        return;
    }
    AUTO_ERROR struct error err = {0};
    bool has_process = exec->job != NULL || error_set(&err, ERROR_INTERNAL, "no such process");
    if (has_process && exec->manager->spec.jobs->signal(exec->job, number, &err))
        log_notice("Exec %s: forwarded signal %s to PID %d", exec->id, name, (int)exec->pid);
    else
        log_notice("Exec %s: control command \"signal\" cannot forward %s to PID %d: %s", exec->id, name,
                   (int)exec->pid, error_text(&err));
}

unsigned exec_terminal_size(int64_t number) {
    return number <= 0 ? 0 : number < UINT16_MAX ? (unsigned)number : UINT16_MAX;
}

static void resize_terminal(struct exec *exec, const struct control_command *command) {
    if (!command->has_resize) {
        log_notice("Exec %s: control command \"resize\" requires terminal width and height", exec->id);
        return;
    }
    AUTO_ERROR struct error err = {0};
    unsigned columns = exec_terminal_size(command->width), rows = exec_terminal_size(command->height);
    if (exec->job != NULL && !exec->manager->spec.jobs->resize(exec->job, columns, rows, &err))
        log_notice("Exec %s: control command \"resize\" cannot set terminal size to %lldx%lld: %s", exec->id,
                   (long long)command->width, (long long)command->height, error_text(&err));
}

void exec_control_take_command(struct exec *exec, const char *text, size_t length) {
    AUTO_JSON json_t *value = NULL;
    AUTO_ERROR struct error err = {0};
    struct control_command command;
    if (!json_read_request(text, length, &value, &err) || !read_command(value, &command, &err)) {
        log_notice("Exec %s: cannot decode control websocket command: %s", exec->id, error_text(&err));
    } else if (text_equal(command.name, "resize") && exec->options.is_terminal) {
        resize_terminal(exec, &command);
    } else if (text_equal(command.name, "signal")) {
        send_signal(exec, &command);
    } else {
        AUTO_FREE char *quoted = text_quoted(command.name);
        log_notice("Exec %s: invalid control websocket command %s", exec->id, quoted);
    }
}
