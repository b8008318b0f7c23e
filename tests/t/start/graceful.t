# SPDX-License-Identifier: Apache-2.0

# A graceful restart picks up renewed files; requests in flight finish; sessions
# from before it are signed for by what there is now.

use ClientCertTest;
use ClientCertTest::TicketKeys;
use IO::Select;

my $file = pki("renewed.$$.pem");
my ($certificate, $key) = (pki("renewed.$$.crt"), pki("renewed.$$.key"));
END { unlink grep {defined} $file, $certificate, $key }

# Puts the named signer into the files that the configuration names.
sub renew {
    my ($name) = @_;
    spew($file, slurp(pki("$name.pem")));
    spew($certificate, slurp(pki("$name.chain")));
    spew($key, slurp(pki("$name.key")));
    return;
}

# Tickets outlive a restart by keys that stay; httpd's own session caches do not.
my $port = free_port();
renew('signer-p256');
my @hosts = map {
    server_config(
        port => $port, name => "$_->[0].test", lines => "ClientCertSigner $_->[1]\n",
        global => ticket_keys() . 'GracefulShutdownTimeout 30',
    );
} ['server', 'server'], ['file', $file], ['kept', 'server'];
$hosts[0] =~ s/^(SSLCertificateFile) .*/$1 $certificate/m;
$hosts[0] =~ s/^(SSLCertificateKeyFile) .*/$1 $key/m;
s/^.*?(?=<VirtualHost)//s for @hosts[1, 2];
my $server = ClientCertTest::Server->new(name => 'graceful', config => join '', @hosts);
$server->start;

my %client = (port => $port, cert => 'client-rsa');
is(signer(get('/', %client, sni => 'file.test')), 'signer-p256', 'from the file');

my @before;
for my $tls ('1.2', '1.3') {
    for my $sni ('server.test', 'kept.test') {
        my $client = client(%client, tls => $tls, sni => $sni);
        is(signer($client->request('/')), 'signer-p256', "TLS $tls, $sni: at first");
        push @before, { %client, tls => $tls, sni => $sni, session => $client->session };
        $client->close;
    }
}

# TLS 1.2, where nothing comes before the response but the response.
my $slow = client(%client, tls => '1.2', sni => 'file.test');
my $id = ClientCertTest::Client::next_id();
$slow->send("GET /slow/8 HTTP/1.1\r\nHost: file.test\r\nX-Test-Id: $id\r\n\r\n");
wait_for { backend_saw($id) };

renew('signer-p384');
ok($server->graceful, 'a graceful restart');
is(signer(get('/', %client, sni => 'file.test')), 'signer-p384', 'the renewed file');
is(signer(get('/', %client, sni => 'server.test')), 'signer-p384', 'the renewed certificate');
is(signer(get('/', %client, sni => 'kept.test')), 'signer-p256', 'one that was not');

for my $options (@before) {
    my $kept = $options->{sni} eq 'kept.test';
    my $client = client(%$options);
    my $response = $client->request('/');
    is($client->resumed ? 1 : 0, $kept ? 1 : 0, "TLS $options->{tls}, $options->{sni}: the old session "
        . ($kept ? 'resumes' : 'would have another signer, so it does not'));
    my $expected = $kept ? 'signer-p256' : 'signer-p384';
    is(signer($response), $expected, 'signed by what there is');
    is(forwarded($response), 'client-rsa', 'for the same client');
    is(name_of(pem_to_der($client->peer)), $expected, 'which is what the TTRP presented');
}

ok(!IO::Select->new($slow->{socket})->can_read(0), 'meanwhile the slow request is in flight');
my $response = $slow->response;
is($response->status, 200, 'it is answered');
is(signer($response), 'signer-p256', 'with the signer of its time');
$slow->close;

# Some restarts more, with requests in between.
for my $name (qw(signer-rsa2048 signer-ed25519 signer-p256)) {
    renew($name);
    ok($server->graceful, "$name: a graceful restart");
    my $cms = the_cms(get('/', %client, sni => 'file.test'));
    is(ref $cms ? name_of((cms_certificates($$cms))[0]) : $cms, $name, 'picked up');
}
unlike($server->said, qr/PRIVATE KEY|exit signal/, 'no key in the log, no child died');

done_testing;
