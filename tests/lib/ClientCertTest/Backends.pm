# SPDX-License-Identifier: Apache-2.0

package ClientCertTest::Backends;

# Backends of every protocol that mod_proxy speaks, each a real one that reports
# what it received, and the one set of requests that all of them have to pass.

use strict;
use warnings;

use Cwd 'abs_path';
use Errno ();
use Exporter 'import';
use File::Basename 'dirname';
use File::Copy 'copy';
use File::Path 'make_path';
use IO::Socket::INET;
use Test::More;

use ClientCertTest ();
use ClientCertTest::PKI qw(pki slurp spew);
use ClientCertTest::Process;
use ClientCertTest::Server qw(free_port load_modules);

our @EXPORT = qw(
    backend_ttrp check_backend forged_headers h2_origin h2_reported login_server member nghttpd nghttpd_reported
    php_fpm saw tomcat uwsgi websocket_server
);

my $SOURCES = abs_path(dirname(__FILE__) . '/../../backends');

# A TTRP with every proxy module, HTTP/2 to clients, and these lines in its one
# virtual host: backend_ttrp(lines => TEXT, name => NAME, signer => NAME).
sub backend_ttrp {
    my (%want) = @_;
    my $port = free_port();
    my $server = ClientCertTest::Server->new(
        name => $want{name} // 'ttrp',
        modules => load_modules()
            . load_modules(qw(actions include proxy_scgi proxy_uwsgi proxy_wstunnel)),
        config => ClientCertTest::server_config(
            port => $port,
            signer => $want{signer} // 'signer-p256',
            global => join("\n", 'Protocols h2 http/1.1', $want{global} // ''),
            verify => $want{verify},
            tls => $want{tls},
            # Before server_config's own ProxyPass, which takes what is left.
            forward => join("\n", 'ClientCertForward cms', $want{lines} // ''),
        ),
    );
    $server->start;
    $server->{tls_port} = $port;
    return $server;
}

# php8.2-fpm; on a unix socket too, DIRECTORY/socket. Of its directory {script} reports, {login} lets
# clients in.
sub php_fpm {
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'php-fpm');
    my $directory = $self->directory;
    for my $script (qw(report.php login.php)) {
        copy("$SOURCES/$script", "$directory/$script") or die "$script: $!";
    }
    my $conf = spew("$directory/fpm.conf", <<"CONF");
[global]
error_log = $directory/error_log
daemonize = no
[tcp]
listen = 127.0.0.1:$port
pm = static
pm.max_children = 3
[unix]
listen = $directory/socket
pm = static
pm.max_children = 2
CONF
    $self->{script} = "$directory/report.php";
    $self->{login} = "$directory/login.php";
    my ($fpm) = sort { $b cmp $a } glob '/usr/sbin/php-fpm*';
    return $self->start($port, $fpm // 'php-fpm', '-n', '-F', '-y', $conf);
}

# An application that lets clients in, over HTTP: 'js' for Node's, 'py' for Python's, 'ru' for Rack's.
sub login_server {
    my ($language) = @_;
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => "login-$language");
    my $file = $self->directory . "/login.$language";
    copy("$SOURCES/login.$language", $file) or die "$file: $!";
    my %command = (
        js => ['node', $file, $port],
        py => ['/usr/bin/python3', $file, $port],
        ru => ['puma', '--quiet', '--bind', "tcp://127.0.0.1:$port", $file],
    );
    return $self->start($port, @{ $command{$language} });
}

# uwsgi with its Python plugin, as a server of 'uwsgi' or 'scgi'; 'login' for the
# application that lets clients in.
sub uwsgi {
    my ($protocol, @more) = @_;
    my $script = 'report.py';
    if ($protocol eq 'login') {
        ($protocol, $script) = ('uwsgi', 'login.py');
    }
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => $protocol);
    my $directory = $self->directory;
    copy("$SOURCES/$script", "$directory/$script") or die "$script: $!";
    return $self->start($port,
        'uwsgi-core', '--need-plugin', 'python3', '--die-on-term', '--master',
        '--no-orphans', '--processes', 2, '--wsgi-file', "$directory/$script",
        ($protocol eq 'scgi' ? '--scgi-socket' : '--socket'), "127.0.0.1:$port", @more);
}

# Tomcat's AJP connector, with further attributes for it; with users => [subjects of clients] its HTTP
# connector and SSLValve, where those are let in.
sub tomcat {
    my (%want) = @_;
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'tomcat');
    my $directory = $self->directory;
    make_path("$directory/conf", "$directory/webapps/ROOT");
    my $login = $want{users} ? 'login-' : '';
    my $server = slurp("$SOURCES/tomcat/${login}server.xml.in");
    $server =~ s/\@PORT\@/$port/;
    $server =~ s/\@MORE\@/$want{connector} \/\/ ''/e;
    spew("$directory/conf/server.xml", $server);
    copy("$SOURCES/tomcat/${login}web.xml", "$directory/conf/web.xml") or die "web.xml: $!";
    spew("$directory/conf/users.xml", '<tomcat-users>',
        (map {qq(<user username="$_" password="none" roles="client"/>)} @{ $want{users} // [] }), '</tomcat-users>');
    copy("$SOURCES/tomcat/report.jsp", "$directory/webapps/ROOT/report.jsp") or die "report.jsp: $!";
    my @jars = map {"/usr/share/java/$_.jar"} 'eclipse-jdt-core', map {"tomcat10-$_"} qw(
        annotations-api api catalina coyote el-api jasper jasper-el jaspic-api jni jsp-api juli
        servlet-api util util-scan
    );
    return $self->start($port,
        'java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx96m',
        "-Dcatalina.base=$directory", "-Dcatalina.home=$directory",
        '-cp', join(':', @jars), 'org.apache.catalina.startup.Tomcat');
}

# nghttpd, over TLS (where it asks for a certificate) or, with 'h2c', without.
# Its output is its report: nghttpd_reported() makes a response of it.
sub nghttpd {
    my ($protocol) = @_;
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => "nghttpd-$protocol");
    my $directory = $self->directory;
    spew("$directory/index.html", "nghttpd\n");
    return $self->start($port,
        'nghttpd', '--verbose', '--address', '127.0.0.1', '--htdocs', $directory,
        $protocol eq 'h2c' ? ('--no-tls', $port)
        : ('--verify-client', $port, pki('origin.key'), pki('origin.crt')));
}

# What a nghttpd says of the request with this response's id.
sub nghttpd_reported {
    my ($self, $response) = @_;
    my $id = $response->id;
    my $found = ClientCertTest::wait_for {
        my $text = slurp($self->output);
        $text =~ s/\e\[[\d;]*m//g;
        my %fields;
        while ($text =~ /\[id=(\d+)\] .*?recv \(stream_id=(\d+)(?:, sensitive)?\) (:?[^:\n]*): (.*)\n/g) {
            push @{ $fields{"$1 $2"} }, "$3: $4";
        }
        return (grep { grep { $_ eq "x-test-id: $id" } @$_ } values %fields)[0];
    } or return;
    return bless { id => $id, status => $response->status, headers => [],
        origin => { raw => $found } }, 'ClientCertTest::Response';
}

# An httpd that speaks h2 (with mutual TLS) and h2c. Its logs are its report:
# h2_reported() makes a response of them. Equal fields of HTTP/2 are one in httpd,
# joined by ", ".
sub h2_origin {
    my ($h2, $h2c) = (free_port(), free_port());
    my $server = ClientCertTest::Server->new(
        name => 'h2-origin', own => 0,
        modules => load_modules(qw(
            mpm_event authz_core authz_host mime setenvif socache_shmcb ssl http2 log_forensic
        )),
        config => <<"CONF",
Listen 127.0.0.1:$h2
Listen 127.0.0.1:$h2c
Protocols h2 h2c
LimitRequestFieldSize 65536
ForensicLog forensic_log
CustomLog told_log "%{X-Test-Id}i %H %{SSL_CLIENT_CERT}x"
<VirtualHost 127.0.0.1:$h2>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile @{[ pki('origin.crt') ]}
    SSLCertificateKeyFile @{[ pki('origin.key') ]}
    SSLCACertificateFile @{[ pki('server-ca.crt') ]}
    SSLVerifyClient require
    SSLVerifyDepth 3
</VirtualHost>
CONF
    );
    $server->start;
    $server->{h2} = $h2;
    $server->{h2c} = $h2c;
    return $server;
}

# What h2_origin() says of the request with this response's id.
sub h2_reported {
    my ($server, $response) = @_;
    my $id = $response->id;
    my ($line, $protocol, $peer);
    ClientCertTest::wait_for {
        ($line) = slurp("$server->{directory}/forensic_log") =~ /^(\+.*\|X-Test-Id:\Q$id\E(?:\|.*)?)$/mi;
        ($protocol, $peer) = slurp("$server->{directory}/told_log") =~ /^\Q$id\E (\S+) (.*)$/m;
        return defined $line && defined $protocol;
        # httpd logs a stream when it is done with it, which may be after the
        # session has been idle for a while.
    } 30 or return;
    my (undef, undef, @fields) = split /\|/, $line;
    for (@fields) {
        s/:/: /;
        s/%([0-9a-f]{2})/chr hex $1/gie;
    }
    $peer =~ s/\\n/\n/g;
    return bless { id => $id, status => $response->status, headers => [],
        origin => { raw => \@fields, protocol => $protocol, peer => $peer } },
        'ClientCertTest::Response';
}

sub websocket_server {
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'websocket');
    copy("$SOURCES/websocket.py", $self->directory . '/websocket.py') or die "websocket.py: $!";
    return $self->start($port, '/usr/bin/python3', $self->directory . '/websocket.py', $port);
}

# Every spelling that some backend folds to Client-Cert, some of them twice, and
# the chain's; each with a value of its own.
sub forged_headers {
    my $count = 0;
    return map { ($_ => 'forged' . ++$count) } qw(
        Client-Cert Client-Cert client-cert CLIENT-CERT Client_Cert client_cert CLIENT_CERT
        Client.Cert client.cert Client+Cert Client~Cert Client!Cert Client_Cert
        Client-Cert-Chain Client_Cert_Chain client.cert-chain
    );
}

# member(STATUS): a balancer's member that answers every request with that status,
# or, without one, never. It has kept the requests: saw().
sub member {
    my ($status) = @_;
    my $port = free_port();
    my $self = ClientCertTest::Process->new(name => 'member');
    my $file = $self->directory . '/heads';
    return $self->start($port, sub {
        $0 = 'member ' . $self->directory;
        my $listener = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1,
        ) or die "listen: $!";
        my @silent;
        while (1) {
            my $client = $listener->accept or next;
            my $head = '';
            while ($head !~ /\r\n\r\n/) {
                last unless sysread($client, $head, 65_536, length $head) // $!{EINTR};
            }
            open my $heads, '>>:raw', $file or die "$file: $!";
            syswrite $heads, $head =~ s/\r\n\r\n.*//sr . "\n\n";
            close $heads;
            syswrite $client, "HTTP/1.1 $status No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                if $status;
            push @silent, $client unless $status;
        }
    });
}

# What a member received under this response's id.
sub saw {
    my ($self, $response) = @_;
    my $id = $response->id;
    my $file = $self->directory . '/heads';
    my ($head) = grep {/^X-Test-Id: \Q$id\E\r?$/mi} -e $file ? split /\n\n/, slurp($file) : ();
    return unless defined $head;
    return bless { id => $id, status => $response->status, headers => [],
        origin => { raw => [split /\r?\n/, $head] } }, 'ClientCertTest::Response';
}

# check_backend(WHAT, ask => sub, name => NAME, report => sub, wire => sub, tls
# => 1.2 or 1.3): the requests that every backend has to pass. ask->(cert =>
# NAME, headers => [...]) sends one to the TTRP; NAME is the one under which the
# backend has the header; report->(RESPONSE) gives the response with what the
# backend reported, if not in its body; wire->(RESPONSE) the same for what went
# over the connection.
sub check_backend {
    my ($what, %want) = @_;
    my $name = $want{name} // 'Client-Cert';
    my $views = sub {
        my ($response) = @_;
        my @views = ['reported' => $want{report} ? $want{report}->($response) : $response];
        push @views, ['sent' => $want{wire}->($response)] if $want{wire};
        return @views;
    };
    my $with = sub {
        my ($client, $response) = @_;
        is($response->status, $want{status} // 200, 'answered');
        for my $view ($views->($response)) {
            my ($how, $seen) = @$view;
            ok($seen && $seen->{origin}, "$how: known") or next;
            is_deeply([$seen->folded($name)], [$name], "$how: one $name");
            is(ClientCertTest::forwarded($seen, $name), $client, "$how: it verifies");
            is(ClientCertTest::signer($seen, $name), $want{signer} // 'signer-p256',
                "$how: the signer");
            is_deeply([$seen->folded("$name-Chain")], [], "$how: no chain");
            is_deeply([grep {/forged/} @{ $seen->{origin}{raw} }], [], "$how: nothing forged");
        }
    };
    my $without = sub {
        my ($response) = @_;
        is($response->status, $want{status} // 200, 'answered');
        for my $view ($views->($response)) {
            my ($how, $seen) = @$view;
            ok($seen && $seen->{origin}, "$how: known") or next;
            is_deeply([$seen->folded($name), $seen->folded("$name-Chain")], [], "$how: no header");
            is_deeply([grep {/forged/} @{ $seen->{origin}{raw} }], [], "$how: nothing forged");
        }
    };
    subtest "$what: a certificate" => sub {
        $with->('client-rsa', $want{ask}->(cert => 'client-rsa'));
    };
    subtest "$what: another client's" => sub {
        $with->('client-p256', $want{ask}->(cert => 'client-p256'));
    };
    subtest "$what: a certificate, and forged headers" => sub {
        $with->('client-rsa', $want{ask}->(cert => 'client-rsa', headers => [forged_headers()]));
    };
    subtest "$what: Connection names the header" => sub {
        $with->('client-rsa', $want{ask}->(cert => 'client-rsa',
            headers => [Connection => 'close;Client-Cert, client_cert']));
    } unless $want{no_connection};
    subtest "$what: no certificate" => sub {
        $without->($want{ask}->());
    };
    subtest "$what: no certificate, and forged headers" => sub {
        $without->($want{ask}->(headers => [forged_headers()]));
    };
    return;
}

1;
