# SPDX-License-Identifier: Apache-2.0

# ClientCertForward cms: the origin receives one Client-Cert, the base64 of a
# CMS SignedData with exactly the client's certificate in it, signed by the
# certificate that terminated the client's TLS and that the origin saw as its
# peer.

use ClientCertTest;

sub check {
    my ($what, $response, $client, $presented) = @_;
    subtest $what => sub {
        is($response->status, 200, 'answered');
        my @values = $response->sent('Client-Cert');
        is(scalar @values, 1, 'one Client-Cert') or return;
        is_deeply([$response->folded('Client-Cert')], ['Client-Cert'], 'under no other name');
        my $cms = decode_cms($values[0]);
        ok(defined $cms, 'padded base64 on one line') or return;

        is(forwarded($response), $client,
            'verified by openssl, the content being the client\'s certificate');
        is(forwarded($response, undef, '-cades'), $client, '-cades');
        ok(cms_reencoded($cms) eq $cms, 'DER to the letter');

        my $signer = signer($response);
        is($signer, name_of(pem_to_der($presented)), 'the signer is what the TTRP presented')
            if $presented;
        is($signer, name_of(pem_to_der($response->{origin}{peer})), 'and the origin\'s TLS peer');
        my @inside = cms_certificates($cms);
        is_deeply([map { name_of($_) } sort @inside], [map { name_of($_) } @inside], 'SET OF order');
        is_deeply([sort map { name_of($_) } @inside], ['server-intermediate', 'ttrp'],
            'the signer and its intermediate, without the root');

        like(logged($response)->{forward}, qr/^(?:signed|reused)$/, 'the note says so');
    };
}

for my $tls ('1.2', '1.3') {
    for my $name (qw(client-rsa client-p256)) {
        my $response = get('/cms', sni => 'ttrp.test', tls => $tls, cert => $name);
        check("TLS $tls, HTTP/1.1, $name", $response, $name, $response->{peer});
        $response = curl('/cms', sni => 'ttrp.test', tls => $tls, cert => $name);
        is($response->{http}, '2', 'HTTP/2 it is');
        check("TLS $tls, HTTP/2, $name", $response, $name);
    }

    my $response = get('/cms', sni => 'ttrp.test', tls => $tls, cert => 'client-under', chain => 1);
    check("TLS $tls, a client under an intermediate", $response, 'client-under', $response->{peer});

    $response = get('/cms', sni => 'ttrp.test', tls => $tls);
    is($response->status, 200, "TLS $tls, no client certificate: answered");
    is_deeply([$response->folded('Client-Cert')], [], 'no header');
    is(logged($response)->{forward}, 'none', 'the note says none');
}

subtest 'keep-alive: every request has it' => sub {
    my $client = client(sni => 'ttrp.test', cert => 'client-rsa');
    for (1 .. 5) {
        my $response = $client->request('/cms');
        is(forwarded($response), 'client-rsa', "request $_");
    }
};

subtest 'several requests on one HTTP/2 connection' => sub {
    my @responses = curl([map {"/cms?$_"} 1 .. 5], cert => 'client-p256');
    is(scalar @responses, 5, 'all answered');
    is(forwarded($_), 'client-p256', 'forwarded') for @responses;
};

subtest 'a request with a body' => sub {
    my $response = get('/cms', sni => 'ttrp.test', cert => 'client-rsa', method => 'POST',
        body => 'x' x 100_000);
    is($response->{origin}{method}, 'POST', 'arrives');
    is(forwarded($response), 'client-rsa', 'with the header');
};

subtest 'the signed attributes' => sub {
    my $response = get('/cms', sni => 'ttrp.test', cert => 'client-rsa');
    my ($value) = $response->sent('Client-Cert');
    my (undef, $order) = $value ? signed_attributes(decode_cms($value)) : ();
    is_deeply([sort @{ $order // [] }], [sort qw(
        2a864886f70d010903 2a864886f70d010904 2a864886f70d010905
        2a864886f70d010910022f 2a864886f70d010934
    )], 'contentType, messageDigest, signingTime, signingCertificateV2, CMSAlgorithmProtection');
};

subtest 'ClientCertForward cms HEADER' => sub {
    my $response = get('/named', sni => 'ttrp.test', cert => 'client-rsa');
    is_deeply([$response->folded('Client-Cert')], [], 'no Client-Cert');
    is(forwarded($response, 'X-Client-Identity'), 'client-rsa', 'one X-Client-Identity');
};

done_testing;
