// SPDX-License-Identifier: GPL-3.0-or-later
// What a word of a command line can be completed to.
#pragma once

#include "cli/cli.h"

#include "base/buffer.h"

struct candidates {
    const char *current;           // the word so far; only what begins with it is offered
    const char *prefix;            // written before each, such as "--format="
    const struct text_list *given; // not offered again; NULL: everything is
    bool has_local_files;          // the shell is to offer the names of files too
    struct buffer lines;           // "WORD<tab>DESCRIPTION\n" for each
};

// Adds the word if it may be offered, with the first line of the description. Words with control characters are not.
void candidates_add(struct candidates *candidates, const char *word, const char *description);

// Adds the values, some of which the daemon is asked for. Waits 300 ms at most, and not at all if nothing listens on
// the socket; then there are none. `arguments` are those before the word.
void candidates_add_values(struct candidates *candidates, enum cli_values values, struct cli_session *session,
                           const struct text_list *arguments);
