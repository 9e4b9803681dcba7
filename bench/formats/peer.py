"""Reads Parquet files with pyarrow, as told on stdin, a JSON object a line."""
import json
import sys
import time

import pyarrow
import pyarrow.parquet

print(json.dumps({"version": pyarrow.__version__}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    pyarrow.set_cpu_count(order["cores"])
    start = time.perf_counter()
    table = pyarrow.parquet.read_table(order["file"])
    seconds = time.perf_counter() - start
    if "to" in order:
        pyarrow.parquet.write_table(table, order["to"], compression=order["codec"])
    rows = table.num_rows
    del table  # before the answer, so that it does not slow the next reader
    print(json.dumps({"rows": rows, "seconds": seconds}), flush=True)
