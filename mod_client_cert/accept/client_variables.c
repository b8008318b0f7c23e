/* SPDX-License-Identifier: Apache-2.0 */

#include "accept/client_variables.h"

#include <stdlib.h>
#include <string.h>

#include <httpd.h>

#include <apr_strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define PREFIX "SSL_CLIENT_"
#define SAN_PREFIX PREFIX "SAN_"

#define SECONDS_IN_DAY 86400

static const char digits[] = "0123456789";

/** One attribute type of a distinguished name that has a variable. */
typedef struct {
    const char *name; /**< after SSL_CLIENT_S_DN_ and SSL_CLIENT_I_DN_ */
    int nid;
    int exported; /**< into the environment; the others only by name */
} attribute;

/* Compared with case, unlike what stands before it in a variable's name. */
static const attribute attributes[] = {
    { "C", NID_countryName, 1 },
    { "ST", NID_stateOrProvinceName, 1 },
    { "SP", NID_stateOrProvinceName, 0 },
    { "L", NID_localityName, 1 },
    { "O", NID_organizationName, 1 },
    { "OU", NID_organizationalUnitName, 1 },
    { "CN", NID_commonName, 1 },
    { "T", NID_title, 1 },
    { "I", NID_initials, 1 },
    { "G", NID_givenName, 1 },
    { "S", NID_surname, 1 },
    { "D", NID_description, 1 },
    { "SerialNumber", NID_serialNumber, 1 },
    { "UID", NID_userId, 1 },
    { "Email", NID_pkcs9_emailAddress, 1 },
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

/** One kind of subjectAltName that has variables. */
typedef struct {
    const char *name; /**< after SSL_CLIENT_SAN_, before _n */
    size_t folded;    /**< how much of the name is compared without case */
    int type;         /**< GEN_EMAIL and its like */
    int form;         /**< GEN_OTHERNAME: the NID of its type-id */
    int string;       /**< GEN_OTHERNAME: the one type its value may have */
    int exported;
} alternative_name;

static const alternative_name alternative_names[] = {
    { "Email", 5, GEN_EMAIL, 0, 0, 1 },
    { "DNS", 3, GEN_DNS, 0, 0, 1 },
    { "OTHER_msUPN", 6, GEN_OTHERNAME, NID_ms_upn, V_ASN1_UTF8STRING, 1 },
    /* mod_ssl exports a server's only. */
    { "OTHER_dnsSRV", 6, GEN_OTHERNAME, NID_SRVName, V_ASN1_IA5STRING, 0 },
};

#define ALTERNATIVE_NAMES \
    (sizeof(alternative_names) / sizeof(alternative_names[0]))

/* What was written to the BIO, which is freed; NULL if that was nothing. As in
 * mod_ssl, what OpenSSL wrote before it came upon an invalid character counts:
 * so nobody asks the functions that print whether they failed. */
static char *written(apr_pool_t *p, BIO *bio)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    char *value = length > 0 ? apr_pstrmemdup(p, data, (apr_size_t)length)
                             : NULL;

    BIO_free(bio);
    return value;
}

static BIO *memory(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (!bio) {
        ap_abort_on_oom();
    }
    return bio;
}

/* Control characters are escaped; raw leaves out the conversion to UTF-8. */
static const char *string_value(apr_pool_t *p, const ASN1_STRING *string,
                                int raw)
{
    BIO *bio = memory();

    ASN1_STRING_print_ex(bio, string,
                         ASN1_STRFLGS_ESC_CTRL
                             | (raw ? 0 : ASN1_STRFLGS_UTF8_CONVERT));
    return written(p, bio);
}

static const char *rfc2253_name(apr_pool_t *p, const X509_NAME *name,
                                unsigned long flags)
{
    BIO *bio = memory();

    X509_NAME_print_ex(bio, name, 0, flags);
    return written(p, bio);
}

static const char *name_value(apr_pool_t *p, const X509_NAME *name,
                              int legacy_dn)
{
    char *line;
    const char *value;

    if (!legacy_dn) {
        return rfc2253_name(p, name, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    }
    line = X509_NAME_oneline(name, NULL, 0);
    value = apr_pstrdup(p, line);
    OPENSSL_free(line);
    return value;
}

static int entry_nid(const X509_NAME_ENTRY *entry)
{
    return OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
}

static const char *entry_value(apr_pool_t *p, const X509_NAME_ENTRY *entry,
                               int raw)
{
    return string_value(p, X509_NAME_ENTRY_get_data(entry), raw);
}

/* Which is the variable's name after _DN_: CN, CN_1, CN_RAW, CN_1_RAW. */
static const char *attribute_value(apr_pool_t *p, const X509_NAME *name,
                                   const char *which)
{
    const char *underscore = strrchr(which, '_');
    int raw = underscore && underscore > which
        && !strcmp(underscore, "_RAW");
    size_t length;
    int wanted = 0;
    size_t i;
    int j;

    if (raw) {
        which = apr_pstrmemdup(p, which, (apr_size_t)(underscore - which));
    }
    length = strlen(which);
    underscore = strchr(which, '_');
    if (underscore && !underscore[1 + strspn(underscore + 1, digits)]) {
        /* atoi, as mod_ssl: what it makes of a number too large shows. */
        wanted = atoi(underscore + 1);
        length = (size_t)(underscore - which);
    }
    for (i = 0; i < ATTRIBUTES; i++) {
        if (strlen(attributes[i].name) == length
            && !strncmp(attributes[i].name, which, length)) {
            break;
        }
    }
    if (i == ATTRIBUTES || wanted < 0) {
        return NULL;
    }
    for (j = 0; j < X509_NAME_entry_count(name); j++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, j);

        if (entry_nid(entry) == attributes[i].nid && wanted-- == 0) {
            return entry_value(p, entry, raw);
        }
    }
    return NULL;
}

static void export_attributes(apr_pool_t *p, apr_table_t *env,
                              const char *dn, const X509_NAME *name)
{
    int seen[ATTRIBUTES] = { 0 };
    int j;

    for (j = 0; j < X509_NAME_entry_count(name); j++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, j);
        int nid = entry_nid(entry);
        const char *variable, *value;
        size_t i = 0;

        while (i < ATTRIBUTES
               && !(attributes[i].exported && attributes[i].nid == nid)) {
            i++;
        }
        if (i == ATTRIBUTES) {
            continue;
        }
        variable = apr_pstrcat(p, dn, "_", attributes[i].name, NULL);
        if (seen[i]) {
            variable = apr_psprintf(p, "%s_%d", variable, seen[i]);
        }
        seen[i]++;
        value = entry_value(p, entry, 0);
        /* For an empty attribute mod_ssl leaves NULL in the table, over which
         * some of the table's readers fall; the others see it as empty. */
        apr_table_setn(env, variable, value ? value : "");
    }
}

static int is_of(const GENERAL_NAME *name, const alternative_name *kind)
{
    return name->type == kind->type
        && (name->type != GEN_OTHERNAME
            || OBJ_obj2nid(name->d.otherName->type_id) == kind->form);
}

static const char *alternative_name_value(apr_pool_t *p,
                                          const GENERAL_NAME *name,
                                          const alternative_name *kind)
{
    const ASN1_TYPE *other;

    if (kind->type != GEN_OTHERNAME) {
        return string_value(p, name->d.ia5, 0);
    }
    other = name->d.otherName->value;
    if (!other || other->type != kind->string) {
        return NULL;
    }
    return string_value(p, other->value.asn1_string, 0);
}

static GENERAL_NAMES *alternative_names_of(const X509 *client)
{
    return X509_get_ext_d2i(client, NID_subject_alt_name, NULL, NULL);
}

/* Which is the variable's name after SAN_: DNS_0, OTHER_msUPN_2. The number
 * counts every name of the kind, those without a value too. */
static const char *alternative_name_by_number(apr_pool_t *p,
                                              const X509 *client,
                                              const char *which)
{
    const alternative_name *kind = NULL;
    const char *value = NULL;
    GENERAL_NAMES *names;
    size_t i, length;
    int j, wanted;

    for (i = 0; i < ALTERNATIVE_NAMES; i++) {
        const alternative_name *k = &alternative_names[i];

        length = strlen(k->name);
        if (!ap_cstr_casecmpn(which, k->name, k->folded)
            && !strncmp(which + k->folded, k->name + k->folded,
                        length - k->folded)
            && which[length] == '_') {
            kind = k;
            which += length + 1;
            break;
        }
    }
    length = strspn(which, digits);
    if (!kind || length < 1 || length > 4 || which[length]) {
        return NULL;
    }
    wanted = atoi(which);
    names = alternative_names_of(client);
    for (j = 0; j < sk_GENERAL_NAME_num(names); j++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, j);

        if (is_of(name, kind) && wanted-- == 0) {
            value = alternative_name_value(p, name, kind);
            break;
        }
    }
    GENERAL_NAMES_free(names);
    return value;
}

/* Here the number counts values only. */
static void export_alternative_names(apr_pool_t *p, apr_table_t *env,
                                     const X509 *client)
{
    GENERAL_NAMES *names = alternative_names_of(client);
    int count[ALTERNATIVE_NAMES] = { 0 };
    size_t i;
    int j;

    for (j = 0; j < sk_GENERAL_NAME_num(names); j++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, j);

        for (i = 0; i < ALTERNATIVE_NAMES; i++) {
            const alternative_name *kind = &alternative_names[i];
            const char *value;

            if (kind->exported && is_of(name, kind)
                && (value = alternative_name_value(p, name, kind))) {
                apr_table_setn(env,
                               apr_psprintf(p, SAN_PREFIX "%s_%d", kind->name,
                                            count[i]++),
                               value);
            }
        }
    }
    GENERAL_NAMES_free(names);
}

/* Nobody asks about a client that was not verified. */
static const char *verify(apr_pool_t *p, const X509 *client)
{
    (void)p;
    (void)client;
    return "SUCCESS";
}

static const char *version(apr_pool_t *p, const X509 *client)
{
    return apr_psprintf(p, "%lu", (unsigned long)X509_get_version(client) + 1);
}

static const char *serial(apr_pool_t *p, const X509 *client)
{
    BIO *bio = memory();

    i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(client));
    return written(p, bio);
}

static const char *time_value(apr_pool_t *p, const ASN1_TIME *time)
{
    BIO *bio = memory();

    ASN1_TIME_print(bio, time);
    return written(p, bio);
}

static const char *valid_from(apr_pool_t *p, const X509 *client)
{
    return time_value(p, X509_get0_notBefore(client));
}

static const char *valid_to(apr_pool_t *p, const X509 *client)
{
    return time_value(p, X509_get0_notAfter(client));
}

apr_int64_t mcc_client_end(const X509 *client)
{
    const ASN1_TIME *end = X509_get0_notAfter(client);
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (!epoch) {
        ap_abort_on_oom();
    }
    if (ASN1_TIME_check(end) != 1
        || ASN1_TIME_diff(&days, &seconds, epoch, end) != 1) {
        days = seconds = 0;
    }
    ASN1_TIME_free(epoch);
    return (apr_int64_t)days * SECONDS_IN_DAY + seconds;
}

const char *mcc_client_days_remaining(apr_pool_t *p, apr_int64_t end)
{
    apr_int64_t remaining = end - apr_time_sec(apr_time_now());

    return remaining < SECONDS_IN_DAY
        ? "0" : apr_off_t_toa(p, remaining / SECONDS_IN_DAY);
}

static const char *days_remaining(apr_pool_t *p, const X509 *client)
{
    return mcc_client_days_remaining(p, mcc_client_end(client));
}

static const char *algorithm_name(apr_pool_t *p, const ASN1_OBJECT *algorithm)
{
    int nid = OBJ_obj2nid(algorithm);

    return nid == NID_undef ? "UNKNOWN" : apr_pstrdup(p, OBJ_nid2ln(nid));
}

static const char *key_algorithm(apr_pool_t *p, const X509 *client)
{
    ASN1_OBJECT *algorithm = NULL;

    X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL,
                           X509_get_X509_PUBKEY(client));
    return algorithm_name(p, algorithm);
}

static const char *signature_algorithm(apr_pool_t *p, const X509 *client)
{
    const ASN1_OBJECT *algorithm = NULL;

    X509_ALGOR_get0(&algorithm, NULL, NULL, X509_get0_tbs_sigalg(client));
    return algorithm_name(p, algorithm);
}

/* RFC 4523, section 2.1: certificate exact assertion. */
static const char *exact_assertion(apr_pool_t *p, const X509 *client)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(client), NULL);
    char *decimal = number ? BN_bn2dec(number) : NULL;
    const char *issuer = rfc2253_name(p, X509_get_issuer_name(client),
                                      XN_FLAG_RFC2253);
    const char *value = NULL;

    if (decimal) {
        /* An issuer without a name ends the value there, as in mod_ssl. */
        value = apr_pstrcat(p, "{ serialNumber ", decimal,
                            ", issuer rdnSequence:\"", issuer, "\" }", NULL);
    }
    OPENSSL_free(decimal);
    BN_free(number);
    return value;
}

static const char *pem(apr_pool_t *p, const X509 *client)
{
    BIO *bio = memory();

    PEM_write_bio_X509(bio, client);
    return written(p, bio);
}

/** The variables that are neither parts of a name nor numbered. */
static const struct {
    const char *name;
    const char *(*value)(apr_pool_t *p, const X509 *client);
    int exported; /**< by StdEnvVars */
} fields[] = {
    { PREFIX "VERIFY", verify, 1 },
    { PREFIX "M_VERSION", version, 1 },
    { PREFIX "M_SERIAL", serial, 1 },
    { PREFIX "V_START", valid_from, 1 },
    { PREFIX "V_END", valid_to, 1 },
    { PREFIX "V_REMAIN", days_remaining, 1 },
    { PREFIX "A_KEY", key_algorithm, 1 },
    { PREFIX "A_SIG", signature_algorithm, 1 },
    { PREFIX "CERT_RFC4523_CEA", exact_assertion, 1 },
    { PREFIX "CERT", pem, 0 },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/** The distinguished names. */
static const struct {
    const char *variable;
    X509_NAME *(*name)(const X509 *client);
} distinguished_names[] = {
    { PREFIX "S_DN", X509_get_subject_name },
    { PREFIX "I_DN", X509_get_issuer_name },
};

#define DISTINGUISHED_NAMES \
    (sizeof(distinguished_names) / sizeof(distinguished_names[0]))

static const char *look_up(apr_pool_t *p, const X509 *client, const char *name,
                           int legacy_dn)
{
    const size_t prefix = strlen(PREFIX);
    const size_t san = strlen(SAN_PREFIX);
    size_t i;

    for (i = 0; i < FIELDS; i++) {
        if (!ap_cstr_casecmp(name, fields[i].name)) {
            return fields[i].value(p, client);
        }
    }
    if (!ap_cstr_casecmpn(name, SAN_PREFIX, san)) {
        return alternative_name_by_number(p, client, name + san);
    }
    for (i = 0; i < DISTINGUISHED_NAMES; i++) {
        const char *variable = distinguished_names[i].variable;
        const size_t length = strlen(variable);
        const X509_NAME *dn;

        /* The S and the I are the letters that mod_ssl takes in upper case
         * only. */
        if (ap_cstr_casecmpn(name, variable, length)
            || name[prefix] != variable[prefix]) {
            continue;
        }
        dn = distinguished_names[i].name(client);
        if (!name[length]) {
            return name_value(p, dn, legacy_dn);
        }
        if (name[length] == '_') {
            return attribute_value(p, dn, name + length + 1);
        }
    }
    return NULL;
}

const char *mcc_client_variable(apr_pool_t *p, X509 *client, const char *name,
                                int legacy_dn)
{
    const char *value;

    /* Errors left behind would be taken for those of the connection. */
    ERR_set_mark();
    value = look_up(p, client, name, legacy_dn);
    ERR_pop_to_mark();
    return value;
}

static void set_unless_empty(apr_table_t *env, const char *variable,
                             const char *value)
{
    if (value && *value) {
        apr_table_setn(env, variable, value);
    }
}

void mcc_client_variables_export(apr_pool_t *p, apr_table_t *env, X509 *client,
                                 int cert_data, int legacy_dn)
{
    size_t i;

    ERR_set_mark();
    for (i = 0; i < DISTINGUISHED_NAMES; i++) {
        const char *variable = distinguished_names[i].variable;
        const X509_NAME *dn = distinguished_names[i].name(client);

        export_attributes(p, env, variable, dn);
        set_unless_empty(env, variable, name_value(p, dn, legacy_dn));
    }
    export_alternative_names(p, env, client);
    for (i = 0; i < FIELDS; i++) {
        if (fields[i].exported || cert_data) {
            set_unless_empty(env, fields[i].name, fields[i].value(p, client));
        }
    }
    ERR_pop_to_mark();
}

static int print_extension(BIO *bio, X509_EXTENSION *extension)
{
    const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);
    const unsigned char *bytes = ASN1_STRING_get0_data(data);
    ASN1_STRING *text;

    if (X509V3_EXT_print(bio, extension, 0, 0) == 1) {
        return 1;
    }
    text = d2i_DISPLAYTEXT(NULL, &bytes, ASN1_STRING_length(data));
    if (!text) {
        return 0;
    }
    ASN1_STRING_print_ex(bio, text, ASN1_STRFLGS_UTF8_CONVERT);
    ASN1_STRING_free(text);
    return 1;
}

apr_array_header_t *mcc_client_extensions(apr_pool_t *p, X509 *client,
                                          const char *extension)
{
    apr_array_header_t *values = NULL;
    ASN1_OBJECT *wanted;
    int i;

    ERR_set_mark();
    wanted = extension ? OBJ_txt2obj(extension, 0) : NULL;
    for (i = 0; wanted && i < X509_get_ext_count(client); i++) {
        X509_EXTENSION *candidate = X509_get_ext(client, i);
        BIO *bio = NULL;
        char *data;
        long length;

        if (OBJ_cmp(X509_EXTENSION_get_object(candidate), wanted)
            || !(bio = BIO_new(BIO_s_mem()))) {
            continue;
        }
        if (print_extension(bio, candidate)) {
            length = BIO_get_mem_data(bio, &data);
            if (!values) {
                values = apr_array_make(p, 1, sizeof(const char *));
            }
            APR_ARRAY_PUSH(values, const char *) =
                apr_pstrmemdup(p, data, (apr_size_t)length);
        }
        BIO_free(bio);
    }
    ASN1_OBJECT_free(wanted);
    ERR_pop_to_mark();
    return values;
}
