# SPDX-License-Identifier: Apache-2.0

# Caches that are tiny, or full: each request has its own client, whatever is reused.

use ClientCertTest;
use ClientCertTest::Accept;

trust_pki();
my $ONE = "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\nMinSpareThreads 1";
my @clients = map { issue(name => "cached-$_.$$", ca => 'client-ca', as => 'client') } 1 .. 12;

# The directive's smallest, one that holds a few, none, and one that holds all.
for (['1', 'none'], ['12K', 'some'], ['0', 'none'], ['16M', 'all']) {
    my ($size, $reused) = @$_;
    subtest "ClientCertSignatureCache $size" => sub {
        my $global = "$ONE\nClientCertSignatureCache $size";
        my $origin = accept_origin(name => "origin-$size", global => $global);
        my $proxy = accept_ttrp($origin, name => "proxy-$size", global => $global);
        my %connection = map { ($_ => client(port => $proxy->{port}, sni => 'ttrp.test', cert => $_)) } @clients;
        my (%notes, $wrong);
        for my $round (1 .. 3) {
            for my $client (@clients) {
                my $response = $connection{$client}->request('/x');
                my $env = env_of($response) // {};
                $wrong .= "$round, $client: " . $response->status . "\n"
                    unless $response->status == 200 && ($env->{SSL_CLIENT_S_DN_CN} // '') eq $client;
                $notes{ logged($response, $proxy->access_log)->{forward} }++;
            }
        }
        is($wrong, undef, 'each has its own client');
        my $signed = $notes{signed} // 0;
        is(($notes{reused} // 0) + $signed, 3 * @clients, 'each value is signed');
        if ($reused eq 'all') { is($signed, @clients, 'all are reused') }
        else { cmp_ok($signed, '>', @clients, 'not all are reused') }
        is_deeply([grep {/client_cert:(?:error|crit)/} error_lines($_)], [], 'no error')
            for $proxy, $origin;
    };
}

done_testing;
