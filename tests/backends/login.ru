# frozen_string_literal: true

# SPDX-License-Identifier: Apache-2.0

# An application that lets in who the proxy says a client is, by headers of single variables: Rack's.

run(lambda do |environ|
  name = environ.fetch('HTTP_X_SSL_CLIENT_S_DN_CN', '')
  known = environ['HTTP_X_SSL_CLIENT_VERIFY'] == 'SUCCESS' && !name.empty?
  body = known ? "hello #{name}\n" : "who are you?\n"
  [known ? 200 : 401, { 'content-type' => 'text/plain' }, [body]]
end)
