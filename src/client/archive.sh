#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the static library of the modules' archives: one object, in which only pebble_* is visible, so that no name of ours
# meets one of the program that it is linked into.
#     archive.sh OUTPUT CLIENT-ARCHIVE OTHER-ARCHIVE...
set -eu
output=$1
client=$2
shift 2
object=$output.o
rm -f "$output"
"${LD:-ld}" -r -o "$object" --whole-archive "$client" --no-whole-archive --start-group "$@" --end-group
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='pebble_*' "$object"
"${AR:-ar}" rcs "$output" "$object"
rm -f "$object"
