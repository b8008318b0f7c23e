# SPDX-License-Identifier: Apache-2.0

# The SSL_CLIENT_* of certificates that nobody would issue, changed at random element by element: the
# core's are mod_ssl's, byte for byte, asked for by name, and so are the extensions. A server of its
# own asks both within one request (../../variables/mod_variables_test.c).
#
#   MUTANTS       how many (300)
#   MUTANTS_SEED  with which they are made again

use ClientCertTest;
use ClientCertTest::Mutants qw(mutant tree);
use ClientCertTest::OddCertificates;
use ClientCertTest::VariablesServer;

my $wanted = $ENV{MUTANTS} || 300;
my $seed = $ENV{MUTANTS_SEED} // time;
srand $seed;
note("MUTANTS_SEED=$seed");

my @attributes = qw(C ST SP L O OU CN T I G S D UID Email DC);
my @names = map {"SSL_CLIENT_$_"} (map { my $dn = $_; ("${dn}_DN", map {"${dn}_DN_$_"} map { ($_, "${_}_0", "${_}_1", "${_}_RAW") } @attributes) } qw(S I)),
    qw(M_VERSION M_SERIAL V_START V_END V_REMAIN A_KEY A_SIG CERT CERT_RFC4523_CEA),
    map { ("SAN_${_}_0", "SAN_${_}_1", "SAN_${_}_7") } qw(Email DNS OTHER_msUPN OTHER_dnsSRV);
@names = grep { !is_of_newer_httpd($_) } @names;
my @extensions = qw(2.5.29.17 2.5.29.15 2.5.29.19 2.5.29.37 1.2.3.4 1.2.3.5 nsComment);

my $file = pki("mutants.$$.der");
END { unlink $file if $file }
my ($server, $port) = variables_server(
    names => \@names, extensions => \@extensions, env => { TEST_CERTIFICATES => $file },
    config => 'SetHandler variables-compare',
);
my ($any) = grep { $_->[0] eq 'P-256' } @CASES;
write_case("mutants-client.$$", name => @$any);
END { unlink map { pki("mutants-client.$$.$_") } qw(crt key) }
my $client = client(port => $port, cert => "mutants-client.$$", tls => '1.2');

my @trees = map {
    my ($name, %want) = @$_;
    $want{unreadable} || $want{encoding} ? () : tree(certificate(name => $name, %want));
} @CASES;
cmp_ok(scalar @trees, '>', 50, 'certificates to begin with');

my ($compared, $skipped) = (0, 0);
my @differences;
while ($compared < $wanted && !@differences) {
    my $batch = $wanted < 2_000 ? $wanted : 2_000;
    spew($file, map { pack('N', length) . $_ } map { mutant($trees[rand @trees], 1 + rand 5) } 1 .. $batch);
    my $response = $client->request('/');
    is($response->status, 200, 'answered') if $response->status != 200;
    my @lines = split /\n/, $response->body;
    my ($now, $no) = ($lines[-1] // '') =~ /^compared (\d+), (\d+) of no use/ or last;
    ($compared, $skipped) = ($compared + $now, $skipped + $no);
    @differences = grep { !/^compared/ } @lines;
}
ok($compared >= $wanted, "$compared certificates ($skipped more are none, or are never sent)");
is(join("\n", @differences[0 .. ($#differences < 8 ? $#differences : 8)]), '', 'no difference');

done_testing;
