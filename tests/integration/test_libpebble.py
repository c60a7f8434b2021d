# SPDX-License-Identifier: GPL-3.0-or-later
"""The client library as others get it: installed, linked with, shared and static, and at work with a daemon."""

import concurrent.futures
import ctypes
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import unittest
import unittest.mock

from faults import plan_of
from harness import TOP, DaemonCase, is_sanitized, once_per_run, program, wait_until

PREFIX = "/opt/pebble"
WAYS = [(compiler, static) for compiler in ("gcc", "clang") if shutil.which(compiler) for static in (False, True)]
# Names that the library uses inside: a program may have them, too.
CPP_USER = r"""
#include <pebble-test.h>
#include <pebble.h>
#include <cstdio>

extern "C" void *memory_new(size_t) { return nullptr; }
extern "C" void buffer_add(const char *) {}

int main() {
    struct pebble_client_options options = {};
    struct pebble_error error = {};
    struct pebble_client *client = nullptr;
    struct pebble_system_info *info = nullptr;
    options.size = sizeof options;
    options.socket_path = "@SOCKET@";
    buffer_add("");
    if (!pebble_client_create(&options, &client, &error) || !pebble_get_system_info(client, &info, &error)) {
        std::puts(error.message);
        return 1;
    }
    std::printf("%s %s\n", pebble_library_version(), pebble_system_info_version(info));
    pebble_system_info_destroy(info);
    pebble_client_destroy(client);
    return memory_new(1) == nullptr ? 0 : 1;
}
"""

# Copies its first argument to the directory of its second, "push" or "pull", and prints what failed.
TREE_USER = r"""
#include <pebble.h>
#include <stdio.h>
#include <string.h>

static bool on_path_failed(const char *path, const struct pebble_error *error, void *data) {
    (void)data;
    printf("%s: %s, %s\n", path, error->message, error->api_kind != NULL ? error->api_kind : "-");
    return true;
}

int main(int argc, char **argv) {
    struct pebble_client *client = NULL;
    struct pebble_error error = {0};
    const char *source = argv[2];
    struct pebble_copy_options options = {.size = sizeof options, .sources = &source, .source_count = 1,
                                          .directory = argv[argc - 1], .on_failed = on_path_failed};
    bool is_good = pebble_client_create_default(&client, &error) &&
                   (strcmp(argv[1], "push") == 0 ? pebble_push_path : pebble_pull_path)(client, &options, &error);
    pebble_error_clear(&error);
    pebble_client_destroy(client);
    return is_good ? 0 : 1;
}
"""

# Prints the metrics, and why pairing is refused by a plan without it.
METRICS_USER = r"""
#include <pebble.h>
#include <stdio.h>

int main(void) {
    struct pebble_client *client = NULL;
    struct pebble_metrics *metrics = NULL;
    struct pebble_error error = {0};
    if (!pebble_client_create_default(&client, &error) || !pebble_get_metrics(client, &metrics, &error))
        return 1;
    fputs(pebble_metrics_text(metrics, NULL), stdout);
    if (!pebble_enable_pairing(client, 1000000000, NULL, &error))
        printf("not enabled: %s\n", error.message);
    if (!pebble_pair(client, &error))
        printf("not paired: %s\n", error.message);
    pebble_metrics_destroy(metrics);
    pebble_error_clear(&error);
    pebble_client_destroy(client);
    return 0;
}
"""

# Adds a layer with every value; prints its YAML and the plan.
LAYER_USER = r"""
#include <pebble.h>
#include <stdio.h>

int main(void) {
    static const char *const words[] = {"sh", "-c", "sleep 9; # [\n'\"\\ $x"};
    struct pebble_error error = {0};
    char *yaml = NULL;
    struct pebble_layer *layer = pebble_layer_create();
    pebble_layer_set_service_summary(layer, "0777", "yes");
    pebble_layer_set_service_description(layer, "0777", "a: b #");
    pebble_layer_set_service_startup(layer, "0777", "enabled");
    pebble_layer_set_service_command_words(layer, "0777", words, 3);
    pebble_layer_add_service_after(layer, "0777", "web");
    pebble_layer_add_service_before(layer, "0777", "worker");
    pebble_layer_add_service_requires(layer, "0777", "web");
    pebble_layer_set_service_environment(layer, "0777", "A", "2001-01-01");
    pebble_layer_set_service_user_id(layer, "0777", 0);
    pebble_layer_set_service_user(layer, "0777", "root");
    pebble_layer_set_service_group_id(layer, "0777", 0);
    pebble_layer_set_service_group(layer, "0777", "root");
    pebble_layer_set_service_working_dir(layer, "0777", "/");
    pebble_layer_set_service_on_success(layer, "0777", "ignore");
    pebble_layer_set_service_on_failure(layer, "0777", "shutdown");
    pebble_layer_set_service_on_check_failure(layer, "0777", "http", "restart");
    pebble_layer_set_service_backoff_delay_ns(layer, "0777", 1000000);
    pebble_layer_set_service_backoff_factor(layer, "0777", 1.5);
    pebble_layer_set_service_backoff_limit_ns(layer, "0777", 60000000000);
    pebble_layer_set_service_kill_delay_ns(layer, "0777", 0);
    pebble_layer_set_check_level(layer, "http", "ready");
    pebble_layer_set_check_startup(layer, "http", "disabled");
    pebble_layer_set_check_period_ns(layer, "http", 5000000000);
    pebble_layer_set_check_timeout_ns(layer, "http", 2000000000);
    pebble_layer_set_check_threshold(layer, "http", 7);
    pebble_layer_set_check_http_url(layer, "http", "http://localhost:1/");
    pebble_layer_set_check_http_header(layer, "http", "X", "~");
    pebble_layer_set_check_startup(layer, "tcp", "disabled");
    pebble_layer_set_check_threshold(layer, "tcp", 3);
    pebble_layer_set_check_threshold(layer, "exec", 4);
    pebble_layer_set_check_tcp_port(layer, "tcp", 1);
    pebble_layer_set_check_tcp_host(layer, "tcp", "localhost");
    pebble_layer_set_check_startup(layer, "exec", "disabled");
    pebble_layer_set_check_exec_command_words(layer, "exec", words, 3);
    pebble_layer_set_check_exec_service_context(layer, "exec", "web");
    pebble_layer_set_check_exec_environment(layer, "exec", "B", "no");
    pebble_layer_set_check_exec_working_dir(layer, "exec", "/");
    pebble_layer_set_log_target_type(layer, "logs", "loki");
    pebble_layer_set_log_target_location(layer, "logs", "http://localhost:1/");
    pebble_layer_add_log_target_service(layer, "logs", "-all");
    pebble_layer_set_log_target_label(layer, "logs", "c", "null");
    pebble_layer_set_service_override(layer, "web", "merge");
    pebble_layer_set_service_command(layer, "web", "sleep 1");
    pebble_layer_set_service_workload(layer, "web", "users");
    pebble_layer_set_workload_override(layer, "users", "merge");
    pebble_layer_set_workload_environment(layer, "users", "D", "on");
    pebble_layer_set_workload_user_id(layer, "users", 0);
    pebble_layer_set_workload_group(layer, "users", "root");
    pebble_layer_set_pairing_mode(layer, "single");
    bool is_good = pebble_layer_yaml(layer, &yaml, NULL, &error);
    puts(is_good ? yaml : error.message);
    pebble_free(yaml);
    pebble_error_clear(&error);
    pebble_layer_destroy(layer);
    return is_good ? 0 : 1;
}
"""


def values_of(yaml):
    """The values of a plan in block style, each with its path; a set, as the plan has an order of its own."""
    values, path = set(), []
    for line in yaml.splitlines():
        indent = len(line) - len(line.lstrip())
        while path and path[-1][0] >= indent:
            path.pop()
        name, _, value = line.strip().partition(":")
        if value or name.startswith("- "):
            values.add("/".join([*(above for _, above in path), line.strip()]))
        else:
            path.append((indent, name))
    return values


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def installed_library():
    """Where the library is, in place of the root directory."""
    with once_per_run("library") as (dest, is_made):
        if not is_made:
            output("./dev", "install", "--lib", PREFIX, cwd=TOP, env={**os.environ, "DESTDIR": dest})
    return dest


@unittest.skipIf(is_sanitized(), "the library is the same as with the released program")
@unittest.skipUnless(shutil.which("meson") and shutil.which("pkg-config"), "meson or pkg-config is not there")
class LibraryCase(DaemonCase):
    """A daemon, and the installed library."""

    def setUp(self):
        super().setUp()
        self.dest = installed_library()
        self.lib = f"{self.dest}{PREFIX}/lib"

    def package(self, *words):
        """What pkg-config knows of the library, as words."""
        env = {**os.environ, "PKG_CONFIG_PATH": f"{self.lib}/pkgconfig", "PKG_CONFIG_SYSROOT_DIR": self.dest}
        return output("pkg-config", *words, "libpebble", env=env).split()

    def build(self, compiler, *words, static=False):
        """Compiles and links against the installed library; returns the program's path."""
        path = self.daemon.path("program")
        libs = self.package("--static", "--libs") if static else self.package("--libs")
        output(*compiler, "-Wall", "-Wextra", "-Werror", *self.package("--cflags"), *words, "-o", path, *libs,
               *(["-static"] if static else []))
        return path

    def run_program(self, path, *words):
        return output(path, *words, env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib}, timeout=60)


class InstallTest(LibraryCase):
    def test_what_is_there(self):
        found = sorted(os.path.relpath(os.path.join(folder, name), self.dest + PREFIX)
                       for folder, _, names in os.walk(self.dest) for name in names)
        manual = [name for name in found if name.startswith("share/")]
        found = [name for name in found if name not in manual]
        version, = self.package("--modversion")
        headers = sorted(os.path.relpath(os.path.join(folder, name), TOP)
                         for folder, _, names in os.walk(os.path.join(TOP, "include")) for name in names)
        self.assertEqual(found, [*headers, "lib/libpebble.a", "lib/libpebble.so",
                                 "lib/libpebble.so.0", f"lib/libpebble.so.{version}", "lib/pkgconfig/libpebble.pc"])
        self.assertEqual(os.readlink(f"{self.lib}/libpebble.so"), "libpebble.so.0")
        self.assertEqual(os.readlink(f"{self.lib}/libpebble.so.0"), f"libpebble.so.{version}")
        for name in manual:
            self.assertRegex(name, r"^share/man/man3/pebble\w*\.3$")
        self.assertLessEqual({f"share/man/man3/{name}.3" for name in ("pebble", "pebble_services", "pebble_get_services")},
                             set(manual))
        self.assertIn("[libpebble.so.0]", output("readelf", "-d", f"{self.lib}/libpebble.so"))

    def test_nothing_but_pebble_is_visible(self):
        shown = output("nm", "-D", "--defined-only", "--with-symbol-versions", f"{self.lib}/libpebble.so")
        names = [line.split()[-1] for line in shown.splitlines() if line.split()[-2] != "A"]
        self.assertIn("pebble_get_services@@PEBBLE_0.1", names)
        for name in names:
            self.assertRegex(name, r"^pebble_\w+@@PEBBLE_0\.1$")
        shown = output("nm", "-g", "--defined-only", f"{self.lib}/libpebble.a")
        names = re.findall(r"^[0-9a-f]+ \w (\S+)$", shown, re.MULTILINE)
        self.assertIn("pebble_get_services", names)
        for name in names:
            self.assertTrue(name.startswith("pebble_"), name)

    @unittest.skipUnless(shutil.which("man"), "man is not there")
    def test_manual_by_function(self):
        env = {**os.environ, "MANPATH": f"{self.dest}{PREFIX}/share/man", "MANWIDTH": "80", "LC_ALL": "C"}
        page = output("man", "pebble_get_notice", env=env)
        self.assertIn("PEBBLE_NOTICES(3)", page)
        self.assertRegex(page, r"pebble_get_notice\(\), pebble_call_get_notice\(\)\n +The notice with this ID\.\n")

    def test_prefix_is_absolute(self):
        done = subprocess.run(["./dev", "install", "--lib", "here"], cwd=TOP, capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("absolute", done.stderr)


class HeaderTest(LibraryCase):
    def test_c(self):
        source = self.daemon.file("user.c", '#include <pebble-test.h>\nint main(void) { pebble_test_destroy(0); return 0; }\n')
        for compiler in filter(shutil.which, ("gcc", "clang")):
            for standard in ("c99", "c11", "c17"):
                with self.subTest(f"{compiler} {standard}"):
                    self.run_program(self.build([compiler, f"-std={standard}", "-pedantic"], source))

    def test_cpp(self):
        source = self.daemon.file("user.cc", CPP_USER.replace("@SOCKET@", self.daemon.socket_path))
        self.daemon.start()
        expected = self.daemon.get("/v1/system-info").result["version"]
        compilers = [compiler for compiler in ("g++", "clang++") if shutil.which(compiler)]
        if not compilers:
            self.skipTest("there is no C++ compiler")
        for compiler in compilers:
            for static in (False, True):
                with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                    path = self.build([compiler, "-std=c++11", "-pedantic"], source, static=static)
                    self.assertEqual(self.run_program(path), f"{expected} {expected}\n")


class WarningsTest(LibraryCase):
    """The examples and the installed headers, with the warnings of all compilers; -fsyntax-only, as others link them."""

    WARNINGS = ("-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
    STANDARDS = {"gcc": ("c99", "c17"), "clang": ("c99", "c17"), "g++": ("c++11", "c++17"), "clang++": ("c++11", "c++17")}

    def header_users(self):
        """A source for each header: it comes first, alone and twice."""
        folder = f"{self.dest}{PREFIX}/include"
        headers = [os.path.relpath(path, folder) for path in glob.glob(f"{folder}/**/*.h", recursive=True)]
        self.assertIn("pebble/exec.h", headers)
        return [self.daemon.file(f"include-{name.replace('/', '-')}.c", f"#include <{name}>\n#include <{name}>\nint x;\n")
                for name in headers]

    def compile(self, compiler, standard, sources):
        language = ["-x", "c++"] if "++" in compiler else []
        output(compiler, f"-std={standard}", *self.WARNINGS, *self.flags, *language, *sources)

    def test_no_warnings(self):
        self.flags = self.package("--cflags")
        headers, examples = self.header_users(), glob.glob(os.path.join(TOP, "examples", "*.c"))
        self.assertGreaterEqual(len(examples), 3)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {}
            for compiler in filter(shutil.which, self.STANDARDS):
                for standard in self.STANDARDS[compiler]:
                    # The examples are C: C++ has other rules for initializers.
                    sources = headers if "++" in compiler else headers + examples
                    jobs[f"{compiler} {standard}"] = pool.submit(self.compile, compiler, standard, sources)
            for name, job in jobs.items():
                with self.subTest(name):
                    job.result()


class ExamplesTest(LibraryCase):
    def setUp(self):
        super().setUp()
        script = self.daemon.script("web", 'echo "web says hello"\nexec sleep 1000\n')
        self.daemon.layer("001-test.yaml", plan_of({"web": script, "worker": "sleep 1000"}))
        self.daemon.start("--hold")

    def example(self, name, compiler="gcc", static=False):
        source = os.path.join(TOP, "examples", f"{name}.c")
        return self.build([compiler, "-std=c99", "-pedantic"], source, static=static)

    def fail_program(self, path, *words, env=None):
        """Runs it, expecting it to fail; what it writes to stderr."""
        done = subprocess.run([path, *words], capture_output=True, text=True, check=False, timeout=60,
                              env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib, **(env or {})})
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def document_programs(self, page="reference/libpebble.md"):
        """The complete programs in a page, as files."""
        with open(os.path.join(TOP, "docs", page), encoding="utf-8") as page:
            blocks = re.findall(r"^```c\n(.*?)^```", page.read(), re.MULTILINE | re.DOTALL)
        programs = [block for block in blocks if "\nint main(" in block]
        return [self.daemon.file(f"document{number}.c", text) for number, text in enumerate(programs)]

    def test_document(self):
        self.daemon.services("start", "web")
        wait_until(lambda: "web says hello" in self.run_program(program(), "logs"), what="the line")
        sources = self.document_programs()
        self.assertEqual(len(sources), 4)
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                outputs = [self.run_program(self.build([compiler, "-std=c99", "-pedantic"], source, static=static))
                           for source in sources[:3]]
                self.assertEqual(outputs, ["web is active\nworker is inactive\n", "web: web says hello\n",
                                           "exit code 0: HELLO\n"])

    def test_document_layer(self):
        path = self.build(["gcc", "-std=c99", "-pedantic"], self.document_programs()[3])
        self.assertEqual(self.run_program(path), "layer is added\n")
        plan = self.run_program(program(), "plan")
        self.assertIn("command: 'sh -c ''sleep 1000 # it", plan)
        self.assertIn('MODE: "0777"', plan)
        self.assertIn("kill-delay: 500ms", plan)

    def test_whole_layer(self):
        written = self.run_program(self.build(["gcc"], self.daemon.file("layer.c", LAYER_USER)))
        self.daemon.stop()
        os.unlink(self.daemon.path("pebble", "layers", "001-test.yaml"))
        self.daemon.layer("001-whole.yaml", written)
        self.daemon.start("--hold")
        self.assertEqual(values_of(self.run_program(program(), "plan")), values_of(written))

    def test_metrics_and_pairing(self):
        self.assertEqual(self.daemon.services("start", "web")["status"], "Done")
        lines = self.run_program(self.build(["gcc"], self.daemon.file("metrics.c", METRICS_USER))).splitlines()
        self.assertIn('pebble_service_active{service="web"} 1', lines)
        self.assertEqual(lines[-2:], ["not enabled: cannot enable pairing with pairing mode disabled",
                                      "not paired: access denied"])

    def test_document_failure(self):
        for source in self.document_programs():
            self.assertIn("error: cannot use PEBBLE_SERVER_FINGERPRINT",
                          self.fail_program(self.build(["gcc"], source), env={"PEBBLE_BASEURL": "https://localhost:1",
                                                                                   "PEBBLE_SERVER_FINGERPRINT": "x"}))

    def test_tutorial(self):
        self.daemon.add_layer("tutorial", plan_of({"greeter": "sleep 1000", "broken": "sh -c 'exit 7'"}))
        self.daemon.services("start", "web")
        wait_until(lambda: "web says hello" in self.run_program(program(), "logs"), what="the line")
        version = self.daemon.get("/v1/system-info").result["version"]
        path = self.daemon.path("try.txt")
        expected = [
            ([], f"the daemon has version {version}\n"),
            ([], "greeter is started\n"),
            ([], "web: web says hello\n"),
            ([path], f"exit code 0: 6 {path}\nhello\n"),
            ([], 'example.com/tutorial {"from":"the tutorial"}\n'),
            ([], "broken: inactive\ngreeter: active\nweb: active\nworker: inactive\n"),
        ]
        sources = self.document_programs("tutorial/libpebble.md")
        self.assertEqual(len(sources), len(expected))
        for source, (words, text) in zip(sources, expected):
            with self.subTest(os.path.basename(source)):
                built = self.build(["gcc", "-std=c99", "-pedantic"], source)
                self.assertEqual(self.run_program(built, *words), text)
                self.assertIn("error: cannot use PEBBLE_SERVER_FINGERPRINT", self.fail_program(
                    built, env={"PEBBLE_BASEURL": "https://localhost:1", "PEBBLE_SERVER_FINGERPRINT": "x"}))
        built = self.build(["gcc"], sources[1])
        self.assertEqual(self.fail_program(built, "nobody"), 'error: cannot start services: service "nobody" does not exist\n'
                         "the daemon refused, status 400\n")
        self.assertRegex(self.fail_program(built, "broken"),
                         r'\Aerror: cannot perform(.|\n)*\nStart service "broken": Error\n\Z')

    def test_archive_in_a_dynamic_program(self):
        path = self.daemon.path("program")
        output("gcc", *self.package("--cflags"), self.document_programs()[0], f"{self.lib}/libpebble.a", "-ljansson",
               "-lmd", "-lssl", "-lcrypto", "-pthread", "-o", path)
        self.assertNotIn("libpebble", output("readelf", "-d", path))
        self.assertEqual(output(path, env=self.daemon.env), "web is inactive\nworker is inactive\n")

    def test_blocking(self):
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                self.daemon.services("stop", "web")
                lines = self.run_program(self.example("client-blocking", compiler, static), "web").splitlines()
                self.assertEqual(lines[:3], ["web is inactive", "worker is inactive", "web is started"])
                self.assertEqual(set(lines[3:]), {"web: web says hello"})

    def test_blocking_failure(self):
        self.assertEqual(self.fail_program(self.example("client-blocking"), "nobody"),
                         'error: cannot start services: service "nobody" does not exist\n')

    def test_poll(self):
        self.daemon.services("start", "web")
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                lines = self.run_program(self.example("client-poll", compiler, static), "web").splitlines()
                self.assertEqual(lines[-1], "web is restarted")
                # What it wrote before, and perhaps what it writes now.
                self.assertEqual(set(lines[:-1]), {"web: web says hello"})

    def test_poll_failure(self):
        self.daemon.add_layer("broken", plan_of({"broken": "sh -c 'exit 7'"}))
        self.assertIn("cannot perform the following tasks:", self.fail_program(self.example("client-poll"), "broken"))

    def test_files(self):
        local = self.daemon.file("local", "two\nlines\n", 0o644)
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                far = self.daemon.path(f"files-{compiler}-{static}", "far")
                self.assertEqual(self.run_program(self.example("client-files", compiler, static), local, far),
                                 f"{far}: file, 10 bytes, 600\ntwo\nlines\n")

    def test_files_failure(self):
        local = self.daemon.file("local", "content", 0o644)
        self.assertEqual(self.fail_program(self.example("client-files"), local, "relative"),
                         'error: paths must be absolute, got "relative", generic-file-error\n')


    def test_events(self):
        self.daemon.post("/v1/notices", {"action": "add", "type": "custom", "key": "a.test/1"})
        boot_id = self.daemon.get("/v1/system-info").result["boot-id"]
        name = self.daemon.socket_path
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                path = self.example("client-events", compiler, static)
                with subprocess.Popen([path, name], stdout=subprocess.PIPE, text=True,
                                      env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib}) as watcher:
                    try:
                        lines = [watcher.stdout.readline() for _ in range(2)]
                    finally:
                        watcher.kill()
                self.assertEqual(lines, [f"{name}: ready, boot {boot_id}\n", f"{name}: notice a.test/1\n"])

        path = self.example("client-events")
        self.assertIn("error: cannot use PEBBLE_SERVER_FINGERPRINT", self.fail_program(path, env={
            "PEBBLE_BASEURL": "https://localhost:1", "PEBBLE_SERVER_FINGERPRINT": "x"}))
        self.assertIn("usage: ", self.fail_program(path, *["socket"] * 101))


class PythonTest(LibraryCase):
    """examples/python: the ABI without a compiler."""

    PATH = os.path.join(TOP, "examples", "python", "pebble_ctypes.py")

    def run_example(self, *words):
        env = {**self.daemon.env, "LIBPEBBLE": f"{self.lib}/libpebble.so.0", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, self.PATH, *words], env=env, capture_output=True, text=True, check=False,
                              timeout=60)

    def test_example(self):
        self.daemon.layer("001-test.yaml", plan_of({"web": "sleep 1000", "worker": "sleep 1000"}))
        self.daemon.start("--hold")
        path = self.daemon.path("pushed")
        done = self.run_example("web", path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "web is active\nworker is inactive\n"
                         "exec: exit code 0, b'NUL \\x00 HELLO\\n'\n"
                         'notice example.com/ctypes: 1, {"service":"web"}\n'
                         "pulled: b'nul \\x00 content\\n'\n")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        done = self.run_example("nobody")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, 'error: cannot start services: service "nobody" does not exist (kind 3, status 400)\n')
        self.assertIn("usage: ", self.run_example().stderr)

    def test_structures(self):
        with open(os.path.join(TOP, "src", "libpebble", "libpebble.abi"), encoding="utf-8") as file:
            kept = dict(re.findall(r"^(?:size struct|offset) (\S+) (\d+)$", file.read(), re.MULTILINE))
        spec = importlib.util.spec_from_file_location("pebble_ctypes", self.PATH)
        binding = importlib.util.module_from_spec(spec)
        with unittest.mock.patch.dict(os.environ, LIBPEBBLE=f"{self.lib}/libpebble.so.0"):
            spec.loader.exec_module(binding)
        kinds = [kind for kind in vars(binding).values() if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
                 and kind is not ctypes.Structure]
        self.assertEqual(len(kinds), 8)
        for kind in kinds:
            name = "pebble_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__.replace("Fields", "")).lower()
            found = {f"{name}.{field}": str(getattr(kind, field).offset) for field, _ in kind._fields_}
            found[name] = str(ctypes.sizeof(kind))
            self.assertEqual(found, {key: kept[key] for key in kept if key.split(".")[0] == name})


class TestingExampleTest(LibraryCase):
    def test_example(self):
        source = os.path.join(TOP, "examples", "client-test.c")
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                path = self.build([compiler, "-std=c99", "-pedantic"], source, static=static)
                done = output(path, timeout=60, env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib,
                                                     "TMPDIR": self.daemon.dir, "PEBBLE_TEST_PROGRAM": program()})
                self.assertEqual(done, "all tests have passed\n")


class TreeTest(LibraryCase):
    """pebble_push_path() and pebble_pull_path() with a daemon."""

    def setUp(self):
        super().setUp()
        self.daemon.start("--hold")
        self.path = self.build(["gcc", "-std=c99", "-pedantic"], self.daemon.file("tree.c", TREE_USER))
        self.tree = self.daemon.path("tree")
        os.makedirs(os.path.join(self.tree, "sub", "empty"))
        for name, mode in (("a", 0o640), ("sub/b", 0o700), ("sub/c d", 0o400)):
            with open(os.path.join(self.tree, name), "w", encoding="utf-8") as file:
                file.write(name * 1000)
            os.chmod(os.path.join(self.tree, name), mode)
        os.symlink("a", os.path.join(self.tree, "link"))
        os.mkfifo(os.path.join(self.tree, "pipe"))

    def found(self, top):
        """Names below a directory, with the mode and content of files."""
        found = {}
        for folder, folders, names in os.walk(top):
            for name in folders:
                found[os.path.relpath(os.path.join(folder, name), top)] = None
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    found[os.path.relpath(path, top)] = (oct(os.stat(path).st_mode & 0o777), file.read())
        return found

    def expected(self, **others):
        files = {"a": 0o640, "link": 0o640, "sub/b": 0o700, "sub/c d": 0o400, **others}
        contents = {"link": "a"}
        return {"sub": None, "sub/empty": None,
                **{name: (oct(mode), contents.get(name, name) * 1000) for name, mode in files.items()}}

    def test_push(self):
        far = self.daemon.path("far")
        self.assertEqual(self.run_program(self.path, "push", self.tree, far), "")
        self.assertEqual(self.found(f"{far}/tree"), self.expected())
        self.assertEqual(self.run_program(self.path, "push", f"{self.tree}/*", f"{far}/x/y"), "")
        self.assertEqual(self.found(f"{far}/x/y"), self.expected())

    def test_pull(self):
        near = self.daemon.path("near")
        pulled = self.expected(**{"link": 0o600, "sub/c d": 0o600})
        os.umask(0o022)
        self.assertEqual(self.run_program(self.path, "pull", self.tree, near), "")
        self.assertEqual(self.found(f"{near}/tree"), pulled)
        self.assertEqual(self.run_program(self.path, "pull", f"{self.tree}/*", f"{near}/x/y"), "")
        self.assertEqual(self.found(f"{near}/x/y"), pulled)

    def test_failures(self):
        os.symlink("sub", os.path.join(self.tree, "folder"))
        for direction in ("push", "pull"):
            with self.subTest(direction):
                target = self.daemon.path(direction)
                done = subprocess.run([self.path, direction, f"{self.tree}/*", target], capture_output=True, text=True,
                                      check=False, env={**self.daemon.env, "LD_LIBRARY_PATH": self.lib})
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
                self.assertTrue(done.stdout.startswith(f"{self.tree}/folder: "), done.stdout)
                self.assertEqual(set(self.found(target)), set(self.expected()))


if __name__ == "__main__":
    unittest.main()
