// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "access/password.h"
#include "base/memory.h"

// openssl passwd -6 -salt orchard 'damson:gin'
#define DAMSON "$6$orchard$SrmfnBk9niXkxCZAgo//G4TR5jCJmSsWb6dQagrrdVHDkO5NDgTMjBC7J9ri3QHm//EwpRuFWeeoUn9H/lj5B/"
// From the specification, https://www.akkadia.org/drepper/SHA-crypt.txt
#define ROUNDS                                                                                                         \
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/"    \
    "y3RnOaw5v."

static void the_right_password_matches(void **state UNUSED) {
    assert_true(password_matches(DAMSON, "damson:gin"));
    assert_true(password_matches(ROUNDS, "Hello world!"));
}

static void another_password_does_not(void **state UNUSED) {
    static const char *const passwords[] = {"", "damson:gi", "damson:ginn", "Damson:gin", DAMSON};
    for (size_t i = 0; i < ARRAY_COUNT(passwords); i++)
        assert_false(password_matches(DAMSON, passwords[i]));
    assert_false(password_matches(ROUNDS, "Hello world"));
}

static void another_hash_does_not(void **state UNUSED) {
    static const char *const hashes[] = {
        "",
        "*****",
        "damson:gin",
        "$6$",
        "$6$orchard$",
        "$6$orchard",
        "$6$rounds=$orchard$x",
        "$6$rounds=1000$",
        // of "damson:gin", by other methods: openssl passwd -1 and -5
        "$1$orchard$vuYGM800tBPHthLFsMehI/",
        "$5$orchard$xp1L0Gn/31VQL7z6g0lKngq5hbVOtW4l4ldyh.ozM67",
    };
    for (size_t i = 0; i < ARRAY_COUNT(hashes); i++)
        assert_false(password_matches(hashes[i], "damson:gin"));
    AUTO_FREE char *cut = memory_string_n(DAMSON, strlen(DAMSON) - 1);
    assert_false(password_matches(cut, "damson:gin"));
    AUTO_FREE char *longer = memory_printf("%s.", DAMSON);
    assert_false(password_matches(longer, "damson:gin"));
}

static void lengths_are_limited(void **state UNUSED) {
    AUTO_FREE char *password = memory_new(100001);
    memset(password, 'x', 100000);
    assert_false(password_matches(DAMSON, password));
}

static void rounds_are_limited(void **state UNUSED) {
    static const char *const refused[] = {"$6$rounds=1000001$x$y", "$6$rounds=999999999$x$y",
                                          "$6$rounds=99999999999999999999999$x$y"};
    static const char *const accepted[] = {"$6$rounds=1000000$x$y", "$6$rounds=x", "$6$rounds=", "x", "*****",
                                           "rounds=1000001"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO_ERROR struct error err = {0};
        assert_false(password_check_hash(refused[i], &err));
        assert_string_equal(error_text(&err), "cannot have a password (hashed) with more than 1000000 rounds");
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_false(password_matches(refused[i], "x"));
    }
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++)
        assert_true(password_check_hash(accepted[i], NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_matches), cmocka_unit_test(another_password_does_not),
        cmocka_unit_test(another_hash_does_not),      cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(rounds_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
