// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_client_trust_internal.h"

#include "tls_fixture.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "watchdog.h"

static struct loop *loop;
static struct client_trust *trust;

// A wait, and how it has ended.
struct note {
    struct trust_wait wait;
    int count;
    char *message; // NULL: without an error
};

static void on_trust_loaded(struct trust_wait *wait, const struct error *err) {
    struct note *note = CONTAINER_OF(wait, struct note, wait);
    note->count++;
    assert_true(err == NULL || err->kind == ERROR_CONNECTION);
    note->message = err != NULL ? memory_string(error_text(err)) : NULL;
}

static void begin_wait(struct note *note) {
    *note = (struct note){0};
    client_trust_wait(trust, &note->wait, on_trust_loaded);
    assert_int_equal(note->count, 0);
}

static void end_wait(struct note *note) {
    while (note->count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(note->count, 1);
}

static void wait_until_loaded(void) {
    struct note note;
    begin_wait(&note);
    end_wait(&note);
    assert_null(note.message);
}

// Whether a new engine accepts the certificate of the server.
static bool accepts(struct tls_context *server) {
    struct tls_engine *engine;
    assert_true(client_trust_create_engine(trust, "one.test", &engine, NULL));
    struct pair pair = {{.engine = engine, .received = BUFFER_INIT(BUFFER_NO_LIMIT)},
                        {.received = BUFFER_INIT(BUFFER_NO_LIMIT)}};
    assert_true(tls_engine_create(server, NULL, &pair.server.engine, NULL));
    pair_run(&pair, 65536);
    bool is_good = tls_engine_is_established(engine);
    if (!is_good)
        assert_string_equal(error_text(&pair.client.err), "tls: failed to verify certificate: x509: certificate "
                                                          "signed by unknown authority");
    pair_finish(&pair);
    return is_good;
}

static int set_up(void **state UNUSED) {
    open_trust();
    if (!loop_create(&loop, NULL))
        return -1;
    watchdog_open(loop);
    loop_use_test_clock(loop);
    trust = client_trust_create(loop);
    return 0;
}

static int tear_down(void **state UNUSED) {
    client_trust_destroy(trust);
    loop_destroy(loop);
    close_trust();
    return 0;
}

// --- loading ---

static size_t count_threads(void) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list("/proc/self/task", &names, NULL));
    return names.count;
}

static void nothing_is_loaded_until_it_is_needed(void **state UNUSED) {
    size_t threads = count_threads();
    loop_run_pending(loop);
    assert_int_equal(count_threads(), threads);
    client_trust_destroy(NULL);
}

static void waits_share_a_load(void **state UNUSED) {
    struct note notes[3];
    for (size_t i = 0; i < ARRAY_COUNT(notes); i++)
        begin_wait(&notes[i]);
    for (size_t i = 0; i < ARRAY_COUNT(notes); i++) {
        end_wait(&notes[i]);
        assert_null(notes[i].message);
    }
    struct tls_context *server = make_good_server();
    assert_true(accepts(server));
    tls_context_release(server);
}

static void later_waits_end_too(void **state UNUSED) {
    wait_until_loaded();
    struct note note;
    begin_wait(&note);
    loop_run_pending(loop);
    assert_int_equal(note.count, 1);
    assert_null(note.message);
}

static void cancelled_waits_do_not_end(void **state UNUSED) {
    struct note cancelled, other;
    begin_wait(&cancelled);
    begin_wait(&other);
    client_trust_wait_cancel(&cancelled.wait);
    client_trust_wait_cancel(&cancelled.wait);
    end_wait(&other);
    begin_wait(&cancelled);
    client_trust_wait_cancel(&cancelled.wait);
    loop_run_pending(loop);
    assert_int_equal(cancelled.count, 0);
}

static void strangers_are_not_trusted(void **state UNUSED) {
    struct certificate_fixture stranger = make_authority();
    struct tls_context *server =
        make_server((struct certificate_fixture_spec){.alternative_names = "DNS:one.test", .issuer = &stranger});
    wait_until_loaded();
    assert_false(accepts(server));
    tls_context_release(server);
    fixture_finish(&stranger);
}

static void without_files_nothing_is_trusted(void **state UNUSED) {
    assert_int_equal(unlink(trust_path), 0);
    struct tls_context *server = make_good_server();
    wait_until_loaded();
    assert_false(accepts(server));
    tls_context_release(server);
}

static void failures_are_reported_and_tried_again(void **state UNUSED) {
    assert_int_equal(unlink(trust_path), 0);
    assert_int_equal(mkfifo(trust_path, 0600), 0);
    AUTO_FREE char *expected =
        memory_printf("tls: failed to verify certificate: x509: failed to load system roots and no roots provided; "
                      "open %s: not a regular file",
                      trust_path);
    struct note notes[2];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(notes); i++)
            begin_wait(&notes[i]);
        for (size_t i = 0; i < ARRAY_COUNT(notes); i++) {
            end_wait(&notes[i]);
            assert_string_equal(notes[i].message, expected);
            free(notes[i].message);
        }
    }
    trust_only(&authority);
    wait_until_loaded();
}

// --- changes of the files ---

static void wait_until_accepted(struct tls_context *server) {
    watchdog_restart("the changed files");
    while (!accepts(server))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void changed_files_are_loaded_again(void **state UNUSED) {
    struct certificate_fixture other = make_authority();
    struct tls_context *old = make_good_server();
    struct tls_context *new =
        make_server((struct certificate_fixture_spec){.alternative_names = "DNS:one.test", .issuer = &other});
    wait_until_loaded();
    trust_only(&other);
    // Too early to look again.
    loop_advance(loop, 4 * NS_PER_S);
    assert_true(accepts(old));
    loop_run_pending(loop);
    assert_false(accepts(new));
    // The engine that finds the files unchecked for too long has the old ones itself.
    loop_advance(loop, NS_PER_S);
    assert_true(accepts(old));
    wait_until_accepted(new);
    assert_false(accepts(old));
    tls_context_release(old);
    tls_context_release(new);
    fixture_finish(&other);
}

static void unreadable_files_change_nothing(void **state UNUSED) {
    struct certificate_fixture other = make_authority();
    struct tls_context *old = make_good_server();
    struct tls_context *new =
        make_server((struct certificate_fixture_spec){.alternative_names = "DNS:one.test", .issuer = &other});
    wait_until_loaded();
    assert_int_equal(unlink(trust_path), 0);
    assert_int_equal(mkfifo(trust_path, 0600), 0);
    loop_advance(loop, 5 * NS_PER_S);
    assert_true(accepts(old));
    watchdog_restart("the end of the check");
    while (count_threads() > 1) // the worker ends when it is idle
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    loop_run_pending(loop);
    assert_true(accepts(old));
    // The next check tries again.
    trust_only(&other);
    loop_advance(loop, 5 * NS_PER_S);
    wait_until_accepted(new);
    tls_context_release(old);
    tls_context_release(new);
    fixture_finish(&other);
}

// --- the end ---

static void end_waits_for_nothing(void **state UNUSED) {
    for (int i = 0; i < 30; i++) {
        struct note note;
        begin_wait(&note);
        if (i % 2 == 0)
            end_wait(&note);
        client_trust_wait_cancel(&note.wait);
        if (i % 3 == 0) {
            loop_advance(loop, 5 * NS_PER_S);
            struct tls_context *server = i % 2 == 0 ? make_good_server() : NULL;
            assert_true(server == NULL || accepts(server));
            tls_context_release(server);
        }
        client_trust_destroy(trust);
        assert_int_equal(note.count, i % 2 == 0);
        trust = client_trust_create(loop);
    }
    while (count_threads() > 1)
        (void)usleep(1000);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_loaded_until_it_is_needed),
        TEST(waits_share_a_load),
        TEST(later_waits_end_too),
        TEST(cancelled_waits_do_not_end),
        TEST(strangers_are_not_trusted),
        TEST(without_files_nothing_is_trusted),
        TEST(failures_are_reported_and_tried_again),
        TEST(changed_files_are_loaded_again),
        TEST(unreadable_files_change_nothing),
        TEST(end_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
