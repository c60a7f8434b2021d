// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void lives_while_held(void **unused UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(100);
    buffer_add_string(&text, "words");
    struct shared_text *mine = shared_text_create(&text);
    struct shared_text *other = shared_text_hold(mine);
    buffer_clear(&text);
    shared_text_release(&mine);
    assert_null(mine);
    assert_int_equal(other->length, 5);
    assert_memory_equal(other->text, "words", 5);
    shared_text_release(&other);
    shared_text_release(&other);
    assert_null(other);
}

static void may_be_empty(void **unused UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(100);
    struct shared_text *piece = shared_text_create(&text);
    assert_int_equal(piece->length, 0);
    shared_text_release(&piece);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_while_held),
        cmocka_unit_test(may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
