# SPDX-License-Identifier: Apache-2.0

# TTRPs that cannot sign: HAProxy and nginx send RFC 9440's Client-Cert, and what is
# shorter to configure there, bare base64 and escaped PEM; Envoy sends its own header. The
# mutual TLS between them and the origin is what it is believed for. Without it, or from
# another peer, it is not.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Process;
use Digest::SHA 'sha256_hex';
use JSON::PP ();

trust_pki();
my %HEADER = (rfc9440 => 'Client-Cert', der => 'X-Client-Cert', 'escaped-pem' => 'X-SSL-Client-Cert',
    xfcc => 'X-Forwarded-Client-Cert');
my %ORIGIN = map {
    $_ => accept_origin(name => $_, accept => join "\n", "ClientCertAccept $_",
        'ClientCertTrust ' . pki('server-ca.crt'), 'ClientCertTrustName ttrp.example')
} sort keys %HEADER;

# What HAProxy and nginx make of a client's certificate.
my %HAPROXY = (rfc9440 => ':%[ssl_c_der,base64]:', der => '%[ssl_c_der,base64]');
my %NGINX = (rfc9440 => <<'JS_SET', 'escaped-pem' => <<'MAP');
    js_import client_cert.js;
    js_set $client_cert client_cert.header;
JS_SET
    map $ssl_client_verify $client_cert {
        SUCCESS $ssl_client_escaped_cert;
    }
MAP

# Each has three ways to the origin: as the proxy, as another server of the CA, and
# without a certificate.
my %PEERS = ('' => 'accept-ttrp', other => 'accept-other', nobody => undef);

sub haproxy {
    my ($format) = @_;
    my $origin = $ORIGIN{$format};
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
    http-request del-header $HEADER{$format}
    http-request set-header $HEADER{$format} $HAPROXY{$format} if { ssl_c_used } { ssl_c_verify 0 }
    use_backend to-other if { path_beg /other/ }
    use_backend to-nobody if { path_beg /nobody/ }
    default_backend to-
$backends
CONF
    return $self->start($port, 'haproxy', '-db', '-f', $conf);
}

sub nginx {
    my ($format) = @_;
    my $origin = $ORIGIN{$format};
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
    proxy_set_header $HEADER{$format} \$client_cert;
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
$NGINX{$format}    server {
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
        proxy_set_header $HEADER{$format} \$client_cert;
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

# One cluster for each way to the origin, which are three places to Envoy.
sub envoy {
    my ($format) = @_;
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'envoy');
    my $pair = sub {
        my ($name) = @_;
        return { certificate_chain => { filename => pki("$name.crt") }, private_key => { filename => pki("$name.key") } };
    };
    my $tls = sub {
        my ($context, %common) = @_;
        return {
            name => 'envoy.transport_sockets.tls',
            typed_config => {
                '@type' => "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.$context", %common,
            },
        };
    };
    my @clusters = map {
        my $name = $PEERS{$_};
        {
            name => "to-$_", connect_timeout => '10s', type => 'STATIC',
            load_assignment => { cluster_name => "to-$_", endpoints => [{ lb_endpoints => [{ endpoint => { address => {
                socket_address => { address => '127.0.0.1', port_value => $ORIGIN{$format}{https} } } } }] }] },
            transport_socket => $tls->('UpstreamTlsContext', sni => 'localhost', common_tls_context => {
                validation_context => {
                    trusted_ca => { filename => pki('server-ca.crt') },
                    match_typed_subject_alt_names => [{ san_type => 'DNS', matcher => { exact => 'localhost' } }],
                },
                ($name ? (tls_certificates => [$pair->($name)]) : ()),
            }),
        }
    } sort keys %PEERS;
    my @routes = map { { match => { prefix => $_ ? "/$_/" : '/' }, route => { cluster => "to-$_" } } }
        reverse sort keys %PEERS;
    my $manager = {
        '@type' => 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
        stat_prefix => 'ttrp',
        forward_client_cert_details => 'SANITIZE_SET',
        set_current_client_cert_details => { map { $_ => JSON::PP::true() } qw(cert subject uri dns) },
        route_config => { virtual_hosts => [{ name => 'all', domains => ['*'], routes => \@routes }] },
        http_filters => [{
            name => 'envoy.filters.http.router',
            typed_config => { '@type' => 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
        }],
    };
    my $listener = {
        address => { socket_address => { address => '127.0.0.1', port_value => $port } },
        filter_chains => [{
            filters => [{ name => 'envoy.filters.network.http_connection_manager', typed_config => $manager }],
            transport_socket => $tls->('DownstreamTlsContext', common_tls_context => {
                tls_certificates => [$pair->('accept-ttrp')],
                validation_context => { trusted_ca => { filename => pki('client-ca.crt') } },
            }),
        }],
    };
    my $conf = spew($self->directory . '/envoy.json', JSON::PP::encode_json(
        { static_resources => { listeners => [$listener], clusters => \@clusters } }));
    return $self->start($port, $ENV{TEST_ENVOY}, '-c', $conf, '--disable-hot-restart', '--concurrency', 1,
        '--log-level', 'warning');
}

# URIs in a client's certificate, which Envoy writes as they are, and why they are refused.
my @NAMES = (
    ['spiffe://example.org/a'], ['https://a.example/?b=c'],
    ['https://a.example/a,b', qr/more than one element/],
    ['urn:a;Hash=b', qr/Hash is there twice/],
    ['urn:a;Cert=b', qr/Cert is there twice/],
    ['urn:a,Hash=b;Cert=c', qr/more than one element/],
    ['urn:a"', qr/quotation mark or backslash is out of place/],
);

# As a client would forge it.
my %FORGED = (
    rfc9440 => sf_value('client-rsa'), der => sf_value('client-rsa') =~ tr/://dr,
    'escaped-pem' => pem_of('client-rsa') =~ s/([^A-Za-z0-9-])/sprintf '%%%02X', ord $1/ger,
);
$FORGED{xfcc} = 'Hash=' . sha256_hex(der_of('client-rsa')) . ";Cert=\"$FORGED{'escaped-pem'}\"";

for (
    ['HAProxy', \&haproxy, 'rfc9440'], ['HAProxy', \&haproxy, 'der'],
    ['nginx', \&nginx, 'rfc9440'], ['nginx', \&nginx, 'escaped-pem'], ['Envoy', \&envoy, 'xfcc'],
) {
    my ($what, $make, $format) = @$_;
    my ($origin, $header) = ($ORIGIN{$format}, $HEADER{$format});
    subtest "$what, $format" => sub {
        plan skip_all => 'Envoy cannot be had: tests/envoy.sh' if $what eq 'Envoy' && !-x ($ENV{TEST_ENVOY} // '');
        my $ttrp = eval { $make->($format) } or fail("$what starts: $@"), return;
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
                is($env->{CLIENT_CERT_SIGNING_TIME}, undef, 'not signed');
                is_deeply([grep {/^HTTP_.*CLIENT_CERT/} keys %$env], [], 'no header');
            }
        }
        my $forged = $FORGED{$format};
        for my $name ($header, lc $header, $header =~ tr/-/_/r) {
            my $response = $through->('/x', headers => [$name => $forged]);
            my $env = env_of($response) // {};
            is($env->{SSL_CLIENT_VERIFY}, 'NONE', "no client, with a forged $name");
            is($env->{SSL_CLIENT_S_DN}, undef, 'has no name');
            $response = $through->('/x', cert => 'client-p256', headers => [$name => $forged]);
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', "a client, with a forged $name");
        }
        for my $path ($what eq 'nginx' ? '/own/x' : ()) {
            my $response = $through->($path, headers => [$header => $forged]);
            my $env = env_of($response) // {};
            is($env->{SSL_CLIENT_VERIFY}, 'NONE', 'a location with headers of its own');
            $response = $through->($path, cert => 'client-p256', headers => [$header => $forged]);
            is(env_of($response)->{SSL_CLIENT_S_DN_CN}, 'client-p256', 'for a client, too');
        }
        # What a client can have a CA write into its certificate.
        for ($what eq 'Envoy' ? @NAMES : ()) {
            my ($uri, $reason) = @$_;
            my $client = issue(name => "envoy-client.$$", ca => 'client-ca', names => ['a.example'], uris => [$uri]);
            my $response = $through->('/x', cert => $client);
            is($response->status, $reason ? 400 : 200, $uri);
            like((error_lines($origin))[-1], $reason, 'the reason') if $reason;
            is((env_of($response) // {})->{SSL_CLIENT_S_DN_CN}, $reason ? undef : $client, 'who it is');
        }
        for (['nobody', 'presented no certificate', 'without mutual TLS'],
            ['other', 'trusted names', 'by another peer']) {
            my ($path, $reason, $how) = @$_;
            my $response = $through->("/$path/x", cert => 'client-rsa');
            is($response->status, 403, $how);
            is(env_of($response), undef, 'nothing ran');
            like((error_lines($origin))[-1], qr/is refused: .*$reason/, 'the reason');
            is(env_of($through->("/$path/x"))->{SSL_CLIENT_VERIFY}, 'NONE', 'no certificate is no client there, too');
        }
    };
}

done_testing;
