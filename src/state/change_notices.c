// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/change_notices_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/change_internal.h"
#include "state/notice_internal.h"

struct change_notices {
    struct listener created, updated, removed;
};

// The data are the change's kind and its "notice-data", which may name another kind.
static void record_notice(struct change *change) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list values = {0};
    const char *kind = change->kind;
    const char *name;
    json_t *value;
    json_t *more = json_object_get(change->data, "notice-data");
    json_object_foreach(more, name, value) {
        if (!json_is_string(value))
            continue;
        if (strcmp(name, "kind") == 0) {
            kind = json_string_value(value);
            continue;
        }
        text_list_add(&names, name);
        text_list_add(&values, json_string_value(value));
    }
    text_list_add(&names, "kind");
    text_list_add(&values, kind);
    state_add_notice(change->state,
                     &(struct notice_spec){
                         .type = "change-update", .key = change->id, .data_names = &names, .data_values = &values});
}

static void on_change_created(struct listener *listener UNUSED, void *argument) {
    record_notice(argument);
}

// Between two tasks of a chain a change is Do for a moment. That is not recorded.
static bool is_recorded(enum task_status old, enum task_status now) {
    return old != now && !(old == STATUS_DOING && now == STATUS_DO) && !(old == STATUS_UNDOING && now == STATUS_UNDO);
}

static void on_change_updated(struct listener *listener UNUSED, void *argument) {
    struct change *change = argument;
    enum task_status status = change_status(change);
    if (!is_recorded(change->notice_status, status))
        return;
    change->notice_status = status;
    change_touch(change);
    record_notice(change);
}

static void on_change_removed(struct listener *listener UNUSED, void *argument) {
    const struct change *change = argument;
    const struct notice_spec spec = {.type = "change-update", .key = change->id};
    struct notice *notice = notice_find(change->state, &spec);
    if (notice != NULL)
        notice_remove(change->state, notice);
}

struct change_notices *change_notices_create(struct state *state) {
    struct change_notices *notices = memory_new(sizeof *notices);
    event_add(state_change_created(state), &notices->created, on_change_created);
    event_add(state_change_updated(state), &notices->updated, on_change_updated);
    event_add(state_change_removed(state), &notices->removed, on_change_removed);
    return notices;
}

void change_notices_destroy(struct change_notices *notices) {
    event_remove(&notices->created);
    event_remove(&notices->updated);
    event_remove(&notices->removed);
    free(notices);
}
