# SPDX-License-Identifier: Apache-2.0

# A panic in each function of the C interface that the module calls: a server that starts does not
# start, or as ever; a request is 500, or as ever; and the same child goes on. src/ffi/panic_tests.rs
# shows that a panic becomes the result with which ../panics/mod_panic_test.c replaces the functions.

use ClientCertTest;
use ClientCertTest::Accept;

trust_pki();
my $module = pki("panic_test.$$.so");
END { unlink $module if defined $module }
my $apxs = sub { my $answer = qx{apxs -q $_[0]}; chomp $answer; return $answer };
my $compiler = qx{sh -c 'command -v cc gcc clang | head -n 1'};
chomp $compiler;
my @command = (
    $compiler, qw(-std=gnu11 -shared -fPIC -Wall -Wextra), "-I$ENV{TEST_CORE}",
    split(' ', $apxs->('EXTRA_CPPFLAGS')), (map { '-I' . $apxs->($_) } qw(INCLUDEDIR APR_INCLUDEDIR)),
    '-o', $module, 'panics/mod_panic_test.c',
);
my $said = qx{@command 2>&1};
is($?, 0, 'the module compiles') or BAIL_OUT($said);

# What gives a result; what frees gives none.
my $declared = slurp("$ENV{TEST_CORE}/client_cert.h") =~ s{/\*.*?\*/}{}sgr;
my %fallible = map { ($_ => 1) } $declared =~ /^client_cert_result (client_cert_\w+)\(/mg;
my %offset = map { /^([0-9a-f]+) [tT] (client_cert_\w+)$/ && $fallible{$2} ? ($2 => $1) : () }
    qx{nm $ENV{TEST_MODULE}};
plan skip_all => "no symbols in the module, or no code for this processor" if !%offset;

my $load = load_modules() . "LoadModule panic_test_module $module\n";
my $global = "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\nMinSpareThreads 1\nMaxSpareThreads 25";
my $panic_port = free_port();
my $handler = <<"CONF";
Listen 127.0.0.1:$panic_port
<VirtualHost 127.0.0.1:$panic_port>
SetHandler panic
</VirtualHost>
CONF

# Both roles in one server, and one process.
my $port = free_port();
my $host = server_config(
    port => $port, forward => "ClientCertForward cms\nClientCertForward xfcc\nClientCertForwardChain on\n"
        . "ClientCertForwardVariable X-Client-DN SSL_CLIENT_S_DN",
    lines => 'ClientCertSigner ' . pki('signer-p256.pem'),
) =~ s/^Listen.*\n//mr =~ s{^ProxyPass / .*$}{ProxyPass / http://127.0.0.1:$ENV{TEST_ORIGIN_HTTP}/}mr;
my $crls = crl("panics.$$", 'server-ca', []);
my $client_crls = crl("panics-clients.$$", 'client-ca', []);

sub server {
    my ($name, %want) = @_;
    return accept_origin(
        name => $name, base => $load, global => $global, more => "Listen 127.0.0.1:$port\n$host$handler",
        lines => "ClientCertTrustCRL $crls\nClientCertClientTrust " . pki('client-ca.crt')
            . "\nClientCertClientCRL $client_crls\n<Location /der>\nClientCertAccept der\n</Location>\n",
        crash => undef, %want,
    );
}

my %client = (sni => 'ttrp.test', port => $port, cert => 'client-rsa');

# What is wrong with a server's answers, in words: where it is whole, all that is not as ever.
my $faults = 0;
sub wrong {
    my ($origin, $whole) = @_;
    my @wrong;
    $faults = 0;
    # mod_cgid's daemon starts after the server answers.
    wait_for { (eval { ask($origin->{http}, '/', tls => 0)->status } // 0) != 503 } if $whole;
    my $fine = sub {
        my ($what, $response, $check) = @_;
        my $status = $response ? $response->status : 0;
        $faults++ if $status == 500;
        # Nothing but a 500, or no connection, is an answer of a fault; or mod_cgid's daemon is not there
        # yet, and nothing ran.
        return if !$whole && ($status == 500 || $status == 0 || $status == 503);
        my $found = $status == 200 || $whole ? $response && $check->($response) : 0;
        push @wrong, "$what: $status" unless $found;
        return;
    };
    my $try = sub { my ($do) = @_; return eval { $do->() } };
    for my $name ('client-rsa', undef) {
        my $response = $try->(sub { get('/', %client, cert => $name, headers => ['Client-Cert' => 'forged']) });
        $fine->('proxy', $response, sub {
            my @ours = map { $_[0]->sent($_) } qw(Client-Cert X-Client-DN X-Forwarded-Client-Cert);
            return !@ours if !$name;
            return @ours == 3 && forwarded($_[0]) eq $name && $ours[1] =~ /CN=client-rsa\b/;
        });
        push @wrong, 'a 500 that went to the backend' if $response && $response->status == 500 && backend_saw($response);
    }
    my $value = signed_value('accept-ttrp', 'client-rsa');
    my %peer = (sni => 'localhost', port => $origin->{https}, cert => 'accept-ttrp');
    for (
        ['/x', 'Client-Cert' => $value], ['/der', 'X-Client-Cert' => der_value()],
        ['/x', 'X-Other' => ''], ['/x', 'Client-Cert' => signed_value('accept-other', 'client-rsa')], ['/x', 'Client-Cert' => 'x'],
    ) {
        my ($path, $header, $content) = @$_;
        my $good = $header eq 'X-Client-Cert' || $content eq $value;
        my $response = $try->(sub { ask($origin->{https}, $path, %peer, headers => [$header => $content]) });
        next if $response && !$good && length $content && $response->status =~ /^4/;
        $fine->("origin, $header", $response, sub {
            my $env = env_of($_[0]) or return 0;
            return ($env->{SSL_CLIENT_S_DN_CN} // '') eq 'client-rsa' if $good;
            return !length $content && ($env->{SSL_CLIENT_VERIFY} // '') eq 'NONE';
        });
    }
    return @wrong;
}

sub der_value { return join '', split /\n/, openssl(qw(base64 -e -in), pki('client-rsa.der')) }

# Functions whose panic a request meets.
my %reached;

# Those that say who the client is, and what goes to the backend.
my @ENDS_REQUEST = map {"client_cert_$_"} qw(
    accept forward tls_connection_finished tls_connection_identify tls_connection_verified
);

# Without what these give there is no configuration. (What the module's own LoadModule calls comes before
# the other module that has it panic.)
my @ENDS_START = map {"client_cert_$_"} qw(
    files_new forward_role_check settings_add settings_check settings_complete tls_hosts_add
    tls_hosts_make_signers tls_hosts_new vhosts_add
);

subtest 'requests' => sub {
    my $origin = server('panics');
    is_deeply([wrong($origin, 1)], [], 'as ever');
    my $pid = logged(get('/', %client), $origin->access_log)->{pid};
    for my $function (sort keys %offset) {
        my $set = get("/?$offset{$function}", port => $panic_port, tls => 0);
        $set->status == 501 and plan skip_all => 'no code for this processor';
        my $seen = length $origin->said;
        my @wrong = wrong($origin, 0);
        is_deeply(\@wrong, [], "$function: 500, or as ever");
        if ($faults) {
            $reached{$function} = 1;
            like(substr($origin->said, $seen), qr/client_cert:error/, 'and an error line');
        }
        get('/', port => $panic_port, tls => 0);
    }
    is_deeply([sort keys %reached], \@ENDS_REQUEST, 'functions whose panic a request meets');
    is_deeply([wrong($origin, 1)], [], 'as ever again');
    is(logged(get('/', %client), $origin->access_log)->{pid}, $pid, 'the same child');
};

subtest 'the start' => sub {
    my @failed;
    for my $function (grep { !$reached{$_} } sort keys %offset) {
        my $origin = eval { server("start-$function", env => { PANIC_AT => $offset{$function} }) };
        if (!$origin) {
            push @failed, $function;
            like($@, qr/did not start.*(?:internal error|client_cert|unknown format)/s, "$function: no start, and why");
            next;
        }
        is_deeply([wrong($origin, 0)], [], "$function: it starts, and requests are 500, or as ever");
        $origin->stop;
    }
    is_deeply(\@failed, \@ENDS_START, 'functions whose panic ends a start');
};

done_testing;
