# SPDX-License-Identifier: Apache-2.0
require 'openssl'

what, *files = ARGV
read = ->(file) { File.binread(file) }
$stdout.binmode
case what
when 'version'
  puts "#{RUBY_VERSION}, openssl #{OpenSSL::VERSION}"
when 'verify'
  store = OpenSSL::X509::Store.new
  store.add_file(files[0])
  store.purpose = OpenSSL::X509::PURPOSE_ANY
  pkcs7 = OpenSSL::PKCS7.new(read[files[1]])
  abort pkcs7.error_string.to_s unless pkcs7.verify([], store, nil, OpenSSL::PKCS7::BINARY) == true
  print pkcs7.data
else
  certificate = OpenSSL::X509::Certificate.new(read[files[0]])
  key = OpenSSL::PKey.read(read[files[1]])
  print OpenSSL::PKCS7.sign(certificate, key, read[files[2]], [], OpenSSL::PKCS7::BINARY).to_der
end
