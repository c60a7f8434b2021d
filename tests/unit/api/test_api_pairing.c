// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <netinet/in.h>

#include "../tls/engine_fixture.h"

#define PAIRING "POST /v1/pairing"
#define PAIR "{\"action\":\"pair\"}"
#define ENABLE "{\"action\":\"enable\"}"

// --- HTTPS ---

static struct chain chain;
static struct tls_context *server_side;
static in_port_t port;

static bool create_engine(struct tls_engine **engine, void *data UNUSED, struct error *err) {
    return tls_engine_create(server_side, NULL, engine, err);
}

static void https_begin(struct fixture *fixture) {
    static const struct http_tls_hooks hooks = {.create_engine = create_engine};
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    int fd = -1;
    fixture_begin(fixture);
    chain = chain_make_at((int64_t)time(NULL));
    server_side = server_context(&chain);
    assert_true(listen_tcp("127.0.0.1:0", &fd, NULL));
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    port = name.sin6_port;
    assert_true(http_server_listen_tls(fixture->server, fd, &hooks, NULL));
}

static void https_end(struct fixture *fixture) {
    fixture_end(fixture);
    tls_context_release(server_side);
    chain_finish(&chain);
}

struct https_client {
    int fd;
    struct tls_context *context;
    struct side side;
};

static void https_open(struct https_client *client, const struct certificate_fixture *own) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *client = (struct https_client){.fd = socket(AF_INET, SOCK_STREAM, 0), .context = client_context(&chain, own)};
    client->side = (struct side){.received = BUFFER_INIT(BUFFER_NO_LIMIT), .result = TLS_WAITING};
    assert_int_equal(connect(client->fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    assert_true(tls_engine_create(client->context, "host", &client->side.engine, NULL));
}

static void https_send_output(struct https_client *client) {
    size_t length;
    const void *output = tls_engine_output(client->side.engine, &length);
    ssize_t sent = output != NULL ? send(client->fd, output, length, MSG_NOSIGNAL) : 0;
    if (sent > 0)
        tls_engine_consume_output(client->side.engine, (size_t)sent);
}

// Sends and receives what there is, and runs the server once.
static void https_turn(struct fixture *fixture, struct https_client *client) {
    char bytes[4096];
    https_send_output(client);
    ssize_t count = recv(client->fd, bytes, sizeof bytes, 0);
    if (count > 0)
        assert_int_equal(tls_engine_receive(client->side.engine, bytes, (size_t)count), count);
    else if (count == 0)
        tls_engine_receive_end(client->side.engine);
    side_read(&client->side);
    uv_run(loop_uv(fixture->loop), UV_RUN_NOWAIT);
}

static void https_write(struct fixture *fixture, struct https_client *client, const char *text) {
    while (!tls_engine_is_established(client->side.engine)) {
        https_turn(fixture, client);
        assert_int_not_equal(client->side.result, TLS_FAILED);
    }
    for (size_t done = 0, length = strlen(text); done < length;) {
        const struct iovec piece = {(char *)(uintptr_t)text + done, length - done};
        size_t taken = 0;
        if (!tls_engine_write(client->side.engine, &piece, 1, &taken, NULL))
            break; // the server has responded already
        done += taken;
        https_turn(fixture, client);
    }
}

// Returns the whole response, owned, and closes the connection.
static char *https_receive(struct fixture *fixture, struct https_client *client) {
    while (client->side.result == TLS_WAITING)
        https_turn(fixture, client);
    char *response = buffer_take(&client->side.received);
    side_finish(&client->side);
    tls_context_release(client->context);
    (void)close(client->fd);
    loop_run_pending(fixture->loop);
    return response;
}

static void https_write_head(struct fixture *fixture, struct https_client *client, const char *request, size_t length) {
    AUTO_FREE char *head =
        memory_printf("%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", request, length);
    https_write(fixture, client, head);
}

static void check_response(const char *response, const char *what, int status, const char *piece) {
    int got = 0;
    (void)sscanf(response, "HTTP/1.1 %d", &got);
    if (got != status || strstr(response, piece) == NULL)
        fail_msg("%s: want %d and %s, got\n%s", what, status, piece, response);
}

// Like assert_response(), over HTTPS.
static void assert_https(struct fixture *fixture, const struct certificate_fixture *own, const char *request,
                         const char *body, int status, const char *piece) {
    struct https_client client;
    https_open(&client, own);
    https_write_head(fixture, &client, request, strlen(body));
    https_write(fixture, &client, body);
    AUTO_FREE char *response = https_receive(fixture, &client);
    check_response(response, body, status, piece);
}

static struct certificate_fixture make_client(const char *usage) {
    return fixture_make((struct certificate_fixture_spec){.name = "client", .usage = usage});
}

static void add_identity(struct fixture *fixture, const char *name, const char *access,
                         const struct certificate_fixture *own) {
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(own);
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    AUTO_JSON json_t *object = json_pack("{s:{s:s,s:{s:s}}}", name, "access", access, "cert", "pem", pem);
    AUTO_FREE char *text = json_dumps(object, 0);
    fixture_add_identities(fixture, text);
}

static void allow_pairing(struct fixture *fixture) {
    fixture_add_layer(fixture, "pairing: {mode: multiple}\n");
}

static void open_window(struct fixture *fixture) {
    assert_response(fixture, PAIRING, ENABLE, 200, "\"expires\":");
    assert_true(pairing_is_open(fixture->pairing));
}

static void assert_log(const struct fixture *fixture, const char *event) {
    if (strstr(buffer_text(&fixture->log), event) == NULL)
        fail_msg("%s in\n%s", event, buffer_text(&fixture->log));
}

// --- the closed window ---

static void all_else_is_denied(void **state UNUSED) {
    static const char *const bodies[] = {
        "", "{", "[]", "{}", PAIR, "{\"action\":1}", "{\"action\":\"enable \"}", "{\"action\":\"disable\"}"};
    struct certificate_fixture admin = make_client(NULL), reader = make_client(NULL), stranger = make_client(NULL);
    const struct certificate_fixture *const clients[] = {&admin, &reader, &stranger};
    struct fixture fixture;
    https_begin(&fixture);
    add_identity(&fixture, "ann", "admin", &admin);
    add_identity(&fixture, "bob", "read", &reader);
    allow_pairing(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        assert_response(&fixture, PAIRING, bodies[i], 401, "\"kind\":\"login-required\"");
        for (size_t j = 0; j < ARRAY_COUNT(clients); j++)
            assert_https(&fixture, clients[j], PAIRING, bodies[i], 401, "access denied");
    }
    assert_https(&fixture, &reader, PAIRING, ENABLE, 401, "access denied");
    assert_https(&fixture, &stranger, PAIRING, ENABLE, 401, "access denied");
    assert_false(pairing_is_open(fixture.pairing));
    assert_log(&fixture, "\"event\":\"authz_fail:ann,/v1/pairing\"");
    assert_response(&fixture, "GET /v1/pairing", "", 405, "method \\\"GET\\\" not allowed");
    https_end(&fixture);
    fixture_finish(&admin);
    fixture_finish(&reader);
    fixture_finish(&stranger);
}

// --- opening it ---

static void administrators_open_the_window(void **state UNUSED) {
    struct certificate_fixture admin = make_client(NULL);
    struct fixture fixture;
    https_begin(&fixture);
    add_identity(&fixture, "ann", "admin", &admin);
    assert_response(&fixture, PAIRING, ENABLE, 400, "\"cannot enable pairing with pairing mode disabled\"");
    allow_pairing(&fixture);
    open_window(&fixture);
    AUTO_FREE char *event = memory_printf("\"event\":\"authz_admin:%u,enable_pairing\"", getuid());
    assert_log(&fixture, event);
    assert_log(&fixture, "\"description\":\"Enabling pairing for 2m0s\"");
    fixture_add_layer(&fixture, "pairing: {mode: single}\n");
    assert_false(pairing_is_open(fixture.pairing));
    assert_https(&fixture, &admin, PAIRING, "{\"action\":\"enable\",\"timeout\":\"10s\"}", 200, "\"expires\":");
    assert_true(pairing_is_open(fixture.pairing));
    assert_log(&fixture, "\"event\":\"authz_admin:ann,enable_pairing\"");
    https_end(&fixture);
    fixture_finish(&admin);
}

static void timeouts_are_checked(void **state UNUSED) {
    static const struct {
        const char *timeout;
        int status;
        const char *piece;
    } cases[] = {
        {"\"999ms\"", 400, "\"invalid timeout: must be from 1s to 10m\""},
        {"\"-1m\"", 400, "\"invalid timeout: must be from 1s to 10m\""},
        {"\"10m1ns\"", 400, "\"invalid timeout: must be from 1s to 10m\""},
        {"\"soon\"", 400, "\"invalid timeout: time: invalid duration \\\"soon\\\"\""},
        {"5", 400, "\"cannot decode request body: json: cannot unmarshal number into"},
        {"\"1s\"", 200, "\"expires\":\"20"},
        {"\"10m\"", 200, "\"expires\":\"20"},
        {"null", 200, "\"expires\":\"20"},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    allow_pairing(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *body = memory_printf("{\"action\":\"enable\",\"timeout\":%s}", cases[i].timeout);
        assert_response(&fixture, PAIRING, body, cases[i].status, cases[i].piece);
        assert_int_equal(pairing_is_open(fixture.pairing), i >= 5);
    }
    fixture_end(&fixture);
}

static void the_end_of_the_window_is_shown(void **state UNUSED) {
    static const char key[] = "\"expires\":\"";
    struct fixture fixture;
    fixture_begin(&fixture);
    allow_pairing(&fixture);
    int64_t before_ns = clock_wall_ns();
    AUTO_FREE char *response = fixture_ask(&fixture, "POST", "/v1/pairing", ENABLE);
    int64_t after_ns = clock_wall_ns();
    char *text = strstr(response, key);
    assert_non_null(text);
    text += sizeof key - 1;
    *strchr(text, '"') = '\0';
    struct wall_time expires;
    assert_true(clock_parse(text, &expires));
    assert_true(expires.ns >= before_ns + 120 * NS_PER_S && expires.ns <= after_ns + 120 * NS_PER_S);
    fixture_end(&fixture);
}

// --- pairing ---

static void a_client_is_paired(void **state UNUSED) {
    struct certificate_fixture client = make_client("clientAuth");
    struct fixture fixture;
    https_begin(&fixture);
    allow_pairing(&fixture);
    open_window(&fixture);
    assert_response(&fixture, PAIRING, PAIR, 401, "access denied"); // not over HTTPS
    assert_https(&fixture, &client, PAIRING, "", 400, "\"cannot decode request body: EOF\"");
    assert_https(&fixture, &client, PAIRING, "{\"action\":1}", 400, "cannot decode request body: json: cannot");
    assert_https(&fixture, &client, PAIRING, ENABLE, 400, "\"invalid action \\\"enable\\\", must be \\\"pair\\\"\"");
    assert_https(&fixture, &client, "GET /v1/services", "", 401, "access denied");
    assert_true(pairing_is_open(fixture.pairing));
    assert_https(&fixture, &client, PAIRING, PAIR, 200,
                 "\r\n\r\n{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\"}");
    assert_false(pairing_is_open(fixture.pairing));
    assert_https(&fixture, &client, "GET /v1/identities", "", 200, "\"user-1\":{\"access\":\"admin\"");
    assert_https(&fixture, &client, PAIRING, PAIR, 401, "access denied");
    https_end(&fixture);
    fixture_finish(&client);
}

static void other_certificates_are_refused(void **state UNUSED) {
    struct certificate_fixture client = make_client("serverAuth");
    struct fixture fixture;
    https_begin(&fixture);
    allow_pairing(&fixture);
    open_window(&fixture);
    assert_https(&fixture, &client, PAIRING, PAIR, 400,
                 "\"cannot pair client: cannot verify client certificate signature: "
                 "x509: certificate specifies an incompatible key usage\"");
    assert_false(pairing_is_open(fixture.pairing));
    assert_response(&fixture, "GET /v1/identities", "", 200, "\"result\":{}");
    https_end(&fixture);
    fixture_finish(&client);
}

static void the_window_may_close_before_the_body_has_come(void **state UNUSED) {
    struct certificate_fixture client_certificate = make_client(NULL);
    struct fixture fixture;
    struct https_client client;
    https_begin(&fixture);
    allow_pairing(&fixture);
    open_window(&fixture);
    https_open(&client, &client_certificate);
    https_write_head(&fixture, &client, PAIRING, strlen(PAIR));
    while (list_is_empty(&fixture.api->calls))
        https_turn(&fixture, &client);
    pairing_set_mode(fixture.pairing, PAIRING_SINGLE);
    https_write(&fixture, &client, PAIR);
    AUTO_FREE char *response = https_receive(&fixture, &client);
    check_response(response, "late", 401, "access denied");
    https_end(&fixture);
    fixture_finish(&client_certificate);
}

static void bodies_are_limited(void **state UNUSED) {
    struct certificate_fixture client = make_client(NULL);
    AUTO_FREE char *body = memory_printf("%*s" PAIR, (int)BODY_SMALL_LIMIT_BYTES, "");
    struct fixture fixture;
    https_begin(&fixture);
    allow_pairing(&fixture);
    assert_response(&fixture, PAIRING, body, 401, "access denied");
    open_window(&fixture);
    assert_https(&fixture, &client, PAIRING, body, 413, "error");
    assert_true(pairing_is_open(fixture.pairing));
    https_end(&fixture);
    fixture_finish(&client);
}

static void pairing_may_be_left_out(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    allow_pairing(&fixture);
    fixture.api->spec.pairing = NULL;
    assert_response(&fixture, PAIRING, ENABLE, 401, "access denied");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_else_is_denied),
        cmocka_unit_test(administrators_open_the_window),
        cmocka_unit_test(timeouts_are_checked),
        cmocka_unit_test(the_end_of_the_window_is_shown),
        cmocka_unit_test(a_client_is_paired),
        cmocka_unit_test(other_certificates_are_refused),
        cmocka_unit_test(the_window_may_close_before_the_body_has_come),
        cmocka_unit_test(bodies_are_limited),
        cmocka_unit_test(pairing_may_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
