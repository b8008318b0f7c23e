# SPDX-License-Identifier: Apache-2.0

# The middleware of verifiers/node, in Express and in node:https.

use ClientCertTest;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

plan skip_all => 'node is not installed' if !installed('node');
plan skip_all => 'its packages cannot be had: tests/node_modules.sh' if !-d verifier('node/node_modules');

for my $with ('Express', 'node:https') {
    # Debian's Express.
    local $ENV{NODE_PATH} = $with eq 'Express' ? '/usr/share/nodejs' : '';
    my $port = free_port();
    my $node = ClientCertTest::Process->new(name => 'node');
    $node->start($port, 'node', verifier('node/test/application.js'), $port,
        pki('origin.crt'), pki('origin.key'), pki('server-ca.crt'));
    SKIP: {
        skip 'Express is not installed', 1 if $with eq 'Express' && slurp($node->output) !~ /^with Express/m;
        subtest $with => sub { check_application($port) };
    }
}

check_vectors('node', 'node', verifier('node/test/vectors.js'));

done_testing();
