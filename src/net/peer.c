// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

struct peer peer_of(int fd) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    // Sockets without credentials, such as those of TCP, have this uid. A pid of 0 is a process of another PID
    // namespace.
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 || credentials.uid == (uid_t)-1)
        return (struct peer){.is_known = false};
    return (struct peer){.is_known = true, .pid = credentials.pid, .uid = credentials.uid};
}

static void format_ipv4(const void *address, in_port_t port, char out[PEER_ADDRESS_SIZE]) {
    char text[INET_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET, address, text, sizeof text);
    (void)snprintf(out, PEER_ADDRESS_SIZE, "%s:%u", text, ntohs(port));
}

static void format_ipv6(const struct in6_addr *address, in_port_t port, char out[PEER_ADDRESS_SIZE]) {
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        format_ipv4(address->s6_addr + 12, port, out);
        return;
    }
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET6, address, text, sizeof text);
    (void)snprintf(out, PEER_ADDRESS_SIZE, "[%s]:%u", text, ntohs(port));
}

void peer_address(int fd, char out[PEER_ADDRESS_SIZE]) {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_storage storage;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    out[0] = '\0';
    if (getpeername(fd, &address.any, &length) != 0)
        return;
    if (address.any.sa_family == AF_INET)
        format_ipv4(&address.ipv4.sin_addr, address.ipv4.sin_port, out);
    else if (address.any.sa_family == AF_INET6)
        format_ipv6(&address.ipv6.sin6_addr, address.ipv6.sin6_port, out);
}
