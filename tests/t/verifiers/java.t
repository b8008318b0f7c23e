# SPDX-License-Identifier: Apache-2.0

# The servlet filter of verifiers/java, in Tomcat.

use File::Path 'make_path';

use ClientCertTest;
use ClientCertTest::Process;
use ClientCertTest::Verifiers;

my @JARS = map {"/usr/share/java/$_.jar"} qw(bcpkix bcprov bcutil eclipse-jdt-core), map {"tomcat10-$_"} qw(
    annotations-api api catalina coyote el-api jasper jasper-el jaspic-api jni jsp-api juli servlet-api util util-scan
);
plan skip_all => 'javac is not installed' if !installed('javac');
my @missing = grep { !-e } @JARS;
plan skip_all => "not installed: @missing" if @missing;

my $tomcat = ClientCertTest::Process->new(name => 'tomcat');
my $directory = $tomcat->directory;
my $port = free_port();
my $webapp = "$directory/webapps/ROOT/WEB-INF";
make_path("$directory/conf", "$webapp/classes");
my %file = (PORT => $port, CA => "$directory/ca.p12", CERTIFICATE => pki('origin.crt'), KEY => pki('origin.key'),
    TRUST => pki('server-ca.crt'));
for (['server.xml', "$directory/conf/server.xml"], ['web.xml', "$webapp/web.xml"]) {
    my ($from, $to) = @$_;
    spew($to, slurp(verifier("java/test/$from")) =~ s/\@(\w+)\@/$file{$1}/gr);
}
spew("$directory/conf/web.xml", '<web-app/>');
# Tomcat reads its CAs from a PEM file for OpenSSL alone, and else takes those of the system.
run_command(qw(keytool -importcert -noprompt -storetype PKCS12 -storepass changeit -alias ca),
    '-file', pki('server-ca.crt'), '-keystore', "$directory/ca.p12");
run_command('javac', '-nowarn', '-cp', join(':', @JARS), '-d', "$webapp/classes", map { verifier("java/$_") }
    qw(ClientCertFilter.java test/Application.java test/Vectors.java));
$tomcat->start($port, 'java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx96m',
    "-Dcatalina.base=$directory", "-Dcatalina.home=$directory", '-cp', join(':', @JARS),
    'org.apache.catalina.startup.Tomcat');

subtest 'Tomcat' => sub { check_application($port) };

check_vectors('java', 'java', '-XX:TieredStopAtLevel=1', '-cp', join(':', @JARS, "$webapp/classes"), 'clientcert.Vectors');

done_testing();
