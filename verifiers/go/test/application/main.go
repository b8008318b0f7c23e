// SPDX-License-Identifier: Apache-2.0

// An application that greets the client whom the handler shows: application PORT CERTIFICATE KEY CA.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"os"

	"clientcert"
)

func main() {
	port, certificate, key := os.Args[1], os.Args[2], os.Args[3]
	ca, err := os.ReadFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := clientcert.New(clientcert.Options{Trust: ca, Names: []string{"ttrp.example"}})
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	server := &http.Server{
		Addr:           "127.0.0.1:" + port,
		MaxHeaderBytes: 1 << 17,
		TLSConfig:      &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool},
		Handler: verifier.Handler(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
			switch client := clientcert.FromContext(request.Context()); {
			case len(request.Header.Values("Client-Cert")) > 0:
				response.WriteHeader(http.StatusInternalServerError)
			case client == nil:
				http.Error(response, "who are you?", http.StatusUnauthorized)
			default:
				fmt.Fprintln(response, "hello", client.Certificate.Subject)
			}
		})),
	}
	log.Fatal(server.ListenAndServeTLS(certificate, key))
}
