// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_watch_internal.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"

struct tree_watch {
    uv_poll_t poll;
    int fd; // of cgroup.events
    tree_watch_changed_fn on_changed;
    void *data;
};

static void on_poll_ready(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct tree_watch *watch = CONTAINER_OF(poll, struct tree_watch, poll);
    (void)tree_cgroup_is_populated(watch->fd); // reading clears the event
    watch->on_changed(watch->data);
}

static void on_poll_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct tree_watch, poll));
}

struct tree_watch *tree_watch_create(struct loop *loop, struct tree_cgroups *cgroups, const char *name,
                                     tree_watch_changed_fn on_changed, void *data) {
    AUTO_CLOSE int fd = tree_cgroup_open_events(cgroups, name);
    if (fd < 0)
        return NULL;
    struct tree_watch *watch = memory_new(sizeof *watch);
    watch->on_changed = on_changed;
    watch->data = data;
    if (uv_poll_init(loop_uv(loop), &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->fd = fd;
    fd = -1;
    (void)loop_poll_start(&watch->poll, UV_PRIORITIZED, on_poll_ready);
    return watch;
}

void tree_watch_destroy(struct tree_watch *watch) {
    if (watch == NULL)
        return;
    loop_poll_stop(&watch->poll);
    file_close_at(&watch->fd);
    loop_poll_close(&watch->poll, on_poll_closed);
}
