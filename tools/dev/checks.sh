# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# The checks and tests, one function for each step. Read by ./dev.

# The output of clang-format differs between versions. This one is required.
formatter_version=14

c_files() {
    find src include tests examples -name '*.[ch]' | sort
}

scripts() {
    say ./dev
    say .ci/run
    say examples/charm/dispatch
    say examples/database/backup
    say examples/database/setup
    say packaging/check-layers/check-layers
    find tools/dev -name '*.sh' | sort
    find tools tools/package tools/cross -maxdepth 1 -type f -exec grep -lE '^#!/bin/(ba)?sh' {} + | sort
    say tools/package/common.sh
    say tools/package/try-install
    find packaging/debian/tests -type f ! -name control | sort
}

clang_format_version() {
    clang-format --version | sed 's/.*version \([0-9]*\).*/\1/'
}

lint_steps() {
    version=$(clang_format_version)
    if [ "$version" = "$formatter_version" ]; then
        step "format" check_format
    else
        say "skipped  format: clang-format here is $version, the sources are formatted with $formatter_version"
    fi
    step "modules" tools/check-modules
    step "style" tools/check-style
    step "the checks themselves" python3 -B -m unittest discover -q -s tests/lint
    step "scripts" check_scripts
    step "cppcheck" check_cppcheck
    step "clang-tidy" check_tidy
    step "ABI of libpebble" check_abi
    step "manual of libpebble" check_manual
}

check_format() {
    c_files | xargs -n 40 -P 2 clang-format --dry-run -Werror || {
        say "FAIL some files are not formatted: ./dev format"
        return 1
    }
}

check_scripts() {
    for script in $(scripts); do
        case $(head -n 1 "$script") in
        *bash*) bash -n "$script" ;;
        *) sh -n "$script" ;;
        esac
    done
    if command -v shellcheck >/dev/null; then
        # shellcheck disable=SC2046
        shellcheck -x $(scripts)
    fi
    python3 -B - <<'END'
import glob
for path in glob.glob("tests/**/*.py", recursive=True) + glob.glob("tools/check-*") + glob.glob("tools/m*") + glob.glob("tools/prove") + glob.glob("tools/*.py") + glob.glob("tools/*/*.py") + glob.glob("tools/dev/check-*"):
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec")
END
}

# cppcheck 2.10 fails on files with a declaration by __typeof__ in a for loop, as in LIST_FOR_EACH, and with
# compound literals in odd places (internalAstError); 2.17 miscounts arrays with designators (arrayIndexOutOfBoundsCond).
# Both are silenced in .cppcheck.
check_cppcheck() {
    cppcheck -q -j 2 --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=1 \
        --suppressions-list=.cppcheck -D_GNU_SOURCE "-D__typeof__(x)=struct unknown" \
        -DPEBBLE_VERSION='""' -I src -I include src
}

# The list of checks is in .clang-tidy.
check_tidy() {
    configure_tree asan
    status=0
    find src -name '*.c' | sort | xargs -n 4 -P 2 clang-tidy --quiet -p build/meson-asan --warnings-as-errors='*' \
        >build/logs/clang-tidy.raw 2>&1 || status=1
    grep -vE '^[0-9]+ (warnings?|errors?).* generated|^\[[0-9/]+\] Processing file' build/logs/clang-tidy.raw || true
    return $status
}

# Compares the ABI of the library with src/libpebble/libpebble.abi.
check_abi() {
    build_library /usr/local
    tools/dev/check-abi build/meson-lib/src/libpebble
}

# A comment for each function, and pages without errors. Debian's mandoc is small and finds more than groff.
check_manual() {
    tools/make-man --check include build/man3
    pages=$(grep -L '^\.so ' build/man3/*.3)
    # shellcheck disable=SC2086
    if command -v mandoc >/dev/null; then mandoc -T lint -W warning $pages; fi
}

unit_tests() {
    build_tree "$1"
    status=0
    meson test -C "build/meson-$1" --no-rebuild --print-errorlogs --num-processes 4 --suite unit || status=1
    python3 -B tools/dev/count-tests "build/meson-$1/meson-logs/testlog.json"
    return $status
}

fuzz_targets() {
    find tests/fuzz -name 'fuzz_*.c' | sed 's|.*/fuzz_||; s|\.c$||' | sort
}

# fuzz NAME SECONDS: starts with the corpus of the tree and keeps new inputs in build/fuzz.
fuzz() {
    mkdir -p "build/fuzz/$1"
    "build/meson-fuzz/tests/fuzz/fuzz_$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$1-" "build/fuzz/$1" "tests/fuzz/corpus/$1"
}

fuzz_steps() {
    step "build (fuzz)" build_tree fuzz
    [ "$status" -eq 0 ] || return 0
    step "fuzz" fuzz_all "$1"
}

# fuzz_all SECONDS: all targets, two at a time; each has a log of its own.
fuzz_all() {
    seconds=$1
    passed=0
    failed=0
    # shellcheck disable=SC2046
    set -- $(fuzz_targets)
    while [ $# -gt 0 ]; do
        second=${2:-}
        fuzz "$1" "$seconds" >"build/logs/fuzz-$1.log" 2>&1 &
        first_pid=$!
        [ -z "$second" ] || fuzz "$second" "$seconds" >"build/logs/fuzz-$second.log" 2>&1 &
        second_pid=$!
        fuzz_ended "$1" "$first_pid"
        [ -z "$second" ] || fuzz_ended "$second" "$second_pid"
        shift
        [ -z "$second" ] || shift
    done
    say "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# fuzz_ended NAME PID
fuzz_ended() {
    if wait "$2"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAIL fuzz $1 (log: build/logs/fuzz-$1.log)"
        tail -n 20 "build/logs/fuzz-$1.log"
    fi
}

# integration_tests PROGRAM [PATTERN…]
integration_tests() {
    program=$1
    shift
    python3 -B tests/integration/run.py --bin "$program" --jobs 8 "$@"
}

# documents [OPTION…] [FILE…]
documents() {
    python3 -B tests/documents/run.py --bin build/pebble "$@"
}

# Prints the path of the conformance suite. Fails if there is none.
conformance_folder() {
    folder=${PEBBLE_SHARED:-../shared}/conformance
    [ -f "$folder/conform" ] && say "$folder"
}

# The scenarios, without those in tests/conformance.skip.
conformance() {
    suite=$(conformance_folder)
    patterns=$(skip_patterns)
    set --
    for name in $(python3 -B "$suite/conform" list); do
        is_skipped "$name" || set -- "$@" "$name"
    done
    python3 -B "$suite/conform" run --bin build/pebble --jobs 6 "$@"
}

# Those marked with `as-root` are skipped for other users only.
skip_patterns() {
    if [ "$(id -u)" -eq 0 ]; then
        sed -n '/^as-root /d; /^[^#]/p' tests/conformance.skip
    else
        sed -n 's/^as-root //; /^[^#]/p' tests/conformance.skip
    fi
}

is_skipped() {
    set -f
    for pattern in $patterns; do
        # shellcheck disable=SC2254
        case $1 in $pattern)
            set +f
            return 0
            ;;
        esac
    done
    set +f
    return 1
}
