// SPDX-License-Identifier: GPL-3.0-or-later
// The commands identities, identity, add-identities, update-identities and remove-identities.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "access/identity_file.h"
#include "access/password.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/session.h"
#include "cli/table_layout.h"

// --- showing ---

// The types in the order of their names. Those that this program does not know, certificates included, are "unknown",
// as in the reference.
static void add_types(const struct pebble_identity *identity, struct buffer *types) {
    if (pebble_identity_password(identity) != NULL)
        buffer_add_string(types, "basic");
    if (pebble_identity_user_id(identity, NULL))
        buffer_printf(types, "%slocal", types->length > 0 ? "," : "");
    if (types->length == 0)
        buffer_add_string(types, "unknown");
}

static void print_table(const struct pebble_identities *identities) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    static const struct table_column columns[] = {
        {"Name", TABLE_NAME, 0}, {"Access", TABLE_PLAIN, 0}, {"Types", TABLE_PLAIN, 1}};
    table_init_columns(&table, columns, ARRAY_COUNT(columns));
    for (size_t i = 0; i < pebble_identities_count(identities); i++) {
        const struct pebble_identity *identity = pebble_identities_at(identities, i);
        struct buffer types = BUFFER_INIT(BUFFER_NO_LIMIT);
        add_types(identity, &types);
        table_add(&table, pebble_identity_name(identity));
        table_add(&table, pebble_identity_access(identity));
        table_add_buffer(&table, &types);
    }
    table_show(&table, &out);
    cli_print(&out);
}

static void write_secret(struct document *document, const char *type, const char *name, const char *secret) {
    if (secret == NULL)
        return;
    document_key(document, type);
    document_begin_map(document);
    document_member_string(document, name, secret);
    document_end_map(document);
}

static void write_identity(struct document *document, const struct pebble_identity *identity) {
    uint32_t user_id;
    document_begin_map(document);
    document_member_string(document, "access", pebble_identity_access(identity));
    if (pebble_identity_user_id(identity, &user_id)) {
        document_key(document, "local");
        document_begin_map(document);
        document_member_int(document, "user-id", user_id);
        document_end_map(document);
    }
    write_secret(document, "basic", "password", pebble_identity_password(identity));
    write_secret(document, "cert", "pem", pebble_identity_certificate(identity));
    document_end_map(document);
}

static void print_document(enum cli_format format, const struct pebble_identities *identities) {
    struct document document;
    document_init(&document, format);
    document_begin_map(&document);
    document_key(&document, "identities");
    document_begin_map(&document);
    AUTO_MAP struct map by_name = MAP_INIT(NULL);
    for (size_t i = 0; i < pebble_identities_count(identities); i++) {
        const struct pebble_identity *identity = pebble_identities_at(identities, i);
        map_set(&by_name, pebble_identity_name(identity), (void *)(uintptr_t)identity);
    }
    AUTO_FREE struct map_entry **sorted = document_sorted(&document, &by_name);
    for (size_t i = 0; sorted[i] != NULL; i++) {
        const struct pebble_identity *identity = sorted[i]->value;
        document_key(&document, pebble_identity_name(identity));
        write_identity(&document, identity);
    }
    document_end_map(&document);
    document_end_map(&document);
    document_print(&document);
}

static struct pebble_identities *get_identities(struct cli_call *call, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_identities *identities = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client != NULL && !pebble_get_identities(client, &identities, &failure))
        (void)cli_fail(&failure, err);
    return identities;
}

static int run_identities(struct cli_call *call, struct error *err) {
    struct pebble_identities *identities = get_identities(call, err);
    if (identities == NULL)
        return 1;
    if (cli_format(call) != FORMAT_TEXT)
        print_document(cli_format(call), identities);
    else if (pebble_identities_count(identities) > 0)
        print_table(identities);
    else
        (void)fputs("No identities.\n", stderr);
    pebble_identities_destroy(identities);
    return 0;
}

static bool print_identity(enum cli_format format, const struct pebble_identities *identities, const char *name) {
    for (size_t i = 0; i < pebble_identities_count(identities); i++) {
        const struct pebble_identity *identity = pebble_identities_at(identities, i);
        if (!text_equal(pebble_identity_name(identity), name))
            continue;
        struct document document;
        document_init(&document, format);
        write_identity(&document, identity);
        document_print(&document);
        return true;
    }
    return false;
}

static int run_identity(struct cli_call *call, struct error *err) {
    const char *name = cli_argument(call, 0);
    struct pebble_identities *identities = get_identities(call, err);
    if (identities == NULL)
        return 1;
    // Its text form is YAML.
    enum cli_format format = cli_format(call) == FORMAT_JSON ? FORMAT_JSON : FORMAT_YAML;
    if (!print_identity(format, identities, name)) {
        AUTO_FREE char *quoted = text_quoted(name);
        (void)error_set(err, ERROR_NOT_FOUND, "cannot find identity %s", quoted);
        advise_refused_names(session_client(call->session, NULL), ADVICE_IDENTITY, &name, 1, err);
    }
    pebble_identities_destroy(identities);
    return error_is_set(err) ? 1 : 0;
}

// --- modifying ---

static bool read_identities(const char *path, json_t **identities, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(IDENTITY_FILE_BYTES_MAX);
    return file_read_stream(path, &text, err) && identity_file_parse(buffer_text(&text), text.length, identities, err);
}

// As in the reference, the client refuses a value that is not null.
static bool check_removal(const char *action, json_t *identities, struct error *err) {
    const char *name;
    json_t *value;
    json_object_foreach(identities, name, value) {
        if (text_equal(action, "remove") && !json_is_null(value)) {
            AUTO_FREE char *quoted = text_quoted(name);
            return error_set(err, ERROR_BAD_REQUEST, "identity value for %s must be null for remove operation", quoted);
        }
    }
    return true;
}

// They are accepted, as in the reference, but no password matches them.
static void warn_of_passwords(json_t *identities) {
    const char *name;
    json_t *value;
    if (!isatty(STDERR_FILENO))
        return;
    json_object_foreach(identities, name, value) {
        const char *hash = json_string_value(json_object_get(json_object_get(value, "basic"), "password"));
        if (text_is_empty(hash) || password_is_hash(hash))
            continue;
        AUTO_FREE char *quoted = text_quoted(name);
        (void)fprintf(stderr,
                      "The password of identity %s is no hash as of 'openssl passwd -6': no password will match.\n",
                      quoted);
    }
}

// Sends the identities of the file. Reports success with the word and the number of identities.
static int modify(struct cli_call *call, const char *action, const char *word, struct error *err) {
    AUTO_JSON json_t *identities = NULL;
    if (!read_identities(cli_text(call, "from"), &identities, err) || !check_removal(action, identities, err))
        return 1;
    struct pebble_client *client = session_client(call->session, err);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &text, false);
    json_writer_value(&writer, identities);
    if (!pebble_modify_identities(client, action, buffer_text(&text), &failure))
        return cli_fail(&failure, err);
    warn_of_passwords(identities);
    size_t count = json_object_size(identities);
    (void)printf("%s %zu %sidentit%s.\n", word, count, text_equal(action, "add") ? "new " : "",
                 count == 1 ? "y" : "ies");
    return 0;
}

static int run_add_identities(struct cli_call *call, struct error *err) {
    return modify(call, "add", "Added", err);
}

static int run_update_identities(struct cli_call *call, struct error *err) {
    return cli_is_given(call, "replace") ? modify(call, "replace", "Replaced", err)
                                         : modify(call, "update", "Updated", err);
}

static int run_remove_identities(struct cli_call *call, struct error *err) {
    return modify(call, "remove", "Removed", err);
}

// --- descriptors ---

#define OPTION_FROM                                                                                                    \
    {                                                                                                                  \
        .name = "from", .kind = CLI_TEXT, .value = "file", .is_required = true, .values = VALUES_LOCAL_FILES,          \
        .help = "YAML file with the identities"                                                                        \
    }

const struct cli_command cmd_identities = {
    .name = "identities",
    .summary = "List identities",
    .description = "Lists the identities that may use the API, with type and access level.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
    .run = run_identities,
};

const struct cli_command cmd_identity = {
    .name = "identity",
    .summary = "Show an identity",
    .description = "Shows an identity as YAML.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
    .positionals =
        (const struct cli_positional[]){
            {.name = "<name>", .help = "Name of the identity", .values = VALUES_IDENTITIES, .is_required = true}, {0}},
    .run = run_identity,
};

const struct cli_command cmd_add_identities = {
    .name = "add-identities",
    .summary = "Add identities",
    .description = "Adds the identities in the file. Fails if one of them exists already. Example:\n\n"
                   "  identities:\n"
                   "      mary:\n"
                   "          access: admin\n"
                   "          local: {user-id: 1000}\n"
                   "      prometheus:\n"
                   "          access: metrics\n"
                   "          basic: {password: HASH}\n"
                   "      laptop:\n"
                   "          access: read\n"
                   "          cert:\n"
                   "              pem: |\n"
                   "                  -----BEGIN CERTIFICATE-----\n"
                   "                  ...\n"
                   "                  -----END CERTIFICATE-----\n\n"
                   "The key \"local\" identifies clients by the user ID of their process, \"basic\" by name and "
                   "password, \"cert\" by their certificate for HTTPS. HASH is the output of \"openssl passwd -6\".",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
    .run = run_add_identities,
};

const struct cli_command cmd_update_identities = {
    .name = "update-identities",
    .summary = "Update identities",
    .description = "Replaces the identities in the file. Fails if one of them does not exist. See add-identities for "
                   "the format of the "
                   "file.",
    .options =
        (const struct cli_option[]){
            OPTION_FROM,
            {.name = "replace",
             .help = "Also add identities that do not exist, and remove identities whose value is null"},
            {0}},
    .run = run_update_identities,
};

const struct cli_command cmd_remove_identities = {
    .name = "remove-identities",
    .summary = "Remove identities",
    .description = "Removes the identities in the file. The value of each must be null. Example:\n\n"
                   "  identities:\n"
                   "      mary: null",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
    .run = run_remove_identities,
};
