<?php
// SPDX-License-Identifier: Apache-2.0
[, $what] = $argv;
function done(bool|int $good): void {
    if ($good !== true) {
        $said = [];
        while ($error = openssl_error_string()) {
            $said[] = $error;
        }
        fwrite(STDERR, ($said[0] ?? 'openssl said nothing') . "\n");
        exit(1);
    }
}
if ($what === 'version') {
    echo PHP_VERSION, "\n";
} elseif ($what === 'verify') {
    $out = tempnam(sys_get_temp_dir(), 'php');
    $good = @openssl_cms_verify($argv[3], OPENSSL_CMS_BINARY, null, [$argv[2]], null, $out, null, null, OPENSSL_ENCODING_DER);
    $content = file_get_contents($out);
    unlink($out);
    done($good);
    echo $content;
} else {
    $out = tempnam(sys_get_temp_dir(), 'php');
    $good = @openssl_cms_sign($argv[4], $out, 'file://' . $argv[2], 'file://' . $argv[3], null, OPENSSL_CMS_BINARY, OPENSSL_ENCODING_DER);
    $der = file_get_contents($out);
    unlink($out);
    done($good);
    echo $der;
}
