/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/variables.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "accept/client_variables.h"
#include "environment.h"

#define PREFIX_SSL "SSL_CLIENT_"
#define PREFIX_OURS "CLIENT_CERT_"
#define PREFIX_NUMBERED PREFIX_SSL "SAN_"

#define SSL_VERIFY PREFIX_SSL "VERIFY"
#define SSL_REMAIN PREFIX_SSL "V_REMAIN"
#define OUR_VERIFY PREFIX_OURS "VERIFY"
#define OUR_SIGNER PREFIX_OURS "SIGNER_S_DN"
#define OUR_TIME PREFIX_OURS "SIGNING_TIME"

/** The variables of an accepted client, made once for all requests that bring
 *  the same value: all that are exported but SSL_CLIENT_V_REMAIN. Read in
 *  several threads at once. */
typedef struct {
    apr_int64_t end; /**< of the client's validity, in Unix time */
    size_t count;
    char *text;      /**< of names and values, each with its NUL */
    size_t length;
    struct {
        size_t name, value; /**< where they begin in the text */
    } places[];
} made_variables;

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

/* No variable needs the key. */
static X509 *certificate_of(const client_cert_accepted *accepted)
{
    X509 *certificate = NULL;

    client_cert_accepted_keyless_certificate(accepted, &certificate);
    return certificate;
}

static const char *signer_of(apr_pool_t *p, const client_cert_accepted *accepted)
{
    X509 *signer = NULL;

    return client_cert_accepted_signer(accepted, &signer) == CLIENT_CERT_RESULT_OK
        ? mcc_client_variable(p, signer, PREFIX_SSL "S_DN", 0) : NULL;
}

static const char *signing_time_of(apr_pool_t *p,
                                   const client_cert_accepted *accepted)
{
    int64_t seconds = 0;
    apr_time_exp_t time;

    /* Nobody signs rfc9440. */
    if (client_cert_accepted_signing_time(accepted, &seconds)
            != CLIENT_CERT_RESULT_OK
        || apr_time_exp_gmt(&time, apr_time_from_sec(seconds))) {
        return NULL;
    }
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.tm_year + 1900,
                        time.tm_mon + 1, time.tm_mday, time.tm_hour,
                        time.tm_min, time.tm_sec);
}

static int add_length(void *data, const char *name, const char *value)
{
    size_t *length = data;

    *length += strlen(name) + strlen(value) + 2;
    return 1;
}

/* Returns where the string begins. */
static size_t append(made_variables *made, const char *string)
{
    size_t at = made->length;
    size_t length = strlen(string) + 1;

    memcpy(made->text + at, string, length);
    made->length += length;
    return at;
}

static int append_variable(void *data, const char *name, const char *value)
{
    made_variables *made = data;

    made->places[made->count].name = append(made, name);
    made->places[made->count].value = append(made, value);
    made->count++;
    return 1;
}

/** @return from malloc; NULL where there is no certificate */
static made_variables *make(apr_pool_t *p, const client_cert_accepted *accepted)
{
    X509 *certificate = certificate_of(accepted);
    apr_table_t *table = apr_table_make(p, 64);
    made_variables *made;
    const char *value;
    size_t length = 0;
    size_t places;

    if (!certificate) {
        return NULL;
    }
    mcc_client_variables_export(p, table, certificate, 1, 0);
    apr_table_unset(table, SSL_REMAIN);
    apr_table_setn(table, OUR_VERIFY, "SUCCESS");
    if ((value = signer_of(p, accepted)) && *value) {
        apr_table_setn(table, OUR_SIGNER, value);
    }
    if ((value = signing_time_of(p, accepted))) {
        apr_table_setn(table, OUR_TIME, value);
    }
    apr_table_do(add_length, &length, table, NULL);
    places = (size_t)apr_table_elts(table)->nelts * sizeof(made->places[0]);
    made = malloc(sizeof(*made) + places + length);
    if (!made) {
        ap_abort_on_oom();
    }
    made->end = mcc_client_end(certificate);
    made->count = made->length = 0;
    made->text = (char *)made + sizeof(*made) + places;
    apr_table_do(append_variable, made, table, NULL);
    return made;
}

/* The client's variables; NULL if they cannot be made. */
static const made_variables *variables_of(request_rec *r,
                                          const client_cert_accepted *accepted)
{
    made_variables *made;
    void *attached = NULL;
    apr_pool_t *p;

    client_cert_accepted_attachment(accepted, &attached);
    if (attached) {
        return attached;
    }
    apr_pool_create(&p, r->pool);
    made = make(p, accepted);
    apr_pool_destroy(p);
    if (made && client_cert_accepted_attach(accepted, made, free, &attached)
            != CLIENT_CERT_RESULT_OK) {
        free(made);
    }
    return attached;
}

static const char *made_variable(const made_variables *made, const char *name)
{
    size_t i;

    for (i = 0; i < made->count; i++) {
        if (!strcmp(made->text + made->places[i].name, name)) {
            return made->text + made->places[i].value;
        }
    }
    return NULL;
}

/* A variable where there is no client. */
static const char *nobody(const char *name)
{
    return !ap_cstr_casecmp(name, SSL_VERIFY)
               || !ap_cstr_casecmp(name, OUR_VERIFY)
        ? "NONE" : "";
}

static const char *verify_of(apr_pool_t *p, const mcc_accept_outcome *outcome)
{
    return outcome->kind ? apr_pstrcat(p, "FAILED:", outcome->kind, NULL)
                         : "NONE";
}

static const char *client_variable(request_rec *r,
                                   const client_cert_accepted *accepted,
                                   const char *name)
{
    const made_variables *made = variables_of(r, accepted);
    const char *value = NULL;
    X509 *certificate;

    /* Asked for by name, the numbered ones are numbered otherwise. */
    if (made && ap_cstr_casecmpn(name, PREFIX_NUMBERED,
                                 sizeof(PREFIX_NUMBERED) - 1)) {
        value = made_variable(made, name);
    }
    if (value) {
        return apr_pstrdup(r->pool, value);
    }
    if (!ap_cstr_casecmp(name, OUR_VERIFY)) {
        return "SUCCESS";
    }
    if (!ap_cstr_casecmp(name, OUR_SIGNER)) {
        return signer_of(r->pool, accepted);
    }
    if (!ap_cstr_casecmp(name, OUR_TIME)) {
        return signing_time_of(r->pool, accepted);
    }
    certificate = certificate_of(accepted);
    return certificate ? mcc_client_variable(r->pool, certificate, name, 0)
                       : NULL;
}

const char *mcc_accept_variable(request_rec *r, const char *name)
{
    const mcc_accept_outcome *outcome = mcc_accept_outcome_of(r);
    const char *value;

    if (outcome->state == MCC_ACCEPT_STATE_OFF) {
        return mcc_accept_undecided(r) ? nobody(name) : NULL;
    }
    if (outcome->accepted) {
        value = client_variable(r, outcome->accepted, name);
        return value ? value : "";
    }
    return ap_cstr_casecmp(name, OUR_VERIFY) ? nobody(name)
                                             : verify_of(r->pool, outcome);
}

static void export_client(request_rec *r, const client_cert_accepted *accepted)
{
    const made_variables *made = variables_of(r, accepted);
    size_t i;

    if (!made) {
        return;
    }
    for (i = 0; i < made->count; i++) {
        apr_table_addn(r->subprocess_env, made->text + made->places[i].name,
                       made->text + made->places[i].value);
    }
    apr_table_addn(r->subprocess_env, SSL_REMAIN,
                   mcc_client_days_remaining(r->pool, made->end));
}

void mcc_accept_variables_export(request_rec *r)
{
    const mcc_accept_outcome *outcome = mcc_accept_outcome_of(r);

    mcc_accept_variables_remove(r);
    if (outcome->accepted) {
        export_client(r, outcome->accepted);
    }
    else {
        apr_table_addn(r->subprocess_env, SSL_VERIFY, "NONE");
        apr_table_addn(r->subprocess_env, OUR_VERIFY,
                       verify_of(r->pool, outcome));
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

apr_array_header_t *mcc_accept_extensions(apr_pool_t *p,
                                          const mcc_accept_outcome *outcome,
                                          const char *extension)
{
    X509 *certificate = outcome->accepted ? certificate_of(outcome->accepted)
                                          : NULL;

    return certificate ? mcc_client_extensions(p, certificate, extension) : NULL;
}
