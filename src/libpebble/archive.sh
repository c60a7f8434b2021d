#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the static library of the modules' archives: one object, in which only pebble_* is visible, so that no name of ours
# meets one of the program that it is linked into.
#     archive.sh OUTPUT COUNT ARCHIVE...
# The first COUNT archives are in it whole, the others as far as they are used.
set -eu
output=$1
count=$2
shift 2
object=$output.o
rm -f "$output"
for archive in "$@"; do
    if [ "$count" -gt 0 ]; then
        set -- "$@" --whole-archive "$archive" --no-whole-archive
    else
        set -- "$@" "$archive"
    fi
    shift
    count=$((count - 1))
done
"${LD:-ld}" -r -o "$object" --start-group "$@" --end-group
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='pebble_*' "$object"
"${AR:-ar}" rcs "$output" "$object"
rm -f "$object"
