// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/client_certificate_internal.h"

#include "base/clock.h"

static bool check_time(const struct certificate *certificate, struct error *err) {
    int64_t now_s = clock_wall_ns() / NS_PER_S, from_s = certificate_not_before_s(certificate);
    if (certificate_is_valid_at(certificate, now_s))
        return true;
    bool is_early = now_s < from_s;
    char now[CLOCK_TEXT_SIZE], limit[CLOCK_TEXT_SIZE];
    clock_format_seconds(now_s * NS_PER_S, now);
    clock_format_seconds((is_early ? from_s : certificate_not_after_s(certificate)) * NS_PER_S, limit);
    return error_set(err, ERROR_BAD_REQUEST,
                     "x509: certificate has expired or is not yet valid: current time %s is %s %s", now,
                     is_early ? "before" : "after", limit);
}

bool client_certificate_check(const struct certificate *certificate, struct error *err) {
    return check_time(certificate, err) &&
           (certificate_allows_client(certificate) ||
            error_set(err, ERROR_BAD_REQUEST, "x509: certificate specifies an incompatible key usage"));
}
