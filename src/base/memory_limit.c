// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/memory_limit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define FILE_BYTES_MAX ((size_t)65536)

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t limit_of_resource(__rlimit_resource_t resource) {
    struct rlimit limit;
    return getrlimit(resource, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

// The number in a file; without a file, or with "max" in it, SIZE_MAX.
static size_t read_limit(const char *path) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(FILE_BYTES_MAX);
    uint64_t bytes;
    if (!file_read(path, &text, NULL))
        return SIZE_MAX;
    AUTO_FREE char *number = memory_string_n(buffer_text(&text), strcspn(buffer_text(&text), "\n"));
    return text_to_uint64(number, SIZE_MAX, &bytes) ? bytes : SIZE_MAX;
}

// Of the cgroup `path` and of all above it. In a container the path may be that of the host: what can be seen then is
// the cgroup of the container, at the top.
static size_t limit_above(const char *top, const char *path, const char *file) {
    AUTO_FREE char *at = memory_string(path);
    size_t limit = SIZE_MAX;
    for (;;) {
        AUTO_FREE char *name = memory_printf("%s%s/%s", top, at, file);
        limit = smaller(limit, read_limit(name));
        char *last = strrchr(at, '/');
        if (last == NULL)
            return limit;
        *last = '\0';
    }
}

// A line is "NUMBER:CONTROLLERS:PATH". Number 0 without controllers is version 2, which has a mount of its own in a
// system that uses both.
static size_t limit_of_line(const char *line, const char *mount) {
    const char *controllers = strchr(line, ':');
    const char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL)
        return SIZE_MAX;
    AUTO_FREE char *names = memory_string_n(controllers + 1, (size_t)(path - controllers) - 1);
    AUTO_FREE char *top = memory_printf("%s/%s", mount, *names != '\0' ? names : "unified");
    path++;
    if (*names == '\0')
        return smaller(limit_above(mount, path, "memory.max"), limit_above(top, path, "memory.max"));
    return text_equal(names, "memory") ? limit_above(top, path, "memory.limit_in_bytes") : SIZE_MAX;
}

size_t memory_limit_of_cgroups(const char *cgroups, const char *mount) {
    size_t limit = SIZE_MAX;
    while (*cgroups != '\0') {
        size_t length = strcspn(cgroups, "\n");
        AUTO_FREE char *line = memory_string_n(cgroups, length);
        limit = smaller(limit, limit_of_line(line, mount));
        cgroups += length + (cgroups[length] == '\n' ? 1 : 0);
    }
    return limit;
}

size_t memory_limit_bytes(void) {
    AUTO_BUFFER struct buffer cgroups = BUFFER_INIT(FILE_BYTES_MAX);
    size_t limit = smaller(limit_of_resource(RLIMIT_AS), limit_of_resource(RLIMIT_DATA));
    if (!file_read("/proc/self/cgroup", &cgroups, NULL))
        return limit;
    return smaller(limit, memory_limit_of_cgroups(buffer_text(&cgroups), "/sys/fs/cgroup"));
}
