// SPDX-License-Identifier: GPL-3.0-or-later
#include "identity_check.h"

#define JSON_PEM CERTIFICATE_PEM("\\n")
#define LOCAL "\"local\":{\"user-id\":1}"

static void types_are_read(void **state UNUSED) {
    AUTO_IDENTITY_SET struct identity_set set = {0};
    set_of("{\"b\":{\"access\":\"admin\"," LOCAL ",\"later\":7},"
           "\"a_-9\":{\"Access\":\"metrics\",\"basic\":{\"password\":\"x\"},\"cert\":{\"pem\":\"" JSON_PEM "\"}},"
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
    assert_string_equal(a->pem, CERTIFICATE_PEM("\n") "\n");
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

// --- certificates ---

static bool try_pem(const char *text, struct identity_set *set, struct error *err) {
    AUTO_JSON json_t *object = json_pack("{s:{s:s,s:{s:s}}}", "pear", "access", "read", "cert", "pem", text);
    assert_non_null(object);
    return identity_set_read(object, set, err) && identity_set_check(set, err);
}

static void certificates_are_stored_in_one_form(void **state UNUSED) {
    static const char *const texts[] = {
        CERTIFICATE_PEM("\n"),
        CERTIFICATE_PEM("\n") "\n",
        CERTIFICATE_PEM("\r\n") "\r\n",
        "Subject: \x01\n-----BEGIN nothing\n\n" CERTIFICATE_PEM("\n") "  \n",
        "-----BEGIN CERTIFICATE-----\n" CERTIFICATE_BASE64("") "\n-----END CERTIFICATE-----",
        "-----BEGIN X Y-----\n" CERTIFICATE_BASE64("\n") "\n-----END X Y-----\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        if (!try_pem(texts[i], &set, &err))
            fail_msg("%s: %s", texts[i], error_text(&err));
        assert_string_equal(set.items[0]->pem, CERTIFICATE_PEM("\n") "\n");
    }
}

static void other_certificates_are_refused(void **state UNUSED) {
#define BLOCK(base64) "-----BEGIN CERTIFICATE-----\n" base64 "\n-----END CERTIFICATE-----\n"
    static const char none[] = "cert identity must include a PEM-encoded certificate",
                      more[] = "cert identity cannot have extra data after the PEM block",
                      malformed[] = "cannot parse certificate from cert identity: x509: malformed certificate";
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", none},
        {"x", none},
        {"-----BEGIN CERTIFICATE-----\n" CERTIFICATE_BASE64("\n"), none},
        {BLOCK("MAcw!DAAAwEA"), none},
        {" " CERTIFICATE_PEM("\n"), none},
        {CERTIFICATE_PEM("\n") "\n\n", more},
        {CERTIFICATE_PEM("\n") "\nx", more},
        {CERTIFICATE_PEM("\n") "\n" CERTIFICATE_PEM("\n"), more},
        {BLOCK(""), malformed},
        {BLOCK("MAcwADAAAwEA"), malformed}, // empty parts
        {BLOCK("MIA="), malformed},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_ERROR struct error err = {0};
        AUTO_FREE char *whole = memory_printf("invalid identity for \"pear\": %s", cases[i].message);
        assert_false(try_pem(cases[i].text, &set, &err));
        assert_string_equal(error_text(&err), whole);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    }
}

// --- limits and types ---

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
    static const char pem[] = "\n" CERTIFICATE_PEM("\n");
    assert_limit("{\"a\":{\"access\":\"read\",\"cert\":{\"pem\":\"@\\n" JSON_PEM "\"}}}",
                 IDENTITY_PEM_BYTES_MAX - (sizeof pem - 1), "cannot have a certificate of more than 16384 bytes");
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

// Each is decoded, into what the earlier ones have left; a null removes that.
static void types_given_again(void **state UNUSED) {
    static const struct {
        const char *types, *written; // NULL: refused
    } cases[] = {
        {"\"local\":{\"user-id\":1},\"local\":{\"user-id\":2}", "\"local\":{\"user-id\":2}"},
        {"\"local\":{\"user-id\":1},\"local\":{}", "\"local\":{\"user-id\":1}"},
        {"\"local\":{\"user-id\":1},\"local\":null,\"basic\":{\"password\":\"x\"}", "\"basic\":{\"password\":\"x\"}"},
        {"\"local\":{\"user-id\":1},\"local\":null,\"local\":{\"user-id\":3}", "\"local\":{\"user-id\":3}"},
        {"\"basic\":{\"password\":\"x\"},\"Basic\":{}", "\"basic\":{\"password\":\"x\"}"},
        {"\"basic\":{\"password\":\"x\"},\"basic\":{\"password\":\"y\"}", "\"basic\":{\"password\":\"y\"}"},
        {"\"local\":5,\"local\":{\"user-id\":1}", NULL},
        {"\"local\":{\"user-id\":\"x\"},\"local\":{\"user-id\":1}", NULL},
        {"\"local\":{\"user-id\":-1},\"local\":{\"user-id\":1}", NULL},
        {"\"cert\":{\"pem\":1},\"cert\":{\"pem\":\"x\"}", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_IDENTITY_SET struct identity_set set = {0};
        AUTO_JSON json_t *value = NULL;
        AUTO_FREE char *object = memory_printf("{\"a\":{\"access\":\"read\",%s}}", cases[i].types);
        assert_true(json_read_request(object, strlen(object), &value, NULL));
        bool is_read = identity_set_read(value, &set, NULL);
        if (is_read != (cases[i].written != NULL))
            fail_msg("%s", cases[i].types);
        if (!is_read)
            continue;
        AUTO_JSON json_t *made = identity_to_json(set.items[0]);
        AUTO_FREE char *written = json_dumps(made, JSON_COMPACT);
        AUTO_FREE char *wanted = memory_printf("{\"access\":\"\",%s}", cases[i].written);
        assert_string_equal(written, wanted);
    }
}

static void json_has_the_secrets(void **state UNUSED) {
    static const char text[] = "{\"access\":\"read\",\"local\":{\"user-id\":4294967295},\"basic\":{\"password\":\"x\"},"
                               "\"cert\":{\"pem\":\"" JSON_PEM "\\n\"}}";
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
        cmocka_unit_test(certificates_are_stored_in_one_form),
        cmocka_unit_test(other_certificates_are_refused),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(the_number_is_limited),
        cmocka_unit_test(wrong_types_are_decode_errors),
        cmocka_unit_test(types_given_again),
        cmocka_unit_test(json_has_the_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
