# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Soak;

# The clients of tests/soak, many at once: each answer is for the client that asked, and signed by
# who signs at that moment.

use strict;
use warnings;

use Exporter 'import';
use File::Path 'make_path';
use IO::Handle;
use IO::Select;
use IPC::Open2;
use Time::HiRes 'time';

use ClientCertTest::PKI qw(issue pki spew);

our @EXPORT = qw(soak_documents soak_signer soak_subject);

# They may be done before they read what they are told.
$SIG{PIPE} = 'IGNORE';

# What an origin of theirs serves: /page and /pinned/page, with mod_include, say what the clients
# compare, and /large takes a while.
sub soak_documents {
    my ($directory) = @_;
    make_path("$directory/pinned");
    my $page = join '|', map {"<!--#echo encoding=\"none\" var=\"$_\"-->"}
        qw(HTTP_X_ID CLIENT_CERT_SHA256 HTTP_X_CLIENT_9440 CLIENT_CERT_SIGNER_S_DN);
    spew("$directory/$_", $page) for qw(page pinned/page);
    spew("$directory/large", 'x' x 2_000_000);
    return $directory;
}

# One who signs, and the subject of its certificate.
sub soak_signer {
    my ($name, $ca) = @_;
    return issue(name => "soak-signer-$name", as => 'server', ca => $ca // 'server-ca', names => ['ttrp.example', '*.test']);
}

sub soak_subject { return "CN=soak-signer-$_[0],O=mod_client_cert tests" }

# new(requests, clients, threads, most => requests of one connection, slack => milliseconds after a restart in which the old processes
# may still accept a connection, signer => NAME, http2 => 0 or 1): not connected yet. {backend} is
# the port of the WebSocket behind the origin.
sub new {
    my ($class, %want) = @_;
    my $self = bless {%want, said => '', began => time, owner => $$}, $class;
    $self->{pid} = open2($self->{out}, $self->{in}, $ENV{TEST_SOAK}, @want{qw(requests clients threads most slack)},
        pki('client-ca'), pki('client-intermediate'), soak_subject($want{signer}), $want{http2} ? 'http2' : 'http1');
    $self->{in}->autoflush;
    ($self->{backend}) = (readline($self->{out}) // '') =~ /^backend (\d+)/ or die 'no clients';
    return $self;
}

# What the servers do, and how long to go on: see told() in ../../soak/state.rs.
sub say {
    my ($self, @words) = @_;
    print { $self->{in} } join("\t", @words), "\n";
    return;
}

# Tells where the servers are: NAME:ADDRESS:PORT.
sub begin {
    my ($self, @servers) = @_;
    print { $self->{in} } "@servers\n";
    return;
}

# Reads what the clients say, for so many seconds, and passes on how much of a hundred is done.
# False when all is.
sub wait {
    my ($self, $seconds, $progress) = @_;
    my $end = time + $seconds;
    while ((my $left = $end - time) > 0) {
        next unless IO::Select->new($self->{out})->can_read($left);
        sysread $self->{out}, $self->{said}, 65_536, length $self->{said} or return 0;
        # Each line once.
        while ($self->{said} =~ s/^done (\d+)\n//m) {
            $progress->($1) if $progress;
        }
    }
    return 1;
}

# Waits for the end: the totals, and the exit status.
sub totals {
    my ($self) = @_;
    1 while $self->wait(60);
    close $self->{in};
    waitpid delete $self->{pid}, 0;
    my $status = $?;
    $self->{seconds} = time - $self->{began};
    ($self->{totals}) = $self->{said} =~ /^totals (.*)$/m;
    return ({ ($self->{totals} // '') =~ /(\w+)=(\d+)/g }, $status);
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    return unless $self->{pid} && $self->{owner} == $$;
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
