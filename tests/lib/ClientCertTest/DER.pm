# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::DER;

# As much DER as the tests read and write by hand.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(children element oid tlv);

sub tlv {
    my ($tag, @content) = @_;
    my $content = join '', @content;
    my $length = length $content;
    return pack('CC', $tag, $length) . $content if $length < 0x80;
    (my $octets = pack 'N', $length) =~ s/^\0+//;
    return pack('CC', $tag, 0x80 | length $octets) . $octets . $content;
}

sub oid {
    my ($first, $second, @arcs) = split /\./, shift;
    return tlv(6, pack 'w*', $first * 40 + $second, @arcs);
}

# One element at the front of the bytes: {tag, content, whole}, and the rest.
sub element {
    my ($bytes) = @_;
    my ($tag, $length) = unpack 'CC', $bytes;
    my $header = 2;
    if ($length & 0x80) {
        my $octets = $length & 0x7f;
        $length = hex unpack 'H*', substr $bytes, 2, $octets;
        $header += $octets;
    }
    die 'DER ends early' if length $bytes < $header + $length;
    return (
        {
            tag => $tag,
            content => substr($bytes, $header, $length),
            whole => substr($bytes, 0, $header + $length),
        },
        substr $bytes,
        $header + $length,
    );
}

sub children {
    my ($element) = @_;
    my $rest = $element->{content};
    my @children;
    while (length $rest) {
        (my $child, $rest) = element($rest);
        push @children, $child;
    }
    return @children;
}

1;
