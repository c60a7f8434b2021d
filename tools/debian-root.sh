# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# For scripts that run something in a Debian of its own below a directory. Needs root, for chroot.

# make_debian_root SUITE DIRECTORY: what is there is kept.
make_debian_root() {
    [ -e "$2/etc/debian_version" ] || debootstrap --variant=minbase "$1" "$2"
    cp /etc/resolv.conf "$2/etc/resolv.conf"
    [ -e "$2/etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' >"$2/etc/hosts"
}

# exec_with_mounts DIRECTORY MOUNTS COMMAND…: replaces this shell by the command, which itself has to change to the
# directory. It sees /proc and /tmp below the directory, and what the shell text MOUNTS mounts below "$root". Mounts and
# processes end with the command. unshare itself ignores signals.
exec_with_mounts() {
    # shellcheck disable=SC2016
    exec unshare --mount --pid --fork --kill-child sh -eu -c '
        root=$1 mounts=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/tmp"
        chmod 1777 "$root/tmp"
        eval "$mounts"
        exec "$@"' sh "$@"
}
