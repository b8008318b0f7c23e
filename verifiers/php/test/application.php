<?php
// SPDX-License-Identifier: Apache-2.0

// Says hello to the client, or 401. The environment names what is trusted: VERIFIER_ANCHORS and VERIFIER_NAMES.

require __DIR__ . '/../ClientCert.php';

$verifier = new ClientCert\Verifier(anchors: getenv('VERIFIER_ANCHORS'), names: explode(' ', getenv('VERIFIER_NAMES')));
$client = $verifier->requireClient();
header('Content-Type: text/plain');
echo "hello CN={$client->parsed()['subject']['CN']}\n";
