# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# The build trees, each in build/meson-NAME with its own compiler and options. Read by ./dev.

# Optimization of build/pebble.
optimization=${PEBBLE_OPTIMIZATION:-2}

# The hundreds of test programs are linked by lld, which needs half the time of the default linker.
tree_options() {
    fast_link=-Dc_link_args=-fuse-ld=lld
    # Warnings of an untested compiler must not fail the build.
    case $(distribution) in
    debian-12) werror=true ;;
    *) werror=false ;;
    esac
    case $1 in
    release)
        say "CC=gcc --buildtype=release -Doptimization=$optimization -Dwerror=$werror -Db_pie=true -Dstatic_program=true"
        ;;
    lib) say "CC=gcc --buildtype=release -Doptimization=2 -Dwerror=$werror -Dlibdir=lib -Dlibpebble=true" ;;
    debug) say "CC=gcc --buildtype=debug $fast_link -Dtest_seams=true" ;;
    asan)
        say "CC=clang --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false $fast_link -Dtest_seams=true"
        ;;
    fuzz)
        say "CC=clang --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false $fast_link -Dfuzzing=true"
        ;;
    esac
}

# Configures a tree, again if its options have changed.
configure_tree() {
    options=$(tree_options "$1")
    if [ ! -f "build/meson-$1/build.ninja" ] || [ "$(cat "build/meson-$1.options" 2>/dev/null)" != "$options" ]; then
        rm -rf "build/meson-$1"
        # shellcheck disable=SC2086
        env ${options%% *} meson setup "build/meson-$1" ${options#* }
        say "$options" >"build/meson-$1.options"
    fi
}

# build_tree NAME [TARGET…]: all targets, or for `fuzz` the fuzz targets.
build_tree() {
    tree=$1
    shift
    configure_tree "$tree"
    [ "$tree" != fuzz ] || set -- fuzz-targets
    ninja -C "build/meson-$tree" "$@"
}

# The released program. An unstripped copy stays in its tree.
build_program() {
    build_tree release src/cli/pebble
    strip -o build/pebble.new build/meson-release/src/cli/pebble
    mv build/pebble.new build/pebble
}

# The client library, shared and static, with the prefix for its pkg-config file.
build_library() {
    configure_tree lib
    meson configure build/meson-lib -Dprefix="$1"
    ninja -C build/meson-lib libpebble
}

# The unit tests and the fuzz targets.
build_test_trees() {
    build_tree debug
    build_tree fuzz
}

# install_program PROGRAM GENERATOR FOLDER: the program, the schema of layers, and the manual and completions, which
# GENERATOR prints: the program itself, or the same for this machine.
install_program() {
    share=$3/share
    mkdir -p "$3/bin" "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" \
        "$share/fish/vendor_completions.d" "$share/pebble"
    install -m 755 "$1" "$3/bin/pebble"
    "$2" manpage >"$share/man/man1/pebble.1"
    "$2" completions bash >"$share/bash-completion/completions/pebble"
    "$2" completions zsh >"$share/zsh/site-functions/_pebble"
    "$2" completions fish >"$share/fish/vendor_completions.d/pebble.fish"
    install -m 644 docs/reference/layer.schema.json "$share/pebble/layer.schema.json"
}
