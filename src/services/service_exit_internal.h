// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: see service.h for the events.
#pragma once

struct service;

// Adds the last lines of output to the log of the start task that is about to fail.
void service_add_last_output(struct service *service);
