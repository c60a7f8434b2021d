# SPDX-License-Identifier: GPL-3.0-or-later
"""The archives and the SBOM that tools/package makes: complete, true, and the same bytes for the same sources."""

import glob
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

from harness import TOP, program

sys.path.insert(0, os.path.join(TOP, "tests", "documents"))

import links  # noqa: E402

PACKAGE = os.path.join(TOP, "tools", "package")
MAP = os.path.join(TOP, "build", "meson-release", "src", "cli", "pebble.map")
UNSTRIPPED = MAP.removesuffix(".map")
EPOCH = "1700000000"
# The environments of two users who build the same.
PLACES = (
    {"TZ": "UTC", "LC_ALL": "C", "USER": "one", "HOME": "/root", "mask": 0o022},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "USER": "another", "HOME": "/nonexistent", "mask": 0o077},
)
# Licences of libraries that may be linked into a program under version 3 of the GPL.
COMPATIBLE = {"Apache-2.0", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Beerware", "GPL-3.0-or-later", "ISC", "LGPL-2.1-or-later",
              "LGPL-3.0-or-later", "LicenseRef-public-domain", "MIT", "Zlib"}


def run(*command, place=PLACES[0], **others):
    env = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **{name: value for name, value in place.items() if name != "mask"}}
    env.update(others)
    return subprocess.run(command, cwd=TOP, env=env, umask=place["mask"], capture_output=True, text=True, check=False)


def build_id(path):
    found = re.search(r"Build ID: (\w+)", subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=False).stdout)
    return found and found[1]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def load(name, path):
    """A Python program or module of tools/package."""
    sys.path.insert(0, PACKAGE)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def symbols(path):
    """The names that an object, archive or program defines."""
    listed = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"^[0-9a-f]+ [A-TV-Za-z] (\S+)$", listed, re.M))


class PackageCase(unittest.TestCase):
    """With a folder of its own, for the released program only."""

    def setUp(self):
        if not shutil.which("dpkg-query") or not shutil.which("readelf"):
            self.skipTest("dpkg-query or readelf is not there")
        if not os.path.exists(MAP) or not build_id(program()) or build_id(program()) != build_id(UNSTRIPPED):
            self.skipTest("the program is not that of build/meson-release")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def sbom(self, name="sbom.json", place=PLACES[0]):
        done = run(os.path.join(PACKAGE, "sbom"), "--program", program(), "--map", MAP, "--output", self.path(name),
                   "--built-using", self.path(name + ".substvars"), place=place)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)


class SbomTest(PackageCase):
    def test_document(self):
        sbom = self.sbom()
        self.assertEqual((sbom["spdxVersion"], sbom["dataLicense"], sbom["SPDXID"]), ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertEqual(sbom["creationInfo"]["created"], "2023-11-14T22:13:20Z")
        self.assertIn(sha256(program()), sbom["documentNamespace"])
        known = {"SPDXRef-DOCUMENT"}
        for element in sbom["packages"] + sbom["files"]:
            self.assertRegex(element["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertNotIn(element["SPDXID"], known)
            known.add(element["SPDXID"])
            for sum_ in element.get("checksums", []):
                self.assertRegex(sum_["checksumValue"], {"SHA1": r"^[0-9a-f]{40}$", "SHA256": r"^[0-9a-f]{64}$"}[sum_["algorithm"]])
        for relation in sbom["relationships"]:
            self.assertLessEqual({relation["spdxElementId"], relation["relatedSpdxElement"]}, known)
        for package in sbom["packages"]:
            for key in ("name", "versionInfo", "supplier", "downloadLocation", "licenseDeclared", "licenseConcluded", "copyrightText"):
                self.assertTrue(package[key], (package["name"], key))
            self.assertRegex(package["supplier"], r"^(Organization|Person): \S")

    def test_the_program(self):
        sbom = self.sbom()
        file, own = sbom["files"][0], sbom["packages"][0]
        sums = {sum_["algorithm"]: sum_["checksumValue"] for sum_ in file["checksums"]}
        self.assertEqual(sums["SHA256"], sha256(program()))
        self.assertEqual(own["packageVerificationCode"]["packageVerificationCodeValue"], hashlib.sha1(sums["SHA1"].encode()).hexdigest())
        said = subprocess.run([program(), "version", "--client"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.strip(), "v" + own["versionInfo"])

    def linked(self, sbom):
        """{path: package} of what is linked."""
        of_id = {package["SPDXID"]: package for package in sbom["packages"]}
        linked = [of_id[relation["relatedSpdxElement"]] for relation in sbom["relationships"]
                  if relation["relationshipType"] == "STATIC_LINK"]
        return {package["comment"].split()[-1]: package for package in linked}

    def test_libraries_are_those_in_the_program(self):
        """An archive is in the program if names are that it alone defines."""
        linked = self.linked(self.sbom())
        with open(MAP, encoding="utf-8", errors="replace") as lines:
            offered = {os.path.realpath(line.split()[1]) for line in lines if re.match(r"LOAD /.*\.a$", line)}
        defined = {path: symbols(path) for path in offered}
        there = symbols(UNSTRIPPED)
        expected = set()
        for path, names in defined.items():
            others = set().union(*(more for other, more in defined.items() if other != path))
            if (names - others) & there:
                expected.add(path)
        self.assertEqual({path for path in linked if path.endswith(".a")}, expected)
        self.assertIn("libc.a", {os.path.basename(path) for path in expected})

    def test_versions_and_checksums(self):
        sbom = self.sbom()
        linked = self.linked(sbom)
        with open(self.path("sbom.json.substvars"), encoding="utf-8") as file:
            built_using = file.read()
        for path, package in linked.items():
            self.assertEqual(package["checksums"][1]["checksumValue"], sha256(path))
            name, arch, source, version = re.fullmatch(
                r"from the \w+ package (\S+) \((\w+)\), source package (\S+) (\S+)", package["sourceInfo"]).groups()
            told = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", f"{name}:{arch}"], capture_output=True, text=True,
                                  check=True).stdout
            self.assertEqual(package["versionInfo"], told)
            self.assertIn(f"{source} (= {version})", built_using)
        # OpenSSL keeps its version in the program.
        ssl = next(package for path, package in linked.items() if path.endswith("/libcrypto.a"))
        with open(program(), "rb") as file:
            self.assertIn(re.match(r"[0-9.]+", ssl["versionInfo"])[0].encode() + b"\0", file.read())

    def test_licences(self):
        for path, package in self.linked(self.sbom()).items():
            words = set(re.split(r" AND | WITH GCC-exception-3.1", package["licenseConcluded"])) - {""}
            self.assertLessEqual(words, COMPATIBLE, path)

    def test_same_bytes(self):
        self.sbom("one", PLACES[0])
        self.sbom("another", PLACES[1])
        self.assertEqual(sha256(self.path("one")), sha256(self.path("another")))

    def test_map_of_another_build_is_refused(self):
        done = run(os.path.join(PACKAGE, "sbom"), "--program", shutil.which("true"), "--map", MAP, "--output", self.path("sbom"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "are of different builds$")
        self.assertFalse(os.path.exists(self.path("sbom")))


class ArchiveTest(PackageCase):
    def make(self, name, place):
        done = run(os.path.join(PACKAGE, "tarball"), "--program", program(), "--map", MAP, place=place, PACKAGE_DIR=self.path(name))
        self.assertEqual(done.returncode, 0, done.stderr)
        return {entry: sha256(self.path(name, entry)) for entry in sorted(os.listdir(self.path(name)))}

    def test_archives(self):
        made = self.make("one", PLACES[0])
        self.assertEqual(made, self.make("another", PLACES[1]))
        binary = next(name for name in made if re.fullmatch(r"cobble-[0-9.]+-linux-\w+\.tar\.gz", name))
        self.check_program(self.path("one", binary))
        self.check_source(self.path("one", next(name for name in made if re.fullmatch(r"cobble-[0-9.]+\.tar\.gz", name))))
        check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
        subprocess.run(check, cwd=self.path("one"), check=True, capture_output=True)
        with open(self.path("one", binary), "ab") as file:
            file.write(b"x")
        self.assertNotEqual(subprocess.run(check, cwd=self.path("one"), check=False, capture_output=True).returncode, 0)

    def check_members(self, archive):
        members = archive.getmembers()
        names = [member.name.split("/") for member in members]
        self.assertEqual(names, sorted(names))
        for member in members:
            self.assertEqual((member.uid, member.gid, member.uname, member.gname, member.mtime), (0, 0, "", "", int(EPOCH)))
            self.assertIn(oct(member.mode), {"0o644", "0o755"} if member.isreg() else {"0o755"})
        return {member.name.partition("/")[2] for member in members}

    def check_program(self, path):
        with tarfile.open(path) as archive:
            names = self.check_members(archive)
            top = archive.getnames()[0]
            read = lambda name: archive.extractfile(f"{top}/{name}").read()
            self.assertEqual(hashlib.sha256(read("bin/pebble")).hexdigest(), sha256(program()))
            self.assertIn(sha256(program()), read("share/doc/cobble/pebble.spdx.json").decode())
            self.assertIn(b"ExecStart=/usr/local/bin/pebble ", read("lib/systemd/system/pebble.service"))
        self.assertLessEqual({
            "share/man/man1/pebble.1.gz", "share/bash-completion/completions/pebble", "share/zsh/site-functions/_pebble",
            "share/fish/vendor_completions.d/pebble.fish", "share/pebble/layer.schema.json", "share/doc/cobble/LICENSE",
            "share/doc/cobble/README.md", "share/doc/cobble/docs/index.md", "share/doc/cobble/examples/client-poll.c",
            "share/doc/cobble/licences/openssl.copyright", "share/doc/cobble/licences/common/Apache-2.0"}, names)
        with tarfile.open(path) as archive, tempfile.TemporaryDirectory() as folder:
            archive.extractall(folder)
            self.check_links(os.path.join(folder, top, "share/doc/cobble"))

    def check_links(self, folder):
        """The links of the documents lead to files of the archive."""
        count = 0
        for path in glob.glob(os.path.join(folder, "**", "*.md"), recursive=True):
            for line, target in links.read(path).links:
                name = target.partition("#")[0]
                if name and not re.match("[a-z]+:", name):
                    self.assertTrue(os.path.exists(os.path.join(os.path.dirname(path), name)), f"{path}:{line}: {target}")
                    count += 1
        self.assertGreater(count, 200)

    def check_source(self, path):
        with tarfile.open(path) as archive:
            names = self.check_members(archive)
        self.assertLessEqual({"dev", "meson.build", "src/cli/main.c", "packaging/debian/control", "tools/package/tarball"}, names)
        self.assertFalse([name for name in names if name.split("/")[0] in ("build", ".git") or "__pycache__" in name])


class PartsTest(unittest.TestCase):
    def test_only_what_has_a_size_is_linked(self):
        """Not what has been discarded, and not what has no address, such as notes."""
        link_map = load("link_map", os.path.join(PACKAGE, "link_map.py"))
        text = """Discarded input sections

 .text          0x0000000000000000       0x10 /lib/libgone.a(gone.o)

Linker script and memory map

LOAD /lib/libempty.a
 .text          0x0000000000001000       0x20 /lib/liba.a(one.o)
 .data.rel.ro.a_long_name
                0x0000000000002000        0x8 /lib/libb.a(two.o)
 .text          0x0000000000003000        0x0 /lib/libnothing.a(zero.o)
 .comment       0x0000000000000000       0x1f /lib/libnote.a(note.o)
 .text          0x0000000000004000       0x20 src/base/libbase.a.p/own.c.o
"""
        self.assertEqual([os.path.basename(path) for path in link_map.linked_files(io.StringIO(text))], ["liba.a", "libb.a"])
        with self.assertRaises(link_map.MapError):
            link_map.linked_files(io.StringIO("no map\n"))

    def test_a_library_without_a_known_licence_is_refused(self):
        sbom = load("sbom", os.path.join(PACKAGE, "sbom"))
        self.assertEqual(sbom.licence("libzstd"), ("BSD-3-Clause OR GPL-2.0-only", "BSD-3-Clause"))
        self.assertEqual(sbom.licence("gcc-14-cross")[0], "GPL-3.0-or-later WITH GCC-exception-3.1")
        with self.assertRaisesRegex(sbom.SbomError, "the licence of readline is not in tools/package/sbom"):
            sbom.licence("readline")

    def test_unknown_kind(self):
        done = run("./dev", "package", "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"The kinds are: .*deb .*sbom .*tarball")
