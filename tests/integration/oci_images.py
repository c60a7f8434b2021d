# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads OCI image layouts, strictly, and unpacks their images."""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
REFERENCE = "org.opencontainers.image.ref.name"


def require(condition, what):
    if not condition:
        raise AssertionError(what)


class Layout:
    """A layout. Whatever is read from it is checked on the way."""

    def __init__(self, directory):
        self.directory = directory
        self.seen = set()
        require(self.document("oci-layout") == {"imageLayoutVersion": "1.0.0"}, "oci-layout")
        self.index = self.document("index.json")
        require(self.index["schemaVersion"] == 2 and self.index["mediaType"] == INDEX, "index.json")

    def document(self, name):
        with open(os.path.join(self.directory, name), "rb") as file:
            return json.load(file)

    def blob(self, descriptor, media_type):
        """The content that a descriptor refers to."""
        require(descriptor["mediaType"] == media_type, f"{descriptor['mediaType']} is not {media_type}")
        require(re.fullmatch("sha256:[0-9a-f]{64}", descriptor["digest"]), descriptor["digest"])
        with open(os.path.join(self.directory, "blobs", *descriptor["digest"].split(":")), "rb") as file:
            data = file.read()
        require(len(data) == descriptor["size"], f"{descriptor['digest']} has {len(data)} bytes, not {descriptor['size']}")
        require(hashlib.sha256(data).hexdigest() == descriptor["digest"][7:], f"{descriptor['digest']} has another content")
        self.seen.add(descriptor["digest"][7:])
        return data

    def tagged(self):
        """Tags and their descriptors."""
        return {entry["annotations"][REFERENCE]: entry for entry in self.index["manifests"] if REFERENCE in entry.get("annotations", {})}

    def images(self, tag):
        """The images of a tag: architecture -> Image."""
        descriptor = self.tagged()[tag]
        if descriptor["mediaType"] == INDEX:
            index = json.loads(self.blob(descriptor, INDEX))
            require(index["schemaVersion"] == 2 and index["mediaType"] == INDEX, "an index")
            images = [Image(self, entry) for entry in index["manifests"]]
        else:
            images = [Image(self, descriptor)]
        require(len({image.architecture for image in images}) == len(images), "an architecture twice")
        return {image.architecture: image for image in images}

    def check(self):
        """Reads everything. Nothing else may be in the layout."""
        for tag in self.tagged():
            for image in self.images(tag).values():
                image.entries()
        for entry in self.index["manifests"]:
            if "artifactType" in entry:
                self.check_artifact(entry)
        unused = set(os.listdir(os.path.join(self.directory, "blobs", "sha256"))) - self.seen
        require(not unused, f"blobs that nothing refers to: {unused}")

    def check_artifact(self, descriptor):
        manifest = json.loads(self.blob(descriptor, MANIFEST))
        require(manifest["artifactType"] == descriptor["artifactType"], "another type of artifact")
        require(self.blob(manifest["config"], "application/vnd.oci.empty.v1+json") == b"{}", "the empty configuration")
        self.blob(manifest["subject"], MANIFEST)
        for layer in manifest["layers"]:
            json.loads(self.blob(layer, manifest["artifactType"]))


class Image:
    def __init__(self, layout, descriptor):
        self.layout = layout
        self.manifest = json.loads(layout.blob(descriptor, MANIFEST))
        require(self.manifest["schemaVersion"] == 2 and self.manifest["mediaType"] == MANIFEST, "a manifest")
        self.document = json.loads(layout.blob(self.manifest["config"], CONFIG))
        self.config = self.document["config"]
        self.architecture = self.document["architecture"]
        require(descriptor["platform"] == {"os": "linux", "architecture": self.architecture}, "the platform")
        require(self.document["os"] == "linux" and self.document["rootfs"]["type"] == "layers", "the configuration")
        require(len(self.document["history"]) == len(self.manifest["layers"]), "the history")

    def tars(self):
        """The layers as tar archives."""
        names = self.document["rootfs"]["diff_ids"]
        require(len(names) == len(self.manifest["layers"]), "as many names as layers")
        for name, descriptor in zip(names, self.manifest["layers"]):
            tar = gzip.decompress(self.layout.blob(descriptor, LAYER))
            require("sha256:" + hashlib.sha256(tar).hexdigest() == name, f"{name} has another content")
            yield tar

    def entries(self):
        """All entries of all layers, as tarfile describes them: path -> entry. Later layers replace those of earlier ones."""
        found = {}
        for tar in self.tars():
            seen = set()
            with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
                for entry in archive:
                    path = os.path.normpath(entry.name)
                    require(not path.startswith(("/", "..")), f"{path} leads out of the root")
                    require(path not in seen, f"{path} is there twice")
                    require(entry.isfile() or entry.isdir() or entry.issym() or entry.islnk(), f"{path} is a special file")
                    seen.add(path)
                    found[path] = entry
        return found

    def unpack(self, root):
        os.makedirs(root)
        for tar in self.tars():
            with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
                archive.extractall(root)
