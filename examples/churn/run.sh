#!/bin/sh
# The incident that cairn was made for, and how it ends with it: a model is to be
# trained on features of data that has been replaced. It works in a temporary
# folder and needs no server.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
plain=${PLAIN:?the program of the two jobs, go build ./examples/churn/plain}
cd "$work"
export CAIRN_STORE="$work/store" CAIRN_CACHE="$work/cache" CAIRN_PROGRESS=none

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*" | sed "s|$plain|plain|"; "$@"; }
expect() { # CODE COMMAND...: it must end with this code
	want=$1 code=0
	shift
	"$@" || code=$?
	printf 'exit code %s\n' "$code"
	[ "$code" = "$want" ]
}

feature_job() { # DATE
	run cairn run --date "$1" --in customers=datasets/customers@prod --out features/churn --point prod -- "$plain" features
}
train_job() { # DATE
	run cairn run --date "$1" --in customers=datasets/customers@prod --in features=features/churn@prod \
		--out models/churn --param penalty=0.001 --point candidate -- "$plain" train
}

say "Week 1. The customers arrive as a dataset, the feature job and the train job run. All is well."
"$plain" customers 1 customers.parquet
run cairn push datasets/customers customers.parquet --date 2026-06-01 --label v1 --point prod
feature_job 2026-06-01
train_job 2026-06-01
run cairn point models/churn prod candidate --reason "accuracy is fine"

say "Week 2. The dataset is replaced: prices rose, ended contracts are gone. Nobody reruns the feature job."
"$plain" customers 2 customers.parquet
run cairn push datasets/customers customers.parquet --date 2026-06-08 --label v2 --point prod
run cairn diff datasets/customers@v1 datasets/customers@v2

say "The train job starts as every week. Its features are of customers v1. It used to succeed, for three weeks."
expect 2 train_job 2026-06-08

say "It was stopped before it read a byte, and its pod fails for good instead of trying again. So the feature job reruns."
feature_job 2026-06-08
train_job 2026-06-08
run cairn point models/churn prod candidate --reason "trained on v2"

say "Which data trained this model?"
run cairn trace models/churn@prod -q
run cairn trace models/churn@prod

say "What was made from customers v1, and should be looked at?"
run cairn trace datasets/customers@v1 --down

say "Can the run be reproduced? The same job on the same pins makes the same version: nothing changes."
before=$(cairn resolve models/churn@2026-06-08)
train_job 2026-06-08
[ "$(cairn resolve models/churn@2026-06-08)" = "$before" ]
