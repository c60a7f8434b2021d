// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/client_certificate_internal.h"

#include "base/clock.h"

bool client_certificate_check(const struct certificate *certificate, struct error *err) {
    return certificate_check_validity(certificate, clock_wall_ns() / NS_PER_S, err) &&
           (certificate_allows_client(certificate) ||
            error_set(err, ERROR_BAD_REQUEST, "x509: certificate specifies an incompatible key usage"));
}
