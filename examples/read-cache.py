"""Reads a cache of teacher answers with pyarrow, and with DuckDB if it is installed; nothing of bnn-distill is needed.

    pip install pyarrow duckdb
    npx distill cache --teacher cifar10-resnet20 --views 2 --features none --out cache
    python3 examples/read-cache.py cache
"""
import json
import struct
import sys
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

directory = Path(sys.argv[1])
manifest = json.loads((directory / "manifest.json").read_text())
classes = manifest["data"]["classes"]
print(f"{manifest['teachers'][0]['file']} on {manifest['data']['images']} images of {manifest['data']['kind']}")

# Memory-mapped: a column that is not used is not read.
tables = [ipc.open_file(pa.memory_map(str(directory / file["name"]))).read_all() for file in manifest["files"]]
table = pa.concat_tables(tables)
for field in table.schema:
    print(f"{field.name:16} {field.type}  {field.metadata[b'description'].decode()}")

# Float16 lists as plain float32 lists, which every tool knows.
classes_count = len(classes)
logits = table["logits"].combine_chunks().flatten().cast(pa.float32())
best = []
for row in range(table.num_rows):
    values = logits[row * classes_count : (row + 1) * classes_count].to_pylist()
    best.append(values.index(max(values)))
table = table.append_column("best", pa.array(best, pa.int32()))

for view in range(manifest["views"]["count"]):
    of_view = table.filter(pc.equal(table["view"], view))
    right = pc.sum(pc.equal(of_view["best"], of_view["label"])).as_py()
    print(f"view {view}: the teacher is right on {right} of {of_view.num_rows} images")

# The checksum of the first row: CRC-32 of the bytes of all other cells in the order of the columns.
codes = {"uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float": "f", "halffloat": "e"}
data = b""
for name in table.schema.names:
    if name in ("crc32", "best"):
        continue
    value = table[name][0].as_py()
    kind = table.schema.field(name).type
    values, number = (value, kind.value_type) if pa.types.is_fixed_size_list(kind) else ([value], kind)
    data += struct.pack(f"<{len(values)}{codes[str(number)]}", *values)
print("checksum of the first row is", "right" if zlib.crc32(data) == table["crc32"][0].as_py() else "WRONG")

try:
    import duckdb
except ImportError:
    print("duckdb is not installed")
else:
    small = table.select(["index", "view", "label", "best", "flip"])
    query = """
        SELECT label, count(*) AS views, round(100 * avg((best = label)::int), 1) AS right_percent
        FROM small GROUP BY label ORDER BY label
    """
    for label, views, right_percent in duckdb.sql(query).fetchall():
        print(f"{classes[label]:12} {views} views, {right_percent} % right")
