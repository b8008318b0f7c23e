# frozen_string_literal: true

# SPDX-License-Identifier: Apache-2.0

# The verifier agrees with every vector of a signed format, and so does the middleware.

require 'json'
require_relative '../client_cert'

VECTORS = File.expand_path('../../../vectors', __dir__)
CASES = JSON.parse(File.read("#{VECTORS}/vectors.json"))['cases'].select { |c| %w[cms cms-sf].include?(c['format']) }

def read(file) = file && File.binread("#{VECTORS}/#{file}")

def verifier_of(vector)
  config = vector['config']
  ClientCert::Verifier.new(
    anchors: read(config['anchors']), pins: read(config['pins']), crls: read(config['crls']),
    names: config['names'], max_age: config['max_age'], skew: config['skew'],
    require_peer: config['require_peer'], format: vector['format']
  )
end

def peer_of(vector)
  vector['peer'] && OpenSSL::X509::Certificate.new(read(vector['peer'])).to_der
end

def found(vector)
  values = vector['fields'].select { |field| field['name'].casecmp?('client-cert') }.map { |field| field['value'] }
  verifier_of(vector).verify(values, peer_of(vector), vector['at'])
rescue ClientCert::Refused, ArgumentError => e
  e
end

$wrong = []
def check(condition, what) = condition || $wrong << what

like = 0
CASES.each do |vector|
  result = found(vector)
  name = vector['name']
  if vector['accepted']
    good = result.is_a?(ClientCert::Client) &&
           [result.sha256, [result.der].pack('m0'), result.signing_time,
            OpenSSL::Digest.hexdigest('SHA256', result.signer)] ==
           [vector['client']['sha256'], vector['client']['der'], vector['signing_time'], vector['signer_sha256']]
    check(good, "#{name}: #{result.inspect}, and the vector is accepted")
  else
    accepted = result.is_a?(ClientCert::Client)
    check(!accepted, "#{name}: accepted, and the vector says #{vector['reason']}")
    if accepted then next
    elsif result.message.start_with?(vector['reason']) then like += 1
    elsif ENV['VERBOSE'] then puts "#{name}: #{vector['reason']} | #{result.message}"
    end
  end
end
check(CASES.size > 300, 'too few cases')
check(like > 190, "only #{like} are refused for the vector's own reason")

vector = CASES.find { |candidate| candidate['name'] == 'good' }
value = vector['fields'][0]['value']
verifier = verifier_of(vector)

# An octet that is changed is refused, and nothing else happens; and so is what is cut off. Only the copy of the
# signer's certificate in the value may be another one's, since the peer's is at hand.
der = value.unpack1('m0')
der.bytesize.times do |place|
  changed = der.dup
  changed.setbyte(place, changed.getbyte(place) ^ 1 << place % 8)
  [changed, der.byteslice(0, place)].each do |octets|
    client = verifier.verify([[octets].pack('m0')], peer_of(vector), vector['at'])
    same = [client.sha256, client.signer] == [vector['client']['sha256'], peer_of(vector)]
    check(same, "octet #{place} changed: another client")
  rescue ClientCert::Refused
    nil
  end
end

# The middleware, as of the vectors' time.
verifier.define_singleton_method(:verify) { |values, peer = nil| super(values, peer, vector['at']) }
app = lambda do |env|
  check(!env.key?('HTTP_CLIENT_CERT'), 'the value is seen by the application')
  [200, {}, [env['client_cert'] ? env['client_cert'].sha256 : 'none']]
end
ask = lambda do |env, **options|
  status, _, body = ClientCert::Rack.new(app, verifier, **options).call(env)
  status == 200 ? body.join : status
end
peer = { 'puma.peercert' => OpenSSL::X509::Certificate.new(read(vector['peer'])) }
exported = { 'SSL_CLIENT_VERIFY' => 'SUCCESS', 'SSL_CLIENT_CERT' => read(vector['peer']) }
good = vector['client']['sha256']
[
  ['puma', { 'HTTP_CLIENT_CERT' => value, **peer }, {}, good],
  ['httpd', { 'HTTP_CLIENT_CERT' => value, **exported }, {}, good],
  ['absent', peer, {}, 'none'],
  ['absent and required', peer, { required: true }, 401],
  ['no peer', { 'HTTP_CLIENT_CERT' => value }, {}, 403],
  ['not verified', { 'HTTP_CLIENT_CERT' => value, **exported, 'SSL_CLIENT_VERIFY' => 'GENEROUS' }, {}, 403],
  ['a header for the peer', { 'HTTP_CLIENT_CERT' => value, 'HTTP_SSL_CLIENT_CERT' => read(vector['peer']) }, {}, 403],
  ['two lines', { 'HTTP_CLIENT_CERT' => "#{value},#{value}", **peer }, {}, 400],
  ['a peer of the application\'s own', { 'HTTP_CLIENT_CERT' => value }, { peer: ->(_) { peer_of(vector) } }, good]
].each do |what, env, options, expected|
  answer = ask.call(env, **options)
  check(answer == expected, "#{what}: #{answer}, not #{expected}")
end

anchors = read(vector['config']['anchors'])
[{}, { anchors: anchors }, { anchors: '', names: ['a'] }, { anchors: anchors, names: ['a'], max_age: 0 },
 { anchors: anchors, names: ['a'], format: 'rfc9440' }].each do |options|
  ClientCert::Verifier.new(**options)
  check(false, "#{options.keys}: no error")
rescue ArgumentError
  nil
end

puts $wrong
puts "#{CASES.size} vectors, #{$wrong.size} wrong, #{like} refused for the vector's own reason"
exit($wrong.empty?)
