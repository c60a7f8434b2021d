# SPDX-License-Identifier: GPL-3.0-or-later
"""OCI images: the layout that tools/package/make_image.py writes is valid and reproducible, and its image runs.

With PEBBLE_IMAGES=DIRECTORY, the layouts that `./dev package image` has made there are run by runc as well."""

import contextlib
import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

from containers import PIDS, first_process, needs
from faults import IS_ROOT, needs_root, plan_of
from harness import HANG_S, TOP, DaemonCase, is_sanitized, once_per_run, program, wait_until
from oci_images import Layout
from test_chroot import interpreter

IMAGES = os.environ.get("PEBBLE_IMAGES", "")
MAKE_IMAGE = os.path.join(TOP, "tools", "package", "make_image.py")
DAEMON_UID = 584792  # of the user _daemon_ that rocks have
EPOCH = 1700000000
BOX = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if IS_ROOT else ["--user", "--map-root-user"])]

# For a root without other programs: prints who it is, then waits for SIGTERM. With a number, exits with it.
WORKLOAD = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void end(int number) {
    (void)number;
    _exit(0);
}
int main(int argc, char **argv) {
    signal(SIGTERM, end);
    printf("parent %d user %d group %d path %s\n", (int)getppid(), (int)getuid(), (int)getgid(), getenv("PATH"));
    fflush(stdout);
    if (argc > 1)
        return atoi(argv[1]);
    for (;;)
        pause();
}
"""


def make_image(directory, *arguments):
    subprocess.run([sys.executable, "-B", MAKE_IMAGE, "--version", "1.2.3", "--revision", "abc", "--epoch", str(EPOCH), directory, *arguments],
                   check=True, timeout=HANG_S)
    return Layout(directory)


def workload():
    """The path of the compiled workload."""
    with once_per_run("workload") as (folder, is_made):
        if not is_made:
            os.makedirs(folder)
            with open(os.path.join(folder, "workload.c"), "w", encoding="ascii") as file:
                file.write(WORKLOAD)
            subprocess.run([shutil.which("cc") or "gcc", "-static", "-o", os.path.join(folder, "workload"), file.name], check=True)
    return os.path.join(folder, "workload")


needs_compiler = unittest.skipUnless(shutil.which("cc") or shutil.which("gcc"), "there is no compiler for the workload")


class LayoutTest(DaemonCase):
    def setUp(self):
        super().setUp()
        # Nothing here looks into the program.
        self.program = self.daemon.file("pebble-amd64", b"\x7fELF one\n" * 100)
        self.other = self.daemon.file("pebble-arm64", b"\x7fELF other\n" * 100)

    def make(self, name, *arguments):
        return make_image(self.daemon.path(name), *arguments)

    def test_it_is_valid(self):
        layout = self.make("image", f"amd64={self.program}", f"arm64={self.other}")
        layout.check()
        self.assertEqual(sorted(layout.tagged()), ["1.2.3", "1.2.3-amd64", "1.2.3-arm64"])
        images = layout.images("1.2.3")
        self.assertEqual(sorted(images), ["amd64", "arm64"])
        for architecture, image in images.items():
            self.assertEqual(layout.images(f"1.2.3-{architecture}")[architecture].manifest, image.manifest)
            self.assertEqual(image.config, {
                "Entrypoint": ["/usr/bin/pebble", "enter"], "WorkingDir": "/", "StopSignal": "SIGTERM",
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "Labels": {f"org.opencontainers.image.{name}": value for name, value in (
                    ("title", "Cobble"), ("description", "Pebble-compatible service manager"), ("version", "1.2.3"),
                    ("licenses", "GPL-3.0-or-later AND LGPL-3.0-or-later"), ("revision", "abc"))}})
            self.assertEqual(image.document["created"], "2023-11-14T22:13:20Z")

    def test_what_is_in_it(self):
        entries = self.make("image", f"amd64={self.program}").images("1.2.3")["amd64"].entries()
        for path, entry in entries.items():
            self.assertEqual((entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime), (0, 0, "", "", EPOCH), path)
            self.assertFalse(entry.mode & 0o6000, path)
            # Of all users, only root may write, but for the directories of temporary files.
            self.assertEqual(entry.mode & 0o7022, 0o1022 if path in ("tmp", "var/tmp") else 0, path)
            self.assertIn(os.path.dirname(path), [*entries, ""], "a directory that has no entry has no certain mode")
        self.assertEqual(entries["usr/bin/pebble"].mode, 0o755)
        self.assertTrue(entries["var/lib/pebble/default/layers"].isdir())
        self.assertEqual(entries["root"].mode, 0o700)

    def test_digests_depend_on_nothing_else(self):
        self.make("first", f"amd64={self.program}")
        os.utime(self.program, (1, 1))
        os.chmod(self.program, 0o700)
        mask = os.umask(0o077)
        try:
            self.make("second", f"amd64={self.program}")
        finally:
            os.umask(mask)
        found = filecmp.dircmp(self.daemon.path("first", "blobs", "sha256"), self.daemon.path("second", "blobs", "sha256"))
        self.assertEqual((found.left_only, found.right_only, found.diff_files), ([], [], []))
        self.assertEqual(self.daemon.read("first/index.json"), self.daemon.read("second/index.json"))
        self.make("third", f"amd64={self.other}")
        self.assertNotEqual(self.daemon.read("first/index.json"), self.daemon.read("third/index.json"))

    def test_a_base(self):
        tree = self.daemon.file("base/etc/base", "below\n")
        subprocess.run(["tar", "-C", os.path.dirname(os.path.dirname(tree)), "-cf", self.daemon.path("base.tar"), "."], check=True)
        layout = self.make("image", "--base", self.daemon.path("base.tar"), f"amd64={self.program}")
        layout.check()
        entries = layout.images("1.2.3")["amd64"].entries()
        self.assertIn("etc/base", entries)
        self.assertNotIn("etc/passwd", entries, "the base has its own")
        self.assertEqual(entries["usr/bin/pebble"].mode, 0o755)

    def test_a_bill_of_materials(self):
        bill = self.daemon.file("bill.json", '{"spdxVersion": "SPDX-2.3"}\n')
        layout = self.make("image", "--sbom", f"amd64={bill}", f"amd64={self.program}")
        layout.check()
        attached = [entry for entry in layout.index["manifests"] if "artifactType" in entry]
        self.assertEqual([entry["artifactType"] for entry in attached], ["application/spdx+json"])
        subject = json.loads(layout.blob(attached[0], attached[0]["mediaType"]))["subject"]
        self.assertEqual(subject["digest"], layout.tagged()["1.2.3-amd64"]["digest"])

    def test_licences_of_libraries(self):
        self.daemon.file("licences/openssl/copyright", "theirs\n")
        layout = self.make("image", "--licences", f"arm64={self.daemon.path('licences')}", f"amd64={self.program}", f"arm64={self.other}")
        layout.check()
        images, path = layout.images("1.2.3"), "usr/share/doc/pebble/licences/openssl/copyright"
        self.assertEqual([path in images[name].entries() for name in ("amd64", "arm64")], [False, True])

    def test_a_damaged_layout_is_noticed(self):
        layout = self.make("image", f"amd64={self.program}")
        digest = layout.tagged()["1.2.3-amd64"]["digest"].split(":")[1]
        with open(self.daemon.path("image", "blobs", "sha256", digest), "r+b") as file:
            file.write(b" ")
        with self.assertRaisesRegex(AssertionError, "another content"):
            layout.check()


class DockerfileTest(DaemonCase):
    """packaging/Dockerfile makes the same image. Its commands that do so are run here, for another directory than /image."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(TOP, "packaging", "Dockerfile"), encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith("#"))
        self.instructions = [tuple(line.split(None, 1)) for line in text.replace("\\\n", "").splitlines() if line]

    def last(self, name):
        return [argument for instruction, argument in self.instructions if instruction == name][-1]

    def command(self, words, root):
        """The command of the only RUN with these words, for another directory than /image and for the program of the tests."""
        found = [argument for name, argument in self.instructions if name == "RUN" and words in argument]
        self.assertEqual(len(found), 1, words)
        command = found[0].replace("/tmp/pebble.spdx.json", self.daemon.path("pebble.spdx.json"))
        return command.replace("/image/", root + "/").replace("build/pebble", program())

    def test_its_image(self):
        root = self.daemon.path("root")
        os.umask(0o022)
        subprocess.run(["sh", "-ec", self.command("usr/bin/pebble", root)], cwd=TOP, check=True)
        folder = os.path.join(root, "usr/share/doc/pebble/licences")
        done = subprocess.run(["sh", "-ec", self.command("--licences", root)], cwd=TOP, capture_output=True, text=True, check=False)
        if "are of different builds" in done.stderr or "No such file" in done.stderr:
            os.mkdir(folder)  # The program of the tests is another one than that with a map.
        else:
            self.assertEqual(done.stderr, "")
            self.assertIn("openssl.copyright", os.listdir(folder))
        image = make_image(self.daemon.path("image"), "--licences", f"amd64={folder}", f"amd64={program()}").images("1.2.3")["amd64"]
        self.assertEqual([word for word, _ in self.instructions],
                         ["FROM", "COPY", "WORKDIR", "RUN", "RUN", "RUN", "RUN", "FROM", "COPY", "ENV", "WORKDIR", "STOPSIGNAL", "ENTRYPOINT"])
        self.assertEqual({"Entrypoint": json.loads(self.last("ENTRYPOINT")), "Env": [self.last("ENV")], "WorkingDir": self.last("WORKDIR"),
                          "StopSignal": self.last("STOPSIGNAL")},
                         {name: value for name, value in image.config.items() if name != "Labels"})
        expected = {path: entry for path, entry in image.entries().items() if not path.startswith("etc/ssl")}
        found = {os.path.relpath(os.path.join(folder, name), root) for folder, folders, files in os.walk(root) for name in folders + files}
        self.assertEqual(sorted(found), sorted(expected))
        self.assertEqual({path: os.stat(os.path.join(root, path)).st_mode & 0o7777 for path in found},
                         {path: entry.mode for path, entry in expected.items()})
        image.unpack(self.daemon.path("unpacked"))
        for name in ("passwd", "group"):
            self.assertEqual(self.daemon.read(f"root/etc/{name}"), self.daemon.read(f"unpacked/etc/{name}"))


@unittest.skipIf(interpreter(program()) if os.path.exists(program()) else True, "the program is not static")
@unittest.skipIf(is_sanitized(), "a sanitizer needs more than an empty root")
@needs_compiler
@needs(PIDS)
class RunTest(DaemonCase):
    """The image with a workload added, as the first process of a container made by unshare."""

    def setUp(self):
        super().setUp()
        with once_per_run("image") as (folder, is_made):
            if not is_made:
                make_image(folder, f"amd64={program()}")
        self.image = Layout(folder).images("1.2.3")["amd64"]
        self.root = self.daemon.path("root")
        self.image.unpack(self.root)
        os.chmod(self.daemon.dir, 0o755)
        shutil.copy(workload(), os.path.join(self.root, "usr", "bin", "workload"))
        self.daemon.binary = os.path.join(self.root, "usr", "bin", "pebble")
        self.daemon.pebble_dir = os.path.join(self.root, "var", "lib", "pebble", "default")
        self.daemon.env["PEBBLE"] = self.daemon.pebble_dir
        self.daemon.socket_path = os.path.join(self.daemon.pebble_dir, ".pebble.socket")

    def plan(self, services):
        self.daemon.file("root/var/lib/pebble/default/layers/001-app.yaml", plan_of(services))

    def script(self, env=(), mounts="", user=""):
        """A script that runs the entry point with its arguments."""
        entry, command = self.image.config["Entrypoint"]
        self.assertEqual(command, "enter")
        words = " ".join([*self.image.config["Env"], *env])
        chroot = f"chroot --userspec={user}:{user} --groups= {self.root}" if user else f"chroot {self.root}"
        inner = self.daemon.script("inner", f"""set -eu
PATH=$PATH:/usr/sbin:/sbin
mount --bind {self.root} {self.root}
mount -t proc proc {self.root}/proc
mount --rbind /dev {self.root}/dev
{mounts}
exec env -i {words} $(command -v chroot) {chroot.removeprefix('chroot ')} {entry} "$@"
""")
        return self.daemon.script("container", f'exec {" ".join(BOX)} {inner} "$@"\n')

    @contextlib.contextmanager
    def running(self, *arguments, **options):
        """The container runs; self.pid is its first process, seen from outside."""
        binary, self.daemon.binary = self.daemon.binary, self.script(**options)
        self.daemon.start(*arguments, command="enter")
        self.daemon.binary = binary
        self.pid = first_process(self.daemon)
        yield
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.daemon.wait_exit(), 0, self.daemon.log())

    def run_to_end(self, *arguments, **options):
        return subprocess.run([self.script(**options), "enter", *arguments], cwd=self.daemon.dir, capture_output=True, text=True,
                              timeout=HANG_S, check=False)

    def test_a_service(self):
        self.plan({"app": {"command": "workload", "startup": "enabled"}})
        with self.running("--verbose"):
            self.daemon.wait_service("app", "active")
            self.daemon.wait_log("parent 1 user 0 group 0 path /usr/local/sbin:.*:/bin$")

    def test_layers_and_commands_while_it_runs(self):
        self.plan({"app": {"command": "workload", "startup": "enabled"}})
        with self.running():
            answer = self.daemon.add_layer("more", plan_of({"more": {"command": "workload", "startup": "enabled"}}))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(self.daemon.cli("replan").returncode, 0)
            self.daemon.wait_service("more", "active")
            done = self.daemon.cli("exec", "--", "/usr/bin/workload", "5")
            self.assertEqual((done.returncode, done.stderr), (5, ""))
            self.assertIn("parent 1 user 0 ", done.stdout)
            self.assertEqual(self.daemon.cli("exec", "--", "/bin/sh").returncode, 1)

    def test_exit_codes(self):
        for settings, arguments, code in (({"command": "workload 3", "on-failure": "shutdown"}, [], 10),
                                          ({"command": "workload 0", "on-success": "shutdown"}, [], 0),
                                          ({"command": "workload 3", "type": "oneshot"}, ["--until-done"], 3),
                                          ({"command": "workload 0", "type": "oneshot"}, ["--until-done"], 0)):
            with self.subTest(settings):
                self.plan({"app": {"startup": "enabled", **settings}})
                done = self.run_to_end(*arguments)
                self.assertEqual(done.returncode, code, done.stderr)

    def test_a_subcommand(self):
        done = self.run_to_end("version")
        version = self.daemon.cli("version", "--client").stdout.strip()
        self.assertEqual((done.returncode, done.stdout), (0, f"client  {version}\nserver  {version}\n"), done.stderr)

    def test_a_root_that_cannot_be_written(self):
        self.plan({"app": {"command": "workload 4", "startup": "enabled", "type": "oneshot"}})
        mounts = f"mount -t tmpfs tmpfs {self.root}/run\nmount -o remount,bind,ro {self.root}\n! touch {self.root}/x 2>/dev/null"
        for env in (["PEBBLE_PERSIST=never", "PEBBLE_SOCKET=/run/pebble.socket"],
                    ["PEBBLE=/run/pebble", "PEBBLE_COPY_ONCE=/var/lib/pebble/default"]):
            with self.subTest(env):
                done = self.run_to_end("--create-dirs", "--until-done", "--verbose", env=env, mounts=mounts)
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertIn("[app] parent 1 ", done.stdout + done.stderr)
        done = self.run_to_end("--until-done", mounts=mounts)
        self.assertEqual((done.returncode, done.stderr), (1, 'cannot run daemon: directory "/var/lib/pebble/default" not writable\n'))

    @needs_root
    def test_users(self):
        self.plan({"app": {"command": "workload", "startup": "enabled", "user": "_daemon_", "group": "_daemon_"}})
        with self.running("--verbose"):
            self.daemon.wait_log(f"parent 1 user {DAEMON_UID} group {DAEMON_UID} ")

    @needs_root
    def test_the_daemon_itself_is_another_user(self):
        self.plan({"app": {"command": "workload 4", "startup": "enabled", "type": "oneshot"}})
        done = self.run_to_end("--until-done", user=DAEMON_UID)
        self.assertEqual((done.returncode, done.stderr), (1, 'cannot run daemon: directory "/var/lib/pebble/default" not writable\n'))
        done = self.run_to_end("--create-dirs", "--until-done", "--verbose", user=DAEMON_UID,
                               env=["PEBBLE=/tmp/pebble", "PEBBLE_COPY_ONCE=/var/lib/pebble/default"])
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(f"user {DAEMON_UID} ", done.stdout + done.stderr)


@unittest.skipUnless(IMAGES, "no images have been made (./dev package image --run)")
@needs_compiler
class RuntimeTest(DaemonCase):
    """The images of `./dev package image`, unpacked by umoci and run by runc."""

    def kinds(self):
        found = [kind for kind in ("scratch", "slim") if os.path.exists(os.path.join(IMAGES, kind, "index.json"))]
        self.assertTrue(found)
        for kind in found:
            with self.subTest(kind):
                yield kind

    def unpack(self, kind):
        """The bundle of an image, with the workload in it; runc's state is beside it."""
        layout = Layout(os.path.join(IMAGES, kind))
        layout.check()
        machine = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
        tag = next(tag for tag in layout.tagged() if tag.endswith(f"-{machine}"))
        self.bundle = self.daemon.path(kind)
        rootless = [] if IS_ROOT else ["--rootless"]
        subprocess.run(["umoci", "--log=error", "unpack", *rootless, "--image", f"{IMAGES}/{kind}:{tag}", self.bundle], check=True)
        shutil.copy(workload(), os.path.join(self.bundle, "rootfs", "usr", "bin", "workload"))

    def configure(self, *arguments, read_only=False, env=()):
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["process"]["terminal"] = False
        self.assertEqual(config["process"]["args"][:2], ["/usr/bin/pebble", "enter"])
        config["process"]["args"][2:] = arguments
        config["process"]["env"] += env
        config["root"]["readonly"] = read_only
        for capabilities in config["process"]["capabilities"].values():
            capabilities += [name for name in ("CAP_SETUID", "CAP_SETGID") if name not in capabilities]
        if read_only:
            config["mounts"].append({"destination": "/run", "type": "tmpfs", "source": "tmpfs"})
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def plan(self, services):
        path = os.path.join(self.bundle, "rootfs/var/lib/pebble/default/layers/001-app.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(plan_of(services))

    def runc(self, *arguments, **options):
        return subprocess.run(["runc", "--root", self.daemon.path("runc"), *arguments], cwd=self.bundle, stdin=subprocess.DEVNULL,
                              timeout=HANG_S, check=False, text=True, **{"capture_output": True, **options})

    def test_a_service_commands_and_the_end(self):
        for kind in self.kinds():
            self.unpack(kind)
            self.configure("--verbose")
            self.plan({"app": {"command": "workload", "startup": "enabled", "user": "nobody"}})
            name = os.path.basename(self.daemon.dir) + kind
            log = self.daemon.path(f"{kind}.log")
            with open(log, "wb") as output:
                process = subprocess.Popen(["runc", "--root", self.daemon.path("runc"), "run", name], cwd=self.bundle, stdout=output,
                                           stderr=output, stdin=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            wait_until(lambda: "[app] parent 1 user 65534" in self.daemon.read(f"{kind}.log"), HANG_S, "the service")
            done = self.runc("exec", name, "/usr/bin/pebble", "exec", "--", "workload", "5")
            self.assertEqual(done.returncode, 5, done.stderr)
            done = self.runc("exec", name, "/usr/bin/pebble", "services")
            self.assertRegex(done.stdout, "app +enabled +active")
            self.assertEqual(self.runc("kill", name, "TERM").returncode, 0)
            self.assertEqual(process.wait(HANG_S), 0, self.daemon.read(f"{kind}.log"))

    def test_exit_codes_and_a_root_that_cannot_be_written(self):
        for kind in self.kinds():
            self.unpack(kind)
            self.plan({"app": {"command": "workload 3", "startup": "enabled", "type": "oneshot"}})
            name = os.path.basename(self.daemon.dir) + kind
            self.configure("--until-done")
            done = self.runc("run", name)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.configure("--until-done", read_only=True, env=["PEBBLE_PERSIST=never", "PEBBLE_SOCKET=/run/pebble.socket"])
            done = self.runc("run", name)
            self.assertEqual(done.returncode, 3, done.stderr)


if __name__ == "__main__":
    unittest.main()
