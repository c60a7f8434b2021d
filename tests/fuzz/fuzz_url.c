// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true)
        abort();
}

// Cleaning a clean path changes nothing, and an escaped path decodes to itself.
static void check_path(const char *path, size_t length) {
    AUTO_FREE char *clean = url_clean_path(path);
    AUTO_FREE char *again = url_clean_path(clean);
    check(clean[0] == '/' && strcmp(clean, again) == 0 && strstr(clean, "//") == NULL);
    AUTO_BUFFER struct buffer escaped = BUFFER_INIT(BUFFER_NO_LIMIT);
    url_add_path_escaped(&escaped, path, length);
    char *decoded;
    size_t decoded_length;
    check(url_decode(buffer_text(&escaped), escaped.length, false, &decoded, &decoded_length));
    check(decoded_length == length && memcmp(decoded, path, length) == 0);
    free(decoded);
}

static void check_url(const struct url *url) {
    check(url->scheme != NULL && url->host != NULL && url->path[0] == '/');
    check(url->port >= 0 && url->port <= 65535);
    for (const char *c = url->path; *c != '\0'; c++)
        check((unsigned char)*c > ' ' && *c != 0x7f);
}

// What a reference means does not change when it is resolved once more.
static void check_reference(const char *text) {
    struct url base, url, again;
    check(url_parse("http://u@h:1/a/b?c", &base, NULL));
    if (url_resolve(&base, text, &url, NULL)) {
        check_url(&url);
        if (url.host[0] != '\0') {
            check(url_resolve(&url, "", &again, NULL));
            check(strcmp(url.path, again.path) == 0 && strcmp(url.host, again.host) == 0 && url.port == again.port);
            url_finish(&again);
        }
        url_finish(&url);
    }
    url_finish(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *bytes = memory_copy(data, size);
    struct url_target target;
    if (url_target_parse(bytes, size, &target)) {
        check(target.path[0] == '/' || strcmp(target.path, "*") == 0);
        check(target.raw_query != NULL);
        check_path(target.path, target.path_length);
        url_target_finish(&target);
    }
    AUTO_FREE char *text = memory_string_n(bytes, size);
    AUTO_ERROR struct error err = {0};
    struct url url;
    if (url_parse(text, &url, &err)) {
        check(!error_is_set(&err));
        check_url(&url);
        url_finish(&url);
    } else {
        check(strncmp(error_text(&err), "parse \"", 7) == 0);
    }
    check_reference(text);
    return 0;
}
