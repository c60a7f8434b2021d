# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the kinds of packages have in common. Read by the programs in tools/package, from the top of the tree:
#
#     set -eu
#     cd "$(dirname "$0")/../.."
#     . tools/package/common.sh
#
# All output goes to build/package, or to $PACKAGE_DIR. SOURCE_DATE_EPOCH, the umask and the locale are set here, so that
# the same sources give the same bytes.
. tools/dev/packages.sh
. tools/dev/trees.sh
. tools/dev/steps.sh

packages=${PACKAGE_DIR:-build/package}
mkdir -p "$packages" build/logs
umask 022
LC_ALL=C.UTF-8
TZ=UTC
export LC_ALL TZ

# The version of Cobble, such as 0.1.0. Its only place is meson.build.
cobble_version() {
    sed -n "s/^  version: '\([0-9.]*\)',\$/\1/p" meson.build
}

# The whole version without the leading "v", such as 1.32.1+cobble.0.1.0: what `pebble version --client` prints.
whole_version() {
    sed -n "s/.*-DPEBBLE_VERSION=\"v\([^@\"]*\)@0@\"'.*/\1/p" meson.build | sed "s/\$/$(cobble_version)/"
}

# Sources that git archive has written have the time and the name of their commit in this file.
archived_commit() {
    sed -n "s/^$1: \([0-9a-f]*\)\$/\1/p" packaging/commit
}

is_repository() {
    [ -e .git ] && command -v git >/dev/null
}

# The time of the commit, or of the newest file if it is not known.
source_date_epoch() {
    if is_repository; then
        git -c safe.directory="$PWD" log -1 --format=%ct HEAD
    elif [ -n "$(archived_commit time)" ]; then
        archived_commit time
    else
        find . -path ./build -prune -o -type f -printf '%Ts\n' | sort -n | tail -n 1
    fi
}

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(source_date_epoch)}
export SOURCE_DATE_EPOCH

# The Debian name of the architecture, such as amd64 or arm64: that of the machine, or $PACKAGE_ARCH.
package_arch() {
    say "${PACKAGE_ARCH:-$(dpkg --print-architecture)}"
}

# deterministic_tar FOLDER NAME…: a tar archive on standard output: sorted, of owner 0, with one time and two modes.
deterministic_tar() {
    folder=$1
    shift
    tar -C "$folder" --format=gnu --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode='u=rwX,go=rX' -c "$@"
}

# write_checksums FOLDER: SHA256SUMS of all files in it.
write_checksums() {
    (cd "$1" && find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' ! -name '*.log' -printf '%f\n' | sort |
        xargs sha256sum >SHA256SUMS)
}

# write_source FILE: the sources as a compressed tar archive: those of the last commit, or without a repository, of the
# folder. Both are the same bytes for an archive of the same commit.
write_source() (
    stage=$(mktemp -d "$packages/source.XXXXXX")
    trap 'rm -rf "$stage"' EXIT
    name=cobble-$(cobble_version)
    if is_repository; then
        [ -z "$(git -c safe.directory="$PWD" status --porcelain)" ] ||
            say "Note: what is not committed is not in the packages." >&2
        git -c safe.directory="$PWD" archive --prefix="$name/" HEAD | tar -x -C "$stage"
    else
        mkdir "$stage/$name"
        tar -c --exclude='./build*' --exclude=__pycache__ --exclude='./.git' . | tar -x -C "$stage/$name"
    fi
    deterministic_tar "$stage" "$name" | gzip -n -9 >"$1"
)

# require PACKAGE…: installs missing Debian packages.
require() {
    install_packages "$@"
}
