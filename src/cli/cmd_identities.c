// SPDX-License-Identifier: GPL-3.0-or-later
// The commands identities, identity, add-identities, update-identities and remove-identities.
#include "cli/commands.h"

#define OPTION_FROM                                                                                                    \
    { .name = "from", .kind = CLI_TEXT, .value = "file", .is_required = true, .help = "YAML file with the identities" }

const struct cli_command cmd_identities = {
    .name = "identities",
    .summary = "List identities",
    .description = "Lists the identities that may use the API, with type and access level.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
};

const struct cli_command cmd_identity = {
    .name = "identity",
    .summary = "Show an identity",
    .description = "Shows an identity as YAML.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<name>", .help = "Name of the identity", .is_required = true}, {0}},
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
                   "          basic: {password: HASH}\n\n"
                   "Use \"openssl passwd -6\" to generate HASH.",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
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
};

const struct cli_command cmd_remove_identities = {
    .name = "remove-identities",
    .summary = "Remove identities",
    .description = "Removes the identities in the file. The value of each must be null. Example:\n\n"
                   "  identities:\n"
                   "      mary: null",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
};
