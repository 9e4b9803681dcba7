"""Writes one table with several libraries, in many physical forms.

    peers.py DIR

Every file below DIR/same holds the same data; those below DIR/other differ from
it in one way each, which their names say: the column, and what of it. DIR/base
is the file that they were made from. The files below DIR/nested hold columns of
lists, structs and maps, as far as their writers can.
"""
import itertools
import os
import sys

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

ROWS = 2500


def table():
    rows = range(ROWS)
    moment = 1_780_000_000_000_000
    return pyarrow.table({
        "id": pyarrow.array(rows, pyarrow.int64()),
        "small": pyarrow.array([i % 7 for i in rows], pyarrow.int32()),
        "maybe": pyarrow.array([None if i % 5 == 0 else i * i for i in rows], pyarrow.int64()),
        "score": pyarrow.array([i / 8 for i in rows], pyarrow.float64()),
        "flag": pyarrow.array([i % 3 == 0 for i in rows], pyarrow.bool_()),
        "city": pyarrow.array([("Oslo", "Rome", "Lima")[i % 3] for i in rows], pyarrow.string()),
        "note": pyarrow.array([None if i % 11 == 0 else f"row {i}, é" for i in rows], pyarrow.string()),
        "day": pyarrow.array([i % 400 for i in rows], pyarrow.date32()),
        "at": pyarrow.array([moment + i * 1_000_003 for i in rows], pyarrow.timestamp("us")),
    })


def nested():
    rows = range(ROWS)
    tags = [None if i % 7 == 0 else [None if k == 2 else f"tag {(i + k) % 9}" for k in range(i % 4)] for i in rows]
    spans = [None if i % 13 == 0 else [{"first": i, "last": None if k else i + k} for k in range(i % 3)] for i in rows]
    place = [None if i % 6 == 0 else {"x": i / 4, "y": None if i % 5 == 0 else -i / 4} for i in rows]
    prices = [None if i % 17 == 0 else [(f"key {k}", None if k == 1 else i * k) for k in range(i % 3)] for i in rows]
    span = pyarrow.struct([("first", pyarrow.int64()), ("last", pyarrow.int64())])
    return pyarrow.table({
        "tags": pyarrow.array(tags, pyarrow.list_(pyarrow.string())),
        "spans": pyarrow.array(spans, pyarrow.list_(span)),
        "place": pyarrow.array(place, pyarrow.struct([("x", pyarrow.float64()), ("y", pyarrow.float64())])),
        "prices": pyarrow.array(prices, pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    })


def write_nested(t, dir):
    for codec, version, rows in itertools.product(("none", "zstd"), ("1.0", "2.0"), (1000, ROWS)):
        pyarrow.parquet.write_table(t, f"{dir}/pyarrow-{codec}-v{version[0]}-{rows}.parquet", compression=codec,
                                    data_page_version=version, row_group_size=rows, data_page_size=4096)
    pyarrow.feather.write_feather(t, f"{dir}/pyarrow.feather", chunksize=700)
    connection = duckdb.connect()
    connection.register("t", t)
    connection.execute(f"COPY (SELECT * FROM t) TO '{dir}/duckdb.parquet' (FORMAT parquet)")
    # With types of its own, pandas would make floats of integers that may be null.
    t.to_pandas(types_mapper=pandas.ArrowDtype).to_parquet(f"{dir}/pandas.parquet", index=False)
    # Polars has no maps, and would write lists.
    polars.from_arrow(t.drop_columns(["prices"])).write_parquet(f"{dir}/polars.parquet")


def write_pyarrow(t, dir):
    codecs = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")
    for codec, dictionary, version, rows in itertools.product(codecs, (True, False), ("1.0", "2.0"), (1000, ROWS)):
        name = f"pyarrow-{codec}-{'dictionary' if dictionary else 'plain'}-v{version[0]}-{rows}.parquet"
        pyarrow.parquet.write_table(t, f"{dir}/{name}", compression=codec, use_dictionary=dictionary,
                                    data_page_version=version, row_group_size=rows, data_page_size=4096)
    required = pyarrow.schema([f.with_nullable(t[f.name].null_count > 0) for f in t.schema])
    pyarrow.parquet.write_table(t.cast(required), f"{dir}/pyarrow-required.parquet")


def write_polars(t, dir):
    frame = polars.from_arrow(t)
    for codec, rows in itertools.product(("uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"), (1000, ROWS)):
        code = {"lz4_raw": "lz4"}.get(codec, codec)
        frame.write_parquet(f"{dir}/polars-{codec}-{rows}.parquet", compression=code, row_group_size=rows)


def write_duckdb(t, dir):
    connection = duckdb.connect()
    connection.register("t", t)
    for codec, version, rows in itertools.product(("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"), ("V1", "V2"), (2048, 100_000)):
        connection.execute(f"COPY (SELECT * FROM t) TO '{dir}/duckdb-{codec}-{version}-{rows}.parquet' "
                           f"(FORMAT parquet, COMPRESSION {codec}, PARQUET_VERSION {version}, ROW_GROUP_SIZE {rows})")


def write_pandas(t, dir):
    frame = t.to_pandas(types_mapper={pyarrow.int64(): pandas.Int64Dtype(), pyarrow.int32(): pandas.Int32Dtype()}.get)
    frame.to_parquet(f"{dir}/pandas.parquet", index=False)


def write_arrow(t, dir):
    for codec in ("uncompressed", "lz4", "zstd"):
        pyarrow.feather.write_feather(t, f"{dir}/pyarrow-{codec}.feather", compression=codec, chunksize=700)
    encoded = t.set_column(t.schema.get_field_index("city"), "city", t["city"].dictionary_encode())
    pyarrow.feather.write_feather(encoded, f"{dir}/pyarrow-dictionary.feather")
    pyarrow.csv.write_csv(t, f"{dir}/pyarrow.csv")


def others(t):
    def changed(name, column):
        return t.set_column(t.schema.get_field_index(name), name, column)

    def with_value(name, i, value):
        values = t[name].to_pylist()
        values[i] = value
        return changed(name, pyarrow.array(values, t.schema.field(name).type))

    yield "id-value", with_value("id", 1234, -1)
    yield "small-value", with_value("small", 2499, 8)
    yield "maybe-null", with_value("maybe", 1, None)
    yield "maybe-value", with_value("maybe", 0, 0)
    yield "score-value", with_value("score", 0, -0.0)
    yield "score-nan", with_value("score", 7, float("nan"))
    yield "flag-value", with_value("flag", 0, False)
    yield "city-value", with_value("city", 100, "")
    yield "note-null", with_value("note", 1, None)
    yield "note-value", with_value("note", 0, "")
    yield "day-value", with_value("day", 5, t["day"][6].as_py())
    yield "at-type", changed("at", t["at"].cast(pyarrow.timestamp("us", "UTC")))
    yield "small-type", changed("small", t["small"].cast(pyarrow.int64()))
    yield "city-name", t.rename_columns(["town" if n == "city" else n for n in t.column_names])
    yield "row-missing", t.slice(1)
    yield "row-twice", pyarrow.concat_tables([t, t.slice(ROWS - 1)])
    yield "column-missing", t.drop_columns(["flag"])


def main(dir):
    folders = [os.path.join(dir, name) for name in ("same", "other", "base", "nested")]
    for folder in folders:
        os.makedirs(folder)
    same, other, base, deep = folders
    t = table()
    for write in (write_pyarrow, write_polars, write_duckdb, write_pandas, write_arrow):
        write(t, same)
    for name, changed in others(t):
        pyarrow.parquet.write_table(changed, f"{other}/{name}.parquet")
    pyarrow.parquet.write_table(t, f"{base}/base.parquet")
    write_nested(nested(), deep)


main(sys.argv[1])
