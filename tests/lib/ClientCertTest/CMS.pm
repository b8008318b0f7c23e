# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::CMS;

# Reads values the way an origin without the module would: with the openssl command
# line, and, where that is not enough (OpenSSL 3.0 cannot verify Ed25519 in CMS),
# with a small DER reader and a bare signature check over the signed attributes.

use strict;
use warnings;

use Digest::SHA ();
use Exporter 'import';
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More ();

use ClientCertTest::DER qw(children element);
use ClientCertTest::PKI qw(openssl pki slurp spew);

our @EXPORT_OK = qw(
    cms_certificates cms_reencoded cms_signer cms_verified decode_cms decode_sf der_of pem_to_der
    signed_attributes verified_by_hand
);

my $files = 0;

sub scratch {
    my ($content) = @_;
    return spew(pki("scratch.$$." . ++$files), $content);
}

END { unlink glob "$ENV{TEST_PKI}/scratch.$$.*" if $ENV{TEST_PKI} }

# The bytes in a `cms` value; undef unless it is the one padded base64 line that
# RFC 4648 section 4 gives for them.
sub decode_cms {
    my ($value) = @_;
    return unless defined $value;
    my $bytes = decode_base64($value);
    return encode_base64($bytes, '') eq $value ? $bytes : undef;
}

# The same for a Structured Field's Byte Sequence.
sub decode_sf {
    my ($value) = @_;
    return ($value // '') =~ /\A:(.*):\z/s ? decode_cms($1) : undef;
}

sub pem_to_der {
    my ($pem) = @_;
    return ($pem // '') =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s ? decode_base64($1) : undef;
}

sub der_of { return slurp(pki("$_[0].der")) }

# cms_verified(DER, further arguments of `openssl cms`): the content; undef, with
# what openssl said as a diagnostic, if it did not verify under the server CA.
sub cms_verified {
    my ($der, @more) = @_;
    return unless defined $der;
    my $content = eval {
        openssl(qw(cms -verify -binary -inform DER -purpose any), '-in', scratch($der),
            '-CAfile', pki('server-ca.crt'), @more);
    };
    Test::More::diag($@) unless defined $content;
    return $content;
}

# The certificate, DER, that openssl finds to have signed.
sub cms_signer {
    my ($der, @more) = @_;
    my $file = scratch('');
    return defined cms_verified($der, @more, '-signer', $file) ? pem_to_der(slurp($file)) : undef;
}

# What openssl makes of the value when it decodes and encodes it.
sub cms_reencoded {
    my ($der) = @_;
    return openssl(qw(cms -cmsout -inform DER -outform DER -in), scratch($der));
}

# The certificates in the value, DER, as they stand there.
sub cms_certificates {
    my ($der) = @_;
    my ($data) = signed_data($der);
    my ($certificates) = grep { $_->{tag} == 0xa0 } children($data);
    return map { $_->{whole} } map { children($_) } $certificates // ();
}

sub signed_data {
    my ($der) = @_;
    my ($info, $rest) = element($der);
    die 'bytes after the ContentInfo' if length $rest;
    return children((children($info))[1]);
}

sub signer_info {
    my ($der) = @_;
    my @fields = children((signed_data($der))[0]);
    my @signers = children($fields[-1]);
    die 'not one signer' unless @signers == 1;
    return children($signers[0]);
}

# OID (hexadecimal content octets) => the whole attribute's values, and the order.
sub signed_attributes {
    my ($der) = @_;
    my ($attributes) = grep { $_->{tag} == 0xa0 } signer_info($der);
    my (%values, @order);
    for my $attribute (children($attributes)) {
        my ($type, $set) = children($attribute);
        my $oid = unpack 'H*', $type->{content};
        push @order, $oid;
        $values{$oid} = [children($set)];
    }
    return (\%values, \@order);
}

# verified_by_hand(DER, NAME, BITS of SHA-2): the content, if messageDigest is
# its digest and the signer's key made the signature over the signed attributes;
# undef otherwise.
sub verified_by_hand {
    my ($der, $signer, $hash) = @_;
    my @fields = children((signed_data($der))[0]);
    my ($encapsulated) = grep { $_->{tag} == 0x30 } @fields;
    my $content = (children((children($encapsulated))[1]))[0]{content};

    my ($values) = signed_attributes($der);
    my $digest = $values->{'2a864886f70d010904'}[0]{content} // '';
    return unless $digest eq Digest::SHA->new($hash)->add($content)->digest;

    my @signer = signer_info($der);
    my ($attributes) = grep { $_->{tag} == 0xa0 } @signer;
    # RFC 5652 section 5.4: signed as a SET OF, not with the implicit tag.
    my $signed = $attributes->{whole};
    substr $signed, 0, 1, "\x31";
    my @digest = $signer =~ /ed25519/ ? () : ('-digest', "sha$hash");
    my $verdict = eval {
        openssl(qw(pkeyutl -verify -certin -inkey), pki("$signer.crt"),
            '-in', scratch($signed), '-sigfile', scratch($signer[-1]{content}), '-rawin', @digest);
    };
    return ($verdict // '') =~ /Verified Successfully/ ? $content : undef;
}

1;
