# SPDX-License-Identifier: Apache-2.0

# The control of tests/sanitize.sh: the sanitizer that the servers run under reports the faults of
# ../sanitizers/, in C and in Rust. Elsewhere there is nothing to test.

use ClientCertTest;

my $sanitizer = $ENV{TEST_SANITIZER}
    or plan skip_all => 'no sanitizer: ./run sanitize has them';

# What is asked for, and what the report has.
my %FAULTS = (
    address => [
        ['heap', qr/AddressSanitizer: heap-buffer-overflow.*planted_heap/s],
        ['rust_heap', qr/AddressSanitizer: heap-buffer-overflow.*planted.*rust_heap/s],
    ],
    undefined => [['overflow', qr/mod_planted_test\.c:\d+:\d+: runtime error: signed integer overflow/]],
    thread => [
        ['race', qr/ThreadSanitizer: data race.*mod_planted_test\.c/s],
        ['rust_race', qr/ThreadSanitizer: data race.*planted\.rs/s],
    ],
    memcheck => [
        ['heap', qr/Invalid write of size 1.*planted_heap/s],
        ['branch', qr/Conditional jump.*uninitialised.*planted_branch/s],
        ['rust_heap', qr/Invalid read of size 1.*planted\.rs/s],
    ],
);
my @faults = map { @{ $FAULTS{$_} // [] } } split /-/, $sanitizer;

my $reports = "$ENV{TEST_SERVERS}/planted.$$";
mkdir $reports or die "$reports: $!";
my $port = free_port();
my $server = ClientCertTest::Server->new(
    name => 'planted', crash => qr/exit signal Abort|panicked at|runtime error:/,
    modules => load_modules() . "LoadModule planted_test_module $ENV{TEST_PLANTED}\n",
    config => "Listen 127.0.0.1:$port\nSetHandler planted\nStartServers 1\n",
    # Its reports are not those of the suite.
    env => {
        (map { ("${_}_OPTIONS" => ($ENV{"${_}_OPTIONS"} // '') . ":log_path=$reports/report") } qw(ASAN UBSAN TSAN)),
        TEST_MEMCHECK_LOG => $reports,
    },
);
$server->start;

sub reported { return join '', map { slurp($_) } glob "$reports/*" }

for (@faults) {
    my ($fault, $report) = @$_;
    eval { client(port => $port, tls => 0)->request("/?$fault") };
    ok((wait_for { (reported() . $server->said) =~ $report } 120), "$fault is reported")
        or diag reported() . $server->said;
}
# Overflow in Rust is a panic, which fails each test that has one in a log of its servers.
if ($sanitizer =~ /undefined/) {
    is(client(port => $port, tls => 0)->request('/?rust_overflow')->status, 500, 'rust_overflow: caught');
    like($server->said, qr/panicked at .*planted\.rs.*\n?.*attempt to add with overflow/, 'and said');
}

done_testing;
