// SPDX-License-Identifier: GPL-3.0-or-later
// What is shown of a service beyond its status. Declared in services/service_manager.h.
#include "services/service_manager.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "services/service_internal.h"
#include "services/service_wait_internal.h"

#define NAMES_MAX 2 // of a note

static int64_t retries_left(const struct service *service) {
    int64_t left = service->config->max_start_retries - service->backoff_count;
    return left > 0 ? left : 0;
}

static char *retry_note(const struct service *service) {
    int64_t most = service->config->max_start_retries;
    return most > 0 ? memory_printf("retry %lld/%lld", (long long)service->backoff_count, (long long)most)
                    : memory_printf("retry %lld", (long long)service->backoff_count);
}

static char *wait_note(const struct service *service) {
    AUTO_TEXT_LIST struct text_list items = {0};
    AUTO_TEXT_LIST struct text_list names = {0};
    service_wait_list(service->wait, &items);
    for (size_t i = 0; i < items.count; i++)
        text_list_add_owned(&names, memory_string_n(items.items[i], strcspn(items.items[i], ":")));
    if (names.count > NAMES_MAX)
        return memory_printf("waiting for %s and %zu more", names.items[0], names.count - 1);
    AUTO_FREE char *joined = text_list_join(&names, ", ");
    return memory_printf("waiting for %s", joined);
}

static bool is_unready(const struct service *service) {
    return service_is_up(service) && plan_service_ready(service->config) != NULL && !service->is_ready;
}

static char *note_of(const struct service *service) {
    switch (service->state) {
    case SERVICE_WAITING:
        return service->wait != NULL ? wait_note(service) : NULL;
    case SERVICE_BACKOFF:
    case SERVICE_RELAUNCHING:
        return retry_note(service);
    case SERVICE_COMPLETED:
        return memory_string("completed");
    case SERVICE_EXITED:
        return memory_printf("exit %d", service->exit_code);
    case SERVICE_STOPPED:
        return service->failure_number > 0 ? memory_string("start failed") : NULL;
    case SERVICE_LEFTOVERS_TERMINATING:
    case SERVICE_LEFTOVERS_KILLING:
        return memory_string("stopping");
    default:
        return is_unready(service) ? memory_string("not ready") : NULL;
    }
}

static void fill(struct service_details *details, const struct service *service) {
    const struct service_launcher *launcher = &service->manager->spec.launcher;
    details->state = service_state_name(service->state);
    details->has_ready = plan_service_ready(service->config) != NULL;
    details->is_ready = service->is_ready;
    details->status_text = service->status_text;
    details->pid = service->process != NULL ? launcher->pid(service->process) : 0;
    details->has_ended = service->has_ended;
    details->exit_code = service->exit_code;
    if (service->has_ended)
        clock_format(service->ended, details->ended);
    details->restarts = service->backoff_count;
    details->has_retries = service->config->max_start_retries > 0;
    details->retries_left = retries_left(service);
    if (service->state == SERVICE_BACKOFF)
        clock_format_millis(service->next_restart_ns, details->next_restart);
    if (service->wait != NULL)
        service_wait_list(service->wait, &details->waiting_for);
    details->note = note_of(service);
}

void service_manager_details(const struct service_manager *manager, const char *name, struct service_details *details) {
    const struct service *service = map_get(&manager->services, name);
    *details = (struct service_details){.state = service_state_name(SERVICE_INITIAL)};
    if (service != NULL && service->config != NULL)
        fill(details, service);
}

void service_details_finish(struct service_details *details) {
    text_list_clear(&details->waiting_for);
    free(details->note);
}
