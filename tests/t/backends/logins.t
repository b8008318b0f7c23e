# SPDX-License-Identifier: Apache-2.0

# Applications that let a client in by a header of the proxy's: by single variables (PHP, uWSGI,
# Node, Python, Rack), by Tomcat's SSLValve, and by the rules of ASP.NET Core and Keycloak. No forged
# header lets a client in, nor a client as another.

use Digest::SHA qw(hmac_sha256 sha256);
use MIME::Base64 qw(decode_base64 encode_base64 encode_base64url);

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Raw qw(exchange recorder);

my $fpm = php_fpm();
my $tomcat = tomcat(users => [map {"CN=$_, O=mod_client_cert tests"} qw(client-rsa client-p256)]);
my $recorder = recorder();
my %backends = (
    'php-fpm' => "fcgi://127.0.0.1:@{[ $fpm->port ]}$fpm->{login}/",
    # Each must live as long as the test.
    map({ my ($name, $server, $scheme) = @$_; ($name => "$scheme://127.0.0.1:@{[ $server->port ]}/") }
        my @servers = (['uwsgi', uwsgi('login'), 'uwsgi'], ['python', login_server('py'), 'http'],
            ['node', login_server('js'), 'http'], ['rack', login_server('ru'), 'http'])),
);

my $pass = join "\n", map {"ProxyPass /$_/ $backends{$_}\nProxyPass /forgotten/$_/ $backends{$_}"} sort keys %backends;
my $ttrp = backend_ttrp(verify => 'optional_no_ca', lines => <<"LINES");
$pass
<LocationMatch "^/(php-fpm|uwsgi|python|node|rack)/">
    ClientCertForward off
    ClientCertForwardVariable X-SSL-Client-Verify SSL_CLIENT_VERIFY
    ClientCertForwardVariable X-SSL-Client-S-DN-CN SSL_CLIENT_S_DN_CN
    ClientCertForwardVariable X-Client-Thumbprint CLIENT_CERT_X5T_S256
</LocationMatch>
ProxyPass /tomcat/ http://127.0.0.1:@{[ $tomcat->port ]}/
ProxyPass /forgotten/tomcat/ http://127.0.0.1:@{[ $tomcat->port ]}/
<Location /tomcat/>
    ClientCertForward pem-spaces
</Location>
ProxyPass /asp.net/ http://127.0.0.1:$recorder->{http}/
<Location /asp.net/>
    ClientCertForward der
    ClientCertForward der X-ARR-ClientCert
</Location>
ProxyPass /keycloak/ http://127.0.0.1:$recorder->{http}/
<Location /keycloak/>
    ClientCertForward der X-Keycloak-Cert
    ClientCertForward pem-spaces
</Location>
LINES

# The usual recipe without the module, and what it lets through.
my $recipe_port = free_port();
my $recipe = ClientCertTest::Server->new(name => 'recipe', own => 0,
    modules => load_modules() . load_modules('proxy_uwsgi'),
    config => server_config(port => $recipe_port, verify => 'optional_no_ca', forward => $pass, lines => <<'LINES'));
    <LocationMatch "^/(php-fpm|uwsgi|python|node|rack)/">
        RequestHeader set X-SSL-Client-Verify "%{SSL_CLIENT_VERIFY}s"
        RequestHeader set X-SSL-Client-S-DN-CN "%{SSL_CLIENT_S_DN_CN}s"
    </LocationMatch>
LINES
$recipe->start;

my %client = (port => $ttrp->{tls_port}, sni => 'ttrp.test');

# What a backend says of a client: "hello NAME", or its status.
sub said { return $_[0]->status == 200 ? $_[0]->body =~ s/\n//gr : $_[0]->status }

my @FORGED = map { my $spell = $_; [map { $spell->($_) } 'X-SSL-Client-Verify', 'X-SSL-Client-S-DN-CN', 'X-Client-Thumbprint'] }
    sub { $_[0] }, sub { lc $_[0] }, sub { $_[0] =~ tr/-/_/r }, sub { $_[0] =~ tr/-/./r }, sub { uc $_[0] =~ tr/-/_/r };

sub forged {
    my ($verify, $name, $thumbprint) = @{ $_[0] };
    return [$verify => 'SUCCESS', $name => 'admin', $thumbprint => 'x' x 43,
        $verify => 'SUCCESS', $name => 'admin', Connection => "close;$verify, $name"];
}

for my $backend (sort keys %backends) {
    subtest "$backend: by single variables" => sub {
        for my $name (qw(client-rsa client-p256)) {
            is(said(get("/$backend/", %client, cert => $name)), "hello $name", "$name is let in");
            is(said(get("/$backend/", %client, cert => $name, headers => forged($_))), "hello $name",
                "and stays $name: $_->[1]") for @FORGED;
        }
        for my $nobody (undef, qw(client-self client-foreign)) {
            my $who = $nobody // 'no certificate';
            for my $path ("/$backend/", "/forgotten/$backend/") {
                is(said(get($path, %client, cert => $nobody)), 401, "$who: $path");
                is(said(get($path, %client, cert => $nobody, headers => forged($_))), 401, "forged: $_->[1]") for @FORGED;
            }
        }
        is(said(curl("/$backend/", %client, cert => 'client-rsa', headers => ['X-SSL-Client-S-DN-CN' => 'admin'])),
            'hello client-rsa', 'HTTP/2');
        is(said(curl("/$backend/", %client, headers => ['X-SSL-Client-S-DN-CN' => 'admin', 'X-SSL-Client-Verify' => 'SUCCESS'])),
            401, 'HTTP/2, forged');
        my ($statuses) = exchange("POST /$backend/ HTTP/1.1\r\nHost: ttrp.test\r\nTransfer-Encoding: chunked\r\n"
            . "Trailer: X-SSL-Client-Verify\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n"
            . "X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-S-DN-CN: admin\r\n\r\n", %client, tls => '1.3');
        is_deeply([grep { $_ == 200 } @$statuses], [], 'trailers');
        # TLS 1.2: mod_ssl says SUCCESS of this client when its session resumes.
        my $full = client(%client, tls => '1.2', cert => 'client-self');
        is(said($full->request("/$backend/")), 401, 'an unverified one');
        my $session = $full->session;
        $full->close;
        my $again = client(%client, tls => '1.2', cert => 'client-self', session => $session);
        is(said($again->request("/$backend/")), 401, 'nor when its session resumes');
        ok($again->resumed, 'which it does');

        # So that a test that lets no client in is seen.
        my %unguarded = (%client, port => $recipe_port);
        is(said(get("/$backend/", %unguarded, cert => 'client-rsa')), 'hello client-rsa', 'mod_headers\' recipe');
        is(said(get("/forgotten/$backend/", %unguarded, headers => ['X-SSL-Client-Verify' => 'SUCCESS',
            'X-SSL-Client-S-DN-CN' => 'admin'])), 'hello admin', 'lets any client in where a section was forgotten');
        $full = client(%unguarded, tls => '1.2', cert => 'client-self');
        is(said($full->request("/$backend/")), 401, 'not an unverified one');
        $session = $full->session;
        $full->close;
        is(said(client(%unguarded, tls => '1.2', cert => 'client-self', session => $session)->request("/$backend/")),
            'hello client-self', 'but when its session resumes');
    };
}

# RFC 8705: the token of one client is of no use to another.
sub token {
    my ($name) = @_;
    my $payload = encode_base64url('{"sub":"x","cnf":{"x5t#S256":"' . encode_base64url(sha256(der_of($name))) . '"}}');
    return "Bearer $payload." . encode_base64url(hmac_sha256($payload, "a key of the token's issuer"));
}

for my $backend (qw(python uwsgi)) {
    subtest "$backend: certificate-bound tokens" => sub {
        my $thumbprint = encode_base64url(sha256(der_of('client-rsa')));
        for my $name (qw(client-rsa client-p256)) {
            for my $of (qw(client-rsa client-p256)) {
                for my $forged ([], ['X-Client-Thumbprint' => $thumbprint], ['x_client_thumbprint' => $thumbprint]) {
                    is(said(get("/$backend/", %client, cert => $name, headers => [Authorization => token($of), @$forged])),
                        $name eq $of ? "hello $name" : 401, "the token of $of, sent by $name" . (@$forged ? ', forged' : ''));
                }
            }
        }
    };
}

subtest 'Tomcat: SSLValve' => sub {
    my $pem = openssl('x509', '-in', pki('client-rsa.crt')) =~ s/\n\z//r =~ tr/\n/ /r;
    my $escaped = join '', map { sprintf '%%%02X', ord } split //, slurp(pki('client-rsa.crt'));
    # How Tomcat says who is let in, and by which certificate.
    my $user = sub {
        my ($response) = @_;
        my $origin = $response->{origin} or return $response->status;
        return join ' ', $origin->{user}, map { name_of(decode_base64($_)) } @{ $origin->{certificates} };
    };
    for my $name (qw(client-rsa client-p256)) {
        is($user->(get('/tomcat/', %client, cert => $name)), "CN=$name, O=mod_client_cert tests $name", "$name is let in");
    }
    is($user->(get('/tomcat/', %client, cert => 'client-under', chain => 1)), 401, 'one that Tomcat does not know');
    # SSLValve reads nginx's header too, and first.
    for my $header (qw(SSL_CLIENT_CERT ssl_client_cert ssl-client-cert Ssl.Client.Cert)) {
        my @forged = (headers => [$header => $pem, $header => $pem, Connection => "close;$header"]);
        is($user->(get('/tomcat/', %client, cert => 'client-p256', @forged)), 'CN=client-p256, O=mod_client_cert tests client-p256',
            "not as another: $header");
        for my $path ('/tomcat/', '/forgotten/tomcat/') {
            is($user->(get($path, %client, @forged)), 401, "$path: no client");
            is($user->(get($path, %client, cert => 'client-self', @forged)), 401, 'nor one that is not verified');
        }
    }
    for my $header (qw(SSL_CLIENT_ESCAPED_CERT ssl_client_escaped_cert)) {
        my @forged = (headers => [$header => $escaped]);
        is($user->(get('/tomcat/', %client, cert => 'client-p256', @forged)), 'CN=client-p256, O=mod_client_cert tests client-p256',
            "not as another: $header");
        is($user->(get($_, %client, @forged)), 401, "$_: no client") for '/tomcat/', '/forgotten/tomcat/';
    }
    # Without the proxy, SSLValve believes it.
    my $direct = get('/', port => $tomcat->port, tls => 0, headers => ['SSL_CLIENT_CERT' => $pem]);
    is($user->($direct), 'CN=client-rsa, O=mod_client_cert tests client-rsa', 'as it would: straight to Tomcat');
};

# ASP.NET Core's CertificateForwarding: the values of the header, joined by commas, by
# Convert.FromBase64String(): white space is left out, padding is needed.
sub asp_net {
    my $text = join(',', @_) =~ s/[ \t\r\n]//gr;
    return $text =~ m{\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z} && length $text
        ? decode_base64($text) : undef;
}

# Keycloak's look-ups for Apache and HAProxy: the first value, without quotation marks around it; of
# a PEM what is between its lines; white space is left out.
sub keycloak {
    my $text = shift // '';
    $text =~ s/\A"(.*)"\z/$1/s;
    $text =~ s/-----(?:BEGIN|END) CERTIFICATE-----//g;
    $text =~ s/\s//g;
    return $text =~ m{\A[A-Za-z0-9+/]+=*\z} && length($text) % 4 == 0 ? decode_base64($text) : undef;
}

for (['asp.net', \&asp_net, 'X-Client-Cert', 'X-ARR-ClientCert'], ['keycloak', \&keycloak, 'X-Keycloak-Cert', 'SSL_CLIENT_CERT']) {
    my ($path, $decode, @headers) = @$_;
    subtest "$path, by its rules" => sub {
        my $forged = encode_base64(der_of('client-rsa'), '');
        for my $header (@headers) {
            my $read = sub {
                my ($response) = @_;
                my @values = map { $_->[1] } grep { lc $_->[0] eq lc $header } @{ $response->{origin}{fields} };
                return $decode->(@values);
            };
            for my $name (qw(client-rsa client-p256 client-under)) {
                is($read->(get("/$path/", %client, cert => $name, chain => 1)), der_of($name), "$header: $name, byte for byte");
            }
            for my $spelling ($header, lc $header, $header =~ tr/-/_/r, $header =~ tr/_/-/r) {
                my @forge = (headers => [$spelling => $forged, $spelling => $forged]);
                is($read->(get("/$path/", %client, cert => 'client-p256', @forge)), der_of('client-p256'),
                    "$spelling: not as another");
                is($read->(get("/$path/", %client, @forge)), undef, 'no client');
                is($read->(get("/$path/", %client, cert => 'client-self', @forge)), undef, 'nor one that is not verified');
            }
        }
    };
}

done_testing;
