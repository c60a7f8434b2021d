# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and environment of the daemon."""

import http.client
import os
import re
import socket
import stat
import unittest

from faults import plan_of
from harness import DaemonCase, free_port, wait_until
from terminal import Terminal


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


class OptionsCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.daemon.layer("001-test.yaml", plan_of({"one": {"command": "sleep 1000", "startup": "enabled"}}))

    def refuses(self, *arguments, **env):
        """A start that must fail; returns its output without the log."""
        done = self.daemon.cli("run", *arguments, env=env)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertFalse(os.path.exists(self.daemon.socket_path), "the socket was left behind")
        self.assertEqual(self.daemon.leftovers(), [])
        return "".join(line for line in done.stderr.splitlines(True) if "[pebble]" not in line)


class DirectoryTest(OptionsCase):
    def mode(self, *names):
        return oct(stat.S_IMODE(os.stat(self.daemon.path(*names)).st_mode))

    def test_create_dirs(self):
        self.daemon.env.update(PEBBLE=self.daemon.path("a/b/c"))
        self.daemon.socket_path = self.daemon.path("a/b/c/.pebble.socket")
        self.daemon.start("--create-dirs", umask=0)
        self.assertEqual([self.mode(*names) for names in (["a"], ["a", "b"], ["a", "b", "c"])], ["0o700"] * 3)
        self.assertEqual(self.daemon.get("/v1/services").result, [])
        self.assertEqual(self.daemon.stop(), 0)
        os.chmod(self.daemon.path("a/b/c"), 0o755)
        self.daemon.start("--create-dirs")
        self.assertEqual(self.mode("a/b/c"), "0o755")

    def test_directories_that_will_not_do(self):
        plain, there = self.daemon.file("plain"), self.daemon.path("missing/er")
        self.assertEqual(self.refuses(PEBBLE=there), f'cannot run daemon: directory "{there}" does not exist\n')
        self.assertEqual(self.refuses(PEBBLE="pebble"), 'cannot run daemon: directory "pebble" must be absolute\n')
        self.assertEqual(self.refuses(PEBBLE=plain), f'cannot run daemon: directory "{plain}" does not exist\n')
        self.assertEqual(self.refuses("--create-dirs", PEBBLE=plain), f"cannot run daemon: mkdir {plain}: not a directory\n")
        self.assertEqual(self.refuses("--create-dirs", PEBBLE=plain + "/in"), f"cannot run daemon: mkdir {plain}: not a directory\n")
        self.assertFalse(os.path.exists(self.daemon.path("missing")))

    def assert_advised(self, directory, reason, advice, run_as=()):
        program, *words = [*run_as, self.daemon.binary, "run"]
        with self.subTest(reason), Terminal(self.daemon, *words, env={"PEBBLE": directory}, program=program) as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            first, _, rest = terminal.text().partition("\r\n")
            self.assertTrue(first.startswith("cannot run daemon: ") and first.endswith(reason), first)
            self.assertIn(advice, rest)

    def test_a_terminal_shows_what_to_do(self):
        """On further lines. Elsewhere the message has one line, as the other tests show."""
        plain, missing = self.daemon.file("plain"), self.daemon.path("missing")
        self.assert_advised(missing, f'directory "{missing}" does not exist', "use --create-dirs")
        self.assert_advised(plain, f'directory "{plain}" does not exist', "It is not a directory")
        self.daemon.layer("002-x.yaml", "services: {}\n")
        self.assert_advised(self.daemon.pebble_dir, '"002-x.yaml" (must look like "123-some-label.yaml")',
                            "at least three characters")
        nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        self.assert_advised("/", 'directory "/" not writable', "PEBBLE_PERSIST=never", nobody)

    def assert_start_advised(self, reason, advice, *options, **env):
        with self.subTest(reason), Terminal(self.daemon, "run", *options, columns=200, env=env) as terminal:
            self.assertEqual(terminal.wait_exit(), 1)
            lines = [line for line in terminal.text().splitlines() if "[pebble]" not in line]
            self.assertTrue(lines[0].startswith("cannot run daemon: ") and lines[0].endswith(reason), lines)
            self.assertIn(advice, "\n".join(lines[1:]))

    def test_a_terminal_shows_what_to_do_about_sockets(self):
        long_path = self.daemon.path("x" * 108)
        self.assert_start_advised("at most 107 bytes are possible", "a shorter path", PEBBLE_SOCKET=long_path)
        self.assert_start_advised("bind: no such file or directory", "a directory that is there",
                                   PEBBLE_SOCKET=self.daemon.path("absent/socket"))
        self.assert_start_advised("is a directory", "a directory that is there", PEBBLE_SOCKET=self.daemon.dir)
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            for option in ("--http", "--https"):
                self.assert_start_advised("bind: address already in use", "choose another port", option, address)
        self.assert_start_advised("cannot assign requested address", "does not have that address", "--http", "192.0.2.1:80")
        self.assert_start_advised("missing port in address", 'or ":PORT"', "--http", "8080")
        self.daemon.start("--hold")
        self.assert_start_advised(f'socket "{self.daemon.socket_path}" already in use', "set PEBBLE to another directory")
        self.assert_start_advised("is in use by another daemon", "Stop that daemon", PEBBLE_SOCKET=self.daemon.path("other"))

    def test_a_terminal_shows_which_service_was_meant(self):
        self.assert_start_advised('service "oen" not found in plan', 'Did you mean "one"?', "--args", "oen", "x")

    @unittest.skipIf(os.path.exists("/var/lib/pebble/default"), "the default directory is there")
    def test_an_empty_directory_variable_is_none(self):
        self.assertEqual(self.refuses(PEBBLE=""), 'cannot run daemon: directory "/var/lib/pebble/default" does not exist\n')

    def test_a_taken_port_is_reported_after_a_broken_layer(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.assertIn(f'cannot run daemon: cannot listen on "{address}": ', self.refuses("--http", address))
            self.daemon.layer("002-broken.yaml", "services: 5\n")
            self.assertIn("cannot load plan: ", self.refuses("--http", address))

    def test_copy_once(self):
        source, target = self.daemon.path("source"), self.daemon.path("target")
        self.daemon.file("source/layers/001-copied.yaml", plan_of({"copied": "sleep 1000"}), 0o640)
        self.daemon.file("source/notes/run.sh", "#!/bin/sh\n", 0o755)
        self.daemon.socket_path = self.daemon.path("target/.pebble.socket")
        self.daemon.env.update(PEBBLE=target, PEBBLE_COPY_ONCE=source)
        self.daemon.start("--hold")
        self.assertEqual([s["name"] for s in self.daemon.get("/v1/services").result], ["copied"])
        self.assertEqual(self.mode("target/layers/001-copied.yaml"), "0o640")
        self.assertEqual(self.mode("target/notes/run.sh"), "0o755")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.file("source/layers/002-late.yaml", plan_of({"late": "sleep 1000"}))
        self.daemon.start("--hold")
        self.assertEqual(len(self.daemon.get("/v1/services").result), 1)

    def test_copy_once_leaves_what_is_there(self):
        self.daemon.file("source/layers/001-copied.yaml", plan_of({"copied": "sleep 1000"}))
        os.mkdir(self.daemon.path("target"))
        self.daemon.file("target/.keep")
        self.daemon.socket_path = self.daemon.path("target/.pebble.socket")
        self.daemon.env.update(PEBBLE=self.daemon.path("target"), PEBBLE_COPY_ONCE=self.daemon.path("source"))
        self.daemon.start("--hold")
        self.assertEqual(self.daemon.get("/v1/services").result, [])

    def test_copy_once_without_a_source(self):
        for source in (self.daemon.path("nowhere"), ""):
            self.daemon.start("--hold", env={"PEBBLE_COPY_ONCE": source})
            self.assertEqual([s["name"] for s in self.daemon.get("/v1/services").result], ["one"])
            self.assertEqual(self.daemon.stop(), 0)

    def test_socket_variable(self):
        self.daemon.start("--hold", env={"PEBBLE_SOCKET": ""}, wait=False)
        self.daemon.socket_path = self.daemon.path("pebble/.pebble.socket")
        wait_until(self.daemon.is_answering, what="the daemon's first answer")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start("--hold", env={"PEBBLE_SOCKET": self.daemon.path("other")})
        self.assertFalse(os.path.exists(self.daemon.path("pebble/.pebble.socket")))
        self.assertEqual(self.daemon.cli("services", env={"PEBBLE_SOCKET": self.daemon.path("other")}).returncode, 0)
        # Relative to where the client stands; this one stands in the test's directory.
        self.assertEqual(self.daemon.cli("services", env={"PEBBLE_SOCKET": "other"}).returncode, 0)

    def test_sockets_that_will_not_do(self):
        self.assertEqual(self.refuses(PEBBLE_SOCKET="/nonexistent/s"), "cannot run daemon: when trying to listen on /nonexistent/s: "
                         "listen unix /nonexistent/s: bind: no such file or directory\n")
        self.assertIn(" is too long: at most 107 bytes are possible\n", self.refuses(PEBBLE_SOCKET="/tmp/" + "s" * 200))


class HttpTest(OptionsCase):
    def answers(self, host, port, path="/v1/health"):
        connection = http.client.HTTPConnection(host, port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def check(self, address, *hosts_and_ports):
        self.daemon.start("--hold", "--http", address)
        self.assertEqual(self.daemon.log_lines("HTTP API")[-1].split("[pebble] ")[1], f'HTTP API server listening on "{address}".')
        self.assertEqual(self.daemon.get("/v1/system-info").result["http-address"], address)
        for host, port in hosts_and_ports:
            self.assertEqual(self.answers(host, port), 200)
            self.assertEqual(self.answers(host, port, "/v1/services"), 401)
        self.assertEqual(self.daemon.stop(), 0)

    def test_addresses(self):
        port = free_port()
        self.check(f"127.0.0.1:{port}", ("127.0.0.1", port))
        self.check(f"0.0.0.0:{port}", ("127.0.0.1", port))
        self.check(f":{port}", ("127.0.0.1", port))
        self.check(f"localhost:{port}", ("localhost", port))

    @unittest.skipUnless(has_ipv6(), "there is no IPv6 here")
    def test_addresses_of_ipv6(self):
        port = free_port()
        self.check(f"[::1]:{port}", ("::1", port))
        self.check(f"[::]:{port}", ("::1", port))
        self.check(f":{port}", ("::1", port), ("127.0.0.1", port))

    def test_one_address_is_not_all(self):
        port = free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}")
        with self.assertRaises(ConnectionRefusedError):
            self.answers("127.0.0.2", port)

    def test_a_busy_port(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            self.assertEqual(self.refuses("--http", address), f'cannot run daemon: cannot listen on "{address}": '
                             f"listen tcp {address}: bind: address already in use\n")
            self.assertIn(f'cannot run daemon: cannot TLS listen on "{address}": listen tcp {address}: bind: address already in use\n',
                          self.refuses("--https", address))

    def test_a_port_is_free_again_at_once(self):
        # Connections that the daemon closed first linger; they must not keep the next one from listening.
        port = free_port()
        for _ in range(3):
            self.daemon.start("--hold", "--http", f"127.0.0.1:{port}")
            with socket.create_connection(("127.0.0.1", port), 30):
                self.assertEqual(self.answers("127.0.0.1", port), 200)
                self.assertEqual(self.daemon.stop(), 0)

    def test_no_address(self):
        for arguments in (["--http", ""], ["--http="], []):
            self.daemon.start("--hold", *arguments)
            self.assertNotIn("http-address", self.daemon.get("/v1/system-info").result)
            self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.log_lines("HTTP API"), [])

    def test_the_last_one_counts(self):
        first, second = free_port(), free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{first}", f"--http=127.0.0.1:{second}")
        self.assertEqual(self.answers("127.0.0.1", second), 200)
        if first != second:
            with self.assertRaises(ConnectionRefusedError):
                self.answers("127.0.0.1", first)

    def test_addresses_that_will_not_do(self):
        cases = {
            "nonsense": "address nonsense: missing port in address",
            "::1:80": "address ::1:80: too many colons in address",
            "[::1]": "address [::1]: missing port in address",
            "127.0.0.1:99999": "address 99999: invalid port",
            ":4000x": "lookup tcp/4000x: unknown port",
        }
        for address, message in cases.items():
            with self.subTest(address):
                self.assertEqual(self.refuses("--http", address),
                                 f'cannot run daemon: cannot listen on "{address}": listen tcp: {message}\n')
        # An address for documentation (RFC 5737), which no machine has.
        self.assertEqual(self.refuses("--http", "203.0.113.1:4000"), 'cannot run daemon: cannot listen on "203.0.113.1:4000": '
                         "listen tcp 203.0.113.1:4000: bind: cannot assign requested address\n")


class StateFileTest(OptionsCase):
    BROKEN = {
        "empty": b"",
        "text": b"hello\n",
        "cut off": b'{"data":{"patch-level":2},"changes":{"1":{"id":"1","ki',
        "zeroes": b"\0" * 4096,
        "another type": b"[]",
        "deep": b'{"data":' + b"[" * 100000,
        "of a later version": b'{"data":{"patch-level":3},"changes":{},"tasks":{}}',
    }

    def setUp(self):
        super().setUp()
        self.path = self.daemon.path("pebble/.pebble.state")

    def kept(self):
        return [name for name in os.listdir(self.daemon.pebble_dir) if re.fullmatch(r"\.pebble\.state\.broken-.+", name)]

    def test_a_broken_file_is_left_alone(self):
        for name, content in self.BROKEN.items():
            with self.subTest(name):
                self.daemon.file("pebble/.pebble.state", content, 0o600)
                before = os.stat(self.path)
                words = self.refuses("--hold")
                self.assertRegex(words, r"^cannot run daemon: (cannot read state|cannot downgrade): .+\n$")
                with open(self.path, "rb") as file:
                    self.assertEqual(file.read(), content)
                self.assertEqual((os.stat(self.path).st_ino, os.stat(self.path).st_mtime_ns), (before.st_ino, before.st_mtime_ns))
                self.assertEqual(sorted(os.listdir(self.daemon.pebble_dir)), [".pebble.state", "layers"])

    def test_set_aside(self):
        for name, content in self.BROKEN.items():
            with self.subTest(name):
                self.daemon.file("pebble/.pebble.state", content, 0o600)
                self.daemon.file("daemon.log")
                self.daemon.start("--hold", "--quarantine-state")
                self.assertEqual(len(self.kept()), 1, "the file was not kept")
                path = self.daemon.path("pebble", self.kept()[0])
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), content)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
                self.assertEqual(len(self.daemon.log_lines(f"kept as {re.escape(path)} ")), 1)
                self.assertEqual(self.daemon.get("/v1/changes?select=all").result, [])
                self.assertEqual(self.daemon.services("start", "one")["id"], "1")
                self.assertEqual(self.daemon.stop(), 0)
                self.assertEqual(self.daemon.state()["changes"]["1"]["kind"], "start")
                os.unlink(path)

    def test_a_good_file_is_not_set_aside(self):
        self.daemon.start("--hold")
        self.daemon.services("start", "one")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start("--hold", "--quarantine-state")
        self.assertEqual(len(self.daemon.get("/v1/changes?select=all").result), 2)
        self.assertEqual(self.kept(), [])

    def test_persist_never(self):
        for value, is_kept in (("never", False), ("", True), ("sometimes", True), ("NEVER", True)):
            with self.subTest(value):
                env = {"PEBBLE_PERSIST": value}
                self.daemon.start("--hold", env=env)
                self.daemon.services("start", "one")
                self.assertEqual(self.daemon.stop(), 0)
                self.assertEqual(os.path.exists(self.path), is_kept)
                self.daemon.start("--hold", env=env)
                self.assertEqual(len(self.daemon.get("/v1/changes?select=all").result) > 0, is_kept)
                self.assertEqual(self.daemon.stop(), 0)
                if is_kept:
                    os.unlink(self.path)

    def test_persist_never_looks_at_no_file(self):
        self.daemon.file("pebble/.pebble.state", "hello")
        self.daemon.start("--hold", env={"PEBBLE_PERSIST": "never"})
        self.daemon.services("start", "one")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.read("pebble/.pebble.state"), "hello")


class ArgumentsTest(OptionsCase):
    def setUp(self):
        super().setUp()
        shows = self.daemon.script("shows", f'printf "%s\\n" "$@" end >{self.daemon.dir}/$1.words\nexec sleep 1000\n')
        self.daemon.layer("002-args.yaml", plan_of({
            "first": {"command": f"{shows} first [ --size small ]", "startup": "enabled"},
            "second": {"command": f"{shows} second --fixed", "startup": "enabled"}}))

    def words(self, name):
        path = self.daemon.path(f"{name}.words")
        wait_until(lambda: os.path.exists(path) and self.daemon.read(f"{name}.words").endswith("end\n"), what=f"service {name}")
        words = self.daemon.read(f"{name}.words").split("\n")[:-2]
        os.unlink(path)
        return words

    def check(self, arguments, first, second):
        self.daemon.start(*arguments)
        self.assertEqual((self.words("first"), self.words("second")), (["first", *first], ["second", *second]))
        self.assertEqual(self.daemon.stop(), 0)

    def test_forms(self):
        default, fixed = ["--size", "small"], ["--fixed"]
        self.check([], default, fixed)
        self.check(["--args", "first", "a b", "", "$HOME", "'", '"', "\\", "--", "--args"],
                   ["a b", "", "$HOME", "'", '"', "\\", "--", "--args"], fixed)
        self.check(["--args", "first", "x", ";", "--args", "second", "-v", ";"], ["x"], ["--fixed", "-v"])
        self.check(["--args=first", "x", ";", "--verbose"], ["x"], fixed)
        self.check(["--verbose", "--args", "first"], [], fixed)

    def test_the_plan_shows_them(self):
        self.daemon.start("--args", "first", "large one", ";", "--hold")
        self.assertIn("shows first [ 'large one' ]\n", self.daemon.cli("plan").stdout)

    def test_they_outlive_a_layer(self):
        self.daemon.start("--args", "first", "given")
        self.assertEqual(self.words("first")[1:], ["given"])
        self.daemon.add_layer("more", plan_of({"more": "sleep 1000"}))
        self.assertIn("shows first [ given ]\n", self.daemon.cli("plan").stdout)
        self.daemon.services("restart", "first")
        self.assertEqual(self.words("first")[1:], ["given"])

    def test_errors(self):
        self.assertEqual(self.refuses("--args", "nobody", "x"), 'cannot run daemon: service "nobody" not found in plan\n')
        self.assertEqual(self.refuses("--args"), "cannot run daemon: --args requires a service name\n")
        self.assertEqual(self.refuses("--args", ";", "--hold"), "cannot run daemon: --args requires a service name\n")
        self.assertEqual(self.refuses("--args", "first", ";", "--args", "first", "x"),
                         'cannot run daemon: --args provided more than once for "first" service\n')


class WordsTest(OptionsCase):
    def test_words_that_are_refused(self):
        cases = [
            (["--trumpet"], "unknown option \"--trumpet\", see 'pebble help run'"),
            (["-x"], "unknown option \"-x\", see 'pebble help run'"),
            (["--hol"], "unknown option \"--hol\", see 'pebble help run'"),
            (["--hold=1"], "option --hold takes no value"),
            (["--http"], "option --http needs a value"),
            (["--http", "--hold"], 'option --http needs a value, but "--hold" follows'),
            (["more"], "too many arguments for command"),
            (["--hold", "--", "--hold"], "too many arguments for command"),
            ([""], "too many arguments for command"),
        ]
        for words, message in cases:
            with self.subTest(" ".join(words)):
                self.assertEqual(self.refuses(*words), f"error: {message}\n")
        self.assertEqual(os.listdir(self.daemon.pebble_dir), ["layers"])

    def test_help_and_version_run_nothing(self):
        for words in (["--help"], ["--hold", "-h"], ["--version"]):
            done = self.daemon.cli("run", *words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(os.listdir(self.daemon.pebble_dir), ["layers"])

    def test_hold(self):
        for words, count in ((["--hold"], 0), (["--hold", "--hold"], 0), ([], 1)):
            self.daemon.start(*words)
            self.assertEqual(len(self.daemon.get("/v1/changes?select=all").result), count)
            self.assertEqual(self.daemon.stop(), 0)


class VariablesTest(OptionsCase):
    """Only the value 1 counts for PEBBLE_VERBOSE and PEBBLE_DEBUG."""

    def test_debug(self):
        for value, is_on in (("1", True), ("", False), ("0", False), ("true", False), ("11", False)):
            with self.subTest(value):
                self.daemon.file("daemon.log")
                self.daemon.start("--hold", env={"PEBBLE_DEBUG": value})
                self.assertEqual(self.daemon.stop(), 0)
                self.assertEqual(bool(self.daemon.log_lines(r"\[pebble\] DEBUG \S")), is_on, self.daemon.log())

    def test_verbose(self):
        self.daemon.layer("001-test.yaml", plan_of({"chat": {"command": "sh -c 'echo said; exec sleep 1000'", "startup": "enabled"}}))
        for value, words, is_on in (("1", [], True), ("", [], False), ("0", [], False), ("true", [], False), ("0", ["-v"], True),
                                    ("", ["--verbose"], True)):
            with self.subTest(f"{value} {words}"):
                with open(self.daemon.path("stdout"), "wb") as out:
                    self.daemon.start(*words, env={"PEBBLE_VERBOSE": value}, stdout=out)
                wait_until(lambda: self.daemon.get("/v1/logs").body, what="what the service says")
                self.assertEqual(self.daemon.stop(), 0)
                self.assertEqual("[chat] said" in self.daemon.read("stdout"), is_on)

    def test_baseurl(self):
        port = free_port()
        self.daemon.start("--hold", "--http", f"127.0.0.1:{port}")
        url = {"PEBBLE_BASEURL": f"http://127.0.0.1:{port}"}
        self.assertEqual(self.daemon.cli("version", env=url).stdout.count("v1.32.1"), 2)
        self.assertEqual(self.daemon.cli("services", env=url).returncode, 1)
        self.assertEqual(self.daemon.cli("services", env={"PEBBLE_BASEURL": ""}).returncode, 0)

    def test_services_get_the_daemons_environment(self):
        path = self.daemon.path("env")
        self.daemon.layer("001-test.yaml", plan_of({"env": f"sh -c 'env >{path}; echo >>{path}; exec sleep 1000'"}))
        self.daemon.start("--hold", env={"MARK": "a=b c", "EMPTY": ""})
        self.daemon.services("start", "env")
        wait_until(lambda: os.path.exists(path) and self.daemon.read("env").endswith("\n\n"), what="the environment")
        lines = self.daemon.read("env").splitlines()
        for line in ("MARK=a=b c", "EMPTY=", f"PEBBLE={self.daemon.pebble_dir}"):
            self.assertIn(line, lines)


if __name__ == "__main__":
    unittest.main()
