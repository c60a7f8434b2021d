// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the state file of this program or of Pebble. Unknown members are kept with their object. An inconsistent file
// (a missing task, a duplicate id) is refused and not repaired: the result would overwrite it. Declared in
// state/state_file_internal.h.
#include "state/state_file_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/json.h"
#include "state/change_internal.h"
#include "state/notice_internal.h"

#define NUMBER_MAX (INT64_MAX / 2) // so that new numbers do not overflow

// An object of the file. The first failure is stored in err; values that are read after it are empty.
struct file_object {
    json_t *object;
    const char *section, *name; // for messages
    struct error *err;
    bool has_failed;
};

static bool fail(struct file_object *record, const char *member, const char *what) {
    if (!record->has_failed)
        error_set(record->err, ERROR_BAD_REQUEST, "%s %s: %s %s", record->section, record->name, member, what);
    record->has_failed = true;
    return false;
}

// The member, NULL if it is absent or null.
static json_t *get(const struct file_object *record, const char *member) {
    json_t *value = json_object_get(record->object, member);
    return json_is_null(value) ? NULL : value;
}

static bool is_text(const json_t *value) {
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static const char *get_string(struct file_object *record, const char *member) {
    const json_t *value = get(record, member);
    if (value != NULL && !is_text(value))
        fail(record, member, "is not a string");
    return value != NULL && is_text(value) ? json_string_value(value) : "";
}

static int64_t get_int(struct file_object *record, const char *member, int64_t min, int64_t max) {
    const json_t *value = get(record, member);
    if (value == NULL)
        return 0;
    int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    if (!json_is_integer(value) || number < min || number > max)
        fail(record, member, "is not a number in range");
    return number;
}

static enum task_status get_status(struct file_object *record, const char *member) {
    int64_t number = get_int(record, member, STATUS_DEFAULT, STATUS_COUNT - 1);
    return record->has_failed ? STATUS_DEFAULT : (enum task_status)number;
}

static struct wall_time get_time(struct file_object *record, const char *member) {
    struct wall_time time = {0};
    const char *text = get_string(record, member);
    if (get(record, member) != NULL && !clock_parse(text, &time))
        fail(record, member, "is not a time");
    return time;
}

static int64_t get_duration(struct file_object *record, const char *member) {
    int64_t duration_ns = 0;
    const char *text = get_string(record, member);
    if (text[0] != '\0' && !duration_parse(text, &duration_ns, NULL))
        fail(record, member, "is not a duration");
    return duration_ns;
}

// As C strings, names with NUL bytes would be truncated and might become duplicates.
static void refuse_truncated_names(struct file_object *record, json_t *object) {
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        if (strlen(json_object_iter_key(at)) != json_object_iter_key_len(at))
            fail(record, json_object_iter_key(at), "has a NUL character in its name");
    }
}

// A borrowed array or object, NULL when absent.
static json_t *get_array(struct file_object *record, const char *member) {
    json_t *value = get(record, member);
    if (value != NULL && !json_is_array(value))
        fail(record, member, "is not a list");
    return json_is_array(value) ? value : NULL;
}

static json_t *get_object(struct file_object *record, const char *member) {
    json_t *value = get(record, member);
    if (value != NULL && !json_is_object(value))
        fail(record, member, "is not an object");
    return json_is_object(value) ? value : NULL;
}

static bool is_known(const char *member, const char *const *known) {
    while (*known != NULL && strcmp(*known, member) != 0)
        known++;
    return *known != NULL;
}

// The object's unknown members in a new object, which the caller owns; NULL if there are none.
static json_t *get_extra(struct file_object *record, const char *const *known) {
    refuse_truncated_names(record, record->object);
    json_t *extra = NULL;
    const char *member;
    json_t *value;
    json_object_foreach(record->object, member, value) {
        if (is_known(member, known))
            continue;
        if (extra == NULL)
            extra = json_object();
        json_object_set(extra, member, value);
    }
    return extra;
}

// An id is a number in its shortest decimal form.
static uint64_t get_number(struct file_object *record, const char *id) {
    uint64_t number = 0;
    if (!text_to_uint64(id, NUMBER_MAX, &number) || id[0] == '0')
        fail(record, "id", "is not a number");
    return number;
}

// The object's number; its id must equal the name of the member that holds it.
static uint64_t get_own_number(struct file_object *record) {
    if (strcmp(get_string(record, "id"), record->name) != 0)
        fail(record, "id", "is not the name it is kept under");
    return get_number(record, record->name);
}

// --- tasks ---

static void read_progress(struct file_object *record, struct task *task) {
    json_t *object = get_object(record, "progress");
    if (object == NULL)
        return;
    struct file_object progress = {object, "progress of task", task->id, record->err, record->has_failed};
    task->progress_label = memory_string(get_string(&progress, "label"));
    task->progress_done = get_int(&progress, "done", INT64_MIN, INT64_MAX);
    task->progress_total = get_int(&progress, "total", INT64_MIN, INT64_MAX);
    record->has_failed = progress.has_failed;
}

static void read_lanes(struct file_object *record, struct task *task) {
    const json_t *lanes = get_array(record, "lanes");
    size_t count = json_array_size(lanes);
    task->lanes = memory_new_array(count, sizeof(int64_t));
    task->lane_count = task->lane_capacity = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *lane = json_array_get(lanes, i);
        if (!json_is_integer(lane))
            fail(record, "lanes", "has something else than numbers");
        task->lanes[i] = json_integer_value(lane);
    }
}

static void read_log(struct file_object *record, struct task *task) {
    const json_t *log = get_array(record, "log");
    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *line = json_array_get(log, i);
        if (is_text(line))
            text_list_add(&task->log, json_string_value(line));
        else
            fail(record, "log", "has something else than strings");
    }
}

static bool read_task(struct state *state, struct file_object *record) {
    uint64_t number = get_own_number(record);
    if (record->has_failed)
        return false;
    struct task *task = task_create_numbered(state, number, get_string(record, "kind"), get_string(record, "summary"));
    enum task_status status = get_status(record, "status");
    task->status = status == STATUS_DEFAULT ? STATUS_DO : status;
    task->waited_status = get_status(record, "waited-status");
    task->data = json_incref(get_object(record, "data"));
    task->spawn_time = get_time(record, "spawn-time");
    task->ready_time = get_time(record, "ready-time");
    task->doing_ns = get_int(record, "doing-time", INT64_MIN, INT64_MAX);
    read_progress(record, task);
    read_lanes(record, task);
    read_log(record, task);
    if (number > state->last_task_id)
        state->last_task_id = number;
    return !record->has_failed;
}

// Reads wait-tasks only; halt-tasks are the same relation in the other direction.
static bool link_task(struct state *state, struct file_object *record, struct task *task) {
    const json_t *waits = get_array(record, "wait-tasks");
    for (size_t i = 0; i < json_array_size(waits); i++) {
        const char *id = json_string_value(json_array_get(waits, i));
        struct task *other = id != NULL ? map_get(&state->tasks_by_id, id) : NULL;
        if (other == NULL || other->change != task->change)
            return fail(record, "wait-tasks", "has one that is not in its change");
        task_array_add(&task->waits, other);
        task_array_add(&other->halts, task);
        task->blocker_count += other->status != STATUS_DONE;
    }
    static const char *const known[] = {
        "id",    "kind", "summary", "status",     "waited-status", "progress",   "data",    "wait-tasks", "halt-tasks",
        "lanes", "log",  "change",  "spawn-time", "ready-time",    "doing-time", "barrier", NULL};
    task->extra = get_extra(record, known);
    return !record->has_failed;
}

static enum barrier_side read_barrier_side(struct file_object *record) {
    const char *text = get_string(record, "barrier");
    if (text[0] == '\0')
        return BARRIER_NONE;
    if (strcmp(text, "before") != 0 && strcmp(text, "after") != 0)
        fail(record, "barrier", "is neither \"before\" nor \"after\"");
    return strcmp(text, "before") == 0 ? BARRIER_BEFORE : BARRIER_AFTER;
}

// --- changes ---

static bool read_change_tasks(struct state *state, struct file_object *record, struct change *change) {
    const json_t *ids = get_array(record, "task-ids");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        struct task *task = id != NULL ? map_get(&state->tasks_by_id, id) : NULL;
        if (task == NULL || task->change != NULL)
            return fail(record, "task-ids", "has one that is missing or taken");
        change_add_task(change, task);
    }
    return !record->has_failed;
}

static bool read_change(struct state *state, struct file_object *record) {
    static const char *const known[] = {"id",         "kind",       "summary",
                                        "status",     "data",       "task-ids",
                                        "spawn-time", "ready-time", "last-recorded-notice-status",
                                        NULL};
    uint64_t number = get_own_number(record);
    if (record->has_failed)
        return false;
    struct change *change =
        change_create_numbered(state, number, get_string(record, "kind"), get_string(record, "summary"));
    change->explicit_status = get_status(record, "status");
    change->notice_status = get_status(record, "last-recorded-notice-status");
    change->data = json_incref(get_object(record, "data"));
    change->spawn_time = get_time(record, "spawn-time");
    change->ready_time = get_time(record, "ready-time");
    change->spawned_ns = state_clock_past_ns(state, change->spawn_time);
    change->ready_ns = state_clock_past_ns(state, change->ready_time);
    if (number > state->last_change_id)
        state->last_change_id = number;
    if (!read_change_tasks(state, record, change))
        return false;
    change->extra = get_extra(record, known);
    // Later changes of status have not been announced.
    change->announced_status = change->notice_status;
    change->is_ready = status_is_ready(change_status(change));
    return !record->has_failed;
}

// --- notices ---

static void read_notice_data(struct file_object *record, struct notice *notice) {
    const char *name;
    json_t *value;
    json_t *data = get_object(record, "last-data");
    refuse_truncated_names(record, data);
    json_object_foreach(data, name, value) {
        if (!is_text(value))
            fail(record, "last-data", "has something else than strings");
        text_list_add(&notice->data_names, name);
        text_list_add(&notice->data_values, is_text(value) ? json_string_value(value) : "");
    }
}

static struct notice *read_notice(struct state *state, struct file_object *record) {
    static const char *const known[] = {"id",
                                        "user-id",
                                        "type",
                                        "key",
                                        "first-occurred",
                                        "last-occurred",
                                        "last-repeated",
                                        "occurrences",
                                        "last-data",
                                        "repeat-after",
                                        "expire-after",
                                        NULL};
    struct notice *notice = memory_new(sizeof *notice);
    notice->id = memory_string(get_string(record, "id"));
    notice->number = get_number(record, notice->id);
    notice->has_user_id = get(record, "user-id") != NULL;
    notice->user_id = (uint32_t)get_int(record, "user-id", 0, UINT32_MAX);
    notice->type = memory_string(get_string(record, "type"));
    notice->key = memory_string(get_string(record, "key"));
    notice->first_occurred = get_time(record, "first-occurred");
    notice->last_occurred = get_time(record, "last-occurred");
    notice->last_repeated = get_time(record, "last-repeated");
    notice->occurred_ns = state_clock_past_ns(state, notice->last_occurred);
    notice->repeated_ns = state_clock_past_ns(state, notice->last_repeated);
    notice->occurrences = get_int(record, "occurrences", INT64_MIN, INT64_MAX);
    notice->repeat_after_ns = get_duration(record, "repeat-after");
    notice->expire_after_ns = get_duration(record, "expire-after");
    read_notice_data(record, notice);
    notice->extra = get_extra(record, known);
    return notice;
}

static int compare_notices(const void *a, const void *b) {
    const struct notice *left = *(struct notice *const *)a, *right = *(struct notice *const *)b;
    int64_t left_ns = left->last_repeated.ns, right_ns = right->last_repeated.ns;
    if (left_ns != right_ns)
        return left_ns < right_ns ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static bool accept_notice(struct state *state, struct notice *notice) {
    if (notice->number > state->last_notice_id)
        state->last_notice_id = notice->number;
    const struct notice_spec spec = {
        .has_user_id = notice->has_user_id, .user_id = notice->user_id, .type = notice->type, .key = notice->key};
    if (map_has(&state->notices_by_id, notice->id) || notice_find(state, &spec) != NULL)
        return false;
    notice_insert(state, notice);
    return true;
}

static bool read_notices(struct state *state, json_t *list, struct error *err) {
    size_t count = json_array_size(list), read = 0;
    AUTO_FREE struct notice **notices = memory_new_array(count, sizeof(struct notice *));
    struct file_object record = {.section = "notices", .err = err};
    while (read < count && !record.has_failed) {
        record.object = json_array_get(list, read);
        record.name = json_string_value(json_object_get(record.object, "id"));
        if (record.name == NULL || !is_text(json_object_get(record.object, "id"))) {
            record.name = "";
            fail(&record, "id", "is missing");
            break;
        }
        notices[read++] = read_notice(state, &record);
    }
    qsort(notices, read, sizeof(struct notice *), compare_notices);
    int64_t now_ns = state_clock_ns(state);
    for (size_t i = 0; i < read; i++) {
        bool is_wanted = !record.has_failed && !notice_is_expired(notices[i], now_ns);
        record.name = notices[i]->id;
        if (is_wanted && accept_notice(state, notices[i]))
            continue;
        if (is_wanted)
            fail(&record, "it", "is there twice");
        notice_destroy(notices[i]);
    }
    return !record.has_failed;
}

// --- the file ---

static int compare_numbers(const void *a, const void *b) {
    const char *left = *(const char *const *)a, *right = *(const char *const *)b;
    size_t left_length = strlen(left), right_length = strlen(right);
    if (left_length != right_length)
        return left_length < right_length ? -1 : 1;
    return strcmp(left, right);
}

typedef bool (*read_record_fn)(struct state *state, struct file_object *record);

// Reads each member of a section, in the order of their numbers.
static bool read_section(struct state *state, struct file_object *top, const char *section, read_record_fn read) {
    json_t *object = get_object(top, section);
    if (top->has_failed)
        return false;
    AUTO_FREE const char **names = memory_new_array(json_object_size(object), sizeof(char *));
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) names[count++] = name;
    qsort(names, count, sizeof(char *), compare_numbers);
    for (size_t i = 0; i < count; i++) {
        struct file_object record = {json_object_get(object, names[i]), section, names[i], top->err, false};
        if (!json_is_object(record.object))
            return fail(&record, "it", "is not an object");
        if (!read(state, &record))
            return false;
    }
    return true;
}

static bool read_barrier(struct change *change, json_t *tasks, struct error *err) {
    static const enum barrier_side sides[] = {BARRIER_BEFORE, BARRIER_AFTER};
    for (size_t i = 0; i < 2 * change->tasks.count; i++) {
        struct task *task = change->tasks.items[i % change->tasks.count];
        struct file_object record = {json_object_get(tasks, task->id), "tasks", task->id, err, false};
        enum barrier_side side = read_barrier_side(&record);
        if (record.has_failed)
            return false;
        if (side == sides[i / change->tasks.count])
            change_join_barrier(change, task, side);
    }
    return true;
}

// Links tasks to those that they wait for, in the order in which they will be written.
static bool link_tasks(struct state *state, json_t *tasks, struct error *err) {
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        for (size_t i = 0; i < change->tasks.count; i++) {
            struct task *task = change->tasks.items[i];
            struct file_object record = {json_object_get(tasks, task->id), "tasks", task->id, err, false};
            if (!link_task(state, &record, task))
                return false;
        }
        if (!read_barrier(change, tasks, err))
            return false;
    }
    return true;
}

// Tasks without a change can never run. Pebble removes them when it prunes.
static void drop_unowned_tasks(struct state *state) {
    for (struct map_entry *entry = map_first(&state->tasks_by_id); entry != NULL;
         entry = map_next(&state->tasks_by_id, entry)) {
        struct task *task = entry->value;
        if (task->change != NULL)
            continue;
        map_remove(&state->tasks_by_id, task->id);
        task_destroy(task);
    }
}

static void place_tasks(struct state *state) {
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        for (size_t i = 0; i < change->tasks.count; i++)
            task_enqueue(change->tasks.items[i]);
    }
}

static bool read_objects(struct state *state, struct file_object *top) {
    if (!read_section(state, top, "tasks", read_task) || !read_section(state, top, "changes", read_change))
        return false;
    if (!link_tasks(state, get_object(top, "tasks"), top->err))
        return false;
    drop_unowned_tasks(state);
    json_t *notices = get_array(top, "notices");
    if (top->has_failed || !read_notices(state, notices, top->err))
        return false;
    notices_update_latest_warning(state);
    place_tasks(state);
    return true;
}

static uint64_t highest(struct file_object *top, const char *member, uint64_t seen) {
    uint64_t last = (uint64_t)get_int(top, member, 0, NUMBER_MAX);
    return last > seen ? last : seen;
}

static bool read_counters(struct state *state, struct file_object *top) {
    state->last_change_id = highest(top, "last-change-id", state->last_change_id);
    state->last_task_id = highest(top, "last-task-id", state->last_task_id);
    state->last_notice_id = highest(top, "last-notice-id", state->last_notice_id);
    state->last_lane_id = get_int(top, "last-lane-id", 0, NUMBER_MAX);
    return !top->has_failed;
}

// Before patch-level 2 identities were a member of the top object.
static void move_old_identities(struct state *state, struct file_object *top) {
    json_t *identities = get(top, "identities");
    if (identities != NULL && state_data(state, "identities") == NULL)
        state_set_data(state, "identities", json_incref(identities));
    json_object_del(top->object, "identities");
}

// Checks the patch-level and reads the member "data".
static bool read_data(struct state *state, struct file_object *top) {
    json_t *data = get_object(top, "data");
    if (top->has_failed)
        return false;
    struct file_object record = {data, "member", "data", top->err, false};
    int64_t level = get_int(&record, "patch-level", 0, INT64_MAX);
    int64_t sublevel = get_int(&record, "patch-sublevel", 0, INT64_MAX);
    refuse_truncated_names(&record, data);
    if (record.has_failed)
        return false;
    if (level > STATE_PATCH_LEVEL)
        return error_set(
            top->err, ERROR_BAD_REQUEST,
            "cannot downgrade: software version is too old for the current system state (patch level %lld)",
            (long long)level);
    // The start of operation from state_create() stays if the file has none.
    json_object_update(state->data, data);
    if (level < STATE_PATCH_LEVEL) {
        move_old_identities(state, top);
        state_set_data(state, "patch-level", json_integer(STATE_PATCH_LEVEL));
    }
    if (level < STATE_PATCH_LEVEL || sublevel > 0)
        state_set_data(state, "patch-sublevel", json_integer(0));
    shared_text_release(&state->data_text);
    return true;
}

static bool read_top(struct state *state, json_t *value, struct error *err) {
    static const char *const known[] = {"data",         "changes",      "tasks",          "notices", "last-change-id",
                                        "last-task-id", "last-lane-id", "last-notice-id", NULL};
    struct file_object top = {value, "the", "state", err, false};
    if (!json_is_object(value))
        return fail(&top, "it", "is not an object");
    if (!read_data(state, &top) || !read_objects(state, &top) || !read_counters(state, &top))
        return false;
    state->extra = get_extra(&top, known);
    return !top.has_failed;
}

bool state_read(struct state *state, const char *text, size_t length, struct error *err) {
    AUTO_ERROR struct error reason = {0};
    AUTO_JSON json_t *value = NULL;
    if (json_read_whole(text, length, &value, &reason) && read_top(state, value, &reason))
        return true;
    state_clear(state);
    if (!text_has_prefix(error_text(&reason), "cannot downgrade: "))
        error_prefix(&reason, "cannot read state: ");
    return error_move(err, &reason);
}
