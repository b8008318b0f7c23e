# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Process;

# A server of another make that a test starts: it runs in a directory of its
# own, in the foreground, and ends with the object.

use strict;
use warnings;

use File::Path 'make_path';
use IO::Socket::INET;
use POSIX ();
use Time::HiRes 'sleep';

use ClientCertTest::PKI qw(slurp spew);

my $count = 0;

# new(name => NAME): a directory for its files, nothing started yet.
sub new {
    my ($class, %want) = @_;
    my $self = bless {%want}, $class;
    $self->{directory} = "$ENV{TEST_SERVERS}/$self->{name}.$$." . ++$count;
    make_path($self->{directory});
    return $self;
}

sub directory { return $_[0]{directory} }
sub output { return "$_[0]{directory}/output" }

# Runs the command, or the block; returns when the port answers, and dies with
# what it printed if it ends before.
sub start {
    my ($self, $port, @command) = @_;
    $self->{port} = $port;
    my $owner = $self->{owner} = $$;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $self->output;
        open STDERR, '>&', \*STDOUT;
        POSIX::setpgid(0, 0);
        if (ref $command[0]) {
            # A test that was killed does not stop this.
            local $SIG{ALRM} = sub { getppid() == $owner ? alarm 1 : POSIX::_exit(0) };
            alarm 1;
            # Not the test's own END blocks, nor its destructors.
            eval { $command[0]->(); 1 } or print STDERR $@;
            POSIX::_exit(1);
        }
        # The same for a program.
        { exec 'setpriv', '--pdeathsig', 'TERM', '--', @command };
        print STDERR "setpriv: $!\n";
        POSIX::_exit(127);
    }
    # tests/apache.sh stops by these what a killed test left running.
    spew("$self->{directory}/$self->{name}.pid", $self->{pid});
    for (1 .. 600) {
        if (waitpid($self->{pid}, POSIX::WNOHANG()) > 0) {
            delete $self->{pid};
            die "$self->{name} did not start: " . slurp($self->output);
        }
        return $self if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
        sleep 0.05;
    }
    $self->stop;
    die "$self->{name} did not start within 30 s: " . slurp($self->output);
}

sub port { return $_[0]{port} }

# Seconds within which it is to end by itself.
sub patience { return 3 }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    unlink "$self->{directory}/$self->{name}.pid";
    kill TERM => $pid;
    for (1 .. 20 * $self->patience) {
        last if waitpid($pid, POSIX::WNOHANG()) != 0;
        sleep 0.05;
    }
    # Its children, and itself if it did not listen.
    kill KILL => -$pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($?, $@, $!);
    $self->stop if ($self->{owner} // 0) == $$;
    return;
}

1;
