# SPDX-License-Identifier: GPL-3.0-or-later
"""The client library as others get it: installed, linked with, shared and static, and at work with a daemon."""

import os
import re
import shutil
import subprocess
import unittest

from faults import plan_of
from harness import TOP, DaemonCase, is_sanitized, once_per_run, program, wait_until

PREFIX = "/opt/pebble"
WAYS = [(compiler, static) for compiler in ("gcc", "clang") if shutil.which(compiler) for static in (False, True)]
# Names that the library uses inside: a program may have them, too.
CPP_USER = r"""
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
        version, = self.package("--modversion")
        self.assertEqual(found, ["include/pebble-charm.h", "include/pebble.h", "include/pebble/exec.h", "include/pebble/files.h",
                                 "include/pebble/log_targets.h", "lib/libpebble.a", "lib/libpebble.so",
                                 "lib/libpebble.so.0", f"lib/libpebble.so.{version}", "lib/pkgconfig/libpebble.pc"])
        self.assertEqual(os.readlink(f"{self.lib}/libpebble.so"), "libpebble.so.0")
        self.assertEqual(os.readlink(f"{self.lib}/libpebble.so.0"), f"libpebble.so.{version}")
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

    def test_prefix_is_absolute(self):
        done = subprocess.run(["./dev", "install", "--lib", "here"], cwd=TOP, capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("absolute", done.stderr)


class HeaderTest(LibraryCase):
    def test_c(self):
        source = self.daemon.file("user.c", '#include <pebble.h>\nint main(void) { pebble_free(0); return 0; }\n')
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

    def document_programs(self):
        """The complete programs in the library's page, as files."""
        with open(os.path.join(TOP, "docs", "libpebble.md"), encoding="utf-8") as page:
            blocks = re.findall(r"^```c\n(.*?)^```", page.read(), re.MULTILINE | re.DOTALL)
        programs = [block for block in blocks if "\nint main(" in block]
        return [self.daemon.file(f"document{number}.c", text) for number, text in enumerate(programs)]

    def test_document(self):
        self.daemon.services("start", "web")
        wait_until(lambda: "web says hello" in self.run_program(program(), "logs"), what="the line")
        sources = self.document_programs()
        self.assertEqual(len(sources), 3)
        for compiler, static in WAYS:
            with self.subTest(f"{compiler} {'static' if static else 'shared'}"):
                outputs = [self.run_program(self.build([compiler, "-std=c99", "-pedantic"], source, static=static))
                           for source in sources]
                self.assertEqual(outputs, ["web is active\nworker is inactive\n", "web: web says hello\n",
                                           "exit code 0: HELLO\n"])

    def test_document_failure(self):
        for source in self.document_programs():
            self.assertIn("error: cannot use PEBBLE_SERVER_FINGERPRINT",
                          self.fail_program(self.build(["gcc"], source), env={"PEBBLE_BASEURL": "https://localhost:1",
                                                                                   "PEBBLE_SERVER_FINGERPRINT": "x"}))

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
