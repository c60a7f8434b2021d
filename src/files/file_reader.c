// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "files/file_error_internal.h"
#include "files/operation_internal.h"

// The loop uses `front`, a worker fills `back` if the operation is running.
struct piece {
    char *bytes; // NULL until it is needed
    size_t length, begin, capacity;
};

struct file_reader {
    struct file_operation operation;
    char *path;
    int fd;
    struct piece pieces[2];
    struct piece *front, *back;
    bool is_at_end; // the worker has read the last piece, or has failed
    file_reader_ready_fn on_ready;
    void *data;
};

static struct file_reader *reader_of(struct file_operation *operation) {
    return CONTAINER_OF(operation, struct file_reader, operation);
}

// --- in the worker ---

// To open a device can have effects, so the file is looked at before. Another one may have come in its place since.
static bool open_regular(struct file_reader *reader, struct error *err) {
    struct stat status;
    if (!file_path_check(reader->path, err))
        return false;
    if (stat(reader->path, &status) != 0)
        return error_set_errno(err, errno, "stat %s", reader->path);
    if (S_ISREG(status.st_mode)) {
        reader->fd = open(reader->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        reader->operation.has_open_files = reader->fd >= 0;
        if (reader->fd < 0 || fstat(reader->fd, &status) != 0)
            return error_set_errno(err, errno, "open %s", reader->path);
    }
    if (S_ISREG(status.st_mode))
        return true;
    AUTO_FREE char *quoted = text_quoted(reader->path);
    return error_set(err, ERROR_BAD_REQUEST, "can only read a regular file: %s", quoted);
}

static bool prepare(struct file_reader *reader, struct piece *piece, struct error *err) {
    piece->begin = piece->length = 0;
    if (piece->bytes != NULL)
        return true;
    piece->capacity = operation_piece_bytes(&reader->operation);
    piece->bytes = malloc(piece->capacity);
    return piece->bytes != NULL || error_set_errno(err, ENOMEM, "read %s", reader->path);
}

// Fills the piece, or reads to the end of the file.
static bool fill(struct file_reader *reader, struct piece *piece, struct error *err) {
    while (piece->length < piece->capacity) {
        ssize_t count = read(reader->fd, piece->bytes + piece->length, piece->capacity - piece->length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_set_errno(err, errno, "read %s", reader->path);
        reader->is_at_end = count == 0;
        if (count == 0)
            return true;
        piece->length += (size_t)count;
    }
    return true;
}

static void reader_clean(struct file_operation *operation) {
    file_close_at(&reader_of(operation)->fd);
    operation->has_open_files = false;
}

static void reader_run(struct file_operation *operation) {
    struct file_reader *reader = reader_of(operation);
    struct error *err = &operation->err;
    bool is_open = reader->fd >= 0 || open_regular(reader, err);
    if (!is_open || !prepare(reader, reader->back, err) || !fill(reader, reader->back, err))
        reader->is_at_end = true;
    if (reader->is_at_end)
        reader_clean(operation);
}

// --- in the loop ---

static bool is_empty(const struct piece *piece) {
    return piece->begin == piece->length;
}

// Gives an empty piece to the worker.
static void read_on(struct file_reader *reader) {
    if (reader->operation.is_running || reader->is_at_end || !is_empty(reader->back))
        return;
    operation_submit(&reader->operation);
}

static void swap(struct file_reader *reader) {
    struct piece *filled = reader->back;
    reader->back = reader->front;
    reader->front = filled;
}

static void reader_on_ran(struct file_operation *operation) {
    struct file_reader *reader = reader_of(operation);
    if (error_is_set(&operation->err))
        reader->is_at_end = true;
    if (!is_empty(reader->front))
        return; // it is still being sent
    swap(reader);
    read_on(reader);
    reader->on_ready(reader, reader->data);
}

static void reader_free(struct file_operation *operation) {
    struct file_reader *reader = reader_of(operation);
    free(reader->pieces[0].bytes);
    free(reader->pieces[1].bytes);
    free(reader->path);
    free(reader);
}

static const struct file_operation_type reader_type = {
    .descriptors = 1, .run = reader_run, .on_ran = reader_on_ran, .clean = reader_clean, .free = reader_free};

struct file_reader *file_reader_create(struct file_manager *manager, const char *path, file_reader_ready_fn on_ready,
                                       void *data) {
    struct file_reader *reader = memory_new(sizeof *reader);
    reader->path = memory_string(path);
    reader->fd = -1;
    reader->front = &reader->pieces[0];
    reader->back = &reader->pieces[1];
    reader->on_ready = on_ready;
    reader->data = data;
    operation_init(&reader->operation, &reader_type, manager);
    operation_submit(&reader->operation);
    return reader;
}

void file_reader_destroy(struct file_reader *reader) {
    if (reader != NULL)
        operation_destroy(&reader->operation);
}

enum file_reader_state file_reader_state(const struct file_reader *reader, const char **bytes, size_t *length) {
    const struct piece *front = reader->front;
    if (!is_empty(front)) {
        *bytes = front->bytes + front->begin;
        *length = front->length - front->begin;
        return FILE_READER_PIECE;
    }
    if (reader->operation.is_running || !reader->is_at_end)
        return FILE_READER_BUSY;
    return error_is_set(&reader->operation.err) ? FILE_READER_FAILED : FILE_READER_END;
}

void file_reader_consume(struct file_reader *reader, size_t length) {
    reader->front->begin += length;
    if (!is_empty(reader->front) || reader->operation.is_running)
        return;
    if (!is_empty(reader->back))
        swap(reader);
    read_on(reader);
}

const struct error *file_reader_error(const struct file_reader *reader) {
    return &reader->operation.err;
}
