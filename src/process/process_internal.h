// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: where tests reach into the start of a process.
#pragma once

#ifdef PEBBLE_TEST_SEAMS
struct process_spec;
// If set: called in the child, which shares the memory, right before exec and with the account's rights.
extern void (*process_before_exec)(const struct process_spec *spec);
#endif
