// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define PORT_ANY 0
#define IPV4_OFFSET 12 // of an IPv4 address mapped to IPv6

struct ip {
    unsigned char bytes[16];
    bool is_ipv4;
};

// An item of NO_PROXY.
struct exclusion {
    char *name; // in lower case, with a leading dot; NULL for a network
    bool covers_name_itself;
    int port;
    struct ip network;
    unsigned prefix_bits; // of the 16 bytes of the network
};

struct proxy_settings {
    struct url *http, *https; // the proxies; NULL: none
    bool excludes_all;
    struct exclusion *exclusions;
    size_t count, capacity;
};

// --- addresses ---

static bool ip_parse(const char *text, struct ip *ip) {
    static const unsigned char mapped[IPV4_OFFSET] = {[10] = 0xff, [11] = 0xff};
    *ip = (struct ip){0};
    if (inet_pton(AF_INET6, text, ip->bytes) == 1) {
        ip->is_ipv4 = memcmp(ip->bytes, mapped, IPV4_OFFSET) == 0;
        return true;
    }
    memcpy(ip->bytes, mapped, IPV4_OFFSET);
    ip->is_ipv4 = true;
    return inet_pton(AF_INET, text, ip->bytes + IPV4_OFFSET) == 1;
}

static bool ip_is_loopback(const struct ip *ip) {
    static const unsigned char loopback[16] = {[15] = 1};
    return ip->is_ipv4 ? ip->bytes[IPV4_OFFSET] == 127 : memcmp(ip->bytes, loopback, sizeof loopback) == 0;
}

static bool network_has(const struct exclusion *network, const struct ip *ip) {
    unsigned whole = network->prefix_bits / 8;
    unsigned rest = network->prefix_bits % 8;
    if (network->network.is_ipv4 != ip->is_ipv4 || memcmp(network->network.bytes, ip->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->network.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

// --- NO_PROXY ---

static void add_exclusion(struct proxy_settings *settings, const struct exclusion *exclusion) {
    settings->exclusions =
        memory_grow(settings->exclusions, &settings->capacity, settings->count + 1, sizeof *settings->exclusions);
    settings->exclusions[settings->count++] = *exclusion;
}

static bool network_parse(const char *text, struct exclusion *network) {
    const char *slash = strchr(text, '/');
    if (slash == NULL)
        return false;
    AUTO_FREE char *address = memory_string_n(text, (size_t)(slash - text));
    uint64_t bits;
    if (!ip_parse(address, &network->network))
        return false;
    bool is_short = strchr(address, ':') == NULL;
    if (!text_to_uint64(slash + 1, is_short ? 32 : 128, &bits))
        return false;
    network->prefix_bits = (unsigned)bits + (is_short ? 8 * IPV4_OFFSET : 0);
    return true;
}

// Removes the port from `item`, if there is one. False if it is not a number.
static bool port_cut(char *item, int *port) {
    char *colon = strrchr(item, ':');
    bool is_bracketed = item[0] == '[';
    if (colon == NULL || (is_bracketed ? colon[-1] != ']' : strchr(item, ':') != colon))
        return true;
    uint64_t number = PORT_ANY;
    if (colon[1] != '\0' && !text_to_uint64(colon + 1, UINT16_MAX, &number))
        return false;
    *port = (int)number;
    *colon = '\0';
    if (is_bracketed) {
        colon[-1] = '\0';
        memmove(item, item + 1, strlen(item));
    }
    return true;
}

static void exclusion_parse(struct proxy_settings *settings, char *item) {
    struct exclusion exclusion = {.port = PORT_ANY};
    if (text_equal(item, "*")) {
        settings->excludes_all = true;
    } else if (network_parse(item, &exclusion)) {
        add_exclusion(settings, &exclusion);
    } else if (port_cut(item, &exclusion.port) && item[0] != '\0') {
        exclusion.prefix_bits = 8 * sizeof exclusion.network.bytes;
        if (!ip_parse(item, &exclusion.network)) {
            const char *name = text_has_prefix(item, "*.") ? item + 1 : item;
            exclusion.covers_name_itself = name[0] != '.';
            exclusion.name = memory_printf("%s%s", exclusion.covers_name_itself ? "." : "", name);
        }
        add_exclusion(settings, &exclusion);
    }
}

// Returns the text trimmed and in lower case.
static char *normalized(const char *text, size_t length) {
    while (length > 0 && text_is_space(*text)) {
        text++;
        length--;
    }
    while (length > 0 && text_is_space(text[length - 1]))
        length--;
    char *lower = memory_string_n(text, length);
    for (char *c = lower; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return lower;
}

static void exclusions_parse(struct proxy_settings *settings, const char *list) {
    while (true) {
        size_t length = strcspn(list, ",");
        AUTO_FREE char *item = normalized(list, length);
        exclusion_parse(settings, item);
        if (list[length] == '\0')
            return;
        list += length + 1;
    }
}

// --- settings ---

// NULL if the text is empty or no URL.
static struct url *proxy_parse(const char *text) {
    struct url url;
    if (text_is_empty(text))
        return NULL;
    AUTO_FREE char *whole = memory_printf("%s%s", strstr(text, "://") != NULL ? "" : "http://", text);
    return url_parse(whole, &url, NULL) ? memory_copy(&url, sizeof url) : NULL;
}

static void proxy_destroy(struct url *proxy) {
    if (proxy != NULL)
        url_finish(proxy);
    free(proxy);
}

struct proxy_settings *proxy_settings_create(const char *http_proxy, const char *https_proxy, const char *no_proxy) {
    struct proxy_settings *settings = memory_new(sizeof *settings);
    settings->http = proxy_parse(http_proxy);
    settings->https = proxy_parse(https_proxy);
    if (no_proxy != NULL)
        exclusions_parse(settings, no_proxy);
    return settings;
}

static const char *get_either(const char *upper, const char *lower) {
    const char *value = getenv(upper);
    return text_is_empty(value) ? getenv(lower) : value;
}

struct proxy_settings *proxy_settings_from_environment(void) {
    bool is_cgi = !text_is_empty(getenv("REQUEST_METHOD"));
    return proxy_settings_create(is_cgi ? NULL : get_either("HTTP_PROXY", "http_proxy"),
                                 get_either("HTTPS_PROXY", "https_proxy"), get_either("NO_PROXY", "no_proxy"));
}

void proxy_settings_destroy(struct proxy_settings *settings) {
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings->count; i++)
        free(settings->exclusions[i].name);
    free(settings->exclusions);
    proxy_destroy(settings->http);
    proxy_destroy(settings->https);
    free(settings);
}

// --- lookup ---

static bool excludes(const struct exclusion *exclusion, const char *host, const struct ip *ip, int port) {
    if (exclusion->port != PORT_ANY && exclusion->port != port)
        return false;
    if (exclusion->name == NULL)
        return ip != NULL && network_has(exclusion, ip);
    return text_has_suffix(host, exclusion->name) ||
           (exclusion->covers_name_itself && text_equal(host, exclusion->name + 1));
}

const struct url *proxy_for(const struct proxy_settings *settings, const struct url *url) {
    const struct url *proxy = text_equal(url->scheme, "https") ? settings->https : settings->http;
    if (proxy == NULL || settings->excludes_all)
        return NULL;
    AUTO_FREE char *host = normalized(url->host, strlen(url->host));
    struct ip address;
    const struct ip *ip = ip_parse(host, &address) ? &address : NULL;
    if (text_equal(host, "localhost") || (ip != NULL && ip_is_loopback(ip)))
        return NULL;
    for (size_t i = 0; i < settings->count; i++) {
        if (excludes(&settings->exclusions[i], host, ip, url->port))
            return NULL;
    }
    return proxy;
}
