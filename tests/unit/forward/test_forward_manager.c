// SPDX-License-Identifier: GPL-3.0-or-later
// Targets of plans, with UDP sockets as their peers: what is sent can be read at once. Time is virtual.
#include "sender_fixture.h"

#include "forward/forward_manager.h"
#include "logs/log_store.h"

static struct forward_manager *manager;
static struct log_store *logs;
static int first, second; // peers
static uint16_t first_port, second_port;
static int stopped;

static int set_up(void **state) {
    (void)set_up_senders(state);
    loop_use_test_clock(loop);
    logs = log_store_create();
    spec.logs = logs;
    first = bind_socket(SOCK_DGRAM, &first_port);
    second = bind_socket(SOCK_DGRAM, &second_port);
    manager = forward_manager_create(&spec);
    stopped = 0;
    return 0;
}

static int tear_down(void **state) {
    forward_manager_destroy(manager);
    log_store_destroy(logs);
    (void)close(first);
    (void)close(second);
    return tear_down_senders(state);
}

// Sets a plan with the services lark (BAND=7) and finch, and these targets.
static void set_plan(const char *targets) {
    AUTO_ERROR struct error err = {0};
    AUTO_LAYERS struct layer_list layers = {0};
    struct layer *layer = NULL;
    struct plan *plan = NULL;
    AUTO_FREE char *text = memory_printf("services:\n"
                                         "    lark: {override: replace, command: x, environment: {BAND: '7'}}\n"
                                         "    finch: {override: replace, command: x}\n"
                                         "log-targets: {%s}\n",
                                         targets);
    assert_true(layer_parse(1, "l", text, strlen(text), &layer, &err));
    layers_add(&layers, layer);
    assert_true(plan_combine(&layers, &plan, &err));
    forward_manager_set_plan(manager, plan);
    plan_release(plan);
    loop_run_pending(loop);
}

static char *target(const char *name, uint16_t port, const char *services, const char *labels) {
    return memory_printf("%s: {override: replace, type: syslog, location: 'udp://127.0.0.1:%u', services: [%s], "
                         "labels: {%s}}",
                         name, port, services, labels);
}

static void set_one(uint16_t port, const char *services, const char *labels) {
    AUTO_FREE char *text = target("one", port, services, labels);
    set_plan(text);
}

static void say(const char *service, const char *line) {
    AUTO_FREE char *text = memory_printf("%s\n", line);
    ring_append(log_store_open(logs, service), text, strlen(text), NS_PER_MS);
    loop_run_pending(loop);
}

static void pass_time(void) {
    loop_advance(loop, NS_PER_S);
    loop_run_pending(loop);
}

// The texts that the peer has received, each with a "|".
static void assert_receives(int peer, const char *expected) {
    AUTO_BUFFER struct buffer all = BUFFER_INIT(BUFFER_NO_LIMIT);
    char text[512];
    ssize_t length;
    while ((length = recv(peer, text, sizeof text - 1, 0)) >= 0) {
        text[length] = '\0';
        buffer_printf(&all, "%s|", strstr(text, "[pebble@28978") + strlen("[pebble@28978"));
    }
    assert_string_equal(buffer_text(&all), expected);
}

static void services_are_forwarded_whenever_they_begin(void **state UNUSED) {
    say("lark", "before");
    set_one(first_port, "lark", "band: $BAND");
    say("lark", "a");
    say("finch", "not selected");
    pass_time();
    assert_receives(first, " band=\"7\"] before| band=\"7\"] a|");
    set_one(first_port, "all", "");
    pass_time();
    assert_receives(first, "] not selected|");
    say("wren", "not in the plan");
    pass_time();
    assert_receives(first, "] not in the plan|");
}

static void an_added_target_changes_nothing_for_others(void **state UNUSED) {
    set_one(first_port, "all", "");
    say("lark", "a");
    pass_time();
    assert_receives(first, "] a|");
    AUTO_FREE char *one = target("one", first_port, "all", "");
    AUTO_FREE char *two = target("two", second_port, "all", "");
    AUTO_FREE char *both = memory_printf("%s, %s", one, two);
    set_plan(both);
    say("lark", "b");
    pass_time();
    assert_receives(first, "] b|");
    assert_receives(second, "] a|] b|");
}

static void labels_follow_the_plan(void **state UNUSED) {
    set_one(first_port, "all", "a: '1'");
    say("lark", "before");
    set_one(first_port, "all", "a: '2'"); // sends what was gathered at once
    assert_receives(first, " a=\"1\"] before|");
    say("lark", "after");
    pass_time();
    assert_receives(first, " a=\"2\"] after|");
}

static void another_location_begins_anew(void **state UNUSED) {
    set_one(first_port, "all", "");
    say("lark", "a");
    set_one(second_port, "all", "");
    assert_receives(first, "] a|");
    say("lark", "b");
    pass_time();
    assert_receives(first, "");
    assert_receives(second, "] a|] b|");
}

static void what_was_gathered_is_sent_though_it_is_dropped(void **state UNUSED) {
    set_one(first_port, "all", "");
    say("lark", "a");
    set_one(first_port, "all, -lark", "");
    say("lark", "b");
    pass_time();
    assert_receives(first, "] a|");
    say("finch", "c");
    set_plan("");
    say("finch", "d");
    pass_time();
    assert_receives(first, "] c|");
}

// --- the end ---

// A connection to it is established, and nobody responds.
static int listen_only(uint16_t *port) {
    int fd = bind_socket(SOCK_STREAM, port);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void set_hanging(uint16_t port, int number) {
    AUTO_FREE char *text = memory_printf(
        "one: {override: replace, type: loki, location: 'http://127.0.0.1:%u/%d', services: [all]}", port, number);
    set_plan(text);
}

static void on_manager_stopped(void *data UNUSED) {
    stopped++;
}

static void stopping_sends_the_rest(void **state UNUSED) {
    set_one(first_port, "all", "");
    for (int i = 0; i < 3; i++)
        say("lark", "x");
    forward_manager_stop(manager, NS_PER_S, on_manager_stopped, NULL);
    assert_int_equal(stopped, 0);
    loop_run_pending(loop);
    assert_int_equal(stopped, 1);
    assert_receives(first, "] x|] x|] x|");
    pass_time();
    assert_int_equal(stopped, 1);
}

static void stopping_without_targets_is_done_at_once(void **state UNUSED) {
    set_plan("");
    forward_manager_stop(manager, NS_PER_S, on_manager_stopped, NULL);
    assert_int_equal(stopped, 0);
    loop_run_pending(loop);
    assert_int_equal(stopped, 1);
}

static void stopping_is_bounded(void **state UNUSED) {
    uint16_t port;
    int listener = listen_only(&port);
    set_hanging(port, 0);
    say("lark", "x");
    forward_manager_stop(manager, 3 * NS_PER_S, on_manager_stopped, NULL);
    loop_advance(loop, 3 * NS_PER_S - NS_PER_MS);
    assert_int_equal(stopped, 0);
    loop_advance(loop, NS_PER_MS);
    loop_run_pending(loop);
    assert_int_equal(stopped, 1);
    (void)close(listener);
}

// --- targets that hang ---

// The number of connections that the targets have not closed.
static int connections_to(int listener) {
    int open = 0;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        char bytes[4096];
        ssize_t length;
        while ((length = recv(fd, bytes, sizeof bytes, 0)) > 0)
            ;
        open += length < 0 && errno == EAGAIN ? 1 : 0;
        (void)close(fd);
    }
    return open;
}

static void targets_that_end_are_bounded(void **state UNUSED) {
    uint16_t port;
    int listener = listen_only(&port);
    say("lark", "x");
    for (int i = 0; i < 40; i++)
        set_hanging(port, i);
    set_plan("");
    for (int i = 0; i < 40; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_true(connections_to(listener) <= 16);
    (void)close(listener);
}

static void targets_that_end_are_waited_for(void **state UNUSED) {
    uint16_t port;
    int listener = listen_only(&port);
    say("lark", "x");
    set_hanging(port, 0);
    set_plan("");
    forward_manager_stop(manager, 3 * NS_PER_S, on_manager_stopped, NULL);
    loop_run_pending(loop);
    assert_int_equal(stopped, 0);
    int fd = accept_connection(listener);
    AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    receive_until(fd, "]}]}", &request);
    static const char response[] = "HTTP/1.1 204 No Content\r\n\r\n";
    assert_int_equal(write(fd, response, strlen(response)), (ssize_t)strlen(response));
    while (stopped == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    (void)close(fd);
    (void)close(listener);
}

// --- the list ---

static void show(const struct log_target_info *info, void *data) {
    buffer_printf(data, "%s %s %s %d %d %d '%s' %s|", info->name, info->type, info->location, (int)info->pending,
                  (int)info->sent, (int)info->dropped, info->last_error, info->retry_at_ns != 0 ? "retry" : "-");
}

static void targets_are_listed(void **state UNUSED) {
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *one = target("one", first_port, "all", "");
    AUTO_FREE char *both = memory_printf(
        "two: {override: replace, type: loki, location: 'ftp://user:secret@h/x', services: [lark]}, %s", one);
    set_plan(both);
    say("lark", "a");
    say("lark", "b");
    pass_time();
    say("finch", "c");
    forward_manager_list(manager, show, &shown);
    AUTO_FREE char *expected = memory_printf("one syslog udp://127.0.0.1:%u 1 2 0 '' -|two loki ftp://h/x 2 0 0 'Post "
                                             "\"ftp://user:***@h/x\": unsupported protocol scheme \"ftp\"' retry|",
                                             first_port);
    assert_string_equal(buffer_text(&shown), expected);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(services_are_forwarded_whenever_they_begin),
        TEST(an_added_target_changes_nothing_for_others),
        TEST(labels_follow_the_plan),
        TEST(another_location_begins_anew),
        TEST(what_was_gathered_is_sent_though_it_is_dropped),
        TEST(stopping_sends_the_rest),
        TEST(stopping_without_targets_is_done_at_once),
        TEST(stopping_is_bounded),
        TEST(targets_that_end_are_bounded),
        TEST(targets_that_end_are_waited_for),
        TEST(targets_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
