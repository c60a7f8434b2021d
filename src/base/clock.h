// SPDX-License-Identifier: LGPL-3.0-or-later
// Time. Waiting uses the monotonic clock (loop/ timers); wall-clock time is only shown or stored.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

struct tm;

// Nanoseconds since some fixed moment; never goes back.
int64_t clock_monotonic_ns(void);
// The moment `duration_ns` after `time_ns`; INT64_MAX or INT64_MIN if it cannot be represented.
int64_t clock_add_ns(int64_t time_ns, int64_t duration_ns);
// The monotonic time in `timeout_ns`, for a deadline; INT64_MAX, which is never reached, for the largest timeouts.
int64_t clock_deadline_ns(int64_t timeout_ns);
// Nanoseconds since 1970-01-01 UTC. In a test build (PEBBLE_TEST_SEAMS), the number of seconds in the file
// $PEBBLE_TEST_CLOCK is added.
int64_t clock_wall_ns(void);

// A wall-clock time as stored in the state file and the API of the reference: nanoseconds, and the offset of the zone
// in which it was written. The zero value means "no time".
struct wall_time {
    int64_t ns;             // since 1970-01-01 UTC
    int32_t offset_seconds; // east of UTC
    bool is_set;
};
struct wall_time clock_now(void); // in the local zone (TZ, read once)
// The time in the local zone; in UTC if that is a day or more ahead or behind, which RFC 3339 cannot express. False if
// the year cannot be represented.
bool clock_local(int64_t wall_s, struct tm *local) NODISCARD;
bool clock_utc(int64_t wall_s, struct tm *utc) NODISCARD;
// RFC 3339 with as many digits of the fraction as needed, none if zero; "Z" for offset 0 (Go's RFC3339Nano).
#define CLOCK_TEXT_SIZE 48
void clock_format(struct wall_time time, char out[CLOCK_TEXT_SIZE]);
// The same in UTC with exactly three digits: 2026-01-02T03:04:05.678Z.
void clock_format_millis(int64_t wall_ns, char out[CLOCK_TEXT_SIZE]);
// Of the seconds since 1970, from year 0 to 9999, in UTC without a fraction: 2026-01-02T03:04:05Z.
void clock_format_seconds(int64_t wall_s, char out[CLOCK_TEXT_SIZE]);
// HTTP's date (RFC 9110 section 5.6.7): Tue, 15 Nov 1994 08:12:31 GMT.
void clock_format_http(int64_t wall_ns, char out[CLOCK_TEXT_SIZE]);
// Parses RFC 3339: years 0000 to 9999, nine digits of fraction, "." or "," as decimal separator. The first moment of
// year 1 is "no time". Times that do not fit in nanoseconds (before 1678, after 2261) become the nearest that does.
// False if malformed.
bool clock_parse(const char *text, struct wall_time *time) NODISCARD;

// Durations are int64 nanoseconds in the text form of Go's time.Duration
// (https://pkg.go.dev/time#ParseDuration): "1h30m", "1.5s", "-2ms", "0". Errors are those of Go:
// `time: invalid duration "x"`, `time: missing unit in duration "5"`, `time: unknown unit "d" in duration "1d"`.
struct error;
bool duration_parse(const char *text, int64_t *ns, struct error *err) NODISCARD;
#define DURATION_TEXT_SIZE 40
void duration_format(int64_t ns, char out[DURATION_TEXT_SIZE]); // "1m30s", "250µs", "0s"
