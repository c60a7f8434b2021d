// SPDX-License-Identifier: GPL-3.0-or-later
#include "../tls/certificate_fixture.h"
#include "identity_check.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "access/authenticator.h"
#include "base/log.h"
#include "base/text.h"

#define MANY 100

// Passwords are checked by a function that waits for the test, and notes what it was given. A password is right if it
// is the hash.
static sem_t may_check, has_begun;
static pthread_mutex_t noted_lock = PTHREAD_MUTEX_INITIALIZER;
static struct text_list noted;

static bool check_slowly(const char *hash, const char *password) {
    pthread_mutex_lock(&noted_lock);
    text_list_add(&noted, password);
    pthread_mutex_unlock(&noted_lock);
    (void)sem_post(&has_begun);
    while (sem_wait(&may_check) != 0)
        continue;
    return text_equal(hash, password);
}

static size_t noted_count(void) {
    pthread_mutex_lock(&noted_lock);
    size_t count = noted.count;
    pthread_mutex_unlock(&noted_lock);
    return count;
}

struct fixture {
    struct loop *loop;
    struct state *state;
    struct identity_store *store;
    struct authenticator *authenticator;
};

struct client {
    struct authentication authentication;
    int done_count;
};

static void fixture_begin(struct fixture *fixture) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    assert_int_equal(sem_init(&may_check, 0, 0), 0);
    assert_int_equal(sem_init(&has_begun, 0, 0), 0);
    assert_true(loop_create(&fixture->loop, NULL));
    fixture->state = state_create();
    assert_true(identity_store_create(fixture->state, &fixture->store, NULL));
    set_of("{\"ann\":{\"access\":\"admin\",\"local\":{\"user-id\":6000},\"basic\":{\"password\":\"pann\"}},"
           "\"bob\":{\"access\":\"metrics\",\"basic\":{\"password\":\"pbob\"}},"
           "\"cat\":{\"access\":\"untrusted\",\"local\":{\"user-id\":6001}},"
           "\"dan\":{\"access\":\"read\",\"basic\":{\"password\":\"pdan\"}}}",
           &set);
    assert_true(identity_store_apply(fixture->store, IDENTITY_ADD, &set, "me", NULL));
    fixture->authenticator = authenticator_create(fixture->loop, fixture->store, check_slowly);
}

static void fixture_end(struct fixture *fixture) {
    authenticator_destroy(fixture->authenticator);
    identity_store_destroy(fixture->store);
    state_destroy(fixture->state);
    loop_destroy(fixture->loop);
    text_list_clear(&noted);
    assert_int_equal(sem_destroy(&may_check), 0);
    assert_int_equal(sem_destroy(&has_begun), 0);
}

static void on_client_done(struct authentication *authentication) {
    CONTAINER_OF(authentication, struct client, authentication)->done_count++;
}

static bool begin(struct fixture *fixture, struct client *client, const struct credentials *credentials) {
    *client = (struct client){.authentication.on_done = on_client_done};
    return authenticator_begin(fixture->authenticator, &client->authentication, credentials);
}

// Over the Unix socket, as another user than those with an identity.
static bool begin_as(struct fixture *fixture, struct client *client, const char *user, const char *password) {
    const struct credentials credentials = {
        .is_local = true, .has_uid = true, .uid = 7000, .user = user, .password = password};
    return begin(fixture, client, &credentials);
}

static void await_done(struct fixture *fixture, const struct client *client) {
    while (client->done_count == 0)
        uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
}

static void let_check(size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sem_post(&may_check), 0);
}

static void await_begun(size_t count) {
    for (size_t i = 0; i < count; i++) {
        while (sem_wait(&has_begun) != 0)
            continue;
    }
}

static void assert_identity(struct client *client, enum identity_access access, const char *user, int64_t uid) {
    struct client_identity *identity = &client->authentication.identity;
    assert_int_equal(identity->access, access);
    assert_string_equal(identity->user, user);
    assert_int_equal(identity->has_uid, uid >= 0);
    if (uid >= 0)
        assert_int_equal(identity->uid, uid);
    client_identity_finish(identity);
}

static void the_uid_decides_without_a_password(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    char own[16];
    (void)snprintf(own, sizeof own, "%u", getuid());
    const struct {
        struct credentials credentials;
        enum identity_access access;
        const char *user;
        int64_t uid;
    } cases[] = {
        {{.is_local = true, .has_uid = true, .uid = 0}, IDENTITY_ADMIN, "0", 0},
        {{.is_local = true, .has_uid = true, .uid = getuid()}, IDENTITY_ADMIN, own, getuid()},
        {{.is_local = true, .has_uid = true, .uid = 7000}, IDENTITY_READ, "7000", 7000},
        {{.is_local = true, .has_uid = true, .uid = 6000}, IDENTITY_ADMIN, "ann", 6000},
        {{.is_local = true, .has_uid = true, .uid = 6001}, IDENTITY_UNTRUSTED, "cat", 6001},
        {{.is_local = true, .has_uid = true, .uid = 6001, .user = "", .password = ""}, IDENTITY_UNTRUSTED, "cat", 6001},
        {{.is_local = true}, IDENTITY_UNKNOWN, "<unknown>", -1},
        {{.is_local = false}, IDENTITY_UNKNOWN, "<unknown>", -1},
        {{.is_local = false, .has_uid = true, .uid = 6000}, IDENTITY_UNKNOWN, "<unknown>", -1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct client client;
        assert_true(begin(&fixture, &client, &cases[i].credentials));
        assert_identity(&client, cases[i].access, cases[i].user, cases[i].uid);
    }
    fixture_end(&fixture);
}

static void an_identity_takes_access_from_root(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of("{\"root\":{\"access\":\"untrusted\",\"local\":{\"user-id\":0}}}", &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    const struct credentials credentials = {.is_local = true, .has_uid = true, .uid = 0};
    struct client client;
    assert_true(begin(&fixture, &client, &credentials));
    assert_identity(&client, IDENTITY_UNTRUSTED, "root", 0);
    fixture_end(&fixture);
}

static void the_right_password_counts_instead(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct client client;
    assert_false(begin_as(&fixture, &client, "bob", "pbob"));
    loop_run_pending(fixture.loop);
    assert_int_equal(client.done_count, 0);
    let_check(1);
    await_done(&fixture, &client);
    assert_identity(&client, IDENTITY_METRICS, "bob", -1);
    assert_false(begin_as(&fixture, &client, "ann", "pann"));
    let_check(1);
    await_done(&fixture, &client);
    assert_identity(&client, IDENTITY_ADMIN, "ann", 7000);
    assert_int_equal(client.done_count, 1);
    fixture_end(&fixture);
}

static void a_wrong_password_leaves_the_default(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct credentials credentials = {
        .is_local = true, .has_uid = true, .uid = 6001, .user = "bob", .password = "wrong"};
    struct client client;
    assert_false(begin(&fixture, &client, &credentials));
    let_check(1);
    await_done(&fixture, &client);
    assert_identity(&client, IDENTITY_READ, "6001", 6001); // not the access of cat
    credentials.uid = 0;
    credentials.user = "nobody"; // such names are not checked
    assert_true(begin(&fixture, &client, &credentials));
    assert_identity(&client, IDENTITY_ADMIN, "0", 0);
    credentials.user = "cat"; // has no password
    assert_true(begin(&fixture, &client, &credentials));
    assert_identity(&client, IDENTITY_ADMIN, "0", 0);
    credentials.user = "";
    assert_true(begin(&fixture, &client, &credentials));
    assert_identity(&client, IDENTITY_ADMIN, "0", 0);
    fixture_end(&fixture);
}

static void over_tcp_only_metrics_counts(void **state UNUSED) {
    static const struct {
        const char *user, *password;
        enum identity_access access;
        const char *who;
    } cases[] = {
        {"bob", "pbob", IDENTITY_METRICS, "bob"},
        {"ann", "pann", IDENTITY_UNTRUSTED, "ann"},
        {"dan", "pdan", IDENTITY_UNTRUSTED, "dan"},
        {"dan", "pbob", IDENTITY_UNKNOWN, "<unknown>"},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct credentials credentials = {.user = cases[i].user, .password = cases[i].password};
        struct client client;
        assert_false(begin(&fixture, &client, &credentials));
        let_check(1);
        await_done(&fixture, &client);
        assert_identity(&client, cases[i].access, cases[i].who, -1);
    }
    fixture_end(&fixture);
}

static void a_long_password_is_not_checked(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *password = memory_new(1001);
    memset(password, 'x', 1000);
    struct client client;
    assert_true(begin_as(&fixture, &client, "bob", password));
    assert_identity(&client, IDENTITY_READ, "7000", 7000);
    fixture_end(&fixture);
}

// Begins as many logins as are accepted, and returns their number. The rest is refused.
static size_t flood(struct fixture *fixture, struct client *clients, const char *user) {
    size_t accepted = 0;
    for (size_t i = 0; i < MANY; i++) {
        struct client client;
        if (!begin_as(fixture, &clients[accepted], user, "wrong")) {
            accepted++;
            continue;
        }
        client = clients[accepted];
        assert_identity(&client, IDENTITY_UNKNOWN, "<unknown>", -1);
    }
    return accepted;
}

static void await_all(struct fixture *fixture, struct client *clients, size_t count) {
    for (size_t i = 0; i < count; i++) {
        await_done(fixture, &clients[i]);
        assert_int_equal(clients[i].done_count, 1);
        client_identity_finish(&clients[i].authentication.identity);
    }
}

static void a_flood_of_one_name_delays_no_other(void **state UNUSED) {
    struct fixture fixture;
    struct client clients[MANY], other, peer;
    fixture_begin(&fixture);
    size_t accepted = flood(&fixture, clients, "bob");
    assert_int_equal(accepted, 1 + AUTHENTICATOR_WAITING_OF_NAME_MAX);
    await_begun(1);
    assert_false(begin_as(&fixture, &other, "dan", "pdan"));
    await_begun(1); // runs beside the only one of bob that runs
    assert_int_equal(noted_count(), 2);
    const struct credentials root = {.is_local = true, .has_uid = true, .uid = 0};
    assert_true(begin(&fixture, &peer, &root));
    assert_identity(&peer, IDENTITY_ADMIN, "0", 0);
    let_check(accepted + 1);
    await_done(&fixture, &other);
    assert_identity(&other, IDENTITY_READ, "dan", -1);
    await_all(&fixture, clients, accepted);
    fixture_end(&fixture);
}

static void names_alternate(void **state UNUSED) {
    struct fixture fixture;
    struct client bob[MANY], dan[MANY], ann;
    fixture_begin(&fixture);
    size_t bobs = flood(&fixture, bob, "bob"), dans = flood(&fixture, dan, "dan");
    await_begun(2); // one of each
    assert_false(begin_as(&fixture, &ann, "ann", "pann"));
    let_check(1);
    while (noted_count() < 3) // the third is ann's, before those of the others that wait for longer
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    assert_string_equal(noted.items[2], "pann");
    let_check(bobs + dans);
    await_done(&fixture, &ann);
    assert_identity(&ann, IDENTITY_ADMIN, "ann", 7000);
    await_all(&fixture, bob, bobs);
    await_all(&fixture, dan, dans);
    fixture_end(&fixture);
}

static void what_waits_is_limited(void **state UNUSED) {
    struct fixture fixture;
    struct client *clients = memory_new_array(6, MANY * sizeof *clients);
    size_t counts[6], sum = 0;
    fixture_begin(&fixture);
    for (size_t i = 0; i < 6; i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        char name[] = "u0", text[80];
        name[1] = (char)('0' + i);
        (void)snprintf(text, sizeof text, "{\"%s\":{\"access\":\"read\",\"basic\":{\"password\":\"x\"}}}", name);
        set_of(text, &set);
        assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
        counts[i] = flood(&fixture, clients + i * MANY, name);
        sum += counts[i];
    }
    assert_int_equal(sum, 2 + AUTHENTICATOR_WAITING_MAX);
    let_check(sum);
    for (size_t i = 0; i < 6; i++)
        await_all(&fixture, clients + i * MANY, counts[i]);
    struct client client;
    assert_false(begin_as(&fixture, &client, "u5", "x")); // there is room again
    let_check(1);
    await_done(&fixture, &client);
    assert_identity(&client, IDENTITY_READ, "u5", -1);
    fixture_end(&fixture);
    free(clients);
}

static void a_cancelled_login_does_not_call_back(void **state UNUSED) {
    struct fixture fixture;
    struct client running, waiting, last;
    fixture_begin(&fixture);
    assert_false(begin_as(&fixture, &running, "bob", "pbob"));
    await_begun(1);
    assert_false(begin_as(&fixture, &waiting, "bob", "skipped"));
    assert_false(begin_as(&fixture, &last, "bob", "pbob"));
    authenticator_cancel(fixture.authenticator, &running.authentication);
    authenticator_cancel(fixture.authenticator, &running.authentication);
    authenticator_cancel(fixture.authenticator, &waiting.authentication);
    let_check(2);
    await_done(&fixture, &last);
    assert_identity(&last, IDENTITY_METRICS, "bob", -1);
    assert_int_equal(running.done_count + waiting.done_count, 0);
    assert_false(text_list_has(&noted, "skipped"));
    authenticator_cancel(fixture.authenticator, &last.authentication); // has ended
    fixture_end(&fixture);
}

static void a_change_during_the_check_counts(void **state UNUSED) {
    struct fixture fixture;
    struct client bob, dan;
    AUTO_IDENTITY_SET struct identity_set set = {0};
    fixture_begin(&fixture);
    assert_false(begin_as(&fixture, &bob, "bob", "pbob"));
    assert_false(begin_as(&fixture, &dan, "dan", "pdan"));
    set_of("{\"bob\":null,\"dan\":{\"access\":\"admin\",\"basic\":{\"password\":\"new\"}}}", &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_REPLACE, &set, "me", NULL));
    let_check(2);
    await_done(&fixture, &bob);
    await_done(&fixture, &dan);
    assert_identity(&bob, IDENTITY_READ, "7000", 7000);
    assert_identity(&dan, IDENTITY_READ, "7000", 7000);
    fixture_end(&fixture);
}

static void cancelled_logins_may_be_left_at_the_end(void **state UNUSED) {
    struct fixture fixture;
    struct client clients[3];
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
        assert_false(begin_as(&fixture, &clients[i], "bob", "pbob"));
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
        authenticator_cancel(fixture.authenticator, &clients[i].authentication);
    let_check(1);
    fixture_end(&fixture);
}

static void the_end_refuses_what_is_left(void **state UNUSED) {
    struct fixture fixture;
    struct client clients[4];
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
        assert_false(begin_as(&fixture, &clients[i], i == 0 ? "dan" : "bob", i == 0 ? "pdan" : "pbob"));
    let_check(2);
    authenticator_destroy(TAKE(fixture.authenticator));
    for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
        assert_int_equal(clients[i].done_count, 1);
        assert_identity(&clients[i], IDENTITY_UNKNOWN, "<unknown>", -1);
    }
    fixture_end(&fixture);
}

// --- over HTTPS ---

static struct certificate *make(struct certificate_fixture_spec spec) {
    spec.name = "client";
    struct certificate_fixture fixture = fixture_make(spec);
    struct certificate *certificate = fixture_certificate(&fixture);
    fixture_finish(&fixture);
    return certificate;
}

static void add_certificate(struct fixture *fixture, const char *name, const char *access,
                            const struct certificate *certificate) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    AUTO_JSON json_t *object = json_pack("{s:{s:s,s:{s:s}}}", name, "access", access, "cert", "pem", pem);
    assert_true(identity_set_read(object, &set, NULL) && identity_set_check(&set, NULL));
    assert_true(identity_store_apply(fixture->store, IDENTITY_ADD, &set, "me", NULL));
}

static void assert_secure(struct fixture *fixture, const struct certificate *certificate, enum identity_access access,
                          const char *user) {
    // Whatever else there is does not count.
    const struct credentials credentials = {
        .is_secure = true, .has_uid = true, .uid = 6000, .user = "ann", .password = "pann", .certificate = certificate};
    struct client client;
    assert_true(begin(fixture, &client, &credentials));
    assert_null(client.authentication.credentials.certificate);
    assert_identity(&client, access, user, -1);
}

static void a_certificate_decides_over_https(void **state UNUSED) {
    static const struct {
        const char *name;
        enum identity_access access;
    } cases[] = {{"admin", IDENTITY_ADMIN},
                 {"read", IDENTITY_READ},
                 {"metrics", IDENTITY_METRICS},
                 {"untrusted", IDENTITY_UNTRUSTED}};
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
        assert_secure(&fixture, certificate, IDENTITY_UNKNOWN, "<unknown>");
        add_certificate(&fixture, cases[i].name, cases[i].name, certificate);
        assert_secure(&fixture, certificate, cases[i].access, cases[i].name);
    }
    assert_secure(&fixture, NULL, IDENTITY_UNKNOWN, "<unknown>");
    fixture_end(&fixture);
}

static void add_line(void *data, const char *line, size_t length) {
    buffer_add(data, line, length);
}

static void a_certificate_must_be_valid_for_clients(void **state UNUSED) {
    static const struct certificate_fixture_spec specs[] = {{.to_s = -3600}, {.from_s = 3600}, {.usage = "serverAuth"}};
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(specs); i++) {
        AUTO_CERTIFICATE struct certificate *certificate = make(specs[i]);
        AUTO_FREE char *name = memory_printf("eve-%zu", i);
        AUTO_FREE char *event = memory_printf(
            "\"level\":\"WARN\",\"event\":\"authz_fail:%s\",\"description\":\"Certificate of user %s refused: "
            "x509: certificate ",
            name, name);
        AUTO_BUFFER struct buffer log = BUFFER_INIT(BUFFER_NO_LIMIT);
        log_set_sink(add_line, &log);
        assert_secure(&fixture, certificate, IDENTITY_UNKNOWN, "<unknown>");
        assert_int_equal(log.length, 0); // a stranger
        add_certificate(&fixture, name, "admin", certificate);
        assert_secure(&fixture, certificate, IDENTITY_UNKNOWN, "<unknown>");
        log_set_sink(NULL, NULL);
        assert_non_null(strstr(buffer_text(&log), event));
    }
    fixture_end(&fixture);
}

static void a_certificate_does_not_count_elsewhere(void **state UNUSED) {
    struct fixture fixture;
    struct client client;
    fixture_begin(&fixture);
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    add_certificate(&fixture, "eve", "admin", certificate);
    const struct credentials plain = {.certificate = certificate};
    assert_true(begin(&fixture, &client, &plain));
    assert_identity(&client, IDENTITY_UNKNOWN, "<unknown>", -1);
    fixture_end(&fixture);
}

static void passwords_are_hashed_by_default(void **state UNUSED) {
    struct fixture fixture;
    AUTO_IDENTITY_SET struct identity_set set = {0};
    fixture_begin(&fixture);
    authenticator_destroy(fixture.authenticator);
    fixture.authenticator = authenticator_create(fixture.loop, fixture.store, NULL);
    set_of("{\"bob\":{\"access\":\"metrics\",\"basic\":{\"password\":\"$6$orchard$SrmfnBk9niXkxCZAgo//"
           "G4TR5jCJmSsWb6dQagrrdVHDkO5NDgTMjBC7J9ri3QHm//EwpRuFWeeoUn9H/lj5B/\"}}}",
           &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_UPDATE, &set, "me", NULL));
    struct client client;
    assert_false(begin_as(&fixture, &client, "bob", "damson:gin"));
    await_done(&fixture, &client);
    assert_identity(&client, IDENTITY_METRICS, "bob", -1);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_uid_decides_without_a_password),
        cmocka_unit_test(an_identity_takes_access_from_root),
        cmocka_unit_test(the_right_password_counts_instead),
        cmocka_unit_test(a_wrong_password_leaves_the_default),
        cmocka_unit_test(over_tcp_only_metrics_counts),
        cmocka_unit_test(a_long_password_is_not_checked),
        cmocka_unit_test(a_flood_of_one_name_delays_no_other),
        cmocka_unit_test(names_alternate),
        cmocka_unit_test(what_waits_is_limited),
        cmocka_unit_test(a_cancelled_login_does_not_call_back),
        cmocka_unit_test(a_change_during_the_check_counts),
        cmocka_unit_test(cancelled_logins_may_be_left_at_the_end),
        cmocka_unit_test(the_end_refuses_what_is_left),
        cmocka_unit_test(a_certificate_decides_over_https),
        cmocka_unit_test(a_certificate_must_be_valid_for_clients),
        cmocka_unit_test(a_certificate_does_not_count_elsewhere),
        cmocka_unit_test(passwords_are_hashed_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
