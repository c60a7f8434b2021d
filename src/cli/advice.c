// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/advice.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/nearest.h"

#define TASKS_MAX 5

static const char output_mark[] = " INFO Most recent service output:\n";

// --- changes ---

static void advise_failed_task(const struct pebble_task *task, struct error *err) {
    for (size_t i = pebble_task_log_count(task); i-- > 0;) {
        const char *output = strstr(pebble_task_log_at(task, i), output_mark);
        if (output == NULL)
            continue;
        output += sizeof output_mark - 1;
        if (output[strspn(output, " ")] == '\0')
            (void)error_add_advice(err, "%s: no output.", pebble_task_summary(task));
        else
            (void)error_add_advice(err, "%s, most recent output:\n%s", pebble_task_summary(task), output);
        return;
    }
}

void advise_failed_change(const struct pebble_change *change, struct error *err) {
    size_t shown = 0;
    for (size_t i = 0; change != NULL && i < pebble_change_task_count(change) && shown < TASKS_MAX; i++) {
        const struct pebble_task *task = pebble_change_task_at(change, i);
        if (text_equal(pebble_task_status(task), "Error")) {
            advise_failed_task(task, err);
            shown++;
        }
    }
    if (change != NULL)
        (void)error_add_advice(err, "See 'pebble tasks %s'.", pebble_change_id(change));
}

// --- names ---

static void print_unknown(const char *noun, const char *name, const struct nearest *nearest) {
    AUTO_FREE char *quoted = text_quoted(name);
    (void)fprintf(stderr, "There is no %s %s in the plan.", noun, quoted);
    if (nearest->name != NULL) {
        AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
        text_add_shown(&shown, nearest->name, "");
        (void)fprintf(stderr, " Did you mean \"%s\"?", buffer_text(&shown));
    }
    (void)fputc('\n', stderr);
}

static void find_nearest(struct nearest *nearest, const char *name, const struct text_list *known) {
    nearest_init(nearest, name);
    for (size_t i = 0; i < known->count; i++)
        nearest_try(nearest, known->items[i]);
}

static void print_unknown_names(const char *noun, const struct text_list *names, const struct text_list *known) {
    AUTO_TEXT_LIST struct text_list unique = {0};
    text_list_add_list(&unique, names);
    text_list_unique(&unique);
    for (size_t i = 0; i < unique.count; i++) {
        struct nearest nearest;
        if (text_list_has(known, unique.items[i]))
            continue;
        find_nearest(&nearest, unique.items[i], known);
        print_unknown(noun, unique.items[i], &nearest);
    }
}

// These add the names to the list. False if standard error is no terminal, or the daemon does not tell.
typedef bool (*get_names_fn)(struct pebble_client *client, struct text_list *names);

static bool get_service_names(struct pebble_client *client, struct text_list *names) {
    struct pebble_services *services = NULL;
    if (!isatty(STDERR_FILENO) || !pebble_get_services(client, NULL, 0, &services, NULL))
        return false;
    for (size_t i = 0; i < pebble_services_count(services); i++)
        text_list_add(names, pebble_service_name(pebble_services_at(services, i)));
    pebble_services_destroy(services);
    return true;
}

static bool get_check_names(struct pebble_client *client, struct text_list *names) {
    struct pebble_checks *checks = NULL;
    if (!isatty(STDERR_FILENO) || !pebble_get_checks(client, NULL, NULL, 0, &checks, NULL))
        return false;
    for (size_t i = 0; i < pebble_checks_count(checks); i++)
        text_list_add(names, pebble_check_name(pebble_checks_at(checks, i)));
    pebble_checks_destroy(checks);
    return true;
}

static bool get_identity_names(struct pebble_client *client, struct text_list *names) {
    struct pebble_identities *identities = NULL;
    if (!isatty(STDERR_FILENO) || !pebble_get_identities(client, &identities, NULL))
        return false;
    for (size_t i = 0; i < pebble_identities_count(identities); i++)
        text_list_add(names, pebble_identity_name(pebble_identities_at(identities, i)));
    pebble_identities_destroy(identities);
    return true;
}

static get_names_fn names_of(enum advice_noun noun) {
    static const get_names_fn functions[] = {
        [ADVICE_SERVICE] = get_service_names, [ADVICE_CHECK] = get_check_names, [ADVICE_IDENTITY] = get_identity_names};
    return functions[noun];
}

void advise_unknown_services(struct pebble_client *client, const struct text_list *names) {
    AUTO_TEXT_LIST struct text_list known = {0};
    if (names->count > 0 && get_service_names(client, &known))
        print_unknown_names("service", names, &known);
}

void advise_unknown_checks(struct pebble_client *client, const struct text_list *names) {
    AUTO_TEXT_LIST struct text_list known = {0};
    if (names->count > 0 && get_check_names(client, &known))
        print_unknown_names("check", names, &known);
}

void advise_refused_names(struct pebble_client *client, enum advice_noun noun, const char *const *names, size_t count,
                          struct error *err) {
    AUTO_TEXT_LIST struct text_list known = {0};
    if (count == 0 || !names_of(noun)(client, &known))
        return;
    for (size_t i = 0; i < count; i++) {
        struct nearest nearest;
        if (text_list_has(&known, names[i]))
            continue;
        find_nearest(&nearest, names[i], &known);
        (void)nearest_advise(&nearest, "", err);
    }
}

// --- checks ---

// Health of level "ready" considers both levels.
static bool is_considered(const struct pebble_check *check, const char *level, const struct text_list *names) {
    bool is_named = names->count == 0 || text_list_has(names, pebble_check_name(check));
    return is_named && (level == NULL || text_equal(level, "ready") || text_equal(pebble_check_level(check), level));
}

void advise_idle_checks(struct pebble_client *client, const char *level, const struct text_list *names) {
    AUTO_TEXT_LIST struct text_list known = {0}, idle = {0};
    struct pebble_checks *checks = NULL;
    if (!isatty(STDERR_FILENO) || !pebble_get_checks(client, NULL, NULL, 0, &checks, NULL))
        return;
    for (size_t i = 0; i < pebble_checks_count(checks); i++) {
        const struct pebble_check *check = pebble_checks_at(checks, i);
        text_list_add(&known, pebble_check_name(check));
        if (is_considered(check, level, names) && text_equal(pebble_check_status(check), "inactive"))
            text_list_add(&idle, pebble_check_name(check));
    }
    pebble_checks_destroy(checks);
    print_unknown_names("check", names, &known);
    if (idle.count > 0) {
        AUTO_FREE char *list = text_list_join(&idle, ", ");
        AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
        text_add_shown(&shown, list, "");
        (void)fprintf(stderr, "Not considered, because they do not run: %s\n", buffer_text(&shown));
    }
}
