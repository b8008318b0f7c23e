# SPDX-License-Identifier: Apache-2.0

# Keys that only root may read: httpd started as root reads them, its processes
# give the privileges up, and requests are signed.

use ClientCertTest;

plan skip_all => 'not started by root' unless $ENV{TEST_PRIVILEGED_PORT};

my $directory = $ENV{TEST_PRIVILEGED_DIRECTORY};
my %client = (port => $ENV{TEST_PRIVILEGED_PORT}, cert => 'client-rsa');

for my $source (qw(file keyfile server)) {
    my $response = get('/', %client, sni => "$source.test");
    is($response->status, 200, "$source: answered");
    is(forwarded($response), 'client-rsa', 'signed');
    is(signer($response), 'signer-p256', 'by the signer');
    my $pid = logged($response, "$directory/access_log")->{pid};
    my $uid = (stat "/proc/$pid")[4];
    ok($uid, "the process that signed is not root's");
    is($uid, $>, 'but this user\'s');
}

for my $file (glob "$directory/keys/*") {
    ok(!open(my $handle, '<', $file), "$file is not for this user");
}

done_testing;
