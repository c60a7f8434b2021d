// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses: where they come from, and how they read. Declared in net/connector_internal.h.
#include "net/connector_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void address_list_copy(struct address_list *target, const struct address_list *source) {
    target->items = memory_copy(source->items, source->count * sizeof *source->items);
    target->count = source->count;
}

void address_list_finish(struct address_list *list) {
    free(list->items);
    *list = (struct address_list){0};
}

static bool is_internet(const struct addrinfo *info) {
    return (info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
           info->ai_addrlen <= sizeof(struct sockaddr_storage);
}

static void take_addresses(const struct addrinfo *infos, struct address_list *found) {
    size_t count = 0;
    for (const struct addrinfo *info = infos; info != NULL; info = info->ai_next)
        count += is_internet(info);
    found->items = memory_new_array(count, sizeof *found->items);
    found->count = 0;
    for (const struct addrinfo *info = infos; info != NULL; info = info->ai_next) {
        if (is_internet(info))
            memcpy(&found->items[found->count++], info->ai_addr, info->ai_addrlen);
    }
}

static const char *lookup_error_text(int code, int errnum) {
    switch (code) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return "no such host";
    case EAI_AGAIN:
        return "temporary failure in name resolution";
    case EAI_FAIL:
        return "server misbehaving";
    case EAI_MEMORY:
        return error_errno_text(ENOMEM);
    case EAI_SYSTEM:
        return error_errno_text(errnum);
    default:
        return "cannot resolve name";
    }
}

bool resolve_with_getaddrinfo(const char *name, struct address_list *found, struct error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *infos = NULL;
    int code = getaddrinfo(name, NULL, &hints, &infos);
    if (code != 0)
        return error_set(err, ERROR_CONNECTION, "%s", lookup_error_text(code, errno));
    take_addresses(infos, found);
    freeaddrinfo(infos);
    return true;
}

bool address_parse(const char *text, struct address_list *found) {
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *infos = NULL;
    if (getaddrinfo(text, NULL, &hints, &infos) != 0)
        return false;
    take_addresses(infos, found);
    freeaddrinfo(infos);
    return true;
}

socklen_t address_set_port(struct sockaddr_storage *address, uint16_t port) {
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;
        ipv6->sin6_port = htons(port);
        return sizeof *ipv6;
    }
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
    ipv4->sin_port = htons(port);
    return sizeof *ipv4;
}

static char *ipv6_text(const struct sockaddr_in6 *ipv6) {
    char text[INET6_ADDRSTRLEN];
    char zone[IF_NAMESIZE];
    (void)inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof text);
    unsigned port = ntohs(ipv6->sin6_port);
    if (ipv6->sin6_scope_id == 0)
        return memory_printf("[%s]:%u", text, port);
    if (if_indextoname(ipv6->sin6_scope_id, zone) == NULL)
        return memory_printf("[%s%%%u]:%u", text, ipv6->sin6_scope_id, port);
    return memory_printf("[%s%%%s]:%u", text, zone, port);
}

char *address_text(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET6)
        return ipv6_text((const struct sockaddr_in6 *)address);
    const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
    char text[INET_ADDRSTRLEN];
    (void)inet_ntop(AF_INET, &ipv4->sin_addr, text, sizeof text);
    return memory_printf("%s:%u", text, ntohs(ipv4->sin_port));
}

bool address_is_own_peer(int fd) {
    struct sockaddr_storage own = {0};
    struct sockaddr_storage peer = {0};
    socklen_t own_length = sizeof own;
    socklen_t peer_length = sizeof peer;
    return getsockname(fd, (struct sockaddr *)&own, &own_length) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 && own_length == peer_length &&
           memcmp(&own, &peer, own_length) == 0;
}
