# SPDX-License-Identifier: Apache-2.0

# The middleware of verifiers/ruby in Puma, which says who the TLS peer is.

use ClientCertTest;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

plan skip_all => 'puma is not installed' if !installed('puma');

local $ENV{VERIFIER_ANCHORS} = pki('server-ca.crt');
local $ENV{VERIFIER_NAMES} = 'ttrp.example';
my $port = free_port();
my $puma = ClientCertTest::Process->new(name => 'puma');
my %tls = (cert => pki('origin.crt'), key => pki('origin.key'), ca => pki('server-ca.crt'), verify_mode => 'peer');
$puma->start($port, 'puma', '--quiet', '--environment', 'production', '--bind',
    "ssl://127.0.0.1:$port?" . join('&', map {"$_=$tls{$_}"} sort keys %tls), verifier('ruby/test/application.ru'));
subtest 'Puma' => sub { check_application($port) };

like(run_command('ruby', verifier('ruby/test/vectors.rb')), qr/^\d+ vectors, 0 wrong, /m, 'agrees with every vector');

done_testing;
