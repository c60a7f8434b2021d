// SPDX-License-Identifier: GPL-3.0-or-later
// Which proxy an outgoing request goes through: HTTP_PROXY, http_proxy, NO_PROXY and no_proxy, read as Go's programs do
// (https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config).
#pragma once

#include "wire/url.h"

struct proxy_settings;

// `http_proxy`: a URL, or HOST:PORT; NULL, "" and what is no URL mean that there is none. `no_proxy`: what is reached
// without it, separated by commas: "*" for all, addresses and networks ("10.0.0.0/8"), names, which cover the names
// below them, and ".name" for those below only; each but networks may have a port. May be NULL.
struct proxy_settings *proxy_settings_create(const char *http_proxy, const char *no_proxy)
    __attribute__((returns_nonnull));
// From the environment. HTTP_PROXY is ignored where REQUEST_METHOD is set: there it may come from a request's header.
struct proxy_settings *proxy_settings_from_environment(void) __attribute__((returns_nonnull));
void proxy_settings_destroy(struct proxy_settings *settings); // NULL is fine
// The proxy for a http: URL; NULL if it is reached directly, as localhost and loopback addresses always are.
const struct url *proxy_for(const struct proxy_settings *settings, const struct url *url);
