#!/bin/sh
# A first session with cairn: publish, name, move on, look back, get back.
# It works in a temporary folder and needs no server.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work"
export CAIRN_STORE="$work/store" CAIRN_CACHE="$work/cache" CAIRN_PROGRESS=none

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

say "A job wrote the flights of June 17. They become a version, labelled v1."
mkdir flights
printf 'flight,delay\nUA101,12\nDL202,0\n' > flights/part-0.csv
printf 'flight,delay\nAA303,47\n' > flights/part-1.csv
run cairn push datasets/flights flights --date 2026-06-17 --label v1 --point prod

say "The same job runs again. Nothing has changed, so nothing happens."
run cairn push datasets/flights flights --date 2026-06-17

say "A correction arrives. Only the file that changed is sent; prod moves to it, if it still is at v1."
printf 'flight,delay\nUA101,21\nDL202,0\n' > flights/part-0.csv
run cairn push datasets/flights flights --date 2026-06-17 --label v2
run cairn point datasets/flights prod v2 --if-at v1 --reason "UA101 was 21 minutes late"

say "A train job asks for prod and gets exactly those bytes, each one checked."
run cairn pull datasets/flights@prod data
run cat data/part-0.csv

say "A model remembers what it was made from."
printf 'weights' > model.bin
run cairn push models/delay model.bin --date 2026-06-17 --input datasets/flights@prod --param lr=0.1 --metric accuracy=0.94
run cairn show models/delay@2026-06-17

say "The correction was wrong. Back to what was in force before it; the history shows both."
run cairn rollback datasets/flights prod --reason "the correction was wrong"
run cairn log datasets/flights prod

say "A name that would lie one day is refused, with exit code 2."
set +e
run cairn push datasets/flights-latest flights --date 2026-06-17
printf 'exit code %s\n' $?
