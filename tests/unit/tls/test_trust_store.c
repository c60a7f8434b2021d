// SPDX-License-Identifier: GPL-3.0-or-later
#include "certificate_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tls/trust_store.h"

// A directory for a test, with three certificates.
struct folder {
    char path[40];
    char *pem[3];
};

static int set_up(void **state) {
    struct folder *folder = memory_new(sizeof *folder);
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/test_trust_store_XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    for (size_t i = 0; i < ARRAY_COUNT(folder->pem); i++) {
        struct certificate_fixture fixture = fixture_make((struct certificate_fixture_spec){.name = "authority"});
        AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&fixture);
        folder->pem[i] = certificate_to_pem(certificate);
        fixture_finish(&fixture);
    }
    *state = folder;
    return 0;
}

static int tear_down(void **state) {
    struct folder *folder = *state;
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(folder->path, &names, NULL));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = path_join(folder->path, names.items[i]);
        assert_true(unlink(path) == 0 || rmdir(path) == 0);
    }
    assert_int_equal(rmdir(folder->path), 0);
    for (size_t i = 0; i < ARRAY_COUNT(folder->pem); i++)
        free(folder->pem[i]);
    free(folder);
    return 0;
}

// Returns the path; owned.
static char *write_file(const struct folder *folder, const char *name, const char *text) {
    char *path = path_join(folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static size_t count(const char *file, const char *directories) {
    struct trust_store *store;
    assert_true(trust_store_load(file, directories, &store, NULL));
    size_t found = trust_store_count(store);
    assert_false(trust_store_is_outdated(store));
    trust_store_destroy(store);
    return found;
}

static void bundle(void **state) {
    struct folder *folder = *state;
    AUTO_FREE char *text = memory_printf("# words\n%s%s%s-----BEGIN X-----\nYQ==\n-----END X-----\n"
                                         "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\nmore\n%s",
                                         folder->pem[0], folder->pem[1], folder->pem[0], folder->pem[2]);
    AUTO_FREE char *path = write_file(folder, "bundle", text);
    assert_int_equal(count(path, "/nonexistent"), 3);
}

static void directories(void **state) {
    struct folder *folder = *state;
    AUTO_FREE char *first = write_file(folder, "a.pem", folder->pem[0]);
    free(write_file(folder, "b", folder->pem[1]));
    AUTO_FREE char *subdirectory = path_join(folder->path, "c");
    AUTO_FREE char *alias = path_join(folder->path, "12345678.0");
    assert_int_equal(mkdir(subdirectory, 0700), 0);
    assert_int_equal(symlink("a.pem", alias), 0);
    AUTO_FREE char *list = memory_printf("/nonexistent::%s:%s", folder->path, subdirectory);
    assert_int_equal(count("/nonexistent", list), 2);
    assert_int_equal(count(first, folder->path), 2);
    assert_int_equal(count("/nonexistent", subdirectory), 0);
}

static void nothing(void **state) {
    struct folder *folder = *state;
    AUTO_FREE char *path = write_file(folder, "text", "no certificates\n");
    assert_int_equal(count("/nonexistent", "/nonexistent"), 0);
    assert_int_equal(count(path, "/nonexistent"), 0);
    trust_store_destroy(NULL);
}

static void unreadable(void **state) {
    struct folder *folder = *state;
    struct trust_store *store = NULL;
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *fifo = path_join(folder->path, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(trust_store_load(fifo, "/nonexistent", &store, &err));
    AUTO_FREE char *expected = memory_printf("open %s: not a regular file", fifo);
    assert_string_equal(error_text(&err), expected);
    assert_null(store);
    // What is found elsewhere is enough.
    AUTO_FREE char *other = path_join(folder->path, "more");
    assert_int_equal(mkdir(other, 0700), 0);
    AUTO_FREE char *path = write_file(folder, "more/a.pem", folder->pem[0]);
    assert_int_equal(count(fifo, other), 1);
    assert_int_equal(unlink(path), 0);
}

// Destroys the store.
static void assert_outdated(struct trust_store *store) {
    assert_true(trust_store_is_outdated(store));
    trust_store_destroy(store);
}

static void changes(void **state) {
    struct folder *folder = *state;
    AUTO_FREE char *missing = path_join(folder->path, "missing");
    struct trust_store *store;
    assert_true(trust_store_load(missing, "/nonexistent", &store, NULL));
    assert_false(trust_store_is_outdated(store));
    AUTO_FREE char *path = write_file(folder, "missing", folder->pem[0]);
    assert_outdated(store);

    assert_true(trust_store_load(path, "/nonexistent", &store, NULL));
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(folder->pem[1], file) >= 0 && fclose(file) == 0);
    assert_outdated(store);

    assert_true(trust_store_load("/nonexistent", folder->path, &store, NULL));
    assert_int_equal(unlink(path), 0);
    assert_outdated(store);
}

static void new_in_directory(void **state) {
    struct folder *folder = *state;
    struct trust_store *store;
    // A time long ago, so that the change shows even if the clock of files is coarse.
    assert_int_equal(utimensat(AT_FDCWD, folder->path, (struct timespec[]){{1, 0}, {1, 0}}, 0), 0);
    assert_true(trust_store_load("/nonexistent", folder->path, &store, NULL));
    assert_false(trust_store_is_outdated(store));
    free(write_file(folder, "a.pem", folder->pem[0]));
    assert_outdated(store);
}

static void *load_in_thread(void *path) {
    struct trust_store *store = NULL;
    return trust_store_load(path, "/nonexistent", &store, NULL) ? store : NULL;
}

// A store is made in a worker and used elsewhere. Nothing is left of the worker.
static void thread(void **state) {
    struct folder *folder = *state;
    AUTO_FREE char *path = write_file(folder, "a.pem", folder->pem[0]);
    pthread_t id;
    void *result;
    assert_int_equal(pthread_create(&id, NULL, load_in_thread, path), 0);
    assert_int_equal(pthread_join(id, &result), 0);
    struct trust_store *store = result;
    assert_non_null(store);
    assert_int_equal(trust_store_count(store), 1);
    trust_store_destroy(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bundle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(directories, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unreadable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_in_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(thread, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
