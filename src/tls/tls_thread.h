// SPDX-License-Identifier: LGPL-3.0-or-later
// Threads that use this module for a while, such as those of worker pools.
#pragma once

// Frees what OpenSSL keeps for the calling thread: its error queue, its random number generators. Without, the thread
// keeps them until it ends. Call it at the end of the work; the thread may use the module again.
void tls_thread_release(void);
