/* SPDX-License-Identifier: Apache-2.0 */

#include "headers/headers.h"

#include <http_log.h>

#include <apr_strings.h>

#include "counters.h"
#include "environment.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

/* Apart, since few requests have any. From the first on. */
static void remove_found(request_rec *r, apr_table_t *headers, const mcc_names_t *names, int first)
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
        apr_table_unset(headers, APR_ARRAY_IDX(found, i, const char *));
    }
}

void mcc_headers_remove(request_rec *r, apr_table_t *headers, const mcc_names_t *names)
{
    const apr_array_header_t *fields = apr_table_elts(headers);
    const apr_table_entry_t *first = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = first + fields->nelts;
    const apr_table_entry_t *field;

    for (field = first; field < end; field++) {
        if (mcc_names_contain(names, field->key)) {
            remove_found(r, headers, names, (int)(field - first));
            return;
        }
    }
}

/* As it was configured but for case: who sends it in front of this server removes a client's own
 * under this name, and under no other spelling. */
static int is_kept(const client_cert_kept_headers *kept, const char *name)
{
    size_t i;

    if (!kept || !kept->count) {
        return 0;
    }
    for (i = 0; i < kept->count; i++) {
        if (!ap_cstr_casecmp(kept->names[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* Apart, since few requests have any. From the first on. */
static int remove_arriving(request_rec *r, apr_table_t *headers, const mcc_names_t *names,
                           const client_cert_kept_headers *kept, int first)
{
    const mcc_names_t *ours = &mcc_server_config_of(r->server)->global->our_names;
    const apr_array_header_t *fields = apr_table_elts(headers);
    apr_array_header_t *found = apr_array_make(r->pool, 2, sizeof(const char *));
    int our_count = 0;
    int i;

    for (i = first; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;

        if (!mcc_names_may_contain(names, name)
            || (is_kept(kept, name) && !mcc_names_contain(ours, name))) {
            continue;
        }
        switch (mcc_names_search(names, name)) {
        case CLIENT_CERT_FIELD_OWNER_NONE:
            continue;
        case CLIENT_CERT_FIELD_OWNER_KNOWN:
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                          "header \"%s\" stripped from the request: it would tell who the client "
                          "is (ClientCertKnownHeaders)",
                          name);
            break;
        default:
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "header \"%s\" stripped from the request",
                          name);
            our_count++;
        }
        APR_ARRAY_PUSH(found, const char *) = name;
    }
    for (i = 0; i < found->nelts; i++) {
        apr_table_unset(headers, APR_ARRAY_IDX(found, i, const char *));
    }
    if (found->nelts) {
        apr_table_setn(r->notes, MCC_NOTE_INCOMING, "stripped");
        mcc_count_times(r, CLIENT_CERT_COUNTER_STRIPPED_OWN, (apr_uint64_t)our_count);
        mcc_count_times(r, CLIENT_CERT_COUNTER_STRIPPED_KNOWN,
                        (apr_uint64_t)(found->nelts - our_count));
    }
    return our_count;
}

int mcc_headers_remove_arriving(request_rec *r, apr_table_t *headers,
                                const client_cert_kept_headers *kept)
{
    const mcc_global_t *global = mcc_server_config_of(r->server)->global;
    const mcc_names_t *names = kept && kept->all ? &global->our_names : &global->arriving_names;
    const apr_array_header_t *fields = apr_table_elts(headers);
    const apr_table_entry_t *first = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = first + fields->nelts;
    const apr_table_entry_t *field;

    for (field = first; field < end; field++) {
        if (mcc_names_may_contain(names, field->key)) {
            return remove_arriving(r, headers, names, kept, (int)(field - first));
        }
    }
    return 0;
}

/* A merge shares the strings of what it merges. */
static int is_trailer(const request_rec *r, const apr_table_entry_t *field)
{
    const apr_array_header_t *trailers = apr_table_elts(r->trailers_in);
    int i;

    for (i = 0; i < trailers->nelts; i++) {
        if (APR_ARRAY_IDX(trailers, i, apr_table_entry_t).key == field->key) {
            return 1;
        }
    }
    return 0;
}

int mcc_headers_remove_trailers(request_rec *r)
{
    const mcc_names_t *names = &mcc_server_config_of(r->server)->global->arriving_names;
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    apr_array_header_t *merged = apr_array_make(r->pool, 2, sizeof(const char *));
    apr_array_header_t *others = apr_array_make(r->pool, 2, sizeof(apr_table_entry_t));
    int i;

    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);

        if (mcc_names_owner(names, field->key) == CLIENT_CERT_FIELD_OWNER_KNOWN) {
            if (is_trailer(r, field)) {
                APR_ARRAY_PUSH(merged, const char *) = field->key;
            }
            else {
                APR_ARRAY_PUSH(others, apr_table_entry_t) = *field;
            }
        }
    }
    /* A table forgets a name and not a field. */
    for (i = 0; merged->nelts && i < others->nelts; i++) {
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(others, i, apr_table_entry_t).key);
    }
    for (i = 0; i < merged->nelts; i++) {
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(merged, i, const char *));
    }
    for (i = 0; merged->nelts && i < others->nelts; i++) {
        const apr_table_entry_t *other = &APR_ARRAY_IDX(others, i, apr_table_entry_t);

        apr_table_addn(r->headers_in, other->key, other->val);
    }
    return mcc_headers_remove_arriving(r, r->trailers_in, NULL);
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
    apr_array_header_t *others; /* (const char *) tokens that are none of these */
} connection_tokens_t;

static int sort_tokens(void *data, const char *key, const char *value)
{
    connection_tokens_t *tokens = data;
    const char *token;

    (void)key;
    while ((token = mcc_next_token(tokens->pool, &value))) {
        if (!mcc_names_contain(tokens->names, token)) {
            APR_ARRAY_PUSH(tokens->others, const char *) = token;
        }
    }
    return 1;
}

void mcc_headers_clean_connection_field(request_rec *r, apr_table_t *headers,
                                        const mcc_names_t *names)
{
    connection_tokens_t tokens;

    if (!mcc_names_listed(names, r->pool, headers, "Connection")) {
        return;
    }
    tokens.pool = r->pool;
    tokens.names = names;
    tokens.others = apr_array_make(r->pool, 4, sizeof(const char *));
    apr_table_do(sort_tokens, &tokens, headers, "Connection", NULL);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "the request's Connection names headers that tell who the client is: ignored");
    if (tokens.others->nelts) {
        char *field = apr_array_pstrcat(r->pool, tokens.others, ',');

        apr_table_setn(headers, "Connection", field);
    }
    else {
        apr_table_unset(headers, "Connection");
    }
}
