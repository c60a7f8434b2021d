// SPDX-License-Identifier: GPL-3.0-or-later
// identities, identity, add-identities, update-identities and remove-identities.
#include "cli/commands.h"

#define OPTION_FROM                                                                                                    \
    { .name = "from", .kind = CLI_TEXT, .value = "file", .is_required = true, .help = "The YAML file that has them" }

const struct cli_command cmd_identities = {
    .name = "identities",
    .summary = "List identities",
    .description = "Lists who may use the API, with what access.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
};

const struct cli_command cmd_identity = {
    .name = "identity",
    .summary = "Show one identity",
    .description = "Shows an identity as YAML.",
    .options = (const struct cli_option[]){OPTION_FORMAT, {0}},
    .positionals = (const struct cli_positional[]){{.name = "<name>", .help = "Its name", .is_required = true}, {0}},
};

const struct cli_command cmd_add_identities = {
    .name = "add-identities",
    .summary = "Add identities",
    .description = "Adds the identities that the file has; none of them may exist yet. For instance:\n\n"
                   "  identities:\n"
                   "      mary:\n"
                   "          access: admin\n"
                   "          local: {user-id: 1000}\n"
                   "      prometheus:\n"
                   "          access: metrics\n"
                   "          basic: {password: HASH}\n\n"
                   "A HASH comes from \"openssl passwd -6\".",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
};

const struct cli_command cmd_update_identities = {
    .name = "update-identities",
    .summary = "Change identities",
    .description =
        "Replaces the identities that the file has; all of them must exist. The file looks as for add-identities.",
    .options =
        (const struct cli_option[]){
            OPTION_FROM,
            {.name = "replace", .help = "Add those that do not exist, and remove those that are null in the file"},
            {0}},
};

const struct cli_command cmd_remove_identities = {
    .name = "remove-identities",
    .summary = "Remove identities",
    .description = "Removes the identities that the file names; each is null there. For instance:\n\n"
                   "  identities:\n"
                   "      mary: null",
    .options = (const struct cli_option[]){OPTION_FROM, {0}},
};
