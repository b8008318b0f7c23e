# SPDX-License-Identifier: Apache-2.0

# A child of any server that crashes fails the test that uses the server, whatever that
# looks at itself.

use ClientCertTest;
use ClientCertTest::Crash 'crashes';
use ClientCertTest::Process;

# A test that passes, but for what happens to its server: its exit status and output.
sub run_test {
    my ($do, $crash) = @_;
    my $port = free_port();
    my $test = "$ENV{TEST_SERVERS}/crash_is_noticed.$$.pl";
    spew($test, <<"TEST");
use ClientCertTest;
my \$server = ClientCertTest::Server->new(name => 'crash', own => 0, modules => load_modules(qw(mpm_event authz_core)), crash => $crash,
    config => "Listen 127.0.0.1:$port\\nStartServers 1\\nServerLimit 1\\nThreadsPerChild 25\\nMaxRequestWorkers 25\\n");
\$server->start;
my \$child = wait_for { (split ' ', slurp("/proc/\$server->{pid}/task/\$server->{pid}/children"))[0] };
$do
ok(1, 'the test itself passes');
done_testing;
TEST
    my $output = qx{$^X -I$ENV{PERL5LIB} $test 2>&1};
    return ($? >> 8, $output);
}

my $crash = <<'DO';
kill SEGV => $child;
wait_for { $server->said =~ /exit signal/ };
DO

my ($status, $output) = run_test('', 'undef');
is($status, 0, 'nothing crashed') or diag $output;
($status, $output) = run_test($crash, 'undef');
isnt($status, 0, 'a child that crashed');
like($output, qr/^# a server has crashed: .*exit signal Segmentation fault/m, 'and the line that says so');
like($output, qr/^ok 1 - the test itself passes$/m, 'although the test found nothing');
($status, $output) = run_test($crash, 'qr/exit signal Segmentation fault/');
is($status, 0, 'one that is expected by name') or diag $output;
($status, $output) = run_test($crash, 'qr/exit signal Bus error/');
isnt($status, 0, 'another is expected');

for my $line (
    'AH00052: child pid 7 exit signal Aborted (6)',
    'AH00051: child pid 7 exit signal Segmentation fault (11), possible coredump in /tmp',
    '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1',
    'a.c:7:1: runtime error: signed integer overflow',
    '*** stack smashing detected ***: terminated',
    'double free or corruption (out)',
    q{apache2: a.c:7: f: Assertion `x' failed.},
    q{[core:crit] AH00102: file a.c, line 7, assertion "x" failed},
    q{thread '<unnamed>' panicked at src/lib.rs:7:7:},
) {
    is_deeply([crashes("before\n$line\nafter")], [$line], $line);
}
is_deeply([crashes("AH00045: child process 7 still did not exit, sending a SIGTERM\nresuming normal operations")],
    [], 'what is said in order is no crash');

done_testing;
