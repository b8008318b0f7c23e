// SPDX-License-Identifier: Apache-2.0

package clientcert;

import java.io.IOException;

import java.security.cert.X509Certificate;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

/** Greets the client that the filter shows; knows nothing of the header. */
public final class Application extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Object shown = request.getAttribute("jakarta.servlet.request.X509Certificate");
        response.setContentType("text/plain");
        if (request.getHeader("client-cert") != null || request.getHeaders("Client-Cert").hasMoreElements()) {
            response.setStatus(500);
        } else if (shown instanceof X509Certificate[] certificates && request.getUserPrincipal() != null) {
            response.getWriter().println("hello " + certificates[0].getSubjectX500Principal().getName()
                + (request.getRemoteUser().equals(request.getUserPrincipal().getName()) ? "" : "?"));
        } else {
            response.setStatus(shown == null && request.getRemoteUser() == null ? 401 : 500);
            response.getWriter().println("who are you?");
        }
    }
}
