# SPDX-License-Identifier: Apache-2.0

# The class of verifiers/php in PHP-FPM behind mod_proxy_fcgi, whose mod_ssl says who the peer is.

use ClientCertTest;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

my $application = verifier('php/test/application.php');
my ($binary) = sort { $b cmp $a } glob '/usr/sbin/php-fpm*';
plan skip_all => 'php-fpm is not installed' if !$binary;

my ($fpm_port, $port) = (free_port(), free_port());
my $fpm = ClientCertTest::Process->new(name => 'php-fpm');
my $directory = $fpm->directory;
my $conf = spew("$directory/fpm.conf", <<"CONF");
[global]
error_log = $directory/error_log
daemonize = no
[tcp]
listen = 127.0.0.1:$fpm_port
pm = static
pm.max_children = 2
env[VERIFIER_ANCHORS] = @{[ pki('server-ca.crt') ]}
env[VERIFIER_NAMES] = ttrp.example
CONF
$fpm->start($fpm_port, $binary, '-n', '-F', '-y', $conf);
# Without this module.
my $origin = ClientCertTest::Server->new(name => 'php', own => 0, config => application_host($port, <<"LINES"))->start;
    AliasMatch ^/ $application
    <Directory @{[ verifier('php/test') ]}>
        SetHandler "proxy:fcgi://127.0.0.1:$fpm_port"
    </Directory>
LINES
subtest 'PHP-FPM' => sub { check_application($port) };

subtest 'every vector' => sub {
    plan skip_all => 'faketime is not installed' if !installed('faketime');
    like(run_command('php', verifier('php/test/vectors.php')), qr/^\d+ vectors, 0 wrong, /m, 'agrees');
};

done_testing;
