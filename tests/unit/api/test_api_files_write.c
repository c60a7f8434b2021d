// SPDX-License-Identifier: GPL-3.0-or-later
#include "files_fixture.h"

#include "http/http_server_internal.h"

#define TYPE "Content-Type: multipart/form-data; boundary=" FILES_BOUNDARY "\r\n"
#define MARK "--" FILES_BOUNDARY
#define PART(name, content) MARK "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" content "\r\n"
#define META(files) PART("request", "{\"action\":\"write\",\"files\":[" files "]}")
#define FILE_PART(path, content)                                                                                       \
    MARK "\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" path                                        \
         "\"\r\nContent-Type: application/octet-stream\r\n\r\n" content "\r\n"
#define END MARK "--\r\n"
#define AT(path) "{\"path\":\"" path "\"}"

static void files_are_written(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_assert(
        &files, "POST /v1/files", TYPE,
        META(AT("@/one") ",{\"path\":\"@/two\",\"permissions\":\"600\"}," AT("@/no/x") "," AT("@/three"))
            FILE_PART("@/two", "22") FILE_PART("@/no/x", "x") FILE_PART("@/one", "11") END,
        "200 \"result\":[{\"path\":\"@/one\"},{\"path\":\"@/two\"},{\"path\":\"@/no/x\",\"error\":{\"message\":"
        "\"open @/no/x: no such file or directory\",\"kind\":\"not-found\"}},{\"path\":\"@/three\",\"error\":"
        "{\"message\":\"no file content for path \\\"@/three\\\"\",\"kind\":\"generic-file-error\"}}]");
    files_assert_content(&files, "one", "11");
    files_assert_content(&files, "two", "22");
    files_assert_entries(&files, "one two");
    files_assert(&files, "POST /v1/files", TYPE,
                 META(AT("@/one")) FILE_PART("@/one", "first") FILE_PART("@/one", "second") END, "200 @/one");
    files_assert_content(&files, "one", "second");
    AUTO_FREE char *event = memory_printf("\"event\":\"authz_admin:%u,push_file\"", getuid());
    assert_non_null(strstr(buffer_text(&files.base.log), event));
    files_end(&files);
}

// Of two items with the same path the last counts, as in the reference.
static void the_last_item_of_a_path_counts(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_assert(&files, "POST /v1/files", TYPE,
                 META("{\"path\":\"@/x\",\"permissions\":\"bad\"}," AT("@/x")) FILE_PART("@/x", "1") END,
                 "200 [{\"path\":\"@/x\"},{\"path\":\"@/x\"}]");
    files_assert(&files, "POST /v1/files", TYPE,
                 META(AT("@/x") ",{\"path\":\"@/x\",\"permissions\":\"bad\"}") FILE_PART("@/x", "2") END,
                 "200 \"error\":{\"message\":\"permissions must be a 3-digit octal string, got \\\"bad\\\"\"");
    files_assert_content(&files, "x", "1");
    files_end(&files);
}

static void wrong_bodies_are_refused(void **unused UNUSED) {
    static const char *const cases[][2] = {
        {FILE_PART("@/x", "1") END, "400 metadata field name must be \\\"request\\\", got \\\"files\\\""},
        {END, "400 cannot read request metadata: EOF"},
        {"", "400 cannot read request metadata: multipart: NextPart: EOF"},
        {PART("request", "{nope") END, "400 cannot decode request metadata: invalid character"},
        {PART("request", "") END, "400 cannot decode request metadata: EOF"},
        {PART("request", "{}") END, "400 multipart action must be \\\"write\\\", got \\\"\\\""},
        {META("") END, "400 must specify one or more files"},
        {META(AT("@/x")) PART("file", "1") END, "400 field name must be \\\"files\\\", got \\\"file\\\""},
        {META(AT("@/x")) PART("files", "1") END, "400 no metadata for path \\\"\\\""},
        {META(AT("@/x")) FILE_PART("@/y", "1") END, "400 no metadata for path \\\"@/y\\\""},
        {META(AT("@/x")) FILE_PART("@/x", "1"), "400 cannot read file part 1: multipart: NextPart: EOF"},
        {META(AT("@/x")), "400 cannot read file part 0: multipart: NextPart: EOF"},
        {META("{\"path\":\"@/x\",\"make-dirs\":1}") END,
         "400 cannot decode request metadata: json: cannot unmarshal number into Go struct field "
         "writeFilesItem.make-dirs of type bool"},
    };
    struct files_fixture files;
    files_begin(&files);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        files_assert(&files, "POST /v1/files", TYPE, cases[i][0], cases[i][1]);
    files_assert_entries(&files, "");
    // What was complete before stays written.
    files_assert(&files, "POST /v1/files", TYPE, META(AT("@/z")) FILE_PART("@/z", "1") "--" FILES_BOUNDARY "--x\r\n",
                 "400 cannot read file part 1: multipart: expecting a new Part; got line");
    files_assert_content(&files, "z", "1");
    files_assert(&files, "POST /v1/files", TYPE, META(AT("@/z")) FILE_PART("@/z", "2") "--" FILES_BOUNDARY "-- ",
                 "200 ");
    files_assert_content(&files, "z", "2");
    files_assert(&files, "POST /v1/files", TYPE, META(AT("@/x")) FILE_PART("@/x", "1") FILE_PART("@/y", "2") END,
                 "400 no metadata for path");
    files_assert_content(&files, "x", "1");
    files_end(&files);
}

// Sends the text in pieces while the loop runs; the socket is non-blocking.
static void send_all(const struct files_fixture *files, int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent > 0) {
            text += sent;
            length -= (size_t)sent;
        } else {
            uv_run(loop_uv(files->base.loop), UV_RUN_NOWAIT);
        }
    }
}

static char *large_body(const struct files_fixture *files, size_t size) {
    struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_FREE char *beginning = files_text(files, META(AT("@/x")) FILE_PART("@/x", "!"));
    *strrchr(beginning, '!') = '\0';
    buffer_add_string(&body, beginning);
    for (int i = 0; body.length < size; i++)
        buffer_printf(&body, "%d\r\n--simple-boundary-of-more-than-32-letter", i);
    buffer_add_string(&body, "\r\n" END);
    return buffer_take(&body);
}

static void large_files_are_streamed(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    AUTO_FREE char *body = large_body(&files, 5000000);
    int fd = fixture_connect(&files.base);
    AUTO_FREE char *head = memory_printf(
        "POST /v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" TYPE "Content-Length: %zu\r\n\r\n", strlen(body));
    send_all(&files, fd, head, strlen(head));
    send_all(&files, fd, body, strlen(body));
    AUTO_FREE char *response = fixture_receive(&files.base, fd);
    AUTO_FREE char *path = path_join(files.directory, "x");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_non_null(strstr(response, "200 OK"));
    assert_true(file_read(path, &content, NULL));
    const char *expected = strstr(body, "octet-stream\r\n\r\n") + strlen("octet-stream\r\n\r\n");
    assert_int_equal(content.length, strlen(expected) - strlen("\r\n" END));
    assert_memory_equal(content.data, expected, content.length);
    files_end(&files);
}

static void a_cut_upload_changes_nothing(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_put(&files, "x", "old");
    for (size_t size = 1000; size < 3000000; size *= 12) {
        AUTO_FREE char *body = large_body(&files, size);
        int fd = fixture_connect(&files.base);
        AUTO_FREE char *head =
            memory_printf("POST /v1/files HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: %zu\r\n\r\n", strlen(body));
        send_all(&files, fd, head, strlen(head));
        send_all(&files, fd, body, strlen(body) - 10);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        AUTO_FREE char *response = fixture_receive(&files.base, fd);
        assert_non_null(strstr(response, "400 Bad Request"));
        assert_non_null(strstr(response, "cannot read file part 1: multipart: NextPart: unexpected EOF"));
        files_assert_content(&files, "x", "old");
    }
    files_end(&files);
}

static void a_refused_upload_leaves_the_connection(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    AUTO_FREE char *body = large_body(&files, 2000000);
    memcpy(strstr(body, "write"), "bring", 5);
    int fd = fixture_connect(&files.base);
    AUTO_FREE char *head =
        memory_printf("POST /v1/files HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: %zu\r\n\r\n", strlen(body));
    send_all(&files, fd, head, strlen(head));
    send_all(&files, fd, body, strlen(body));
    fixture_send(fd, "GET", "/v1/health", "");
    AUTO_FREE char *response = fixture_receive(&files.base, fd);
    assert_non_null(strstr(response, "multipart action must be \\\"write\\\", got \\\"bring\\\""));
    assert_non_null(strstr(response, "\"healthy\":true"));
    files_end(&files);
}

// With all other memory that clients keep in use.
static void metadata_is_counted(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    const size_t *counted = &files.base.server->connections.buffered_bytes;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, MARK "\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n");
    while (body.length < 3000000)
        buffer_add_string(&body, "                                                  ");
    int fd = fixture_connect(&files.base);
    static const char head[] = "POST /v1/files HTTP/1.1\r\nHost: x\r\n" TYPE "Content-Length: 4000000\r\n\r\n";
    send_all(&files, fd, head, strlen(head));
    send_all(&files, fd, body.data, body.length);
    loop_run_pending(files.base.loop);
    assert_in_range(*counted, 2900000, 8000000);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    AUTO_FREE char *response = fixture_receive(&files.base, fd);
    assert_non_null(strstr(response, "400 Bad Request"));
    assert_int_equal(*counted, 0);
    files_end(&files);
}

static void metadata_is_limited(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, MARK "\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n");
    while (body.length < 5000000)
        buffer_add_string(&body, "                                                  ");
    buffer_add_string(&body, "\r\n" END);
    int fd = fixture_connect(&files.base);
    AUTO_FREE char *head = memory_printf(
        "POST /v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" TYPE "Content-Length: %zu\r\n\r\n", body.length);
    send_all(&files, fd, head, strlen(head));
    send_all(&files, fd, body.data, body.length);
    AUTO_FREE char *response = fixture_receive(&files.base, fd);
    assert_non_null(strstr(response, " 413 "));
    assert_non_null(strstr(response, "request metadata is larger than 4194304 bytes"));
    files_end(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written),
        cmocka_unit_test(the_last_item_of_a_path_counts),
        cmocka_unit_test(wrong_bodies_are_refused),
        cmocka_unit_test(large_files_are_streamed),
        cmocka_unit_test(a_cut_upload_changes_nothing),
        cmocka_unit_test(a_refused_upload_leaves_the_connection),
        cmocka_unit_test(metadata_is_counted),
        cmocka_unit_test(metadata_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
