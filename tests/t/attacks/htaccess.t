# SPDX-License-Identifier: Apache-2.0

# Who writes a .htaccess file in a server that forwards somewhere does not speak as
# the proxy: whatever sets one of our headers, and whatever protocol the backend
# speaks. Where a server never forwards they are its administrator's.

use ClientCertTest;
use ClientCertTest::Attack 'identity';
use ClientCertTest::Process;
use ClientCertTest::Raw qw(exchange recorded_since recorder recorder_mark);
use ClientCertTest::Wire;
use File::Path 'make_path';
use IO::Socket::INET;

my $recorder = recorder();

# Takes what comes, says nothing, and hangs up.
sub silent {
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'silent');
    return $self->start($port, sub {
        my $listener = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1,
        ) or die "listen: $!";
        while (1) {
            my $client = $listener->accept or next;
            sysread $client, my $bytes, 65_536;
        }
    });
}

my $silent = silent();
my %wire = map { $_->[0] => ClientCertTest::Wire->tap($_->[0], free_port(), $_->[1]) }
    [http => $recorder->{http}], [fcgi => $recorder->{fcgi}], map { [$_ => $silent->port] } qw(uwsgi scgi ajp);
my %url = (
    (map { $_ => "$_://127.0.0.1:" . $wire{$_}->port } keys %wire),
    h2c => "h2c://127.0.0.1:$recorder->{h2c}",
);

my $root = "$ENV{TEST_SERVERS}/htaccess.$$";
make_path("$root/lua");
spew("$root/lua/set.lua", <<'LUA');
function fixups(r)
    r.headers_in['Client-Cert'] = 'forged'
    r.subprocess_env['HTTP_X_CLIENT_IDENTITY'] = 'forged'
    return apache2.DECLINED
end
function handle(r)
    r.headers_in['Client_Cert'] = 'forged'
    r.headers_in['Client-Cert-Chain'] = 'forged'
    r.subprocess_env['HTTP_CLIENT_CERT'] = 'forged'
    return apache2.DECLINED
end
LUA

# What sets them: [name, lines].
my @SETTERS = (
    ['RequestHeader set' => 'RequestHeader set Client-Cert forged'],
    ['another spelling' => "RequestHeader add client_cert forged\nRequestHeader append CLIENT.CERT forged"],
    ['the chain' => 'RequestHeader set Client-Cert-Chain forged'],
    ['a header named by the directive' => 'RequestHeader setifempty X-Client-Identity forged'],
    ['one of another server' => 'RequestHeader set x-named-elsewhere forged'],
    ['edited' => "RequestHeader set Client-Cert x\nRequestHeader edit Client-Cert x forged"],
    ['by an expression' => 'RequestHeader set Client-Cert "expr=forged %{REMOTE_ADDR}"'],
    ['SetEnv' => 'SetEnv HTTP_CLIENT_CERT forged'],
    ['SetEnv, another spelling' => "SetEnv HTTP-CLIENT-CERT forged\nSetEnv Http_Client_Cert forged"],
    ['SetEnv, of a redirect' => 'SetEnv REDIRECT_HTTP_CLIENT_CERT forged'],
    ['SetEnv, an attribute' => "SetEnv AJP_Client-Cert forged\nSetEnv AJP_HTTP_CLIENT_CERT forged"],
    ['SetEnvIf' => 'SetEnvIf Request_URI . HTTP_X_CLIENT_IDENTITY=forged'],
    ['SetEnvIf and RequestHeader' =>
        "SetEnvIf Request_URI . SEEN=forg\nRequestHeader set Client-Cert %{SEEN}eed env=SEEN"],
    ['RewriteRule [E]' => 'RewriteRule ^ - [E=HTTP_CLIENT_CERT:forged]'],
    ['ProxyFCGISetEnvIf' => 'ProxyFCGISetEnvIf true HTTP_CLIENT_CERT forged'],
    ['mod_lua, fixups' => "LuaHookFixups $root/lua/set.lua fixups"],
    # Which an administrator must have mapped.
    ['mod_lua, a handler' => ''],
);
my @BACKENDS = qw(ajp fcgi h2c http scgi uwsgi);

# mod_rewrite does not know uwsgi's URLs.
sub to {
    my ($backend) = @_;
    return $backend eq 'uwsgi' ? "SetHandler proxy:$url{uwsgi}" : "RewriteRule ^(.*) $url{$backend}/\$1 [P]";
}

sub directory {
    my ($name, @lines) = @_;
    make_path("$root/$name");
    spew("$root/$name/.htaccess", join "\n", 'RewriteEngine on', @lines, '');
    return;
}
for my $backend (@BACKENDS) {
    for my $n (0 .. $#SETTERS) {
        directory("$backend/$n", $SETTERS[$n][1], 'RequestHeader set X-Innocent kept',
            to($backend));
    }
}
directory("handler-$_", 'RequestHeader set Client-Cert forged', 'SetEnv HTTP_CLIENT_CERT forged',
    "SetHandler proxy:$url{$_}") for qw(http fcgi);
directory("members/$_", 'RequestHeader set Connection "close, Client-Cert, X-Client-Identity"',
    'RequestHeader unset Client-Cert', 'RequestHeader add client.cert forged',
    'SetEnv HTTP_CLIENT_CERT forged',
    to($_)) for @BACKENDS;
directory('ssi', 'Options +Includes', 'AddOutputFilter INCLUDES .shtml', 'AddType text/html .shtml',
    'RequestHeader set Client-Cert forged', 'SetEnv HTTP_CLIENT_CERT forged');
spew("$root/ssi/page.shtml", map {qq(<!--#include virtual="/$_/7/x" -->)} qw(http fcgi));

my %port = map { $_ => free_port() } qw(forwards inherits never);
my $server = ClientCertTest::Server->new(
    name => 'htaccess',
    modules => load_modules() . load_modules(qw(include lua proxy_scgi proxy_uwsgi)),
    config => <<"CONF")->start;
@{[ map {"Listen 127.0.0.1:$_\n"} sort values %port ]}
Timeout 5
<LocationMatch "^/(members/.*|[a-z0-9]+/$#SETTERS/)">
    LuaMapHandler . $root/lua/set.lua handle
</LocationMatch>
<Directory $root>
    AllowOverride All
    Options +FollowSymLinks +Includes
</Directory>
<VirtualHost 127.0.0.1:$port{forwards}>
    ServerName ttrp.test
    DocumentRoot $root
    SetEnv proxy-initial-not-pooled 1
    SSLEngine on
    SSLCertificateFile @{[ pki('signer-p256.crt') ]}
    SSLCertificateKeyFile @{[ pki('signer-p256.key') ]}
    SSLCACertificateFile @{[ pki('client-ca.crt') ]}
    SSLVerifyClient optional
    SSLVerifyDepth 5
    ProxyPass /members/trace/ $url{http}/
    <Location /members/trace/>
        RequestHeader set Client-Cert forged
    </Location>
    <Location /members/>
        ClientCertForward rfc9440
        ClientCertForward rfc9440 X-Client-Identity
        ClientCertForwardChain on
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:$port{inherits}>
    DocumentRoot $root
    ClientCertForward rfc9440 X-Named-Elsewhere
    <Location />
        ClientCertForward off
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:$port{never}>
    DocumentRoot $root
    ClientCertForward off
</VirtualHost>
CONF

my $client = $ClientCertTest::Attack::CLIENT;

# The status, and the bytes that each backend had of this request.
sub attack {
    my ($target, $to, $method) = @_;
    $method //= 'GET';
    my $mark = recorder_mark($recorder);
    my $id = ClientCertTest::Client::next_id();
    my ($statuses) = exchange("$method $target HTTP/1.1\r\nHost: ttrp.test\r\nX-Test-Id: $id\r\nConnection: close\r\n\r\n",
        port => $port{$to}, $to eq 'forwards' ? (tls => '1.3', sni => 'ttrp.test', cert => $client, chain => 1) : ());
    my @bytes = map { $_->{backend} eq 'h2c' ? join "\n", map { join ': ', @$_ } @{ $_->{fields} } : () }
        recorded_since($recorder, $mark);
    for my $wire (values %wire) {
        push @bytes, grep {/\Q$id\E/} map { slurp($_) } glob $wire->directory . '/request.*';
    }
    return ($statuses->[0] // 0, @bytes);
}

my %reaches;
for my $n (0 .. $#SETTERS) {
    my $name = $SETTERS[$n][0];
    for my $backend (@BACKENDS) {
        my $target = "/$backend/$n/x";
        for my $to (qw(forwards inherits)) {
            my ($status, @bytes) = attack($target, $to);
            # What mod_proxy_fcgi sets in the very end can only be refused.
            my $refused = $name eq 'ProxyFCGISetEnvIf' && $backend eq 'fcgi';
            is(scalar @bytes, $refused ? 0 : 1, "$name, $backend, $to: the backend was asked");
            is($status, 500, 'refused') if $refused;
            is(scalar(grep {/forged/i} @bytes), 0, 'and told nothing of that')
                or diag(map { s/[^ -~\n]/./gr } @bytes);
            is(scalar(grep {/kept/} @bytes), scalar @bytes, 'but what else was set');
        }
        my (undef, @bytes) = attack($target, 'never');
        $reaches{$name} ||= grep {/forged/} @bytes;
    }
    ok($reaches{$name}, "$name: reaches some backend where the server never forwards");
}
for my $backend (qw(http fcgi)) {
    my ($status, @bytes) = attack("/handler-$backend/x", 'forwards');
    is(scalar(grep {/forged/} @bytes), 0, "SetHandler, $backend") or diag $status;
    is(scalar @bytes, 1, 'the backend was asked');
}
{
    my ($status, @bytes) = attack('/ssi/page.shtml', 'forwards');
    is(scalar @bytes, 2, 'server-side includes: both backends were asked') or diag $status;
    is(scalar(grep {/forged/} @bytes), 0, 'and told nothing of that');
}

# Nor does what the module forwards nothing for.
{
    my ($status, @bytes) = attack('/members/trace/', 'forwards', 'TRACE');
    is(scalar @bytes, 1, 'TRACE: the backend was asked') or diag $status;
    is(scalar(grep {/forged|\Q@{[ substr identity()->{client_cert}, 0, 40 ]}\E/} @bytes), 0, 'and told nothing');
}

# Where the section forwards, no less comes than without the file.
my $identity = identity();
for my $backend (@BACKENDS) {
    my (undef, @bytes) = attack("/members/$backend/x", 'forwards');
    is(scalar @bytes, 1, "members, $backend: the backend was asked");
    unlike($bytes[0] // '', qr/forged/, 'nothing forged');
    for my $name (sort keys %$identity) {
        my $count = () = ($bytes[0] // '') =~ /\Q$identity->{$name}\E/g;
        is($count, $name eq 'client_cert_chain' ? 1 : 2, "$name is there");
    }
}

my $log = slurp($server->error_log);
like($log, qr/client_cert:info.*header "client_cert"[^\n]*(?:not set|removed)/i, 'the log tells of a header');
like($log, qr/client_cert:info.*variable "HTTP_CLIENT_CERT"/, 'of a variable');
like($log, qr/client_cert:error.*ProxyFCGISetEnvIf.*HTTP_CLIENT_CERT/, 'and of what was refused');

done_testing;
