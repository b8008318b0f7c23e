# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Raw;

# Requests as an attacker writes them, byte by byte or frame by frame, sessions
# as one offers them, and backends that write down what reached them
# (../recorder.py).

use strict;
use warnings;

use Exporter 'import';
use IO::Handle;
use IPC::Open2;
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Net::SSLeay ();
use Time::HiRes 'sleep';

use ClientCertTest::Client;
use ClientCertTest::PKI qw(pki spew);
use ClientCertTest::Process;
use ClientCertTest::Server 'free_port';

our @EXPORT_OK = qw(
    exchange fold h2_frame http2 offer_sessions python recorded_since recorder recorder_mark
    show_certificates
);

# Debian's, whose modules are Debian's packages.
sub python { return -x '/usr/bin/python3' ? '/usr/bin/python3' : 'python3' }

# What a CGI-like backend makes of a name.
sub fold {
    my ($name) = @_;
    $name = lc $name;
    $name =~ s/[^a-z0-9]/_/g;
    return $name;
}

sub library { return ($INC{'ClientCertTest/Raw.pm'} =~ m{^(.*)/ClientCertTest/Raw\.pm$})[0] }

# An object with {http}, {h2c} and {fcgi}, the recorder's ports. It ends with the
# object.
sub recorder {
    my $self = ClientCertTest::Process->new(name => 'recorder',
        map { $_ => free_port() } qw(http h2c fcgi));
    $self->{log} = $self->directory . '/log';
    spew($self->{log}, '');
    return $self->start($self->{http},
        python(), library() . '/recorder.py', @$self{qw(http h2c fcgi log)});
}

# The record from there on. A request that httpd answers early may still be being
# written down: a line is there when its end is.
sub record_from {
    my ($recorder, $mark) = @_;
    my $record;
    for (1 .. 200) {
        open my $in, '<:raw', $recorder->{log} or die "$recorder->{log}: $!";
        seek $in, $mark, 0;
        $record = do { local $/; <$in> } // '';
        last if $record eq '' || $record =~ /\n\z/;
        sleep 0.01;
    }
    return $record;
}

# Where the record ends now; and what was added to it since.
sub recorder_mark { return length record_from($_[0], 0) }

sub recorded_since {
    my ($recorder, $mark) = @_;
    return map { JSON::PP::decode_json($_) } split /^/m, record_from($recorder, $mark // 0);
}

# exchange(BYTES, options of ClientCertTest::Client): sends them on a connection
# of its own and reads until the server closes it, or `until` (a pattern) is there.
# Returns the statuses of the final responses, and all that was received.
sub exchange {
    my ($bytes, %want) = @_;
    my ($half, $until) = delete @want{qw(half until)};
    my $client = ClientCertTest::Client->connect(%want);
    eval {
        $client->send($bytes);
        # The request ends here, whatever it announced.
        Net::SSLeay::shutdown($client->{ssl}) if $half && $client->{ssl};
        CORE::shutdown($client->{socket}, 1) if $half && !$client->{ssl};
        1 while !($until && $client->{buffer} =~ $until) && $client->more;
    };
    my $received = $client->{buffer};
    $received .= "\n$@" if $@;
    $client->close;
    return ([grep { $_ >= 200 } $received =~ m{^HTTP/[\d.]+ (\d{3})}mg], $received);
}

# h2_frame(TYPE, FLAGS, STREAM, PAYLOAD), RFC 9113 section 4.1.
sub h2_frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload;
}

my ($h2_in, $h2_out, $h2_pid, $h2_owner);

# http2(port, sni, cert => NAME of PKI files, tls, prior, streams => [{headers,
# body, trailers}, ...]): what ../h2client.py says.
sub http2 {
    my (%job) = @_;
    if (!$h2_pid) {
        $h2_pid = open2($h2_out, $h2_in, python(), library() . '/h2client.py');
        $h2_owner = $$;
    }
    if (my $name = delete $job{cert}) {
        @job{qw(cert key)} = (pki("$name.chain"), pki("$name.key"));
    }
    $job{port} += 0;
    print {$h2_in} JSON::PP::encode_json(\%job), "\n";
    $h2_in->flush;
    my $line = readline $h2_out;
    die 'the HTTP/2 client ended' unless defined $line;
    return JSON::PP::decode_json($line);
}

# offer_sessions(port, sni, suite, sessions => [of ClientCertTest::Client], binders,
# target): what ../psk_client.py says, its response parsed.
sub offer_sessions {
    my (%job) = @_;
    $job{port} += 0;
    $job{sessions} = [map { encode_base64(Net::SSLeay::i2d_SSL_SESSION($_), '') } @{ $job{sessions} }];
    my $pid = open2(my $out, my $in, python(), library() . '/psk_client.py');
    print {$in} JSON::PP::encode_json(\%job);
    CORE::close $in;
    my $result = JSON::PP::decode_json(do { local $/; <$out> } // '{}');
    waitpid $pid, 0;
    my $response = delete $result->{response} or return $result;
    $result->{response} =
        bless({ buffer => decode_base64($response) }, 'ClientCertTest::Client')->response;
    return $result;
}

# show_certificates(port, sni, certificates => [DER, or what is not], key => NAME of
# PKI files, target, times): what ../raw_certificate_client.py says, its responses
# parsed: ({resumed, response}, ...), or its error.
sub show_certificates {
    my (%job) = @_;
    $job{port} += 0;
    $job{key} = pki("$job{key}.key");
    $job{certificates} = [map { encode_base64($_, '') } @{ $job{certificates} }];
    my $pid = open2(my $out, my $in, python(), library() . '/raw_certificate_client.py');
    print {$in} JSON::PP::encode_json(\%job);
    CORE::close $in;
    my $result = JSON::PP::decode_json(do { local $/; <$out> } // '{}');
    waitpid $pid, 0;
    return $result->{error} // 'no answer' unless $result->{connections};
    for (@{ $result->{connections} }) {
        $_->{response} =
            bless({ buffer => decode_base64($_->{response}) }, 'ClientCertTest::Client')->response;
    }
    return @{ $result->{connections} };
}

END {
    if ($h2_pid && $h2_owner == $$) {
        local $?;
        close $h2_in;
        waitpid $h2_pid, 0;
    }
}

1;
