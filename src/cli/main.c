// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/program.h"

int main(int argc, char **argv) {
    return program_run(argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
}
