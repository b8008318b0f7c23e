# SPDX-License-Identifier: Apache-2.0

# A content type is the handler of what has no other: AddType does for SetHandler.

use ClientCertTest;
use ClientCertTest::Raw qw(recorded_since recorder recorder_mark);

my $recorder = recorder();
my $directory = "$ENV{TEST_SERVERS}/typed.$$";
mkdir $directory or die "$directory: $!";
spew("$directory/$_", '') for qw(a.typed b.handled);
my $port = free_port();
my $server = ClientCertTest::Server->new(name => 'typed', config => <<"CONF")->start;
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName typed.test
    DocumentRoot $directory
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    ClientCertForward cms
    <Directory $directory>
        Require all granted
        AddType "proxy:http://127.0.0.1:$recorder->{http}" .typed
        <Files b.handled>
            SetHandler "proxy:http://127.0.0.1:$recorder->{http}"
        </Files>
    </Directory>
</VirtualHost>
CONF

for my $path (qw(/a.typed /b.handled)) {
    for my $cert ('client-rsa', undef) {
        my $mark = recorder_mark($recorder);
        my $response = get($path, port => $port, sni => 'typed.test', $cert ? (cert => $cert) : (),
            headers => [Client_Cert => 'forged']);
        is($response->status, 200, "$path: answered");
        my ($record) = recorded_since($recorder, $mark);
        my @headers = map { $_->[1] } grep { $_->[0] =~ /^client.cert$/i } @{ $record->{fields} };
        is(scalar(@headers), $cert ? 1 : 0, '  with the header, if there is a client');
        is((grep {/forged/} @headers) + 0, 0, '  and no other');
    }
}

done_testing;
