/* SPDX-License-Identifier: Apache-2.0 */

#include "log.h"

#include <http_log.h>

#include <openssl/err.h>

APLOG_USE_MODULE(client_cert);

/* All entries of OpenSSL's error queue, the oldest first: the latest often says only that a
 * function below failed. */
void mcc_log_openssl_error(request_rec *r)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code;
    char text[256];

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags))) {
        ERR_error_string_n(code, text, sizeof(text));
        if (!(flags & ERR_TXT_STRING)) {
            data = "";
        }
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "OpenSSL: %s%s%s", text, *data ? ": " : "",
                      data);
    }
}
