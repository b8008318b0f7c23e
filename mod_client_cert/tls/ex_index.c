/* SPDX-License-Identifier: Apache-2.0 */

#include "tls/ex_index.h"

#include <httpd.h>
#include <http_log.h>

APLOG_USE_MODULE(client_cert);

typedef struct {
    int class_index;
    int *index;
} slot_t;

static apr_status_t free_index(void *data)
{
    const slot_t *slot = data;

    CRYPTO_free_ex_index(slot->class_index, *slot->index);
    *slot->index = -1;
    return APR_SUCCESS;
}

int mcc_ex_index_new(int *index, int class_index, CRYPTO_EX_free *free_data, apr_pool_t *pconf,
                     apr_pool_t *plog)
{
    slot_t *slot;

    *index = CRYPTO_get_ex_new_index(class_index, 0, NULL, NULL, NULL, free_data);
    if (*index < 0) {
        ap_log_perror(APLOG_MARK, APLOG_CRIT, 0, plog, "OpenSSL has no room for our data");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    slot = apr_palloc(pconf, sizeof(*slot));
    slot->class_index = class_index;
    slot->index = index;
    apr_pool_cleanup_register(pconf, slot, free_index, apr_pool_cleanup_null);
    return OK;
}
