// SPDX-License-Identifier: GPL-3.0-or-later
#include "caught.h"

static void shows_help_and_versions(void **state UNUSED) {
    assert_shows("", "Usage: pebble <command>");
    assert_shows("-h", "Usage: pebble <command>");
    assert_shows("--help start", "Usage: pebble <command>");
    assert_shows("help --all", "\n  signal              Send a signal");
    assert_shows("help start", "Usage: pebble start [<option>...] <service>...");
    assert_shows("start -h x", "Usage: pebble start");
    assert_shows("enter help start", "Usage: pebble start");
    assert_shows("enter services --help", "Usage: pebble services");
    assert_shows("--version", PEBBLE_VERSION "\n");
    assert_shows("stop --version", PEBBLE_VERSION "\n");
    assert_shows("version --client", PEBBLE_VERSION "\n");
    assert_shows("version --client --format yaml", "client: " PEBBLE_VERSION "\n");
    assert_shows("version --client --format=json", "{\"client\":\"" PEBBLE_VERSION "\"}\n");
}

static void refuses_invalid_command_lines(void **state UNUSED) {
    assert_fails("trumpet --loud", "error: unknown command \"trumpet\", see 'pebble help'\n");
    assert_fails("help start trumpet", "error: unknown command \"trumpet\", see 'pebble help start'\n");
    assert_fails("--loud version", "error: unknown option \"--loud\", see 'pebble help'\n");
    assert_fails("plan more", "error: too many arguments for command\n");
    assert_fails("signal Hup x", "error: signal name must be uppercase, for example HUP\n");
    assert_fails("logs -n1.5", "error: expected n to be a non-negative integer or \"all\", not \"1.5\"\n");
    assert_fails("changes 12", "error: 'pebble changes' command expects a service name, try 'pebble tasks 12'\n");
    assert_fails("tasks", "error: please provide change ID or type with --last=<type>\n");
    assert_fails("tasks --last=start 1", "error: cannot use change ID and type together\n");
    assert_fails("add x /no/such/file", "error: open /no/such/file: no such file or directory\n");
    assert_fails("push /no/such/file /b", "error: open /no/such/file: no such file or directory\n");
}

static void enter_checks_its_subcommand(void **state UNUSED) {
    assert_fails("enter changes", "error: enter: subcommand \"changes\" is not supported\n");
    assert_fails("enter stop x", "error: enter: must use --run before \"stop\" subcommand\n");
    assert_fails("enter --run services", "error: enter: cannot provide --run before \"services\" subcommand\n");
    assert_fails("enter --run help", "error: enter: cannot provide --run before \"help\" subcommand\n");
    assert_fails("enter -v exec true", "error: enter: cannot provide -v/--verbose before \"exec\" subcommand\n");
    assert_fails("enter wiggle", "error: unknown command \"wiggle\", see 'pebble help'\n");
    assert_fails("enter start", "error: argument <service> is missing, see 'pebble help start'\n");
}

static void generates_completions_and_manuals(void **state UNUSED) {
    assert_shows("completions bash", "\ncomplete -F _pebble pebble\n");
    assert_shows("completions zsh", "#compdef pebble\n");
    assert_shows("completions fish", "complete -c pebble ");
    assert_fails("completions tcsh", "error: unknown shell \"tcsh\": there are completions for bash, zsh and fish\n");
    assert_shows("manpage", ".SS Services\n");
    assert_shows("manpage start", ".B \\-\\-no\\-wait\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_help_and_versions),
        cmocka_unit_test(refuses_invalid_command_lines),
        cmocka_unit_test(enter_checks_its_subcommand),
        cmocka_unit_test(generates_completions_and_manuals),
    };
    (void)setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
