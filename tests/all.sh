#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# all.sh [NAME...]: the whole suite, or the parts named. A NAME is one of
#
#   rust      cargo test
#   interop   tests/interop/*.sh: the C interface, and other implementations
#   build     tests/build/*: what the build promises
#   docs      tests/docs/*: what the manual promises
#   apache    the Apache::Test suite
#   demo      the demo, once
#   fuzz      each target of the fuzzer for 20 seconds
#   bench     the benchmarks, in short: that they run, whatever they measure
#
# or else a test or a folder of the Apache::Test suite, as apache.sh has them.
# The Apache::Test suite, which mostly waits, runs beside the others. What the parts print
# passes through, part by part; the last lines have what failed, and the totals.
set -euo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
broken=()

log=$(mktemp "${TMPDIR:-/tmp}/client-cert-test.XXXXXX")
beside=
finish() {
    [ -z "$beside" ] || kill "$beside" 2>/dev/null || true
    [ -z "$beside" ] || wait "$beside" || true
    rm -f "$log" "$log.beside" "$log.failed"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# count STATUS: prints "passed failed" for the output in $log. It understands
# cargo test's results, prove's summary and plain TAP; a program that prints
# none of these is one test, told by its exit status.
count() {
    awk -v status="$1" '
        /^test result: / {
            known = 1
            for (i = 3; i <= NF; i++) {
                if ($i ~ /^passed/) passed += $(i - 1)
                if ($i ~ /^failed/) failed += $(i - 1)
            }
        }
        /^1\.\.0 *# *(SKIP|skip)/ { skipped = 1 }
        /^1\.\.[0-9]/ { known = 1 }
        /^ok [0-9]/ && !/# *(SKIP|skip)/ { known = 1; passed++ }
        /^not ok [0-9]/ && !/# *(TODO|todo)/ { known = 1; failed++ }
        /^Files=[0-9]+, Tests=[0-9]+/ {
            known = 1
            sub(/^.*Tests=/, ""); passed += $1 + 0
        }
        /^ *Failed [0-9]+\/[0-9]+ subtests/ {
            known = 1
            sub(/^ *Failed /, ""); failed += $1 + 0; passed -= $1 + 0
        }
        END {
            if (!known && status == 0) passed = 1
            if (!failed && (status != 0 || passed <= 0 && !skipped)) failed = 1
            print (passed > 0 ? passed : 0), failed + 0
        }' "$log"
}

# part TITLE COMMAND...
part() {
    local title=$1 status=0
    shift
    echo
    echo "=== $title"
    "$@" 2>&1 | tee "$log" || status=$?
    add "$title" "$status"
}

# add TITLE STATUS: adds what is in $log to the totals.
add() {
    local title=$1 ok not_ok
    read -r ok not_ok < <(count "$2")
    passed=$((passed + ok))
    failed=$((failed + not_ok))
    if [ "$not_ok" -gt 0 ]; then
        broken+=("$title")
        # To be said at the end as well: much may come after it.
        grep -aE -A 12 '^(# *)?(not ok|Failed test)|^ *#   Failed test|^---- .* stdout|^Test Summary' "$log" |
            grep -aEv '^\[' | head -n 60 >> "$log.failed" || true
    fi
    echo "--- $title: $ok passed, $not_ok failed"
}

# scripts DIRECTORY: those that can be executed; others are parts of them.
scripts() {
    local script
    for script in "tests/$1"/*.sh "tests/$1"/*.py; do
        [ ! -x "$script" ] || part "$script" "$script"
    done
}

parts=()
tests=()
for name in "$@"; do
    case $name in
        rust | interop | build | docs | apache | demo | fuzz | bench) parts+=("$name") ;;
        *) tests+=("$name") ;;
    esac
done
if [ $# -eq 0 ]; then
    parts=(rust interop build docs apache demo fuzz bench)
elif [ ${#tests[@]} -gt 0 ]; then
    parts+=(apache)
fi

# The benchmarks have the machine to themselves.
apache() { exec tests/apache.sh ${tests[@]+"${tests[@]}"}; }
end_beside() {
    local status=0
    [ -n "$beside" ] || return 0
    wait "$beside" || status=$?
    beside=
    echo
    echo '=== Apache::Test'
    tee "$log" < "$log.beside"
    add 'Apache::Test' "$status"
}
if [ ${#parts[@]} -gt 1 ] && [[ " ${parts[*]} " = *' apache '* ]]; then
    apache > "$log.beside" 2>&1 &
    beside=$!
fi

for name in "${parts[@]}"; do
    case $name in
        rust) part 'cargo test' cargo test --locked --no-fail-fast ;;
        interop | build | docs) scripts "$name" ;;
        apache) [ -n "$beside" ] || part 'Apache::Test' apache ;;
        demo) part 'demo' demo/demo.sh --once ;;
        fuzz) part 'fuzzer' tests/fuzz.sh 20 ;;
        bench) end_beside; part 'benchmarks' ./run bench --short keep-alive strong new first-seen resumed accept ;;
    esac
done
end_beside

echo
[ ! -s "$log.failed" ] || cat "$log.failed"
for title in ${broken[@]+"${broken[@]}"}; do
    echo "failed: $title"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
