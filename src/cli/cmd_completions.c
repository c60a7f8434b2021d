// SPDX-License-Identifier: GPL-3.0-or-later
// The commands completions and complete. The scripts for the shells ask the program for what a word can be completed
// to, so that commands, options and values are those of the program that is used.
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/session.h"

// Bash splits words at = and : too, and replaces only what follows them. Quotes are taken away in the simplest way.
static const char bash_script[] = "# bash completion of pebble\n"
                                  "_pebble() {\n"
                                  "    local line=${COMP_LINE:0:COMP_POINT} program word raw='' part kind i\n"
                                  "    local -a words=()\n"
                                  "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
                                  "        word=${COMP_WORDS[i]}\n"
                                  "        if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then\n"
                                  "            line=${line#\"${line%%[![:blank:]]*}\"}\n"
                                  "            words+=('')\n"
                                  "        fi\n"
                                  "        ((i < COMP_CWORD)) || word=$line\n"
                                  "        words[${#words[@]} - 1]+=$word\n"
                                  "        line=${line#\"$word\"}\n"
                                  "    done\n"
                                  "    raw=${words[${#words[@]} - 1]}\n"
                                  "    for i in \"${!words[@]}\"; do\n"
                                  "        words[i]=${words[i]//[\\\"\\'\\\\]/}\n"
                                  "    done\n"
                                  "    program=${words[0]/#\\~\\//$HOME/}\n"
                                  "    type -P -- \"$program\" >/dev/null || program=pebble\n"
                                  "    word=${words[${#words[@]} - 1]} part=\n"
                                  "    for i in = :; do\n"
                                  "        [[ $COMP_WORDBREAKS == *$i* && $word == *$i* ]] || continue\n"
                                  "        kind=${word%\"${word##*\"$i\"}\"}\n"
                                  "        ((${#kind} <= ${#part})) || part=$kind\n"
                                  "    done\n"
                                  "    COMPREPLY=() kind=\n"
                                  "    while IFS=$'\\t' read -r line _; do\n"
                                  "        if [[ -z $kind ]]; then\n"
                                  "            kind=$line\n"
                                  "            continue\n"
                                  "        fi\n"
                                  "        line=${line#\"$part\"}\n"
                                  "        [[ $raw == [\\\"\\']* ]] || printf -v line %q \"$line\"\n"
                                  "        [[ $line != *[/=] ]] || compopt -o nospace 2>/dev/null\n"
                                  "        COMPREPLY+=(\"$line\")\n"
                                  "    done < <(\"$program\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
                                  "    if [[ $kind == :files ]]; then\n"
                                  "        compopt -o filenames 2>/dev/null\n"
                                  "        while IFS= read -r line; do\n"
                                  "            COMPREPLY+=(\"$line\")\n"
                                  "        done < <(compgen -f -- \"${word#\"$part\"}\")\n"
                                  "    fi\n"
                                  "}\n"
                                  "complete -F _pebble pebble\n";

// Words that go on are added without a blank.
static const char zsh_script[] =
    "#compdef pebble\n"
    "_pebble() {\n"
    "    local program=${(Q)words[1]} line word kind\n"
    "    local -a given lines whole open\n"
    "    program=${program/#\\~\\//$HOME/}\n"
    "    whence -p -- $program >/dev/null || program=pebble\n"
    "    (( CURRENT > 2 )) && given=(\"${(@Q)words[2,CURRENT-1]}\")\n"
    "    lines=(\"${(@f)$($program complete -- \"${given[@]}\" \"${(Q)PREFIX}\" 2>/dev/null)}\")\n"
    "    kind=$lines[1]\n"
    "    shift lines\n"
    "    for line in $lines; do\n"
    "        word=${line%%$'\\t'*}\n"
    "        line=${${word//\\\\/\\\\\\\\}//:/\\\\:}${${line#*$'\\t'}:+:${line#*$'\\t'}}\n"
    "        if [[ $word == *[/=] ]]; then open+=($line); else whole+=($line); fi\n"
    "    done\n"
    "    (( $#whole )) && _describe -t values value whole\n"
    "    (( $#open )) && _describe -t values value open -S ''\n"
    "    if [[ $kind == :files ]]; then\n"
    "        compset -P '--*='\n"
    "        _files\n"
    "    fi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _pebble ]; then _pebble \"$@\"; else compdef _pebble pebble; fi\n";

// Fish selects what fits, and adds no blank after "/" and "=".
static const char fish_script[] = "# fish completion of pebble\n"
                                  "function __pebble_complete\n"
                                  "    set -l words (commandline -opc)\n"
                                  "    set -l raw (commandline -ct)\n"
                                  "    set -l current (string unescape -- $raw; or string trim -l -c '\"\\'' -- $raw)\n"
                                  "    set -l program (string replace -r '^~/' $HOME/ -- $words[1])\n"
                                  "    set -e words[1]\n"
                                  "    type -q -f -- $program; or set program pebble\n"
                                  "    set -l lines (command $program complete -- $words \"$current\" 2>/dev/null)\n"
                                  "    set -l kind $lines[1]\n"
                                  "    set -e lines[1]\n"
                                  "    printf '%s\\n' $lines\n"
                                  "    if test \"$kind\" = :files\n"
                                  "        __fish_complete_path \"$current\"\n"
                                  "    end\n"
                                  "end\n"
                                  "complete -c pebble -f -a '(__pebble_complete)'\n";

static int run_completions(struct cli_call *call, struct error *err) {
    static const struct {
        const char *name, *script;
    } shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < ARRAY_COUNT(shells); i++) {
        if (text_equal(cli_argument(call, 0), shells[i].name)) {
            buffer_add_string(&out, shells[i].script);
            cli_print(&out);
            return 0;
        }
    }
    AUTO_FREE char *quoted = text_quoted(cli_argument(call, 0));
    (void)error_set(err, ERROR_BAD_REQUEST, "unknown shell %s: there are completions for bash, zsh and fish", quoted);
    return 1;
}

const struct cli_command cmd_completions = {
    .name = "completions",
    .summary = "Generate a shell completion script",
    .description = "Writes a completion script for the shell to standard output. It completes commands, options, and "
                   "their values: "
                   "services, checks, changes, identities, notices and remote files are those of the running daemon.",
    .examples = "  pebble completions bash > /etc/bash_completion.d/pebble\n"
                "  pebble completions zsh > /usr/share/zsh/site-functions/_pebble\n"
                "  pebble completions fish > /etc/fish/completions/pebble.fish",
    .positionals =
        (const struct cli_positional[]){
            {.name = "<shell>", .help = "bash, zsh or fish", .is_required = true, .values = VALUES_SHELLS}, {0}},
    .run = run_completions,
    .is_hidden = true,
};

// --- complete ---

static int run_complete(struct cli_call *call, struct error *err UNUSED) {
    const struct text_list *words = cli_argument_list(call);
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    complete(call->session, words->items, words->count, &out);
    cli_print(&out);
    return 0;
}

const struct cli_command cmd_complete = {
    .name = "complete",
    .summary = "Complete a command line",
    .description =
        "Used by the completion scripts. Writes what the word at the end can be completed to, one on a line, with a "
        "tab and a description. The line before them is \":files\" if local files can be meant too, else \":words\". "
        "The daemon "
        "is waited for at most 300 ms.",
    .examples = "  pebble complete -- start ''",
    .positionals = (const struct cli_positional[]){{.name = "<word>",
                                                    .help = "The words after \"pebble\"; the last may be empty",
                                                    .is_required = true,
                                                    .is_list = true},
                                                   {0}},
    .run = run_complete,
    .stops_at_argument = true,
    .is_hidden = true,
};
