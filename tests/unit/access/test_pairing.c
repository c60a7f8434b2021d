// SPDX-License-Identifier: GPL-3.0-or-later
#include "../tls/certificate_fixture.h"
#include "identity_check.h"

#include "access/pairing.h"
#include "base/clock.h"
#include "base/log.h"

#define MINUTE_NS (60 * NS_PER_S)
#define DISABLED "cannot enable pairing with pairing mode disabled"
#define ALREADY "cannot enable pairing when already paired in 'single' pairing mode"

struct fixture {
    struct loop *loop;
    struct state *state;
    struct identity_store *store;
    struct pairing *pairing;
    struct buffer log;
};

static void add_line(void *data, const char *line, size_t length) {
    buffer_add(data, line, length);
}

static void fixture_begin(struct fixture *fixture, enum pairing_mode mode) {
    *fixture = (struct fixture){.log = BUFFER_INIT(BUFFER_NO_LIMIT), .state = state_create()};
    assert_true(loop_create(&fixture->loop, NULL));
    loop_use_test_clock(fixture->loop);
    assert_true(identity_store_create(fixture->state, &fixture->store, NULL));
    fixture->pairing = pairing_create(fixture->loop, fixture->state, fixture->store);
    pairing_set_mode(fixture->pairing, mode);
    log_set_sink(add_line, &fixture->log);
}

static void fixture_end(struct fixture *fixture) {
    log_set_sink(NULL, NULL);
    pairing_destroy(fixture->pairing);
    identity_store_destroy(fixture->store);
    state_destroy(fixture->state);
    loop_destroy(fixture->loop);
    buffer_finish(&fixture->log);
}

// As the next start of the daemon does.
static void fixture_restart(struct fixture *fixture, enum pairing_mode mode) {
    pairing_destroy(fixture->pairing);
    fixture->pairing = pairing_create(fixture->loop, fixture->state, fixture->store);
    pairing_set_mode(fixture->pairing, mode);
}

static void opens(const struct fixture *fixture) {
    AUTO_ERROR struct error err = {0};
    if (!pairing_open(fixture->pairing, MINUTE_NS, &err))
        fail_msg("%s", error_text(&err));
    assert_true(pairing_is_open(fixture->pairing));
}

static void refuses_to_open(const struct fixture *fixture, const char *message) {
    AUTO_ERROR struct error err = {0};
    assert_false(pairing_open(fixture->pairing, MINUTE_NS, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_false(pairing_is_open(fixture->pairing));
}

static struct certificate *make(struct certificate_fixture_spec spec) {
    spec.name = "client";
    struct certificate_fixture fixture = fixture_make(spec);
    struct certificate *certificate = fixture_certificate(&fixture);
    fixture_finish(&fixture);
    return certificate;
}

static void pairs(const struct fixture *fixture, const struct certificate *certificate) {
    AUTO_ERROR struct error err = {0};
    if (!pairing_pair(fixture->pairing, certificate, &err))
        fail_msg("%s", error_text(&err));
    assert_false(pairing_is_open(fixture->pairing));
}

static void refuses_to_pair(const struct fixture *fixture, const struct certificate *certificate, const char *message) {
    AUTO_ERROR struct error err = {0};
    assert_false(pairing_pair(fixture->pairing, certificate, &err));
    assert_non_null(strstr(error_text(&err), message));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_false(pairing_is_open(fixture->pairing));
}

static void pairs_a_new_client(const struct fixture *fixture) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    opens(fixture);
    pairs(fixture, certificate);
}

static void assert_details(const struct fixture *fixture, const char *expected) {
    AUTO_FREE char *text = json_dumps(state_data(fixture->state, "pairing-details"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
}

static void the_mode_decides(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_UNSET);
    refuses_to_open(&fixture, DISABLED);
    pairing_set_mode(fixture.pairing, PAIRING_DISABLED);
    refuses_to_open(&fixture, DISABLED);
    pairing_set_mode(fixture.pairing, PAIRING_SINGLE);
    opens(&fixture);
    pairing_set_mode(fixture.pairing, PAIRING_SINGLE);
    assert_true(pairing_is_open(fixture.pairing));
    pairing_set_mode(fixture.pairing, PAIRING_MULTIPLE);
    assert_false(pairing_is_open(fixture.pairing));
    opens(&fixture);
    pairing_set_mode(fixture.pairing, PAIRING_UNSET);
    assert_false(pairing_is_open(fixture.pairing));
    fixture_end(&fixture);
}

static void the_window_closes(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_MULTIPLE);
    assert_false(pairing_is_open(fixture.pairing));
    opens(&fixture);
    loop_advance(fixture.loop, MINUTE_NS - NS_PER_S);
    opens(&fixture); // begins again
    loop_advance(fixture.loop, MINUTE_NS - NS_PER_S);
    assert_true(pairing_is_open(fixture.pairing));
    loop_advance(fixture.loop, NS_PER_S);
    assert_false(pairing_is_open(fixture.pairing));
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    refuses_to_pair(&fixture, certificate, "pairing window is closed");
    assert_int_equal(fixture.log.length, 0);
    fixture_end(&fixture);
}

static void a_client_becomes_an_administrator(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_SINGLE);
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){.usage = "clientAuth"});
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    opens(&fixture);
    pairs(&fixture, certificate);
    const struct identity *paired = identity_store_find_certificate(fixture.store, pem);
    assert_non_null(paired);
    assert_string_equal(paired->name, "user-1");
    assert_int_equal(paired->access, IDENTITY_ADMIN);
    assert_false(paired->is_local);
    assert_null(paired->password);
    assert_non_null(json_object_get(state_data(fixture.state, "identities"), "user-1"));
    assert_details(&fixture, "{\"paired\":true}");
    assert_non_null(strstr(buffer_text(&fixture.log), "\"event\":\"user_created:<unknown>,user-1,admin\""));
    refuses_to_open(&fixture, ALREADY);
    fixture_restart(&fixture, PAIRING_SINGLE);
    refuses_to_open(&fixture, ALREADY);
    fixture_restart(&fixture, PAIRING_MULTIPLE);
    opens(&fixture);
    fixture_end(&fixture);
}

static void a_known_certificate_is_not_added_again(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_MULTIPLE);
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    opens(&fixture);
    pairs(&fixture, certificate);
    opens(&fixture);
    state_set_data(fixture.state, "pairing-details", json_null());
    pairs(&fixture, certificate);
    assert_non_null(identity_store_find(fixture.store, "user-1"));
    assert_null(identity_store_find(fixture.store, "user-2"));
    assert_details(&fixture, "{\"paired\":true}");
    fixture_end(&fixture);
}

static void names_are_counted(void **state UNUSED) {
    struct fixture fixture;
    AUTO_IDENTITY_SET struct identity_set set = {0};
    fixture_begin(&fixture, PAIRING_MULTIPLE);
    set_of("{\"user-2\":{\"access\":\"read\",\"local\":{\"user-id\":5}}}", &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    pairs_a_new_client(&fixture);
    pairs_a_new_client(&fixture);
    assert_non_null(identity_store_find(fixture.store, "user-1"));
    assert_false(identity_store_find(fixture.store, "user-2")->access == IDENTITY_ADMIN);
    assert_non_null(identity_store_find(fixture.store, "user-3"));
    fixture_end(&fixture);
}

static void names_are_limited(void **state UNUSED) {
    struct fixture fixture;
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 1; i <= PAIRING_USERS_MAX; i++) {
        if (i != 1000)
            buffer_printf(&text, "%s\"user-%d\":{\"access\":\"read\",\"local\":{\"user-id\":%d}}", i == 1 ? "{" : ",",
                          i, i);
    }
    buffer_add_string(&text, "}");
    fixture_begin(&fixture, PAIRING_MULTIPLE);
    set_of(buffer_text(&text), &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    pairs_a_new_client(&fixture);
    assert_non_null(identity_store_find(fixture.store, "user-1000"));
    opens(&fixture);
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    refuses_to_pair(&fixture, certificate, "cannot create new identity username: user allocation limit 1000 reached");
    fixture_end(&fixture);
}

static void other_certificates_are_refused(void **state UNUSED) {
    struct certificate_fixture issuer = fixture_make((struct certificate_fixture_spec){.name = "client"});
    const struct {
        struct certificate_fixture_spec spec;
        const char *reason;
    } cases[] = {
        {{.to_s = -3600}, "x509: certificate has expired or is not yet valid: current time "},
        {{.from_s = 3600}, "x509: certificate has expired or is not yet valid: current time "},
        {{.usage = "serverAuth"}, "x509: certificate specifies an incompatible key usage"},
        {{.issuer = &issuer}, "x509: certificate signed by unknown authority"},
    };
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_SINGLE);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_CERTIFICATE struct certificate *certificate = make(cases[i].spec);
        AUTO_FREE char *message = memory_printf("cannot verify client certificate signature: %s", cases[i].reason);
        AUTO_FREE char *event = memory_printf(
            "\"level\":\"WARN\",\"event\":\"authz_fail:<unknown>\",\"description\":\"Client not paired: %s",
            cases[i].reason);
        opens(&fixture);
        buffer_clear(&fixture.log);
        refuses_to_pair(&fixture, certificate, message);
        assert_non_null(strstr(buffer_text(&fixture.log), event));
    }
    opens(&fixture);
    refuses_to_pair(&fixture, NULL, "cannot verify client certificate signature: x509: malformed certificate");
    assert_null(state_data(fixture.state, "identities"));
    assert_null(state_data(fixture.state, "pairing-details"));
    fixture_finish(&issuer);
    fixture_end(&fixture);
}

static void what_the_state_holds_counts(void **state UNUSED) {
    static const struct {
        const char *details;
        bool is_paired;
    } cases[] = {
        {"null", false},
        {"{}", false},
        {"{\"paired\":false}", false},
        {"{\"paired\":true}", true},
        // Not understood: rather refuse than let a second client in.
        {"{\"paired\":null}", true},
        {"{\"paired\":\"no\"}", true},
        {"[]", true},
        {"false", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        fixture_begin(&fixture, PAIRING_SINGLE);
        state_set_data(fixture.state, "pairing-details", json_loads(cases[i].details, JSON_DECODE_ANY, NULL));
        fixture_restart(&fixture, PAIRING_SINGLE);
        if (cases[i].is_paired)
            refuses_to_open(&fixture, ALREADY);
        else
            opens(&fixture);
        fixture_end(&fixture);
    }
}

static void unknown_details_are_kept(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, PAIRING_SINGLE);
    state_set_data(fixture.state, "pairing-details", json_loads("{\"later\":7,\"paired\":false}", 0, NULL));
    fixture_restart(&fixture, PAIRING_SINGLE);
    pairs_a_new_client(&fixture);
    assert_details(&fixture, "{\"later\":7,\"paired\":true}");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mode_decides),
        cmocka_unit_test(the_window_closes),
        cmocka_unit_test(a_client_becomes_an_administrator),
        cmocka_unit_test(a_known_certificate_is_not_added_again),
        cmocka_unit_test(names_are_counted),
        cmocka_unit_test(names_are_limited),
        cmocka_unit_test(other_certificates_are_refused),
        cmocka_unit_test(what_the_state_holds_counts),
        cmocka_unit_test(unknown_details_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
