/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/request_cleaning.h"

#include <http_log.h>

#include <apr_strings.h>

#include "environment.h"

APLOG_USE_MODULE(client_cert);

/* Apart, since few requests have any. From the first on. */
static int remove_found(request_rec *r, apr_table_t *headers, const mcc_names_t *names, int report,
                        int first)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    apr_array_header_t *found = apr_array_make(r->pool, 2, sizeof(const char *));
    int i;

    for (i = first; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;

        if (mcc_names_contain(names, name)) {
            APR_ARRAY_PUSH(found, const char *) = name;
        }
    }
    for (i = 0; i < found->nelts; i++) {
        const char *name = APR_ARRAY_IDX(found, i, const char *);

        if (report) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "header \"%s\" stripped from the request",
                          name);
        }
        apr_table_unset(headers, name);
    }
    return found->nelts;
}

int mcc_headers_remove(request_rec *r, apr_table_t *headers, const mcc_names_t *names, int report)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    const apr_table_entry_t *first = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = first + fields->nelts;
    const apr_table_entry_t *field;

    for (field = first; field < end; field++) {
        if (mcc_names_contain(names, field->key)) {
            return remove_found(r, headers, names, report, (int)(field - first));
        }
    }
    return 0;
}

typedef struct {
    request_rec *r;
    const mcc_names_t *names;
    int report;
} variable_search_t;

static int is_of_header(const void *data, const char *variable, const char *value)
{
    const variable_search_t *search = data;

    (void)value;
    if (!mcc_names_contain_variable(search->names, variable)) {
        return 0;
    }
    if (search->report) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, search->r,
                      "variable \"%s\" removed: it was not set by "
                      "ClientCertForward",
                      variable);
    }
    return 1;
}

void mcc_headers_remove_variables(request_rec *r, const mcc_names_t *names, int report)
{
    variable_search_t search = { r, names, report };

    mcc_environment_remove(r, is_of_header, &search);
}

typedef struct {
    apr_pool_t *pool;
    const mcc_names_t *names;
    apr_array_header_t *others; /* (const char *) tokens that are not ours */
    int dropped;
} connection_tokens_t;

static int sort_tokens(void *data, const char *key, const char *value)
{
    connection_tokens_t *tokens = data;
    const char *token;

    (void)key;
    while ((token = mcc_next_token(tokens->pool, &value))) {
        if (mcc_names_contain(tokens->names, token)) {
            tokens->dropped++;
        }
        else {
            APR_ARRAY_PUSH(tokens->others, const char *) = token;
        }
    }
    return 1;
}

void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names)
{
    connection_tokens_t tokens;

    if (!apr_table_get(headers, "Connection")) {
        return;
    }
    tokens.pool = r->pool;
    tokens.names = names;
    tokens.others = apr_array_make(r->pool, 4, sizeof(const char *));
    tokens.dropped = 0;
    apr_table_do(sort_tokens, &tokens, headers, "Connection", NULL);
    if (!tokens.dropped) {
        return;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "the request's Connection names our headers: ignored");
    if (tokens.others->nelts) {
        char *field = apr_array_pstrcat(r->pool, tokens.others, ',');

        apr_table_setn(headers, "Connection", field);
    }
    else {
        apr_table_unset(headers, "Connection");
    }
}
