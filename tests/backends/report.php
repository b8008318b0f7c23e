<?php
// SPDX-License-Identifier: Apache-2.0

// The variables that arrived with the request, as the application sees them.

$raw = [];
foreach ($_SERVER as $name => $value) {
    if (is_string($value)) {
        $raw[] = "$name: $value";
    }
}
// /include is a page for mod_include. (REQUEST_URI is still this one's in the
// request that mod_include then makes.)
if (preg_match('~^(?:/off)?/include(/.*)~', $_SERVER['PATH_INFO'] ?? '', $found)) {
    header('Content-Type: text/html');
    echo "<!--#include virtual=\"$found[1]\" -->";
    exit;
}
if (preg_match('~/status/(\d+)~', $_SERVER['REQUEST_URI'], $found)) {
    http_response_code((int)$found[1]);
}
header('Content-Type: application/json');
echo json_encode(['method' => $_SERVER['REQUEST_METHOD'], 'target' => $_SERVER['REQUEST_URI'], 'raw' => $raw],
    JSON_INVALID_UTF8_SUBSTITUTE);
