// SPDX-License-Identifier: GPL-3.0-or-later
// The text of the state file, in pieces. Each object caches its own, which is created again only after a modification.
// The format is Pebble's, empty members are left out as Pebble does. Declared in state/state_file_internal.h.
#include "state/state_file_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/json.h"
#include "state/change_internal.h"
#include "state/notice_internal.h"

static void write_time(struct json_writer *writer, const char *key, struct wall_time time) {
    char text[CLOCK_TEXT_SIZE];
    clock_format(time, text);
    json_writer_member_string(writer, key, text);
}

static void write_time_if_set(struct json_writer *writer, const char *key, struct wall_time time) {
    if (time.is_set)
        write_time(writer, key, time);
}

static void write_value(struct json_writer *writer, const char *key, const json_t *value) {
    if (json_object_size(value) == 0)
        return;
    json_writer_key(writer, key);
    json_writer_value(writer, value);
}

// Unknown members that were read.
static void write_extra(struct json_writer *writer, json_t *extra) {
    const char *key;
    json_t *value;
    json_object_foreach(extra, key, value) {
        json_writer_key(writer, key);
        json_writer_value(writer, value);
    }
}

static void write_ids(struct json_writer *writer, const char *key, const struct task_array *tasks) {
    if (tasks->count == 0)
        return;
    json_writer_key(writer, key);
    json_writer_begin_array(writer);
    for (size_t i = 0; i < tasks->count; i++)
        json_writer_string(writer, tasks->items[i]->id);
    json_writer_end_array(writer);
}

static void write_change(struct json_writer *writer, const struct change *change) {
    json_writer_member_string(writer, "id", change->id);
    json_writer_member_string(writer, "kind", change->kind);
    json_writer_member_string(writer, "summary", change->summary);
    json_writer_member_int(writer, "status", change->explicit_status);
    write_value(writer, "data", change->data);
    write_ids(writer, "task-ids", &change->tasks);
    write_time(writer, "spawn-time", change->spawn_time);
    write_time_if_set(writer, "ready-time", change->ready_time);
    if (change->notice_status != STATUS_DEFAULT)
        json_writer_member_int(writer, "last-recorded-notice-status", change->notice_status);
    write_extra(writer, change->extra);
}

static void write_lanes(struct json_writer *writer, const struct task *task) {
    if (task->lane_count == 0)
        return;
    json_writer_key(writer, "lanes");
    json_writer_begin_array(writer);
    for (size_t i = 0; i < task->lane_count; i++)
        json_writer_int(writer, task->lanes[i]);
    json_writer_end_array(writer);
}

static void write_progress(struct json_writer *writer, const struct task *task) {
    if (task->progress_label == NULL)
        return;
    json_writer_key(writer, "progress");
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "label", task->progress_label);
    json_writer_member_int(writer, "done", task->progress_done);
    json_writer_member_int(writer, "total", task->progress_total);
    json_writer_end_object(writer);
}

static void write_task(struct json_writer *writer, const struct task *task) {
    json_writer_member_string(writer, "id", task->id);
    json_writer_member_string(writer, "kind", task->kind);
    json_writer_member_string(writer, "summary", task->summary);
    json_writer_member_int(writer, "status", task->status == STATUS_DO ? STATUS_DEFAULT : task->status);
    json_writer_member_int(writer, "waited-status", task->waited_status);
    write_progress(writer, task);
    write_value(writer, "data", task->data);
    write_ids(writer, "wait-tasks", &task->waits);
    write_ids(writer, "halt-tasks", &task->halts);
    if (task->barrier_side != BARRIER_NONE)
        json_writer_member_string(writer, "barrier", task->barrier_side == BARRIER_BEFORE ? "before" : "after");
    write_lanes(writer, task);
    if (task->log.count > 0)
        json_writer_member_strings(writer, "log", &task->log);
    json_writer_member_string(writer, "change", task->change->id);
    write_time(writer, "spawn-time", task->spawn_time);
    write_time_if_set(writer, "ready-time", task->ready_time);
    if (task->doing_ns != 0)
        json_writer_member_int(writer, "doing-time", task->doing_ns);
    write_extra(writer, task->extra);
}

static void write_duration(struct json_writer *writer, const char *key, int64_t duration_ns) {
    if (duration_ns == 0)
        return;
    char text[DURATION_TEXT_SIZE];
    duration_format(duration_ns, text);
    json_writer_member_string(writer, key, text);
}

static void write_notice(struct json_writer *writer, const struct notice *notice) {
    json_writer_member_string(writer, "id", notice->id);
    json_writer_key(writer, "user-id");
    if (notice->has_user_id)
        json_writer_int(writer, notice->user_id);
    else
        json_writer_null(writer);
    json_writer_member_string(writer, "type", notice->type);
    json_writer_member_string(writer, "key", notice->key);
    write_time(writer, "first-occurred", notice->first_occurred);
    write_time(writer, "last-occurred", notice->last_occurred);
    write_time(writer, "last-repeated", notice->last_repeated);
    json_writer_member_int(writer, "occurrences", notice->occurrences);
    if (notice->data_names.count > 0) {
        json_writer_key(writer, "last-data");
        json_writer_begin_object(writer);
        for (size_t i = 0; i < notice->data_names.count; i++)
            json_writer_member_string(writer, notice->data_names.items[i], notice->data_values.items[i]);
        json_writer_end_object(writer);
    }
    write_duration(writer, "repeat-after", notice->repeat_after_ns);
    write_duration(writer, "expire-after", notice->expire_after_ns);
    write_extra(writer, notice->extra);
}

// --- cached texts, each of which begins with the comma that separates it from the previous one ---

static void begin_text(struct json_writer *writer, struct buffer *scratch, const char *id) {
    buffer_clear(scratch);
    json_writer_init(writer, scratch, false);
    buffer_add_char(scratch, ',');
    if (id != NULL)
        json_writer_key(writer, id);
    json_writer_begin_object(writer);
}

static struct shared_text *change_text(struct change *change, struct buffer *scratch) {
    if (change->text == NULL) {
        struct json_writer writer;
        begin_text(&writer, scratch, change->id);
        write_change(&writer, change);
        json_writer_end_object(&writer);
        change->text = shared_text_create(scratch);
    }
    return change->text;
}

static struct shared_text *task_text(struct task *task, struct buffer *scratch) {
    if (task->text == NULL) {
        struct json_writer writer;
        begin_text(&writer, scratch, task->id);
        write_task(&writer, task);
        json_writer_end_object(&writer);
        task->text = shared_text_create(scratch);
    }
    return task->text;
}

static struct shared_text *notice_text(struct notice *notice, struct buffer *scratch) {
    if (notice->text == NULL) {
        struct json_writer writer;
        begin_text(&writer, scratch, NULL);
        write_notice(&writer, notice);
        json_writer_end_object(&writer);
        notice->text = shared_text_create(scratch);
    }
    return notice->text;
}

static struct shared_text *data_text(struct state *state, struct buffer *scratch) {
    if (state->data_text == NULL) {
        struct json_writer writer;
        buffer_clear(scratch);
        json_writer_init(&writer, scratch, false);
        json_writer_value(&writer, state->data);
        state->data_text = shared_text_create(scratch);
    }
    return state->data_text;
}

static struct shared_text *tail_text(const struct state *state, struct buffer *scratch) {
    buffer_clear(scratch);
    struct json_writer writer;
    json_writer_init(&writer, scratch, false);
    writer.needs_comma = true;
    json_writer_member_int(&writer, "last-change-id", (int64_t)state->last_change_id);
    json_writer_member_int(&writer, "last-task-id", (int64_t)state->last_task_id);
    json_writer_member_int(&writer, "last-lane-id", state->last_lane_id);
    json_writer_member_int(&writer, "last-notice-id", (int64_t)state->last_notice_id);
    write_extra(&writer, state->extra);
    json_writer_end_object(&writer);
    return shared_text_create(scratch);
}

// --- the file ---

static void add_words(struct snapshot *snapshot, const char *words) {
    // writev() does not write to the text, but struct iovec has no const pointer.
    snapshot->pieces[snapshot->count++] = (struct iovec){(void *)(uintptr_t)words, strlen(words)};
}

// Takes ownership of the caller's reference. The first piece of a collection is added without its comma.
static void add_piece(struct snapshot *snapshot, struct shared_text *piece, bool is_first) {
    snapshot->held[snapshot->held_count++] = piece;
    snapshot->bytes += piece->length - is_first;
    snapshot->pieces[snapshot->count++] = (struct iovec){piece->text + is_first, piece->length - is_first};
}

static void add_changes(struct state *state, struct snapshot *snapshot, struct buffer *scratch) {
    bool is_first = true;
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        add_piece(snapshot, shared_text_hold(change_text(change, scratch)), is_first);
        is_first = false;
    }
}

static void add_tasks(struct state *state, struct snapshot *snapshot, struct buffer *scratch) {
    bool is_first = true;
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        for (size_t i = 0; i < change->tasks.count; i++) {
            add_piece(snapshot, shared_text_hold(task_text(change->tasks.items[i], scratch)), is_first);
            is_first = false;
        }
    }
}

static void add_notices(struct state *state, struct snapshot *snapshot, struct buffer *scratch) {
    int64_t now_ns = state_clock_ns(state);
    bool is_first = true;
    struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link) {
        if (notice_is_expired(notice, now_ns))
            continue;
        if (is_first)
            add_words(snapshot, ",\"notices\":[");
        add_piece(snapshot, shared_text_hold(notice_text(notice, scratch)), is_first);
        is_first = false;
    }
    if (!is_first)
        add_words(snapshot, "]");
}

void snapshot_take(struct state *state, struct snapshot *snapshot) {
    const size_t others = 8; // data, tail, and the text between
    size_t most = state->changes_by_id.count + state->tasks_by_id.count + state->notices_by_key.count + others;
    *snapshot = (struct snapshot){.pieces = memory_new_array(most, sizeof(struct iovec)),
                                  .held = memory_new_array(most, sizeof(struct shared_text *))};
    AUTO_BUFFER struct buffer scratch = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_words(snapshot, "{\"data\":");
    add_piece(snapshot, shared_text_hold(data_text(state, &scratch)), false);
    add_words(snapshot, ",\"changes\":{");
    add_changes(state, snapshot, &scratch);
    add_words(snapshot, "},\"tasks\":{");
    add_tasks(state, snapshot, &scratch);
    add_words(snapshot, "}");
    add_notices(state, snapshot, &scratch);
    add_piece(snapshot, tail_text(state, &scratch), false);
    state->file_bytes = snapshot->bytes;
}

void snapshot_finish(struct snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->held_count; i++)
        shared_text_release(&snapshot->held[i]);
    free(snapshot->held);
    free(snapshot->pieces);
    *snapshot = (struct snapshot){0};
}
