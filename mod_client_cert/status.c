/* SPDX-License-Identifier: Apache-2.0 */

#include "status.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_shm.h>
#include <apr_time.h>

#include <mod_status.h>

#include "allocator.h"
#include "config/config.h"
#include "config/files.h"
#include "tls/host.h"

APLOG_USE_MODULE(client_cert);

#define HANDLER "client-cert-metrics"

/* As with files.c, nothing in httpd's own memory points into this module. */
#define RETAINED_KEY "mod_client_cert: totals, 2"

/* In the memory of the configuration before, where there is one. */
static void start_counting(apr_pool_t *pconf, server_rec *s)
{
    const client_cert_counters **counters = &mcc_server_config_of(s)->global->counters;
    apr_shm_t **memory = ap_retained_data_get(RETAINED_KEY);
    apr_size_t size = client_cert_counters_size();
    apr_int64_t now = apr_time_sec(apr_time_now());
    apr_status_t status;

    if (!memory) {
        memory = ap_retained_data_create(RETAINED_KEY, sizeof(*memory));
    }
    if (*memory) {
        if (client_cert_counters_start(apr_shm_baseaddr_get(*memory), apr_shm_size_get(*memory),
                                       now, counters)
            == CLIENT_CERT_RESULT_OK) {
            return;
        }
        /* Another build's. Children of before a restart have it for themselves, whatever the
         * parent does. */
        apr_shm_destroy(*memory);
    }
    /* Without a name, so that nobody else finds it. */
    status = apr_shm_create(memory, size, NULL, s->process->pool);
    if (status == APR_SUCCESS) {
        (void)client_cert_counters_start(memset(apr_shm_baseaddr_get(*memory), 0, size), size, now,
                                         counters);
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, status, s,
                 "no memory can be shared between processes: each has totals of its own");
    *memory = NULL;
    (void)client_cert_counters_start(apr_pcalloc(pconf, size), size, now, counters);
}

static apr_status_t free_expiries(void *expiries)
{
    client_cert_expiries_free(expiries);
    return APR_SUCCESS;
}

static void log_expiry(void *main_server, size_t expired, const char *line)
{
    ap_log_error(APLOG_MARK, expired ? APLOG_ERR : APLOG_WARNING, 0,
                 (const server_rec *)main_server, "%s", line);
}

static void warn_of_expiries(server_rec *s, int starting)
{
    client_cert_listener listener = { log_expiry, s };

    (void)client_cert_expiries_lines(mcc_server_config_of(s)->global->expiries,
                                     apr_time_sec(apr_time_now()), starting, &listener);
}

int mcc_status_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mcc_global_t *global = mcc_server_config_of(s)->global;
    server_rec *vhost;

    (void)plog;
    (void)ptemp;
    start_counting(pconf, s);
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    if (client_cert_expiries_new(mcc_files_of(s, pconf), &global->expiries)
        != CLIENT_CERT_RESULT_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "what is in use, and expires, cannot be noted");
        return OK;
    }
    apr_pool_cleanup_register(pconf, global->expiries, free_expiries, apr_pool_cleanup_null);
    for (vhost = s; vhost; vhost = vhost->next) {
        const mcc_tls_vhost_t *host = mcc_server_config_of(vhost)->tls_host;

        if (host) {
            (void)client_cert_expiries_add(global->expiries, mcc_tls_host_core(host));
        }
    }
    warn_of_expiries(s, 1);
    return OK;
}

int mcc_status_monitor(apr_pool_t *p, server_rec *s)
{
    (void)p;
    warn_of_expiries(s, 0);
    return DECLINED;
}

static client_cert_result write_page(request_rec *r, client_cert_status_form form)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    client_cert_allocator allocator = mcc_pool_allocator(r->pool);
    client_cert_bytes text = { NULL, 0 };
    client_cert_result result = client_cert_status_write(
        global->counters, global->expiries, form, apr_time_sec(apr_time_now()), &allocator, &text);

    if (result == CLIENT_CERT_RESULT_OK) {
        ap_rwrite(text.data, (int)text.length, r);
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the totals cannot be written: %s",
                      client_cert_result_message(result));
    }
    return result;
}

int mcc_status_page(request_rec *r, int flags)
{
    (void)write_page(r, flags & AP_STATUS_SHORT     ? CLIENT_CERT_STATUS_FORM_AUTO
                        : flags & AP_STATUS_NOTABLE ? CLIENT_CERT_STATUS_FORM_HTML_WITHOUT_TABLES
                                                    : CLIENT_CERT_STATUS_FORM_HTML);
    return OK;
}

int mcc_status_handler(request_rec *r)
{
    if (strcmp(r->handler, HANDLER)) {
        return DECLINED;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    /* HEAD is GET to httpd. It answers OPTIONS itself. */
    if (r->method_number != M_GET) {
        return r->method_number == M_OPTIONS ? DECLINED : HTTP_METHOD_NOT_ALLOWED;
    }
    ap_set_content_type(r, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    return write_page(r, CLIENT_CERT_STATUS_FORM_OPEN_METRICS) == CLIENT_CERT_RESULT_OK
               ? OK
               : HTTP_INTERNAL_SERVER_ERROR;
}
