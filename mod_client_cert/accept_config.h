/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file accept_config.h
 * @brief What the directives of the accept role say.
 */
#ifndef MCC_ACCEPT_CONFIG_H
#define MCC_ACCEPT_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include <apr_tables.h>

#include "client_cert.h"

#include "files.h"
#include "often.h"

#define MCC_ACCEPT_UNSET (-1)
#define MCC_ACCEPT_OFF (-2)

#define MCC_DEFAULT_MAX_AGE 300
#define MCC_DEFAULT_SKEW 30

/** A section's part in the accept role. */
typedef struct {
    int format;         /**< MCC_ACCEPT_UNSET, _OFF or a client_cert_format */
    /** where format is one, the field name: of global's accepted_names, so one
     *  header has one pointer */
    const char *header;
    mcc_file *anchors;                  /**< NULL where unset */
    mcc_file *crls;                     /**< NULL where unset */
    client_cert_names *names;           /**< NULL where unset */
    int trust_peer;                     /**< 0, 1; -1 where unset */
    apr_int64_t max_age;                /**< seconds; -1 where unset */
    apr_int64_t skew;                   /**< seconds; with max_age */
    const char *user_name;              /**< a variable; NULL where unset */
} mcc_accept_config;

void mcc_accept_config_init(mcc_accept_config *conf);
/** conf may be add. */
void mcc_accept_config_merge(mcc_accept_config *conf,
                             const mcc_accept_config *base,
                             const mcc_accept_config *add);

/** Whether the role is played. */
int mcc_accepts(const mcc_accept_config *conf);

/** Whether the role, where it is played, looks at the TLS peer. */
static MCC_INLINE int mcc_accept_needs_peer(const mcc_accept_config *conf)
{
    return conf->trust_peer != 0 || conf->format == CLIENT_CERT_FORMAT_RFC9440;
}

/** Directive functions. */
const char *mcc_set_accept(cmd_parms *cmd, void *dir, const char *word,
                           const char *header);
const char *mcc_set_trust(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_name(cmd_parms *cmd, void *dir, const char *name);
const char *mcc_set_trust_crl(cmd_parms *cmd, void *dir, const char *file);
const char *mcc_set_trust_peer(cmd_parms *cmd, void *dir, int on);
const char *mcc_set_max_age(cmd_parms *cmd, void *dir, const char *age,
                            const char *skew);
const char *mcc_set_user_name(cmd_parms *cmd, void *dir, const char *variable);

#endif /* MCC_ACCEPT_CONFIG_H */
