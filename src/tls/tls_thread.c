// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_thread.h"

#include <openssl/crypto.h>

void tls_thread_release(void) {
    OPENSSL_thread_stop();
}
