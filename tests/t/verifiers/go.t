# SPDX-License-Identifier: Apache-2.0

# The handler of verifiers/go, in net/http.

use ClientCertTest;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

plan skip_all => 'go is not installed' if !installed('go');

my $go = ClientCertTest::Process->new(name => 'go');
my $directory = $go->directory;
# Nothing is fetched: it has no dependencies.
local @ENV{qw(GOCACHE GOFLAGS GOPROXY GOTOOLCHAIN)} = ("$directory/cache", '-mod=mod', 'off', 'local');
run_command('sh', '-c', 'cd "$1" && exec go build -o "$2/" ./test/...', 'sh', verifier('go'), $directory);

my $port = free_port();
$go->start($port, "$directory/application", $port, pki('origin.crt'), pki('origin.key'), pki('server-ca.crt'));
subtest 'net/http' => sub { check_application($port) };
check_vectors('go', "$directory/vectors");

done_testing();
