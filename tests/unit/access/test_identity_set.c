// SPDX-License-Identifier: GPL-3.0-or-later
#include "identity_check.h"

#define SMALLEST_PEM "-----BEGIN CERTIFICATE-----\\nMAcwADAAAwEA\\n-----END CERTIFICATE-----"
#define LOCAL "\"local\":{\"user-id\":1}"

static void types_are_read(void **state UNUSED) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of("{\"b\":{\"access\":\"admin\"," LOCAL ",\"later\":7},"
           "\"a_-9\":{\"Access\":\"metrics\",\"basic\":{\"password\":\"x\"},\"cert\":{\"pem\":\"" SMALLEST_PEM "\"}},"
           "\"c\":null}",
           &set);
    assert_int_equal(set.count, 3);
    const struct identity *b = set.items[0], *a = set.items[1], *c = set.items[2];
    assert_string_equal(b->name, "b");
    assert_int_equal(b->access, IDENTITY_ADMIN);
    assert_true(b->is_local);
    assert_int_equal(b->uid, 1);
    assert_null(b->password);
    assert_null(b->pem);
    assert_int_equal(a->access, IDENTITY_METRICS);
    assert_false(a->is_local);
    assert_string_equal(a->password, "x");
    assert_non_null(strstr(a->pem, "\nMAcwADAAAwEA\n"));
    assert_true(c->is_null);
}

static void nothing_is_an_empty_set(void **state UNUSED) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    assert_true(identity_set_read(NULL, &set, NULL));
    assert_int_equal(set.count, 0);
    identity_set_finish(&set);
    set_of("null", &set);
    assert_int_equal(set.count, 0);
    identity_set_finish(&set);
    set_of("{}", &set);
    assert_int_equal(set.count, 0);
}

static void refuses(const char *value, const char *message) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *text = memory_printf("{\"pear\":%s}", value);
    if (set_try(text, &set, &err))
        fail_msg("accepted %s", value);
    AUTO_FREE char *whole = memory_printf("invalid identity for \"pear\": %s", message);
    assert_string_equal(error_text(&err), whole);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
}

static void mistakes_are_reported_in_order(void **state UNUSED) {
    refuses("{\"access\":\"x\",\"local\":{}}", "local identity must specify user-id");
    refuses("{\"access\":\"x\",\"cert\":{}}", "cert identity must include a PEM-encoded certificate");
    refuses("{" LOCAL "}", "access value must be specified (\"admin\", \"read\", \"metrics\", or \"untrusted\")");
    refuses("{\"access\":\"Read\"," LOCAL "}",
            "invalid access value \"Read\", must be \"admin\", \"read\", \"metrics\", or \"untrusted\"");
    refuses("{\"access\":\"read\",\"basic\":{}}", "basic identity must specify password (hashed)");
    refuses("{\"access\":\"read\",\"basic\":{\"password\":null}}", "basic identity must specify password (hashed)");
    refuses("{\"access\":\"read\",\"basic\":{\"password\":\"$6$rounds=1000001$x$\"}}",
            "cannot have a password (hashed) with more than 1000000 rounds");
    refuses("{\"access\":\"read\",\"local\":null}",
            "identity must have at least one type (\"local\", \"basic\", or \"cert\")");
}

static void names_are_checked(void **state UNUSED) {
    static const char *const names[] = {"2x", "", "-x", "_x", "x y", "x.y", "\u00e9", "x\u00e9"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *text = memory_printf("{\"%s\":{\"access\":\"read\"," LOCAL "}}", names[i]);
        assert_false(set_try(text, &set, &err));
        assert_non_null(strstr(error_text(&err), ": identity name \"\" invalid: must start with an alphabetic"));
    }
}

static void assert_limit(const char *format, size_t limit, const char *message) {
    for (size_t i = 0; i < 2; i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *filling = memory_new(limit + 2);
        memset(filling, 'x', limit + i);
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        const char *place = strchr(format, '@');
        buffer_add(&text, format, (size_t)(place - format));
        buffer_add_string(&text, filling);
        buffer_add_string(&text, place + 1);
        assert_int_equal(set_try(buffer_text(&text), &set, &err), i == 0);
        if (i == 1)
            assert_non_null(strstr(error_text(&err), message));
    }
}

static void sizes_are_limited(void **state UNUSED) {
    assert_limit("{\"@\":{\"access\":\"read\"," LOCAL "}}", IDENTITY_NAME_BYTES_MAX,
                 "cannot have a name of more than 255 bytes");
    assert_limit("{\"a\":{\"access\":\"read\",\"basic\":{\"password\":\"@\"}}}", IDENTITY_PASSWORD_BYTES_MAX,
                 "cannot have a password (hashed) of more than 1024 bytes");
    static const char pem[] = "\\n" SMALLEST_PEM; // the escapes are three bytes longer than what they stand for
    assert_limit("{\"a\":{\"access\":\"read\",\"cert\":{\"pem\":\"@\\n" SMALLEST_PEM "\"}}}",
                 IDENTITY_PEM_BYTES_MAX - (sizeof pem - 1 - 3), "cannot have a certificate of more than 16384 bytes");
}

static void the_number_is_limited(void **state UNUSED) {
    AUTO_JSON json_t *object = json_object();
    for (size_t i = 0; i <= IDENTITY_SET_MAX; i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *name = memory_printf("a%zu", i);
        assert_int_equal(json_object_set_new(object, name, json_null()), 0);
        if (i + 1 < IDENTITY_SET_MAX)
            continue;
        assert_int_equal(identity_set_read(object, &set, &err), i + 1 == IDENTITY_SET_MAX);
        assert_string_equal(error_text(&err), i + 1 == IDENTITY_SET_MAX ? "" : "cannot have more than 8192 identities");
    }
}

static void wrong_types_are_decode_errors(void **state UNUSED) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "json: cannot unmarshal array into Go value of type identities"},
        {"{\"a\":null,\"a\\u0000x\":null}", "cannot have a name with a NUL character"},
        {"{\"a\":\"read\"}", "json: cannot unmarshal string into Go value of type identity"},
        {"{\"a\":{\"access\":1}}", "json: cannot unmarshal number into Go struct field identity.access of type string"},
        {"{\"a\":{\"local\":5}}", "json: cannot unmarshal number into Go value of type identity"},
        {"{\"a\":{\"local\":{\"user-id\":\"5\"}}}",
         "json: cannot unmarshal string into Go struct field identity.user-id of type int"},
        {"{\"a\":{\"local\":{\"user-id\":-1}}}",
         "json: cannot unmarshal number -1 into Go struct field identity.user-id of type uint32"},
        {"{\"a\":{\"local\":{\"user-id\":4294967296}}}",
         "json: cannot unmarshal number 4294967296 into Go struct field identity.user-id of type uint32"},
        {"{\"a\":{\"basic\":{\"password\":{}}}}",
         "json: cannot unmarshal object into Go struct field identity.password of type string"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        AUTO_JSON json_t *value = NULL;
        assert_true(json_read(cases[i].text, strlen(cases[i].text), &value, NULL));
        assert_false(identity_set_read(value, &set, &err));
        assert_string_equal(error_text(&err), cases[i].message);
        assert_null(set.items);
    }
}

static void json_has_the_secrets(void **state UNUSED) {
    static const char text[] = "{\"access\":\"read\",\"local\":{\"user-id\":4294967295},\"basic\":{\"password\":\"x\"},"
                               "\"cert\":{\"pem\":\"" SMALLEST_PEM "\\n\"}}";
    AUTO_IDENTITY_SET struct identity_set set = {0};
    AUTO_FREE char *object = memory_printf("{\"a\":%s}", text);
    set_of(object, &set);
    AUTO_JSON json_t *value = identity_to_json(set.items[0]);
    AUTO_FREE char *written = json_dumps(value, JSON_COMPACT);
    assert_string_equal(written, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_read),
        cmocka_unit_test(nothing_is_an_empty_set),
        cmocka_unit_test(mistakes_are_reported_in_order),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(the_number_is_limited),
        cmocka_unit_test(wrong_types_are_decode_errors),
        cmocka_unit_test(json_has_the_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
