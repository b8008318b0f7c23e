# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Client;

# An HTTP/1.1 client over TLS (or plain TCP) that leaves every choice to the
# test: protocol version, certificate and chain, SNI apart from Host, sessions
# to resume, and the very bytes that are sent.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use Net::SSLeay;

use ClientCertTest::PKI 'pki';

Net::SSLeay::initialize();

my %VERSIONS = ('1.2' => 0x0303, '1.3' => 0x0304);
my $SSL_CTRL_SET_SIGALGS_LIST = 98;
my $SSL_OP_NO_EXTENDED_MASTER_SECRET = 1;

# One of these, for a server that does not answer at all.
my $PATIENCE = $ENV{TEST_PATIENCE} // 30;

# connect(port => PORT, address => another than 127.0.0.1, tls => '1.2', '1.3' or 0
# for plain TCP, sni => NAME or undef for none, cert => NAME of PKI files, chain =>
# 1 to send its intermediates too, session => from an earlier one's session(),
# tickets => 0 to do without (TLS 1.2 then resumes by id), ciphers, sigalgs =>
# OpenSSL's lists, post_handshake => 1 to let the server ask for a certificate later
# (TLS 1.3), key => another file than cert's own). Dies when the handshake fails.
sub connect {
    my ($class, %want) = @_;
    my $self = bless { buffer => '', %want }, $class;
    $self->{socket} = IO::Socket::INET->new(
        PeerAddr => $want{address} // '127.0.0.1', PeerPort => $want{port}, Timeout => $PATIENCE,
    ) or die "connect to port $want{port}: $!";
    binmode $self->{socket};
    return $self unless $want{tls};

    my $version = $VERSIONS{ $want{tls} } or die "TLS $want{tls}?";
    my $ctx = $self->{ctx} = Net::SSLeay::CTX_new() or die 'CTX_new';
    Net::SSLeay::CTX_set_options($ctx, Net::SSLeay::OP_NO_TICKET()) if !($want{tickets} // 1);
    Net::SSLeay::CTX_set_min_proto_version($ctx, $version);
    Net::SSLeay::CTX_set_max_proto_version($ctx, $version);
    Net::SSLeay::CTX_set_cipher_list($ctx, $want{ciphers}) if $want{ciphers};
    Net::SSLeay::CTX_set_ciphersuites($ctx, $want{ciphersuites}) if $want{ciphersuites};
    Net::SSLeay::CTX_set_options($ctx, $SSL_OP_NO_EXTENDED_MASTER_SECRET)
        if !($want{extended_master_secret} // 1);
    if ($want{sigalgs}) {
        Net::SSLeay::CTX_ctrl($ctx, $SSL_CTRL_SET_SIGALGS_LIST, 0, $want{sigalgs}) == 1
            or die "signature algorithms $want{sigalgs}?";
    }
    Net::SSLeay::CTX_load_verify_locations($ctx, pki('server-ca.crt'), '')
        or die 'server-ca.crt';
    Net::SSLeay::CTX_set_verify($ctx, Net::SSLeay::VERIFY_PEER(), $want{verify} // sub { $_[0] });
    Net::SSLeay::CTX_set_post_handshake_auth($ctx, 1) if $want{post_handshake};
    if ($want{cert}) {
        my $file = pki($want{cert} . ($want{chain} ? '.chain' : '.crt'));
        Net::SSLeay::CTX_use_certificate_chain_file($ctx, $file) or die "$file";
        my $key = $want{key} // "$want{cert}.key";
        Net::SSLeay::CTX_use_PrivateKey_file($ctx, pki($key),
            Net::SSLeay::FILETYPE_PEM()) or die $key;
    }

    my $ssl = $self->{ssl} = Net::SSLeay::new($ctx) or die 'SSL_new';
    Net::SSLeay::set_tlsext_host_name($ssl, $want{sni}) if defined $want{sni};
    Net::SSLeay::set_session($ssl, $want{session}) if $want{session};
    Net::SSLeay::set_fd($ssl, fileno $self->{socket});
    my $done = within(sub { Net::SSLeay::connect($ssl) });
    die 'handshake: ' . errors() unless defined $done && $done == 1;
    return $self;
}

sub errors {
    my @errors;
    while (my $code = Net::SSLeay::ERR_get_error()) {
        push @errors, Net::SSLeay::ERR_error_string($code);
    }
    return join('; ', @errors) || "$!" || 'closed';
}

sub within {
    my ($what) = @_;
    local $SIG{ALRM} = sub { die "no answer within $PATIENCE s\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm $PATIENCE;
    my $result = eval { $what->() };
    my $error = $@;
    alarm 0;
    die $error if $error;
    return $result;
}

# Sends bytes as they are.
sub send {
    my ($self, $bytes) = @_;
    return within(sub {
        if ($self->{ssl}) {
            return Net::SSLeay::ssl_write_all($self->{ssl}, $bytes);
        }
        my $sent = 0;
        while ($sent < length $bytes) {
            $sent += syswrite($self->{socket}, $bytes, length($bytes) - $sent, $sent) // return;
        }
        return $sent;
    });
}

# Reads more into the buffer; false at the end of the connection.
sub more {
    my ($self) = @_;
    my $data = within(sub {
        return Net::SSLeay::read($self->{ssl}, 65_536) if $self->{ssl};
        sysread $self->{socket}, my $bytes, 65_536;
        return $bytes;
    });
    return 0 unless defined $data && length $data;
    $self->{buffer} .= $data;
    return 1;
}

# The next response: {status, headers, body, origin}, where origin is what a
# ClientCertTest::Origin reported. An empty one if the server closed instead.
sub response {
    my ($self, $method) = @_;
    until ($self->{buffer} =~ /\r\n\r\n/) {
        $self->more or return bless { status => 0, headers => [], body => $self->{buffer} },
            'ClientCertTest::Response';
    }
    (my $head, $self->{buffer}) = split /\r\n\r\n/, $self->{buffer}, 2;
    my ($first, @lines) = split /\r\n/, $head;
    my ($status) = $first =~ m{^HTTP/\S+ (\d+)};
    return $self->response($method) if $status >= 100 && $status < 200;
    my $response = bless {
        status => $status,
        headers => [map { [/^([^:]*):\s*(.*)$/] } @lines],
    }, 'ClientCertTest::Response';
    my $length = $response->header('Content-Length');
    my $body = '';
    if (($method // '') eq 'HEAD' || $status == 204 || $status == 304) {
    }
    elsif (($response->header('Transfer-Encoding') // '') =~ /chunked/i) {
        for (;;) {
            until ($self->{buffer} =~ /\r\n/) { $self->more or return $response }
            (my $size, $self->{buffer}) = split /\r\n/, $self->{buffer}, 2;
            $size = hex $size;
            until (length $self->{buffer} >= $size + 2) { $self->more or return $response }
            $body .= substr $self->{buffer}, 0, $size, '';
            substr $self->{buffer}, 0, 2, '';
            last unless $size;
        }
    }
    elsif (defined $length) {
        until (length $self->{buffer} >= $length) { $self->more or last }
        $body = substr $self->{buffer}, 0, $length, '';
    }
    else {
        1 while $self->more;
        $body = $self->{buffer};
        $self->{buffer} = '';
    }
    $response->{body} = $body;
    $response->{origin} = JSON::PP::decode_json($body)
        if ($response->header('Content-Type') // '') eq 'application/json';
    return $response;
}

my $requests = 0;

# An id that this run of the suite uses once; the logs know requests by it.
sub next_id { return "$$-" . ++$requests }

# request(TARGET, method => GET, host => SNI name, headers => [name => value,
# ...], version => '1.1', body) sends one request and returns the response,
# whose id is in the logs.
sub request {
    my ($self, $target, %want) = @_;
    my $method = $want{method} // 'GET';
    my $id = $want{id} // next_id();
    my @headers = @{ $want{headers} // [] };
    my $host = $want{host} // $self->{sni} // 'localhost';
    my $head = "$method $target HTTP/" . ($want{version} // '1.1') . "\r\n";
    $head .= "Host: $host\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }
    $head .= "X-Test-Id: $id\r\n";
    $head .= 'Content-Length: ' . length($want{body}) . "\r\n" if defined $want{body};
    $self->send("$head\r\n" . ($want{body} // ''));
    my $response = $self->response($method);
    $response->{id} = $id;
    return $response;
}

# Shows another certificate from now on, when it is asked for one.
sub use_certificate {
    my ($self, $name, $key) = @_;
    my $pem = Net::SSLeay::FILETYPE_PEM();
    Net::SSLeay::use_certificate_file($self->{ssl}, pki("$name.crt"), $pem) or die errors();
    Net::SSLeay::use_PrivateKey_file($self->{ssl}, pki($key // "$name.key"), $pem) or die errors();
    return;
}

# A reference of one's own to the session as it is now. With TLS 1.3 there is
# one to resume only after the first response was read.
sub session { return Net::SSLeay::get1_session($_[0]{ssl}) }
sub resumed { return Net::SSLeay::session_reused($_[0]{ssl}) }

# The certificate that the server presented: PEM.
sub peer {
    my ($self) = @_;
    my $certificate = Net::SSLeay::get_peer_certificate($self->{ssl}) or return;
    my $pem = Net::SSLeay::PEM_get_string_X509($certificate);
    Net::SSLeay::X509_free($certificate);
    return $pem;
}

sub close {
    my ($self) = @_;
    if (my $ssl = delete $self->{ssl}) {
        # Both halves: OpenSSL takes a session whose connection ended without
        # close_notify for one not to be resumed.
        local $SIG{PIPE} = 'IGNORE';
        eval { Net::SSLeay::shutdown($ssl) };
        Net::SSLeay::free($ssl);
        Net::SSLeay::CTX_free(delete $self->{ctx});
    }
    CORE::close(delete $self->{socket}) if $self->{socket};
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->close;
    return;
}

package ClientCertTest::Response;

sub status { return $_[0]{status} }
sub body { return $_[0]{body} }
sub id { return $_[0]{id} }

sub header {
    my ($self, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
    return wantarray ? @values : $values[0];
}

# The values that the origin received under a name, exactly as sent, one for
# each field; undef if no origin answered.
sub sent {
    my ($self, $name) = @_;
    my $origin = $self->{origin} or return;
    return map { /^\Q$name\E:[ \t]*(.*?)[ \t]*$/i ? $1 : () } @{ $origin->{raw} };
}

# The names, as sent, under which the origin received something that a CGI-like
# backend would read as the given one.
sub folded {
    my ($self, $name) = @_;
    my $origin = $self->{origin} or return;
    my $fold = sub { my $folded = lc shift; $folded =~ s/[^a-z0-9]/_/g; $folded };
    my $wanted = $fold->($name);
    return grep { $fold->($_) eq $wanted }
        map { /^([^:]*):/ ? $1 : () } @{ $origin->{raw} };
}

1;
