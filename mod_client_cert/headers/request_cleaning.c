/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>

#include <apr_strings.h>

APLOG_USE_MODULE(client_cert);

void mcc_table_remove(apr_pool_t *p, apr_table_t *table, mcc_table_test_t *goes, const void *data)
{
    const apr_array_header_t *entries = apr_table_elts(table);
    apr_array_header_t *others = apr_array_make(p, entries->nelts, sizeof(apr_table_entry_t));
    int i;

    for (i = 0; i < entries->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(entries, i, apr_table_entry_t);

        if (!goes(data, entry->key, entry->val)) {
            APR_ARRAY_IDX(others, others->nelts++, apr_table_entry_t) = *entry;
        }
    }
    if (others->nelts < entries->nelts) {
        /* A table forgets a name and not an entry. */
        apr_table_clear(table);
        for (i = 0; i < others->nelts; i++) {
            const apr_table_entry_t *entry = &APR_ARRAY_IDX(others, i, apr_table_entry_t);

            apr_table_addn(table, entry->key, entry->val);
        }
    }
}

const char *mcc_name_before_redirects(const char *variable)
{
    static const char redirected[] = "REDIRECT_";

    while (!strncmp(variable, redirected, sizeof(redirected) - 1)) {
        variable += sizeof(redirected) - 1;
    }
    return variable;
}

static const mcc_names_t *our_names(const request_rec *r)
{
    return &mcc_server_config_of(r->server)->global->our_names;
}

static int is_ours(const void *r, const char *name, const char *value)
{
    (void)value;
    return mcc_names_contain(our_names(r), name);
}

void mcc_headers_remove(request_rec *r, apr_table_t *headers)
{
    if (mcc_headers_may_have(headers, our_names(r))) {
        mcc_table_remove(r->pool, headers, is_ours, r);
    }
}

static int is_our_variable(const void *r, const char *variable, const char *value)
{
    (void)value;
    return mcc_names_contain_variable(our_names(r), variable);
}

static int is_late_variable(const void *r, const char *variable, const char *value)
{
    if (!is_our_variable(r, variable, value)) {
        return 0;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, (const request_rec *)r,
                  "variable \"%s\" removed: it was not set by ClientCertForward",
                  mcc_name_before_redirects(variable));
    return 1;
}

void mcc_headers_remove_variables(request_rec *r, int report)
{
    mcc_table_remove(r->pool, r->subprocess_env, report ? is_late_variable : is_our_variable, r);
}

void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    apr_array_header_t *others; /* (const char *) tokens that are none of these */
    int i;

    if (!mcc_names_listed(names, r->pool, headers, "Connection")) {
        return;
    }
    others = apr_array_make(r->pool, 4, sizeof(const char *));
    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);
        const char *list = ap_cstr_casecmp(field->key, "Connection") ? "" : field->val;
        const char *token;

        while ((token = mcc_next_token(r->pool, &list))) {
            if (!mcc_names_contain(names, token)) {
                APR_ARRAY_PUSH(others, const char *) = token;
            }
        }
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "the request's Connection names headers that tell who the client is: ignored");
    if (others->nelts) {
        apr_table_setn(headers, "Connection", apr_array_pstrcat(r->pool, others, ','));
    }
    else {
        apr_table_unset(headers, "Connection");
    }
}

void mcc_headers_withhold_upgrade(request_rec *r)
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
