// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/candidates.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/signal_names.h"
#include "cli/commands.h"
#include "cli/session.h"

#define ASK_MS 300

static bool acts_on_terminal(const char *text) {
    const char *end = text + strlen(text);
    while (text < end) {
        uint32_t code_point;
        bool is_valid;
        text += utf8_decode(text, (size_t)(end - text), &code_point, &is_valid);
        if (!is_valid || text_acts_on_terminal(code_point))
            return true;
    }
    return false;
}

void candidates_add(struct candidates *candidates, const char *word, const char *description) {
    if (!text_has_prefix(word, candidates->current) || acts_on_terminal(word) || word[0] == '\0')
        return;
    if (candidates->given != NULL && text_list_has(candidates->given, word))
        return;
    AUTO_FREE char *line = memory_string_n(description, strcspn(description, "\n"));
    buffer_printf(&candidates->lines, "%s%s\t", candidates->prefix, word);
    text_add_shown(&candidates->lines, line, "");
    buffer_add_char(&candidates->lines, '\n');
}

// --- fixed values ---

static void add_commands(struct candidates *candidates) {
    for (const struct cli_group *group = cli_groups; group->title != NULL; group++) {
        for (const struct cli_command *const *command = group->commands; *command != NULL; command++)
            candidates_add(candidates, (*command)->name, (*command)->summary);
    }
}

// With the prefix SIG only if the word has begun with it.
static void add_signals(struct candidates *candidates) {
    bool is_long = text_has_prefix(candidates->current, "SIG");
    for (int number = 1; number <= SIGNAL_NUMBER_MAX; number++) {
        const char *name = signal_name(number);
        if (name != NULL)
            candidates_add(candidates, is_long ? name : name + strlen("SIG"), "");
    }
}

static void add_shells(struct candidates *candidates) {
    candidates_add(candidates, "bash", "");
    candidates_add(candidates, "fish", "");
    candidates_add(candidates, "zsh", "");
}

static void add_notice_types(struct candidates *candidates) {
    candidates_add(candidates, "change-update", "Type: the status of a change");
    candidates_add(candidates, "custom", "Type: recorded by 'pebble notify'");
    candidates_add(candidates, "warning", "Type: shown by 'pebble warnings'");
}

// --- values from the daemon ---

// A client waits for a daemon that is not there.
static bool is_listening(const struct cli_session *session) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!text_is_empty(getenv("PEBBLE_BASEURL")))
        return true;
    if (strlen(session->socket_path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, session->socket_path, strlen(session->socket_path) + 1);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static struct pebble_client *quick_client(struct cli_session *session) {
    AUTO_ERROR struct error err = {0};
    struct pebble_client *client = is_listening(session) ? session_client(session, &err) : NULL;
    return client != NULL && pebble_client_set_timeouts(client, ASK_MS, ASK_MS, NULL) ? client : NULL;
}

static void add_services(struct candidates *candidates, struct pebble_client *client) {
    struct pebble_services *services = NULL;
    if (!pebble_get_services(client, NULL, 0, &services, NULL))
        return;
    for (size_t i = 0; i < pebble_services_count(services); i++) {
        const struct pebble_service *service = pebble_services_at(services, i);
        candidates_add(candidates, pebble_service_name(service), pebble_service_current(service));
    }
    pebble_services_destroy(services);
}

static void add_conditions(struct candidates *candidates, struct pebble_client *client) {
    static const char *const conditions[] = {"ready", "started", "completed", "exited", "stopped"};
    const char *equals = strrchr(candidates->current, '=');
    if (equals == NULL) {
        add_services(candidates, client);
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
        AUTO_FREE char *word =
            memory_printf("%.*s=%s", (int)(equals - candidates->current), candidates->current, conditions[i]);
        candidates_add(candidates, word, "");
    }
}

static void add_checks(struct candidates *candidates, struct pebble_client *client) {
    struct pebble_checks *checks = NULL;
    if (!pebble_get_checks(client, NULL, NULL, 0, &checks, NULL))
        return;
    for (size_t i = 0; i < pebble_checks_count(checks); i++) {
        const struct pebble_check *check = pebble_checks_at(checks, i);
        candidates_add(candidates, pebble_check_name(check), pebble_check_status(check));
    }
    pebble_checks_destroy(checks);
}

static void add_change(struct candidates *candidates, const struct pebble_change *change, bool is_kind,
                       struct text_list *kinds) {
    const char *kind = pebble_change_kind(change);
    AUTO_FREE char *description = memory_printf("%s: %s", pebble_change_status(change), pebble_change_summary(change));
    if (!is_kind)
        candidates_add(candidates, pebble_change_id(change), description);
    else if (!text_list_has(kinds, kind))
        candidates_add(candidates, kind, "");
    text_list_add(kinds, kind);
}

static void add_changes(struct candidates *candidates, struct pebble_client *client, bool is_kind) {
    struct pebble_changes *changes = NULL;
    AUTO_TEXT_LIST struct text_list kinds = {0};
    if (!pebble_get_changes(client, "all", NULL, &changes, NULL))
        return;
    for (size_t i = 0; i < pebble_changes_count(changes); i++)
        add_change(candidates, pebble_changes_at(changes, i), is_kind, &kinds);
    pebble_changes_destroy(changes);
}

static void add_identities(struct candidates *candidates, struct pebble_client *client) {
    struct pebble_identities *identities = NULL;
    if (!pebble_get_identities(client, &identities, NULL))
        return;
    for (size_t i = 0; i < pebble_identities_count(identities); i++) {
        const struct pebble_identity *identity = pebble_identities_at(identities, i);
        candidates_add(candidates, pebble_identity_name(identity), pebble_identity_access(identity));
    }
    pebble_identities_destroy(identities);
}

// Those of the type, or of all if it is NULL.
static void add_notices(struct candidates *candidates, struct pebble_client *client, const char *type, bool is_key) {
    const struct pebble_notice_options options = {.size = sizeof options, .types = &type, .type_count = type != NULL};
    struct pebble_notices *notices = NULL;
    if (!pebble_get_notices(client, &options, &notices, NULL))
        return;
    for (size_t i = 0; i < pebble_notices_count(notices); i++) {
        const struct pebble_notice *notice = pebble_notices_at(notices, i);
        const char *key = pebble_notice_key(notice);
        AUTO_FREE char *description = memory_printf("%s %s", pebble_notice_type(notice), key);
        if (is_key)
            candidates_add(candidates, key, pebble_notice_type(notice));
        else
            candidates_add(candidates, pebble_notice_id(notice), description);
    }
    pebble_notices_destroy(notices);
}

// The entries of the directory in the word. Directories end in a slash.
static void add_remote_files(struct candidates *candidates, struct pebble_client *client) {
    const char *slash = strrchr(candidates->current, '/');
    struct pebble_files *files = NULL;
    if (slash == NULL || candidates->current[0] != '/') {
        candidates_add(candidates, "/", "");
        return;
    }
    AUTO_FREE char *directory = memory_string_n(candidates->current, (size_t)(slash + 1 - candidates->current));
    if (!pebble_list_files(client, directory, NULL, &files, NULL))
        return;
    for (size_t i = 0; i < pebble_files_count(files); i++) {
        const struct pebble_file *file = pebble_files_at(files, i);
        const char *type = pebble_file_type(file);
        AUTO_FREE char *path =
            memory_printf("%s%s%s", directory, pebble_file_name(file), text_equal(type, "directory") ? "/" : "");
        candidates_add(candidates, path, type);
    }
    pebble_files_destroy(files);
}

static void add_asked(struct candidates *candidates, enum cli_values values, struct pebble_client *client,
                      const struct text_list *arguments) {
    if (values == VALUES_SERVICES)
        add_services(candidates, client);
    else if (values == VALUES_SERVICE_CONDITIONS)
        add_conditions(candidates, client);
    else if (values == VALUES_CHECKS)
        add_checks(candidates, client);
    else if (values == VALUES_CHANGES || values == VALUES_CHANGE_KINDS)
        add_changes(candidates, client, values == VALUES_CHANGE_KINDS);
    else if (values == VALUES_IDENTITIES)
        add_identities(candidates, client);
    else if (values == VALUES_NOTICES)
        add_notices(candidates, client, NULL, false);
    else if (values == VALUES_NOTICE_KEYS)
        add_notices(candidates, client, arguments->count > 0 ? arguments->items[0] : NULL, true);
    else if (values == VALUES_REMOTE_FILES)
        add_remote_files(candidates, client);
}

void candidates_add_values(struct candidates *candidates, enum cli_values values, struct cli_session *session,
                           const struct text_list *arguments) {
    if (values == VALUES_COMMANDS)
        add_commands(candidates);
    else if (values == VALUES_SHELLS)
        add_shells(candidates);
    else if (values == VALUES_SIGNALS)
        add_signals(candidates);
    else if (values == VALUES_LOCAL_FILES)
        candidates->has_local_files = true;
    if (values == VALUES_NOTICES || values == VALUES_NOTICE_TYPES)
        add_notice_types(candidates);
    if (values <= VALUES_LOCAL_FILES || values == VALUES_NOTICE_TYPES)
        return;
    struct pebble_client *client = quick_client(session);
    if (client != NULL)
        add_asked(candidates, values, client, arguments);
}
