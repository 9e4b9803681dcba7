#!/bin/sh
# Monthly features of real flights and a model of their delays, with lineage:
#   run.sh FLIGHTS.parquet
# The file has columns date, delay, distance and origin. It needs no server.
set -eu
data=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
flights=${FLIGHTS:?the program of the two jobs, go build ./examples/flights}
cd "$work"
export CAIRN_STORE="$work/store" CAIRN_CACHE="$work/cache" CAIRN_PROGRESS=none

cairn push datasets/flights "$data" --date 2001-07-01 --label v1 --point prod
for month in 01 02 03 04 05 06; do
	cairn run --date "2001-$month-01" --in flights=datasets/flights@prod --out features/delay \
		--expect datasets/flights=v1 -- "$flights" features "2001-$month"
done
cairn run --date 2001-07-01 --in features=features/delay@2001-01-01..2001-06-30 --out models/delay --point candidate \
	--expect datasets/flights=v1 -- "$flights" train
cairn trace models/delay@candidate
