/* SPDX-License-Identifier: Apache-2.0 */

#include "connection_record.h"

#include <apr_atomic.h>

int mcc_connection_pre_connection(conn_rec *c, void *socket)
{
    (void)socket;
    /* Neither streams nor connections to a backend have one of their own. */
    if (!c->master && !c->outgoing && mcc_server_config_of(c->base_server)->global->forwards
        && !mcc_connection_of(c)) {
        ap_set_module_config(c->conn_config, &client_cert_module,
                             apr_pcalloc(c->pool, sizeof(mcc_connection_t)));
    }
    return DECLINED;
}

int mcc_connection_first_large_value(const conn_rec *c)
{
    mcc_connection_t *connection = mcc_connection_of(c);

    return !connection || apr_atomic_cas32(&connection->large_value_warned, 1, 0) == 0;
}
