"""What the scripts beside this one share: SCRIPT up|down file|tree LOCAL BUCKET KEY.

LOCAL is a file, or a folder that is stored below KEY.
"""
import os
import sys


def arguments():
    verb, kind, local, bucket, key = sys.argv[1:]
    return verb == "up", kind == "tree", local, bucket, key


def endpoint():
    return os.environ["AWS_ENDPOINT_URL_S3"]


def sources(local, key):
    """The files to send, each with its key."""
    if not os.path.isdir(local):
        return [(local, key)]
    return [
        (os.path.join(folder, name), key + "/" + os.path.relpath(os.path.join(folder, name), local))
        for folder, _, names in os.walk(local)
        for name in names
    ]


def targets(local, key, keys):
    """The files to write for the keys that are below key."""
    files = [(os.path.join(local, found[len(key) + 1 :]), found) for found in keys]
    for folder in {os.path.dirname(name) for name, _ in files}:
        os.makedirs(folder, exist_ok=True)
    return files
