// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls/tls_thread.h"

#include "engine_fixture.h"

#include <pthread.h>

// What OpenSSL has allocated and not freed. Only one thread runs at a time.
static size_t allocated;

static void *count_malloc(size_t size, const char *file UNUSED, int line UNUSED) {
    allocated++;
    return malloc(size);
}

static void *count_realloc(void *old, size_t size, const char *file UNUSED, int line UNUSED) {
    if (old == NULL)
        allocated++;
    return realloc(old, size);
}

static void count_free(void *old, const char *file UNUSED, int line UNUSED) {
    if (old != NULL)
        allocated--;
    free(old);
}

// Uses random numbers.
static void make_key(void) {
    struct tls_key *key;
    assert_true(tls_key_make(&key, NULL));
    tls_key_destroy(key);
}

static void *work(void *data) {
    size_t before = allocated;
    make_key();
    size_t *kept = data;
    kept[0] = allocated - before;
    tls_thread_release();
    kept[1] = allocated - before;
    make_key(); // once more
    tls_thread_release();
    kept[2] = allocated - before;
    return NULL;
}

static void nothing_is_kept(void **state UNUSED) {
    size_t kept[3];
    pthread_t thread;
    make_key(); // what is kept for all threads exists then
    assert_int_equal(pthread_create(&thread, NULL, work, kept), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(kept[0] > 0);
    assert_int_equal(kept[1], 0);
    assert_int_equal(kept[2], 0);
}

static void threads_may_go_on(void **state UNUSED) {
    struct chain chain = chain_make_at(time(NULL));
    struct tls_context *server = server_context(&chain);
    struct certificate_fixture own = fixture_make((struct certificate_fixture_spec){.name = "client"});
    struct tls_context *client = client_context(&chain, &own);
    tls_thread_release();
    struct pair pair = pair_create(client, "host", server);
    side_read(&pair.client);
    tls_thread_release();
    pair_run(&pair, 65536);
    assert_true(tls_engine_is_established(pair.server.engine));
    pair_finish(&pair);
    tls_context_release(client);
    tls_context_release(server);
    fixture_finish(&own);
    chain_finish(&chain);
}

int main(void) {
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_kept), cmocka_unit_test(threads_may_go_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
