/* SPDX-License-Identifier: Apache-2.0 */

#include "counters.h"

#include <http_config.h>
#include <http_log.h>

#include <apr_shm.h>
#include <apr_time.h>

APLOG_USE_MODULE(client_cert);

/* As with files.c, nothing in httpd's own memory points into this module. */
#define RETAINED_KEY "mod_client_cert: totals, 1"

typedef struct {
    apr_shm_t *memory; /* NULL if there is none */
    uint64_t layout;   /* what the build that made it means by it */
    const client_cert_counters *counters;
} retained_totals_t;

static retained_totals_t *retained(void)
{
    retained_totals_t *found = ap_retained_data_get(RETAINED_KEY);

    return found ? found : ap_retained_data_create(RETAINED_KEY, sizeof(*found));
}

/* Without a name, so that nobody else finds it. Children of before a restart have it for themselves,
 * whatever the parent does. */
static apr_status_t make(retained_totals_t *totals, apr_pool_t *p)
{
    apr_size_t size = client_cert_counters_size();
    apr_status_t status;

    if (totals->memory) {
        apr_shm_destroy(totals->memory);
        totals->memory = NULL;
    }
    status = apr_shm_create(&totals->memory, size, NULL, p);
    if (status != APR_SUCCESS) {
        totals->memory = NULL;
        return status;
    }
    memset(apr_shm_baseaddr_get(totals->memory), 0, size);
    totals->layout = client_cert_counters_layout();
    if (client_cert_counters_start(apr_shm_baseaddr_get(totals->memory),
                                   apr_time_sec(apr_time_now()), &totals->counters)
        != CLIENT_CERT_RESULT_OK) {
        apr_shm_destroy(totals->memory);
        totals->memory = NULL;
        totals->counters = NULL;
        return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

int mcc_counters_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    retained_totals_t *totals = retained();
    mcc_global_t *global = mcc_server_config_of(s)->global;
    apr_status_t status = APR_SUCCESS;

    (void)plog;
    (void)ptemp;
    if (!totals->memory || totals->layout != client_cert_counters_layout()) {
        status = make(totals, s->process->pool);
    }
    global->counters = totals->counters;
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, s,
                     "no memory can be shared between processes: each has totals of its own");
        (void)client_cert_counters_start(apr_pcalloc(pconf, client_cert_counters_size()),
                                         apr_time_sec(apr_time_now()), &global->counters);
    }
    return OK;
}
