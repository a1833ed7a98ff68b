#!/bin/sh
# run.sh PROGRAM CORPUS: one libFuzzer target for RMS_FUZZ_SECONDS (60). New inputs go to a directory of their own that
# is removed again, so that the corpus stays as it is; an input that crashes is kept in RMS_FUZZ_CRASHES (here).
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
set -- "$1" "$found" "$2"
[ -d "$3" ] || set -- "$1" "$found"
program=$1
shift
"$program" -max_total_time="${RMS_FUZZ_SECONDS:-60}" -seed="${RMS_FUZZ_SEED:-1}" -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="${RMS_FUZZ_CRASHES:-.}/" -print_final_stats=1 "$@"
