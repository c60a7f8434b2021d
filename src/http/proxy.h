// SPDX-License-Identifier: GPL-3.0-or-later
// Selection of a proxy for outgoing requests by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or the same names in lower case,
// as in Go programs (https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config).
#pragma once

#include "wire/url.h"

struct proxy_settings;

// The proxies for http: and https: URLs are each a URL or HOST:PORT; NULL, "" and invalid URLs mean no proxy.
// `no_proxy` lists what is reached directly, separated by commas: "*" for everything; addresses; networks
// ("10.0.0.0/8"); domain names, which include their subdomains; ".name" for subdomains only. All but networks may have
// a port. May be NULL.
struct proxy_settings *proxy_settings_create(const char *http_proxy, const char *https_proxy, const char *no_proxy)
    __attribute__((returns_nonnull));
// From the environment. HTTP_PROXY is ignored if REQUEST_METHOD is set, because under CGI a header of the request sets
// it.
struct proxy_settings *proxy_settings_from_environment(void) __attribute__((returns_nonnull));
void proxy_settings_destroy(struct proxy_settings *settings); // NULL is allowed
// Returns the proxy for a URL. NULL if it is reached directly, as localhost and loopback addresses always are.
const struct url *proxy_for(const struct proxy_settings *settings, const struct url *url);
