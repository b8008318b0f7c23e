# SPDX-License-Identifier: Apache-2.0

package ClientCertTest;

# What every .t file starts with.

use strict;
use warnings;

use Exporter ();
use JSON::PP ();
use Test::More;
use Time::HiRes 'sleep';

use ClientCertTest::Client;
use ClientCertTest::Crash 'watch_log';
use ClientCertTest::CMS qw(
    cms_certificates cms_reencoded cms_signer cms_verified decode_cms decode_sf der_of pem_to_der
    signed_attributes verified_by_hand
);
use ClientCertTest::PKI qw(issue openssl pki slurp spew);
use ClientCertTest::Server qw(check_config free_port load_modules);

our @EXPORT = (
    @Test::More::EXPORT,
    qw(
        backend_saw check_config client cms_certificates cms_reencoded cms_signer
        cms_verified curl decode_cms decode_sf der_of forwarded free_port get issue load_modules logged openssl origin_tls
        name_of pem_to_der pki server_config signed_attributes signer slurp spew the_cms
        tls_port verified_by_hand wait_for
    )
);

# The servers that all tests use.
watch_log($_) for map { -d $ENV{TEST_LOGS} ? glob $_ : () } "$ENV{TEST_LOGS}/error_log",
    "$ENV{TEST_SERVERS}/origin.*/error_log";

sub import {
    my ($class, @plan) = @_;
    strict->import;
    warnings->import;
    # A plan, if any, is Test::More's.
    plan(@plan) if @plan;
    @_ = ($class);
    goto &Exporter::import;
}

# Polls until the block gives something true; that, or its last answer.
sub wait_for (&;$) {
    my ($what, $seconds) = @_;
    my $result;
    for (1 .. 20 * ($seconds // 15)) {
        $result = $what->() and return $result;
        sleep 0.05;
    }
    return $result;
}

sub tls_port { return $ENV{TEST_TLS_PORT} }

# A connection to the TTRP that Apache::Test runs: client(sni => NAME, ...).
sub client {
    return ClientCertTest::Client->connect(port => tls_port(), tls => '1.3', @_);
}

# One GET on a connection of its own: get(TARGET, client options; headers => ...).
sub get {
    my ($target, %want) = @_;
    my %request = map { exists $want{$_} ? ($_ => delete $want{$_}) : () }
        qw(headers host method version body id);
    my $client = client(%want);
    my $response = $client->request($target, %request);
    $response->{peer} = $client->peer if $want{tls} // 1;
    return $response;
}

# The same with the curl command, for HTTP/2: one response, or, with several
# targets, a list of them from one connection.
sub curl {
    my ($targets, %want) = @_;
    my @targets = ref $targets ? @$targets : $targets;
    my $sni = $want{sni} // 'ttrp.test';
    my $port = $want{port} // tls_port();
    my @command = (
        'curl', '--silent', '--show-error', '--include', '--max-time', 30,
        '--http' . ($want{http} // '2'), '--cacert', pki('server-ca.crt'),
        '--resolve', "$sni:$port:127.0.0.1", '--insecure',
    );
    push @command, "--tlsv$want{tls}", '--tls-max', $want{tls} if $want{tls};
    push @command, '--cert', pki("$want{cert}.chain"), '--key', pki("$want{cert}.key") if $want{cert};
    push @command, @{ $want{arguments} // [] };
    my @headers = @{ $want{headers} // [] };
    while (my ($name, $value) = splice @headers, 0, 2) {
        push @command, '--header', "$name: $value";
    }
    my $id = ClientCertTest::Client::next_id();
    my @responses;
    push @command, '--header', "X-Test-Id: $id", map {"https://$sni:$port$_"} @targets;
    open my $pipe, '-|', @command or die "curl: $!";
    binmode $pipe;
    my $output = do { local $/; <$pipe> } // '';
    close $pipe;
    while (length $output) {
        last unless $output =~ s{\A(HTTP/\S+ \d+.*?)\r\n\r\n}{}s;
        my ($first, @lines) = split /\r\n/, $1;
        my ($version, $status) = $first =~ m{^HTTP/(\S+) (\d+)};
        my $response = bless {
            id => $id, http => $version, status => $status,
            headers => [map { [/^([^:]*):\s*(.*)$/] } @lines],
        }, 'ClientCertTest::Response';
        # curl undoes the chunks, so one without a length is the last.
        my $length = $response->header('Content-Length') // length $output;
        $response->{body} = substr $output, 0, $length, '';
        $response->{origin} = JSON::PP::decode_json($response->{body})
            if ($response->header('Content-Type') // '') eq 'application/json';
        push @responses, $response;
    }
    push @responses, bless { id => $id, status => 0, headers => [], body => '' },
        'ClientCertTest::Response' unless @responses;
    return wantarray ? @responses : $responses[0];
}

# What the TTRP's access log says of a response: {pid, status, forward,
# incoming, vhost, tls, resumed, verify}. The line follows the response.
sub logged {
    my ($response, $log) = @_;
    my $id = ref $response ? $response->id : $response;
    $log //= "$ENV{TEST_LOGS}/tests_log";
    my $found = wait_for {
        -e $log or return;
        # A line that is being written has no end yet.
        my ($line) = slurp($log) =~ /^id=\Q$id\E (.*)\n/m or return;
        my %fields = $line =~ /(\w+)=((?:(?! \w+=).)*)/g;
        return \%fields;
    };
    return $found // {};
}

# The NAME of the PKI certificate that these DER bytes are.
sub name_of {
    my ($der) = @_;
    return unless defined $der;
    for my $file (glob pki('*.der')) {
        return $file =~ m{([^/]+)\.der$} ? $1 : undef if slurp($file) eq $der;
    }
    return 'none of the PKI';
}

# The NAME of the client certificate in the one `cms` value that the origin
# received; a reason instead if there is not one that verifies.
sub forwarded {
    my ($response, $header, @more) = @_;
    my $cms = the_cms($response, $header);
    return ref $cms ? name_of(cms_verified($$cms, @more)) // 'does not verify' : $cms;
}

# The NAME of the certificate that signed it.
sub signer {
    my ($response, $header, @more) = @_;
    my $cms = the_cms($response, $header);
    return ref $cms ? name_of(cms_signer($$cms, @more)) // 'does not verify' : $cms;
}

# A reference to the one value's bytes, or why there is not one.
sub the_cms {
    my ($response, $header) = @_;
    my @values = $response->sent($header // 'Client-Cert');
    return 'status ' . $response->status if !$response->{origin};
    return 'no header' if !@values;
    return 'several headers' if @values > 1;
    my $cms = decode_cms($values[0]) // decode_sf($values[0]);
    return defined $cms ? \$cms : 'not base64';
}

# How many requests with this response's id the origin received.
sub backend_saw {
    my ($response) = @_;
    my $id = ref $response ? $response->id : $response;
    my $seen = -e $ENV{TEST_ORIGIN_LOG} ? slurp($ENV{TEST_ORIGIN_LOG}) : '';
    return scalar(() = $seen =~ /^\Q$id\E /mg);
}

# mod_ssl's lines for mutual TLS with the origin, the named certificate being
# the TTRP's.
sub origin_tls {
    my ($name) = @_;
    my $chain = pki('server-intermediate.crt');
    my $under = (() = slurp(pki("$name.chain")) =~ /BEGIN/g) > 1;
    return join "\n",
        'SSLProxyEngine on',
        'SSLProxyVerify require',
        'SSLProxyCACertificateFile ' . pki('server-ca.crt'),
        'SSLProxyMachineCertificateFile ' . pki("$name.pair"),
        ($under ? "SSLProxyMachineCertificateChainFile $chain" : ()),
        '';
}

# A TTRP's configuration for ClientCertTest::Server: one TLS port, one virtual
# host, ended by whatever lines the test adds to it.
sub server_config {
    my (%want) = @_;
    my $signer = $want{signer} // 'signer-p256';
    my $global = $want{global} // '';
    my $lines = $want{lines} // '';
    my $tls = $want{tls} // join "\n",
        'SSLCACertificateFile ' . pki('client-ca.crt'),
        'SSLVerifyClient ' . ($want{verify} // 'optional'),
        'SSLVerifyDepth 5';
    my $ways = origin_tls($signer);
    my $forward = $want{forward} // 'ClientCertForward cms';
    my ($certificate, $key) = map { pki("$signer.$_") } qw(chain key);
    return <<"CONF";
Listen 127.0.0.1:$want{port}
$global
<VirtualHost 127.0.0.1:$want{port}>
ServerName @{[ $want{name} // 'ttrp.test' ]}
SSLEngine on
SSLCertificateFile $certificate
SSLCertificateKeyFile $key
$tls
$ways
$forward
ProxyPass / https://localhost:$ENV{TEST_ORIGIN_HTTPS}/ ttl=1
$lines
</VirtualHost>
CONF
}

1;
