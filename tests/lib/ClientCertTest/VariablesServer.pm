# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::VariablesServer;

# A server that has what mod_ssl and the core say of a client certificate:
# ../../variables/mod_variables_test.c, which is compiled for it.

use strict;
use warnings;

use ClientCertTest;
use ClientCertTest::Server 'is_older';
use Exporter 'import';

our @EXPORT = qw(is_of_newer_httpd variables_server);

# Whether a mod_ssl older than httpd 2.4.68 has no such variable, or another value of it: it knows no
# serialNumber, and rounds the days up.
sub is_of_newer_httpd { return is_older(68) && $_[0] =~ /_V_REMAIN\b|_DN_SerialNumber/ }

my @files;
END { unlink @files }

# variables_server(names => [...], extensions => [...], config => '...', env => {...}): started, with
# its port. The names are those that are asked for.
sub variables_server {
    my (%want) = @_;
    my ($module, $names, $extensions) = map { pki("variables_test.$$.$_") } qw(so names extensions);
    push @files, $module, $names, $extensions;
    spew($names, map {"$_\n"} @{ $want{names} });
    spew($extensions, map {"$_\n"} @{ $want{extensions} });
    my $apxs = sub { my $answer = qx{apxs -q $_[0]}; chomp $answer; return $answer };
    my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
    chomp $compiler;
    my @command = (
        $compiler, qw(-std=gnu11 -shared -fPIC -Wall -Wextra), split(' ', $apxs->('EXTRA_CPPFLAGS')),
        "-I$ENV{TEST_CORE}", (map { '-I' . $apxs->($_) } qw(INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR)),
        '-o', $module, 'variables/mod_variables_test.c', "$ENV{TEST_CORE}/libclient_cert.a",
        '-Wl,--exclude-libs,ALL', qw(-lssl -lcrypto -lgcc_s -lpthread -ldl -lm),
    );
    my $said = qx{@command 2>&1};
    die "the module does not compile: $said" if $?;
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => 'variables', own => 0,
        env => {
            TEST_NAMES => $names, TEST_EXTENSIONS => $extensions, TEST_SIGNER => pki('origin'),
            %{ $want{env} // {} },
        },
        modules => load_modules() . "LoadModule variables_test_module $module\n",
        config => <<"CONF",
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
ServerName localhost
SSLEngine on
SSLCertificateFile @{[ pki('origin.crt') ]}
SSLCertificateKeyFile @{[ pki('origin.key') ]}
SSLCACertificateFile @{[ pki('variables-ca.crt') ]}
SSLVerifyClient require
SSLOptions +StdEnvVars
$want{config}
</VirtualHost>
CONF
    );
    $server->start;
    return ($server, $port);
}

1;
