// SPDX-License-Identifier: GPL-3.0-or-later
#include "files_fixture.h"

#define ACCEPT "Accept: multipart/form-data\r\n"

// The body of a chunked response without its chunks. Owned.
static char *body_of(const char *response) {
    struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *at = strstr(response, "\r\n\r\n");
    assert_non_null(at);
    at += 4;
    for (;;) {
        char *end;
        size_t size = strtoul(at, &end, 16);
        if (size == 0)
            return buffer_take(&body);
        buffer_add(&body, end + 2, size);
        at = end + 2 + size + 2;
    }
}

// Reads and checks the whole body. In `expected`, "#" stands for the boundary and "@" for the directory.
static void assert_read(struct files_fixture *files, const char *request, const char *expected) {
    AUTO_FREE char *response = files_ask(files, request, ACCEPT, "");
    static const char type[] = "Content-Type: multipart/form-data; boundary=";
    const char *boundary = strstr(response, type);
    assert_non_null(boundary);
    boundary += sizeof type - 1;
    size_t length = strcspn(boundary, "\r");
    assert_true(length >= 32);
    AUTO_FREE char *text = files_text(files, expected);
    AUTO_BUFFER struct buffer wanted = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '#')
            buffer_add(&wanted, boundary, length);
        else
            buffer_add_char(&wanted, *c);
    }
    AUTO_FREE char *body = body_of(response);
    assert_string_equal(body, buffer_text(&wanted));
}

#define FILE_PART(path, content)                                                                                       \
    "--#\r\nContent-Disposition: form-data; name=\"files\"; filename=\"" path                                          \
    "\"\r\nContent-Type: application/octet-stream\r\n\r\n" content "\r\n"
#define RESULTS(results)                                                                                               \
    "--#\r\nContent-Disposition: form-data; name=\"response\"\r\nContent-Type: application/json\r\n\r\n"               \
    "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":[" results "]}\n\r\n--#--\r\n"

static void parts_are_in_the_order_of_the_paths(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_put(&files, "text", "hello\n");
    files_put(&files, "empty", "");
    assert_read(&files, "GET /v1/files?action=read&path=@/text&path=@/no&path=@/empty&path=@/text",
                FILE_PART("@/text", "hello\n") FILE_PART("@/empty", "") FILE_PART("@/text", "hello\n")
                    RESULTS("{\"path\":\"@/text\"},{\"path\":\"@/no\",\"error\":{\"message\":\"stat @/no: no such file "
                            "or directory\",\"kind\":\"not-found\"}},{\"path\":\"@/empty\"},{\"path\":\"@/text\"}"));
    assert_read(&files, "GET /v1/files?action=read&path=@&path=",
                RESULTS("{\"path\":\"@\",\"error\":{\"message\":\"can only read a regular file: \\\"@\\\"\",\"kind\":"
                        "\"generic-file-error\"}},{\"path\":\"\",\"error\":{\"message\":\"paths must be absolute, got "
                        "\\\"\\\"\",\"kind\":\"generic-file-error\"}}"));
    AUTO_FREE char *event = memory_printf("\"event\":\"authz_admin:%u,pull_file\"", getuid());
    AUTO_FREE char *words = files_text(&files, "\"description\":\"Pulling file @/no\"");
    assert_non_null(strstr(buffer_text(&files.base.log), event));
    assert_non_null(strstr(buffer_text(&files.base.log), words));
    files_end(&files);
}

static void wrong_requests_are_refused(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    files_assert(&files, "GET /v1/files?action=read", ACCEPT, "", "400 must specify one or more paths");
    files_assert(&files, "GET /v1/files?action=read&path=/x", "", "", "400 must accept multipart/form-data");
    files_assert(&files, "GET /v1/files?action=read&path=/x", "Accept: */*\r\n", "",
                 "400 must accept multipart/form-data");
    files_end(&files);
}

static void put_large(const struct files_fixture *files, size_t size) {
    AUTO_FREE char *path = path_join(files->directory, "large");
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
}

static void large_files_are_streamed(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    put_large(&files, 5000000);
    AUTO_FREE char *request = files_text(&files, "GET /v1/files?action=read&path=@/large");
    int fd = fixture_connect(&files.base);
    fixture_send_with(fd, request, ACCEPT, "");
    size_t received = 0;
    for (int turns = 0; turns < 2000000; turns++) {
        static char block[100000];
        ssize_t count = recv(fd, block, sizeof block, 0);
        if (count == 0)
            break;
        if (count > 0)
            received += (size_t)count;
        else
            uv_run(loop_uv(files.base.loop), UV_RUN_NOWAIT);
    }
    (void)close(fd);
    assert_in_range(received, 5000000, 5010000);
    files_end(&files);
}

static void a_client_that_goes_ends_the_reading(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    put_large(&files, (size_t)1 << 40);
    AUTO_FREE char *request = files_text(&files, "GET /v1/files?action=read&path=@/large");
    int fd = fixture_connect(&files.base);
    fixture_send_with(fd, request, ACCEPT, "");
    char block[1000];
    while (recv(fd, block, sizeof block, 0) <= 0)
        uv_run(loop_uv(files.base.loop), UV_RUN_NOWAIT);
    (void)close(fd);
    while (!list_is_empty(&files.base.api->calls))
        uv_run(loop_uv(files.base.loop), UV_RUN_ONCE);
    files_end(&files);
}

static void the_end_of_the_server_ends_the_reading(void **unused UNUSED) {
    struct files_fixture files;
    files_begin(&files);
    put_large(&files, (size_t)1 << 40);
    AUTO_FREE char *request = files_text(&files, "GET /v1/files?action=read&path=@/large");
    int fd = fixture_connect(&files.base);
    fixture_send_with(fd, request, ACCEPT, "");
    char block[1000];
    while (recv(fd, block, sizeof block, 0) <= 0)
        uv_run(loop_uv(files.base.loop), UV_RUN_NOWAIT);
    files_end(&files);
    (void)close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_in_the_order_of_the_paths),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(large_files_are_streamed),
        cmocka_unit_test(a_client_that_goes_ends_the_reading),
        cmocka_unit_test(the_end_of_the_server_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
