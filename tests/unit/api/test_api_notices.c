// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "base/file.h"
#include "http/http_server_internal.h"

static void add(struct fixture *fixture, const uint32_t *user_id, const char *type, const char *key) {
    state_add_notice(fixture->state, &(const struct notice_spec){.has_user_id = user_id != NULL,
                                                                 .user_id = user_id != NULL ? *user_id : 0,
                                                                 .type = type,
                                                                 .key = key});
}

// One notice each of the client, of another user, and public.
static void add_three(struct fixture *fixture) {
    const uint32_t mine = getuid(), theirs = mine + 1;
    add(fixture, &mine, "custom", "a.b/mine");
    add(fixture, &theirs, "custom", "a.b/theirs");
    add(fixture, NULL, "warning", "public <one>");
}

static void assert_keys(struct fixture *fixture, const char *query, const char *expected) {
    AUTO_FREE char *path = memory_printf("/v1/notices%s", query);
    AUTO_FREE char *response = fixture_ask(fixture, "GET", path, "");
    AUTO_BUFFER struct buffer keys = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_non_null(strstr(response, "HTTP/1.1 200 "));
    for (const char *at = response; (at = strstr(at, "\"key\":\"")) != NULL;) {
        at += strlen("\"key\":\"");
        buffer_printf(&keys, "%.*s ", (int)strcspn(at, "\""), at);
    }
    if (strcmp(buffer_text(&keys), expected) != 0)
        fail_msg("%s: %s", query, buffer_text(&keys));
}

static void filters_select(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    add_three(&fixture);
    AUTO_FREE char *theirs = memory_printf("?user-id=%u", getuid() + 1);
    assert_keys(&fixture, "", "a.b/mine public \\u003cone\\u003e ");
    assert_keys(&fixture, "?users=all", "a.b/mine a.b/theirs public \\u003cone\\u003e ");
    assert_keys(&fixture, theirs, "a.b/theirs public \\u003cone\\u003e ");
    assert_keys(&fixture, "?types=custom,nonsense", "a.b/mine ");
    assert_keys(&fixture, "?types=nonsense&timeout=1h&after=never", "");
    assert_keys(&fixture, "?types=", "a.b/mine public \\u003cone\\u003e ");
    assert_keys(&fixture, "?keys=x&keys=a.b/mine,a.b/theirs", "a.b/mine ");
    assert_keys(&fixture, "?after=2999-01-01T00:00:00Z", "");
    assert_keys(&fixture, "?after=2001-01-01T00:00:00.5%2B02:00&keys=a.b/mine", "a.b/mine ");
    fixture_end(&fixture);
}

static void bad_filters_are_refused(void **unused UNUSED) {
    static const struct {
        const char *query, *message;
    } cases[] = {
        {"?users=", "invalid \\\"users\\\" filter: must be \\\"all\\\""},
        {"?users=all&user-id=1", "cannot use both \\\"users\\\" and \\\"user-id\\\" parameters"},
        {"?user-id=", "invalid \\\"user-id\\\" filter: must only include one \\\"user-id\\\""},
        {"?user-id=1,2", "must only include one"},
        {"?user-id=-01", "user ID is not a valid uint32: -1"},
        {"?user-id=4294967296", "user ID is not a valid uint32: 4294967296"},
        {"?user-id=me", "invalid \\\"user-id\\\" filter: strconv.ParseInt: parsing \\\"me\\\": invalid syntax"},
        {"?user-id=-", "strconv.ParseInt: parsing \\\"-\\\": invalid syntax"},
        {"?user-id=9223372036854775808", "strconv.ParseInt: parsing \\\"9223372036854775808\\\": value out of range"},
        {"?user-id=-9223372036854775809", "parsing \\\"-9223372036854775809\\\": value out of range"},
        {"?after=2024-05-06", "invalid \\\"after\\\" timestamp: "},
        {"?timeout=5", "invalid timeout: time: missing unit in duration \\\"5\\\""},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *request = memory_printf("GET /v1/notices%s", cases[i].query);
        assert_response(&fixture, request, "", 400, cases[i].message);
    }
    fixture_end(&fixture);
}

// "?NAME=0,1,2…" with `count` items.
static char *long_list(const char *path, const char *name, size_t count) {
    struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&request, "GET %s?timeout=1h&%s=", path, name);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&request, "%zu,", i);
    return buffer_take(&request);
}

static void the_number_of_keys_is_limited(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    add(&fixture, NULL, "custom", "999");
    AUTO_FREE char *most = long_list("/v1/notices", "keys", 1000), *more = long_list("/v1/notices", "keys", 1001);
    assert_response(&fixture, most, "", 200, "\"key\":\"999\"");
    assert_response(&fixture, more, "", 400, "cannot have more than 1000 \\\"keys\\\"");
    fixture_end(&fixture);
}

static void readers_see_their_own_and_public_ones(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *reader = memory_printf("{\"me\":{\"access\":\"read\",\"local\":{\"user-id\":%u}}}", getuid());
    fixture_add_identities(&fixture, reader);
    add_three(&fixture);
    assert_keys(&fixture, "", "a.b/mine public \\u003cone\\u003e ");
    assert_response(&fixture, "GET /v1/notices?users=all", "", 403, "only admins may use the \\\"users\\\" filter");
    assert_response(&fixture, "GET /v1/notices?user-id=x", "", 403, "only admins may use the \\\"user-id\\\" filter");
    assert_response(&fixture, "GET /v1/notices/1", "", 200, "\"key\":\"a.b/mine\"");
    assert_response(&fixture, "GET /v1/notices/2", "", 403, "not allowed to access notice with id \\\"2\\\"");
    assert_response(&fixture, "GET /v1/notices/3", "", 200, "\"user-id\":null");
    fixture_end(&fixture);
}

static void one_notice_is_shown_whole(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list values = {0};
    text_list_add(&names, "n");
    text_list_add(&values, "v");
    struct wall_time time;
    assert_true(clock_parse("2200-01-01T00:00:00.5Z", &time));
    state_add_notice(fixture.state, &(const struct notice_spec){.has_user_id = true,
                                                                .user_id = 7,
                                                                .type = "custom",
                                                                .key = "a.b/c",
                                                                .data_names = &names,
                                                                .data_values = &values,
                                                                .repeat_after_ns = 90 * 60 * NS_PER_S,
                                                                .time = time});
    assert_response(&fixture, "GET /v1/notices/1", "", 200,
                    "\"result\":{\"id\":\"1\",\"user-id\":7,\"type\":\"custom\",\"key\":\"a.b/c\","
                    "\"first-occurred\":\"2200-01-01T00:00:00.5Z\",\"last-occurred\":\"2200-01-01T00:00:00.5Z\","
                    "\"last-repeated\":\"2200-01-01T00:00:00.5Z\",\"occurrences\":1,\"last-data\":{\"n\":\"v\"},"
                    "\"repeat-after\":\"1h30m0s\",\"expire-after\":\"168h0m0s\"}");
    assert_response(&fixture, "GET /v1/notices/2", "", 404, "cannot find notice with ID \\\"2\\\"");
    fixture_end(&fixture);
}

// --- waiting ---

static void await_calls(struct fixture *fixture, size_t count) {
    while (list_count(&fixture->api->calls) != count)
        uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
}

static int wait_for(struct fixture *fixture, const char *query) {
    AUTO_FREE char *path = memory_printf("/v1/notices?timeout=1h&%s", query);
    int fd = fixture_connect(fixture);
    fixture_send(fd, "GET", path, "");
    return fd;
}

static void a_wait_ends_with_a_notice_that_matches(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    const uint32_t mine = getuid(), theirs = mine + 1;
    int by_key = wait_for(&fixture, "keys=a.b/x"), by_type = wait_for(&fixture, "types=warning");
    int by_time = wait_for(&fixture, "after=2999-01-01T00:00:00Z");
    await_calls(&fixture, 3);
    add(&fixture, &theirs, "custom", "a.b/x");
    add(&fixture, NULL, "custom", "a.b/y");
    loop_run_pending(fixture.loop);
    assert_int_equal(list_count(&fixture.api->calls), 3);
    add(&fixture, &mine, "custom", "a.b/x");
    AUTO_FREE char *keyed = fixture_receive(&fixture, by_key);
    assert_non_null(strstr(keyed, "\"result\":[{\"id\":\"3\","));
    add(&fixture, NULL, "warning", "careful");
    AUTO_FREE char *typed = fixture_receive(&fixture, by_type);
    assert_non_null(strstr(typed, "\"key\":\"careful\""));
    assert_non_null(strstr(typed, "\"latest-warning\":"));
    assert_int_equal(list_count(&fixture.api->calls), 1);
    (void)close(by_time);
    await_calls(&fixture, 0);
    fixture_end(&fixture);
}

static void keys_of_a_wait_are_counted(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *request = long_list("/v1/notices", "keys", 1000);
    int fd = fixture_connect(&fixture);
    fixture_send_with(fd, request, "", "");
    await_calls(&fixture, 1);
    size_t counted = fixture.server->connections.buffered_bytes;
    assert_true(counted > 1000 * sizeof(struct map_entry) + strlen(request));
    (void)close(fd);
    await_calls(&fixture, 0);
    fixture_end(&fixture);
}

static void a_wait_ends_with_its_time(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/notices?timeout=1ms", "", 200, "\"result\":[]");
    assert_response(&fixture, "GET /v1/notices?timeout=-1h", "", 200, "\"result\":[]");
    add(&fixture, NULL, "custom", "a.b/x");
    assert_response(&fixture, "GET /v1/notices?timeout=-1h", "", 200, "\"key\":\"a.b/x\"");
    assert_response(&fixture, "GET /v1/notices?timeout=1h", "", 200, "\"key\":\"a.b/x\"");
    fixture_end(&fixture);
}

static void a_disconnect_is_logged_as_a_bad_request(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    int fd = wait_for(&fixture, "types=custom");
    await_calls(&fixture, 1);
    (void)close(fd);
    await_calls(&fixture, 0);
    assert_non_null(strstr(buffer_text(&fixture.log), " 400 (http+unix)"));
    fixture_end(&fixture);
}

static void notices_of_one_turn_end_a_wait_together(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    int fd = wait_for(&fixture, "types=custom");
    await_calls(&fixture, 1);
    add(&fixture, NULL, "custom", "a.b/x");
    add(&fixture, NULL, "custom", "a.b/y");
    add(&fixture, NULL, "custom", "a.b/x");
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    const char *x = strstr(response, "\"key\":\"a.b/x\""), *y = strstr(response, "\"key\":\"a.b/y\"");
    assert_true(x != NULL && y != NULL && y < x);
    assert_non_null(strstr(x, "\"occurrences\":2"));
    fixture_end(&fixture);
}

static void a_wait_outlives_a_notice_that_is_removed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    int fd = wait_for(&fixture, "types=change-update");
    await_calls(&fixture, 1);
    add(&fixture, NULL, "change-update", "77");
    state_prune(fixture.state); // there is no such change
    loop_run_pending(fixture.loop);
    assert_int_equal(list_count(&fixture.api->calls), 1);
    (void)change_create(fixture.state, "start", "Start");
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_non_null(strstr(response, "\"key\":\"1\""));
    fixture_end(&fixture);
}

// --- the state file ---

static void assert_file_has(const char *path, const char *key) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(file_read(path, &text, NULL));
    if (strstr(buffer_text(&text), key) == NULL)
        fail_msg("%s is not in %s", key, buffer_text(&text));
}

static void what_a_client_sees_is_on_the_disk(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *path = path_join(fixture.folder, "state");
    struct checkpoint *checkpoint = checkpoint_create(fixture.loop, fixture.state, path);
    fixture.api->spec.checkpoint = checkpoint;

    int fd = wait_for(&fixture, "types=custom");
    await_calls(&fixture, 1);
    add(&fixture, NULL, "custom", "a.b/waited");
    AUTO_FREE char *waited = fixture_receive(&fixture, fd);
    assert_non_null(strstr(waited, "a.b/waited"));
    assert_file_has(path, "a.b/waited");

    add(&fixture, NULL, "custom", "a.b/listed");
    assert_keys(&fixture, "?keys=a.b/listed", "a.b/listed ");
    assert_file_has(path, "a.b/listed");

    add(&fixture, NULL, "custom", "a.b/single");
    assert_response(&fixture, "GET /v1/notices/3", "", 200, "a.b/single");
    assert_file_has(path, "a.b/single");

    fixture.api->spec.checkpoint = fixture.checkpoint;
    checkpoint_destroy(checkpoint);
    (void)unlink(path);
    fixture_end(&fixture);
}

static void a_disconnect_while_the_file_is_written(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *path = path_join(fixture.folder, "state");
    struct checkpoint *checkpoint = checkpoint_create(fixture.loop, fixture.state, path);
    fixture.api->spec.checkpoint = checkpoint;
    int fd = wait_for(&fixture, "types=custom");
    await_calls(&fixture, 1);
    add(&fixture, NULL, "custom", "a.b/x");
    loop_run_pending(fixture.loop);
    add(&fixture, NULL, "custom", "a.b/x"); // the wait is over
    (void)close(fd);
    await_calls(&fixture, 0);
    fixture.api->spec.checkpoint = fixture.checkpoint;
    checkpoint_destroy(checkpoint);
    (void)unlink(path);
    fixture_end(&fixture);
}

#define CROWD 200

static void half_of_the_waiting_clients_disconnect(void **unused UNUSED) {
    struct fixture fixture;
    int clients[CROWD];
    fixture_begin(&fixture);
    for (size_t i = 0; i < CROWD; i++) {
        clients[i] = wait_for(&fixture, "types=custom");
        await_calls(&fixture, i + 1);
    }
    for (size_t i = 0; i < CROWD; i += 2)
        (void)close(clients[i]);
    // Some of those that have disconnected may still be counted as waiting.
    add(&fixture, NULL, "custom", "a.b/x");
    for (size_t i = 1; i < CROWD; i += 2) {
        AUTO_FREE char *response = fixture_receive(&fixture, clients[i]);
        assert_non_null(strstr(response, "\"key\":\"a.b/x\""));
    }
    await_calls(&fixture, 0);
    assert_true(list_is_empty(&state_notice_added(fixture.state)->listeners));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_select),
        cmocka_unit_test(bad_filters_are_refused),
        cmocka_unit_test(the_number_of_keys_is_limited),
        cmocka_unit_test(keys_of_a_wait_are_counted),
        cmocka_unit_test(readers_see_their_own_and_public_ones),
        cmocka_unit_test(one_notice_is_shown_whole),
        cmocka_unit_test(a_wait_ends_with_a_notice_that_matches),
        cmocka_unit_test(a_wait_ends_with_its_time),
        cmocka_unit_test(a_disconnect_is_logged_as_a_bad_request),
        cmocka_unit_test(notices_of_one_turn_end_a_wait_together),
        cmocka_unit_test(a_wait_outlives_a_notice_that_is_removed),
        cmocka_unit_test(what_a_client_sees_is_on_the_disk),
        cmocka_unit_test(a_disconnect_while_the_file_is_written),
        cmocka_unit_test(half_of_the_waiting_clients_disconnect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
