# SPDX-License-Identifier: Apache-2.0

# The middleware of verifiers/python: WSGI under mod_wsgi, ASGI under uvicorn.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

my $application = verifier('python/test/application.py');
trust_pki();
my %trust = (VERIFIER_ANCHORS => pki('server-ca.crt'), VERIFIER_NAMES => 'ttrp.example');

subtest 'WSGI: mod_wsgi' => sub {
    plan skip_all => 'mod_wsgi is missing (libapache2-mod-wsgi-py3)' if !-e "$ENV{TEST_HTTPD_MODULES}/mod_wsgi.so";
    # Without this module: only mod_ssl says who the peer is.
    my $port = free_port();
    my $origin = ClientCertTest::Server->new(
        name => 'wsgi', own => 0, env => \%trust, modules => load_modules() . load_modules('wsgi'),
        # The cryptography of Debian 13 is for one interpreter of a process, and that is the first.
        config => "WSGILazyInitialization On\nWSGIApplicationGroup %{GLOBAL}\n"
            . application_host($port, "    WSGIScriptAlias / $application"),
    )->start;
    check_application($port);
};

# It does not tell the application who the TLS peer is.
subtest 'ASGI: uvicorn' => sub {
    plan skip_all => 'uvicorn is missing (python3-uvicorn)' if system '/usr/bin/python3 -c "import uvicorn" 2>/dev/null';
    local @ENV{ keys %trust } = values %trust;
    my $start = sub {
        my ($name) = @_;
        my $port = free_port();
        my $server = ClientCertTest::Process->new(name => 'uvicorn');
        return $server->start($port, '/usr/bin/python3', '-m', 'uvicorn', '--app-dir', verifier('python/test'),
            '--host', '127.0.0.1', '--port', $port, '--http', 'h11', '--lifespan', 'off',
            '--ssl-certfile', pki('origin.crt'), '--ssl-keyfile', pki('origin.key'),
            '--ssl-ca-certs', pki('server-ca.crt'), '--ssl-cert-reqs', 2, "application:$name");
    };
    my ($usual, $without) = map { $start->($_) } qw(asgi asgi_without_peer);
    my ($ttrp, $usual_ttrp) = map { accept_ttrp($_->port) } $without, $usual;
    my $said = sub { my ($response) = @_; return $response->status == 200 ? $response->body : $response->status };
    my $hello = "hello CN=client-rsa,O=mod_client_cert tests\n";
    my %client = (sni => 'ttrp.test', cert => 'client-rsa');
    is($said->(ask($usual_ttrp->{port}, '/x', %client)), 403, 'without the peer it refuses');
    is($said->(ask($ttrp->{port}, '/x', %client)), $hello, 'unless it is told to do without');
    is($said->(ask($ttrp->{port}, '/x', sni => 'ttrp.test')), 401, 'absent');
    my ($captured) = ask($ttrp->{port}, '/capture/x', %client)->sent('Client-Cert');
    my $from = sub {
        my @headers = @_;
        return $said->(ask($without->port, '/x', cert => 'accept-ttrp', headers => \@headers));
    };
    is($from->('Client-Cert' => $captured), $hello, 'past the proxy: good');
    is($from->('Client-Cert' => $captured, 'client-cert' => $captured), 400, 'doubled');
    is($from->('Client_Cert' => $captured), 401, 'another name');
    is($from->('Client-Cert' => signed_value('accept-ttrp', 'client-rsa', age => 3600)), 403, 'stale');
    is($from->('Client-Cert' => signed_value('accept-ttrp', 'client-rsa', key => 'accept-user')), 403, 'forged');
    is($from->('Client-Cert' => signed_value('accept-user', 'client-rsa')), 403, 'foreign');
};

like(run_command('/usr/bin/python3', verifier('python/test/vectors.py'), '--quiet'), qr/\A\z/, 'every vector');

done_testing;
