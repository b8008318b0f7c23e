/* SPDX-License-Identifier: Apache-2.0 */

#include "log.h"

#include <http_log.h>

#include <openssl/err.h>

APLOG_USE_MODULE(client_cert);

void mcc_log_openssl_errors(request_rec *r)
{
    unsigned long code;

    while ((code = ERR_get_error())) {
        char text[256];

        ERR_error_string_n(code, text, sizeof(text));
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "OpenSSL: %s", text);
    }
}
