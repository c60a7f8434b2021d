# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Runs steps in order. Prints one line for each and a summary; the output of each goes to a log. Read by ./dev.

begin_steps() {
    passed_total=0
    failed_total=0
    failed_steps=
    begin_s=$(date +%s)
}

# Prints the whole log if it is short, else the most relevant lines and the end.
show_failure() {
    if [ "$(wc -l <"$1")" -le 60 ]; then
        cat "$1"
    else
        grep -aE '^(FAIL|FAILED|ERROR|[^ ]*: (fatal )?error:)|: (warning|error):|: runtime error:|ERROR: [A-Z]' "$1" |
            head -n 20
        say "…"
        grep -avE '^\[[0-9]+/[0-9]+\] ' "$1" | tail -n 30
    fi | sed 's/^/    /'
}

# quietly LOG COMMAND [ARGUMENT…]: writes the output of the command to the log. Sets $status instead of returning the
# status, because testing it would disable `set -e` inside the command.
quietly() {
    log=$1
    shift
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1 </dev/null
    status=$?
    set -e
}

# On a terminal, the line of a running step, which that of its result replaces.
show_running() {
    [ ! -t 1 ] || printf '%-8s %s (log: %s)' "running" "$1" "$2"
}

hide_running() {
    [ ! -t 1 ] || printf '\r\033[K'
}

# step NAME COMMAND [ARGUMENT…]. A step whose log has a line "N passed, N failed" counts as that many;
# any other counts as one.
step() {
    name=$1
    shift
    step_begin_s=$(date +%s)
    step_log=build/logs/$(printf '%s' "$name" | tr -c 'a-z0-9\n' '-').log
    show_running "$name" "$step_log"
    quietly "$step_log" "$@"
    hide_running
    counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    passed=${counts%% *}
    failed=${counts#*, }
    failed=${failed%% *}
    if [ -z "$counts" ]; then
        passed=$((status == 0))
        failed=0
    fi
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    passed_total=$((passed_total + passed))
    failed_total=$((failed_total + failed))
    if [ "$failed" -eq 0 ]; then word=ok; else word=FAILED; fi
    printf '%-8s %-32s %5d passed %4d failed %5d s\n' "$word" "$name" "$passed" "$failed" $(($(date +%s) - step_begin_s))
    if [ "$failed" -ne 0 ]; then
        failed_steps="$failed_steps $name;"
        say "    (log: $log)"
        show_failure "$log"
    fi
}

# Prints the summary, whose last line is `N passed, N failed`. Fails if a step has failed.
end_steps() {
    say ""
    [ -z "$failed_steps" ] || say "Failed:${failed_steps%;}"
    say "$(($(date +%s) - begin_s)) s"
    say "$passed_total passed, $failed_total failed"
    [ "$failed_total" -eq 0 ]
}
