"""Prints the tensors of a safetensors file as JSON, read by the format's reference implementation."""
import json
import sys

import safetensors

with open(sys.argv[1], "rb") as file:
    tensors = safetensors.deserialize(file.read())
print(
    json.dumps(
        {
            name: {
                "dtype": tensor["dtype"],
                "shape": tensor["shape"],
                "bytes": bytes(tensor["data"]).hex(),
            }
            for name, tensor in tensors
        }
    )
)
