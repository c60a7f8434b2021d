// SPDX-License-Identifier: GPL-3.0-or-later
#include "checks/check_actions_internal.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "state/change.h"

// What is to be done after a probe, or when the task has begun.
static enum check_event_kind what_waits(const struct check *check) {
    if (!list_is_empty(&check->refreshes))
        return EVENT_REFRESH;
    return check->is_due ? EVENT_DUE : EVENT_NONE;
}

// --- starting and stopping ---

enum check_event_kind action_start(struct check *check) {
    check_cancel_probe(check); // of a refresh, which is run again when the task has begun
    check_reset(check);
    check_create_change(check);
    return EVENT_NONE;
}

// After a fall or a recovery the period continues.
enum check_event_kind action_wait(struct check *check) {
    if (!timer_is_running(check->period))
        check_start_period(check, true);
    return what_waits(check);
}

static enum check_event_kind stop(struct check *check) {
    timer_stop(check->period);
    check->is_due = false;
    return what_waits(check);
}

enum check_event_kind action_stop(struct check *check) {
    check_cancel_probe(check);
    // As in Pebble. The status Abort makes an occurrence of the notice of the change.
    if (!check->manager->is_stopping)
        (void)!change_abort(task_change(check->task), NULL);
    check_finish_change(check, false, false);
    return stop(check);
}

// The task finishes when it begins, as no check has it then.
enum check_event_kind action_stop_before_begin(struct check *check) {
    check->task = NULL;
    return stop(check);
}

// --- probing ---

enum check_event_kind action_note_due(struct check *check) {
    check->is_due = true;
    return EVENT_NONE;
}

enum check_event_kind action_probe(struct check *check) {
    check->is_due = false;
    check_start_probe(check, NULL);
    return EVENT_NONE;
}

enum check_event_kind action_refresh_inactive(struct check *check) {
    check_start_probe(check, LIST_ITEM(check->refreshes.next, struct check_refresh, link));
    return EVENT_NONE;
}

enum check_event_kind action_refresh(struct check *check) {
    check->is_due = false;
    check_start_period(check, false);
    return action_refresh_inactive(check);
}

enum check_event_kind action_drop_probe(struct check *check) {
    check_cancel_probe(check);
    return what_waits(check);
}

// --- results ---

// The refresh that the probe ran for, if any, gets the result.
static void end_refresh(struct check *check) {
    struct check_refresh *refresh = TAKE(check->current);
    if (refresh == NULL)
        return;
    const struct check_info info = check_info(check);
    list_remove(&refresh->link);
    refresh->on_refreshed(&info, check->failure_text, NULL, refresh->data);
    free(refresh);
}

enum check_event_kind action_report(struct check *check) {
    end_refresh(check);
    return what_waits(check);
}

static void set_successes(struct check *check, int64_t successes) {
    check->successes = check->change_successes = successes;
}

enum check_event_kind action_count_success(struct check *check) {
    check->success_count++;
    set_successes(check, check->change_successes + 1);
    if (check->failures > 0)
        task_log_info(check->task, "succeeded after %lld failure%s", (long long)check->failures,
                      check->failures == 1 ? "" : "s");
    check->failures = 0;
    return action_report(check);
}

static void count_failure(struct check *check) {
    check->failure_count++;
    check->failures++;
    set_successes(check, check->change_successes); // without that of a recovery
    log_notice("Check %s failure %lld/%lld: %s", check->quoted_name, (long long)check->failures,
               (long long)check->config->threshold, check->failure_message);
}

enum check_event_kind action_count_failure(struct check *check) {
    count_failure(check);
    task_log_error(check->task, "%s", check->failure_text);
    return action_report(check);
}

static void change_over(struct check *check, bool has_failed) {
    AUTO_FREE char *id = memory_string(check_info(check).change_id);
    check_finish_change(check, has_failed, true);
    free(check->prev_change_id);
    check->prev_change_id = TAKE(id);
    if (!check_is_down(check))
        check->change_successes = 0; // perform-check begins at 0, recover-check goes on
    check_create_change(check);
}

enum check_event_kind action_fall(struct check *check) {
    count_failure(check);
    log_notice("Check %s threshold %lld hit, triggering action and recovering", check->quoted_name,
               (long long)check->config->threshold);
    change_over(check, true);
    check_fell(check);
    end_refresh(check);
    return EVENT_NONE;
}

enum check_event_kind action_recover(struct check *check) {
    check->success_count++;
    set_successes(check, 1);
    check->failures = 0;
    change_over(check, false);
    end_refresh(check);
    return EVENT_NONE;
}
