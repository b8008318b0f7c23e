# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Crash;

# What a server says in its error log, or prints, when something in it has crashed.
# Every test looks for it at its end, in the logs of all servers that it has used
# (ClientCertTest.pm), and fails where there is any. A crash that is expected is named
# with the server: ClientCertTest::Server->new(crash => qr/.../).

use strict;
use warnings;

use Exporter 'import';
use Scalar::Util 'weaken';

our @EXPORT_OK = qw(crashes watch watch_log);

my $CRASH = qr{
    exit\ signal | AH0005[12] | assertion\ (?:failed|"[^"]*"\ failed) | Assertion\ .*\ failed
    | (?:Address|Leak|Thread|UndefinedBehavior)Sanitizer | \bruntime\ error:
    | stack\ smashing\ detected | double\ free | corrupted\ (?:size|double-linked|unsorted) | free\(\):\ invalid
    | malloc\(\):\ | terminate\ called | panicked\ at | panic\ in\ a\ (?:function|destructor)
}x;

# Of a process: logs and where its part of them begins; servers of its own.
my ($owner, @logs, @servers) = $$;

# watch_log(FILE): from what it has now on.
sub watch_log {
    my ($file) = @_;
    push @logs, [$file, -s $file // 0];
    return;
}

# watch(SERVER): all of its logs, wherever it writes them.
sub watch {
    my ($server) = @_;
    weaken($servers[@servers] = $server);
    push @logs, [$_, 0, $server->{crash}] for $server->output, $server->error_log;
    return;
}

# The lines of a text that tell of a crash, but for those that are expected.
sub crashes {
    my ($text, $expected) = @_;
    return grep { $_ =~ $CRASH && !(defined $expected && $_ =~ $expected) } split /\n/, $text;
}

sub found {
    my @found;
    for my $log (@logs) {
        my ($file, $from, $expected) = @$log;
        open my $in, '<', $file or next;
        seek $in, $from, 0;
        local $/;
        push @found, map {"$file: $_"} crashes(<$in> // '', $expected);
    }
    return @found;
}

# Before Test::More's own, since it is loaded after that.
END {
    if ($$ == $owner) {
        my $status = $?;
        # Their logs are whole when they have ended.
        $_ && ($_->{owner} // 0) == $$ && $_->stop for @servers;
        my @found = found();
        if (@found) {
            print STDERR map {"# a server has crashed: $_\n"} @found;
            $status ||= 99;
        }
        $? = $status;
    }
}

1;
