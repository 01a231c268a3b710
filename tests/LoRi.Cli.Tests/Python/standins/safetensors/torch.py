import json
import struct

from plain_decoder import TYPES, read_safetensors

NAMES = {dtype: name for name, dtype in TYPES.items()}


def load_file(path):
    return read_safetensors(path)


def save_file(tensors, path, metadata=None):
    header, parts, start = {"__metadata__": metadata or {}}, [], 0
    for name, value in tensors.items():
        part = bytes(value.contiguous().view(-1).untyped_storage()) if hasattr(value, "untyped_storage") else bytes(value.storage().untyped())
        header[name] = {"dtype": NAMES[value.dtype], "shape": list(value.shape), "data_offsets": [start, start + len(part)]}
        parts.append(part)
        start += len(part)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))
