// SPDX-License-Identifier: GPL-3.0-or-later
#include "files_fixture.h"

#define JSON "Content-Type: application/json\r\n"

static void lists(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_put(&files, "a&b", "12");
    files_put(&files, "c", "");
    files_assert(&files, "GET /v1/files?action=list&path=@", "", "",
                 "200 \"result\":[{\"path\":\"@/a\\u0026b\",\"name\":\"a\\u0026b\",\"type\":\"file\",\"size\":2,");
    files_assert(&files, "GET /v1/files?action=list&path=@&pattern=z*", "", "", "200 \"result\":[]");
    files_assert(&files, "GET /v1/files?action=list&path=@&itself=true", "", "", "200 \"type\":\"directory\"");
    files_assert(&files, "GET /v1/files?action=list&path=@/no", "", "",
                 "404 \"result\":{\"message\":\"stat @/no: no such file or directory\",\"kind\":\"not-found\"}");
    files_assert(&files, "GET /v1/files?action=list&path=@/c/d", "", "", "400 \"kind\":\"generic-file-error\"");
    files_assert(&files, "GET /v1/files?action=list&path=@&itself=yes", "", "",
                 "400 itself parameter must be \\\"true\\\" or \\\"false\\\"");
    files_assert(&files, "GET /v1/files?action=list&path=x", "", "",
                 "400 \"result\":{\"message\":\"path must be absolute, got \\\"x\\\"\"}");
    files_assert(&files, "GET /v1/files?action=list&path=", "", "", "400 must specify path");
    files_assert(&files, "GET /v1/files?path=/", "", "", "400 invalid action \\\"\\\"");
    files_end(&files);
}

static void makes_and_removes(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_assert(&files, "POST /v1/files", JSON,
                 "{\"action\":\"make-dirs\",\"dirs\":[{\"path\":\"@/a\"},{\"path\":\"@/a\"},{\"path\":\"x\"},"
                 "{\"path\":\"@/p/q\",\"make-parents\":true,\"permissions\":\"700\"}]}",
                 "200 \"result\":[{\"path\":\"@/a\"},{\"path\":\"@/a\",\"error\":{\"message\":\"mkdir @/a: file "
                 "exists\",\"kind\":\"generic-file-error\"}},{\"path\":\"x\",\"error\":{\"message\":\"paths must be "
                 "absolute, got \\\"x\\\"\",\"kind\":\"generic-file-error\"}},{\"path\":\"@/p/q\"}]");
    files_assert_entries(&files, "a p");
    files_assert(&files, "POST /v1/files", JSON,
                 "{\"action\":\"remove\",\"paths\":[{\"path\":\"@/p\"},{\"path\":\"@/p\",\"recursive\":true},"
                 "{\"path\":\"@/no\"}]}",
                 "200 directory not empty\",\"kind\":\"generic-file-error\"}},{\"path\":\"@/p\"},{\"path\":\"@/no\","
                 "\"error\":{\"message\":\"remove @/no: no such file or directory\",\"kind\":\"not-found\"}}]");
    files_assert_entries(&files, "a");
    files_assert(&files, "POST /v1/files", JSON, "{\"action\":\"remove\"}", "200 \"result\":[]");
    files_end(&files);
}

static void wrong_requests_are_refused(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    static const char *const cases[][3] = {
        {JSON, "{nope", "400 cannot decode request body: invalid character"},
        {JSON, "", "400 cannot decode request body: EOF"},
        {JSON, "{\"action\":\"copy\"}", "400 invalid action \\\"copy\\\""},
        {JSON, "{}", "400 invalid action \\\"\\\""},
        {JSON, "{\"action\":\"write\"}", "400 must use multipart with \\\"write\\\" action"},
        {JSON, "{\"action\":\"remove\",\"paths\":{}}",
         "400 cannot decode request body: json: cannot unmarshal object into Go struct field .paths of type "
         "[]daemon.removePathsItem"},
        {JSON, "{\"action\":\"remove\",\"paths\":[{\"path\":1}]}",
         "400 cannot unmarshal number into Go struct field removePathsItem.path of type string"},
        {JSON, "{\"action\":\"make-dirs\",\"dirs\":[{\"user-id\":1.5}]}", "400 cannot unmarshal number 1.5 into Go"},
        // Items that the action has no use for are decoded as well.
        {JSON, "{\"action\":\"make-dirs\",\"dirs\":[{\"path\":\"@/x\"}],\"paths\":[{\"path\":1}]}",
         "400 cannot unmarshal number into Go struct field removePathsItem.path of type string"},
        {JSON, "{\"action\":\"remove\",\"paths\":[{\"path\":\"@/x\"}],\"dirs\":[{\"path\":1}]}",
         "400 cannot unmarshal number into Go struct field makeDirsItem.path of type string"},
        {JSON, "{\"action\":\"write\",\"dirs\":[1]}", "400 cannot decode request body: "},
        {JSON, "{\"action\":\"copy\",\"paths\":[1]}", "400 cannot decode request body: "},
        {"", "{}", "400 invalid Content-Type \\\"\\\""},
        {"Content-Type: ;;;\r\n", "{}", "400 invalid Content-Type \\\";;;\\\""},
        {"Content-Type: text/json\r\n", "{}", "400 invalid media type \\\"text/json\\\""},
        {"Content-Type: multipart/form-data\r\n", "{}", "400 invalid boundary \\\"\\\""},
        {"Content-Type: multipart/form-data; boundary=short\r\n", "{}", "400 invalid boundary \\\"short\\\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        files_assert(&files, "POST /v1/files", cases[i][0], cases[i][1], cases[i][2]);
    files_end(&files);
}

static void too_many_items_are_refused(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, "{\"action\":\"remove\",\"paths\":[{}");
    for (int i = 0; i < 32768; i++)
        buffer_add_string(&body, ",0");
    buffer_add_string(&body, "]}");
    files_assert(&files, "POST /v1/files", JSON, buffer_text(&body),
                 "400 cannot handle more than 32768 paths in a request");
    files_end(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(makes_and_removes),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(too_many_items_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
