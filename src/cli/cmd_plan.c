// SPDX-License-Identifier: GPL-3.0-or-later
// The commands plan and add.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "plan/plan.h"

#define LAYER_LIMIT_BYTES ((size_t)64 << 20)

static int run_plan(struct cli_call *call, struct error *err) {
    struct pebble_client *client = session_client(call->session, err);
    struct pebble_plan *plan = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_get_plan(client, &plan, &failure))
        return cli_fail(&failure, err);
    cli_print_document(pebble_plan_yaml(plan, NULL));
    pebble_plan_destroy(plan);
    return 0;
}

const struct cli_command cmd_plan = {
    .name = "plan",
    .summary = "Show the plan",
    .description = "Shows the plan as YAML: all layers, combined according to their override rules.",
    .run = run_plan,
    .enter_rules = ENTER_ALLOWED | ENTER_SILENT | ENTER_REFUSES_RUN,
};

// Further faults and the places of all, with the name of the file, are for people only: scripts compare the whole
// message.
static int fail_add(const char *path, bool is_combined, struct pebble_error *failure, struct error *err) {
    bool is_for_people = isatty(STDERR_FILENO);
    if (!is_for_people)
        failure->message[plan_first_fault_length(failure->message)] = '\0';
    if (failure->advice == NULL || !is_for_people) {
        int code = cli_fail(failure, err);
        if (!is_combined && text_has_suffix(error_text(err), " already exists"))
            (void)error_add_advice(err, "Use --combine to merge the new layer into it.");
        return code;
    }
    AUTO_BUFFER struct buffer places = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const char *line = failure->advice; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        buffer_printf(&places, "\n       %s, %.*s", path, (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    int status = cli_fail(failure, err);
    AUTO_FREE char *message = memory_string(error_text(err));
    (void)error_set(err, err->kind, "%s%s", message, buffer_text(&places));
    return status;
}

static int run_add(struct cli_call *call, struct error *err) {
    const char *label = cli_argument(call, 0), *path = cli_argument(call, 1);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(LAYER_LIMIT_BYTES);
    if (!file_read_stream(path, &text, err))
        return 1;
    if (memchr(buffer_text(&text), '\0', text.length) != NULL) {
        (void)error_set(err, ERROR_BAD_REQUEST, "cannot read layer: %s is not text", path);
        return 1;
    }
    unsigned combine = cli_is_given(call, "combine") ? PEBBLE_LAYER_COMBINE : 0;
    unsigned inner = cli_is_given(call, "inner") ? PEBBLE_LAYER_INNER : 0;
    const struct pebble_layer_options options = {.size = sizeof options,
                                                 .label = label,
                                                 .yaml = buffer_text(&text),
                                                 .yaml_length = text.length,
                                                 .flags = combine | inner};
    struct pebble_client *client = session_client(call->session, err);
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (client == NULL)
        return 1;
    if (!pebble_add_layer(client, &options, &failure))
        return fail_add(path, combine != 0, &failure, err);
    AUTO_FREE char *quoted_label = text_quoted(label), *quoted_path = text_quoted(path);
    (void)printf("Layer %s added successfully from %s\n", quoted_label, quoted_path);
    return 0;
}

const struct cli_command cmd_add = {
    .name = "add",
    .summary = "Add a layer to the plan",
    .description =
        "Reads a layer from a file and adds it on top of the existing layers. The layer is lost when the daemon exits. "
        "Running services are not affected until 'pebble replan'.",
    .examples = "  pebble add tuning tuning.yaml && pebble replan",
    .options =
        (const struct cli_option[]){
            {.name = "combine", .help = "If a layer with this label exists, merge the new layer into it"},
            {.name = "inner",
             .help = "Allow the layer to be inserted before existing layers, next to those of the same subdirectory"},
            {0}},
    .positionals =
        (const struct cli_positional[]){{.name = "<label>", .help = "Label of the layer", .is_required = true},
                                        {.name = "<layer-path>",
                                         .help = "YAML file with the layer",
                                         .values = VALUES_LOCAL_FILES,
                                         .is_required = true},
                                        {0}},
    .run = run_add,
};
