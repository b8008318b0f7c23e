# frozen_string_literal: true

# SPDX-License-Identifier: Apache-2.0

# Verifies the signed Client-Cert field (docs/format.md), for Rack:
#
#     use ClientCert::Rack, ClientCert::Verifier.new(anchors: File.read('ca.pem'), names: ['proxy.example'])
#
# Copy this file. It needs Ruby 3.0 or newer with its own openssl, 3.0 or newer, and nothing else.
#
# OpenSSL::CMS does not exist, and OpenSSL::PKCS7 takes BER and no Ed25519. So the envelope is read here,
# as strict DER, and OpenSSL verifies the signature and the path.

require 'openssl'

module ClientCert
  MAX_VALUE = 65_536
  MAX_CERTIFICATES = 8
  MAX_DEPTH = 32

  INTEGER = 0x02
  BIT_STRING = 0x03
  OCTET_STRING = 0x04
  OID = 0x06
  UTC_TIME = 0x17
  GENERALIZED_TIME = 0x18
  SEQUENCE = 0x30
  SET = 0x31

  DATA = '1.2.840.113549.1.7.1'
  SIGNED_DATA = '1.2.840.113549.1.7.2'
  CONTENT_TYPE = '1.2.840.113549.1.9.3'
  MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
  SIGNING_TIME = '1.2.840.113549.1.9.5'
  COUNTERSIGNATURE = '1.2.840.113549.1.9.6'
  SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12'
  SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
  ALGORITHM_PROTECTION = '1.2.840.113549.1.9.52'

  DIGESTS = {
    '2.16.840.1.101.3.4.2.1' => 'SHA256',
    '2.16.840.1.101.3.4.2.2' => 'SHA384',
    '2.16.840.1.101.3.4.2.3' => 'SHA512'
  }.freeze
  NO_PARAMETERS = ''.b.freeze
  NULL = "\x05\x00".b.freeze
  # The kind of key, the digest that is named with it, and the parameters that it may have.
  SIGNATURES = {
    '1.2.840.113549.1.1.1' => [:rsa, nil, [NULL]],
    '1.2.840.113549.1.1.11' => [:rsa, 'SHA256', [NO_PARAMETERS, NULL]],
    '1.2.840.113549.1.1.12' => [:rsa, 'SHA384', [NO_PARAMETERS, NULL]],
    '1.2.840.113549.1.1.13' => [:rsa, 'SHA512', [NO_PARAMETERS, NULL]],
    '1.2.840.10045.4.3.2' => [:ec, 'SHA256', [NO_PARAMETERS]],
    '1.2.840.10045.4.3.3' => [:ec, 'SHA384', [NO_PARAMETERS]],
    '1.2.840.10045.4.3.4' => [:ec, 'SHA512', [NO_PARAMETERS]],
    '1.3.101.112' => [:ed25519, 'SHA512', [NO_PARAMETERS]]
  }.freeze
  CURVES = %w[1.2.840.10045.3.1.7 1.3.132.0.34 1.3.132.0.35].freeze
  # How certificates may be signed, RSASSA-PSS left out: no SHA-1, no MD5.
  STRONG_SIGNATURES = %w[
    1.2.840.113549.1.1.11 1.2.840.113549.1.1.12 1.2.840.113549.1.1.13
    1.2.840.10045.4.3.2 1.2.840.10045.4.3.3 1.2.840.10045.4.3.4 1.3.101.112
  ].freeze
  BASIC_CONSTRAINTS = '2.5.29.19'
  KEY_USAGE = '2.5.29.15'
  EXTENDED_KEY_USAGE = '2.5.29.37'
  SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
  TLS_PURPOSES = %w[1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2].freeze

  # The value is not accepted. The reason is for the log, not for the client.
  class Refused < StandardError
    def status = 403
  end

  # The value is not what the format has.
  class Malformed < Refused
    def status = 400
  end

  # There is no such field: no identity.
  class Absent < Refused
    def status = 401
  end

  # Who the client is, verified: the certificate and the signer's in DER, the signing time in Unix seconds.
  Client = Struct.new(:der, :signer, :signing_time) do
    def sha256 = OpenSSL::Digest.hexdigest('SHA256', der)
    def certificate = OpenSSL::X509::Certificate.new(der)
  end

  # Strict DER: definite lengths in the fewest octets, tags of one octet.
  class Reader
    def initialize(octets)
      @octets = octets
      @at = 0
    end

    def more? = @at < @octets.bytesize

    # What is left, as it is.
    def rest = @octets.byteslice(@at..)

    # Tag, contents and the whole of the next element.
    def any
      start = @at
      tag, length = @octets.byteslice(start, 2).unpack('CC')
      raise Malformed, 'value-der' if length.nil? || tag & 0x1F == 0x1F

      at = start + 2
      if length >= 0x80
        count = length & 0x7F
        digits = @octets.byteslice(at, count).bytes
        at += count
        raise Malformed, 'value-ber' if !count.between?(1, 4) || digits.size < count || digits[0].zero?

        length = digits.inject(0) { |number, digit| number << 8 | digit }
        raise Malformed, 'value-ber' if length < 0x80
      end
      raise Malformed, 'value-der' if length > @octets.bytesize - at

      @at = at + length
      [tag, @octets.byteslice(at, length), @octets.byteslice(start, @at - start)]
    end

    def take(tag)
      found, contents, = any
      found == tag ? contents : raise(Malformed, 'value-der')
    end

    def raw(tag)
      found, _, raw = any
      found == tag ? raw : raise(Malformed, 'value-der')
    end

    def oid = ClientCert.oid(take(OID))

    def optional(tag)
      take(tag) if more? && @octets.getbyte(@at) == tag
    end

    def end
      raise Malformed, 'value-der' if more?
    end
  end

  module_function

  def only(octets, tag, reason = 'value-der')
    reader = Reader.new(octets)
    contents = reader.take(tag)
    reader.end
    contents
  rescue Malformed
    raise Malformed, reason
  end

  def oid(contents)
    raise Malformed, 'value-der' unless contents.match?(/\A(?:(?!\x80)[\x80-\xff]{0,7}[\x00-\x7f])+\z/n)

    numbers = contents.unpack('w*')
    first = [2, numbers[0] / 40].min
    [first, numbers[0] - 40 * first, *numbers[1..]].join('.')
  end

  # All elements of these octets, down to the leaves.
  def check_der(octets, depth = MAX_DEPTH)
    reader = Reader.new(octets)
    while reader.more?
      tag, contents, = reader.any
      constructed = tag & 0x20 != 0
      universal = (tag & 0xC0).zero?
      raise Malformed, 'value-ber' if universal && constructed != [8, 11, 16, 17, 29].include?(tag & 0x1F)
      raise Malformed, 'value-der' if constructed ? depth.zero? : universal && !primitive?(tag, contents)

      check_der(contents, depth - 1) if constructed
    end
  end

  def primitive?(tag, contents)
    case tag
    when 0 then false
    when 1 then ["\x00".b, "\xff".b].include?(contents)
    when 2, 10 then !contents.empty? && !contents.match?(/\A(?:\x00[\x00-\x7f]|\xff[\x80-\xff])/n)
    when 3
      unused, last = contents.getbyte(0), contents.getbyte(-1)
      !unused.nil? && unused < 8 &&
        (contents.bytesize > 1 ? (last & ((1 << unused) - 1)).zero? : unused.zero?)
    when 5 then contents.empty?
    when 6 then contents.match?(/\A(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+\z/n)
    when UTC_TIME then contents.match?(/\A[0-9]{12}Z\z/n)
    when GENERALIZED_TIME then contents.match?(/\A[0-9]{14}(?:\.[0-9]*[1-9])?Z\z/n)
    when 28 then (contents.bytesize % 4).zero?
    when 30 then contents.bytesize.even?
    else true
    end
  end

  # In Unix seconds. RFC 5652, 11.3: UTCTime until 2049.
  def read_time(tag, text)
    digits = { UTC_TIME => 2, GENERALIZED_TIME => 4 }[tag]
    found = digits && text.match(/\A(\d{#{digits}})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z\z/n)
    raise Malformed, 'value-attribute-malformed' unless found

    year, month, day, hour, minute, second = found.captures.map { |number| number.to_i(10) }
    year += year < 50 ? 2000 : 1900 if tag == UTC_TIME
    time = Time.utc(year, month, day, hour, minute, second)
    # Time.utc() makes the 30th of February the 2nd of March.
    raise Malformed, 'value-attribute-malformed' if
      [time.month, time.day, time.hour, time.min, time.sec] != [month, day, hour, minute, second] ||
      year.between?(1950, 2049) != (tag == UTC_TIME)

    time.to_i
  rescue ArgumentError
    raise Malformed, 'value-attribute-malformed'
  end

  def pem_blocks(text, label)
    text.to_s.scan(/-----BEGIN #{label}-----.*?-----END #{label}-----/m)
  end

  # What a certificate says, without its key being decoded: OpenSSL::X509::Extension#value joins names by
  # commas, which they can have in them.
  class Certificate
    attr_reader :der, :identifier, :key_kind, :signature_algorithm, :not_before, :not_after

    def initialize(der)
      @der = der.b
      read
    rescue Malformed
      raise Malformed, 'value-certificates'
    end

    def ==(other) = other.is_a?(Certificate) && der == other.der

    # RSA of 2,048 to 8,192 bits with a short, odd exponent; P-256, P-384, P-521; Ed25519.
    def check_key(small = 'chain-weak')
      raise Refused, 'signer-key-unsupported' if key_kind == :other
      return unless key_kind == :rsa

      reader = Reader.new(ClientCert.only(@key, SEQUENCE))
      numbers = Array.new(2) { reader.take(INTEGER) }
      # OpenSSL takes a negative number for one that is not.
      raise Refused, 'signer-key-unsupported' if numbers.any? { |number| number.empty? || number.getbyte(0) >= 0x80 }

      modulus, exponent = numbers.map { |number| OpenSSL::BN.new(number, 2) }
      raise Refused, small if modulus.num_bits < 2048
      raise Refused, 'signer-key-unsupported' if
        modulus.num_bits > 8192 || exponent.num_bits > 32 || !exponent.odd? || exponent.one?
    end

    def ca?
      value = @extensions[BASIC_CONSTRAINTS]
      !value.nil? && Reader.new(ClientCert.only(value, SEQUENCE)).optional(0x01) == "\xff".b
    end

    # keyUsage absent or with digitalSignature; purposes absent or serverAuth or clientAuth; one of the names.
    def check_use(names)
      usage = @extensions[KEY_USAGE]
      raise Refused, 'signer-usage' if usage && (ClientCert.only(usage, BIT_STRING).getbyte(1).to_i & 0x80).zero?

      if (purposes = @extensions[EXTENDED_KEY_USAGE])
        reader = Reader.new(ClientCert.only(purposes, SEQUENCE))
        found = []
        found << reader.oid while reader.more?
        raise Refused, 'signer-usage' unless (found & TLS_PURPOSES).any?
      end
      check_names(names) unless names.empty?
    end

    def load
      OpenSSL::X509::Certificate.new(der)
    rescue OpenSSL::X509::CertificateError
      raise Malformed, 'value-certificates'
    end

    private

    def check_names(names)
      reader = Reader.new(ClientCert.only(@extensions[SUBJECT_ALTERNATIVE_NAME] || "\x30\x00".b, SEQUENCE))
      found = Hash.new { |hash, tag| hash[tag] = [] }
      while reader.more?
        tag, name, = reader.any
        found[tag] << name
      end
      dns = found[0x82].map { |name| name.downcase(:ascii) }
      good = names.any? do |name|
        name.include?(':') ? found[0x86] == [name.b] : dns.include?(name.downcase(:ascii).b)
      end
      raise Refused, 'signer-name' unless good
    end

    def read
      outer = Reader.new(ClientCert.only(der, SEQUENCE))
      reader = Reader.new(outer.take(SEQUENCE))
      @signature_algorithm = Reader.new(outer.take(SEQUENCE)).oid
      reader.optional(0xA0)
      serial = reader.raw(INTEGER)
      reader.take(SEQUENCE)
      @identifier = [reader.raw(SEQUENCE), serial]
      validity = Reader.new(reader.take(SEQUENCE))
      @not_before, @not_after = Array.new(2) { ClientCert.read_time(*validity.any.first(2)) }
      reader.take(SEQUENCE)
      read_key(Reader.new(reader.take(SEQUENCE)))
      reader.optional(0x81)
      reader.optional(0x82)
      extensions = reader.optional(0xA3)
      reader.end
      read_extensions(Reader.new(extensions ? ClientCert.only(extensions, SEQUENCE) : ''.b))
    end

    def read_key(info)
      algorithm = Reader.new(info.take(SEQUENCE))
      kind = algorithm.oid
      curve = algorithm.optional(OID)
      @key = info.take(BIT_STRING).byteslice(1..)
      @key_kind =
        if kind == '1.2.840.113549.1.1.1' && curve.nil? then :rsa
        elsif kind == '1.3.101.112' && curve.nil? then :ed25519
        elsif kind == '1.2.840.10045.2.1' && curve && CURVES.include?(ClientCert.oid(curve)) then :ec
        else :other
        end
    end

    def read_extensions(list)
      @extensions = {}
      while list.more?
        extension = Reader.new(list.take(SEQUENCE))
        id = extension.oid
        extension.optional(0x01)
        raise Malformed, 'value-certificates' if @extensions.key?(id)

        @extensions[id] = extension.take(OCTET_STRING)
        extension.end
      end
    end
  end

  # What a value says, of which nothing is verified.
  class SignedData
    attr_reader :content, :signing_time, :identifier, :certificates

    def initialize(der)
      reader = Reader.new(der)
      content_info = Reader.new(reader.take(SEQUENCE))
      raise Malformed, 'value-trailing' if reader.more?
      raise Malformed, 'value-not-signed-data' if content_info.oid != SIGNED_DATA

      explicit = content_info.take(0xA0)
      content_info.end
      read_signed_data(Reader.new(ClientCert.only(explicit, SEQUENCE)))
    end

    def check_attributes
      raise Refused, 'algorithm-protection-mismatch' if
        @protected && @protected != [@digest_identifier, @signature_identifier]
      raise Refused, 'content-type-mismatch' if @content_type != DATA
      raise Refused, 'digest-mismatch' if @message_digest != OpenSSL::Digest.digest(@digest, content)
    end

    def check_signature(signer, key)
      kind, digest = SIGNATURES[Reader.new(@signature_identifier).oid]
      raise Refused, 'algorithm-mismatch' if kind != signer.key_kind || (digest || @digest) != @digest

      good = begin
        key.verify(kind == :ed25519 ? nil : @digest, @signature, @signed)
      rescue OpenSSL::PKey::PKeyError
        false
      end
      raise Refused, 'bad-signature' unless good == true
    end

    # RFC 5035, 3: the first is the signer's, others are above it on the path.
    def check_signing_certificates(signer, issuers)
      @signing_certificates.each do |first, *others|
        good = of?(first, signer) && others.all? do |other|
          !of?(other, signer) && issuers.any? { |issuer| of?(other, issuer) }
        end
        raise Refused, 'signing-certificate-mismatch' unless good
      end
    end

    private

    def of?((digest, value, issuer_serial), certificate)
      value == OpenSSL::Digest.digest(digest, certificate.der) &&
        (issuer_serial.nil? || issuer_serial == certificate.identifier)
    end

    def read_signed_data(reader)
      raise Malformed, 'value-version' if reader.take(INTEGER) != "\x01".b

      digest = read_digest(ClientCert.only(reader.take(SET), SEQUENCE, 'value-digest-algorithm'))
      encapsulated = reader.take(SEQUENCE)
      certificates = reader.optional(0xA0)
      raise Malformed, 'value-crls' if reader.optional(0xA1)

      signers = reader.take(SET)
      reader.end
      ClientCert.check_der(encapsulated)
      ClientCert.check_der(signers)
      read_content(Reader.new(encapsulated))
      read_signer(Reader.new(ClientCert.only(signers, SEQUENCE, 'value-signers')))
      raise Malformed, 'value-digest-algorithm' if @digest != digest

      read_certificates(certificates)
    end

    def read_content(reader)
      raise Malformed, 'value-content-type' if reader.oid != DATA

      content = reader.optional(0xA0)
      reader.end
      raise Malformed, 'value-detached' unless content

      @content = ClientCert.only(content, OCTET_STRING)
    end

    def read_signer(signer)
      raise Malformed, 'value-version' if signer.take(INTEGER) != "\x01".b

      tag, identifier, = signer.any
      raise Malformed, 'value-signer-identifier' if tag != SEQUENCE

      @digest_identifier = signer.take(SEQUENCE)
      attributes = signer.optional(0xA0)
      raise Malformed, 'value-no-signed-attributes' if attributes.nil? || attributes.empty?

      @signature_identifier = signer.take(SEQUENCE)
      @signature = signer.take(OCTET_STRING)
      raise Malformed, 'value-unsigned-attributes' if signer.optional(0xA1)

      signer.end
      reader = Reader.new(identifier)
      @identifier = [reader.raw(SEQUENCE), reader.raw(INTEGER)]
      reader.end
      @digest = read_digest(@digest_identifier)
      reader = Reader.new(@signature_identifier)
      _, _, allowed = SIGNATURES[reader.oid]
      raise Malformed, 'value-signature-algorithm' unless allowed&.include?(reader.rest)

      read_attributes(attributes)
    end

    def read_digest(identifier)
      reader = Reader.new(identifier)
      digest = DIGESTS[reader.oid]
      raise Malformed, 'value-digest-algorithm' unless digest && [NO_PARAMETERS, NULL].include?(reader.rest)

      digest
    end

    def read_attributes(contents)
      # RFC 5652, 5.4: signed with the tag of a SET OF, in DER.
      digits = [contents.bytesize].pack('N').sub(/\A\x00+/n, ''.b)
      length = contents.bytesize < 0x80 ? digits : (0x80 | digits.bytesize).chr.b + digits
      @signed = SET.chr.b + length + contents
      values = attribute_values(contents)
      raise Malformed, 'value-attribute-missing' unless
        [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME].all? { |kind| values.key?(kind) }

      begin
        read_known(values)
      rescue Malformed
        raise Malformed, 'value-attribute-malformed'
      end
    end

    def attribute_values(contents)
      reader = Reader.new(contents)
      values = {}
      last = ''.b
      while reader.more?
        tag, attribute, raw = reader.any
        raise Malformed, 'value-attributes-unsorted' if (raw <=> last).negative?

        last = raw
        kind, value = attribute_value(tag, attribute)
        raise Malformed, 'value-attribute-twice' if values.key?(kind)
        raise Malformed, 'value-attribute-malformed' if
          kind == COUNTERSIGNATURE || [0x28, 0x2B, 0x3D].include?(value[0])

        values[kind] = value
      end
      values
    end

    def attribute_value(tag, attribute)
      reader = Reader.new(attribute)
      kind = tag == SEQUENCE ? reader.oid : raise(Malformed)
      set = Reader.new(reader.take(SET))
      reader.end
      value = set.any
      set.end
      [kind, value]
    rescue Malformed
      raise Malformed, 'value-attribute-malformed'
    end

    def read_known(values)
      of = ->(kind, tag) { values[kind][0] == tag ? values[kind][1] : raise(Malformed) }
      @content_type = ClientCert.oid(of.(CONTENT_TYPE, OID))
      @message_digest = of.(MESSAGE_DIGEST, OCTET_STRING)
      @signing_time = ClientCert.read_time(*values[SIGNING_TIME].first(2))
      kinds = { SIGNING_CERTIFICATE_V2 => 'SHA256', SIGNING_CERTIFICATE => 'SHA1' }
      @signing_certificates = kinds.filter_map do |kind, digest|
        read_signing_certificates(of.(kind, SEQUENCE), digest) if values.key?(kind)
      end
      return unless values.key?(ALGORITHM_PROTECTION)

      reader = Reader.new(of.(ALGORITHM_PROTECTION, SEQUENCE))
      @protected = [reader.take(SEQUENCE), reader.take(0xA1)]
      reader.end
    end

    def read_signing_certificates(contents, digest)
      reader = Reader.new(contents)
      list = Reader.new(reader.take(SEQUENCE))
      reader.optional(SEQUENCE)
      reader.end
      found = []
      while list.more?
        identifier = Reader.new(list.take(SEQUENCE))
        algorithm = identifier.optional(SEQUENCE) if digest != 'SHA1'
        value = identifier.take(OCTET_STRING)
        issuer_serial = identifier.optional(SEQUENCE)
        identifier.end
        found << [algorithm ? read_digest(algorithm) : digest, value,
                  issuer_serial && read_issuer_serial(Reader.new(issuer_serial))]
      end
      found.size.between?(1, MAX_CERTIFICATES) ? found : raise(Malformed)
    end

    def read_issuer_serial(reader)
      names = reader.take(SEQUENCE)
      serial = reader.raw(INTEGER)
      reader.end
      name = Reader.new(ClientCert.only(names, 0xA4))
      issuer = name.raw(SEQUENCE)
      name.end
      [issuer, serial]
    end

    def read_certificates(contents)
      @certificates = []
      return if contents.nil?

      reader = Reader.new(contents)
      found = []
      while reader.more?
        tag, _, raw = reader.any
        raise Malformed, 'value-certificates' if tag != SEQUENCE

        found << raw
        raise Malformed, 'value-certificate-count' if found.size > MAX_CERTIFICATES
      end
      raise Malformed, 'value-certificate-count' if found.empty?

      @certificates = found.uniq.map { |der| Certificate.new(der) }
      certificates.each do |certificate|
        certificate.check_key(certificate.identifier == identifier ? 'signer-key-too-small' : 'chain-weak')
      end
    end
  end

  # What is trusted.
  #
  # anchors, pins, crls: PEM. An anchor is a CA to which the signer must lead; a pin is a signer's own
  # certificate. With crls every certificate of a path needs one, the root too; not a pin.
  #
  # names: the signer has one of them in its subjectAltName, as a dNSName or, with a colon, as its only URI.
  # They are needed with anchors, since a CA issues to its users too.
  #
  # require_peer: the signer must be the TLS client of this connection. Only where the server does not tell who
  # that is should it be false: then who has seen a value can send it for max_age seconds.
  class Verifier
    attr_reader :require_peer

    def initialize(anchors: nil, pins: nil, crls: nil, names: [], max_age: 300, skew: 30, require_peer: true,
                   format: 'cms')
      load = ->(pem) { OpenSSL::X509::Certificate.new(pem) }
      @anchors = ClientCert.pem_blocks(anchors, 'CERTIFICATE').map(&load)
      @pins = ClientCert.pem_blocks(pins, 'CERTIFICATE').map(&load)
      @crls = crls && read_crls(crls)
      @names = names
      @max_age = max_age
      @skew = skew
      @require_peer = require_peer
      @format = format
      raise ArgumentError, 'nothing-trusted: anchors or pins are needed' if @anchors.empty? && @pins.empty?
      raise ArgumentError, 'signer-name: names are needed with anchors' if @anchors.any? && names.empty?
      raise ArgumentError, 'the format is cms or cms-sf' unless %w[cms cms-sf].include?(format)
      raise ArgumentError, 'max_age is 1 or more, skew 0 or more' if max_age < 1 || skew.negative?
    end

    # The Client of the field's values, one for each line of it. Raises Absent, Malformed or Refused.
    #
    # peer: the certificate in DER that the TLS client of the connection presented and that TLS verified.
    def verify(values, peer = nil, now = Time.now.to_i)
      raise Absent, 'header-absent' if values.empty?
      raise Malformed, 'value-several' if values.size > 1

      data = SignedData.new(decode(values[0].b))
      raise Refused, 'stale' if now - data.signing_time > @max_age
      raise Refused, 'from-the-future' if data.signing_time - now > @skew

      data.check_attributes
      signer = find_signer(data, peer)
      signer.check_key('signer-key-too-small')
      signer.check_use(@names)
      # With a peer, TLS has proved this key: a forged value costs one verification.
      data.check_signature(signer, key_of(signer)) if require_peer
      issuers = check_path(signer, data.certificates, now)
      data.check_signature(signer, key_of(signer)) unless require_peer
      data.check_signing_certificates(signer, issuers)
      check_content(data.content, now)
      Client.new(data.content, signer.der, data.signing_time)
    end

    private

    # Without deltas, which alone say nothing; before 3.0.20 OpenSSL takes them for whole ones.
    def read_crls(pem)
      crls = ClientCert.pem_blocks(pem, 'X509 CRL').map { |block| OpenSSL::X509::CRL.new(block) }
      # To OpenSSL it would be good for ever.
      raise ArgumentError, 'crls-malformed: a CRL without nextUpdate' if crls.any? { |crl| crl.next_update.nil? }

      crls.reject { |crl| crl.extensions.any? { |extension| extension.oid == 'deltaCRL' } }
    end

    def decode(value)
      raise Malformed, 'value-empty' if value.delete(" \t\r\n").empty?
      raise Malformed, 'value-too-long' if value.bytesize > MAX_VALUE

      if @format == 'cms-sf'
        found = value.match(/\A:(.*):\z/mn)
        raise Malformed, 'value-byte-sequence' unless found

        value = found[1]
      end
      decoded = value.unpack1('m0')
      # Also that no bits are set which no octet has.
      raise Malformed, 'value-base64' if decoded.empty? || [decoded].pack('m0') != value

      decoded
    rescue ArgumentError
      raise Malformed, 'value-base64'
    end

    def find_signer(data, peer)
      named = ->(certificate) { certificate.identifier == data.identifier }
      found = data.certificates.select(&named)
      raise Refused, 'signer-unknown' if found.size > 1

      if require_peer
        raise Refused, 'peer-absent' if peer.nil?

        signer = Certificate.new(peer)
        raise Refused, 'signer-not-peer' if !named.(signer) || (found.any? && found[0] != signer)
      else
        pins = @pins.map { |pin| Certificate.new(pin.to_der) }.select(&named).uniq(&:der)
        signer = found[0] || (pins.size == 1 ? pins[0] : raise(Refused, 'signer-unknown'))
      end
      signer
    end

    def key_of(signer)
      signer.load.public_key
    rescue OpenSSL::PKey::PKeyError, OpenSSL::X509::CertificateError
      raise Refused, 'signer-key-unsupported'
    end

    # A path to an anchor, or the pin by itself. Returns the issuers.
    def check_path(signer, certificates, now)
      pin = @pins.find { |candidate| candidate.to_der == signer.der }
      raise Refused, 'signer-untrusted' if pin.nil? && @anchors.empty?
      raise Refused, 'signer-is-ca' if pin.nil? && signer.ca?

      store = OpenSSL::X509::Store.new
      (pin ? [pin] : @anchors.uniq(&:to_der)).each { |anchor| store.add_cert(anchor) }
      flags = OpenSSL::X509::V_FLAG_PARTIAL_CHAIN
      if @crls && !pin
        @crls.each { |crl| store.add_crl(crl) }
        flags |= OpenSSL::X509::V_FLAG_CRL_CHECK | OpenSSL::X509::V_FLAG_CRL_CHECK_ALL
      end
      store.flags = flags
      store.time = Time.at(now)
      others = pin ? [] : certificates.reject { |other| other == signer }.map(&:load)
      context = OpenSSL::X509::StoreContext.new(store, signer.load, others)
      raise Refused, "signer-untrusted: #{context.error_string}" unless context.verify == true

      check_strength(context.chain.map { |link| Certificate.new(link.to_der) }, pin)
    end

    # OpenSSL's security level 2, which Ruby cannot ask for, and that issuers are CAs in so many words.
    def check_strength(chain, pin)
      chain.each_with_index do |link, place|
        link.check_key
        raise Refused, 'chain-weak' if
          place < chain.size - 1 && !STRONG_SIGNATURES.include?(link.signature_algorithm)
        raise Refused, 'signer-untrusted' if place.positive? && !link.ca?
      end
      pin ? [] : chain.drop(1)
    end

    # Exactly one certificate, as OpenSSL writes it. Its key and names are its own business.
    def check_content(der, now)
      begin
        # OpenSSL::X509::Certificate.new() takes PEM, too.
        raise Malformed, 'value-content' if OpenSSL::X509::Certificate.new(der).to_der != der

        certificate = Certificate.new(der)
      rescue Malformed, OpenSSL::X509::CertificateError
        raise Malformed, 'value-content'
      end
      raise Refused, 'certificate-not-yet-valid' if now < certificate.not_before
      raise Refused, 'certificate-expired' if now >= certificate.not_after
    end
  end

  # Middleware. The application finds a Client as env['client_cert'], or nil.
  #
  # required: without the field the answer is 401; otherwise the application goes on without a client.
  #
  # peer: gives the TLS client's certificate of an environment in DER, verified, or nil. The default reads
  # Puma's (ssl_bind with verify_mode=force_peer and ca), or what httpd exports to Passenger.
  class Rack
    def initialize(app, verifier, required: false, header: 'Client-Cert', peer: ClientCert.method(:peer_of), log: nil)
      @app = app
      @verifier = verifier
      @required = required
      @variable = "HTTP_#{header.upcase.tr('-', '_')}"
      @peer = peer
      @log = log
    end

    def call(env)
      # Rack has one string for all lines, joined by commas, which are no base64.
      value = env[@variable]
      env = env.reject { |name, _| name == @variable }
      env['client_cert'] = nil
      begin
        peer = @peer.call(env) if @verifier.require_peer
        env['client_cert'] = @verifier.verify(value.nil? ? [] : [value], peer)
      rescue Refused => e
        return refuse(e) if @required || !e.is_a?(Absent)
      end
      @app.call(env)
    end

    private

    def refuse(error)
      @log&.call("client certificate refused: #{error.message}")
      phrase = { 400 => 'Bad Request', 401 => 'Unauthorized', 403 => 'Forbidden' }[error.status]
      [error.status, { 'content-type' => 'text/plain' }, ["#{phrase}\n"]]
    end
  end

  def peer_of(env)
    return env['puma.peercert'].to_der if env['puma.peercert']
    return unless env['SSL_CLIENT_VERIFY'] == 'SUCCESS'

    blocks = pem_blocks(env['SSL_CLIENT_CERT'], 'CERTIFICATE')
    OpenSSL::X509::Certificate.new(blocks[0]).to_der if blocks.size == 1
  end
end
