# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Server;

# An httpd of its own for what one test configures differently, beside the one
# that Apache::Test runs. It listens on 127.0.0.1 only and ends with the object.

use strict;
use warnings;

use Exporter 'import';
use File::Path 'make_path';
use IO::Socket::INET;
use POSIX ();
use Time::HiRes 'sleep';

use ClientCertTest::Crash 'watch';
use ClientCertTest::PKI qw(slurp spew);
use parent 'ClientCertTest::Process';

our @EXPORT_OK = qw(check_config free_port is_older load_modules);

# What every server loads beside client_cert_module.
my @MODULES = qw(
    mpm_event access_compat alias auth_basic authn_core authn_file authz_core
    authz_host authz_user cache cache_socache cgid dir env headers http2 mime proxy
    proxy_ajp proxy_balancer proxy_connect proxy_fcgi proxy_http proxy_http2
    lbmethod_byrequests macro rewrite setenvif slotmem_shm socache_shmcb ssl status
    unique_id
);

# Ports below the kernel's ephemeral range: one that was free a moment ago is
# not handed to an outgoing connection of another process in between.
my %given;

sub free_port {
    for (1 .. 200) {
        my $port = 12_000 + int rand 18_000;
        next if $given{$port};
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1,
        ) or next;
        close $socket;
        $given{$port} = 1;
        return $port;
    }
    die 'no free port';
}

# LoadModule lines; with other modules in place of the usual ones if any are
# named.
sub load_modules {
    my (@modules) = @_;
    my $directory = $ENV{TEST_HTTPD_MODULES};
    return join '', map {"LoadModule ${_}_module $directory/mod_$_.so\n"}
        @modules ? @modules : @MODULES;
}

sub own_module {
    return "LoadModule client_cert_module $ENV{TEST_MODULE}\n";
}

my $count = 0;

sub preamble {
    my ($directory, %want) = @_;
    my $level = $want{log_level} // 'notice';
    $level .= ' client_cert:debug' if $want{own} // 1;
    my $sessions = $want{session_cache} // "shmcb:$directory/sessions(512000)";
    return <<"CONF";
ServerRoot $directory
DefaultRuntimeDir $directory
PidFile $directory/httpd.pid
ErrorLog $directory/error_log
LogLevel $level
ServerName localhost
KeepAliveTimeout 60
MaxKeepAliveRequests 0
DocumentRoot $ENV{TEST_HTDOCS}
TypesConfig /dev/null
SSLSessionCache $sessions
<Directory />
    AllowOverride None
    Require all granted
</Directory>
LogFormat "$ENV{TEST_LOG_FORMAT}" tests
CustomLog $directory/access_log tests
CONF
}

# new(name => NAME, config => TEXT, modules => LoadModule lines in place of the
# usual ones, own => 0 to leave client_cert_module out, session_cache => that of all of a fleet, env => {...}, directory =>
# PATH, crash => qr/the lines of crashes that are expected/). The text
# names its ports itself. Returns without starting.
sub new {
    my ($class, %want) = @_;
    my $self = bless {%want}, $class;
    $self->{directory} //= "$ENV{TEST_SERVERS}/$self->{name}.$$." . ++$count;
    make_path($self->{directory});
    $self->{conf} = "$self->{directory}/httpd.conf";
    $self->configure($want{config});
    watch($self);
    return $self;
}

# Whether the httpd under test is older than 2.4.NUMBER.
my $number;
sub is_older {
    my ($than) = @_;
    $number //= `$ENV{TEST_HTTPD} -v` =~ m{Apache/2\.4\.(\d+)} ? $1 : die "$ENV{TEST_HTTPD} has no version";
    return $number < $than;
}

# Writes the configuration: anew, before a restart.
sub configure {
    my ($self, $config) = @_;
    my $preamble = preamble($self->{directory}, %$self);
    my $modules = $self->{modules} // 'all';
    $preamble =~ s/^TypesConfig.*\n//m unless $modules =~ /^all$|mod_mime\./;
    # %{...}x in a log is mod_ssl's, too.
    $preamble =~ s/^(?:SSLSessionCache|LogFormat|CustomLog).*\n//mg unless $modules =~ /^all$|mod_ssl\./;
    # What an older httpd lacks is not tried there.
    $config =~ s{^(\s*(SSLVHostSNIPolicy|H2WebSockets)\b.*)$}{<IfDirective $2>\n$1\n</IfDirective>}mg if is_older(68);
    spew(
        $self->{conf},
        $self->{modules} // load_modules(),
        ($self->{own} // 1) ? own_module() : (),
        $preamble, $config,
    );
    return;
}

# Starts, and returns when the first Listen answers; dies with the error log if
# the server ends before.
sub start {
    my ($self) = @_;
    my ($address, $port) = slurp($self->{conf}) =~ /^Listen (127\.0\.0\.\d+):(\d+)/m or die 'no Listen';
    $self->{owner} = $$;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        local %ENV = (%ENV, %{ $self->{env} // {} });
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$self->{directory}/output";
        open STDERR, '>&', \*STDOUT;
        # A process group of its own: an interrupt at the terminal reaches the
        # test, which then stops the server in order.
        POSIX::setpgid(0, 0);
        { exec $ENV{TEST_HTTPD}, '-DFOREGROUND', '-f', $self->{conf} };
        POSIX::_exit(127);
    }
    # Under a sanitizer it takes longer.
    my $patience = $ENV{TEST_PATIENCE} // 30;
    for (1 .. 20 * $patience) {
        if (waitpid($self->{pid}, POSIX::WNOHANG()) > 0) {
            $self->{status} = $?;
            delete $self->{pid};
            die "$self->{name} did not start: " . $self->said;
        }
        return $self
            if -s "$self->{directory}/httpd.pid"
            && IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port);
        sleep 0.05;
    }
    $self->stop;
    die "$self->{name} did not start within $patience s: " . $self->said;
}

# What it printed and logged so far.
sub said {
    my ($self) = @_;
    return join '', map { -e $_ ? slurp($_) : '' } "$self->{directory}/output", $self->error_log;
}

sub error_log { return "$_[0]{directory}/error_log" }
sub access_log { return "$_[0]{directory}/access_log" }

# Asks for a graceful restart, or with HUP for one that is not, and waits until
# the error log tells of it.
sub graceful {
    my ($self, $signal) = @_;
    # It answers before the log has this of the start itself.
    my $started = 0;
    for (1 .. 400) {
        last if $started = () = $self->said =~ /resuming normal operations/g;
        sleep 0.05;
    }
    kill $signal // 'USR1', $self->{pid};
    for (1 .. 400) {
        my $now = () = $self->said =~ /resuming normal operations/g;
        return 1 if $now > $started;
        sleep 0.05;
    }
    return 0;
}

sub patience { return 10 }

# Ends the server once it has nothing to do. A child of mpm_event that is told to end at once
# closes the sockets that its workers use, and crashes where a worker has just freed one
# (close_worker_sockets() in event.c; without our module, too). The clients of a test often
# close their connections just before it stops the server.
sub stop {
    my ($self) = @_;
    $self->settle if $self->{pid};
    return $self->SUPER::stop;
}

# Waits, a second or so at most, until no thread of the children runs. It looks twice: a thread
# that was asleep may have been woken by one that was looked at after it.
sub settle {
    my ($self) = @_;
    my $pid = $self->{pid};
    my $idle = 0;
    for (1 .. 150) {
        my @children = split ' ', slurp_if("/proc/$pid/task/$pid/children");
        my @stats = map { slurp_if($_) } map { glob "/proc/$_/task/*/stat" } @children;
        $idle = grep({ /\) [RD] / } @stats) ? 0 : $idle + 1;
        return if $idle == 2;
        sleep 0.005;
    }
    return;
}

# What a file has, if it is still there.
sub slurp_if {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return <$in> // '';
}

# The exit status and the output of `httpd -t` for a configuration.
sub check_config {
    my (%want) = @_;
    my $self = __PACKAGE__->new(name => 'check', %want);
    my $output = qx{$ENV{TEST_HTTPD} -t -f $self->{conf} 2>&1};
    return ($? >> 8, $output, $self);
}

1;
