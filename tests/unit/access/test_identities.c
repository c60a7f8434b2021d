// SPDX-License-Identifier: GPL-3.0-or-later
#include "identity_check.h"

#include "access/identities.h"
#include "base/log.h"

struct fixture {
    struct state *state;
    struct identity_store *store;
};

static void fixture_begin(struct fixture *fixture) {
    fixture->state = state_create();
    assert_true(identity_store_create(fixture->state, &fixture->store, NULL));
}

static void fixture_end(struct fixture *fixture) {
    identity_store_destroy(fixture->store);
    state_destroy(fixture->state);
}

// As short as the tests want it: "ann:6000 bob:6001:admin cat". A name alone is null.
static void set_of_words(const char *words, struct identity_set *set) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "{");
    AUTO_FREE char *copy = memory_string(words);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *inner = NULL;
        const char *name = strtok_r(word, ":", &inner), *uid = strtok_r(NULL, ":", &inner),
                   *access = strtok_r(NULL, ":", &inner);
        buffer_printf(&text, "%s\"%s\":", text.length > 1 ? "," : "", name);
        if (uid == NULL)
            buffer_add_string(&text, "null");
        else
            buffer_printf(&text, "{\"access\":\"%s\",\"local\":{\"user-id\":%s}}", access != NULL ? access : "read",
                          uid);
    }
    buffer_add_string(&text, "}");
    set_of(buffer_text(&text), set);
}

static void apply(struct fixture *fixture, enum identity_action action, const char *words) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_ERROR struct error err = {0};
    set_of_words(words, &set);
    if (!identity_store_apply(fixture->store, action, &set, "me", &err))
        fail_msg("%s: %s", words, error_text(&err));
}

// The identities as JSON, once from the store and once from the state file; both have the same names.
static char *shown(const struct identity_store *store) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &text, true);
    identity_store_write(store, &writer);
    return buffer_take(&text);
}

static void assert_shown(const struct fixture *fixture, const char *expected) {
    AUTO_FREE char *text = shown(fixture->store);
    assert_string_equal(text, expected);
    struct identity_store *again = NULL;
    assert_true(identity_store_create(fixture->state, &again, NULL));
    AUTO_FREE char *stored = shown(again);
    assert_string_equal(stored, expected);
    identity_store_destroy(again);
}

static void refuses(struct fixture *fixture, enum identity_action action, const char *words, const char *message) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *before = shown(fixture->store);
    set_of_words(words, &set);
    assert_false(identity_store_apply(fixture->store, action, &set, "me", &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_shown(fixture, before);
}

#define LOCAL(name, access, uid) "\"" name "\":{\"access\":\"" access "\",\"local\":{\"user-id\":" uid "}}"

static void identities_are_added(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    apply(&fixture, IDENTITY_ADD, "bob:6001:admin ann:6000");
    assert_shown(&fixture, "{" LOCAL("ann", "read", "6000") "," LOCAL("bob", "admin", "6001") "}");
    refuses(&fixture, IDENTITY_ADD, "zoe:1 cat", "identity value for \"cat\" must not be null for add operation");
    refuses(&fixture, IDENTITY_ADD, "zoe:1 bob:2 ann:3", "identities already exist: ann, bob");
    refuses(&fixture, IDENTITY_ADD, "zoe:6000", "cannot have multiple identities with user ID 6000 (ann, zoe)");
    refuses(&fixture, IDENTITY_ADD, "zoe:7 yan:7", "cannot have multiple identities with user ID 7 (yan, zoe)");
    refuses(&fixture, IDENTITY_ADD, "zoe:6001 cat:8 yan:6001",
            "cannot have multiple identities with user ID 6001 (bob, yan, zoe)");
    fixture_end(&fixture);
}

static void identities_are_updated(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    apply(&fixture, IDENTITY_ADD, "ann:6000 bob:6001:admin");
    apply(&fixture, IDENTITY_UPDATE, "ann:6001 bob:6000");
    assert_shown(&fixture, "{" LOCAL("ann", "read", "6001") "," LOCAL("bob", "read", "6000") "}");
    refuses(&fixture, IDENTITY_UPDATE, "zoe:1 ann:3 eve:2", "identities do not exist: eve, zoe");
    refuses(&fixture, IDENTITY_UPDATE, "ann", "identity value for \"ann\" must not be null for update operation");
    refuses(&fixture, IDENTITY_UPDATE, "ann:6000", "cannot have multiple identities with user ID 6000 (ann, bob)");
    fixture_end(&fixture);
}

static void identities_are_replaced(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    apply(&fixture, IDENTITY_REPLACE, "ann:6000 bob:6001");
    apply(&fixture, IDENTITY_REPLACE, "ann bob:6002:admin cat:6000 ghost");
    assert_shown(&fixture, "{" LOCAL("bob", "admin", "6002") "," LOCAL("cat", "read", "6000") "}");
    refuses(&fixture, IDENTITY_REPLACE, "dan:6000 bob", "cannot have multiple identities with user ID 6000 (cat, dan)");
    apply(&fixture, IDENTITY_REPLACE, "");
    assert_shown(&fixture, "{" LOCAL("bob", "admin", "6002") "," LOCAL("cat", "read", "6000") "}");
    fixture_end(&fixture);
}

static void identities_are_removed(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    apply(&fixture, IDENTITY_ADD, "ann:6000 bob:6001 cat:6002");
    refuses(&fixture, IDENTITY_REMOVE, "zed ann mia", "identities do not exist: mia, zed");
    refuses(&fixture, IDENTITY_REMOVE, "ann:6000", "identity value for \"ann\" must be null for remove operation");
    apply(&fixture, IDENTITY_REMOVE, "cat ann");
    assert_shown(&fixture, "{" LOCAL("bob", "read", "6001") "}");
    fixture_end(&fixture);
}

static void identities_are_found(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    apply(&fixture, IDENTITY_ADD, "ann:6000 top:4294967295");
    assert_string_equal(identity_store_find_uid(fixture.store, 6000)->name, "ann");
    assert_string_equal(identity_store_find_uid(fixture.store, UINT32_MAX)->name, "top");
    assert_int_equal(identity_store_find(fixture.store, "ann")->uid, 6000);
    assert_null(identity_store_find(fixture.store, "Ann"));
    apply(&fixture, IDENTITY_UPDATE, "ann:6005");
    assert_null(identity_store_find_uid(fixture.store, 6000));
    assert_string_equal(identity_store_find_uid(fixture.store, 6005)->name, "ann");
    apply(&fixture, IDENTITY_REMOVE, "ann");
    assert_null(identity_store_find_uid(fixture.store, 6005));
    fixture_end(&fixture);
}

static void the_number_is_limited(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_BUFFER struct buffer words = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < IDENTITIES_MAX; i++)
        buffer_printf(&words, "x%zu:%zu ", i, i);
    apply(&fixture, IDENTITY_ADD, buffer_text(&words));
    refuses(&fixture, IDENTITY_ADD, "y:9999", "cannot have more than 4096 identities");
    apply(&fixture, IDENTITY_REPLACE, "x7 y:9999");
    fixture_end(&fixture);
}

// Adds identities PREFIX0, PREFIX1 … whose passwords take six times their length in the state file.
static bool add_large(struct fixture *fixture, const char *prefix, size_t count, struct error *err) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&text, "%s\"%s%zu\":{\"access\":\"read\",\"basic\":{\"password\":\"", i == 0 ? "{" : ",", prefix,
                      i);
        for (size_t j = 0; j < IDENTITY_PASSWORD_BYTES_MAX; j++)
            buffer_add_string(&text, "\\u0001");
        buffer_add_string(&text, "\"}}");
    }
    buffer_add_char(&text, '}');
    set_of(buffer_text(&text), &set);
    return identity_store_apply(fixture->store, IDENTITY_ADD, &set, "me", err);
}

static void their_bytes_are_limited(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_ERROR struct error err = {0};
    size_t most = IDENTITIES_BYTES_MAX / (6 * IDENTITY_PASSWORD_BYTES_MAX);
    assert_true(add_large(&fixture, "a", most - 100, &err));
    assert_false(add_large(&fixture, "b", 100, &err));
    assert_string_equal(error_text(&err), "cannot have identities of more than 16777216 bytes");
    assert_null(identity_store_find(fixture.store, "b1"));
    apply(&fixture, IDENTITY_REMOVE, "a1");
    apply(&fixture, IDENTITY_ADD, "ann:1");
    fixture_end(&fixture);
}

// A daemon with other rules has written it.
static void too_large_identities_can_be_removed(void **unused UNUSED) {
    AUTO_FREE char *long_text = memory_new(IDENTITIES_BYTES_MAX + 1);
    memset(long_text, 'x', IDENTITIES_BYTES_MAX);
    struct state *state = state_create();
    state_set_data(
        state, "identities",
        json_pack("{s:{s:s,s:s},s:{s:s}}", "a", "access", "read", "token", long_text, "b", "access", "admin"));
    struct fixture fixture = {.state = state};
    assert_true(identity_store_create(state, &fixture.store, NULL));
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of_words("c:5", &set);
    assert_false(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    apply(&fixture, IDENTITY_REMOVE, "b");
    apply(&fixture, IDENTITY_REMOVE, "a");
    apply(&fixture, IDENTITY_ADD, "c:5");
    fixture_end(&fixture);
}

static void secrets_are_hidden_and_stored(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of("{\"sam\":{\"access\":\"metrics\",\"basic\":{\"password\":\"$6$x\"},\"cert\":{\"pem\":"
           "\"" CERTIFICATE_PEM("\\n") "\"}}}",
           &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    assert_shown(&fixture, "{\"sam\":{\"access\":\"metrics\",\"basic\":{\"password\":\"*****\"},"
                           "\"cert\":{\"pem\":\"*****\"}}}");
    const json_t *sam = json_object_get(state_data(fixture.state, "identities"), "sam");
    assert_string_equal(json_string_value(json_object_get(json_object_get(sam, "basic"), "password")), "$6$x");
    fixture_end(&fixture);
}

#define CERT(name, access) "\"" name "\":{\"access\":\"" access "\",\"cert\":{\"pem\":\"" CERTIFICATE_PEM("\\n") "\"}}"

static void certificates_are_found(void **state UNUSED) {
    static const char pem[] = CERTIFICATE_PEM("\n") "\n";
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_null(identity_store_find_certificate(fixture.store, pem));
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of("{" CERT("cat", "read") "," CERT("bob", "metrics") "," CERT("dan", "admin") "}", &set);
    assert_true(identity_store_apply(fixture.store, IDENTITY_ADD, &set, "me", NULL));
    assert_string_equal(identity_store_find_certificate(fixture.store, pem)->name, "bob");
    assert_null(identity_store_find_certificate(fixture.store, CERTIFICATE_PEM("\n")));
    struct identity_store *again = NULL;
    assert_true(identity_store_create(fixture.state, &again, NULL));
    assert_string_equal(identity_store_find_certificate(again, pem)->name, "bob");
    identity_store_destroy(again);

    apply(&fixture, IDENTITY_UPDATE, "bob:5"); // has no certificate any more
    assert_string_equal(identity_store_find_certificate(fixture.store, pem)->name, "cat");
    apply(&fixture, IDENTITY_REMOVE, "cat dan");
    assert_null(identity_store_find_certificate(fixture.store, pem));
    fixture_end(&fixture);
}

static json_t *json_of(const char *text) {
    json_t *value = NULL;
    assert_true(json_read(text, strlen(text), &value, NULL));
    return value;
}

static void the_state_may_hold_what_is_not_known(void **unused UNUSED) {
    struct state *state = state_create();
    state_set_data(state, "identities",
                   json_of("{\"a b\":{\"access\":\"read\",\"token\":{\"value\":5}},\"c\":{\"access\":\"admin\"}}"));
    struct fixture fixture = {.state = state};
    assert_true(identity_store_create(state, &fixture.store, NULL));
    apply(&fixture, IDENTITY_REPLACE, "c d:5");
    const json_t *kept = json_object_get(state_data(state, "identities"), "a b");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(kept, "token"), "value")), 5);
    fixture_end(&fixture);
}

static void a_state_that_is_not_understood_is_an_error(void **unused UNUSED) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "json: cannot unmarshal array into Go value of type identities"},
        {"{\"a\":{\"access\":\"root\",\"local\":{\"user-id\":5}}}",
         "invalid identity for \"a\": invalid access value \"root\", must be \"admin\", \"read\", \"metrics\", or "
         "\"untrusted\""},
        {"{\"a\":{\"access\":\"untrusted\",\"local\":{}}}",
         "invalid identity for \"a\": local identity must specify user-id"},
        {"{\"b\":{\"access\":\"read\",\"local\":{\"user-id\":5}},\"a\":{\"access\":\"admin\",\"local\":{\"user-id\":5}}"
         "}",
         "cannot have multiple identities with user ID 5 (a, b)"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct state *state = state_create();
        struct identity_store *store = NULL;
        AUTO_ERROR struct error err = {0};
        state_set_data(state, "identities", json_of(cases[i].text));
        assert_false(identity_store_create(state, &store, &err));
        assert_true(text_has_prefix(error_text(&err), "cannot read identities of the state: "));
        assert_true(text_has_suffix(error_text(&err), cases[i].message));
        assert_null(store);
        state_destroy(state);
    }
}

static void add_line(void *data, const char *line, size_t length) {
    const char *event = memmem(line, length, "\"level\"", 7);
    if (event != NULL)
        buffer_add(data, event, (size_t)(line + length - event));
}

static void attempts_are_logged(void **state UNUSED) {
    static const struct {
        enum identity_action action;
        const char *words, *lines;
    } cases[] = {
        {IDENTITY_ADD, "ann:1:admin nil", ""},
        {IDENTITY_ADD, "ann:1:admin", "user_created:me,ann,admin Creating admin user ann\n"},
        {IDENTITY_ADD, "ann:1:admin", "user_created:me,ann,admin Creating admin user ann\n"}, // exists already
        {IDENTITY_UPDATE, "ann:1 nil", ""},
        {IDENTITY_UPDATE, "ann:1", "user_updated:me,ann,read Updating read user ann\n"},
        {IDENTITY_REPLACE, "ann:1 bob",
         "user_updated:me,ann,read Updating read user ann\nuser_deleted:me,bob Deleting user bob\n"},
        {IDENTITY_REMOVE, "bob ann:1", ""},
        {IDENTITY_REMOVE, "bob", "user_deleted:me,bob Deleting user bob\n"},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer log = BUFFER_INIT(BUFFER_NO_LIMIT), expected = BUFFER_INIT(BUFFER_NO_LIMIT);
        AUTO_IDENTITY_SET struct identity_set set = {0};
        set_of_words(cases[i].words, &set);
        log_set_sink(add_line, &log);
        (void)!identity_store_apply(fixture.store, cases[i].action, &set, "me", NULL);
        log_set_sink(NULL, NULL);
        for (const char *line = cases[i].lines; *line != '\0'; line = strchr(line, '\n') + 1) {
            int event = (int)strcspn(line, " "), whole = (int)strcspn(line, "\n");
            buffer_printf(&expected,
                          "\"level\":\"WARN\",\"event\":\"%.*s\",\"description\":\"%.*s\",\"appid\":\"pebble\"}\n",
                          event, line, whole - event - 1, line + event + 1);
        }
        assert_string_equal(buffer_text(&log), buffer_text(&expected));
    }
    fixture_end(&fixture);
}

static void actions_have_names(void **state UNUSED) {
    enum identity_action action = IDENTITY_ADD;
    assert_true(identity_action_by_name("remove", &action));
    assert_int_equal(action, IDENTITY_REMOVE);
    assert_false(identity_action_by_name("ADD", &action));
    assert_false(identity_action_by_name("", &action));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_added),
        cmocka_unit_test(identities_are_updated),
        cmocka_unit_test(identities_are_replaced),
        cmocka_unit_test(identities_are_removed),
        cmocka_unit_test(identities_are_found),
        cmocka_unit_test(the_number_is_limited),
        cmocka_unit_test(their_bytes_are_limited),
        cmocka_unit_test(too_large_identities_can_be_removed),
        cmocka_unit_test(secrets_are_hidden_and_stored),
        cmocka_unit_test(certificates_are_found),
        cmocka_unit_test(the_state_may_hold_what_is_not_known),
        cmocka_unit_test(a_state_that_is_not_understood_is_an_error),
        cmocka_unit_test(attempts_are_logged),
        cmocka_unit_test(actions_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
