# SPDX-License-Identifier: Apache-2.0

# ClientCertForwardChain: Client-Cert-Chain (RFC 9440 section 2.3) holds what is
# between the leaf and the root, in TLS order.

use ClientCertTest;

# The names in the field, whether it came as one line or several.
sub chain {
    my ($response) = @_;
    my $list = join ', ', $response->sent('Client-Cert-Chain');
    return [map { name_of(decode_sf($_)) // 'no Byte Sequence' } split /[ \t]*,[ \t]*/, $list];
}

for my $tls ('1.2', '1.3') {
    my %client = (sni => 'ttrp.test', tls => $tls, chain => 1);
    my $response = get('/chain', %client, cert => 'client-deepest');
    is($response->status, 200, "TLS $tls: answered");
    is(name_of(decode_sf($response->sent('Client-Cert'))), 'client-deepest', 'the leaf by itself');
    is_deeply(chain($response), ['client-deeper', 'client-intermediate'],
        'two intermediates, the leaf\'s issuer first, no leaf, no root');
    is_deeply([$response->folded('Client-Cert-Chain')], ['Client-Cert-Chain'], 'one field');

    $response = get('/chain', %client, cert => 'client-under');
    is_deeply(chain($response), ['client-intermediate'], 'one intermediate');

    $response = get('/chain', %client, cert => 'client-rsa');
    is($response->status, 200, 'right below the root: answered');
    is_deeply([$response->folded('Client-Cert-Chain')], [], 'nothing to send, no field');

    $response = get('/chain', sni => 'ttrp.test', tls => $tls);
    is_deeply([$response->folded('Client-Cert-Chain')], [], 'no certificate, no field');

    $response = get('/chain/off', %client, cert => 'client-deepest');
    is(name_of(decode_sf($response->sent('Client-Cert'))), 'client-deepest',
        'off in a nested section: the leaf');
    is_deeply([$response->folded('Client-Cert-Chain')], [], 'without its chain');

    $response = get('/chain/cms', %client, cert => 'client-deepest');
    is(forwarded($response), 'client-deepest', 'on is inherited by a section with cms');
    is_deeply(chain($response), ['client-deeper', 'client-intermediate'], 'with the chain');
}

my $response = curl('/chain', cert => 'client-deepest');
is($response->{http}, '2', 'HTTP/2');
is_deeply(chain($response), ['client-deeper', 'client-intermediate'], 'the chain');

done_testing;
