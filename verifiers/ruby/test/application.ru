# frozen_string_literal: true

# SPDX-License-Identifier: Apache-2.0

# Says hello to the client, or 401. The environment names what is trusted: VERIFIER_ANCHORS and VERIFIER_NAMES.

require_relative '../client_cert'

verifier = ClientCert::Verifier.new(anchors: File.read(ENV.fetch('VERIFIER_ANCHORS')),
                                    names: ENV.fetch('VERIFIER_NAMES').split)
application = lambda do |env|
  [200, { 'content-type' => 'text/plain' }, ["hello #{env['client_cert'].certificate.subject.to_utf8}\n"]]
end
# Puma's own reader of such files, where there is no Rack, has no `use` with keywords.
run ClientCert::Rack.new(application, verifier, required: true, log: ->(line) { warn line })
