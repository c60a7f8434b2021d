// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/identity_file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/json.h"

static void gives(const char *yaml, const char *expected) {
    AUTO_JSON json_t *identities = NULL;
    AUTO_ERROR struct error err = {0};
    if (!identity_file_parse(yaml, strlen(yaml), &identities, &err))
        fail_msg("%s: %s", yaml, error_text(&err));
    AUTO_FREE char *text = json_dumps(identities, JSON_COMPACT);
    assert_string_equal(text, expected);
}

static void refuses(const char *yaml, const char *message) {
    json_t *identities = NULL;
    AUTO_ERROR struct error err = {0};
    if (identity_file_parse(yaml, strlen(yaml), &identities, &err))
        fail_msg("accepted %s", yaml);
    if (!text_has_prefix(error_text(&err), message))
        fail_msg("%s: %s", yaml, error_text(&err));
    assert_null(identities);
}

static void identities_are_read(void **state UNUSED) {
    gives("identities:\n"
          "    rosemary: {access: admin, local: {user-id: 7000}}\n"
          "    sage:\n"
          "        access: metrics\n"
          "        basic: {password: $6$x}\n"
          "    thyme: {access: read, cert: {pem: \"a\\nb\\n\"}, local: {user-id: 0x10}}\n"
          "    dill: null\n"
          "    anise:\n",
          "{\"rosemary\":{\"access\":\"admin\",\"local\":{\"user-id\":7000}},"
          "\"sage\":{\"access\":\"metrics\",\"basic\":{\"password\":\"$6$x\"}},"
          "\"thyme\":{\"access\":\"read\",\"local\":{\"user-id\":16},\"cert\":{\"pem\":\"a\\nb\\n\"}},"
          "\"dill\":null,\"anise\":null}");
    gives("identities: {a: {access: 5, basic: {password: 123}, more: [x]}, 7: {}}\nmore: 5\n",
          "{\"a\":{\"access\":\"5\",\"basic\":{\"password\":\"123\"}},\"7\":{}}");
    gives("identities: {a: {access: null, local: null, basic: {}, cert: {pem: null}}}",
          "{\"a\":{\"basic\":{},\"cert\":{}}}");
}

static void none_is_an_error(void **state UNUSED) {
    static const char *const texts[] = {
        "", "# nothing\n", "null", "{}", "sage: {access: read}", "identities:", "identities: {}"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        refuses(texts[i], "no identities to add; did you forget the top-level \"identities\" key?");
}

static void another_form_is_refused(void **state UNUSED) {
    static const char *const texts[] = {
        "identities: [}",
        "x",
        "[]",
        "identities: [a]",
        "identities: a",
        "identities: {a: x}",
        "identities: {a: {access: [x]}}",
        "identities: {a: {local: 5}}",
        "identities: {a: {local: {user-id: x}}}",
        "identities: {a: {local: {user-id: -1}}}",
        "identities: {a: {local: {user-id: 4294967296}}}",
        "identities: {a: {basic: {password: {}}}}",
        "identities: {a: {}, a: {}}",
        "identities: {a: {access: read, access: admin}}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        refuses(texts[i], "cannot unmarshal identities: yaml: ");
    refuses("identities:\n  a:\n    local: {user-id: x}",
            "cannot unmarshal identities: yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `x` into uint32");
}

static void sizes_are_limited(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "identities: {");
    for (size_t i = 0; i < 200000; i++)
        buffer_printf(&text, "a%zu: ,", i);
    buffer_add_string(&text, "}");
    refuses(buffer_text(&text), "cannot unmarshal identities: yaml: ");
}

static void files_are_read(void **state UNUSED) {
    char path[] = "/tmp/test-identities-XXXXXX";
    int fd = mkstemp(path);
    AUTO_JSON json_t *identities = NULL;
    AUTO_ERROR struct error err = {0};
    assert_int_equal(write(fd, "identities: {a: }", 17), 17);
    assert_true(identity_file_read(path, &identities, &err));
    assert_int_equal(json_object_size(identities), 1);
    assert_int_equal(ftruncate(fd, IDENTITY_FILE_BYTES_MAX + 1), 0);
    json_t *none = NULL;
    assert_false(identity_file_read(path, &none, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    assert_int_equal(close(fd) + unlink(path), 0);
    assert_false(identity_file_read(path, &none, &err));
    AUTO_FREE char *message = memory_printf("open %s: no such file or directory", path);
    assert_string_equal(error_text(&err), message);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_read),     cmocka_unit_test(none_is_an_error),
        cmocka_unit_test(another_form_is_refused), cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
