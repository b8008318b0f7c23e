/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>

#include "client_cert.h"
#include "config/config.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

void mcc_upgrade_note(request_rec *r)
{
    /* A stream of HTTP/2 is no connection. */
    if (mcc_server_config_of(r->server)->global->accepts && !r->connection->master
        && apr_table_get(r->headers_in, "Upgrade")) {
        mcc_request_of(r)->asks_for_upgrade = 1;
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

void mcc_upgrade_denied(request_rec *r)
{
    /* httpd writes no chunks for a connection of which it knows already that it
     * ends. It comes to the same by this field, but later. */
    apr_table_setn(r->headers_in, "Connection", "close");
    r->connection->keepalive = AP_CONN_UNKNOWN;
}

void mcc_upgrade_end(const request_rec *r)
{
    r->connection->keepalive = AP_CONN_CLOSE;
}

void mcc_upgrade_withhold(request_rec *r)
{
    const char *protocols = apr_table_get(r->headers_in, "Upgrade");
    bool offers = true;

    if (!protocols
        || (client_cert_upgrade_offers_http(protocols, &offers) == CLIENT_CERT_RESULT_OK
            && !offers)) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "Upgrade \"%s\" is not asked of the backend: what the client "
                  "said in that protocol would be requests that are not cleaned",
                  protocols);
    apr_table_unset(r->headers_in, "Upgrade");
}
