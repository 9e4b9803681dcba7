"""Writes the files of this folder. README.md says with which versions."""

import collections
import datetime
import json
import os
import struct
import pickle
import pickletools
import zipfile

import blake3
import gguf
import joblib
import numpy as np
import onnx
import onnx.helper as oh
import onnx.numpy_helper
import safetensors.numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

os.chdir(os.path.dirname(os.path.abspath(__file__)))
a = np.arange(6, dtype="<f4").reshape(2, 3)
b = np.array([1, -2, 3], dtype="<i8")

# safetensors
safetensors.numpy.save_file(
    {"a": a, "b": b, "none": np.zeros((0, 4), "f2"), "one": np.array(7.0)},
    "plain.safetensors", metadata={"format": "np", "author": "Ada"})

# ONNX
weight = onnx.numpy_helper.from_array(a, "w")
floats = oh.make_tensor("f", onnx.TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
nibbles = oh.make_tensor("n", onnx.TensorProto.INT4, [3], b"\x21\x03", raw=True)
outside = onnx.TensorProto(name="x", data_type=1, dims=[2], data_location=1)
outside.external_data.add(key="location", value="../../etc/passwd")
constant = oh.make_node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(b, "inner"))
graph = oh.make_graph(
    [constant, oh.make_node("MatMul", ["in", "w"], ["out"])], "tiny",
    [oh.make_tensor_value_info("in", 1, ["batch", 2])],
    [oh.make_tensor_value_info("out", 1, ["batch", 3])],
    [weight, floats, nibbles])
model = oh.make_model(graph, producer_name="make.py", producer_version="1",
                      opset_imports=[oh.make_opsetid("", 21), oh.make_opsetid("ai.onnx.ml", 5)], ir_version=10)
oh.set_model_props(model, {"author": "Ada"})
onnx.save(model, "plain.onnx")
model.graph.initializer.append(outside)
onnx.save(model, "external.onnx")

# GGUF
w = gguf.GGUFWriter("plain.gguf", "llama")
w.add_name("tiny")
w.add_uint32("answer", 42)
w.add_float32("half", 0.5)
w.add_bool("yes", True)
w.add_array("few", [1, 2, 3])
w.add_array("tokenizer.ggml.tokens", [f"t{i}" for i in range(100)])
w.add_tensor("a", a)
w.add_tensor("b", b)
w.add_tensor("q", np.zeros((2, 34), np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()

# NumPy
structured = np.zeros(2, dtype=[("x", "<f4"), ("é", "<i2", (2, 3)), ("in", [("s", "S3")])])
np.save("plain.npy", a)
np.save("fortran.npy", np.asfortranarray(a))
np.save("structured.npy", structured)
np.save("scalar.npy", np.array("2024-01-01", "M8[D]"))
np.save("object.npy", np.array([datetime.date(2024, 1, 1), None]), allow_pickle=True)
np.savez("plain.npz", a=a, **{"dense/kernel:0": b})
np.savez_compressed("compressed.npz", zeros=np.zeros((100, 1000)), a=a)
np.savez("object.npz", a=a, o=np.array([{"k": 1}, datetime.timedelta(1)]))

# pickle
thing = {"when": datetime.date(2024, 1, 1), "d": collections.OrderedDict(x=1), "list": list(range(300)),
         "s": {1, 2}, "f": 1.5, "big": 1 << 100, "bytes": b"\0\1", "text": "é", "t": (1, 2, 3, 4), "array": a}
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    with open(f"protocol{protocol}.pkl", "wb") as f:
        pickle.dump(thing, f, protocol)

# joblib, and what scikit-learn is saved as
rng = np.random.default_rng(0)
x, y = rng.normal(size=(60, 4)), np.array(["no", "yes"] * 30)
logistic = LogisticRegression().fit(x, y)
forest = RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0).fit(x, y)
arrays = {"a": a, "f": np.asfortranarray(a), "structured": structured, "text": y,
          "objects": np.array([datetime.date(2024, 1, 1)] * 3), "empty": np.zeros((0, 3))}
with open("logistic.pkl", "wb") as f:
    pickle.dump(logistic, f)
joblib.dump(forest, "forest.joblib")
joblib.dump(arrays, "arrays.joblib")
for compression in ("zlib", "gzip", "bz2", "xz", "lzma"):
    joblib.dump(arrays, f"arrays-{compression}.joblib", compress=(compression, 3))


# PyTorch itself is too large to install for this: these two have its layout,
# by the standard library.
class Storage:
    def __init__(self, key):
        self.key = key


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", collections.Counter, obj.key, "cpu", 6)


def dump(f, obj):
    Pickler(f, 2).dump(obj)


state = collections.OrderedDict(weight=(Storage("0"), 0, (2, 3), (3, 1)))
with zipfile.ZipFile("zip.pt", "w") as z:
    with z.open("zip/data.pkl", "w") as f:
        dump(f, state)
    z.writestr("zip/byteorder", "little")
    z.writestr("zip/data/0", a.tobytes())
    z.writestr("zip/version", "3\n")
with open("legacy.pt", "wb") as f:
    for obj in (0x1950a86a20f9469cfc6c, 1001, {"little_endian": True}, state, ["0"]):
        dump(f, obj)
    f.write((6).to_bytes(8, "little") + a.tobytes())


# Digests, worked out here from the arrays and the rule that digest.go states.
def digest(data):
    return "b3:" + blake3.blake3(data).hexdigest()


def text(s):
    s = s.encode()
    return struct.pack("<q", len(s)) + s


def weights(format, tensors):
    data = f"cairn weights 1\n{format}\n".encode()
    for name, dtype, array in sorted(tensors):
        data += text(name) + text(dtype) + struct.pack("<q", 0) + struct.pack("<q", array.ndim)
        data += b"".join(struct.pack("<q", d) for d in array.shape)
        data += blake3.blake3(array.tobytes()).digest()
    return digest(data)


with open("digests.json", "w") as f:
    json.dump({
        "a": digest(a.tobytes()),
        "b": digest(b.tobytes()),
        "plain.npz": weights("npz", [("a", "<f4", a), ("dense/kernel:0", "<i8", b)]),
        "plain.safetensors": weights("safetensors", [
            ("a", "F32", a), ("b", "I64", b), ("none", "F16", np.zeros((0, 4), "f2")), ("one", "F64", np.array(7.0))]),
    }, f, indent=1)
    f.write("\n")

# The opcodes of pickle, as the standard library documents them: the bytes of the
# argument, or how its length is told if negative, and how many values more there
# are on the stack after it.
with open("opcodes.json", "w") as f:
    json.dump({op.name: {
        "code": ord(op.code),
        "argument": op.arg.n if op.arg else 0,
        "marked": "mark" in [s.name for s in op.stack_before],
        "growth": len(op.stack_after) - len(op.stack_before),
    } for op in pickletools.opcodes}, f, indent=None, separators=(",", ":"))
    f.write("\n")
