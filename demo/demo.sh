#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh [--once]: a TTRP and two origins, all real httpd, on free ports of
# 127.0.0.1, and the requests that show what mod_client_cert does. Stays up
# until Ctrl-C; with --once it ends by itself. Exits 0 if every step went as
# it should.
set -euo pipefail

once=false
case "${1-}" in
    --once) once=true ;;
    '') ;;
    *)
        echo "usage: demo.sh [--once]" >&2
        exit 2
        ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
apxs=${APXS:-apxs}
modules=$("$apxs" -q LIBEXECDIR)
httpd=$("$apxs" -q SBINDIR)/$("$apxs" -q PROGNAME)
module=${MODULE:-$here/../build/mod_client_cert.so}
module=$(cd "$(dirname "$module")" && pwd)/mod_client_cert.so

unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
umask 022

top=$(mktemp -d "${TMPDIR:-/tmp}/client-cert-demo.XXXXXX")
pki=$top/pki
pids=()

stop_servers() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=()
}

clean_up() {
    trap '' INT TERM HUP
    stop_servers
    rm -rf "$top"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Certificates and configuration ------------------------------------------

mkdir "$pki" "$top/ttrp" "$top/origin" "$top/neighbour"
"$here/pki.sh" "$pki"
chmod 644 "$pki/clients-ca.pem" "$pki/servers-ca.pem"
cp "$here/origin.cgi" "$top/origin/origin.cgi"
cp "$here/neighbour.cgi" "$top/neighbour/neighbour.cgi"

# As root, the servers give up their privileges once they have read their keys.
identity=
if [ "$(id -u)" -eq 0 ]; then
    identity=$'User www-data\nGroup www-data'
    chmod 711 "$top"
fi

free_ports() {
    perl -MIO::Socket::INET -e '
        # All are held until all are known: no port is given out twice.
        my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die "no free port: $!" } 1 .. 3;
        print join(" ", map { $_->sockport } @sockets), "\n";'
}

# configure SERVER PORT
configure() {
    local server=$1 port=$2 template
    for template in httpd "$server"; do
        IDENTITY=$identity perl -pe '
            BEGIN { ($dir, $port, $ttrp_port, $origin_port, $neighbour_port, $modules, $module, $pki) = splice @ARGV, 0, 8 }
            s/\@DIR\@/$dir/g; s/\@PORT\@/$port/g; s/\@TTRP_PORT\@/$ttrp_port/g; s/\@ORIGIN_PORT\@/$origin_port/g;
            s/\@NEIGHBOUR_PORT\@/$neighbour_port/g;
            s/\@MODULES\@/$modules/g; s/\@MODULE\@/$module/g; s/\@PKI\@/$pki/g; s/\@IDENTITY\@/$ENV{IDENTITY}/g;' \
            "$top/$server" "$port" "$ttrp_port" "$origin_port" "$neighbour_port" "$modules" "$module" "$pki" \
            "$here/$template.conf.in" > "$top/$server/$template.conf"
    done
    echo "Include \"$top/$server/$server.conf\"" >> "$top/$server/httpd.conf"
}

# start SERVER PORT: true once it listens.
start() {
    local server=$1 port=$2 pid
    # In a session of its own: httpd takes a terminal's SIGWINCH for "stop".
    setsid "$httpd" -d "$top/$server" -f "$top/$server/httpd.conf" -DFOREGROUND \
        < /dev/null > "$top/$server/start.log" 2>&1 &
    pid=$!
    pids+=("$pid")
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 1
        if [ -s "$top/$server/httpd.pid" ] && (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

# A free port may be taken by another process before httpd has it.
for attempt in 1 2 3; do
    read -r ttrp_port origin_port neighbour_port < <(free_ports)
    configure ttrp "$ttrp_port"
    configure origin "$origin_port"
    configure neighbour "$neighbour_port"
    if start origin "$origin_port" && start neighbour "$neighbour_port" && start ttrp "$ttrp_port"; then
        break
    fi
    stop_servers
    if [ "$attempt" -eq 3 ] || ! grep -q 'could not bind' "$top"/*/*.log; then
        echo 'The servers did not start:' >&2
        find "$top" -name '*.log' -exec cat {} + >&2
        exit 1
    fi
done

# --- Requests -----------------------------------------------------------------

steps=0
wrong=0

ttrp=https://localhost:$ttrp_port
origin=https://localhost:$origin_port
as_alice=(--cert alice.pem --key alice.key)
cd "$pki"

# request ARGUMENT...: shows the command, and leaves the answer in $body and
# its status in $status.
request() {
    local arguments=(--cacert servers-ca.pem "$@") argument
    printf '  $ curl'
    for argument in "${arguments[@]}"; do
        if [ ${#argument} -gt 500 ]; then
            argument="${argument:0:40}..."
        fi
        case $argument in
            *' '*) argument="'$argument'" ;;
        esac
        printf ' %s' "$argument"
    done
    echo
    body=$(curl -q --silent --show-error --max-time 20 --write-out '\n%{http_code}' \
        "${arguments[@]}" 2>&1) || true
    status=${body##*$'\n'}
    body=${body%$'\n'*}
    body=${body%$'\n'}
    sed 's/^/  | /; s/\(.\{100\}\).*/\1.../' <<< "$body"
}

# expect STATUS PATTERN NOTES MEANING: the answer matches the shell's PATTERN;
# what the TTRP logged matches NOTES, which is empty if it had no such request. Then
# the origin's error log says why it refused.
logged=0
expect() {
    local right=true notes=
    # shellcheck disable=SC2053 # a pattern is what is wanted
    [ "$status" = "$1" ] && [[ $body == $2 ]] || right=false
    if [ -n "$3" ]; then
        # httpd writes the line after the client has its answer.
        logged=$((logged + 1))
        for _ in $(seq 50); do
            notes=$(sed -n "${logged}s/^.*\" [0-9]* //p" "$top/ttrp/access.log")
            [ -z "$notes" ] || break
            sleep 0.1
        done
        echo "  the TTRP's log: $notes"
        # shellcheck disable=SC2053
        [[ $notes == $3 ]] || right=false
    else
        notes=$(sed -n 's/.*the forwarded client certificate is refused: //p' "$top/origin/error.log" | tail -n 1)
        echo "  the origin's log: refused, $notes"
    fi
    steps=$((steps + 1))
    if $right; then
        echo "  as it should be: $4"
    else
        wrong=$((wrong + 1))
        echo "  WRONG (status $status): it should be that $4"
    fi
    echo
}

alice_sha256=$(openssl x509 -in alice.pem -outform DER | sha256sum | cut -d ' ' -f 1)

for server in ttrp origin; do
    echo "The configuration of the $server, the file as it is in use:"
    echo
    sed 's/^/    /' "$top/$server/$server.conf"
    echo
done
echo "The TTRP listens at $ttrp, the origin at $origin."
echo 'The origin answers what it knows about the visitor. The commands below are run in'
echo "$pki."
echo

echo '1. Alice has a certificate. The TTRP checks it, signs it and sends it along;'
echo '   the origin verifies the signature, and that the signer is its TLS peer.'
request "${as_alice[@]}" "$ttrp/"
expect 200 "*Visitor: *CN=Alice,O=Demo*User name: *Alice*SHA-256: *$alice_sha256*Signed by: *CN=ttrp*" \
    'client-cert-forward=signed client-cert-incoming=-' \
    "the application has Alice's certificate, byte for byte, as though she had come directly"

echo '2. Somebody without a certificate.'
request "$ttrp/"
expect 200 'Visitor: *unknown' \
    'client-cert-forward=none client-cert-incoming=-' \
    'there is no header, and no visitor: least of all the TTRP itself'

echo '3. A page for clients with a certificate (Require client-cert): Alice, then somebody else.'
request "${as_alice[@]}" "$ttrp/members"
expect 200 "*Visitor: *CN=Alice,O=Demo*" \
    'client-cert-forward=@(signed|reused) client-cert-incoming=-' \
    'she may read it'
request "$ttrp/members"
expect 403 '*Forbidden*' \
    'client-cert-forward=none client-cert-incoming=-' \
    'nobody else may'

echo '4. Another origin behind the same TTRP, the neighbour, keeps what the TTRP signed for'
echo '   Alice: for the attacks below.'
request "${as_alice[@]}" "$ttrp/neighbour"
expect 200 'MII*' \
    'client-cert-forward=@(signed|reused) client-cert-incoming=-' \
    'the value is base64 on one line'
value=$body

echo "5. Spoofed: a client without a certificate sends Alice's signed value."
request --header "Client-Cert: $value" "$ttrp/"
expect 200 'Visitor: *unknown' \
    'client-cert-forward=none client-cert-incoming=stripped' \
    'the TTRP removed the header'

echo '6. The same in spellings that some backends take for the real name.'
request --header "Client_Cert: $value" --header "client.cert: $value" "$ttrp/"
expect 200 'Visitor: *unknown' \
    'client-cert-forward=none client-cert-incoming=stripped' \
    'the TTRP removed those, too'

echo '7. Alice sends a forged header of her own, and asks the TTRP to drop the real one.'
request "${as_alice[@]}" --header 'Client-Cert: forged' --header 'Connection: Client-Cert' "$ttrp/"
expect 200 "*SHA-256: *$alice_sha256*" \
    'client-cert-forward=@(signed|reused) client-cert-incoming=stripped' \
    'the origin has the one that the TTRP signed'

echo "8. Replayed: the neighbour goes to the origin directly, with Alice's signed value."
request --cert neighbour.pem --header "Client-Cert: $value" "$origin/"
expect 403 '*Forbidden*' '' \
    'the origin refuses: the signer is not the TLS peer'

echo '9. The neighbour signs for itself that it speaks for Alice. Its certificate is of the'
echo '   CA that the origin trusts, and it is the TLS peer.'
openssl x509 -in alice.pem -outform DER -out alice.der
own=$(openssl cms -sign -binary -nodetach -nosmimecap -md sha256 -in alice.der -signer neighbour.pem \
    -outform DER | openssl base64 -A)
request --cert neighbour.pem --header "Client-Cert: $own" "$origin/"
expect 403 '*Forbidden*' '' \
    'the origin refuses: its name is not one that may say so'

echo '10. Tampered: even from the TTRP itself, a value of which one bit was changed.'
tampered=$(printf %s "$value" | perl -MMIME::Base64 -0777 -ne '
    my $der = decode_base64($_);
    substr($der, -1) ^= "\1";
    print encode_base64($der, "");')
request --cert ttrp.pem --header "Client-Cert: $tampered" "$origin/"
expect 403 '*Forbidden*' '' \
    'the origin refuses: the signature is wrong'

if [ "$wrong" -ne 0 ]; then
    echo "The TTRP's error log:"
    sed 's/^/    /' "$top/ttrp/error.log"
    echo "The origin's error log:"
    sed 's/^/    /' "$top/origin/error.log"
    echo
fi
echo "$((steps - wrong)) of $steps steps went as they should."

if ! $once; then
    cat <<END

The servers stay up until Ctrl-C. In a browser:

    $ttrp/

It says who the visitor is. The browser warns of the demo's own CA ($pki/servers-ca.pem), and
has a certificate to show once it has imported $pki/alice.p12 (the password is "demo").

To try more:

    cd $pki
    curl --cacert servers-ca.pem --cert alice.pem --key alice.key $ttrp/
    curl --cacert servers-ca.pem $ttrp/
    curl --cacert servers-ca.pem --cert alice.pem --key alice.key $ttrp/members

The configurations and the logs are in $top/ttrp, $top/origin and $top/neighbour.
END
    # Ctrl-C is how the demo is meant to end.
    trap 'echo; exit $((wrong != 0))' INT
    wait -n "${pids[@]}" || true
    echo 'A server ended by itself:' >&2
    cat "$top"/*/error.log >&2
    exit 1
fi
[ "$wrong" -eq 0 ]
