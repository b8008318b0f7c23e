# SPDX-License-Identifier: Apache-2.0

# Backends that drop the connection, before, within and after the head of a response: each
# attempt carries the client's own header, and no part of another's response.

use ClientCertTest;
use ClientCertTest::Process;
use IO::Socket::INET;

my $log = pki("dropped.$$");
END { unlink $log if defined $log }
my @MOMENTS = qw(request head body chunk answer);

# Answers up to where the path says; writes down what came.
sub backend {
    my ($port) = @_;
    my $listening = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 50,
        ReuseAddr => 1) or die "listen: $!";
    local $SIG{CHLD} = 'IGNORE';
    local $SIG{PIPE} = 'IGNORE';
    while (1) {
        # An alarm ends it at times, and no more.
        my $socket = $listening->accept or next;
        next if fork;
        my $head = '';
        while (1) {
            sysread($socket, $head, 65_536, length $head) or last;
            next unless $head =~ s/\A(.*?\r\n)\r\n//s;
            my $fields = $1;
            my ($path) = $fields =~ m{^\S+ /(\w*)};
            my ($id) = $fields =~ /^X-Test-Id: (\S+)/mi;
            my @certs = $fields =~ /^Client-Cert: ?(.*?)\r$/mgi;
            open my $out, '>>', $log or die;
            syswrite $out, join(' ', $id // '-', $path, @certs) . "\n";
            my $all = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nX-Id: $id\r\n\r\n" . "$id " . 'x' x (1_999 - length $id);
            $all = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Id: $id\r\n\r\n400\r\n$id" if $path eq 'chunk';
            my %parts = (request => 0, head => 20, body => 500, chunk => length $all);
            syswrite $socket, substr $all, 0, $parts{$path} // length $all;
            last if defined $parts{$path};
        }
        POSIX::_exit(0);
    }
    return;
}

my $process = ClientCertTest::Process->new(name => 'dropping');
my $backend = free_port();
$process->start($backend, sub { backend($backend) });

my $port = free_port();
my $config = server_config(port => $port, global => "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25",
    lines => 'LogLevel proxy:error');
$config =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$backend/ retry=0}m;
my $server = ClientCertTest::Server->new(name => 'drops', config => $config);
$server->start;

my %sent;
for my $round (1 .. 3) {
    for my $moment (@MOMENTS) {
        for my $name ('client-rsa', 'client-p256', undef) {
            my $client = client(port => $port, sni => 'ttrp.test', cert => $name);
            for my $path ("/$moment", '/answer') {
                # A response that is cut off ends the client's connection, too.
                my $response = eval { $client->request($path) } or last;
                my $what = "$round, " . ($name // 'no certificate') . ", $path";
                $sent{ $response->id } = $name // '';
                my $id = $response->header('X-Id');
                is($id, $response->id, "$what: no other's response") if defined $id;
                last if $moment ne 'answer' && $path ne '/answer' && $response->status == 200;
                is($response->status, $path eq '/answer' ? 200 : 502, "$what: the status");
                last if $response->status != 200 && ($response->header('Connection') // '') =~ /close/i;
            }
        }
    }
}
my (@wrong, %saw);
for (split /\n/, slurp($log)) {
    my ($id, $path, @certs) = split / /;
    $saw{$path}++;
    my @found = map { name_of(cms_verified(decode_cms($_))) // 'does not verify' } @certs;
    push @wrong, "$id $path @found" if join(',', @found) ne ($sent{$id} // '?');
}
is_deeply(\@wrong, [], 'each request has the header of its client, or none');
cmp_ok($saw{$_} // 0, '>=', 9, "$_: seen by the backend") for @MOMENTS;

done_testing;
