/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file names.h
 * @brief Header names, compared as the most lenient backend compares them.
 *
 * The rules are the core's. What stands here is the quick test that most headers
 * of a request do not pass, and lists of names, which are split as httpd splits
 * them.
 */
#ifndef MCC_NAMES_H
#define MCC_NAMES_H

#include <apr_tables.h>

#include "client_cert.h"

#define MCC_CLIENT_CERT_CHAIN "Client-Cert-Chain"

/** Names. None is found before client_cert_settings_complete(). */
typedef client_cert_field_name_tree mcc_names_t;

/** As mcc_names_owner(), which asks mcc_names_may_contain() first. */
uint32_t mcc_names_search(const mcc_names_t *names, const char *name);

/** Whether a name may be one of these: hardly any other may. Most end at their first or second
 *  octet. */
static APR_INLINE int mcc_names_may_contain(const mcc_names_t *names, const char *name)
{
    unsigned at = names->first[(unsigned char)*name];

    while (at > 1) {
        at = names->next[at + names->classes[(unsigned char)*++name]];
    }
    return (int)at;
}

/** Whose a name is, as some backend may read it: a client_cert_field_owner. */
static APR_INLINE uint32_t mcc_names_owner(const mcc_names_t *names, const char *name)
{
    return mcc_names_may_contain(names, name) ? mcc_names_search(names, name)
                                              : CLIENT_CERT_FIELD_OWNER_NONE;
}

/** Whether a name folds to one of these. */
static APR_INLINE int mcc_names_contain(const mcc_names_t *names, const char *name)
{
    return mcc_names_owner(names, name) != CLIENT_CERT_FIELD_OWNER_NONE;
}

/** As mcc_names_contain_variable(), which looks at the first letter. */
int mcc_names_search_variable(const mcc_names_t *names, const char *variable);

/** Whether a variable is one of these to some backend: HTTP_… and AJP_…, also after
 *  REDIRECT_. */
static APR_INLINE int mcc_names_contain_variable(const mcc_names_t *names, const char *variable)
{
    static const uint32_t initials =
        UINT32_C(1) << ('H' & 31) | UINT32_C(1) << ('A' & 31) | UINT32_C(1) << ('R' & 31);

    return initials >> (variable[0] & 31) & 1 && mcc_names_search_variable(names, variable);
}

/** The next token of a list, split as mod_proxy splits Connection: by ',', ';' and
 *  white space. Moves on in the list. NULL at its end. */
const char *mcc_next_token(apr_pool_t *p, const char **list);

/** Whether a field whose values are lists of names, Connection or Vary, names one of these. */
int mcc_names_listed(const mcc_names_t *names, apr_pool_t *p, const apr_table_t *headers,
                     const char *field);

#endif /* MCC_NAMES_H */
