// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/terminal.h"
#include "cli/wrap.h"

#define DEFAULT_DIRECTORY "/var/lib/pebble/default"
#define ERROR_INDENT 7 // as wide as "error: "

static const char *environment_text(const char *name) {
    const char *text = getenv(name);
    return text_is_empty(text) ? NULL : text;
}

void session_init(struct cli_session *session) {
    const char *directory = environment_text("PEBBLE");
    const char *socket_path = environment_text("PEBBLE_SOCKET");
    *session = (struct cli_session){0};
    session->directory = memory_string(directory != NULL ? directory : DEFAULT_DIRECTORY);
    if (socket_path != NULL) {
        session->socket_path = memory_string(socket_path);
    } else {
        AUTO_FREE char *joined = path_join(session->directory, ".pebble.socket");
        session->socket_path = path_clean(joined);
    }
}

void session_finish(struct cli_session *session) {
    pebble_client_destroy(session->client);
    free(session->directory);
    free(session->socket_path);
    *session = (struct cli_session){0};
}

struct pebble_client *session_client(struct cli_session *session, struct error *err) {
    if (session->client != NULL)
        return session->client;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (!pebble_client_create_default(&session->client, &failure)) {
        (void)error_set(err, ERROR_CONNECTION, "cannot create client: %s", failure.message);
        if (text_has_prefix(failure.message, "cannot parse base URL: ") && strstr(failure.message, "HOST:PORT") == NULL)
            (void)error_add_advice(err, "PEBBLE_BASEURL has the form http://HOST:PORT or https://HOST:PORT.");
    }
    return session->client;
}

// --- failures ---

static const char *refusal_words(const struct pebble_error *from) {
    return text_equal(from->api_kind, "no-default-services") ? "no default services"
           : text_equal(from->api_kind, "system-restart")    ? "Pebble is about to reboot the system"
                                                             : from->message;
}

// Who may do it. `sudo` is of no help over TCP, nor where there is none.
static void advise_access(struct error *err) {
    const char *url = environment_text("PEBBLE_BASEURL");
    if (url != NULL && !text_has_prefix(url, "https:"))
        (void)error_add_advice(err, "Over HTTP there are only health, version and metrics. Use the daemon's socket, or "
                                    "HTTPS.");
    else if (url != NULL)
        (void)error_add_advice(err,
                               "The daemon does not know this client's certificate, or its identity does not give this "
                               "access.\nSee 'pebble help add-identities'.");
    else if (getuid() != 0)
        (void)error_add_advice(err,
                               "Root has access, and so have users with an identity that gives it. You have the "
                               "user ID %u.\nSee 'pebble help add-identities'.",
                               getuid());
    else
        (void)error_add_advice(err, "An identity takes this access from root. 'pebble run --identities FILE' replaces "
                                    "it.");
}

static void set_refusal(const struct pebble_error *from, struct error *err) {
    bool is_root = getuid() == 0;
    bool is_denied = text_equal(from->api_kind, "login-required");
    AUTO_FREE char *words = memory_printf("%s%s", refusal_words(from), is_denied && !is_root ? " (try with sudo)" : "");
    AUTO_BUFFER struct buffer lines = BUFFER_INIT(BUFFER_NO_LIMIT);
    wrap_message(&lines, words, terminal_columns(100) - 1, ERROR_INDENT);
    error_set(err, ERROR_BAD_REQUEST, "%s", buffer_text(&lines));
    if (text_equal(from->api_kind, "system-restart"))
        error_set_code(err, "system-restart");
    if (is_denied)
        advise_access(err);
}

// The client's messages for a socket that is not there, or that no process listens on.
static bool is_without_daemon(const struct pebble_error *from) {
    return text_has_suffix(from->message, "\" not found") || text_has_suffix(from->message, ": connection refused");
}

static void advise_start(struct error *err) {
    if (environment_text("PEBBLE_SOCKET") != NULL)
        (void)error_add_advice(err,
                               "No daemon listens on the socket that PEBBLE_SOCKET names. 'pebble run' starts one.");
    else if (environment_text("PEBBLE") != NULL)
        (void)error_add_advice(err, "No daemon runs in the directory that PEBBLE names, %s. 'pebble run' starts one.",
                               getenv("PEBBLE"));
    else
        (void)error_add_advice(err, "No daemon runs in " DEFAULT_DIRECTORY ", the directory if PEBBLE is not set.\n"
                                    "Set PEBBLE to that of the daemon, or start one with 'pebble run'.");
}

static void advise_connection(const struct pebble_error *from, struct error *err) {
    bool has_url = environment_text("PEBBLE_BASEURL") != NULL;
    if (has_url && text_has_suffix(from->message, ": connection refused"))
        (void)error_add_advice(err,
                               "Nothing listens at the address of PEBBLE_BASEURL. 'pebble run' does with --http or "
                               "--https.");
    else if (!has_url && is_without_daemon(from))
        advise_start(err);
    else if (!has_url && text_has_suffix(from->message, ": permission denied"))
        (void)error_add_advice(err, "The directory of the socket is closed for this user. Use root, or the user of the "
                                    "daemon.");
}

int cli_fail(struct pebble_error *from, struct error *err) {
    if (from->kind == PEBBLE_ERROR_API || from->kind == PEBBLE_ERROR_PATH) {
        set_refusal(from, err);
    } else {
        (void)error_set(err, ERROR_INTERNAL, "%s", from->message);
        if (from->kind == PEBBLE_ERROR_CONNECTION)
            advise_connection(from, err);
    }
    pebble_error_clear(from);
    return 1;
}

void cli_print(const struct buffer *text) {
    (void)fwrite(buffer_text(text), 1, text->length, stdout);
}

void cli_print_document(const char *text) {
    AUTO_FREE char *shown = isatty(STDOUT_FILENO) ? text_shown(text, "\n\t") : NULL;
    (void)fputs(shown != NULL ? shown : text, stdout);
}
