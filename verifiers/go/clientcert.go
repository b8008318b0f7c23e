// SPDX-License-Identifier: Apache-2.0

// Package clientcert takes the client's identity from the signed header Client-Cert of
// mod_client_cert (formats "cms" and "cms-sf"), with the standard library alone. README.md has the
// options and what this refuses that the module takes.
//
//	verifier, err := clientcert.New(clientcert.Options{Trust: pem, Names: []string{"proxy.example"}})
//	server.Handler = verifier.Handler(application)
//	// in the application
//	client := clientcert.FromContext(request.Context()) // nil: no client
package clientcert

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // signingCertificate
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	maxValue        = 65536
	maxCertificates = 8
)

// Options say whom to trust.
type Options struct {
	// Trust is PEM: CAs to which the signer must lead, or the signer's own certificate, pinned.
	Trust []byte
	// CRLs is PEM. Each certificate of the signer's path that is no anchor needs one that is in force. Nil
	// for no CRLs; a pinned signer needs none.
	CRLs []byte
	// Names: the signer must have one of these as a subjectAltName, a dNSName or its only URI. They
	// may be missing only where no certificate of Trust is a CA.
	Names []string
	// Format is "cms", the default, or "cms-sf".
	Format string
	// Header is "Client-Cert" by default.
	Header string
	// MaxAge of a signature, 300 seconds by default.
	MaxAge time.Duration
	// Skew is how far in the future a signature may lie, 30 seconds by default; negative for none.
	Skew time.Duration
	// WithoutPeer is for where TLS ends before this program: the signature is all there is.
	WithoutPeer bool
	// Log gets the reason of a refusal; log.Print by default.
	Log func(...any)
}

// A Client is one whose proxy signed for it.
type Client struct {
	Certificate *x509.Certificate
	Signer      *x509.Certificate
	SigningTime time.Time
}

// Refused is a value that is malformed (status 400) or not trusted (403).
type Refused struct {
	Status int
	Reason string
}

func (refused *Refused) Error() string { return refused.Reason }

// Verifier verifies values. Any number of goroutines may use it.
type Verifier struct {
	options Options
	anchors []*x509.Certificate
	crls    []*x509.RevocationList
	names   map[string]bool
}

var (
	uri     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$`)
	dnsName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// New makes a Verifier, unless what is asked for would not be safe.
func New(options Options) (*Verifier, error) {
	verifier := &Verifier{options: options, names: map[string]bool{}}
	for block, rest := pem.Decode(options.Trust); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			anchor, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, err
			}
			verifier.anchors = append(verifier.anchors, anchor)
		}
	}
	for block, rest := pem.Decode(options.CRLs); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "X509 CRL" {
			crl, err := x509.ParseRevocationList(block.Bytes)
			if err != nil {
				return nil, err
			}
			if crl.NextUpdate.IsZero() {
				return nil, errors.New("a CRL without nextUpdate would be good for ever")
			}
			verifier.crls = append(verifier.crls, crl)
		}
	}
	if options.CRLs != nil && len(verifier.crls) == 0 {
		return nil, errors.New("there is no CRL among the CRLs")
	}
	for _, name := range options.Names {
		switch {
		case uri.MatchString(name):
			verifier.names[name] = true
		case dnsName.MatchString(name):
			verifier.names[strings.ToLower(name)] = true
		default:
			return nil, fmt.Errorf("neither a dNSName nor a URI: %q", name)
		}
	}
	if len(verifier.anchors) == 0 {
		return nil, errors.New("there is no trust anchor")
	}
	for _, anchor := range verifier.anchors {
		if len(verifier.names) == 0 && mayIssue(anchor) {
			return nil, errors.New("a CA issues to others, too: names are needed")
		}
	}
	defaults := &verifier.options
	if defaults.Format == "" {
		defaults.Format = "cms"
	}
	if defaults.Header == "" {
		defaults.Header = "Client-Cert"
	}
	if defaults.MaxAge == 0 {
		defaults.MaxAge = 300 * time.Second
	}
	if defaults.Skew == 0 {
		defaults.Skew = 30 * time.Second
	}
	if defaults.Skew < 0 {
		defaults.Skew = 0
	}
	if defaults.Log == nil {
		defaults.Log = log.Print
	}
	if defaults.Format != "cms" && defaults.Format != "cms-sf" || defaults.MaxAge < 0 {
		return nil, errors.New("unknown format, or no age")
	}
	return verifier, nil
}

type contextKey struct{}

// FromContext gives the client of a request, or nil.
func FromContext(ctx context.Context) *Client {
	client, _ := ctx.Value(contextKey{}).(*Client)
	return client
}

// Handler verifies the header of each request, and removes it, before next sees the request. It answers
// 400 or 403 itself. The TLS peer in request.TLS is the proxy, never the client.
func (verifier *Verifier) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		values := request.Header.Values(verifier.options.Header)
		var peer *x509.Certificate
		// Verified by the server's tls.Config, whatever its ClientAuth lets through.
		if request.TLS != nil && len(request.TLS.VerifiedChains) > 0 {
			peer = request.TLS.PeerCertificates[0]
		}
		client, err := verifier.Verify(values, peer, time.Now())
		if err != nil {
			verifier.options.Log(verifier.options.Header + ": " + err.Error())
			status := http.StatusInternalServerError
			var refused *Refused
			if errors.As(err, &refused) {
				status = refused.Status
			}
			http.Error(response, http.StatusText(status), status)
			return
		}
		request = request.WithContext(context.WithValue(request.Context(), contextKey{}, client))
		request.Header = request.Header.Clone()
		request.Header.Del(verifier.options.Header)
		next.ServeHTTP(response, request)
	})
}

// Verify verifies the values of a request's header, as many as it has. peer is the certificate that the
// TLS peer presented and that was verified; nil only where there is none. The client is nil if there
// is no header. The error is a *Refused.
func (verifier *Verifier) Verify(values []string, peer *x509.Certificate, now time.Time) (client *Client, err error) {
	if len(values) == 0 {
		return nil, nil
	}
	defer func() {
		if failed := recover(); failed != nil {
			refused, ok := failed.(*Refused)
			if !ok {
				panic(failed)
			}
			client, err = nil, refused
		}
	}()
	need(len(values) == 1, "the header is there more than once")
	trust(peer != nil || verifier.options.WithoutPeer, "the TLS peer presented no certificate, or none that verified")
	data := readSignedData(verifier.decode(values[0]))
	age := now.Unix() - data.signingTime.Unix()
	trust(age <= int64(verifier.options.MaxAge/time.Second) && age >= -int64(verifier.options.Skew/time.Second),
		fmt.Sprintf("it was signed %d seconds ago", age))
	trust(bytes.Equal(digest(data.digest, data.content), data.messageDigest), "messageDigest is not the digest of the content")

	signer := verifier.signer(data, peer)
	trust(data.keyType != "" && data.keyType == signer.keyType && data.signatureDigest == data.digest,
		"the signature algorithm is not for the signer's key and this digest")
	parsed := parse(signer.der)
	verifier.checkUse(parsed)
	path := verifier.path(parsed, data.certificates, now)
	trust(isSigned(parsed.PublicKey, data.digest, data.signed, data.signature), "the signature is not the signer's")
	certificate := parse(readCertificate(data.content).der)
	trust(isValid(certificate, now), "the client's certificate is not valid now")
	checkSigningCertificate(data.signingCertificateV2, crypto.SHA256, parsed, path)
	checkSigningCertificate(data.signingCertificate, crypto.SHA1, parsed, path)
	return &Client{Certificate: certificate, Signer: parsed, SigningTime: data.signingTime}, nil
}

func (verifier *Verifier) decode(value string) []byte {
	need(len(value) > 0 && len(value) <= maxValue, "it is empty, or too long")
	if verifier.options.Format == "cms-sf" {
		need(len(value) > 2 && value[0] == ':' && value[len(value)-1] == ':', "it is no Byte Sequence")
		value = value[1 : len(value)-1]
	}
	// The decoder skips line ends.
	octets, err := base64.StdEncoding.Strict().DecodeString(value)
	need(err == nil && !strings.ContainsAny(value, "\r\n"), "it is not base64 to the letter")
	return octets
}

// signer is the one that the value names: with a peer the peer and no other.
func (verifier *Verifier) signer(data *signedData, peer *x509.Certificate) *certificate {
	named := func(all []*certificate) (found []*certificate) {
		for _, one := range all {
			if bytes.Equal(one.issuerAndSerial, data.issuerAndSerial) {
				found = append(found, one)
			}
		}
		return found
	}
	found := named(data.certificates)
	if !verifier.options.WithoutPeer {
		is := named([]*certificate{readCertificate(peer.Raw)})
		trust(len(is) == 1 && (len(found) == 0 || len(found) == 1 && bytes.Equal(found[0].der, peer.Raw)), "the signer is not the TLS peer")
		return is[0]
	}
	if len(found) == 0 {
		var pins []*certificate
		for _, anchor := range verifier.anchors {
			pins = append(pins, readCertificate(anchor.Raw))
		}
		found = named(pins)
	}
	trust(len(found) == 1, "who signed cannot be told")
	return found[0]
}

func (verifier *Verifier) checkUse(signer *x509.Certificate) {
	usage := signer.KeyUsage == 0 && !has(signer, "2.5.29.15") || signer.KeyUsage&x509.KeyUsageDigitalSignature != 0
	extended := !has(signer, "2.5.29.37")
	for _, one := range signer.ExtKeyUsage {
		extended = extended || one == x509.ExtKeyUsageServerAuth || one == x509.ExtKeyUsageClientAuth
	}
	trust(usage && extended, "the signer's certificate is not for signatures of a server or client")
	// A colon tells the one kind from the other; of several URIs none counts.
	found := len(verifier.names) == 0
	for _, name := range signer.DNSNames {
		found = found || !strings.Contains(name, ":") && verifier.names[strings.ToLower(name)]
	}
	if uris := uris(signer); len(uris) == 1 {
		found = found || strings.Contains(uris[0], ":") && verifier.names[uris[0]]
	}
	trust(found, fmt.Sprintf("the signer has none of the trusted names, but %q %q", signer.DNSNames, uris(signer)))
}

// path verifies the signer's certification path, and returns it without the signer.
func (verifier *Verifier) path(signer *x509.Certificate, others []*certificate, now time.Time) []*x509.Certificate {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, anchor := range verifier.anchors {
		if anchor.Equal(signer) {
			trust(isValid(signer, now) && len(signer.UnhandledCriticalExtensions) == 0, "the pinned signer is not valid now")
			return nil
		}
		// Go does not ask whether an anchor is valid, nor whether it is a CA.
		if isValid(anchor, now) && anchor.IsCA && (!has(anchor, "2.5.29.15") || anchor.KeyUsage&x509.KeyUsageCertSign != 0) {
			roots.AddCert(anchor)
		}
	}
	trust(!mayIssue(signer), "the signer is a CA")
	for _, other := range others {
		if !bytes.Equal(other.der, signer.Raw) {
			intermediates.AddCert(parse(other.der))
		}
	}
	chains, err := signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	trust(err == nil, fmt.Sprintf("the signer does not lead to a trusted CA: %v", err))
	for _, chain := range chains {
		good := len(chain) <= maxCertificates+1
		for place, one := range chain {
			below := readCertificate(one.Raw)
			good = good && isValid(one, now) && below.keyType != "" && (place == len(chain)-1 || below.isStrong) &&
				(place == 0 || one.IsCA && (!has(one, "2.5.29.15") || one.KeyUsage&x509.KeyUsageCertSign != 0))
		}
		if good {
			verifier.checkRevocation(chain, now)
			return chain[1:]
		}
	}
	panic(&Refused{http.StatusForbidden, "a certificate of the path is not valid now, weak, or no CA"})
}

// checkRevocation asks of each certificate of a path, which was verified, whether its issuer revoked it.
func (verifier *Verifier) checkRevocation(chain []*x509.Certificate, now time.Time) {
	if verifier.options.CRLs == nil {
		return
	}
	for place, one := range chain {
		// An anchor needs no CRL, but it may have revoked itself.
		issuer, found := one, place == len(chain)-1
		if place < len(chain)-1 {
			issuer = chain[place+1]
		}
		for _, crl := range verifier.crls {
			if bytes.Equal(crl.RawIssuer, one.RawIssuer) && isInForce(crl, issuer, now) {
				found = true
				for _, revoked := range crl.RevokedCertificates {
					trust(revoked.SerialNumber.Cmp(one.SerialNumber) != 0, "a certificate of the path is revoked")
				}
			}
		}
		trust(found, "there is no CRL for a certificate of the path, or none in force")
	}
}

// isInForce: the CRL is complete, is the issuer's, and there is none of its extensions that would have to be understood.
func isInForce(crl *x509.RevocationList, issuer *x509.Certificate, now time.Time) bool {
	switch crl.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384,
		x509.ECDSAWithSHA512, x509.PureEd25519:
	default:
		return false
	}
	extensions := append([]pkix.Extension{}, crl.Extensions...)
	for _, revoked := range crl.RevokedCertificates {
		extensions = append(extensions, revoked.Extensions...)
	}
	for _, extension := range extensions {
		// A delta, and one for some certificates or reasons only.
		if oid := extension.Id.String(); extension.Critical || oid == "2.5.29.27" || oid == "2.5.29.28" {
			return false
		}
	}
	// CheckSignatureFrom passes over a keyUsage without any bit.
	mayIssueCRLs := !has(issuer, "2.5.29.15") || issuer.KeyUsage&x509.KeyUsageCRLSign != 0
	return !now.Before(crl.ThisUpdate) && now.Before(crl.NextUpdate) && mayIssueCRLs && crl.CheckSignatureFrom(issuer) == nil
}

func isSigned(key any, hash crypto.Hash, message, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, hash, digest(hash, message), signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest(hash, message), signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	}
	return false
}

func digest(hash crypto.Hash, message []byte) []byte {
	made := hash.New()
	made.Write(message)
	return made.Sum(nil)
}

// isValid: the second of notAfter is out of it, as OpenSSL has it.
func isValid(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && now.Before(certificate.NotAfter)
}

func mayIssue(certificate *x509.Certificate) bool {
	if has(certificate, "2.5.29.19") {
		return certificate.IsCA
	}
	return certificate.Version < 3 || certificate.KeyUsage&x509.KeyUsageCertSign != 0
}

func has(certificate *x509.Certificate, oid string) bool {
	for _, extension := range certificate.Extensions {
		if extension.Id.String() == oid {
			return true
		}
	}
	return false
}

// uris are those of the subjectAltName as they stand there; net/url may write them otherwise.
func uris(certificate *x509.Certificate) (found []string) {
	for _, extension := range certificate.Extensions {
		if extension.Id.String() == "2.5.29.17" {
			for _, name := range children(only(elements(extension.Value)), sequence) {
				if name.tag == 0x86 {
					found = append(found, string(name.contents))
				}
			}
		}
	}
	return found
}

// Refusals within are panics with a *Refused, which Verify recovers.

func need(condition bool, reason string) {
	if !condition {
		panic(&Refused{http.StatusBadRequest, reason})
	}
}

func trust(condition bool, reason string) {
	if !condition {
		panic(&Refused{http.StatusForbidden, reason})
	}
}

// DER, and nothing that is not DER (X.690 sections 10 and 11).

const (
	integer     = 0x02
	bitString   = 0x03
	octetString = 0x04
	oid         = 0x06
	sequence    = 0x30
	set         = 0x31
)

type element struct {
	tag           byte
	raw, contents []byte
}

// elements are those that follow one another in octets.
func elements(octets []byte) (all []element) {
	for len(octets) > 0 {
		need(len(octets) >= 2 && octets[0]&0x1f != 0x1f, "it is not DER")
		header, length := 2, int(octets[1])
		if length >= 0x80 {
			count := length & 0x7f
			need(count >= 1 && count <= 3 && len(octets) >= 2+count, "it is not DER")
			header, length = 2+count, 0
			for _, octet := range octets[2:header] {
				length = length<<8 | int(octet)
			}
			need(length >= 0x80 && octets[2] != 0, "it is not DER")
		}
		need(length <= len(octets)-header, "it is not DER")
		end := header + length
		all = append(all, element{octets[0], octets[:end:end], octets[header:end:end]})
		octets = octets[end:]
	}
	return all
}

func children(one element, tag byte) []element {
	need(one.tag == tag, "there is another element than is wanted")
	return elements(one.contents)
}

func only(all []element) element {
	need(len(all) == 1, "there is not the one element that is wanted")
	return all[0]
}

var (
	utcTime         = regexp.MustCompile(`^[0-9]{12}Z$`)
	generalizedTime = regexp.MustCompile(`^[0-9]{14}(\.[0-9]*[1-9])?Z$`)
)

// strict checks an element and all within it.
func strict(one element, deeper int) element {
	contents := one.contents
	if one.tag&0x20 != 0 {
		need(one.tag&0xc0 != 0 || one.tag == sequence || one.tag == set, "it is not DER")
		need(deeper > 0, "it is nested too deep")
		for _, child := range elements(contents) {
			strict(child, deeper-1)
		}
		return one
	}
	good, length := true, len(contents)
	switch one.tag {
	case 0, 8, 11, 16, 17, 29:
		good = false
	case 1:
		good = length == 1 && (contents[0] == 0 || contents[0] == 0xff)
	case integer, 10:
		good = length == 1 || length > 1 && !(contents[0] == 0 && contents[1] < 0x80) && !(contents[0] == 0xff && contents[1] >= 0x80)
	case bitString:
		good = length > 0 && contents[0] < 8 && (contents[0] == 0 || length > 1 && contents[length-1]&(1<<contents[0]-1) == 0)
	case 5:
		good = length == 0
	case oid:
		good = length > 0 && contents[length-1] < 0x80
		for at, octet := range contents {
			good = good && (octet != 0x80 || at > 0 && contents[at-1] >= 0x80)
		}
	case 23:
		good = utcTime.Match(contents)
	case 24:
		good = generalizedTime.Match(contents)
	case 28:
		good = length%4 == 0
	case 30:
		good = length%2 == 0
	}
	need(good, "it is not DER")
	return one
}

func isOid(one element, contents string) bool {
	return one.tag == oid && string(one.contents) == contents
}

// Contents of OBJECT IDENTIFIERs.
const (
	pkcs9                = "\x2a\x86\x48\x86\xf7\x0d\x01\x09"
	dataType             = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
	signedDataType       = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	contentType          = pkcs9 + "\x03"
	messageDigest        = pkcs9 + "\x04"
	signingTime          = pkcs9 + "\x05"
	countersignature     = pkcs9 + "\x06"
	signingCertificate   = pkcs9 + "\x10\x02\x0c"
	signingCertificateV2 = pkcs9 + "\x10\x02\x2f"
	algorithmProtection  = pkcs9 + "\x34"
)

// Contents of AlgorithmIdentifiers, without a NULL that may be there.
const (
	rsaPrefix   = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
	ecdsaPrefix = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
	ed25519ID   = "\x06\x03\x2b\x65\x70"
	ecPrefix    = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
	null        = "\x05\x00"
)

var digests = map[string]crypto.Hash{
	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01": crypto.SHA256,
	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02": crypto.SHA384,
	"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03": crypto.SHA512,
}

var signatures = map[string]struct {
	keyType string
	digest  crypto.Hash
}{
	rsaPrefix + "\x0b": {"rsa", crypto.SHA256}, rsaPrefix + "\x0c": {"rsa", crypto.SHA384}, rsaPrefix + "\x0d": {"rsa", crypto.SHA512},
	ecdsaPrefix + "\x02": {"ec", crypto.SHA256}, ecdsaPrefix + "\x03": {"ec", crypto.SHA384}, ecdsaPrefix + "\x04": {"ec", crypto.SHA512},
	ed25519ID: {"ed25519", crypto.SHA512},
}

func readDigest(identifier element) crypto.Hash {
	need(identifier.tag == sequence, "its digest algorithm is malformed")
	found, ok := digests[strings.TrimSuffix(string(identifier.contents), null)]
	need(ok, "its digest is none that is taken")
	return found
}

// signatureAlgorithm gives the type of key and the digest of a signature: "" for what is not taken.
func signatureAlgorithm(contents []byte, digest crypto.Hash) (string, crypto.Hash) {
	identifier := string(contents)
	if identifier == rsaPrefix+"\x01"+null && digest != 0 {
		return "rsa", digest
	}
	if strings.HasPrefix(identifier, rsaPrefix) {
		identifier = strings.TrimSuffix(identifier, null)
	}
	found := signatures[identifier]
	return found.keyType, found.digest
}

// keyType is "" for a key that is not taken.
func keyType(key element) string {
	fields := children(key, sequence)
	need(len(fields) == 2 && fields[1].tag == bitString && len(fields[1].contents) > 0, "a key is malformed")
	switch identifier := string(fields[0].contents); strings.TrimSuffix(identifier, null) {
	case ecPrefix + "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", ecPrefix + "\x06\x05\x2b\x81\x04\x00\x22", ecPrefix + "\x06\x05\x2b\x81\x04\x00\x23":
		return "ec"
	case ed25519ID:
		return "ed25519"
	case rsaPrefix + "\x01":
		numbers := children(only(elements(fields[1].contents[1:])), sequence)
		for _, number := range numbers {
			if number.tag != integer || len(number.contents) == 0 || number.contents[0] >= 0x80 {
				return ""
			}
		}
		if len(numbers) != 2 {
			return ""
		}
		modulus, exponent := new(big.Int).SetBytes(numbers[0].contents), new(big.Int).SetBytes(numbers[1].contents)
		if length := modulus.BitLen(); length >= 2048 && length <= 8192 && exponent.BitLen() > 1 && exponent.BitLen() <= 32 && exponent.Bit(0) == 1 {
			return "rsa"
		}
	}
	return ""
}

// A certificate, of which no key is decoded before it matters.
type certificate struct {
	der, issuerAndSerial []byte
	keyType              string
	// Whether it is signed in a way that is taken.
	isStrong bool
}

func readCertificate(der []byte) *certificate {
	parts := children(only(elements(der)), sequence)
	need(len(parts) == 3 && parts[2].tag == bitString, "that is no certificate")
	// OpenSSL writes a certificate with its tbsCertificate as it came, the rest in DER.
	strict(parts[1], 32)
	strict(parts[2], 0)
	fields := children(parts[0], sequence)
	if len(fields) > 0 && fields[0].tag == 0xa0 {
		fields = fields[1:]
	}
	need(len(fields) >= 6, "that is no certificate")
	by, _ := signatureAlgorithm(parts[1].contents, 0)
	return &certificate{
		der:             der,
		issuerAndSerial: append(append([]byte{}, fields[2].raw...), fields[0].raw...),
		keyType:         keyType(fields[5]),
		isStrong:        by != "" && bytes.Equal(fields[1].raw, parts[1].raw),
	}
}

func parse(der []byte) *x509.Certificate {
	parsed, err := x509.ParseCertificate(der)
	need(err == nil, fmt.Sprintf("Go cannot read a certificate: %v", err))
	return parsed
}

// A SignedData of the one profile that is taken, RFC 5652 section 5: read, and not verified.
type signedData struct {
	content, issuerAndSerial, signed, signature, messageDigest []byte
	certificates                                               []*certificate
	digest, signatureDigest                                    crypto.Hash
	keyType                                                    string
	signingTime                                                time.Time
	signingCertificate, signingCertificateV2                   *element
}

func readSignedData(der []byte) *signedData {
	isVersion1 := func(one element) { need(string(one.raw) == "\x02\x01\x01", "its version is not 1") }
	outer := children(only(elements(der)), sequence)
	need(len(outer) == 2 && isOid(outer[0], signedDataType), "it is no SignedData")
	fields := children(only(children(outer[1], 0xa0)), sequence)
	var certificates []element
	if len(fields) == 5 && fields[3].tag == 0xa0 {
		certificates = elements(fields[3].contents)
		need(len(certificates) > 0 && len(certificates) <= maxCertificates, "it has no certificates, or too many")
		fields = append(fields[:3:3], fields[4])
	}
	need(len(fields) == 4, "its fields are not those of the profile")
	for _, field := range fields {
		strict(field, 32)
	}
	isVersion1(fields[0])
	encapsulated := children(fields[2], sequence)
	need(len(encapsulated) == 2 && isOid(encapsulated[0], dataType), "its content is not of the type data, or detached")
	content := only(children(encapsulated[1], 0xa0))
	need(content.tag == octetString, "its content is no OCTET STRING")

	signer := children(only(children(fields[3], set)), sequence)
	need(len(signer) == 6 && signer[4].tag == sequence && signer[5].tag == octetString, "its SignerInfo is not that of the profile")
	isVersion1(signer[0])
	sid := children(signer[1], sequence)
	need(len(sid) == 2 && sid[0].tag == sequence && sid[1].tag == integer, "its signer is not named by issuer and serial number")
	data := &signedData{
		content:         content.contents,
		issuerAndSerial: append(append([]byte{}, sid[0].raw...), sid[1].raw...),
		digest:          readDigest(signer[2]),
		// In the SignerInfo the SET OF is implicitly tagged.
		signed:    append([]byte{set}, signer[3].raw[1:]...),
		signature: signer[5].contents,
	}
	need(readDigest(only(children(fields[1], set))) == data.digest, "it names two digest algorithms")
	data.keyType, data.signatureDigest = signatureAlgorithm(signer[4].contents, data.digest)

	attributes := readAttributes(signer[3])
	value := func(kind string, tag byte) []byte {
		found, ok := attributes[kind]
		need(ok && found.tag == tag, "a signed attribute is missing, or malformed")
		return found.contents
	}
	trust(string(value(contentType, oid)) == dataType, "the attribute contentType is not that of the content")
	data.messageDigest = value(messageDigest, octetString)
	data.signingTime = readTime(attributes[signingTime])
	if found, ok := attributes[algorithmProtection]; ok {
		both := children(found, sequence)
		need(len(both) == 2 && both[0].tag == sequence && both[1].tag == 0xa1, "CMSAlgorithmProtection is malformed")
		trust(bytes.Equal(both[0].raw, signer[2].raw) && bytes.Equal(both[1].contents, signer[4].contents), "CMSAlgorithmProtection names other algorithms")
	}
	if found, ok := attributes[signingCertificate]; ok {
		data.signingCertificate = &found
	}
	if found, ok := attributes[signingCertificateV2]; ok {
		data.signingCertificateV2 = &found
	}
	seen := map[string]bool{}
	for _, one := range certificates {
		read := readCertificate(one.raw)
		trust(read.keyType != "", "a certificate in it has a key that is not taken")
		// One that is there twice counts once.
		if !seen[string(read.der)] {
			data.certificates = append(data.certificates, read)
		}
		seen[string(read.der)] = true
	}
	return data
}

// readAttributes: each with one value, in the order of a SET OF, none twice.
func readAttributes(field element) map[string]element {
	read := map[string]element{}
	var before []byte
	for _, attribute := range children(field, 0xa0) {
		parts := children(attribute, sequence)
		need(len(parts) == 2 && parts[0].tag == oid, "a signed attribute is malformed")
		kind := string(parts[0].contents)
		_, twice := read[kind]
		need(!twice && bytes.Compare(before, attribute.raw) <= 0, "the signed attributes are unsorted, or one is there twice")
		need(kind != countersignature, "it has a countersignature that is signed")
		read[kind] = only(children(parts[1], set))
		before = attribute.raw
	}
	return read
}

// readTime: UTCTime for the years that it can express (RFC 5652 section 11.3).
func readTime(value element) time.Time {
	text := string(value.contents)
	isUTC := value.tag == 23
	need(isUTC && len(text) == 13 || value.tag == 24 && len(text) == 15, "signingTime is missing, or malformed")
	if isUTC && text < "50" {
		text = "20" + text
	} else if isUTC {
		text = "19" + text
	}
	read, err := time.Parse("20060102150405Z", text)
	need(err == nil && read.Format("20060102150405Z") == text, "signingTime is malformed")
	need(isUTC || read.Year() < 1950 || read.Year() >= 2050, "signingTime is malformed")
	return read
}

// checkSigningCertificate: signingCertificateV2 (RFC 5035) or its predecessor name first the signer's
// certificate, then others of its path.
func checkSigningCertificate(attribute *element, usual crypto.Hash, signer *x509.Certificate, path []*x509.Certificate) {
	if attribute == nil {
		return
	}
	const malformed = "signingCertificate is malformed, or has policies"
	fields := children(*attribute, sequence)
	need(len(fields) == 1, malformed)
	ids := children(fields[0], sequence)
	need(len(ids) > 0 && len(ids) <= maxCertificates, malformed)
	among := []*x509.Certificate{signer}
	for _, id := range ids {
		parts, hash := children(id, sequence), usual
		if usual == crypto.SHA256 && len(parts) > 0 && parts[0].tag == sequence {
			hash, parts = readDigest(parts[0]), parts[1:]
		}
		need((len(parts) == 1 || len(parts) == 2) && parts[0].tag == octetString, malformed)
		var issuerAndSerial []byte
		if len(parts) == 2 {
			named := children(parts[1], sequence)
			need(len(named) == 2, malformed)
			issuer := only(children(only(children(named[0], sequence)), 0xa4))
			issuerAndSerial = append(append([]byte{}, issuer.raw...), named[1].raw...)
		}
		found := false
		for _, one := range among {
			found = found || bytes.Equal(digest(hash, one.Raw), parts[0].contents) &&
				(issuerAndSerial == nil || bytes.Equal(issuerAndSerial, readCertificate(one.Raw).issuerAndSerial))
		}
		trust(found, "signingCertificate names other certificates")
		among = path
	}
}
