# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Status;

# What a server shows of its work: mod_status's page and the metrics.

use strict;
use warnings;

use Exporter 'import';
use File::Basename 'dirname';
use JSON::PP ();

use ClientCertTest ();
use ClientCertTest::Raw 'python';

our @EXPORT = qw(children changes metrics_of page_of parsed status_host totals_of);

# A virtual host for both pages on a port of its own.
sub status_host {
    my ($port) = @_;
    return <<"CONF";
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName status.test
    <Location /server-status>
        SetHandler server-status
    </Location>
    <Location /metrics>
        SetHandler client-cert-metrics
    </Location>
</VirtualHost>
CONF
}

sub page_of {
    my ($port, $target, %want) = @_;
    return ClientCertTest::get($target, port => $port, tls => 0, %want);
}

# The lines of mod_status's ?auto that are ours: {key without ClientCert => value}.
sub totals_of {
    my ($port) = @_;
    return { page_of($port, '/server-status?auto')->body =~ /^ClientCert([^:]+): (.*)$/mg };
}

# What Prometheus' library makes of a text; a reason instead if it is not valid.
sub parsed {
    my ($text) = @_;
    my $file = ClientCertTest::spew("$ENV{TEST_SERVERS}/metrics.$$", $text);
    my $program = dirname($INC{'ClientCertTest.pm'}) . '/openmetrics.py';
    my $output = qx{@{[ python() ]} '$program' <'$file' 2>&1};
    unlink $file;
    return $? ? $output : JSON::PP::decode_json($output);
}

sub metrics_of {
    my ($port) = @_;
    return parsed(page_of($port, '/metrics')->body);
}

# What has grown since: {key => by how much}.
sub changes {
    my ($before, $after) = @_;
    return {
        map { $after->{$_} != $before->{$_} ? ($_ => $after->{$_} - $before->{$_}) : () }
        grep { !/^(?:Started|Expir|Files)/ } keys %$before
    };
}

# The processes that a server has started.
sub children {
    my ($server) = @_;
    my $pid = $server->{pid};
    return split ' ', ClientCertTest::slurp("/proc/$pid/task/$pid/children");
}

1;
