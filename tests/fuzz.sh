#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Fuzzes the core: libFuzzer with the targets of src/fuzzing.
#
#   tests/fuzz.sh [--keep] [SECONDS [TARGET...]]   each target for so long (20), or those named
#
# With --keep the fewest inputs that reach as much as all do are put into fuzz/corpus/TARGET.
# A target begins with its seeds and with fuzz/corpus/TARGET. What it finds to be new goes into
# target/fuzz/corpus/TARGET. An input that fails is left in fuzz/crashes/TARGET, where `cargo test`
# runs it from then on. The control, in which a fault is planted, must fail first.
#
# FUZZ_JOBS is how many run at a time: as many as there are processors, if it is not set.
#
# The coverage that libFuzzer goes by comes from flags of stable Rust. `cargo fuzz` is not needed.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=
if [ "${1-}" = --keep ]; then
    keep=1
    shift
fi
seconds=${1:-20}
[ $# -eq 0 ] || shift
host=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-target}/fuzz
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="--cfg fuzzing $coverage" cargo build --locked --release --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir "$target" --quiet
fuzz=$target/$host/release/fuzz
logs=$target/logs
mkdir -p "$logs"

# run_target TARGET SECONDS CRASHES: its log is $logs/TARGET.
run_target() {
    local name=$1 corpus=$target/corpus/$1 kept=
    mkdir -p "$corpus" "$3"
    [ ! -d "fuzz/corpus/$name" ] || kept=fuzz/corpus/$name
    FUZZ_TARGET=$name FUZZ_SEEDS=$corpus "$fuzz" -max_total_time="$2" -timeout=20 -rss_limit_mb=4096 \
        -use_value_profile=1 -verbosity=1 -print_final_stats=1 -artifact_prefix="$3/" \
        "$corpus" ${kept:+"$kept"} >"$logs/$name" 2>&1
}

# report NUMBER TARGET ok|"not ok" WORDS: a line of TAP.
report() {
    local log=$logs/$2 runs cover
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cover=$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    echo "$3 $1 - $2: ${runs:-?} runs, ${cover:-?} edges$4"
}

if [ $# -eq 0 ]; then
    mapfile -t names < <(sed -n 's/^    Target { name: "\([^"]*\)".*/\1/p' src/fuzzing/mod.rs)
    set -- "${names[@]}"
fi
echo "1..$(($# + 1))"

if run_target control 60 "$target/control" || ! grep -q 'the planted fault' "$logs/control"; then
    report 1 control 'not ok' ', and the planted fault was not found'
    echo 'Bail out! Nothing else would be found.'
    exit 1
fi
report 1 control ok ', and the planted fault'

# keep_fewest TARGET: fuzz/corpus/TARGET has as much coverage as all that was found, in few files.
keep_fewest() {
    local name=$1 all=("$target/corpus/$1") fewest
    [ ! -d "fuzz/corpus/$name" ] || all+=("fuzz/corpus/$name")
    fewest=$(mktemp -d "$target/fewest.XXXXXX")
    FUZZ_TARGET=$name "$fuzz" -set_cover_merge=1 -max_len=4096 "$fewest" "${all[@]}" >"$logs/$name.merge" 2>&1
    chmod 755 "$fewest"
    mkdir -p fuzz/corpus
    rm -rf "fuzz/corpus/$name"
    mv "$fewest" "fuzz/corpus/$name"
}

one() {
    local result=ok
    run_target "$2" "$3" "fuzz/crashes/$2" || result='not ok'
    rmdir "fuzz/crashes/$2" 2>/dev/null || true
    report "$1" "$2" "$result" ''
    [ "$result" = ok ] || {
        tail -n 30 "$logs/$2" | sed 's/^/# /'
        return 1
    }
    [ -z "$keep" ] || keep_fewest "$2"
}
export -f keep_fewest one run_target report
export target fuzz logs keep
status=0
number=1
for name in "$@"; do
    echo "$((++number)) $name"
done | xargs -P "${FUZZ_JOBS:-$(nproc)}" -L 1 bash -c "one \"\$@\" $seconds" one || status=1
rmdir fuzz/crashes 2>/dev/null || true
exit "$status"
