#!/usr/bin/php
<?php
// SPDX-License-Identifier: Apache-2.0

// The verifier agrees with every vector of a signed format, or refuses more where README.md says so.
// OpenSSL takes no other time than now from PHP, so faketime (Debian's package) sets the clock: once for each
// time of the vectors.

declare(strict_types=1);

// A notice is a failure.
set_error_handler(function (int $level, string $message) {
    return error_reporting() & $level ? throw new ErrorException($message) : false;
});
require __DIR__ . '/../ClientCert.php';

$vectors = dirname(__DIR__, 3) . '/vectors';
$cases = array_filter(json_decode(file_get_contents("$vectors/vectors.json"), true)['cases'],
    fn ($case) => in_array($case['format'], ['cms', 'cms-sf'], true));

// Refused though the vector is accepted.
const REFUSED_MORE = [
    'anchor-is-the-intermediate', 'crl-revokes-another', 'crls-good', 'crls-with-an-older-one', 'peer-supplies-the-certificate',
];

function found(array $case, string $vectors): ClientCert\Client|string
{
    $config = $case['config'];
    $file = fn (?string $name) => $name === null ? null : "$vectors/$name";
    try {
        if ($config['crls'] !== null) {
            return 'CRLs are not supported';
        }
        $verifier = new ClientCert\Verifier(
            anchors: $file($config['anchors']), pins: $file($config['pins']), names: $config['names'],
            maxAge: $config['max_age'], skew: $config['skew'], requirePeer: $config['require_peer'],
            format: $case['format'],
        );
        $lines = array_filter($case['fields'], fn ($field) => strtolower($field['name']) === 'client-cert');
        // JSON has a NUL as U+0000, and no field of these has a character above.
        $values = array_column($lines, 'value');
        $peer = $case['peer'] === null ? null : ClientCert\pemCertificates(file_get_contents($file($case['peer'])))[0];
        return $verifier->verify($values, $peer);
    } catch (ClientCert\Refused | InvalidArgumentException $refused) {
        return $refused->getMessage();
    }
}

// A CA of the system's is not trusted, though OpenSSL would: the good value's root is in SSL_CERT_DIR.
if (($argv[1] ?? '') === 'system') {
    $case = current(array_filter($cases, fn ($case) => $case['name'] === 'good'));
    $case['config']['anchors'] = current(array_filter($cases, fn ($case) => $case['name'] === 'pin-of-another'))['config']['pins'];
    $result = found($case, $vectors);
    exit(is_string($result) ? $result : 'accepted');
}

// An octet that is changed is refused, and nothing else happens; and so is what is cut off. Only the copy of the
// signer's certificate in the value may be another one's, since the peer's is at hand.
if (($argv[1] ?? '') === 'mutations') {
    $case = current(array_filter($cases, fn ($case) => $case['name'] === 'good'));
    $der = base64_decode($case['fields'][0]['value']);
    for ($place = 0; $place < strlen($der); $place++) {
        $changed = $der;
        $changed[$place] = $changed[$place] ^ chr(1 << $place % 8);
        foreach ([$changed, substr($der, 0, $place)] as $octets) {
            $case['fields'][0]['value'] = base64_encode($octets);
            $client = found($case, $vectors);
            if (!is_string($client) && $client->sha256 !== $case['client']['sha256']) {
                exit("octet $place changed: another client\n");
            }
        }
    }
    exit("$place octets");
}

if (isset($argv[1])) {
    [$count, $wrong, $like] = [0, 0, 0];
    foreach ($cases as $case) {
        if ($case['at'] !== (int) $argv[1]) {
            continue;
        }
        $result = found($case, $vectors);
        $count++;
        $more = in_array($case['name'], REFUSED_MORE, true);
        $good = match (true) {
            is_string($result) => !$case['accepted'] || $more,
            $more || !$case['accepted'] => false,
            default => $result->sha256 === $case['client']['sha256']
                && base64_encode($result->der) === $case['client']['der']
                && hash('sha256', $result->signer) === $case['signer_sha256']
                && $result->signingTime === $case['signing_time'],
        };
        $like += is_string($result) && str_starts_with($result, $case['reason'] ?? "\0");
        if (!$good) {
            $wrong++;
            $said = is_string($result) ? $result : 'accepted';
            echo "wrong: {$case['name']}: $said, and the vector says ", $case['reason'] ?? 'accepted', "\n";
        }
        if (getenv('VERBOSE') && is_string($result) && !$case['accepted'] && !str_starts_with($result, $case['reason'])) {
            echo "{$case['name']}: {$case['reason']} | $result\n";
        }
    }
    echo "count $count $wrong $like\n";
    exit;
}

function run(string $argument, int $at, string $environment = ''): string
{
    $command = implode(' ', array_map('escapeshellarg', [PHP_BINARY, __FILE__, $argument]));
    return shell_exec("faketime -f '" . gmdate('Y-m-d H:i:s', $at) . "' env TZ=UTC $environment $command") ?? '';
}

putenv('TZ=UTC');
$total = [0, 0, 0];
foreach (array_unique(array_column($cases, 'at')) as $at) {
    $output = run((string) $at, $at);
    if (!preg_match('/^count (\d+) (\d+) (\d+)$/m', $output, $found)) {
        exit("no answer: $output\n");
    }
    echo preg_replace('/^count.*\n/m', '', $output);
    $total = array_map(fn ($a, $b) => $a + (int) $b, $total, array_slice($found, 1));
}
[$count, $wrong, $like] = $total;
echo "$count vectors, $wrong wrong, $like refused for the vector's own reason\n";

$good = current(array_filter($cases, fn ($case) => $case['name'] === 'good'));
$mutations = run('mutations', $good['at']);
echo "changed: $mutations\n";

$system = sys_get_temp_dir() . '/client-cert-test-' . getmypid();
$root = "$vectors/{$good['config']['anchors']}";
mkdir($system);
copy($root, "$system/" . openssl_x509_parse(file_get_contents($root))['hash'] . '.0');
$by_system = run('system', $good['at'], 'SSL_CERT_DIR=' . escapeshellarg($system));
array_map('unlink', glob("$system/*"));
rmdir($system);
echo "by a CA of the system: $by_system\n";

exit($wrong === 0 && $count > 300 && $like > 190 && preg_match('/^\d{4} octets$/', $mutations)
    && $by_system === 'signer-untrusted' ? 0 : 1);
