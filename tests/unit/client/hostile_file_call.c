// SPDX-License-Identifier: GPL-3.0-or-later
#include "hostile_file_call.h"

#include <stddef.h>

#include "base/file.h"
#include "base/memory.h"

static char mark_byte;
#define MARK ((void *)&mark_byte)

static bool untouched(struct hostile_run *run, const void *output) {
    run->is_touched = output != MARK;
    return false;
}

// --- lists ---

bool hostile_list_files(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_files *files = MARK;
    if (!pebble_list_files(run->client, "/d", NULL, &files, error))
        return untouched(run, files);
    pebble_files_destroy(files);
    return true;
}

bool hostile_begin_list(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_list_files(run->client, "/d", NULL, call, error);
}

bool hostile_file_exists(struct hostile_run *run, struct pebble_error *error) {
    bool exists = false;
    bool is_good = pebble_file_exists(run->client, "/d", &exists, error);
    run->is_touched = !is_good && exists;
    return is_good;
}

bool hostile_is_directory(struct hostile_run *run, struct pebble_error *error) {
    bool is_directory = false;
    bool is_good = pebble_is_directory(run->client, "/d", &is_directory, error);
    run->is_touched = !is_good && is_directory;
    return is_good;
}

// --- files ---

static const struct pebble_push_options push = {.size = sizeof push, .path = "/f", .bytes = "abc", .length = 3};

bool hostile_push_file(struct hostile_run *run, struct pebble_error *error) {
    return pebble_push_file(run->client, &push, error);
}

bool hostile_begin_push(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_push_file(run->client, &push, call, error);
}

static const struct pebble_pull_options pull = {.size = sizeof pull, .path = "/f"};

bool hostile_pull_file(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_content *content = MARK;
    if (!pebble_pull_file(run->client, &pull, &content, error))
        return untouched(run, content);
    pebble_content_destroy(content);
    return true;
}

bool hostile_begin_pull(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_pull_file(run->client, &pull, call, error);
}

static const struct pebble_directory_options directory = {.size = sizeof directory, .path = "/d"};

bool hostile_make_directory(struct hostile_run *run, struct pebble_error *error) {
    return pebble_make_directory(run->client, &directory, error);
}

bool hostile_begin_make(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_make_directory(run->client, &directory, call, error);
}

bool hostile_remove_path(struct hostile_run *run, struct pebble_error *error) {
    return pebble_remove_path(run->client, "/d", PEBBLE_REMOVE_RECURSIVE, error);
}

bool hostile_begin_remove(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    return pebble_call_remove_path(run->client, "/d", 0, call, error);
}

// --- trees ---

bool hostile_push_path(struct hostile_run *run, struct pebble_error *error) {
    AUTO_FREE char *source = path_join(run->directory, "from");
    const char *const sources[] = {source};
    const struct pebble_copy_options options = {
        .size = sizeof options, .sources = sources, .source_count = 1, .directory = "/d"};
    return pebble_push_path(run->client, &options, error);
}

bool hostile_pull_path(struct hostile_run *run, struct pebble_error *error) {
    AUTO_FREE char *target = path_join(run->directory, "to");
    const char *const sources[] = {"/d"};
    const struct pebble_copy_options options = {
        .size = sizeof options, .sources = sources, .source_count = 1, .directory = target};
    return pebble_pull_path(run->client, &options, error);
}

// --- commands ---

static const char *const words[] = {"cat"};
static const struct pebble_exec_options split = {
    .size = sizeof split, .words = words, .word_count = 1, .flags = PEBBLE_EXEC_SPLIT_STDERR};
static const struct pebble_exec_options joined = {.size = sizeof joined, .words = words, .word_count = 1};

bool hostile_exec(struct hostile_run *run, struct pebble_error *error) {
    const struct pebble_exec_io io = {.size = sizeof io, .input = "abc", .input_length = 3};
    struct pebble_exec_result *result = MARK;
    if (!pebble_exec(run->client, &split, &io, &result, error))
        return untouched(run, result);
    pebble_exec_result_destroy(result);
    return true;
}

bool hostile_exec_check(struct hostile_run *run, struct pebble_error *error) {
    struct pebble_exec_result *result = MARK;
    if (!pebble_exec_check(run->client, &joined, NULL, &result, error))
        return untouched(run, result);
    pebble_exec_result_destroy(result);
    return true;
}

bool hostile_begin_exec(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error) {
    if (!pebble_call_exec(run->client, &split, call, error))
        return false;
    (void)pebble_exec_end_input(*call);
    return true;
}
