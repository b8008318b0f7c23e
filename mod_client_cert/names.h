/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file names.h
 * @brief Header names, read as the most careless backend reads them.
 *
 * CGI and its relatives turn a header into a variable by writing every byte
 * that is neither a letter nor a digit as '_' and ignoring case, so that
 * Client-Cert, client_cert and CLIENT.CERT are one. Names are compared in that
 * folding here, and only here.
 */
#ifndef MCC_NAMES_H
#define MCC_NAMES_H

#include <apr_tables.h>

#include "often.h"

#define MCC_CLIENT_CERT "Client-Cert"
#define MCC_CLIENT_CERT_CHAIN "Client-Cert-Chain"

/** Names, no two of which fold to one. */
typedef struct {
    apr_array_header_t *list; /**< (const char *) */
    /** with what a name that folds to one of them may begin, and which may be
     *  its second character: a bit for each value of a character's last five,
     *  which case does not change */
    apr_uint32_t first, second;
} mcc_names;

/** Whether two names fold to one. */
int mcc_names_equal(const char *a, const char *b);

/** No names yet. */
void mcc_names_init(mcc_names *names, apr_pool_t *p);

/** Add a name unless one that folds to it is there; it is kept, not copied. */
void mcc_names_add(mcc_names *names, const char *name);

/** As mcc_names_contain(), which asks mcc_names_may_contain() first. */
int mcc_names_search(const mcc_names *names, const char *name);

/** Whether a name begins as one of these may: few others do. */
static MCC_INLINE int mcc_names_may_contain(const mcc_names *names,
                                            const char *name)
{
    return name[0] && names->first >> (name[0] & 31) & 1
        && names->second >> (name[1] & 31) & 1;
}

/** Whether a name folds to one of these. */
static MCC_INLINE int mcc_names_contain(const mcc_names *names, const char *name)
{
    return mcc_names_may_contain(names, name) && mcc_names_search(names, name);
}

/** The next token of a list, split as mod_proxy splits Connection: by ',', ';' and
 *  white space. Moves on in the list. NULL at its end. */
const char *mcc_next_token(apr_pool_t *p, const char **list);

/** Whether a list, as Vary has it, names one of these. */
int mcc_names_listed(const mcc_names *names, apr_pool_t *p, const char *list);

/** Whether a name is a token (RFC 9110, section 5.6.2). */
int mcc_name_is_token(const char *name);

/** Whether HTTP or its proxies need this header for themselves. */
int mcc_name_is_reserved(const char *name);

#endif /* MCC_NAMES_H */
