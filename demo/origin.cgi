#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The demo's application: it knows of no proxy, and reads what mod_ssl would have
# set had the visitor come directly. A browser has a page, all else plain text.

case "${HTTP_ACCEPT-}" in
    *text/html*) page=true ;;
    *) page=false ;;
esac
verified=false
[ "${SSL_CLIENT_VERIFY-}" != SUCCESS ] || verified=true
# httpd says this to the page of an error; its own status stays.
forbidden=false
[ "${REDIRECT_STATUS-}" != 403 ] || forbidden=true

sha256() {
    printf '%s\n' "$SSL_CLIENT_CERT" | openssl x509 -outform DER | sha256sum | cut -d ' ' -f 1
}

if ! $page; then
    printf 'Content-Type: text/plain\nVary: Accept\n\n'
    if $forbidden; then
        echo 'Forbidden:  for visitors with a verified certificate only'
        exit
    elif ! $verified; then
        echo 'Visitor:    unknown'
        exit
    fi
    cat <<END
Visitor:    $SSL_CLIENT_S_DN
Issued by:  $SSL_CLIENT_I_DN
User name:  $REMOTE_USER
SHA-256:    $(sha256)
Signed by:  $CLIENT_CERT_SIGNER_S_DN, at $CLIENT_CERT_SIGNING_TIME
END
    exit
fi

# Every value is somebody else's text.
escape() {
    printf '%s' "$1" | sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/\"/\&quot;/g; s/'/\&#39;/g"
}

# row NAME VALUE
row() {
    printf '<tr><th scope="row">%s</th><td>%s</td></tr>\n' "$1" "$(escape "$2")"
}

cat <<'END'
Content-Type: text/html; charset=utf-8
Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'
Cache-Control: no-store
Vary: Accept

<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who is the visitor?</title>
<style>
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --card: #fff;
    --back: #f3f5f8; --good: #14713d; --none: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #9aa6b6; --line: #333d4b;
    --card: #1b222c; --back: #12171e; --good: #4cc88a; --none: #e0ad4a } }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 3rem auto; padding: 0 1rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
    padding: 1.25rem 1.5rem; margin-bottom: 1.25rem }
h1 { font-size: 1.7rem; margin: .2rem 0 .3rem; overflow-wrap: anywhere }
h2 { font-size: 1.05rem; margin: 0 0 .6rem }
p { margin: .4rem 0 }
.state { font-weight: 600 }
.good { color: var(--good) }
.none { color: var(--none) }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .35rem 0; border-top: 1px solid var(--line) }
th { width: 9rem; font-weight: 400; color: var(--soft) }
td { overflow-wrap: anywhere }
tr:first-child > * { border-top: 0 }
li { margin: .25rem 0 }
a { color: inherit }
</style>
<main>
END
if $forbidden; then
    cat <<'END'
<section>
<p class="state none">403 Forbidden</p>
<h1>Members only</h1>
<p>This page is for visitors with a verified certificate, and your request came without one. The
application's server has refused it (<code>Require client-cert</code>).</p>
<p>To be Alice, import <code>alice.p12</code>, whose path the demo names, and close all windows of
the browser.</p>
</section>
END
elif $verified; then
    cat <<END
<section>
<p class="state good">&#10003; verified</p>
<h1>$(escape "${SSL_CLIENT_S_DN_CN:-$SSL_CLIENT_S_DN}")</h1>
<p>The proxy asked your browser for a certificate, and verified it. This application never saw that
connection. It knows you by what the proxy signed.</p>
</section>
<section>
<h2>Who you are</h2>
<table>
END
    row Subject "$SSL_CLIENT_S_DN"
    row 'Issued by' "$SSL_CLIENT_I_DN"
    row 'User name' "$REMOTE_USER"
    row 'Serial number' "$SSL_CLIENT_M_SERIAL"
    row Valid "$SSL_CLIENT_V_START to $SSL_CLIENT_V_END"
    row SHA-256 "$(sha256)"
    cat <<END
</table>
</section>
<section>
<h2>What was verified</h2>
<table>
END
    row 'Signed by' "$CLIENT_CERT_SIGNER_S_DN"
    row 'Signed at' "$CLIENT_CERT_SIGNING_TIME"
    row Result "$CLIENT_CERT_VERIFY"
    cat <<'END'
</table>
<ul>
<li>The header Client-Cert came once, and its signature is right.</li>
<li>The signer's certificate leads to the CA that this origin trusts, and has the name that may sign.</li>
<li>The signer is the very TLS peer of this connection: a value that was copied is refused.</li>
<li>The signature is fresh, and your certificate is within its validity.</li>
</ul>
</section>
END
else
    cat <<'END'
<section>
<p class="state none">no certificate</p>
<h1>Unknown visitor</h1>
<p>Your browser showed the proxy no certificate, so the proxy sent none. Whatever header you send
yourself, the proxy removes.</p>
<p>To be Alice, import <code>alice.p12</code>, whose path the demo names, and close all windows of
the browser.</p>
</section>
END
fi
cat <<'END'
<section>
<p><a href="/">/</a> is for everyone, <a href="/members">/members</a> only for visitors with a verified
certificate.</p>
</section>
</main>
END
