# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes OCI image layouts without a container daemon. The same content has the same digests, on any machine with the same zlib.

The formats are those of the OCI image specification, version 1.1 (image-layout.md, manifest.md, config.md, layer.md). Only
the artifacts that refer to an image are new in that version.
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
REFERENCE = "org.opencontainers.image.ref.name"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layer:
    """Files and directories of root, for one layer. They are sorted, and all have one time."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.entries = {}

    def directory(self, path, mode=0o755):
        self.entries[path] = (mode, None)

    def file(self, path, content, mode=0o644):
        self.entries[path] = (mode, content)

    def tar(self):
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, (mode, content) in sorted(self.entries.items()):
                entry = tarfile.TarInfo(path)
                entry.mode, entry.mtime = mode, self.epoch
                if content is None:
                    entry.type = tarfile.DIRTYPE
                    archive.addfile(entry)
                else:
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
        return output.getvalue()


class Layout:
    """An image layout in a directory, which is made anew."""

    def __init__(self, directory):
        self.directory = directory
        self.manifests = []
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(os.path.join(directory, "blobs", "sha256"))

    def blob(self, data, media_type):
        """Writes a blob; returns its descriptor."""
        digest = digest_of(data)
        with open(os.path.join(self.directory, "blobs", *digest.split(":")), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def json(self, document, media_type):
        return self.blob(json.dumps(document, sort_keys=True, separators=(",", ":")).encode(), media_type)

    def image(self, architecture, epoch, tars, config, labels):
        """Writes an image of layers, which are tar archives; returns its descriptor."""
        layers = [self.blob(gzip.compress(tar, 9, mtime=0), LAYER) for tar in tars]
        created = rfc3339(epoch)
        document = {
            "created": created, "architecture": architecture, "os": "linux", "config": {**config, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
            "history": [{"created": created, "created_by": "cobble: ./dev package image"} for _ in tars],
        }
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.json(document, CONFIG), "layers": layers,
                    "annotations": {**labels, "org.opencontainers.image.created": created}}
        return {**self.json(manifest, MANIFEST), "platform": {"architecture": architecture, "os": "linux"}}

    def attach(self, subject, data, media_type):
        """Writes a document about an image (a bill of materials) as an artifact that refers to it."""
        empty = self.blob(b"{}", "application/vnd.oci.empty.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": media_type, "config": empty,
                    "layers": [self.blob(data, media_type)],
                    "subject": {key: subject[key] for key in ("mediaType", "digest", "size")}}
        self.manifests.append({**self.json(manifest, MANIFEST), "artifactType": media_type})

    def index(self, images):
        return self.json({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}, INDEX)

    def tag(self, descriptor, name):
        self.manifests.append({**descriptor, "annotations": {REFERENCE: name}})

    def close(self):
        """Writes what makes the directory a layout."""
        for name, document in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                               ("index.json", {"schemaVersion": 2, "mediaType": INDEX, "manifests": self.manifests})):
            with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
                json.dump(document, file, sort_keys=True, separators=(",", ":"))


def rfc3339(epoch):
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
