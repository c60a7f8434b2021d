// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

struct peer peer_of(int fd) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    // The uid of sockets without credentials, such as TCP sockets. A process of another PID namespace has pid 0.
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 || credentials.uid == (uid_t)-1)
        return (struct peer){.is_known = false};
    return (struct peer){.is_known = true, .pid = credentials.pid, .uid = credentials.uid};
}

bool peer_is_administrator(const struct peer *peer) {
    return peer->is_known && (peer->uid == 0 || peer->uid == getuid());
}

static char *format_ipv4(const void *address, in_port_t port) {
    char text[INET_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET, address, text, sizeof text);
    return memory_printf("%s:%u", text, ntohs(port));
}

static char *format_ipv6(const struct in6_addr *address, in_port_t port) {
    if (IN6_IS_ADDR_V4MAPPED(address))
        return format_ipv4(address->s6_addr + 12, port);
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET6, address, text, sizeof text);
    return memory_printf("[%s]:%u", text, ntohs(port));
}

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_storage storage;
};

static union address get_address(int fd) {
    union address address = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    if (getpeername(fd, &address.any, &length) != 0)
        address.any.sa_family = AF_UNSPEC;
    return address;
}

char *peer_address(int fd) {
    const union address address = get_address(fd);
    if (address.any.sa_family == AF_INET)
        return format_ipv4(&address.ipv4.sin_addr, address.ipv4.sin_port);
    if (address.any.sa_family == AF_INET6)
        return format_ipv6(&address.ipv6.sin6_addr, address.ipv6.sin6_port);
    return NULL;
}

static void format_key_ipv6(struct in6_addr address, char key[static PEER_KEY_SIZE]) {
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        (void)inet_ntop(AF_INET, address.s6_addr + 12, key, PEER_KEY_SIZE);
        return;
    }
    for (int i = 8; i < 16; i++)
        address.s6_addr[i] = 0;
    (void)inet_ntop(AF_INET6, &address, key, PEER_KEY_SIZE);
}

void peer_key(const struct peer *peer, int fd, char key[static PEER_KEY_SIZE]) {
    if (peer->is_known) {
        (void)snprintf(key, PEER_KEY_SIZE, "user %lu", (unsigned long)peer->uid);
        return;
    }
    const union address address = get_address(fd);
    if (address.any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &address.ipv4.sin_addr, key, PEER_KEY_SIZE);
    else if (address.any.sa_family == AF_INET6)
        format_key_ipv6(address.ipv6.sin6_addr, key);
    else
        (void)snprintf(key, PEER_KEY_SIZE, "unknown");
}
