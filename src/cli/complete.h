// SPDX-License-Identifier: GPL-3.0-or-later
// Completes command lines, from the descriptors of the commands.
#pragma once

#include "base/buffer.h"
#include "cli/cli.h"

// Adds what the last of the words (count > 0) can be completed to. The first is the name of the command. The first line
// is ":files" if the shell is to offer the names of local files too, else ":words". The other lines are "WORD<tab>
// DESCRIPTION". A word that ends in "/" or "=" is not complete yet.
void complete(struct cli_session *session, char *const *words, size_t count, struct buffer *out);
