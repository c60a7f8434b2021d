// SPDX-License-Identifier: GPL-3.0-or-later
// What a hostile daemon sends in the place of a good response, and how a call may end then.
#pragma once

#include "hostile_response.h"

// How a call ends: a set of kinds of errors, and 1 for success.
#define HOSTILE_ENDS(kind) (1U << (kind))
#define HOSTILE_SUCCEEDS 1U

enum hostile_call_flags {
    HOSTILE_IGNORES_RESULT = 1, // of the response
    HOSTILE_TAKES_MISSING = 2,  // status 404 is a result
    HOSTILE_AWAITS_ITEMS = 4,   // an empty list is asked for again, after a second
};

enum hostile_after { HOSTILE_KEEPS, HOSTILE_CLOSES, HOSTILE_HOLDS, HOSTILE_TRICKLES };

struct hostile_spoiled {
    struct buffer bytes;
    enum hostile_after after; // TRICKLES: byte for byte, but never the last one
    unsigned ends;            // how the call may end
    char what[160];           // for people
};

struct hostile_fault {
    const char *name;
    bool needs_timeout; // the call goes on until its time is over
    // How many ways there are to spoil this response; 0: it is not concerned.
    unsigned (*count)(const struct hostile_response *response);
    void (*spoil)(const struct hostile_response *response, unsigned number, unsigned call_flags,
                  struct hostile_spoiled *spoiled);
};
extern const struct hostile_fault hostile_faults[];
extern const unsigned hostile_fault_count;

void hostile_add_repeated(struct buffer *out, const char *text, size_t count);

// Values of other JSON types in the place of each value of the response.
unsigned hostile_count_types(const struct hostile_response *response);
void hostile_spoil_types(const struct hostile_response *response, unsigned number, unsigned call_flags,
                         struct hostile_spoiled *spoiled);
// Responses that do not depend on the good one.
unsigned hostile_count_fixed(const struct hostile_response *response);
void hostile_spoil_fixed(const struct hostile_response *response, unsigned number, unsigned call_flags,
                         struct hostile_spoiled *spoiled);
