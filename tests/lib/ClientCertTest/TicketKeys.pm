# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::TicketKeys;

# Keys of session tickets that outlive a restart, and that several servers share;
# see ../../ticket_keys/mod_ticket_keys_test.c.

use strict;
use warnings;

use Cwd 'abs_path';
use Exporter 'import';
use File::Basename 'dirname';
use File::Temp ();

use ClientCertTest::PKI 'spew';

our @EXPORT = 'ticket_keys';

my $SOURCE = abs_path(dirname(__FILE__) . '/../../ticket_keys/mod_ticket_keys_test.c');

# Lines for the main server of a configuration. All of one test name the same keys.
my $directory;

sub ticket_keys {
    if (!$directory) {
        $directory = File::Temp->newdir(TEMPLATE => 'tickets.XXXXXX', DIR => $ENV{TEST_PKI});
        spew("$directory/keys", map { chr int rand 256 } 1 .. 80);
        my $apxs = sub { my $answer = qx{apxs -q $_[0]}; chomp $answer; return $answer };
        my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
        chomp $compiler;
        my @command = (
            $compiler, qw(-std=gnu11 -shared -fPIC -Wall -Wextra),
            split(' ', $apxs->('EXTRA_CPPFLAGS')),
            (map { '-I' . $apxs->($_) } qw(INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR)),
            '-o', "$directory/module.so", $SOURCE, '-lssl',
        );
        my $said = qx{@command 2>&1};
        $? == 0 or die "mod_ticket_keys_test.c: $said";
    }
    return <<"CONF";
LoadModule ticket_keys_test_module $directory/module.so
TestTicketKeyFile $directory/keys
CONF
}

1;
