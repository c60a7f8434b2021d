// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tls/pem.h"

#define BEGIN(label) "-----BEGIN " label "-----\n"
#define END(label) "-----END " label "-----\n"
#define BLOCK(label, content) BEGIN(label) content END(label)

// The content of the first block, with the number of bytes behind it; "none".
static const char *find(const char *text) {
    static char found[200];
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100);
    struct pem_block block;
    if (!pem_find(text, strlen(text), &block, &content))
        return "none";
    assert_ptr_equal(block.rest + block.rest_length, text + strlen(text));
    (void)snprintf(found, sizeof found, "%.*s:%s:%zu", (int)block.label_length, block.label, buffer_text(&content),
                   block.rest_length);
    return found;
}

static void finding(void **state UNUSED) {
    assert_string_equal(find(BLOCK("A B", "aGVs\nbG8=\n")), "A B:hello:0");
    assert_string_equal(find("words\n" BLOCK("A", "aGVsbG8=\n") "\n"), "A:hello:1");
    assert_string_equal(find("-----BEGIN A-----\r\naGVsbG8=\r\n-----END A-----  \r\nx"), "A:hello:1");
    assert_string_equal(find(BEGIN("A") "aGVsbG8=\n-----END A-----"), "A:hello:0");
    assert_string_equal(find(BLOCK("", "")), "::0");
    assert_string_equal(find(""), "none");
    assert_string_equal(find(BEGIN("A")), "none");
    assert_string_equal(find(BEGIN("A") "aGVsbG8=\n"), "none");
    assert_string_equal(find("-----BEGIN \n-----END \n"), "none");
    assert_string_equal(find(BLOCK("A", "aGVsbG8\n")), "none");
}

// Blocks that cannot be read are skipped.
static void skipping(void **state UNUSED) {
    assert_string_equal(find(BLOCK("A", "!\n") BLOCK("B", "Yg==\n")), "B:b:0");
    assert_string_equal(find(BLOCK("A", "Proc-Type: 4,ENCRYPTED\n\nYQ==\n") BLOCK("B", "Yg==\n")), "B:b:0");
    assert_string_equal(find(BEGIN("A") "YQ==\n" END("X") BLOCK("B", "Yg==\n")), "B:b:0");
    assert_string_equal(find(BEGIN("A") "YQ==\n" BLOCK("B", "Yg==\n") END("A")), "B:b:16");
    assert_string_equal(find(END("A") BLOCK("B", "Yg==\n")), "B:b:0");
}

static void nul_bytes(void **state UNUSED) {
    static const char text[] = BLOCK("A", "YQ==\n") "\0more";
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100);
    struct pem_block block;
    assert_true(pem_find(text, sizeof text - 1, &block, &content));
    assert_int_equal(block.rest_length, 5);
}

// Time is linear in the length: this would take minutes otherwise.
static void many_beginnings(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT), content = BUFFER_INIT(100);
    for (int i = 0; i < 300000; i++)
        buffer_add_string(&text, BEGIN("A"));
    struct pem_block block;
    assert_false(pem_find(buffer_text(&text), text.length, &block, &content));
    buffer_add_string(&text, "YQ==\n" END("A"));
    assert_true(pem_find(buffer_text(&text), text.length, &block, &content));
}

static void limit(void **state UNUSED) {
    static const char text[] = BLOCK("A", "aGVsbG8=\n") BLOCK("B", "Yg==\n");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(4);
    struct pem_block block;
    assert_true(pem_find(text, strlen(text), &block, &content));
    assert_true(pem_has_label(&block, "B"));
    assert_false(pem_has_label(&block, "BB"));
    assert_false(pem_has_label(&block, ""));
}

static const char *read_only_block(const char *text) {
    static char reason[100];
    AUTO_BUFFER struct buffer content = BUFFER_INIT(100);
    AUTO_ERROR struct error err = {0};
    if (pem_read_only_block(text, strlen(text), "PRIVATE KEY", &content, &err))
        return NULL;
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    (void)snprintf(reason, sizeof reason, "%s", error_text(&err));
    return reason;
}

static void only_block(void **state UNUSED) {
    assert_null(read_only_block(BLOCK("PRIVATE KEY", "YQ==\n")));
    assert_null(read_only_block("x\n" BLOCK("PRIVATE KEY", "YQ==\n")));
    assert_string_equal(read_only_block("nothing\n"), "missing 'PRIVATE KEY' block");
    assert_string_equal(read_only_block(BLOCK("SECRET KEY", "YQ==\n")), "missing 'PRIVATE KEY' block");
    assert_string_equal(read_only_block(BLOCK("SECRET KEY", "YQ==\n") BLOCK("PRIVATE KEY", "YQ==\n")),
                        "missing 'PRIVATE KEY' block");
    assert_string_equal(read_only_block(BLOCK("PRIVATE KEY", "YQ==\n") "\n"),
                        "unexpected bytes after 'PRIVATE KEY' block");
}

static void adding(void **state UNUSED) {
    char bytes[49];
    memset(bytes, 0, sizeof bytes);
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT), content = BUFFER_INIT(100);
    pem_add(&out, "A", bytes, sizeof bytes);
    assert_string_equal(buffer_text(&out),
                        BLOCK("A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAA==\n"));
    assert_true(pem_read_only_block(buffer_text(&out), out.length, "A", &content, NULL));
    assert_int_equal(content.length, sizeof bytes);
    assert_memory_equal(content.data, bytes, sizeof bytes);
}

static void wiping(void **state UNUSED) {
    struct buffer secret = BUFFER_INIT(100);
    pem_wipe(&secret);
    buffer_add_string(&secret, "secret");
    pem_wipe(&secret);
    assert_null(secret.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding),         cmocka_unit_test(skipping), cmocka_unit_test(nul_bytes),
        cmocka_unit_test(many_beginnings), cmocka_unit_test(limit),    cmocka_unit_test(only_block),
        cmocka_unit_test(adding),          cmocka_unit_test(wiping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
