# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;

use MIME::Base64 qw(decode_base64 encode_base64);

my ($what, @files) = @ARGV;
eval { require Crypt::SMIME; 1 } or do { print STDERR "Crypt::SMIME is not installed\n"; exit 1 };
my @text = map {
    my $file = $_;
    local $/;
    -e $file ? do { open my $in, '<:raw', $file or die "$file: $!"; scalar <$in> } : $file
} @files;
binmode STDOUT;
my $smime = Crypt::SMIME->new;
if ($what eq 'version') {
    print "$Crypt::SMIME::VERSION\n";
}
elsif ($what eq 'verify') {
    $smime->setPublicKey([$text[0]]);
    print $smime->check("MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=signed-data\n"
            . "Content-Transfer-Encoding: base64\n\n" . encode_base64($text[1]));
}
else {
    print STDERR "Crypt::SMIME has no function for a signature with its content within\n";
    exit 1;
}
