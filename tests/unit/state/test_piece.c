// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void lives_while_held(void **unused UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(100);
    buffer_add_string(&text, "words");
    struct piece *mine = piece_create(&text);
    struct piece *other = piece_hold(mine);
    buffer_clear(&text);
    piece_drop(&mine);
    assert_null(mine);
    assert_int_equal(other->length, 5);
    assert_memory_equal(other->text, "words", 5);
    piece_drop(&other);
    piece_drop(&other);
    assert_null(other);
}

static void may_be_empty(void **unused UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(100);
    struct piece *piece = piece_create(&text);
    assert_int_equal(piece->length, 0);
    piece_drop(&piece);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_while_held),
        cmocka_unit_test(may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
