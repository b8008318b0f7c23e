/* SPDX-License-Identifier: Apache-2.0 */

#include "config/files.h"

#include <string.h>

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>
#include <apr_time.h>

#include <openssl/crypto.h>

#include "allocator.h"
#include "config/findings.h"

APLOG_USE_MODULE(client_cert);

/* httpd may unload this module between two configurations, and load another
 * build of it. So what lies in httpd's own memory in between has no pointer into
 * this module: no function, no literal. With another layout goes another key. */
#define RETAINED_KEY "mod_client_cert: last good files, 2"

/* What client_cert_files_retain() wrote. */
typedef struct {
    int number;       /* of the configuration that used it */
    apr_pool_t *pool; /* NULL if there is none */
    client_cert_bytes octets;
} retained_files_t;

static retained_files_t *retained(void)
{
    retained_files_t *found = ap_retained_data_get(RETAINED_KEY);

    return found ? found : ap_retained_data_create(RETAINED_KEY, sizeof(*found));
}

static int config_number(void)
{
    return ap_state_query(AP_SQ_CONFIG_GEN);
}

int mcc_restarts(void)
{
    /* httpd -t and the first of a start's two readings are number 0, the second
     * is number 1. */
    return config_number() > 1;
}

static apr_status_t free_files(void *files)
{
    client_cert_files_free(files);
    return APR_SUCCESS;
}

client_cert_files *mcc_files_of(const server_rec *s, apr_pool_t *pconf)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    const retained_files_t *all = retained();
    /* Without this module in the configuration between, there is no last. */
    int has_last = all->pool && all->number + 1 == config_number();

    if (!global->files
        && client_cert_files_new(has_last ? all->octets.data : NULL, all->octets.length,
                                 &global->files)
               == CLIENT_CERT_RESULT_OK) {
        apr_pool_cleanup_register(pconf, global->files, free_files, apr_pool_cleanup_null);
    }
    return global->files;
}

const char *mcc_time_in_words(apr_pool_t *p)
{
    char text[64];
    apr_size_t length = 0;
    apr_time_exp_t parts;

    if (apr_time_exp_lt(&parts, apr_time_now()) != APR_SUCCESS
        || apr_strftime(text, &length, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) != APR_SUCCESS) {
        return "before";
    }
    return apr_pstrmemdup(p, text, length);
}

int mcc_files_report(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_findings_t findings = { s, APLOG_ERR, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };

    (void)plog;
    (void)ptemp;
    (void)client_cert_files_faults(mcc_files_of(s, pconf), &listener);
    return OK;
}

/* What this configuration uses is what the next can fall back to, and all older octets are wiped. */
static void retain(server_rec *s, apr_pool_t *pconf)
{
    retained_files_t *all = retained();
    retained_files_t next = { config_number(), NULL, { NULL, 0 } };
    client_cert_allocator allocator;
    client_cert_result result;

    apr_pool_create(&next.pool, s->process->pool);
    allocator = mcc_pool_allocator(next.pool);
    result = client_cert_files_retain(mcc_files_of(s, pconf), &allocator, &next.octets);
    if (result != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "the last good files are not remembered: %s",
                     client_cert_result_message(result));
    }
    if (all->pool) {
        OPENSSL_cleanse((void *)all->octets.data, all->octets.length);
        apr_pool_destroy(all->pool);
    }
    *all = next;
}

int mcc_files_settle(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_findings_t findings = { s, APLOG_WARNING, 0 };
    client_cert_listener listener = { mcc_log_finding, &findings };

    (void)plog;
    (void)ptemp;
    /* Not twice for one start. */
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        (void)client_cert_files_warnings(mcc_files_of(s, pconf), apr_time_sec(apr_time_now()),
                                         &listener);
    }
    /* Not to fall back to it: the second reading of a start is as strict as the first. But
     * it need not check again that a key is its certificate's. */
    retain(s, pconf);
    return OK;
}
