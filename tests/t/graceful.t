# SPDX-License-Identifier: Apache-2.0

# A graceful restart picks up renewed files; requests in flight finish.

use ClientCertTest;
use Time::HiRes qw(sleep time);

my $port = free_port();
my $file = pki("renewed.$$.pem");
my ($certificate, $key) = (pki("renewed.$$.crt"), pki("renewed.$$.key"));

# Puts the named signer into the files that the configuration names.
sub renew {
    my ($name) = @_;
    spew($file, slurp(pki("$name.pem")));
    spew($certificate, slurp(pki("$name.chain")));
    spew($key, slurp(pki("$name.key")));
    return;
}

renew('signer-p256');
my $config = server_config(
    port => $port, name => 'server.test', lines => "ClientCertSigner server\n",
    global => "SSLSessionTickets off\nGracefulShutdownTimeout 20",
);
$config =~ s/^(SSLCertificateFile) .*/$1 $certificate/m;
$config =~ s/^(SSLCertificateKeyFile) .*/$1 $key/m;
my $second = server_config(
    port => $port, name => 'file.test', lines => "ClientCertSigner $file\n",
);
$second =~ s/^Listen.*\n//m;
my $server = ClientCertTest::Server->new(name => 'graceful', config => "$config$second");
$server->start;

my %client = (port => $port, cert => 'client-rsa');
my %sessions;
for my $tls ('1.2', '1.3') {
    is(signer(get('/', %client, tls => $tls, sni => 'file.test')), 'signer-p256', 'from the file');
    my $client = client(%client, tls => $tls, sni => 'server.test');
    is(signer($client->request('/')), 'signer-p256', 'the server\'s');
    $sessions{$tls} = $client->session;
    $client->close;
}

my $slow = client(%client, sni => 'file.test');
my $id = ClientCertTest::Client::next_id();
$slow->send("GET /slow/4 HTTP/1.1\r\nHost: file.test\r\nX-Test-Id: $id\r\n\r\n");
wait_for { backend_saw($id) };

renew('signer-p384');
my $start = time;
ok($server->graceful, 'a graceful restart');
is(signer(get('/', %client, sni => 'file.test')), 'signer-p384', 'the renewed file');
is(signer(get('/', %client, sni => 'server.test')), 'signer-p384', 'the renewed certificate');

# The session cache outlives the restart, the key that signed does not.
for my $tls ('1.2', '1.3') {
    my $client = client(%client, tls => $tls, sni => 'server.test', session => $sessions{$tls});
    my $response = $client->request('/');
    is(signer($response), 'signer-p384', "TLS $tls: an old session is signed for by what there is");
    is(forwarded($response), 'client-rsa', 'for the same client');
    is(name_of(pem_to_der($client->peer)), 'signer-p384', 'which is what the TTRP presented');
}

ok(time - $start < 3.5, 'meanwhile the slow request is in flight');
my $response = $slow->response;
is($response->status, 200, 'it is answered');
is(signer($response), 'signer-p256', 'with the signer of its time');
$slow->close;

# Some restarts more, with requests in between.
for my $name (qw(signer-rsa2048 signer-ed25519 signer-p256)) {
    renew($name);
    ok($server->graceful, "$name: a graceful restart");
    my $response = get('/', %client, sni => 'file.test');
    my $cms = the_cms($response);
    is(ref $cms ? name_of((cms_certificates($$cms))[0]) : $cms, $name, 'picked up');
}
unlike($server->said, qr/PRIVATE KEY|exit signal/, 'no key in the log, no child died');
unlink $file, $certificate, $key;

done_testing;
