// SPDX-License-Identifier: Apache-2.0

// Verifies values that come on standard input, one case a line: see tests/verifiers/cases.py.
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"clientcert"
)

func list(field string) (all [][]byte) {
	if field == "-" {
		return nil
	}
	for _, one := range strings.Split(field, ",") {
		octets, err := base64.StdEncoding.DecodeString(one)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, octets)
	}
	return all
}

func number(field string) int64 {
	read, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return read
}

func answer(field []string) string {
	options := clientcert.Options{
		Format:      field[1],
		MaxAge:      time.Duration(number(field[3])) * time.Second,
		Skew:        time.Duration(number(field[4])) * time.Second,
		WithoutPeer: field[7] == "none",
	}
	if options.Skew == 0 {
		options.Skew = -1
	}
	for _, der := range list(field[5]) {
		options.Trust = append(options.Trust, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	for _, der := range list(field[9]) {
		options.CRLs = append(options.CRLs, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	if field[6] != "-" {
		options.Names = strings.Split(field[6], " ")
	}
	verifier, err := clientcert.New(options)
	if err != nil {
		return "configuration\t" + err.Error()
	}
	var peer *x509.Certificate
	if !options.WithoutPeer {
		for _, der := range list(field[7]) {
			if peer, err = x509.ParseCertificate(der); err != nil {
				return "refused\tTLS would not have this peer: " + err.Error()
			}
		}
	}
	var values []string
	for _, value := range list(field[8]) {
		values = append(values, string(value))
	}
	client, err := verifier.Verify(values, peer, time.Unix(number(field[2]), 0))
	var refused *clientcert.Refused
	switch {
	case errors.As(err, &refused) && refused.Status == 400:
		return "malformed\t" + err.Error()
	case errors.As(err, &refused):
		return "refused\t" + err.Error()
	case err != nil:
		log.Fatal(err)
	case client == nil:
		return "absent"
	}
	return fmt.Sprintf("accepted\t%x\t%x\t%d", sha256.Sum256(client.Certificate.Raw), sha256.Sum256(client.Signer.Raw), client.SigningTime.Unix())
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		fmt.Printf("%s\t%s\n", field[0], strings.NewReplacer("\n", " ", "\r", " ").Replace(answer(field)))
	}
	if lines.Err() != nil {
		log.Fatal(lines.Err())
	}
}
