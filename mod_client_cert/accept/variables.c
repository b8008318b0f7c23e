/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/variables.h"

#include <http_log.h>

#include <apr_strings.h>

#include "allocator.h"
#include "environment.h"
#include "request.h"

APLOG_USE_MODULE(client_cert);

#define PREFIX_SSL "SSL_CLIENT_"
#define PREFIX_OURS "CLIENT_CERT_"

/* The two that there are without a client, too. */
#define SSL_VERIFY PREFIX_SSL "VERIFY"
#define OUR_VERIFY PREFIX_OURS "VERIFY"

int mcc_accept_is_variable(const char *name)
{
    switch (*name) {
    case 'S':
    case 's':
        return !ap_cstr_casecmpn(name, PREFIX_SSL, sizeof(PREFIX_SSL) - 1);
    case 'C':
    case 'c':
        return !ap_cstr_casecmpn(name, PREFIX_OURS, sizeof(PREFIX_OURS) - 1);
    }
    return 0;
}

/* A variable where there is no client. */
static const char *without_client(const char *name)
{
    return !ap_cstr_casecmp(name, SSL_VERIFY) || !ap_cstr_casecmp(name, OUR_VERIFY) ? "NONE" : "";
}

static const char *verify_of(apr_pool_t *p, const mcc_accept_outcome_t *outcome)
{
    return outcome->kind ? apr_pstrcat(p, "FAILED:", outcome->kind, NULL) : "NONE";
}

/* What asked for it sees an empty one, and would go on with that: so the request
 * is answered with an error. */
static void fail(request_rec *r, const char *name, client_cert_result result)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "\"%s\" of the client's certificate cannot be read: %s", name,
                  client_cert_result_message(result));
    mcc_request_of(r)->variable_failed = 1;
}

static const char *client_variable(request_rec *r, const client_cert_accepted *accepted,
                                   const char *name)
{
    client_cert_allocator allocator = mcc_pool_allocator(r->pool);
    const char *value = NULL;
    client_cert_result result = client_cert_accepted_variable(accepted, name, &allocator, &value);

    if (result != CLIENT_CERT_RESULT_OK) {
        fail(r, name, result);
    }
    return value ? value : "";
}

const char *mcc_accept_variable(request_rec *r, const char *name)
{
    const mcc_accept_outcome_t *outcome = mcc_accept_outcome_of(r);

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
        return mcc_accept_sections_unknown(r) ? without_client(name) : NULL;
    }
    if (outcome->accepted) {
        return client_variable(r, outcome->accepted, name);
    }
    return ap_cstr_casecmp(name, OUR_VERIFY) ? without_client(name) : verify_of(r->pool, outcome);
}

void mcc_accept_variables_export(request_rec *r, const mcc_accept_outcome_t *outcome)
{
    size_t i;

    mcc_accept_variables_remove(r);
    if (!outcome->accepted) {
        apr_table_addn(r->subprocess_env, SSL_VERIFY, "NONE");
        apr_table_addn(r->subprocess_env, OUR_VERIFY, verify_of(r->pool, outcome));
    }
    for (i = 0; i < outcome->variable_count; i++) {
        apr_table_addn(r->subprocess_env, outcome->variables[i].name, outcome->variables[i].value);
    }
}

static int is_variable(const void *unused, const char *name, const char *value)
{
    (void)unused;
    (void)value;
    return mcc_accept_is_variable(name);
}

void mcc_accept_variables_remove(request_rec *r)
{
    mcc_environment_remove(r, is_variable, NULL);
}

apr_array_header_t *mcc_accept_extensions(request_rec *r, apr_pool_t *p, const char *extension)
{
    const mcc_accept_outcome_t *outcome = mcc_accept_outcome_of(r);
    client_cert_allocator allocator = mcc_pool_allocator(p);
    apr_array_header_t *values = NULL;
    const char *value = NULL;
    client_cert_result result;
    size_t count = 0;

    if (!outcome->accepted || !extension) {
        return NULL;
    }
    result =
        client_cert_accepted_extensions(outcome->accepted, extension, &allocator, &value, &count);
    if (result != CLIENT_CERT_RESULT_OK) {
        fail(r, extension, result);
    }
    for (; count; count--) {
        if (!values) {
            values = apr_array_make(p, (int)count, sizeof(const char *));
        }
        APR_ARRAY_PUSH(values, const char *) = value;
        value += strlen(value) + 1;
    }
    return values;
}
