// SPDX-License-Identifier: GPL-3.0-or-later
// Simulated processes and probes. Declared in world.h.
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct service_probe {
    struct list link;
    struct world *world;
    int check;
    uint64_t begin_seq;
    service_probed_fn on_probed;
    void *data;
    struct deferred step;
};

// Replaces that of the library: the jitter of delays depends on the seed. Names of sockets stay unique.
static struct rng *jitter;
static uint32_t name_count;

ssize_t getrandom(void *buffer, size_t length, unsigned flags UNUSED) {
    memset(buffer, 0, length);
    if (length == sizeof(uint32_t)) {
        uint32_t value = jitter != NULL ? (uint32_t)rng_next(jitter) : 0;
        memcpy(buffer, &value, sizeof value);
    } else if (length >= 8) {
        int pid = (int)getpid();
        name_count++;
        memcpy(buffer, &pid, sizeof pid);
        memcpy((char *)buffer + 4, &name_count, sizeof name_count);
    }
    return (ssize_t)length;
}

// --- processes ---

static void process_free(struct service_process *process) {
    struct actor *actor = &process->world->actors[process->service];
    if (actor->process == process)
        actor->process = NULL;
    loop_defer_cancel(process->world->loop, &process->step);
    list_remove(&process->link);
    file_close_at(&process->fd);
    free(process);
}

static void end(struct service_process *process) {
    const struct service_process_handlers *handlers = process->handlers;
    struct world *world = process->world;
    void *data = process->data;
    int exit_code = process->exit_code, number = process->service;
    bool is_sure = false;
    enum service_state expected = rules_state_after(world, process, &is_sure);
    rules_process_ends(world, process);
    process_free(process);
    handlers->on_process_ended(exit_code, data);
    enum service_state state = world_service(world, number)->state;
    if (is_sure && state != expected)
        world_fail(world, "s%03d is %s instead of %s after an exit with %d", number, service_state_name(state),
                   service_state_name(expected), exit_code);
}

static void fail_launch(struct service_process *process) {
    const struct service_process_handlers *handlers = process->handlers;
    void *data = process->data;
    AUTO_ERROR struct error err = {0};
    (void)error_set_errno(&err, ENOENT, "cannot start service: fork/exec");
    world_note(process->world, "s%03d cannot be launched", process->service);
    process_free(process);
    handlers->on_process_failed(&err, data);
}

static void on_step_due(struct deferred *step) {
    struct service_process *process = CONTAINER_OF(step, struct service_process, step);
    if (process->is_ended) {
        end(process);
    } else if (!process->world->is_cooperative && rng_chance(&process->world->rng, 4)) {
        fail_launch(process);
    } else if (!process->is_launched) {
        const struct spec *config = world_config(process->world, process->service);
        bool is_adopted = world_service(process->world, process->service)->state == SERVICE_LAUNCHING;
        process->is_launched = true;
        if (process->is_relaunch && is_adopted) { // by a start task
            process->is_relaunch = false;
            process->world->actors[process->service].retries = 0;
        }
        process->launched_ns = loop_now_ns(process->world->loop);
        // When a check has made it ready is not seen.
        if ((process->spec->ready == READY_WAY_NONE && !config->is_oneshot) || process->spec->ready == READY_WAY_CHECK)
            process->reset_ns = process->launched_ns + config->backoff_limit_ms * NS_PER_MS;
        process->handlers->on_process_launched(process->data);
    }
}

static bool start(const struct service_launcher *launcher, const struct service_process_spec *spec,
                  const struct service_process_handlers *handlers, void *data, struct service_process **out,
                  struct error *err) {
    struct world *world = launcher->data;
    int64_t version = 0;
    if (!text_to_int64(spec->config->summary, 0, INT32_MAX, &version))
        abort();
    struct service_process *process = memory_new(sizeof *process);
    process->world = world;
    process->spec = world->specs[version];
    process->service = process->spec->service;
    process->handlers = handlers;
    process->data = data;
    process->output = spec->output;
    process->fd = spec->extra_number != 0 ? dup(spec->extra_fd) : -1;
    process->obeys = world->is_cooperative || rng_chance(&world->rng, 85);
    process->is_immortal = !world->is_cooperative && rng_chance(&world->rng, 2);
    process->start_seq = ++world->seq;
    if (spec->notify_socket != NULL)
        (void)snprintf(process->socket_name, sizeof process->socket_name, "%s", spec->notify_socket);
    list_add(&world->processes, &process->link);
    rules_process_starts(world, process);
    if (!world->is_cooperative && rng_chance(&world->rng, 2)) {
        process_free(process);
        return error_set(err, ERROR_NOT_FOUND, "cannot start service: no such command");
    }
    world->actors[process->service].process = process;
    if (world->is_cooperative || !rng_chance(&world->rng, 2)) // else it hangs in the launch
        loop_defer(world->loop, &process->step, on_step_due);
    *out = process;
    return true;
}

static bool send_signal(struct service_process *process, int number, bool is_group, struct error *err) {
    if (!process->is_launched || process->is_ended)
        return error_set_errno(err, ESRCH, "cannot send signal %d", number);
    rules_signal_sent(process->world, process, number, is_group);
    if (!process->is_signalled)
        process->signalled_ns = loop_now_ns(process->world->loop);
    process->is_signalled = true;
    bool ends = number == SIGKILL ? !process->is_immortal || process->world->is_cooperative
                                  : process->obeys || process->world->is_cooperative;
    if (ends)
        process_exit(process, number != SIGKILL && rng_chance(&process->world->rng, 30) ? 0 : 128 + number);
    return true;
}

static bool send_to_process(struct service_process *process, int number, struct error *err) {
    return send_signal(process, number, false, err);
}

static bool send_to_group(struct service_process *process, int number, struct error *err) {
    return send_signal(process, number, true, err);
}

static void forget(struct service_process *process) {
    if (process != NULL)
        process_free(process);
}

static uid_t user_id(const struct service_process *process UNUSED) {
    return getuid();
}

static pid_t pid(const struct service_process *process) {
    return process->is_launched && !process->is_ended ? 1000 + process->service : 0;
}

struct service_launcher processes_launcher(struct world *world) {
    jitter = &world->rng;
    return (struct service_launcher){.start = start,
                                     .signal = send_to_process,
                                     .signal_group = send_to_group,
                                     .user_id = user_id,
                                     .pid = pid,
                                     .abandon = forget,
                                     .destroy = forget,
                                     .data = world};
}

// --- what they do ---

void process_continue(struct service_process *process) {
    loop_defer(process->world->loop, &process->step, on_step_due);
}

void process_exit(struct service_process *process, int exit_code) {
    process->is_ended = true;
    process->exit_code = exit_code;
    loop_defer(process->world->loop, &process->step, on_step_due);
}

void process_write(struct service_process *process, const char *text) {
    process->output.write(process->output.data, text, strlen(text));
}

static void notify(const struct service_process *process, const char *text) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(process->socket_name);
    memcpy(address.sun_path + 1, process->socket_name + 1, length - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sendto(fd, text, strlen(text), 0, (const struct sockaddr *)&address, size) < 0)
        world_fail(process->world, "s%03d cannot send \"%s\"", process->service, text);
}

// Also to be called if it is ready already.
void process_become_ready(struct service_process *process) {
    bool is_closed = process->spec->ready == READY_WAY_FD && process->fd < 0;
    bool closes = !process->world->is_cooperative && process->fd >= 0 && rng_chance(&process->world->rng, 10);
    if (process->spec->ready == READY_WAY_NOTIFY)
        notify(process, "STATUS=all is well\nREADY=1");
    else if (process->spec->ready == READY_WAY_LOG)
        process_write(process, "\n" LOG_LINE "\n"); // ends half a line, too
    else if (process->spec->ready == READY_WAY_FD && process->fd >= 0 && !closes)
        (void)!write(process->fd, "\n", 1);
    if (process->spec->ready == READY_WAY_NONE || process->spec->ready == READY_WAY_CHECK || is_closed)
        return;
    file_close_at(&process->fd);
    process->is_late = process->is_late || closes;
    if (process->was_ready || closes || process->is_unready)
        return;
    process->was_ready = true;
    process->told_seq = ++process->world->seq;
    process->reset_ns = loop_now_ns(process->world->loop) +
                        world_config(process->world, process->service)->backoff_limit_ms * NS_PER_MS;
}

void process_say_stopping(struct service_process *process) {
    if (process->spec->ready != READY_WAY_NOTIFY || !process->was_ready)
        return;
    notify(process, "STOPPING=1");
    process->is_unready = true;
    if (process->reset_ns > loop_now_ns(process->world->loop))
        process->reset_ns = 0;
    process->told_seq = ++process->world->seq;
}

void processes_finish(struct world *world UNUSED) {
    jitter = NULL;
}

// --- probes ---

static void probe_free(struct service_probe *probe) {
    if (probe == NULL)
        return;
    loop_defer_cancel(probe->world->loop, &probe->step);
    list_remove(&probe->link);
    free(probe);
}

static void on_probe_due(struct deferred *step) {
    struct service_probe *probe = CONTAINER_OF(step, struct service_probe, step);
    struct world *world = probe->world;
    service_probed_fn on_probed = probe->on_probed;
    void *data = probe->data;
    bool has_passed = world->is_cooperative || rng_chance(&world->rng, 40);
    if (has_passed && probe->begin_seq > world->passed_seq[probe->check])
        world->passed_seq[probe->check] = probe->begin_seq;
    probe_free(probe);
    on_probed(has_passed, data);
}

static struct service_probe *probe(const struct service_prober *prober, const struct plan *plan UNUSED,
                                   const struct plan_check *check, service_probed_fn on_probed, void *data) {
    struct world *world = prober->data;
    if (!world->is_cooperative && rng_chance(&world->rng, 5))
        return NULL;
    struct service_probe *created = memory_new(sizeof *created);
    *created = (struct service_probe){
        .world = world, .check = check->name[1] - '0', .begin_seq = ++world->seq, .on_probed = on_probed, .data = data};
    list_add(&world->probes, &created->link);
    if (world->is_cooperative || !rng_chance(&world->rng, 10)) // else it hangs
        loop_defer(world->loop, &created->step, on_probe_due);
    return created;
}

struct service_prober processes_prober(struct world *world) {
    return (struct service_prober){.start = probe, .cancel = probe_free, .data = world};
}
