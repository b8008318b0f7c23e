# SPDX-License-Identifier: Apache-2.0

# TTRPs that cannot sign: HAProxy and nginx send RFC 9440's Client-Cert, and the
# mutual TLS between them and the origin is what it is believed for. Without it, or
# from another peer, it is not.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Process;

trust_pki();
my $origin = accept_origin(accept => join "\n", 'ClientCertAccept rfc9440',
    'ClientCertTrust ' . pki('server-ca.crt'), 'ClientCertTrustName ttrp.example');

# Each has three ways to the origin: as the TTRP, as another server of the CA, and
# as nobody.
my %PEERS = ('' => 'accept-ttrp', other => 'accept-other', nobody => undef);

sub haproxy {
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'haproxy');
    my $backends = join '', map {
        my $pair = $PEERS{$_} ? 'crt ' . pki("$PEERS{$_}.pem") : '';
        "backend to-$_\n    server origin 127.0.0.1:$origin->{https} ssl verify required ca-file "
            . pki('server-ca.crt') . " sni str(localhost) verifyhost localhost $pair\n"
    } sort keys %PEERS;
    my $conf = spew($self->directory . '/haproxy.cfg', <<"CONF");
global
    maxconn 100
    tune.bufsize 65536
    tune.ssl.default-dh-param 2048
defaults
    mode http
    timeout connect 10s
    timeout client 30s
    timeout server 30s
frontend ttrp
    bind 127.0.0.1:$port ssl crt @{[ pki('accept-ttrp.pem') ]} ca-file @{[ pki('client-ca.crt') ]} verify optional
    http-request del-header Client-Cert
    http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used } { ssl_c_verify 0 }
    use_backend to-other if { path_beg /other/ }
    use_backend to-nobody if { path_beg /nobody/ }
    default_backend to-
$backends
CONF
    return $self->start($port, 'haproxy', '-db', '-f', $conf);
}

sub nginx {
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'nginx');
    my $directory = $self->directory;
    # $ssl_client_raw_cert is PEM; of nginx's own directives none makes the DER's
    # base64 of it, so njs does.
    spew("$directory/client_cert.js", <<'JS');
function header(r) {
    return r.variables.ssl_client_verify === 'SUCCESS'
        ? ':' + r.variables.ssl_client_raw_cert.replace(/-----[^-]+-----|\s/g, '') + ':' : '';
}
export default {header};
JS
    my $locations = join '', map {
        my $pair = $PEERS{$_} ? 'proxy_ssl_certificate ' . pki("$PEERS{$_}.crt") . ";\nproxy_ssl_certificate_key "
            . pki("$PEERS{$_}.key") . ';' : '';
        # nginx would resume a session that it began in another location, as the TTRP.
        $pair .= 'proxy_ssl_session_reuse off;' if $_;
        'location /' . ($_ && "$_/") . " {\nproxy_pass https://127.0.0.1:$origin->{https};\n$pair\n}\n"
    } sort keys %PEERS;
    # A line of its own, and so none that it would inherit but what docs/other-proxies.md says to repeat.
    $locations .= <<"CONF";
location /own/ {
    proxy_pass https://127.0.0.1:$origin->{https};
    proxy_set_header X-Own own;
    proxy_set_header Client-Cert \$client_cert;
    proxy_ssl_certificate @{[ pki('accept-ttrp.crt') ]};
    proxy_ssl_certificate_key @{[ pki('accept-ttrp.key') ]};
}
CONF
    my $conf = spew("$directory/nginx.conf", <<"CONF");
load_module /usr/lib/nginx/modules/ngx_http_js_module.so;
daemon off;
pid $directory/nginx-own.pid;
error_log $directory/error_log;
worker_processes 1;
events {}
http {
    access_log off;
@{[ map {"    ${_}_temp_path $directory/$_;\n"} qw(client_body proxy fastcgi uwsgi scgi) ]}
    js_path $directory;
    js_import client_cert.js;
    js_set \$client_cert client_cert.header;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate @{[ pki('accept-ttrp.crt') ]};
        ssl_certificate_key @{[ pki('accept-ttrp.key') ]};
        ssl_client_certificate @{[ pki('client-ca.crt') ]};
        ssl_verify_client optional;
        ssl_verify_depth 5;
        ssl_protocols TLSv1.2 TLSv1.3;
        proxy_ssl_protocols TLSv1.2 TLSv1.3;
        proxy_http_version 1.1;
        proxy_set_header Host localhost;
        proxy_set_header Client-Cert \$client_cert;
        proxy_ssl_trusted_certificate @{[ pki('server-ca.crt') ]};
        proxy_ssl_verify on;
        proxy_ssl_name localhost;
        proxy_ssl_server_name on;
        $locations
    }
}
CONF
    return $self->start($port, 'nginx', '-p', $directory, '-e', "$directory/error_log", '-c', $conf);
}

for (['HAProxy', \&haproxy], ['nginx', \&nginx]) {
    my ($what, $make) = @$_;
    subtest $what => sub {
        my $ttrp = eval { $make->() } or fail("$what starts: $@"), return;
        # HAProxy passes the client's Host on.
        my $through = sub { ask($ttrp->port, shift, sni => 'localhost', chain => 1, @_) };
        for my $client (qw(client-rsa client-p256 client-under)) {
            for my $tls ('1.2', '1.3') {
                my $response = $through->('/x', cert => $client, tls => $tls);
                is($response->status, 200, "TLS $tls, $client") or diag((error_lines($origin))[-1]);
                my $env = env_of($response) // {};
                is($env->{SSL_CLIENT_S_DN_CN}, $client, 'SSL_CLIENT_S_DN_CN');
                is($env->{SSL_CLIENT_CERT}, pem_of($client), 'SSL_CLIENT_CERT');
                is($env->{CLIENT_CERT_VERIFY}, 'SUCCESS', 'CLIENT_CERT_VERIFY');
                is($env->{CLIENT_CERT_SIGNER_S_DN}, 'CN=accept-ttrp,O=mod_client_cert tests', 'who says so');
                is($env->{CLIENT_CERT_SIGNING_TIME}, undef, 'nobody signed');
                is($env->{HTTP_CLIENT_CERT}, undef, 'no header');
            }
        }
        my $forged = sf_value('client-rsa');
        for my $name (qw(Client-Cert client-cert Client_Cert)) {
            my $response = $through->('/x', headers => [$name => $forged]);
            my $env = env_of($response) // {};
            is($env->{SSL_CLIENT_VERIFY}, 'NONE', "nobody, with a forged $name");
            is($env->{SSL_CLIENT_S_DN}, undef, 'is nobody');
            $response = $through->('/x', cert => 'client-p256', headers => [$name => $forged]);
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', "a client, with a forged $name");
        }
        for my $path ($what eq 'nginx' ? '/own/x' : ()) {
            my $response = $through->($path, headers => ['Client-Cert' => $forged]);
            my $env = env_of($response) // {};
            is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'a location with headers of its own');
            $response = $through->($path, cert => 'client-p256', headers => ['Client-Cert' => $forged]);
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', 'for a client, too');
        }
        for (['nobody', 'showed no certificate', 'without mutual TLS'],
            ['other', 'trusted names', 'by another peer']) {
            my ($path, $reason, $how) = @$_;
            my $response = $through->("/$path/x", cert => 'client-rsa');
            is($response->status, 403, $how);
            is(env_of($response), undef, 'nothing ran');
            like((error_lines($origin))[-1], qr/is refused: .*$reason/, 'the reason');
            is(env_of($through->("/$path/x"))->{SSL_CLIENT_VERIFY}, 'NONE', 'nobody is nobody there, too');
        }
    };
}

done_testing;
