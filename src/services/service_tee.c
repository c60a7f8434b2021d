// SPDX-License-Identifier: GPL-3.0-or-later
// Verbose mode: a service's output on its way to the daemon's own standard output, with a head before each line.
#include "services/service_tee_internal.h"

#include <string.h>

#include "services/service_internal.h"

static void add_head(struct buffer *out, const struct service *service) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ns(), time);
    buffer_printf(out, "%s [%s] ", time, service->name);
}

void service_tee(void *data, const char *bytes, size_t length) {
    struct service *service = data;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    while (length > 0) {
        if (!service->tee_is_in_line)
            add_head(&out, service);
        const char *newline = memchr(bytes, '\n', length);
        size_t taken = newline != NULL ? (size_t)(newline - bytes) + 1 : length;
        buffer_add(&out, bytes, taken);
        service->tee_is_in_line = newline == NULL;
        bytes += taken;
        length -= taken;
    }
    service->manager->spec.tee(service->manager->spec.tee_data, out.data, out.length);
}
