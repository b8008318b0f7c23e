# SPDX-License-Identifier: Apache-2.0

# Modules that set our headers after us, up to the moment before the request goes to
# the backend (../backends/mod_late_test.c): in a server that forwards the backend
# has what we set, and nothing of theirs.

use ClientCertTest;
use ClientCertTest::Attack qw(faults identity ttrp);
use ClientCertTest::Raw qw(exchange recorded_since recorder_mark);

my $module = pki("late_test.$$.so");
END { unlink $module if defined $module }

my $apxs = sub { my $answer = qx{apxs -q $_[0]}; chomp $answer; return $answer };
my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
chomp $compiler;
my @command = (
    $compiler, qw(-std=gnu11 -shared -fPIC -Wall -Wextra), split(' ', $apxs->('EXTRA_CPPFLAGS')),
    (map { '-I' . $apxs->($_) } qw(INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR)),
    '-o', $module, 'backends/mod_late_test.c',
);
my $said = qx{@command 2>&1};
is($?, 0, 'the module compiles') or die $said;

my $server = ttrp(global => "LoadModule late_test_module $module");
my $recorder = $server->{recorder};
my $client = $ClientCertTest::Attack::CLIENT;
for my $backend (qw(http h2c fcgi balancer)) {
    for my $where (qw(nowhere fixups handler pre_request proxy_fixups)) {
        for my $target ('/x', '/off/x') {
            for my $cert ($client, undef) {
                my $mark = recorder_mark($recorder);
                my ($statuses, $received) = exchange(
                    "GET $target HTTP/1.1\r\nHost: $backend-strip.test\r\nX-Late: $where\r\n\r\n",
                    port => $server->{tls}, tls => '1.3', sni => "$backend-strip.test", half => 1,
                    cert => $cert, chain => 1);
                my @records = recorded_since($recorder, $mark);
                my $what = "$backend, $where, $target, " . ($cert ? 'a certificate' : 'none');
                is(scalar @records, 1, "$what: the backend was asked") or diag $received;
                is_deeply([faults(\@records, identity => $cert && identity())], [], $what);
            }
        }
    }
}

done_testing;
