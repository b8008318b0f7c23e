#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Module and core under sanitizers: what one reports fails the run.
#
#   tests/sanitize.sh [KIND...] [-- TEST...]
#
#   address     AddressSanitizer, with the whole Apache::Test suite
#   undefined   UndefinedBehaviorSanitizer for C, overflow and debug assertions for Rust, the same
#   thread      ThreadSanitizer, with many clients on HTTP/1.1 and HTTP/2
#   memcheck    valgrind's memcheck, with both roles
#
# Without a KIND, all of them: address and undefined are then one build and one run, as they are
# when both are named. The TESTs are run in place of the usual ones. Before each, the control: the
# faults of tests/sanitizers/ have to be reported.
#
# httpd, mod_ssl, OpenSSL and Rust's standard library are Debian's and rustup's own, not built for
# a sanitizer. Their allocations, locks and calls of libc are watched; their own reads and writes
# are not. The runtime is the C compiler's, loaded before httpd. rustc's flags for sanitizers are
# unstable: RUSTC_BOOTSTRAP lets the stable compiler have them, for these builds alone.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

kinds=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
        address | undefined | thread | memcheck) kinds+=("$1") ;;
        *)
            echo "tests/sanitize.sh: $1: not one of address, undefined, thread, memcheck" >&2
            exit 2
            ;;
    esac
    shift
done
[ $# -eq 0 ] || shift
tests=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(address undefined thread memcheck)

host=$(rustc -vV | sed -n 's/^host: //p')
work=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-sanitize.XXXXXX")
chmod 755 "$work"
mkdir "$work/bin"
finish() {
    local status=$?
    [ "$status" -ne 0 ] || rm -rf "$work"
    [ "$status" -eq 0 ] || echo "tests/sanitize.sh: reports are in $work" >&2
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

number=0
failed=0
# Under these, servers take their time to start.
export TEST_PATIENCE=300 APACHE_TEST_STARTUP_TIMEOUT=300

# tap ok|"not ok" WORDS
tap() {
    echo "$1 $((++number)) - $2"
    [ "$1" = ok ] || failed=$((failed + 1))
}

# build NAME RUSTFLAGS CFLAGS: module and library, in a target directory of their own; the control.
build() {
    local target=${CARGO_TARGET_DIR:-$root/target}/sanitize-${1%%-*}
    (
        export RUSTC_BOOTSTRAP=1 RUSTFLAGS=$2 CARGO_TARGET_DIR=$target CARGO_BUILD_TARGET=$host
        export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            CARGO_PROFILE_RELEASE_DEBUG=1 CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
            CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
        cmake -S . -B "$target/build" -DCMAKE_BUILD_TYPE=Debug -DCLIENT_CERT_TOOL=OFF \
            -DCMAKE_C_FLAGS="-O1 -fno-omit-frame-pointer $3"
        cmake --build "$target/build" --target mod_client_cert
    ) > "$work/build.$1" 2>&1 || {
        tail -n 40 "$work/build.$1"
        exit 1
    }
    export MODULE=$target/build/mod_client_cert.so
    export CLIENT_CERT_LIB=$target/$host/release/libclient_cert.a
    plant "$2" "$3"
}

# plant RUSTFLAGS CFLAGS: httpd's module with the faults.
plant() {
    local query
    # shellcheck disable=SC2086 # flags
    RUSTC_BOOTSTRAP=1 rustc --edition 2024 --target "$host" --crate-type staticlib -g -Copt-level=1 \
        -Coverflow-checks=on $1 -o "$work/libplanted.a" tests/sanitizers/planted.rs
    query=$(apxs -q EXTRA_CPPFLAGS)
    # shellcheck disable=SC2046,SC2086 # flags
    "${CC:-gcc}" -std=gnu11 -shared -fPIC -g -O0 -fno-omit-frame-pointer -Wall -Wextra $2 $query \
        $(for name in INCLUDEDIR APR_INCLUDEDIR; do echo "-I$(apxs -q $name)"; done) \
        -o "$work/mod_planted_test.so" tests/sanitizers/mod_planted_test.c "$work/libplanted.a" \
        -Wl,--exclude-libs,ALL -lpthread -ldl
    export TEST_PLANTED=$work/mod_planted_test.so
}

# wrapper COMMAND: httpd with that before it, where it has the module. Backends are httpds too.
wrapper() {
    cat > "$work/bin/apache2" << END
#!/bin/sh
httpd=$(PATH=$PATH:/usr/sbin command -v apache2)
for argument; do
    if [ -f "\$argument" ] && grep -q 'mod_client_cert\|variables_test\|/modules\.conf' "\$argument"; then
        $1 "\$httpd" "\$@"
    fi
done
exec "\$httpd" "\$@"
END
    chmod 755 "$work/bin/apache2"
}

# The runtimes of the C compiler's, in the order in which they are loaded.
preloaded() {
    local name list=
    for name in "$@"; do
        case $name in
            /*) ;;
            *) name=$(realpath "$("${CC:-gcc}" -print-file-name="$name")") ;;
        esac
        list+=${list:+:}$name
    done
    # What a test preloads comes after it.
    wrapper "LD_PRELOAD=$list\${LD_PRELOAD:+:\$LD_PRELOAD} exec"
}

# suite NAME TEST...: the Apache::Test suite under the wrapper; a report is a failure.
suite() {
    local name=$1 status=0 passed reports=$work/reports.$1
    shift
    PATH=$work/bin:$PATH TEST_SANITIZER=$name tests/apache.sh "$@" 2>&1 | tee "$work/log.$name" || status=$?
    passed=$(sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\).*/\1 files, \2 tests/p' "$work/log.$name")
    if [ "$status" -eq 0 ]; then tap ok "$name: $passed"; else tap 'not ok' "$name: ${passed:-no tests}"; fi
    judge "$name" "$reports"
}

# Where reports go.
reports() {
    mkdir "$work/reports.$1"
    chmod 1777 "$work/reports.$1"
    echo "$work/reports.$1"
}

judge() {
    local count
    count=$(find "$2" -type f -size +0 | wc -l)
    if [ "$count" -eq 0 ]; then
        tap ok "$1: no report"
    else
        find "$2" -type f -size +0 | sort | head -n 5 | while read -r file; do
            sed 's/^/# /' "$file" | head -n 60
        done
        tap 'not ok' "$1: processes with a report: $count"
    fi
}

both=()
others=()
for kind in "${kinds[@]}"; do
    case $kind in
        address | undefined) both+=("$kind") ;;
        *) others+=("$kind") ;;
    esac
done

if [ ${#both[@]} -gt 0 ]; then
    name=$(IFS=-; echo "${both[*]}")
    rust=-Cforce-frame-pointers=yes
    libraries=()
    case $name in *address*)
        rust+=' -Zsanitizer=address -Zexternal-clangrt'
        libraries+=(libasan.so)
        ;;
    esac
    case $name in *undefined*) libraries+=(libubsan.so) ;; esac
    build "$name" "$rust" "-fsanitize=$(IFS=,; echo "${both[*]}")"
    directory=$(reports "$name")
    preloaded "${libraries[@]}"
    # Beside AddressSanitizer it ignores its log_path. Its reports are then in httpd's error log, and
    # the child that ends fails the test.
    export UBSAN_OPTIONS=log_path=$directory/undefined:print_stacktrace=1:halt_on_error=1:abort_on_error=1
    export ASAN_OPTIONS=log_path=$directory/address:abort_on_error=1:detect_leaks=0
    # The control is the first of all. These two measure memory, which is not what it is here, and the clock
    # is moved by a library that does not start beside AddressSanitizer's.
    if [ ${#tests[@]} -gt 0 ]; then chosen=(start/sanitizers "${tests[@]}"); else
        mapfile -t chosen < <(cd tests && find t -name '*.t' | LC_ALL=C sort |
            grep -v -e start/memory.t -e start/restart_memory.t -e faults/clock.t)
    fi
    suite "$name" "${chosen[@]}"
    unset ASAN_OPTIONS UBSAN_OPTIONS
fi

for kind in ${others[@]+"${others[@]}"}; do
    directory=$(reports "$kind")
    case $kind in
        thread)
            build thread "-Zsanitizer=thread -Zexternal-clangrt -Cforce-frame-pointers=yes \
-Cunsafe-allow-abi-mismatch=sanitizer" -fsanitize=thread
            # Names that rustc's LLVM has for functions of the runtime, and an older gcc's runtime has not.
            "${CC:-gcc}" -shared -fPIC -fno-builtin -o "$work/libtsan_names.so" tests/sanitizers/tsan_names.c
            preloaded libtsan.so "$work/libtsan_names.so"
            # What code that is not built for it reads and writes is not looked at, nor what httpd
            # does in its handlers of signals.
            export TSAN_OPTIONS=log_path=$directory/thread:suppressions=$work/thread.supp:history_size=4\
:ignore_noninstrumented_modules=1:report_signal_unsafe=0:exitcode=0
            cp tests/sanitizers/thread.supp "$work"
            suite thread start/sanitizers "${tests[@]:-sessions/soak}"
            ;;
        memcheck)
            # As it is shipped: valgrind needs no build of its own.
            cmake -S . -B build > "$work/build.memcheck"
            cmake --build build --target mod_client_cert >> "$work/build.memcheck" 2>&1
            unset MODULE CLIENT_CERT_LIB
            plant '' ''
            cp tests/sanitizers/memcheck.supp "$work"
            wrapper "exec valgrind --quiet --num-callers=40 \\
            --log-file=\"\${TEST_MEMCHECK_LOG:-$directory}/memcheck.%p\" --suppressions=$work/memcheck.supp"
            if [ ${#tests[@]} -gt 0 ]; then chosen=("${tests[@]}"); else chosen=(forward/cms accept/basics); fi
            suite memcheck start/sanitizers "${chosen[@]}"
            ;;
    esac
done

echo "1..$number"
[ "$failed" -eq 0 ]
