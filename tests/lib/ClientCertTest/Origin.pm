# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Origin;

# A backend that tells what reached it: an httpd without our module, with this
# mod_perl handler in it. Requests are answered with a JSON document:
#
#   method, target, protocol, pid
#   headers   [name, value] as httpd read them (it joins repeated fields)
#   raw       the lines of the request head, as received
#   peer      the TLS peer's certificate, PEM, or null
#
# and each is written down before it is answered, so that a test which has an
# answer in hand knows whether the backend saw its request.

use strict;
use warnings;

# The attribute that makes raw() a connection filter is Apache2::Filter's.
use parent 'Apache2::Filter';

use APR::Table ();
use APR::Bucket ();
use APR::Brigade ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => qw(OK);
use Apache2::RequestIO ();
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use APR::Const -compile => qw(SUCCESS);
use JSON::PP ();
use Time::HiRes ();

my $json = JSON::PP->new->canonical->latin1;

sub seen {
    my ($r) = @_;
    return Apache2::Const::OK unless $r->is_initial_req;
    open my $log, '>>', $ENV{TEST_ORIGIN_LOG} or die "$ENV{TEST_ORIGIN_LOG}: $!";
    syswrite $log, join(' ', $r->headers_in->get('X-Test-Id') // '-', $r->the_request) . "\n";
    close $log;
    return Apache2::Const::OK;
}

# A connection filter: what the request parser reads, before it reads it.
sub raw : FilterConnectionHandler {
    my ($f, $bb, $mode, $block, $readbytes) = @_;
    my $result = $f->next->get_brigade($bb, $mode, $block, $readbytes);
    return $result unless $result == APR::Const::SUCCESS;
    my $c = $f->c;
    my $raw = $c->pnotes('raw') // '';
    for (my $bucket = $bb->first; $bucket; $bucket = $bb->next($bucket)) {
        my $length = $bucket->read(my $data);
        $raw .= $data if $length;
    }
    $c->pnotes(raw => $raw);
    return $result;
}

sub handler {
    my ($r) = @_;
    my $c = $r->connection;
    my $raw = $c->pnotes('raw') // '';
    $c->pnotes(raw => '');
    my ($head) = $raw =~ /\A(?:\r?\n)*(.*?\n)\r?\n/s;
    my @headers;
    $r->headers_in->do(sub { push @headers, [@_]; 1 });

    # The body is read and dropped.
    while ($r->read(my $buffer, 65_536)) { }

    # /slow/SECONDS answers late, for a test that wants a request in flight.
    Time::HiRes::sleep($1) if $r->uri =~ m{/slow/([\d.]+)};

    my $peer = $r->subprocess_env->get('SSL_CLIENT_CERT');
    my $body = $json->encode({
        method => $r->method,
        target => $r->unparsed_uri,
        protocol => $r->protocol,
        pid => $$,
        headers => \@headers,
        raw => [split /\r?\n/, $head // ''],
        peer => $peer,
    });
    $r->content_type('application/json');
    $r->headers_out->set('Content-Length' => length $body);
    $r->print($body);
    return Apache2::Const::OK;
}

1;
