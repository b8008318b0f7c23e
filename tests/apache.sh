#!/bin/sh
# SPDX-License-Identifier: Apache-2.0

# The Apache::Test suite: real httpd, real TLS.
#
#   tests/apache.sh [NAME ...]      all of them without a name
#
# A NAME is a file of t/ (t/forward/cms.t, forward/cms), a folder of it (forward), or
# a file's name alone (cms) where only one folder has it.
#
# Apache::Test refuses to run as root and writes into its own tree, so what it
# needs is copied to a temporary directory, and root hands that to an
# unprivileged user. Everything listens on 127.0.0.1, on ports that are free.
#
#   MODULE    the module under test (build/mod_client_cert.so)
#   CLIENT_CERT_LIB
#             the core as a library (target/release/libclient_cert.a)
#   KEEP=1    leave the temporary directory (a failure always does)

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
module=${MODULE:-$root/build/mod_client_cert.so}
library=${CLIENT_CERT_LIB:-${CARGO_TARGET_DIR:-$root/target}/release/libclient_cert.a}

# Every test, always in the same order. The other folders are the servers'.
all=$(cd "$root/tests" &&
    find t \( -path t/conf -o -path t/htdocs -o -path t/logs \) -prune -o -name '*.t' -print |
    LC_ALL=C sort)

# find_tests NAME: prints what it names. A name of none or of several is an error.
find_tests() {
    name=${1##*tests/t/}
    name=${name#./}
    name=${name#t/}
    name=${name%/}
    name=${name%.t}
    printf '%s\n' "$all" | awk -v name="$name" -v given="$1" '
        { every = every "\n  " $0 }
        $0 == "t/" name ".t" { file = $0 }
        index($0, "t/" name "/") == 1 { folder = folder $0 "\n" }
        name !~ "/" && substr($0, length($0) - length(name) - 2) == "/" name ".t" {
            last = $0; several = several "\n  " $0; count++
        }
        END {
            if (file) print file
            else if (folder) printf "%s", folder
            else if (count == 1) print last
            else {
                print "tests/apache.sh: " (count ? "more than one test is named " : "no test is named ") \
                    given ":" (count ? several : every)
                exit 2
            }
        }'
}

tests=
for name in "$@"; do
    found=$(find_tests "$name") || {
        echo "$found" >&2
        exit 2
    }
    tests="$tests $found"
done
# shellcheck disable=SC2086 # names of our own files, without spaces
tests=$(echo ${tests:-$all})

need() {
    command -v "$1" >/dev/null 2>&1 || {
        echo "tests/apache.sh: $1 is missing; install the package $2" >&2
        exit 2
    }
}
PATH=$PATH:/usr/sbin:/sbin
need apxs apache2-dev
need apache2 apache2
need openssl openssl
need curl curl
perl -MApache::Test -e1 2>/dev/null || need Apache::Test libapache2-mod-perl2
perl -MIO::Socket::SSL -MNet::SSLeay -e1 2>/dev/null || need Net::SSLeay libio-socket-ssl-perl
for file in "$module" "$library"; do
    [ -f "$file" ] || {
        echo "tests/apache.sh: $file is missing; cmake -S . -B build && cmake --build build" >&2
        exit 2
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-tests.XXXXXX")

suite=
privileged=

# Whatever a test that was killed left running: only processes whose pid files
# lie in our own directory.
stop_servers() {
    find "$work" -name '*.pid' 2>/dev/null | while read -r file; do
        pid=$(cat "$file" 2>/dev/null) || continue
        if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$work"; then
            kill "$pid" 2>/dev/null || true
            # httpd loses a signal that comes while it starts.
            for _ in 1 2 3 4 5 6 7 8 9 10; do
                sleep 0.5
                kill -0 "$pid" 2>/dev/null || break
            done
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
}

finish() {
    status=$?
    trap - EXIT INT TERM HUP PIPE
    for pid in $suite $privileged; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    stop_servers
    if [ "$status" -eq 0 ] && [ -z "${KEEP:-}" ]; then
        rm -rf "$work"
    else
        echo "tests/apache.sh: logs are in $work/tests/t/logs" >&2
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap 'exit 141' PIPE

cp -R "$root/tests" "$work/tests"
cp -R "$root/verifiers" "$root/vectors" "$work/"
cp "$module" "$work/mod_client_cert.so"
# What a test module is linked with.
mkdir "$work/core"
cp "$root/include/client_cert.h" "$library" "$work/core"
# Tables of the manual that a test goes by.
cp "$root/docs/known-headers.md" "$work/known-headers.md"

# An Envoy, for the test that has it in front of an origin.
case " $tests " in
    *' t/accept/other_ttrps.t '*)
        envoy=$("$root/tests/envoy.sh") && cp "$envoy" "$work/envoy"
        TEST_ENVOY=$work/envoy
        export TEST_ENVOY
        ;;
esac

# What verifiers/node needs.
case " $tests " in
    *' t/verifiers/node.t '*)
        modules=$("$root/tests/node_modules.sh") && cp -R "$modules" "$work/verifiers/node/node_modules"
        ;;
esac

# The clients of the soak: most of what they do is OpenSSL's, so they need no optimization.
case " $tests " in
    *' t/sessions/soak.t '* | *' t/fleet/rolling_renewal.t '*)
        PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin
        (cd "$root" && cargo build --quiet --locked --example soak)
        cp "${CARGO_TARGET_DIR:-$root/target}/debug/examples/soak" "$work/soak"
        TEST_SOAK=$work/soak
        export TEST_SOAK
        ;;
esac

# The environment that t/TEST, the tests and the configurations share.
TEST_HTTPD=$(command -v apache2)
TEST_HTTPD_MODULES=$(apxs -q LIBEXECDIR)
TEST_MODULE=$work/mod_client_cert.so
TEST_CORE=$work/core
TEST_KNOWN_HEADERS=$work/known-headers.md
TEST_PKI=$work/pki
TEST_HTDOCS=$work/tests/t/htdocs
TEST_VERIFIERS=$work/verifiers
# Spaces may stand in the value of `verify`, so it comes last.
TEST_LOG_FORMAT='id=%{X-Test-Id}i pid=%P status=%>s vhost=%v'\
' forward=%{client-cert-forward}n accept=%{client-cert-accept}n'\
' incoming=%{client-cert-incoming}n'\
' tls=%{SSL_PROTOCOL}x resumed=%{SSL_SESSION_RESUMED}x verify=%{SSL_CLIENT_VERIFY}x'
PERL5LIB=$work/tests/lib
export TEST_HTTPD TEST_HTTPD_MODULES TEST_MODULE TEST_CORE TEST_KNOWN_HEADERS TEST_PKI TEST_HTDOCS TEST_VERIFIERS \
    TEST_LOG_FORMAT PERL5LIB
ports=$(perl -MClientCertTest::Server=free_port -e 'print join " ", map { free_port() } 1 .. 6')
read -r TEST_TLS_PORT TEST_PLAIN_PORT TEST_ORIGIN_HTTPS TEST_ORIGIN_HTTP privileged_port apache_port <<EOP
$ports
EOP
export TEST_TLS_PORT TEST_PLAIN_PORT TEST_ORIGIN_HTTPS TEST_ORIGIN_HTTP
# Apache::Test would start itself again to raise a limit that we do not need.
APACHE_TEST_ULIMIT_SET=1
export APACHE_TEST_ULIMIT_SET

# The modules of the server that Apache::Test runs; it looks for an installed
# httpd's otherwise.
perl -MClientCertTest::Server=load_modules -e 'print load_modules()' >"$work/modules.conf"
echo "LoadModule client_cert_module $TEST_MODULE" >>"$work/modules.conf"

cd "$work/tests"
# In a subshell, which becomes the command.
run() { exec "$@"; }
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody: "$work"
    run() {
        exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
            env -u XDG_RUNTIME_DIR HOME="$work" "$@"
    }
fi
(run perl -MClientCertTest::PKI=make_all -e 'make_all()')

# What only root can set up: t/start/privileges.t skips itself otherwise.
if [ "$(id -u)" -eq 0 ]; then
    case " $tests " in
        *' t/start/privileges.t '*)
            TEST_PRIVILEGED_PORT=$privileged_port
            TEST_PRIVILEGED_DIRECTORY=$work/privileged
            export TEST_PRIVILEGED_PORT TEST_PRIVILEGED_DIRECTORY
            TEST_SERVERS=$work TEST_LOGS=$work PERL5LIB=$root/tests/lib \
                perl "$root/tests/privileged.pl" nobody &
            privileged=$!
            while [ ! -e "$work/privileged/ready" ]; do
                kill -0 "$privileged" 2>/dev/null || exit 1
                sleep 0.1
            done
            ;;
    esac
fi

status=0
# In the background: the shell acts on a signal while it waits, not before.
# shellcheck disable=SC2086 # names of our own files, without spaces
(run perl t/TEST -httpd "$TEST_HTTPD" -apxs "$(command -v apxs)" -httpd_conf "$work/modules.conf" \
    -servername localhost -port "$apache_port" $tests) &
suite=$!
wait "$suite" || status=$?
suite=

if [ "$status" -ne 0 ]; then
    for log in t/logs/error_log t/logs/servers/origin.*/error_log; do
        [ -f "$log" ] || continue
        echo "--- the end of $log"
        tail -n 40 "$log"
    done
fi
exit "$status"
