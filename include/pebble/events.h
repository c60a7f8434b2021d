/* SPDX-License-Identifier: LGPL-3.0-or-later */
/*
 * libpebble: the events of a daemon, in order: restarts, custom notices, failures and recoveries of checks, changes.
 * Part of pebble.h, which includes it.
 *
 * A subscription, struct pebble_events, waits for the notices of one daemon with one request after the other, each of
 * which the daemon keeps until there is a notice. It survives lost connections and restarts of the daemon. An event
 * loop drives it as it drives a call:
 *
 *     1. Step: pebble_events_step(), again while it returns PEBBLE_EVENTS_EVENT. Each time there is one event,
 *        pebble_events_event().
 *     2. If it returns PEBBLE_EVENTS_RUNNING, wait until pebble_events_fd() has one of pebble_events_poll_events(), or
 *        pebble_events_timeout_ms() has passed. Continue with 1.
 *
 * A program that may block calls pebble_events_wait() instead. Nothing is sent before the first step.
 *
 * Which events there are:
 *
 *     A notice gives one event at most. The notices come in the order in which they were last repeated. One that is
 *     repeated before it was received is one event, for its last occurrence. One that expires, or is lost with the
 *     state of the daemon, before it was received is none.
 *
 *     A change-update notice of a change of the kind "perform-check" or "recover-check" leads to a request for the
 *     change. A perform-check in "Error" is PEBBLE_EVENT_CHECK_FAILED, a recover-check that is "Done" is
 *     PEBBLE_EVENT_CHECK_RECOVERED, each of them once for a change. If the daemon does not have the change any more it
 *     is a failure, or a recovery, too. All else is PEBBLE_EVENT_CHANGE_UPDATE.
 *
 *     A connection that cannot be opened, also because one side refuses TLS, or that breaks, a response that does not
 *     come in time, and a response with a status from 500 give PEBBLE_EVENT_CONNECTION_LOST once. Then the daemon is
 *     tried again, after retry_min_ms and then after twice the time before, up to retry_max_ms. When it responds again
 *     there is PEBBLE_EVENT_CONNECTION_BACK, then PEBBLE_EVENT_READY if it is another boot, then the notices. Those
 *     that were received before the connection was lost, but not given to the program, come after these events.
 *
 *     A daemon that restarts between two requests may be seen only as PEBBLE_EVENT_READY.
 *
 *     The position is a time of the daemon's clock. After that was set back, new notices are not given until it has
 *     passed the position again. A program that must not miss them creates a subscription without a position.
 *
 * The subscription fails with PEBBLE_ERROR_API if the daemon refuses a request (status 400 to 499), and with
 * PEBBLE_ERROR_PROTOCOL if a response is not valid or beyond a limit.
 *
 * To continue after a failure, or when the program runs again, create a subscription with the position and the boot ID
 * of the old one: store pebble_events_position_ns() and pebble_events_boot_id() each time an event has been handled.
 * Several notices may have the same time of their last repetition. The position moves with the last of them, so that a
 * program that stops between them gets those it has handled again.
 */
#ifndef PEBBLE_EVENTS_H
#define PEBBLE_EVENTS_H

#include "../pebble.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pebble_event_kinds {
    PEBBLE_EVENT_READY = 1,           /* the daemon's boot ID is not the last one that was seen. That of a daemon that
                                       * is the first process of its container is new each time it starts, that of
                                       * any other each time the system starts. */
    PEBBLE_EVENT_CUSTOM_NOTICE = 2,   /* a notice of type "custom" */
    PEBBLE_EVENT_CHECK_FAILED = 4,    /* a check has failed as often as its threshold */
    PEBBLE_EVENT_CHECK_RECOVERED = 8, /* a check that had failed has succeeded. It also comes when a check that fails
                                       * was stopped or changed, and when the daemon starts again: see
                                       * pebble_get_checks() for its status. */
    PEBBLE_EVENT_CHANGE_UPDATE = 16,  /* a notice of type "change-update" that is none of the two above, or for which
                                       * the one above is not wanted */
    PEBBLE_EVENT_CONNECTION_LOST = 32,
    PEBBLE_EVENT_CONNECTION_BACK = 64
};
enum pebble_events_flags {
    PEBBLE_EVENTS_FROM_NOW = 1 /* begin with what happens after pebble_events_create(), by the clock of this system,
                                * which has to be that of the daemon too, or in step with it. Only if after_ns is 0. */
};
struct pebble_events_options {
    size_t size;      /* sizeof(struct pebble_events_options) */
    uint64_t kinds;   /* those that are wanted, of enum pebble_event_kinds; 0: all. Notices, and changes, that none of
                       * them needs are not asked for. */
    uint64_t flags;   /* of enum pebble_events_flags */
    int64_t after_ns; /* the position to continue from; 0: begin with the oldest notice that the daemon has */
    const char *boot_id;     /* the last one that was seen; NULL: none, so that the first one is PEBBLE_EVENT_READY */
    const uint32_t *user_id; /* public notices and those of this user; only for admins. NULL: those of the caller */
    const char *users;       /* "all": those of all users; only for admins. NULL: see user_id */
    int64_t wait_ms;         /* how long the daemon keeps a request for notices, up to an hour; 0: 60,000. A
                              * subscription without events wakes the program this often. */
    int64_t response_ms;     /* how long a response may take, in addition to wait_ms, up to an hour; 0: 30,000 */
    int64_t retry_min_ms;    /* pauses before the daemon is tried again, up to an hour; 0: 100 */
    int64_t retry_max_ms;    /* not below retry_min_ms; 0: 5,000, or retry_min_ms if that is larger */
    size_t limit_bytes;      /* of a response; beyond, the subscription fails; 0: 256 MiB, which is the most */
};

/* ---- the subscription ---- */

/* It uses its client as a call does, with a connection of its own, and by the same thread. Any number of subscriptions
 * and calls may run at once. timeout_ms and get_retry_ms of the client have no effect. */
struct pebble_events;
struct pebble_event;

enum pebble_events_state {
    PEBBLE_EVENTS_RUNNING = 0, /* wait for the descriptor or the timeout, then step */
    PEBBLE_EVENTS_EVENT = 1,   /* there is an event, until the next step */
    PEBBLE_EVENTS_FAILED = 3   /* ended: see pebble_events_error(), destroy the subscription */
};

/* `options` may be NULL. Does not connect. */
bool pebble_events_create(struct pebble_client *client, const struct pebble_events_options *options,
                          struct pebble_events **events, struct pebble_error *error);
/* In any state. It may be done after the client was destroyed. */
void pebble_events_destroy(struct pebble_events *events);
/* Fails it with PEBBLE_ERROR_CANCELLED, unless it has failed. */
void pebble_events_cancel(struct pebble_events *events);

/* As pebble_call_fd(), pebble_call_poll_events() and pebble_call_timeout_ms(). */
int pebble_events_fd(const struct pebble_events *events);
short pebble_events_poll_events(const struct pebble_events *events);
int64_t pebble_events_timeout_ms(const struct pebble_events *events);
/* Does what can be done without waiting, and returns the state. */
enum pebble_events_state pebble_events_step(struct pebble_events *events);
/* Why it has failed, part of the subscription; NULL in the other states. */
const struct pebble_error *pebble_events_error(const struct pebble_events *events);

/* The blocking form: waits for the next event. *event is part of the subscription, and lasts until the next step or
 * wait; it is NULL if there was none for `timeout_ms` (-1: no limit; 0: what there is without waiting). Fails if the
 * subscription fails. If the interrupt descriptor of the client is readable it fails with PEBBLE_ERROR_CANCELLED, and
 * may be called again. */
bool pebble_events_wait(struct pebble_events *events, int64_t timeout_ms, const struct pebble_event **event,
                        struct pebble_error *error);

/* The position behind the last event, to continue from: all notices that were last repeated up to then were given to
 * the program, or are not wanted, and no later ones. In any state, also after a failure. */
int64_t pebble_events_position_ns(const struct pebble_events *events);
/* The last boot ID that was seen, or that of the options; NULL: none. In any state. It lasts until the next step. */
const char *pebble_events_boot_id(const struct pebble_events *events);

/* ---- an event ---- */

/* NULL unless the subscription is in PEBBLE_EVENTS_EVENT. */
const struct pebble_event *pebble_events_event(const struct pebble_events *events);
enum pebble_event_kinds pebble_event_kind(const struct pebble_event *event);
/* What an event has; else NULL. All last as long as the event. */
const char *pebble_event_boot_id(const struct pebble_event *event);                /* READY and CONNECTION_BACK */
const struct pebble_notice *pebble_event_notice(const struct pebble_event *event); /* those that come from a notice */
/* CHECK_FAILED and CHECK_RECOVERED; "" if the daemon does not name the check. */
const char *pebble_event_check_name(const struct pebble_event *event);
/* The change as it was when the event was made: CHECK_FAILED, CHECK_RECOVERED and CHANGE_UPDATE. NULL: the daemon has
 * removed it. */
const struct pebble_change *pebble_event_change(const struct pebble_event *event);
const struct pebble_error *pebble_event_error(const struct pebble_event *event); /* CONNECTION_LOST */

#ifdef __cplusplus
}
#endif

#endif
