// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_output_internal.h"

#include <string.h>

#include "base/clock.h"
#include "services/service_internal.h"
#include "services/service_readiness_internal.h"

#define LAST_OUTPUT_LINES 20
// Less while the ring is followed, so that its followers read lines before the ring drops them.
#define FOLLOWED_TURN_BYTES ((size_t)32768)

static void add_head(struct buffer *out, const struct service *service) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(clock_wall_ns(), time);
    buffer_printf(out, "%s [", time);
    text_add_shown(out, service->name, "");
    buffer_add_string(out, "] ");
}

// The output is shared. What another service, or the daemon, has written in the middle of a line ends that line.
static void begin_line(struct buffer *out, struct service *service) {
    struct service_manager *manager = service->manager;
    if (manager->tee_has_partial_line && manager->tee_writer == service)
        return;
    if (manager->tee_has_partial_line)
        buffer_add_char(out, '\n');
    add_head(out, service);
}

static void copy_to_tee(struct service *service, const char *bytes, size_t length) {
    struct service_manager *manager = service->manager;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    while (length > 0) {
        begin_line(&out, service);
        const char *newline = memchr(bytes, '\n', length);
        size_t taken = newline != NULL ? (size_t)(newline - bytes) + 1 : length;
        buffer_add(&out, bytes, taken);
        manager->tee_has_partial_line = newline == NULL;
        manager->tee_writer = service;
        bytes += taken;
        length -= taken;
    }
    manager->spec.tee(manager->spec.tee_data, out.data, out.length);
}

void service_manager_end_line(struct service_manager *manager) {
    if (manager->tee_has_partial_line)
        manager->spec.tee(manager->spec.tee_data, "\n", 1);
    manager->tee_has_partial_line = false;
}

static void write_output(void *data, const char *bytes, size_t length) {
    struct service *service = data;
    if (service->manager->spec.tee != NULL)
        copy_to_tee(service, bytes, length);
    if (service->readiness != NULL)
        readiness_add_output(service->readiness, bytes, length);
    ring_append(service->ring, bytes, length, clock_wall_ns());
}

static size_t turn_bytes(void *data) {
    const struct service *service = data;
    return list_is_empty(&ring_grown(service->ring)->listeners) ? JOB_TURN_BYTES : FOLLOWED_TURN_BYTES;
}

struct job_sink service_output_sink(struct service *service) {
    return (struct job_sink){.write = write_output, .turn_bytes = turn_bytes, .data = service};
}

void service_add_last_output(const struct service *service) {
    if (service->start_tasks.count == 0)
        return;
    AUTO_TEXT_LIST struct text_list lines = {0};
    bool has_more = ring_last_lines(service->ring, LAST_OUTPUT_LINES, &lines);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (has_more)
        buffer_add_string(&text, "\n    (...)");
    for (size_t i = 0; i < lines.count; i++)
        buffer_printf(&text, "\n    %s", lines.items[i]);
    if (lines.count == 0)
        buffer_add_string(&text, "\n    ");
    for (size_t i = 0; i < service->start_tasks.count; i++)
        task_log_info(service->start_tasks.items[i], "Most recent service output:%s", buffer_text(&text));
}
