# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::UnsignedFormat;

# What holds for every format that is not signed and has a header of its own.

use strict;
use warnings;

use Exporter 'import';

use ClientCertTest;
use ClientCertTest::Raw 'recorder';

our @EXPORT = qw(forwards_format);

sub received {
    my ($name, $response) = @_;
    return [map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $response->{origin}{fields} // [] }];
}

# format => its NAME, header => its usual one, other => another, spellings => [of the usual one],
# expected => sub (certificate's NAME) that makes the value, form => what it looks like.
sub forwards_format {
    my (%the) = @_;
    my ($header, $expected) = @the{qw(header expected)};
    my $recorder = recorder();
    my $port = free_port();
    my $server = ClientCertTest::Server->new(name => $the{format}, config => server_config(
        port => $port, forward => "ClientCertForward $the{format}", lines => <<"LINES"
    ProxyPass /named http://127.0.0.1:$recorder->{http}/named
    <Location /named>
        ClientCertForward $the{format} $the{other}
        ClientCertForward rfc9440
    </Location>
LINES
    ) =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$recorder->{http}/}mr);
    $server->start;

    my %client = (port => $port, sni => 'ttrp.test');
    for my $name (qw(client-rsa client-p256)) {
        my $response = get('/x', %client, cert => $name);
        is_deeply(received($header, $response), [$expected->($name)], "$name: the value");
        like($expected->($name), $the{form}, 'on one line');
        is_deeply(received('Client-Cert', $response), [], 'and no Client-Cert');

        $response = get('/named', %client, cert => $name);
        is_deeply(received($the{other}, $response), [$expected->($name)], 'another header');
        is_deeply(received($header, $response), [], 'in place of the usual one');
        is(scalar @{ received('Client-Cert', $response) }, 1, 'beside another format');
    }
    is_deeply(received($header, get('/x', %client)), [], 'no certificate, no header');

    # The header is ours wherever the format is used.
    for my $name (@{ $the{spellings} }) {
        is_deeply([map { $_->[0] } grep { $_->[1] eq 'forged' }
            @{ get('/x', %client, headers => [$name => 'forged'])->{origin}{fields} }], [], "$name: stripped");
        my @forged = (headers => [$name => 'forged', Connection => $header]);
        is_deeply(received($header, get('/x', %client, cert => 'client-rsa', @forged)),
            [$expected->('client-rsa')], 'or replaced');
    }
    return;
}

1;
