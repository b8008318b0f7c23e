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

#define MCC_CLIENT_CERT "Client-Cert"
#define MCC_CLIENT_CERT_CHAIN "Client-Cert-Chain"

/** Names. None is found before mcc_names_complete(). */
typedef struct {
    /** client_cert_field_names_tree(): the first step by octet, the classes, the rows */
    uint16_t first[256];
    uint8_t classes[256];
    const uint16_t *next;
    client_cert_field_names *set;
    apr_array_header_t *list; /**< (const char *) as they were added */
} mcc_names_t;

/** Whether two names fold to one. */
int mcc_names_equal(const char *a, const char *b);

/** No names yet. */
void mcc_names_init(mcc_names_t *names, apr_pool_t *p);

/** Add a name, by reference: it must live as long as the names. */
void mcc_names_add(mcc_names_t *names, const char *name);

/** Make them ready to be searched, the known headers with them if they are wanted; they go with
 *  the pool.
 *  @return NULL, or what went wrong */
const char *mcc_names_complete(mcc_names_t *names, int with_known, apr_pool_t *p);

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
