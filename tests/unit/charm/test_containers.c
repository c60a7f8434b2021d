// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../client/fake_daemon.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"
#include "pebble-charm.h"

struct place {
    char directory[32];
    char *container;
    char *socket;
    struct pebble_charm *charm;
    struct pebble_error error;
};

static void begin(struct place *place) {
    *place = (struct place){.directory = "/tmp/containers-XXXXXX"};
    assert_non_null(mkdtemp(place->directory));
    place->container = path_join(place->directory, "web");
    place->socket = path_join(place->container, "pebble.socket");
    assert_int_equal(mkdir(place->container, 0700), 0);
    AUTO_FREE char *root = memory_printf("PEBBLE_CHARM_CONTAINERS=%s", place->directory);
    const char *const items[] = {"JUJU_DISPATCH_PATH=hooks/web-pebble-ready", root, NULL};
    assert_true(pebble_charm_create(items, &place->charm, NULL));
}

static void end(struct place *place) {
    pebble_charm_destroy(place->charm);
    pebble_error_clear(&place->error);
    assert_int_equal(rmdir(place->container), 0);
    assert_int_equal(rmdir(place->directory), 0);
    free(place->container);
    free(place->socket);
}

static const struct fake_response info[] = {{.result = "{\"version\":\"1\",\"boot-id\":\"b\"}"}};

static void a_container_has_one_client(void **state UNUSED) {
    struct place place;
    struct pebble_client *client = NULL, *same = NULL, *other = NULL;
    struct pebble_system_info *got = NULL;
    begin(&place);
    struct fake_daemon *daemon = fake_daemon_start(place.socket, info, 1);
    assert_true(pebble_charm_container(place.charm, NULL, &client, NULL));
    assert_true(pebble_charm_container(place.charm, "web", &same, NULL));
    assert_true(pebble_charm_container(place.charm, "db", &other, NULL));
    assert_ptr_equal(client, same);
    assert_ptr_not_equal(client, other);
    assert_true(pebble_get_system_info(client, &got, NULL));
    pebble_system_info_destroy(got);
    fake_daemon_stop(daemon, NULL);
    end(&place);
}

static void a_container_that_responds_can_be_connected(void **state UNUSED) {
    struct place place;
    begin(&place);
    assert_false(pebble_charm_can_connect(place.charm, NULL, &place.error));
    assert_int_equal(place.error.kind, PEBBLE_ERROR_CONNECTION);
    struct fake_daemon *daemon = fake_daemon_start(place.socket, info, 1);
    assert_true(pebble_charm_can_connect(place.charm, "web", NULL));
    fake_daemon_stop(daemon, NULL);
    end(&place);
}

static void names_are_checked(void **state UNUSED) {
    static const char *const names[] = {"", ".", "..", "a/b"};
    struct place place;
    struct pebble_client *client = NULL;
    begin(&place);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_false(pebble_charm_container(place.charm, names[i], &client, &place.error));
        assert_int_equal(place.error.kind, PEBBLE_ERROR_ARGUMENT);
        assert_false(pebble_charm_can_connect(place.charm, names[i], NULL));
    }
    assert_string_equal(place.error.message, "cannot use container \"a/b\": invalid name");
    assert_null(client);
    end(&place);
}

static void a_hook_may_have_no_workload(void **state UNUSED) {
    const char *const items[] = {"JUJU_DISPATCH_PATH=hooks/install", NULL};
    struct pebble_client *client = NULL;
    struct pebble_charm *charm = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(pebble_charm_create(items, &charm, NULL));
    assert_false(pebble_charm_container(charm, NULL, &client, &error));
    assert_string_equal(error.message, "cannot find container: the event install has none");
    assert_false(pebble_charm_can_connect(charm, "no-such-container", &error));
    assert_non_null(strstr(error.message, "/charm/containers/no-such-container/pebble.socket"));
    pebble_charm_destroy(charm);
}

static void clients_can_be_interrupted(void **state UNUSED) {
    static const struct fake_response silence[] = {{.holds = true}, {.holds = true}};
    struct place place;
    struct pebble_client *client = NULL;
    struct pebble_system_info *got = NULL;
    int fd = eventfd(1, EFD_CLOEXEC);
    begin(&place);
    struct fake_daemon *daemon = fake_daemon_start(place.socket, silence, 2);
    assert_true(pebble_charm_container(place.charm, "web", &client, NULL));
    pebble_charm_set_interrupt_fd(place.charm, fd);
    assert_false(pebble_get_system_info(client, &got, &place.error));
    assert_int_equal(place.error.kind, PEBBLE_ERROR_CANCELLED);
    assert_false(pebble_charm_can_connect(place.charm, "web", &place.error));
    assert_int_equal(place.error.kind, PEBBLE_ERROR_CANCELLED);
    fake_daemon_stop(daemon, NULL);
    close(fd);
    end(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_has_one_client), cmocka_unit_test(a_container_that_responds_can_be_connected),
        cmocka_unit_test(names_are_checked),          cmocka_unit_test(a_hook_may_have_no_workload),
        cmocka_unit_test(clients_can_be_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
