#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0

# Run by root: starts the httpd of t/start/privileges.t, whose keys only root may read,
# and stops it when told to.

use strict;
use warnings;

use ClientCertTest;
use File::Path 'make_path';

my ($user) = @ARGV;
my $port = $ENV{TEST_PRIVILEGED_PORT};
my $directory = $ENV{TEST_PRIVILEGED_DIRECTORY};
my $keys = "$directory/keys";
umask 077;
make_path($keys);
spew("$keys/signer.$_", slurp(pki("signer-p256.$_"))) for qw(pem key pair);
chmod 0755, $directory;

my $group = getgrgid((getpwnam $user)[3]);
my @hosts;
my %SIGNERS = (
    server => 'server',
    file => "$keys/signer.pem",
    keyfile => pki('signer-p256.chain') . " $keys/signer.key",
);
for my $name (sort keys %SIGNERS) {
    my $host = server_config(
        port => $port, name => "$name.test", lines => "ClientCertSigner $SIGNERS{$name}\n",
        global => @hosts ? '' : "User $user\nGroup $group",
    );
    $host =~ s/^Listen.*\n//m if @hosts;
    $host =~ s{^(SSLCertificateKeyFile) .*}{$1 $keys/signer.key}m;
    $host =~ s{^(SSLProxyMachineCertificateFile) .*}{$1 $keys/signer.pair}m;
    push @hosts, $host;
}
my $server = ClientCertTest::Server->new(
    name => 'privileged', directory => $directory, config => join('', @hosts),
);
$server->start;
chmod 0644, $server->access_log, $server->error_log;

$SIG{TERM} = $SIG{INT} = sub { exit 0 };
spew("$directory/ready", '');
sleep 1 while getppid() != 1;
