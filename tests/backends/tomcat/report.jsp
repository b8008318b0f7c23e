<%-- SPDX-License-Identifier: Apache-2.0 --%>
<%@ page contentType="application/json" trimDirectiveWhitespaces="true" %>
<%@ page import="java.security.cert.X509Certificate" %>
<%@ page import="java.util.Base64" %>
<%@ page import="java.util.Collections" %>
<%@ page import="java.util.StringJoiner" %>
<%!
    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\' || c < ' ' || c > '~') {
                json.append(String.format("\\u%04x", (int) c));
            }
            else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
%>
<%
    // The fields of the request, and what the connector makes of its own
    // attributes: the certificate as any servlet would ask for it.
    StringJoiner raw = new StringJoiner(",", "[", "]");
    for (String name : Collections.list(request.getHeaderNames())) {
        for (String value : Collections.list(request.getHeaders(name))) {
            raw.add(quoted(name + ": " + value));
        }
    }
    StringJoiner certificates = new StringJoiner(",", "[", "]");
    Object attribute = request.getAttribute("jakarta.servlet.request.X509Certificate");
    if (attribute instanceof X509Certificate[]) {
        for (X509Certificate certificate : (X509Certificate[]) attribute) {
            certificates.add(quoted(Base64.getEncoder().encodeToString(certificate.getEncoded())));
        }
    }
    String json = "{\"raw\":" + raw + ",\"certificates\":" + certificates
        + ",\"user\":" + quoted(String.valueOf(request.getRemoteUser())) + "}";
    // By the stream: the writer would add a charset to the type.
    byte[] body = json.getBytes("US-ASCII");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
    out.clear();
    out = pageContext.pushBody();
%>
