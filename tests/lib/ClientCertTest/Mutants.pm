# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Mutants;

# DER changed at random, element by element: lengths go with the change, so that what reads it gets
# further than it would with an octet changed anywhere.

use strict;
use warnings;

use Exporter 'import';

use ClientCertTest::DER qw(children element tlv);

our @EXPORT_OK = qw(tree mutant);

# [TAG, CONTENT], or [TAG, [elements]] of what is constructed, or is a string of octets that are
# elements.
sub tree {
    my ($der) = @_;
    my ($element) = element($der);
    return node($element);
}

sub node {
    my ($element) = @_;
    my $tag = $element->{tag};
    my @children = $tag & 0x20 || $tag == 4 ? eval { map { node($_) } children($element) } : ();
    die $@ if $@ && $tag != 4;
    return [$tag, @children ? \@children : $element->{content}];
}

sub encoded {
    my ($node) = @_;
    my ($tag, $content) = @$node;
    return tlv($tag, ref $content ? map { encoded($_) } @$content : $content);
}

# Every node below this one, and the list that it stands in.
sub places {
    my ($node) = @_;
    my $children = $node->[1];
    return () unless ref $children;
    return map { ([$children, $_], places($children->[$_])) } 0 .. $#$children;
}

sub copy {
    my ($node) = @_;
    my ($tag, $content) = @$node;
    return [$tag, ref $content ? [map { copy($_) } @$content] : $content];
}

# Strings of every type, and other types of value.
my @TAGS = (1, 2, 3, 4, 5, 6, 10, 12, 18 .. 30, 0x30, 0x31, 0x80 .. 0x88, 0xa0 .. 0xa4);
my @OCTETS = map { chr } 0 .. 0x2f, ord '=', ord '\\', 0x7f .. 0x82, 0xbf .. 0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0xff;

sub one_of { $_[rand @_] }

my @CHANGES = (
    sub { $_[0][0] = one_of(@TAGS) },
    # An octet in place of another, one more, one less, or many.
    sub { substr $_[0][1], rand(length $_[0][1]), 1, one_of(@OCTETS) if length $_[0][1] },
    sub { substr $_[0][1], rand(1 + length $_[0][1]), 0, one_of(@OCTETS) },
    sub { substr $_[0][1], rand(length $_[0][1]), 1, '' if length $_[0][1] },
    sub { $_[0][1] = $_[0][1] x one_of(2, 5, 50) if length $_[0][1] < 100 },
    sub { $_[0][1] = join '', map { one_of(@OCTETS) } 1 .. rand 20 },
);

# Another certificate in DER, of the tree of one, with so many changes.
sub mutant {
    my ($tree, $changes) = @_;
    my $root = copy($tree);
    for (1 .. $changes) {
        my @places = places($root);
        my ($list, $at) = @{ one_of(@places) };
        my $what = rand 10;
        if ($what < 7 && !ref $list->[$at][1]) {
            one_of(@CHANGES)->($list->[$at]);
        }
        elsif ($what < 8) {
            my ($others, $other) = @{ one_of(@places) };
            splice @$list, $at, 0, copy($others->[$other]);
        }
        elsif ($what < 9) {
            my ($others, $other) = @{ one_of(@places) };
            $list->[$at] = copy($others->[$other]);
        }
        elsif (@$list > 1) {
            splice @$list, $at, 1;
        }
    }
    return encoded($root);
}

1;
