<?php
// SPDX-License-Identifier: Apache-2.0

// An application that lets in who the proxy says a client is, by headers of single variables.

$name = $_SERVER['HTTP_X_SSL_CLIENT_S_DN_CN'] ?? '';
if (($_SERVER['HTTP_X_SSL_CLIENT_VERIFY'] ?? '') !== 'SUCCESS' || $name === '') {
    http_response_code(401);
    exit("who are you?\n");
}
header('Content-Type: text/plain');
echo "hello $name\n";
