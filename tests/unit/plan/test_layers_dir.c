// SPDX-License-Identifier: GPL-3.0-or-later
#include "directory_check.h"

// The labels and orders of the layers that were read, as "base=1000 extra/one=5001".
static void assert_layers(const char *directory, const char *expected) {
    AUTO_LAYERS struct layer_list layers = {0};
    AUTO_ERROR struct error err = {0};
    if (!layers_read(directory, &layers, &err))
        fail_msg("%s", error_text(&err));
    AUTO_BUFFER struct buffer found = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < layers.count; i++)
        buffer_printf(&found, "%s%s=%lld", i == 0 ? "" : " ", layers.items[i]->label,
                      (long long)layers.items[i]->order);
    assert_string_equal(buffer_text(&found), expected);
}

static void assert_refused(const char *directory, const char *message) {
    struct layer_list layers = {.count = 77};
    AUTO_ERROR struct error err = {0};
    assert_false(layers_read(directory, &layers, &err));
    assert_string_equal(error_text(&err), message);
    assert_int_equal(layers.count, 77);
}

static void missing_directory_has_no_layers(void **state UNUSED) {
    assert_layers("/nonexistent/layers", "");
}

static void numbers_give_the_order(void **state) {
    directory_add(*state, "030-third.yaml", "");
    directory_add(*state, "002-first.yaml", "");
    directory_make(*state, "005-extra.d");
    directory_add(*state, "005-extra.d/002-two.yaml", "");
    directory_add(*state, "005-extra.d/001-one.yaml", "");
    directory_add(*state, "005-extra.d/notes.txt", "not: [a layer");
    directory_add(*state, "README.txt", "x: [");
    directory_add(*state, "060-x.yaml~", "x: [");
    assert_layers(*state, "first=2000 extra/one=5001 extra/two=5002 third=30000");
}

static void what_an_entry_is_decides(void **state) {
    directory_add(*state, "008-file.d", "");
    directory_make(*state, "009-folder.yaml");
    directory_add(*state, "009-folder.yaml/001-one.yaml", "");
    directory_make(*state, "010-empty.d");
    AUTO_FREE char *link = path_join(*state, "011-link.yaml");
    assert_int_equal(symlink("008-file.d", link), 0);
    assert_layers(*state, "file=8000 folder/one=9001 link=11000");
}

static void names_have_a_form(void **state) {
    const char *const good[] = {"001-abc.yaml", "002-a1-b2-c3.yaml", "999-a-b-c.yaml", "000-zero.yaml"};
    const char *const bad[] = {"base.yaml",      "1-base.yaml",    "0001-base.yaml", "001-.yaml",
                               "001-ab.yaml",    "001-Base.yaml",  "001-1st.yaml",   "001-two--dashes.yaml",
                               "001-dash-.yaml", "001--dash.yaml", "001_base.yaml",  ".yaml",
                               "001-a_b_c.yaml", "001.yaml",       "00a-base.yaml"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        directory_add(*state, good[i], "");
    assert_layers(*state, "zero=0 abc=1000 a1-b2-c3=2000 a-b-c=999000");
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        directory_add(*state, bad[i], "");
        AUTO_FREE char *message =
            memory_printf("invalid layer filename: \"%s\" (must look like \"123-some-label.yaml\")", bad[i]);
        assert_refused(*state, message);
        AUTO_FREE char *path = path_join(*state, bad[i]);
        assert_int_equal(remove(path), 0);
    }
    directory_make(*state, "base.d");
    assert_refused(*state, "invalid layer sub-directory name: \"base.d\" (must look like \"123-some-label.d\")");
}

static void numbers_and_labels_are_unique(void **state) {
    directory_add(*state, "003-alpha.yaml", "");
    directory_add(*state, "007-alpha.yaml", "");
    assert_refused(*state, "invalid layer filename: \"007-alpha.yaml\" not unique (have \"003-alpha.yaml\" already)");
    directory_add(*state, "003-beta.yaml", "");
    assert_refused(*state, "invalid layer filename: \"003-beta.yaml\" not unique (have \"003-alpha.yaml\" already)");
}

static void there_is_no_third_level(void **state) {
    directory_make(*state, "001-one.d");
    directory_make(*state, "001-one.d/001-two.d");
    assert_refused(*state, "cannot have a layers sub-directory at this level");
}

static void dangling_links_are_fatal(void **state) {
    AUTO_FREE char *link = path_join(*state, "001-link.yaml");
    assert_int_equal(symlink("nowhere", link), 0);
    AUTO_FREE char *message = memory_printf("stat %s: no such file or directory", link);
    assert_refused(*state, message);
}

static void files_that_cannot_be_read_are_fatal(void **state) {
    directory_add(*state, "001-file.yaml", "");
    AUTO_FREE char *path = path_join(*state, "001-file.yaml");
    AUTO_LAYERS struct layer_list layers = {0};
    AUTO_ERROR struct error err = {0};
    assert_false(layers_read(path, &layers, &err));
    assert_true(text_has_prefix(error_text(&err), "cannot read layers directory: "));
}

static void a_fifo_is_no_layer(void **state) {
    AUTO_FREE char *path = path_join(*state, "001-pipe.yaml");
    AUTO_FREE char *message = memory_printf("cannot read layer file \"%s\": not a regular file", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(*state, message);
}

static void faults_of_all_files_are_reported(void **state) {
    directory_add(*state, "001-one.yaml", "services: {web: {kill-delay: soon}}");
    directory_add(*state, "002-two.yaml", "");
    directory_add(*state, "003-three.yaml", "other: 1");
    assert_refused(*state, "cannot parse layer \"one\" section \"services\": invalid duration \"soon\"\n"
                           "- also: cannot parse layer \"three\": unknown section \"other\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        directory_test(missing_directory_has_no_layers),
        directory_test(numbers_give_the_order),
        directory_test(what_an_entry_is_decides),
        directory_test(names_have_a_form),
        directory_test(numbers_and_labels_are_unique),
        directory_test(there_is_no_third_level),
        directory_test(dangling_links_are_fatal),
        directory_test(files_that_cannot_be_read_are_fatal),
        directory_test(a_fifo_is_no_layer),
        directory_test(faults_of_all_files_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
