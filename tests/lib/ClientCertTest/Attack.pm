# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Attack;

# A TTRP to be attacked, in front of ClientCertTest::Raw's recorder, and the
# judgement on what reached it. Virtual hosts are named BACKEND-INCOMING.test:
# http, h2c, fcgi or balancer, and strip or reject.

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 'encode_base64';

use ClientCertTest::CMS 'der_of';
use ClientCertTest::PKI 'pki';
use ClientCertTest::Raw qw(fold recorded_since recorder recorder_mark);
use ClientCertTest::Server qw(free_port load_modules);

our @EXPORT_OK = qw(faults identity target_of ttrp);

# Any of these in what a backend received is the attacker's.
our $MARK = 'forged';

# Every name that is ours in this proxy; the last is named by a virtual host that
# no request is for.
our @OURS = qw(Client-Cert Client-Cert-Chain X-Client-Identity X-Named-Elsewhere);
my %OURS = map { fold($_) => 1 } @OURS;

# The client of the suite's PKI that is a TTRP's client here.
our $CLIENT = 'client-under';

sub byte_sequence { return ':' . encode_base64(der_of($_[0]), '') . ':' }

# What a backend must receive, by folded name.
sub identity {
    return {
        fold('Client-Cert') => byte_sequence($CLIENT),
        fold('X-Client-Identity') => byte_sequence($CLIENT),
        fold('Client-Cert-Chain') => byte_sequence('client-intermediate'),
    };
}

# ttrp(own => 0 to leave our module out, global, lines for each virtual host,
# more => lines after them): a server with {tls}, {plain} and {unsafe}, its
# ports, and {recorder}.
sub ttrp {
    my (%want) = @_;
    my $recorder = $want{recorder} // recorder();
    my %port = map { $_ => free_port() } qw(tls plain unsafe);
    my %backends = (
        http => "http://127.0.0.1:$recorder->{http}",
        h2c => "h2c://127.0.0.1:$recorder->{h2c}",
        fcgi => "fcgi://127.0.0.1:$recorder->{fcgi}",
        balancer => 'balancer://members',
        %{ $want{backends} // {} },
    );
    my $dead = free_port();
    my $own = $want{own} // 1;
    my @modules = map {
        -e "$ENV{TEST_HTTPD_MODULES}/mod_$_.so" ? load_modules($_) : ()
    } qw(include filter deflate negotiation actions cache_disk);
    my $modules = join '', grep { index(load_modules(), $_) < 0 } @modules;

    my $hosts = '';
    for my $port (qw(tls plain unsafe)) {
        for my $backend (sort keys %backends) {
            for my $incoming (qw(strip reject)) {
                my $lines = $want{lines} // '';
                $lines =~ s/BACKEND/$backends{$backend}/g;
                my $tls = $port eq 'tls' ? <<"TLS" : '';
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth 5
TLS
                my $options = $port eq 'unsafe' ? 'HttpProtocolOptions Unsafe' : '';
                $hosts .= <<"HOST";
<VirtualHost 127.0.0.1:$port{$port}>
    ServerName $backend-$incoming.test
$tls
    $options
    # A connection to the recorder for each request shows no other's bytes.
    SetEnv proxy-initial-not-pooled 1
    <IfModule client_cert_module>
        ClientCertIncoming $incoming
        ClientCertForward rfc9440
        ClientCertForward rfc9440 X-Client-Identity
        ClientCertForwardChain on
        <Location /off/>
            ClientCertForward off
            ClientCertForwardChain off
        </Location>
        <Location /off/on/>
            ClientCertForward rfc9440
            ClientCertForward rfc9440 X-Client-Identity
            ClientCertForwardChain on
        </Location>
    </IfModule>
$lines
    ProxyPass / $backends{$backend}/
</VirtualHost>
HOST
            }
        }
    }
    my $server = ClientCertTest::Server->new(
        name => $own ? 'attacked' : 'attacked-without-module',
        own => $own,
        log_level => 'notice',
        config => <<"CONF",
$modules
@{[ map {"Listen 127.0.0.1:$port{$_}\n"} qw(tls plain unsafe) ]}
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 64
Timeout 4
KeepAliveTimeout 4
TraceEnable on
Protocols h2 h2c http/1.1
ErrorDocument 500 default
@{[ $want{global} // '' ]}
<Proxy balancer://members>
    # Refuses, so that the second has to serve it.
    BalancerMember http://127.0.0.1:$dead retry=0
    BalancerMember http://127.0.0.1:$recorder->{http}
</Proxy>
$hosts
@{[ $want{more} // '' ]}
<IfModule client_cert_module>
    <VirtualHost 127.0.0.1:$port{plain}>
        ServerName elsewhere.test
        ClientCertForward cms X-Named-Elsewhere
    </VirtualHost>
</IfModule>
CONF
    );
    @$server{qw(tls plain unsafe)} = @port{qw(tls plain unsafe)};
    $server->{recorder} = $recorder;
    return $server->start;
}

# The path and query that a recorded request asked for.
sub target_of {
    my ($entry) = @_;
    return (split ' ', $entry->{line} // '')[1] // '';
}

# What is wrong with these records, in words: identity => a reference like
# identity()'s where a client of ours made the requests; anonymous => a pattern
# of targets that carry none even so.
sub faults {
    my ($records, %want) = @_;
    my @faults;
    for my $record (@$records) {
        my $target = target_of($record);
        my $expected = $want{identity} && $target !~ ($want{anonymous} // qr{^/(?:o|%6f)ff/(?!on/)})
            ? $want{identity} : {};
        my %seen;
        for my $field (@{ $record->{fields} }) {
            my ($name, $value) = @$field;
            push @faults, "$record->{backend} $target: $name: $value" if "$name $value" =~ /$MARK/i;
            push @{ $seen{ fold($name) } }, $value if $OURS{ fold($name) };
        }
        for my $field (@{ $record->{trailers} // [] }) {
            push @faults, "$record->{backend} $target: trailer $field->[0]: $field->[1]"
                if "@$field" =~ /$MARK/i || $OURS{ fold($field->[0]) };
        }
        push @faults, "$record->{backend} $target: somewhere in the head"
            if ($record->{raw} // '') =~ /$MARK/i;
        for my $name (sort keys %OURS) {
            my @values = @{ $seen{$name} // [] };
            my @wanted = grep { defined } $expected->{$name};
            push @faults, "$record->{backend} $target: $name is "
                . (@values ? join(' and ', map { substr $_, 0, 40 } @values) : 'missing')
                . (@wanted ? '' : ', and none of ours should be there')
                if "@values" ne "@wanted" || @values != @wanted;
        }
    }
    return @faults;
}

1;
