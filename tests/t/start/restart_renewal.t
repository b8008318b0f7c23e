# SPDX-License-Identifier: Apache-2.0

# What signs and what is presented to an origin are one certificate, whatever moment of a
# restart the file is exchanged in, and whether or not mod_ssl can use it.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Mistakes;
use POSIX ();
use Time::HiRes 'sleep';

trust_pki();
my $file = scratch() . '/ttrp.pem';
my $origin = accept_origin(accept => "ClientCertAccept cms\nClientCertTrust " . pki('server-ca.crt')
        . "\nClientCertTrustName ttrp.example");

# Every second one under an intermediate, which is in the file. Those of the second
# kind have one key: mod_ssl reads a certificate that terminates TLS and its key at
# two moments, and ends where they do not match.
sub renewals {
    my ($kind, $one_key) = @_;
    my @made;
    for my $n (1 .. 6) {
        push @made, issue(name => "$kind-$n.$$", as => 'server', ca => $n % 2 ? 'server-ca' : 'server-intermediate',
            names => ['ttrp.example', '*.test'], @made && $one_key ? (key => $made[0]) : ());
    }
    return @made;
}
my @names = renewals('renewed', 0);
my @same_key = renewals('same-key', 1);

sub put {
    my ($name) = @_;
    spew("$file.new", slurp(pki("$name.pem")));
    rename "$file.new", $file or die "rename: $!";
    return;
}

# A virtual host for each place where the file can be named.
my $SIGNER = "ClientCertSigner $file";
my $MACHINE = "SSLProxyMachineCertificateFile $file";

sub host {
    my ($port, $name, %want) = @_;
    my $config = server_config(port => $port, name => "$name.test", lines => $want{lines});
    $config =~ s/^Listen.*\n//;
    $config =~ s/^SSLProxyMachineCertificateFile.*\n//m;
    $config =~ s{^ProxyPass / .*}{ProxyPass /capture/ https://localhost:$ENV{TEST_ORIGIN_HTTPS}/ ttl=1
ProxyPass / https://localhost:$origin->{https}/$name/ ttl=1}m;
    return $config;
}

sub server {
    my ($name, @hosts) = @_;
    my $port = free_port();
    # Nothing of this is said again in the virtual host that inherits it.
    my $server = ClientCertTest::Server->new(name => $name, config => join "\n", "Listen 127.0.0.1:$port",
        $SIGNER, $MACHINE, (map { host($port, @$_) } @hosts), '');
    $server->{port} = $port;
    return $server;
}
my $proxy = server('renews', [file => lines => "$SIGNER\n$MACHINE"], [inherited => lines => '']);
# A section whose server has the same file, and finds intermediates in it where the
# section does not, is one for which mod_ssl frees those twice.
my $shows = server('shows',
    [shown => lines => "ClientCertSigner server\n$MACHINE"],
    [section => lines => 'SSLProxyMachineCertificateFile ' . pki('signer-p256.pair')
        . "\n<Proxy https://localhost:$origin->{https}/section/>\nSSLProxyEngine on\n$MACHINE\n</Proxy>"],
);
my $config = slurp($shows->{conf});
$config =~ s/^SSLCertificateFile.*\nSSLCertificateKeyFile.*/SSLCertificateFile $file/mg;
spew($shows->{conf}, $config);
my %HOSTS = (file => $proxy, inherited => $proxy, shown => $shows, section => $shows);

# What the origin accepts it as, or what it answers.
sub accepted {
    my ($host) = @_;
    my $response = get('/', port => $HOSTS{$host}{port}, cert => 'client-rsa', sni => "$host.test");
    return $response->status == 200 ? env_of($response)->{CLIENT_CERT_VERIFY} : $response->status;
}

# Exchanges the file until the test is done, while the server restarts so many times.
sub exchange {
    my ($server, $times, $hosts, @names) = @_;
    put($names[0]);
    $server->start;
    is(accepted($_), 'SUCCESS', "$_: at first") for @$hosts;
    my $parent = $$;
    my $writer = fork // die "fork: $!";
    if (!$writer) {
        for (my $n = 0; getppid() == $parent; $n++) {
            put($names[$n % @names]);
            sleep 0.003;
        }
        POSIX::_exit(0);
    }
    my %refused = map { $_ => 0 } @$hosts;
    my $restarts = 0;
    for (1 .. $times) {
        $server->graceful or last;
        $restarts++;
        for my $host (@$hosts) {
            $refused{$host}++ if grep { accepted($host) ne 'SUCCESS' } 1 .. 2;
        }
    }
    kill KILL => $writer;
    waitpid $writer, 0;
    is($restarts, $times, 'restarts') or diag $server->said;
    is($refused{$_}, 0, "$_: none of them ended in refusals") for @$hosts;
    return;
}
subtest 'the file is exchanged every few milliseconds' => sub {
    exchange($proxy, 20, [qw(file inherited)], @names);
    exchange($shows, 20, [qw(shown section)], @same_key);
};
$shows->stop;

subtest 'a file of which mod_ssl makes no certificate' => sub {
    put($names[1]);
    ok($proxy->graceful, 'a good one');
    my @hosts = grep { $HOSTS{$_} == $proxy } sort keys %HOSTS;
    my ($certificate, $key) = map { slurp(pki("$names[2].$_")) } qw(crt key);
    my %bad = (
        'half a certificate' => substr($certificate, 0, 300),
        'half a key' => $certificate . substr($key, 0, -40),
        'no key' => $certificate,
        'no PEM' => "not what it should be\n",
        unreadable => $certificate . $key,
    );
    for my $what (sort keys %bad) {
        spew($file, $bad{$what});
        chmod 0, $file if $what eq 'unreadable';
        my $before = length $proxy->said;
        ok($proxy->graceful, "$what: restarted");
        like(substr($proxy->said, $before), qr/client_cert:error.*\Q$file\E.*stays in use/, 'with an error');
        is(accepted($_), 'SUCCESS', "$_: accepted") for @hosts;
        unlink $file;
    }
    put($names[3]);
    ok($proxy->graceful, 'another good one');
    is(accepted($_), 'SUCCESS', "$_: accepted") for @hosts;
    my $response = get('/capture/', port => $proxy->{port}, cert => 'client-rsa', sni => 'file.test');
    is(name_of(pem_to_der($response->{origin}{peer})), $names[3], 'which is presented');
    is(signer($response), $names[3], 'and signs');
};

subtest 'CAs that an origin names' => sub {
    # None that issued the certificate: then mod_ssl shows none.
    my $other = accept_origin(name => 'other', tls => 'SSLCADNRequestFile ' . pki('foreign-ca.crt'));
    my $ttrp = accept_ttrp($other);
    is(get('/', port => $ttrp->{port}, cert => 'client-rsa')->status, 403, 'it is not asked for, and not presented');
    like($other->said, qr/the TLS peer of this connection presented no certificate/, 'the log says so');
    $_->stop for $ttrp, $other;

    # The file has no intermediate; mod_ssl knows it.
    my $name = issue(name => "pair.$$", as => 'server', ca => 'server-intermediate', names => ['ttrp.example', '*.test']);
    $other = accept_origin(name => 'root', accept => "ClientCertAccept cms\nClientCertTrust " . pki("$name.crt"));
    $ttrp = ClientCertTest::Server->new(name => 'chain', config => server_config(port => my $port = free_port(),
        signer => $name, forward => "ClientCertForward cms\nClientCertSigner " . pki("$name.pair")
            . "\nProxyPass / https://localhost:$other->{https}/ ttl=1"));
    $ttrp->start;
    is(get('/', port => $port, cert => 'client-rsa')->status, 200, 'asked for by the root of an intermediate');
    $_->stop for $ttrp, $other;
};

subtest 'another file is presented as it is' => sub {
    my $other = ClientCertTest::Server->new(name => 'apart', config => server_config(port => my $port = free_port(),
        lines => 'ClientCertSigner ' . pki('signer-p384.pem')));
    $other->start;
    my $response = get('/', port => $port, cert => 'client-rsa');
    is(signer($response), 'signer-p384', 'one signs');
    is(name_of(pem_to_der($response->{origin}{peer})), 'signer-p256', 'the other is presented');
};

unlike($proxy->said, qr/exit signal/, 'no child died');

done_testing;
