// SPDX-License-Identifier: GPL-3.0-or-later
// Sets of identities from JSON text, and a certificate.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "access/identity_set.h"
#include "base/memory.h"
#include "data/json.h"

// Its lines, with `eol` between them: openssl req -x509 -newkey ed25519 -nodes -subj /CN=kestrel
#define CERTIFICATE_BASE64(eol)                                                                                        \
    "MIIBODCB66ADAgECAhR3fCsCXeV7AA3Z0xuiyRulsLExajAFBgMrZXAwEjEQMA4G" eol                                             \
    "A1UEAwwHa2VzdHJlbDAeFw0yNjExMjYxNDM1NDZaFw0yNjEyMjYxNDM1NDZaMBIx" eol                                             \
    "EDAOBgNVBAMMB2tlc3RyZWwwKjAFBgMrZXADIQAARrwhmCB1X2sH8U86xRwT1sr4" eol                                             \
    "P8x1zXCFDpdalG+unaNTMFEwHQYDVR0OBBYEFMBVOwmoPhI/fen61PpUlkwjDgMz" eol                                             \
    "MB8GA1UdIwQYMBaAFMBVOwmoPhI/fen61PpUlkwjDgMzMA8GA1UdEwEB/wQFMAMB" eol                                             \
    "Af8wBQYDK2VwA0EA1NDlkWEsTJbNHjQk/Vw5uYibge57O8KVXvmElw4Am47dyFUe" eol "jqAf9whxQNMGKSNoWSoI3/kvdpeyOIeEApjcBw=="
#define CERTIFICATE_PEM(eol) "-----BEGIN CERTIFICATE-----" eol CERTIFICATE_BASE64(eol) eol "-----END CERTIFICATE-----"

static inline bool set_try(const char *text, struct identity_set *set, struct error *err) {
    AUTO_JSON json_t *value = NULL;
    assert_true(json_read(text, strlen(text), &value, NULL));
    return identity_set_read(value, set, err) && identity_set_check(set, err);
}

static inline void set_of(const char *text, struct identity_set *set) {
    AUTO_ERROR struct error err = {0};
    if (!set_try(text, set, &err))
        fail_msg("%s: %s", text, error_text(&err));
}
