// SPDX-License-Identifier: GPL-3.0-or-later
// As http_client_fixture.h, with a server that uses TLS.
#pragma once

#include "tls_fixture.h"

#include "http_client_fixture.h"

static int open_secure(void **state) {
    open_trust();
    if (open_client(state) != 0)
        return -1;
    server.tls = make_good_server();
    return 0;
}

static int close_secure(void **state) {
    tls_context_release(server.tls);
    int status = close_client(state);
    close_trust();
    return status;
}
#define SECURE_TEST(name) cmocka_unit_test_setup_teardown(name, open_secure, close_secure)
