// SPDX-License-Identifier: GPL-3.0-or-later
// Words that were split, joined and split again are the same.
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "data/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *command = memory_string_n((const char *)data, size);
    AUTO_TEXT_LIST struct text_list words = {0};
    AUTO_ERROR struct error err = {0};
    if (!shell_split(command, &words, &err)) {
        if (!error_is_set(&err) || words.count != 0)
            abort();
        return 0;
    }
    AUTO_FREE char *joined = shell_join(&words);
    AUTO_TEXT_LIST struct text_list again = {0};
    if (!shell_split(joined, &again, NULL) || !text_list_equal(&words, &again))
        abort();
    return 0;
}
