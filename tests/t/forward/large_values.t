# SPDX-License-Identifier: Apache-2.0

# A signer whose certificate makes values that many backends would refuse: the
# start warns, and the values are sent all the same.

use ClientCertTest;
use ClientCertTest::Raw 'recorder';

my $recorder = recorder();
my @names = ('*.test', map { sprintf 'name-%03d.of-a-rather-long-domain-to-fill-the-certificate.example', $_ } 1 .. 80);
issue(name => "signer-large-$$", as => 'server', ca => 'server-ca', names => \@names);

sub server {
    my ($signer, $certs) = @_;
    my $port = free_port();
    my $config = server_config(port => $port, signer => $signer,
        forward => "ClientCertForward cms\nClientCertSignerCerts $certs")
        =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr;
    my $server = ClientCertTest::Server->new(name => 'large', config => $config);
    $server->start;
    return ($server, get('/x', port => $port, sni => 'ttrp.test', cert => 'client-rsa'));
}

for (["signer-large-$$", 'signer', 1], ["signer-large-$$", 'none', 0], ['signer-p256', 'chain', 0]) {
    my ($signer, $certs, $warned) = @$_;
    my ($server, $response) = server($signer, $certs);
    my ($value) = map { $_->[1] } grep { lc $_->[0] eq 'client-cert' } @{ $response->{origin}{fields} // [] };
    is($response->status, 200, "$signer, $certs: answered");
    is(name_of(cms_verified(decode_cms($value), $certs eq 'none' ? ('-certfile', pki("$signer.crt")) : ())),
        'client-rsa', 'with a value that verifies');
    my $large = length($value) > 8000;
    is($large, $warned == 1, 'of ' . length($value) . ' bytes');
    my ($line) = $server->said =~ /^(.*headers of about .*)$/m;
    is(defined $line, $warned == 1, 'the start warns of it') or diag($line);
    like($line, qr/ClientCertSigner/, 'and says whose') if $line;
}

unlink glob pki("signer-large-$$.*");
done_testing;
