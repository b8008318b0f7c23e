# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Wire;

# What really went over the connection to a backend. An application sees the
# request through a dictionary, where of two equal names one is left; so this
# sits between the TTRP and the backend, passes every byte on, and keeps those of
# the requests.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();

use parent 'ClientCertTest::Process';

use ClientCertTest::PKI 'slurp';

my %READERS = (fcgi => \&fcgi, uwsgi => \&uwsgi, scgi => \&scgi, ajp => \&ajp);

# tap(PROTOCOL, PORT of this, PORT of the backend)
sub tap {
    my ($class, $protocol, $port, $backend) = @_;
    my $self = $class->new(name => "wire-$protocol", protocol => $protocol);
    return $self->start($port, sub { relay($port, $backend, $self->directory) });
}

sub relay {
    my ($port, $backend, $directory) = @_;
    my $listener = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1,
    ) or die "listen: $!";
    $0 = "wire $directory";
    local $SIG{CHLD} = 'IGNORE';
    my $connections = 0;
    while (1) {
        my $client = $listener->accept or next;
        my $file = sprintf '%s/request.%05d', $directory, ++$connections;
        next if fork;
        # A backend that refuses looks so from this side, too.
        my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $backend)
            or POSIX::_exit(0);
        open my $record, '>:raw', $file or POSIX::_exit(1);
        my $select = IO::Select->new($client, $server);
        while (my @ready = $select->can_read) {
            for my $from (@ready) {
                my $to = $from == $client ? $server : $client;
                sysread($from, my $bytes, 65_536) or POSIX::_exit(0);
                syswrite $record, $bytes if $from == $client;
                while (length $bytes) {
                    my $sent = syswrite($to, $bytes) or POSIX::_exit(0);
                    substr $bytes, 0, $sent, '';
                }
            }
        }
        POSIX::_exit(0);
    }
}

# The fields of the request with this response's id, as "NAME: value" lines, in
# the shape that the backends report in. Nothing if it went elsewhere.
sub of {
    my ($self, $response) = @_;
    my $id = $response->id;
    for my $file (reverse sort glob $self->directory . '/request.*') {
        for my $fields ($READERS{ $self->{protocol} }->(slurp($file))) {
            next unless grep { $_->[1] eq $id } @$fields;
            return bless {
                id => $id, status => $response->status, headers => [],
                origin => { raw => [map { join ': ', @$_ } @$fields] },
            }, 'ClientCertTest::Response';
        }
    }
    return;
}

# FastCGI: the FCGI_PARAMS streams.
sub fcgi {
    my ($bytes) = @_;
    my (@requests, %params);
    while (length $bytes >= 8) {
        my (undef, $type, $id, $content, $padding) = unpack 'CCnnC', $bytes;
        my $data = substr $bytes, 8, $content;
        $bytes = substr $bytes, 8 + $content + $padding;
        next if $type != 4;
        if ($content) {
            $params{$id} .= $data;
            next;
        }
        my $stream = delete $params{$id} // '';
        my @fields;
        my $length = sub {
            my $first = unpack 'C', $stream;
            return unpack 'C', substr $stream, 0, 1, '' if $first < 0x80;
            return 0x7fff_ffff & unpack 'N', substr $stream, 0, 4, '';
        };
        while (length $stream) {
            my ($name, $value) = ($length->(), $length->());
            push @fields, [substr($stream, 0, $name, ''), substr $stream, 0, $value, ''];
        }
        push @requests, \@fields;
    }
    return @requests;
}

# uwsgi: one packet of variables for each connection.
sub uwsgi {
    my ($bytes) = @_;
    return if length $bytes < 4;
    my (undef, $size) = unpack 'Cv', $bytes;
    my $packet = substr $bytes, 4, $size;
    my @strings;
    push @strings, unpack 'v/a', substr $packet, 0, 2 + unpack('v', $packet), ''
        while length $packet;
    return [pairs(@strings)];
}

# SCGI: a netstring of variables for each connection.
sub scgi {
    my ($bytes) = @_;
    my ($size, $rest) = $bytes =~ /\A(\d+):(.*)\z/s or return;
    my @strings = split /\0/, substr($rest, 0, $size), -1;
    pop @strings;
    return [pairs(@strings)];
}

sub pairs {
    my @fields;
    while (my ($name, $value) = splice @_, 0, 2) {
        push @fields, [$name, $value];
    }
    return @fields;
}

my @AJP_HEADERS = qw(
    Accept Accept-Charset Accept-Encoding Accept-Language Authorization Connection
    Content-Type Content-Length Cookie Cookie2 Host Pragma Referer User-Agent
);
my %AJP_ATTRIBUTES = (
    1 => 'context', 2 => 'servlet_path', 3 => 'remote_user', 4 => 'auth_type',
    5 => 'query_string', 6 => 'jvm_route', 7 => 'ssl_cert', 8 => 'ssl_cipher',
    9 => 'ssl_session', 12 => 'secret', 13 => 'stored_method',
);

# AJP 1.3: the Forward Request packets. Attributes are named "attribute NAME".
sub ajp {
    my ($bytes) = @_;
    my @requests;
    while (length $bytes >= 4) {
        my ($magic, $size) = unpack 'nn', $bytes;
        die 'not AJP' if $magic != 0x1234;
        my $packet = substr $bytes, 4, $size;
        $bytes = substr $bytes, 4 + $size;
        next unless length $packet > 2 && ord $packet == 2;
        my $string = sub {
            my $length = unpack 'n', substr $packet, 0, 2, '';
            return '' if $length == 0xffff;
            my $text = substr $packet, 0, $length, '';
            substr $packet, 0, 1, '';
            return $text;
        };
        substr $packet, 0, 2, '';
        $string->() for 1 .. 5;
        substr $packet, 0, 3, '';
        my @fields;
        for (1 .. unpack 'n', substr $packet, 0, 2, '') {
            my ($code) = unpack 'n', $packet;
            my $name;
            if ($code > 0xa000) {
                substr $packet, 0, 2, '';
                $name = $AJP_HEADERS[($code & 0xff) - 1];
            }
            else {
                $name = $string->();
            }
            push @fields, [$name, $string->()];
        }
        while ((my $code = ord substr $packet, 0, 1, '') != 0xff) {
            if ($code == 10) {
                push @fields, ["attribute " . $string->(), $string->()];
            }
            elsif ($code == 11) {
                push @fields, ['attribute ssl_key_size', unpack 'n', substr $packet, 0, 2, ''];
            }
            else {
                push @fields, ["attribute $AJP_ATTRIBUTES{$code}", $string->()];
            }
        }
        push @requests, \@fields;
    }
    return @requests;
}

1;
