# SPDX-License-Identifier: Apache-2.0

# Files that cannot be read or used: the first start and `httpd -t` fail with
# them, a restart of a running server goes on with the last good one.

use ClientCertTest;
use ClientCertTest::Accept;
use ClientCertTest::Mistakes;
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX ();

trust_pki();
my $scratch = scratch();
my %client = (cert => 'client-rsa');

# Each way of putting something there, by what the log has to say of it. The
# argument is the path.
my %BAD = (
    missing => [sub { }, qr/No such file/],
    empty => [sub { spew($_[0], '') }, qr/no certificate|no complete CRL/],
    'no PEM' => [sub { spew($_[0], "not what it should be\n") }, qr/no certificate|no complete CRL/],
    unreadable => [sub { spew($_[0], good($_[0])); chmod 0, $_[0] }, qr/Permission denied/],
    'half of it' => [sub { my $good = good($_[0]); spew($_[0], substr $good, 0, length($good) / 2) }, qr/damaged/],
    'all but its end' => [sub { spew($_[0], substr good($_[0]), 0, -20) }, qr/damaged/],
    'a pipe' => [sub { POSIX::mkfifo($_[0], 0600) }, qr/no regular file/],
    'a directory' => [sub { mkdir $_[0] }, qr/no regular file/],
    'a device' => [sub { symlink '/dev/zero', $_[0] }, qr/no regular file/],
    'a link to nowhere' => [sub { symlink "$scratch/nowhere", $_[0] }, qr/No such file/],
    'a link to itself' => [sub { symlink $_[0], $_[0] }, qr/symbolic links/],
);
# For a certificate and its key alone.
my %BAD_SIGNER = (
    %BAD,
    "another's key" => [sub { spew($_[0], slurp(pki('signer-p384.crt')), slurp(pki('signer-p256.key'))) },
        qr/does not match/],
    "another's private half" => [sub {
        my ($before, $key, $after) = slurp(pki('signer-p256.key')) =~ /(.*?-\n)(.*?)(-----END.*)/s;
        $key = decode_base64($key);
        $key =~ s/\x02\x01\x01\x04\x20\K.{32}/"\x01" x 32/es or die 'no ECPrivateKey';
        spew($_[0], slurp(pki('signer-p256.crt')), $before, encode_base64($key), $after);
    }, qr/does not match/],
    'two keys' => [sub { spew($_[0], good($_[0]), slurp(pki('signer-p384.key'))) }, qr/more than one private key/],
    'a weak key' => [sub { spew($_[0], slurp(pki('signer-rsa1024.pem'))) }, qr/2048 bits/],
    'no key' => [sub { spew($_[0], slurp(pki('signer-p256.crt'))) }, qr/no private key/],
    'an encrypted key' => [sub {
        spew($_[0], slurp(pki('signer-p256.crt')),
            openssl(qw(pkey -aes256 -passout pass:secret -in), pki('signer-p256.key')));
    }, qr/encrypted/],
);

# What is good for a path.
my %good;
sub good { return $good{ $_[0] } }

sub put {
    my ($path, $content) = @_;
    clear($path);
    $good{$path} = $content;
    return spew($path, $content);
}

sub clear {
    my ($path) = @_;
    -d $path && !-l $path ? rmdir $path : unlink $path;
    return;
}

sub spoil {
    my ($path, $bad) = @_;
    clear($path);
    $bad->[0]->($path);
    return;
}

# What a server logs between now and the end of a restart.
sub restarted {
    my ($server, $signal) = @_;
    my $before = length $server->said;
    ok($server->graceful($signal), 'restarted') or return '';
    return substr $server->said, $before;
}

# The lines of the log that are errors of this module's.
sub errors_of { return grep {/client_cert:(?:error|crit|alert|emerg)/} split /\n/, $_[0] }

my ($file, $pair, $key) = map {"$scratch/$_"} qw(signer.pem pair.crt pair.key);
my ($anchors, $crls, $pin) = map {"$scratch/$_"} qw(anchors.pem crls.pem pin.pem);
my ($cas, $client_crls) = map {"$scratch/$_"} qw(cas.pem client-crls.pem);
my @port = (free_port(), free_port());

sub sign_with {
    my ($name) = @_;
    put($file, slurp(pki("$name.pem")));
    put($pair, slurp(pki("$name.crt")));
    put($key, slurp(pki("$name.key")));
    return;
}
sign_with('signer-p256');

sub proxy_config {
    my (%lines) = @_;
    my @hosts = map { server_config(port => $port[0], name => "$_.test", lines => $lines{$_}) } sort keys %lines;
    s/^.*?(?=<VirtualHost)//s for @hosts[1 .. $#hosts];
    return join '', @hosts;
}
my %SIGNERS = (file => "ClientCertSigner $file", pair => "ClientCertSigner $pair $key");
my $proxy = ClientCertTest::Server->new(name => 'proxy', config => proxy_config(%SIGNERS));
$proxy->start;

sub signed_for { return signer(get('/', %client, port => $port[0], sni => "$_[0].test")) }

put($anchors, slurp(pki('server-ca.crt')));
put($crls, slurp(crl("restart.$$", 'server-ca', [])));
my $TRUST = "ClientCertTrust $anchors\nClientCertTrustName ttrp.example";
put($cas, slurp(pki('client-ca.crt')) . slurp(pki('client-intermediate.crt')));
put($client_crls, slurp(crl("restart-clients.$$", 'client-ca', [])));
my %BAD_CAS = (
    %BAD,
    'a client' => [sub { spew($_[0], good($_[0]), slurp(pki('client-rsa.crt'))) }, qr/not a CA's/],
    'no root' => [sub { spew($_[0], slurp(pki('client-intermediate.crt'))) }, qr/no self-signed CA/],
);
my $ACCEPT = <<"CONF";
<Location /anchors>
ClientCertAccept cms
$TRUST
</Location>
<Location /crls>
ClientCertAccept cms
$TRUST
ClientCertTrustCRL $crls
</Location>
<Location /clients>
ClientCertAccept cms
$TRUST
ClientCertClientTrust $cas
ClientCertClientCRL $client_crls
</Location>
CONF
my $origin = accept_origin(accept => '', lines => $ACCEPT);

# The status for a value of a signer's; what it is accepted as, rather, if it is.
sub accepted {
    my ($location, $signer, @headers) = @_;
    $signer //= 'accept-ttrp';
    @headers = ('Client-Cert' => signed_value($signer, 'client-rsa')) unless @headers;
    my $response = ask($origin->{https}, "/$location", cert => $signer, headers => \@headers);
    return $response->status if $response->status != 200;
    return env_of($response)->{CLIENT_CERT_VERIFY};
}

my %DIRECTIVES = (
    $file => ['ClientCertSigner', $proxy, \%BAD_SIGNER],
    $pair => ['ClientCertSigner', $proxy, \%BAD],
    $key => ['ClientCertSigner', $proxy, \%BAD],
    $anchors => ['ClientCertTrust', $origin, \%BAD],
    $crls => ['ClientCertTrustCRL', $origin, \%BAD],
    $cas => ['ClientCertClientTrust', $origin, \%BAD_CAS],
    $client_crls => ['ClientCertClientCRL', $origin, \%BAD],
);
delete @{ $DIRECTIVES{$_}[2] = { %{ $DIRECTIVES{$_}[2] } } }{'empty', 'no PEM'} for $key;

for my $path (sort keys %DIRECTIVES) {
    my ($directive, $server, $bad) = @{ $DIRECTIVES{$path} };
    my ($name) = $path =~ m{([^/]+)$};
    for my $what (sort keys %$bad) {
        my ($put, $fault) = @{ $bad->{$what} };
        subtest "$directive, $name: $what, at a restart" => sub {
            spoil($path, $bad->{$what});
            my @errors = errors_of(restarted($server));
            is(scalar @errors, 1, 'one error') or diag "@errors";
            like($errors[0] // '', qr/$directive .*\Q$path\E.*stays in use/, 'names directive and file');
            like($errors[0] // '', $fault, 'and the fault');
            like($errors[0] // '', qr/httpd\.conf:\d+/, 'and the place');
            unlike($errors[0] // '', qr/PRIVATE KEY/, 'no key in it');
            if ($server == $proxy) {
                is(signed_for('file'), 'signer-p256', 'signed as before');
                is(signed_for('pair'), 'signer-p256', 'and by the pair');
            }
            else {
                is(accepted('anchors'), 'SUCCESS', 'accepted as before');
                is(accepted('crls'), 'SUCCESS', 'and with CRLs');
                is(accepted('clients'), 'SUCCESS', 'and where clients are verified');
            }
        };
    }
    put($path, good($path));
}

subtest 'the strict ones' => sub {
    for my $path ($file, $key, $anchors, $crls, $cas, $client_crls) {
        my ($directive, undef, $bad) = @{ $DIRECTIVES{$path} };
        my $lines = $path eq $key ? "$directive $pair $key" : "$directive $path";
        for my $what (sort keys %$bad) {
            spoil($path, $bad->{$what});
            my ($status, $output, $server) = check_config(config => 'Listen 127.0.0.1:' . free_port() . "\n$lines\n");
            isnt($status, 0, "$directive: $what: -t fails");
            like($output, qr/\b$directive\b.*\Q$path\E/, 'and names directive and file');
            ok(!eval { $server->start }, 'no start');
            like($server->said, $bad->{$what}[1], 'for this reason');
        }
        put($path, good($path));
    }
};

subtest 'what is good again is used' => sub {
    sign_with('signer-p384');
    put($anchors, slurp(pki('foreign-ca.crt')));
    put($crls, slurp(crl("restart-more.$$", 'server-ca', ['accept-ttrp'])));
    is_deeply([map { errors_of(restarted($_)) } $proxy, $origin], [], 'no error any more');
    is(signed_for($_), 'signer-p384', "$_: the renewed one") for qw(file pair);
    is(accepted('anchors'), 403, 'other anchors');
    put($anchors, slurp(pki('server-ca.crt')));
    restarted($origin);
    is(accepted('anchors'), 'SUCCESS', 'the CA again');
    is(accepted('crls'), 403, 'revoked by the new CRL');
    # What is forgotten does not come back.
    spoil($_, $BAD{missing}) for $file, $crls;
    restarted($_) for $proxy, $origin;
    is(signed_for('file'), 'signer-p384', 'the one before is the last good one');
    is(accepted('crls'), 403, 'and still revoked');
    put($crls, slurp(pki("restart.$$.crl")));
    sign_with('signer-p256');

    put($client_crls, slurp(crl("restart-revoked.$$", 'client-ca', ['client-rsa'])));
    restarted($origin);
    is(accepted('clients'), 403, 'a client revoked by the new CRL');
    spoil($client_crls, $BAD{missing});
    restarted($origin);
    is(accepted('clients'), 403, 'and still revoked');
    put($client_crls, slurp(pki("restart-clients.$$.crl")));
    put($cas, slurp(pki('foreign-ca.crt')));
    restarted($origin);
    is(accepted('clients'), 403, 'other CAs of clients');
    put($cas, slurp(pki('client-ca.crt')));
    is_deeply([map { errors_of(restarted($_)) } $proxy, $origin], [], 'all good');
};

subtest 'certificate and key go together' => sub {
    # Renewed, but for the key: half of a renewal.
    put($pair, slurp(pki('signer-p384.crt')));
    like(join("\n", errors_of(restarted($proxy))), qr/\Q$pair $key\E: .*does not match.*stays in use/, 'an error');
    is(signed_for('pair'), 'signer-p256', 'both are the old ones');
    put($key, slurp(pki('signer-p384.key')));
    is_deeply([errors_of(restarted($proxy))], [], 'the other half');
    is(signed_for('pair'), 'signer-p384', 'both are the new ones');
};

subtest 'a restart that is not graceful' => sub {
    spoil($_, $BAD{'half of it'}) for $file, $anchors;
    is(scalar(errors_of(restarted($_, 'HUP'))), 1, 'an error') for $proxy, $origin;
    is(signed_for('file'), 'signer-p256', 'signed');
    is(accepted('anchors'), 'SUCCESS', 'accepted');
    put($_, good($_)) for $file, $anchors;
    is_deeply([map { errors_of(restarted($_, 'HUP')) } $proxy, $origin], [], 'good again');
};

subtest 'names are always those of the new configuration' => sub {
    spoil($anchors, $BAD{missing});
    (my $lines = slurp($origin->{conf})) =~ s/^ClientCertTrustName ttrp\.example/ClientCertTrustName other.example/mg;
    my $before = slurp($origin->{conf});
    spew($origin->{conf}, $lines);
    restarted($origin);
    is(accepted('anchors'), 403, 'this name is none any more');
    is(accepted('anchors', 'accept-other'), 'SUCCESS', 'this one is');
    spew($origin->{conf}, $before);
    put($anchors, good($anchors));
    restarted($origin);
};

subtest 'a file of pins becomes one with a CA' => sub {
    put($pin, slurp(pki('accept-ttrp.crt')));
    my $origin = accept_origin(name => 'pins', accept => "ClientCertAccept cms\nClientCertTrust $pin");
    my $status = sub {
        my ($signer) = @_;
        return ask($origin->{https}, '/', cert => $signer,
            headers => ['Client-Cert' => signed_value($signer, 'client-rsa')])->status;
    };
    is($status->('accept-ttrp'), 200, 'the pinned signer');
    put($pin, slurp(pki('server-ca.crt')));
    for my $restart (1 .. 2) {
        my @errors = errors_of(restarted($origin));
        is(scalar @errors, 1, "restart $restart: an error") or diag "@errors";
        like($errors[0] // '', qr/ClientCertTrust .*\Q$pin\E.*holds a CA.*ClientCertTrustName.*stays in use/,
            'which says why');
        is($status->('accept-ttrp'), 200, 'the pin holds');
        is($status->('accept-other'), 403, 'the CA does not');
    }
    put($pin, slurp(pki('accept-other.crt')));
    is_deeply([errors_of(restarted($origin))], [], 'another pin');
    is($status->('accept-other'), 200, 'the new pin');
    is($status->('accept-ttrp'), 403, 'not the old one');
    $origin->stop;
};

subtest 'new directives have nothing to go on with' => sub {
    my ($new, $new_anchors, $new_cas) = map {"$scratch/new-$_.pem"} qw(signer anchors cas);
    my $proxy_conf = slurp($proxy->{conf});
    $proxy->configure(proxy_config(%SIGNERS, new => "ClientCertSigner $new"));
    my $origin_conf = slurp($origin->{conf});
    my $more = join '', map {"<Location /new-$$_[0]>\nClientCertAccept cms\n$$_[1]\n</Location>\n"}
        ['anchors', "ClientCertTrust $new_anchors\nClientCertTrustName ttrp.example"],
        ['crls', "$TRUST\nClientCertTrustCRL $new_anchors"],
        ['clients', "$TRUST\nClientCertClientTrust $new_cas"],
        # The server's own does not stand in for it.
        ['section', "$TRUST\n<If true>\n</If>"];
    (my $lines = $origin_conf) =~ s{(?=</VirtualHost>)}{$more};
    $lines =~ s{(?=<Location /new-section>)}{<Location /new-anchors/section>\nClientCertAccept cms-sf\n</Location>\n};
    spew($origin->{conf}, $lines);

    my @errors = map { errors_of(restarted($_)) } $proxy, $origin;
    is(scalar(grep {/answered 500/} @errors), 4, 'an error for each') or diag join "\n", @errors;

    my $seen = length $proxy->said;
    my $response = get('/', %client, port => $port[0], sni => 'new.test');
    is($response->status, 500, 'nothing can be signed');
    is(backend_saw($response), 0, 'nothing is forwarded');
    like(substr($proxy->said, $seen), qr/client_cert:error.*\Q$new\E.*No such file/, 'the log says why');
    is(get('/', port => $port[0], sni => 'new.test')->status, 200, 'where nothing is to be signed, it goes on');
    is(signed_for('file'), 'signer-p256', 'other hosts go on');

    for my $location (qw(new-anchors new-crls new-clients)) {
        my $missing = $location eq 'new-clients' ? $new_cas : $new_anchors;
        $seen = length $origin->said;
        is(accepted($location), 500, "$location: nothing is accepted");
        is(accepted($location, 'accept-other'), 500, 'by any signer');
        like(substr($origin->said, $seen), qr/client_cert:error.*\Q$missing\E.*No such file/, 'the log says why');
    }
    is(accepted('new-anchors/section', 'accept-ttrp', 'Client-Cert' => 'x'), 500, 'where it is inherited, too');
    is(ask($origin->{https}, '/new-anchors')->status, 200, 'without a header there is no client to accept');
    is(accepted('anchors'), 'SUCCESS', 'other sections go on');

    put($new, slurp(pki('signer-p384.pem')));
    put($new_anchors, slurp(pki('server-ca.crt')) . slurp(pki("restart.$$.crl")));
    put($new_cas, slurp(pki('client-ca.crt')));
    is_deeply([map { errors_of(restarted($_)) } $proxy, $origin], [], 'put right');
    is(signed_for('new'), 'signer-p384', 'signed');
    is(accepted($_), 'SUCCESS', $_) for qw(new-anchors new-crls new-clients);

    # What a directive has of its own is for no other, and no other name.
    spoil($_, $BAD{missing}) for $new, $new_anchors;
    spew($proxy->{conf}, $proxy_conf);
    spew($origin->{conf}, $origin_conf);
    is_deeply([map { errors_of(restarted($_)) } $proxy, $origin], [], 'without them');
    $proxy->configure(proxy_config(%SIGNERS, new => "ClientCertSigner $new"));
    spew($origin->{conf}, $lines);
    restarted($_) for $proxy, $origin;
    is(get('/', %client, port => $port[0], sni => 'new.test')->status, 500, 'new again');
    is(accepted('new-anchors'), 500, 'new again');
    spew($proxy->{conf}, $proxy_conf);
    spew($origin->{conf}, $origin_conf);
    restarted($_) for $proxy, $origin;
};

subtest 'a certificate of TLS that cannot sign' => sub {
    my ($certificate, $private) = map {"$scratch/tls.$_"} qw(crt key);
    my $renew = sub {
        my ($name) = @_;
        spew($certificate, slurp(pki("$name.crt")));
        spew($private, slurp(pki("$name.key")));
    };
    $renew->('signer-p256');
    my $port = free_port();
    (my $config = server_config(port => $port, name => 'tls.test')) =~ s/^(SSLCertificateFile) .*/$1 $certificate/m;
    $config =~ s/^(SSLCertificateKeyFile) .*/$1 $private/m;
    my $server = ClientCertTest::Server->new(name => 'tls', config => $config);
    $server->start;
    my $get = sub { get('/', port => $port, sni => 'tls.test', @_) };
    is(signer($get->(%client)), 'signer-p256', 'one that can');
    $renew->('signer-ed448');
    my @errors = errors_of(restarted($server));
    is(scalar @errors, 1, 'an error') or diag "@errors";
    like($errors[0] // '', qr/ClientCertSigner server.*signer-ed448.*not supported.*answered 500/, 'which says why');
    is($get->(%client)->status, 500, 'nothing is signed');
    is($get->()->status, 200, 'what is not to be signed goes on');
    $renew->('signer-p384');
    is_deeply([errors_of(restarted($server))], [], 'another one');
    is(signer($get->(%client)), 'signer-p384', 'signs');
    $server->stop;
};

subtest 'a module that comes with a restart' => sub {
    my $conf = slurp($proxy->{conf});
    spoil($file, $BAD{missing});
    (my $without = $conf) =~ s/^(?:LoadModule client_cert|LogLevel|ClientCert).*\n//mg;
    spew($proxy->{conf}, $without);
    restarted($proxy);
    is(get('/', %client, port => $port[0], sni => 'file.test')->status, 200, 'without it');
    spew($proxy->{conf}, $conf);
    is(scalar(grep {/answered 500/} errors_of(restarted($proxy))), 1, 'it has no last good file');
    is(get('/', %client, port => $port[0], sni => 'file.test')->status, 500, 'nothing is signed');
    is(signed_for('pair'), 'signer-p384', 'but by what is there');
    put($file, good($file));
    restarted($proxy);
    is(signed_for('file'), 'signer-p256', 'put right');
};

subtest 'mistakes of other kinds end a restart as everywhere' => sub {
    my $server = ClientCertTest::Server->new(name => 'mistake',
        config => server_config(port => $port[1], lines => "ClientCertSigner $file"));
    $server->start;
    $server->configure(server_config(port => $port[1], lines => "ClientCertSigner $file\nClientCertIncoming perhaps"));
    kill USR1 => $server->{pid};
    ok(wait_for { waitpid($server->{pid}, POSIX::WNOHANG()) > 0 }, 'it ends');
    delete $server->{pid};
    like($server->said, qr/unknown word "perhaps"/, 'and says why');
};

unlike($_->said, qr/PRIVATE KEY|exit signal/, 'no key in the log, no child died') for $proxy, $origin;

# What is made of such files is made once.
subtest 'two files with the same octets, until one of them is another' => sub {
    my @files = map {"$scratch/same-$_.pem"} 0, 1;
    put($_, slurp(pki('signer-p256.pem'))) for @files;
    my $port = free_port();
    my @hosts = map {
        server_config(port => $port, name => "same-$_.test", lines => "ClientCertSigner $files[$_]")
    } 0, 1;
    $hosts[1] =~ s/^.*?(?=<VirtualHost)//s;
    my $server = ClientCertTest::Server->new(name => 'same', config => join '', @hosts);
    $server->start;
    my $signers = sub {
        return [map { signer(get('/', %client, port => $port, sni => "same-$_.test")) } 0, 1];
    };
    is_deeply($signers->(), ['signer-p256', 'signer-p256'], 'both sign');
    put($files[1], slurp(pki('signer-p384.pem')));
    is_deeply([errors_of(restarted($server))], [], 'no error');
    is_deeply($signers->(), ['signer-p256', 'signer-p384'], 'each with its own');
    spoil($files[0], $BAD{missing});
    is(scalar(errors_of(restarted($server))), 1, 'an error');
    is_deeply($signers->(), ['signer-p256', 'signer-p384'], 'the last good one stays');
};

done_testing;
