<?php
// SPDX-License-Identifier: Apache-2.0

// The variables that arrived with the request, as the application sees them.

$raw = [];
foreach ($_SERVER as $name => $value) {
    if (is_string($value)) {
        $raw[] = "$name: $value";
    }
}
// /redirect asks httpd to answer with another page of its own.
if (str_contains($_SERVER['REQUEST_URI'], '/redirect')) {
    header('Location: /redirected/', true, 200);
    exit;
}
if (preg_match('~/status/(\d+)~', $_SERVER['REQUEST_URI'], $found)) {
    http_response_code((int)$found[1]);
}
header('Content-Type: application/json');
echo json_encode(['method' => $_SERVER['REQUEST_METHOD'], 'target' => $_SERVER['REQUEST_URI'], 'raw' => $raw],
    JSON_INVALID_UTF8_SUBSTITUTE);
