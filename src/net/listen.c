// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define BACKLOG 4096
#define LOCK_WAIT_MS 2000
#define LOCK_STEP_MS 10

static bool unix_address(const char *path, struct sockaddr_un *address, struct error *err) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0)
        return error_set(err, ERROR_INTERNAL, "socket path is empty");
    if (length >= sizeof address->sun_path) {
        (void)error_set(err, ERROR_INTERNAL, "socket path \"%s\" is too long: at most %zu bytes are possible", path,
                        sizeof address->sun_path - 1);
        return error_set_code(err, "socket-path-too-long");
    }
    memcpy(address->sun_path, path, length + 1);
    return true;
}

static bool answers(const struct sockaddr_un *address) {
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    // EAGAIN: the queue is full, so the socket is in use.
    return connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
}

// The wait is bounded, because every user who can read the directory can hold the lock.
static bool lock_in_time(int fd) {
    for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK || waited_ms >= LOCK_WAIT_MS)
            return false;
        (void)poll(NULL, 0, LOCK_STEP_MS);
    }
    return true;
}

// Locks the directory of `path` while the returned descriptor is open. If that is not possible, continues without the
// lock.
static int lock_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    AUTO_FREE char *directory = length == 0 ? memory_string(".") : memory_string_n(path, length);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)lock_in_time(fd);
    return fd;
}

static bool bind_unix(int fd, const char *path, const struct sockaddr_un *address, struct error *err) {
    if (unlink(path) != 0 && errno != ENOENT) {
        (void)error_set_errno(err, errno, "remove %s", path);
        return error_set_code(err, "socket-not-made");
    }
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        (void)error_set_errno(err, errno, "listen unix %s: bind", path);
        return error_set_code(err, "socket-not-made");
    }
    if (chmod(path, 0666) != 0 || listen(fd, BACKLOG) != 0) {
        error_set_errno(err, errno, "listen unix %s", path);
        unlink(path);
        return false;
    }
    return true;
}

static bool refuse_used(const char *path, struct error *err) {
    (void)error_set(err, ERROR_INTERNAL, "socket \"%s\" already in use", path);
    return error_set_code(err, "socket-in-use");
}

bool listen_unix_check(const char *path, struct error *err) {
    struct sockaddr_un address;
    return unix_address(path, &address, err) && (!answers(&address) || refuse_used(path, err));
}

static bool listen_new(const char *path, const struct sockaddr_un *address, int *fd, struct error *err) {
    if (answers(address))
        return refuse_used(path, err);
    AUTO_CLOSE int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return error_set_errno(err, errno, "socket");
    if (!bind_unix(made, path, address, err))
        return false;
    *fd = made;
    made = -1;
    return true;
}

bool listen_unix_locked(const char *path, int *fd, struct error *err) {
    struct sockaddr_un address;
    return unix_address(path, &address, err) && listen_new(path, &address, fd, err);
}

bool listen_unix(const char *path, int *fd, struct error *err) {
    struct sockaddr_un address;
    // First checked without the lock, which a daemon with another socket in the directory may hold.
    if (!unix_address(path, &address, err) || !listen_unix_check(path, err))
        return false;
    AUTO_CLOSE int lock UNUSED = lock_directory(path);
    return listen_new(path, &address, fd, err);
}

// Splits HOST:PORT and removes the brackets of an IPv6 address. The parts are owned.
static bool split_address(const char *address, char **host, char **port, struct error *err) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || (address[0] == '[' && strchr(address, ']') > colon)) {
        (void)error_set(err, ERROR_INTERNAL, "listen tcp: address %s: missing port in address", address);
        return error_set_code(err, "no-port");
    }
    size_t length = (size_t)(colon - address);
    bool is_bracketed = address[0] == '[' && length >= 2 && address[length - 1] == ']';
    if (!is_bracketed && memchr(address, ':', length) != NULL)
        return error_set(err, ERROR_INTERNAL, "listen tcp: address %s: too many colons in address", address);
    *host = is_bracketed ? memory_string_n(address + 1, length - 2) : memory_string_n(address, length);
    *port = memory_string(colon + 1);
    return true;
}

// A number is checked here, because getaddrinfo() truncates it to 16 bits.
static bool check_port(const char *port, struct error *err) {
    uint64_t number;
    size_t digits = strspn(port, "0123456789");
    if (port[digits] == '\0' && digits > 0 && !text_to_uint64(port, 65535, &number))
        return error_set(err, ERROR_INTERNAL, "listen tcp: address %s: invalid port", port);
    return true;
}

static bool look_up(const char *host, const char *port, struct addrinfo **found, struct error *err) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(host[0] != '\0' ? host : NULL, port[0] != '\0' ? port : "0", &hints, found);
    if (code == 0)
        return true;
    if (code == EAI_SERVICE)
        return error_set(err, ERROR_INTERNAL, "listen tcp: lookup tcp/%s: unknown port", port);
    return error_set(err, ERROR_INTERNAL, "listen tcp: lookup %s: %s", host,
                     code == EAI_NONAME ? "no such host" : gai_strerror(code));
}

static bool refuse_address(const char *call, int errnum, const char *address, struct error *err) {
    (void)error_set_errno(err, errnum, "listen tcp %s: %s", address, call);
    return error_set_code(err, errnum == EADDRINUSE      ? "address-in-use"
                               : errnum == EACCES        ? "address-denied"
                               : errnum == EADDRNOTAVAIL ? "address-elsewhere"
                                                         : NULL);
}

static bool listen_at(const struct addrinfo *info, const char *address, int *fd, struct error *err) {
    AUTO_CLOSE int made = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return error_set_errno(err, errno, "listen tcp %s: socket", address);
    int on = 1, off = 0;
    (void)setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        (void)setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(made, info->ai_addr, info->ai_addrlen) != 0)
        return refuse_address("bind", errno, address, err);
    if (listen(made, BACKLOG) != 0)
        return refuse_address("listen", errno, address, err);
    *fd = made;
    made = -1;
    return true;
}

// Tries the addresses of one family, then those of the other. If the port is in use, no further address is tried.
static bool listen_at_any(const struct addrinfo *found, int first_family, const char *address, int *fd,
                          struct error *err) {
    for (int pass = 0; pass < 2; pass++) {
        for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
            if ((info->ai_family == first_family) != (pass == 0))
                continue;
            struct error reason = {0};
            if (listen_at(info, address, fd, &reason)) {
                error_clear(err);
                return true;
            }
            bool is_final = reason.errnum != EAFNOSUPPORT && reason.errnum != EADDRNOTAVAIL;
            error_move(err, &reason);
            if (is_final)
                return false;
        }
    }
    return false;
}

bool listen_tcp(const char *address, int *fd, struct error *err) {
    AUTO_FREE char *host = NULL;
    AUTO_FREE char *port = NULL;
    struct addrinfo *found = NULL;
    if (!split_address(address, &host, &port, err) || !check_port(port, err) || !look_up(host, port, &found, err))
        return false;
    // Without a host, one IPv6 socket serves IPv4 too. For a name with both kinds of address, IPv4 is preferred, as in
    // Go.
    bool is_open = listen_at_any(found, host[0] == '\0' ? AF_INET6 : AF_INET, address, fd, err);
    freeaddrinfo(found);
    return is_open;
}
