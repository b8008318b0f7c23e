# SPDX-License-Identifier: Apache-2.0

# mod_proxy_wstunnel's own tunnel hands a client's bytes to the backend unread. A
# server that forwards does not start with a backend that it would serve, and what
# the start could not see gets 500 before anything reaches the backend.

use ClientCertTest;
use ClientCertTest::Backends;
use ClientCertTest::Raw qw(exchange recorded_since recorder recorder_mark);
use ClientCertTest::Wire;
use File::Path 'make_path';

my $SETTING = 'ProxyWebsocketFallbackToProxyHttp';
my $HTTP = load_modules() . load_modules('proxy_wstunnel');
(my $ALONE = $HTTP) =~ s/^LoadModule proxy_http_module.*\n//m;

# As the servers of a start: what the main server says, the virtual host that
# forwards, and another that does not.
sub check {
    my (%say) = @_;
    my ($main, $host, $other) = map { $say{$_} // '' } qw(main host other);
    my $forward = $say{forward} // 'ClientCertForward cms';
    return check_config(modules => $say{modules} // $HTTP, config => <<"CONF");
Listen 127.0.0.1:80
RewriteEngine on
$main
<VirtualHost 127.0.0.1:80>
ServerName forwards.test
RewriteEngine on
$forward
$host
</VirtualHost>
<VirtualHost 127.0.0.1:80>
ServerName other.test
RewriteEngine on
$other
</VirtualHost>
CONF
}

sub balancer { return "<Proxy balancer://sockets>\nBalancerMember $_[0]\n</Proxy>" }
my $pass = 'ProxyPass /ws/ wss://origin.test/ws/';
my $location = "<Location /members>\nClientCertForward cms\n</Location>";

my @REFUSED = (
    ['ProxyPass', 'ProxyPass', host => "$SETTING off\n$pass"],
    ['off in the main server', 'ProxyPass', main => "$SETTING off", host => $pass],
    ['in the main server, which a virtual host inherits', 'ProxyPass', main => $pass, host => "$SETTING off"],
    ['all in the main server', 'ProxyPass', main => "$SETTING off\n$pass"],
    ['forwarding in a section only', 'ProxyPass', forward => $location, host => "$SETTING off\n$pass"],
    ['forwarding in the main server', 'ProxyPass', forward => '', main => 'ClientCertForward cms',
        other => "$SETTING off\n$pass"],
    ['forwarding in a section of the main server', 'ProxyPass', forward => '', main => $location,
        other => "$SETTING off\n$pass"],
    ['capital letters', 'ProxyPass', host => "$SETTING Off\nProxyPass /ws/ WS://origin.test/"],
    ['a socket', 'ProxyPass', host => "$SETTING off\nProxyPass /ws/ unix:/run/ws|ws://localhost/"],
    ['ProxyPassMatch', 'ProxyPassMatch', host => "$SETTING off\nProxyPassMatch ^/ws/(.*) ws://origin.test/\$1"],
    ['in a Location', 'ProxyPass', host => "<Location /ws/>\n$SETTING off\nProxyPass ws://origin.test/\n</Location>"],
    ['off in a Location', 'ProxyPass', host => "$pass\n<Location /ws/>\n$SETTING off\n</Location>"],
    ['off in a Location of the main server', 'ProxyPass', main => "<Location /ws/>\n$SETTING off\n</Location>",
        host => $pass],
    ['off in a section around a section', 'SetHandler',
        host => "<Location /ws/>\n$SETTING off\n<If true>\nSetHandler proxy:ws://origin.test/\n</If>\n</Location>"],
    ['a balancer', 'BalancerMember', host => "$SETTING off\n" . balancer('wss://origin.test')],
    ['a balancer by its URL', 'BalancerMember',
        host => "$SETTING off\nBalancerMember balancer://sockets ws://origin.test"],
    ['a balancer of the main server', 'ProxyPass', main => balancer('wss://origin.test'),
        host => "$SETTING off\nProxyPass / Balancer://Sockets/"],
    ['a balancer of the main server, by its handler', 'SetHandler', main => balancer('wss://origin.test'),
        host => "$SETTING off\n<Location /ws>\nSetHandler proxy:balancer://sockets\n</Location>"],
    (map { ["RewriteRule $_", 'RewriteRule', host => "$SETTING off\nRewriteRule ^/ws ws://origin.test/ $_"] }
        '[P]', '[p,L]', '[NE,proxy]', '"[L, P]"'),
    ['RewriteRule to a balancer', 'RewriteRule', main => balancer('ws://origin.test'),
        host => "$SETTING off\nRewriteRule ^/ws balancer://sockets/ [P]"],
    ['SetHandler', 'SetHandler', host => "$SETTING off\n<Location /ws>\nSetHandler proxy:wss://origin.test/\n</Location>"],
    ['AddHandler', 'AddHandler', host => "$SETTING off\nAddHandler proxy:ws://origin.test/ .ws"],
    ['a macro', 'ProxyPass', host => "<Macro Sockets \$host>\n$SETTING off\nProxyPass /ws/ ws://\$host/\n</Macro>\n"
        . 'Use Sockets origin.test'],
    ['without mod_proxy_http', 'ProxyPass', modules => $ALONE, host => $pass],
    ['without mod_proxy_http, whatever is said', 'ProxyPass', modules => $ALONE, host => "$SETTING on\n$pass"],
);
for (@REFUSED) {
    my ($what, $directive, %say) = @$_;
    subtest "refused: $what" => sub {
        my ($status, $output, $server) = check(%say);
        isnt($status, 0, 'httpd -t fails');
        my @said = grep { !/AH00014|Configuration check failed/ } split /\n/, $output;
        is(scalar @said, 1, 'with one line') or diag $output;
        like($said[0], qr/ClientCertForward: $directive \(.*:\d+\): mod_proxy_wstunnel/, 'which names the directive');
        like($said[0], $say{modules} ? qr/needs mod_proxy_http/ : qr/needs $SETTING on/, 'and what it needs');
    };
}

my @RIGHT = (
    ['served by mod_proxy_http', host => $pass],
    ['said to be', main => "$SETTING off", host => "$SETTING on\n$pass"],
    ['said to be, in the section', host =>
        "$SETTING off\n<Location /ws/>\n$SETTING on\nProxyPass wss://origin.test/\n</Location>"],
    ['said to be, in some section', host => "$SETTING off\n$pass\n<Location /ws/>\n$SETTING on\n</Location>"],
    ['another backend', host => "$SETTING off\nProxyPass / https://origin.test/"],
    ['a redirection', host => "$SETTING off\nRewriteRule ^/ws ws://origin.test/ [R]"],
    ['a server that never forwards', other => "$SETTING off\n$pass"],
    ['one that says so', main => 'ClientCertForward cms', other => "ClientCertForward off\n$SETTING off\n$pass"],
    ['a balancer that others name', main => balancer('ws://origin.test'), host => "$SETTING off",
        other => "$SETTING off\nProxyPass / balancer://sockets/"],
    ['a ProxyPass that is not inherited', main => $pass, host => "$SETTING off\nProxyPassInherit off",
        other => "$SETTING off"],
    ['a RewriteRule, which is not inherited', main => 'RewriteRule ^/ws ws://origin.test/ [P]', host => "$SETTING off"],
    ['without mod_proxy_wstunnel', modules => load_modules(), host => $pass],
    ['nothing forwarded, without mod_proxy_http', modules => $ALONE, forward => '', host => $pass],
);
for (@RIGHT) {
    my ($what, %say) = @$_;
    my ($status, $output) = check(%say);
    is($status, 0, "right: $what") or diag $output;
}
{
    my ($status, $output) = check(modules => load_modules(), host => "$SETTING off");
    isnt($status, 0, 'a directive of a module that is not there');
    like($output, qr/Invalid command '$SETTING'/, 'is what it was');
}

# What the start could not see.
my $backend = websocket_server();
my $recorder = recorder();
my $wire = ClientCertTest::Wire->tap(http => free_port(), $backend->port);
my $origin = '127.0.0.1:' . $wire->port;
my $root = "$ENV{TEST_SERVERS}/tunnels.$$";
make_path("$root/$_") for qw(rewritten handler);
spew("$root/rewritten/.htaccess", "RewriteEngine on\nRewriteRule ^(.*) ws://$origin/\$1 [P]\n");
spew("$root/handler/.htaccess", "SetHandler proxy:Ws://$origin\n");

sub requests_to_backend {
    return scalar grep { -s } glob $wire->directory . '/request.*';
}

sub upgrade {
    my ($server, $target, %want) = @_;
    my $before = requests_to_backend();
    my $client = client(port => $server->{tls_port}, sni => 'ttrp.test', cert => 'client-rsa');
    my $protocol = $want{protocol} // 'websocket';
    $client->send(join "\r\n", "GET $target HTTP/1.1", 'Host: ttrp.test', "Upgrade: $protocol",
        'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '',
        "GET /smuggled HTTP/1.1\r\nHost: ttrp.test\r\nClient-Cert: forged\r\n\r\n");
    until ($client->{buffer} =~ /\r\n\r\n/) { $client->more or last }
    my ($status) = $client->{buffer} =~ m{^HTTP/1\.1 (\d+)};
    $client->close;
    return ($status // 0, requests_to_backend() - $before);
}

sub ttrp {
    my (%want) = @_;
    my $port = free_port();
    my $server = ClientCertTest::Server->new(name => 'tunnels', modules => $want{modules} . load_modules('lua'),
        config => server_config(port => $port, global => $want{global},
            forward => join "\n", 'RewriteEngine on', $want{lines}));
    $server->start;
    $server->{tls_port} = $port;
    return $server;
}

# Computed from the request, as no start can see.
my $forwards = "<Location /members/>\nClientCertForward cms\n</Location>";
my $unseen = <<"LINES";
RewriteRule ^/computed/(\\w+)/(.*) \$1://$origin/\$2 [P]
RewriteRule ^/balanced/(\\w+)/(.*) balancer://\$1/\$2 [P]
RewriteRule ^/handled/(\\w+)/ - [H=proxy:\$1://$origin]
ProxyPass /handled/ !
ProxyPass /rewritten/ !
ProxyPass /handler/ !
DocumentRoot $root
<Directory $root>
    AllowOverride All
    Options +FollowSymLinks
</Directory>
LINES
my $members = "<Proxy balancer://sockets>\nBalancerMember ws://$origin\n</Proxy>";
my @TARGETS = qw(
    /computed/ws/x /computed/WS/x /computed/Ws/x /balanced/sockets/x /handled/ws/x /rewritten/x /handler/x
);
for (
    ['off', modules => $HTTP, lines => "$forwards\n$SETTING off\n$unseen"],
    ['without mod_proxy_http', modules => $ALONE, lines => "ProxyPass /x !\n$forwards\n$unseen"],
) {
    my ($what, %want) = @$_;
    my $server = ttrp(%want, global => $members);
    for my $target (@TARGETS) {
        my ($status, $requests) = upgrade($server, $target);
        is($status, 500, "$what, $target: refused");
        is($requests, 0, 'nothing reached the backend');
    }
    my @lines = grep {/client_cert:error.*mod_proxy_wstunnel's own tunnel would serve ws:/i} split /\n/,
        slurp($server->error_log);
    is(scalar @lines, scalar @TARGETS, 'the log says why');
    like(slurp($server->access_log), qr/forward=failed/, 'and the note');
}

# Only where a section says so.
{
    my $server = ttrp(modules => $HTTP, global => $members,
        lines => "$forwards\n$unseen\n<LocationMatch ^/computed/ws/off>\n$SETTING off\n</LocationMatch>");
    is_deeply([upgrade($server, '/computed/ws/off')], [500, 0], 'off in a section');
    is_deeply([upgrade($server, '/computed/ws/x')], [101, 1], 'elsewhere mod_proxy_http serves it');
    is_deeply([upgrade($server, '/rewritten/x')], [101, 1], 'a .htaccess file');
    is_deeply([upgrade($server, '/handler/x')], [101, 1], 'and a handler in one');
}

# mod_proxy_http passes on nothing that a backend did not agree to; and no other
# version of HTTP, in which requests would come unread.
{
    my $server = ttrp(modules => $HTTP, lines => join "\n", 'ClientCertForward cms',
        map {"ProxyPass /$_/ http://127.0.0.1:$recorder->{http}/$_/ upgrade=$_"} qw(websocket ANY h2c));
    for (
        [websocket => 'websocket', 1], [websocket => 'h2c', 0], [ANY => 'websocket', 1], [ANY => 'other', 1],
        [ANY => 'h2c', 0], [ANY => 'h2', 0], [ANY => 'HTTP/2.0', 0], [ANY => 'websocket, h2c', 0],
        [ANY => 'TLS/1.0', 0], [h2c => 'h2c', 0],
    ) {
        my ($worker, $protocol, $asked) = @$_;
        for my $answer ('', '?status=101') {
            my $mark = recorder_mark($recorder);
            upgrade($server, "/$worker/x$answer", protocol => $protocol);
            my ($first, @more) = recorded_since($recorder, $mark);
            is(scalar(grep { lc $_->[0] eq 'upgrade' } @{ $first->{fields} }), $asked,
                "upgrade=$worker, Upgrade: $protocol$answer: " . ($asked ? 'asked' : 'not asked'));
            is(scalar(grep { ($_->{raw} // '') =~ /forged/ } $first, @more), 0, 'nothing unread comes after');
        }
    }
    like(slurp($server->error_log), qr/client_cert:info.*Upgrade "h2c" is not asked/, 'the log says so');
}

done_testing;
