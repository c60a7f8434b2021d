// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "files/file_error_internal.h"
#include "files/make_directory_internal.h"
#include "files/operation_internal.h"
#include "files/permissions_internal.h"
#include "files/replacement_internal.h"

#define FILE_MODE 0644
#define DIRECTORY_MODE 0755
#define BUFFER_LIMIT_BYTES ((size_t)16777216) // far more than is gathered; a failure of the allocation is an error

// The loop fills one buffer while a worker writes the other.
struct file_writer {
    struct file_operation operation;
    char *path;
    char *permissions; // NULL if not given
    struct file_owner owner;
    bool makes_directories;
    struct replacement replacement; // of the worker, as the two members below
    mode_t mode;
    struct account_choice account;
    bool is_open;
    struct buffer filling, writing;
    bool is_ending;   // file_writer_finish() was called
    bool writes_last; // the worker has got the last piece
    struct file_writer_handlers handlers;
    void *data;
};

static struct file_writer *writer_of(struct file_operation *operation) {
    return CONTAINER_OF(operation, struct file_writer, operation);
}

// --- in the worker ---

static bool make_parents(const struct file_writer *writer, struct error *err) {
    size_t length = (size_t)(strrchr(writer->path, '/') + 1 - writer->path);
    AUTO_FREE char *directory = memory_string_n(writer->path, length);
    const struct directory_spec spec = {
        .path = directory, .mode = DIRECTORY_MODE, .owner = writer->account, .makes_parents = true};
    return make_directory(&spec, err) || error_prefix(err, "cannot create directory: ");
}

static bool open_target(struct file_writer *writer, struct error *err) {
    writer->is_open = true;
    if (!file_path_check(writer->path, err) || !file_owner_resolve(&writer->owner, &writer->account, err) ||
        !permissions_parse(writer->permissions, FILE_MODE, &writer->mode, err))
        return false;
    if (writer->makes_directories && !make_parents(writer, err))
        return false;
    writer->operation.has_open_files = true;
    return replacement_open(&writer->replacement, writer->path, err);
}

static bool write_piece(struct file_writer *writer, struct error *err) {
    const struct buffer *piece = &writer->writing;
    if (!buffer_is_whole(piece))
        return error_set_errno(err, ENOMEM, "write %s", writer->path);
    if (!writer->is_open && !open_target(writer, err))
        return false;
    if (!replacement_write(&writer->replacement, piece->data, piece->length, err))
        return false;
    return !writer->writes_last || replacement_commit(&writer->replacement, writer->mode, &writer->account, err);
}

static void writer_clean(struct file_operation *operation) {
    replacement_discard(&writer_of(operation)->replacement);
    operation->has_open_files = false;
}

static void writer_run(struct file_operation *operation) {
    struct file_writer *writer = writer_of(operation);
    if (!write_piece(writer, &operation->err) || writer->writes_last)
        writer_clean(operation);
}

// --- in the loop ---

static bool has_failed(const struct file_writer *writer) {
    return error_is_set(&writer->operation.err);
}

// Gives what has been gathered to the worker.
static void write_on(struct file_writer *writer) {
    struct buffer written = writer->writing;
    writer->writing = writer->filling;
    writer->filling = written;
    buffer_clear(&writer->filling);
    writer->writes_last = writer->is_ending;
    operation_submit(&writer->operation);
}

// An addition for which there was no memory is reported with the piece.
static bool has_piece(const struct file_writer *writer) {
    return writer->filling.length >= operation_piece_bytes(&writer->operation) || !buffer_is_whole(&writer->filling);
}

static void drop_content(struct file_writer *writer) {
    buffer_finish(&writer->filling);
    buffer_finish(&writer->writing);
}

static void writer_on_ran(struct file_operation *operation) {
    struct file_writer *writer = writer_of(operation);
    if (has_failed(writer))
        drop_content(writer);
    if (writer->writes_last || (has_failed(writer) && writer->is_ending)) {
        writer->handlers.on_finished(writer, has_failed(writer) ? &operation->err : NULL, writer->data);
        return;
    }
    if (!has_failed(writer) && (has_piece(writer) || writer->is_ending))
        write_on(writer);
    if (!writer->is_ending)
        writer->handlers.on_drained(writer, writer->data);
}

static void writer_free(struct file_operation *operation) {
    struct file_writer *writer = writer_of(operation);
    drop_content(writer);
    free(writer->path);
    free(writer->permissions);
    file_owner_finish(&writer->owner);
    free(writer);
}

// The file and its directory; three directories while parents are made.
static const struct file_operation_type writer_type = {
    .descriptors = 3, .run = writer_run, .on_ran = writer_on_ran, .clean = writer_clean, .free = writer_free};

struct file_writer *file_writer_create(struct file_manager *manager, const struct file_target *target,
                                       const struct file_writer_handlers *handlers, void *data) {
    struct file_writer *writer = memory_new(sizeof *writer);
    writer->path = memory_string(target->path);
    writer->permissions = target->permissions != NULL ? memory_string(target->permissions) : NULL;
    file_owner_init(&writer->owner, &target->owner);
    writer->makes_directories = target->makes_directories;
    writer->replacement = (struct replacement)REPLACEMENT_INIT;
    buffer_init(&writer->filling, BUFFER_LIMIT_BYTES);
    buffer_init(&writer->writing, BUFFER_LIMIT_BYTES);
    writer->handlers = *handlers;
    writer->data = data;
    operation_init(&writer->operation, &writer_type, manager);
    return writer;
}

void file_writer_destroy(struct file_writer *writer) {
    if (writer != NULL)
        operation_destroy(&writer->operation);
}

// While the worker runs, the error is its own; it is looked at later.
static bool drops_content(const struct file_writer *writer) {
    return !writer->operation.is_running && has_failed(writer);
}

void file_writer_add(struct file_writer *writer, const char *bytes, size_t length) {
    if (drops_content(writer))
        return;
    buffer_add(&writer->filling, bytes, length);
    if (has_piece(writer) && !writer->operation.is_running)
        write_on(writer);
}

bool file_writer_is_full(const struct file_writer *writer) {
    return writer->operation.is_running && has_piece(writer);
}

void file_writer_finish(struct file_writer *writer) {
    writer->is_ending = true;
    if (writer->operation.is_running)
        return;
    if (has_failed(writer))
        operation_submit(&writer->operation); // only reports
    else
        write_on(writer);
}
