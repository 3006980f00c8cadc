// SPDX-License-Identifier: Apache-2.0
// Encrypted to the owner of a certificate: CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084).
// Who encrypts holds no secret. It protects what is said, and from changes; it does not prove who
// wrote it: everybody with the certificate can.
#pragma once

#include "compress/source.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace nlb::envelope {

constexpr std::string_view kSuffix = ".cms"; ///< of file names [RFC 7193]

/// Bytes of a message that are read at most: twice a log file that was not compressed.
constexpr std::size_t kMostBytes = 128U << 20U;

/// A recipient. May be used by several threads.
class Certificate {
  public:
    /// From a PEM file, with a key of RSA or an elliptic curve; its dates are not looked at.
    /// Errors: System when it cannot be read; Usage when it is no such certificate.
    static Result<Certificate> load(const std::string& path);

    /// The message, which is in memory twice meanwhile. Errors: System.
    [[nodiscard]] Result<std::string> encrypt(std::string_view text) const;

  private:
    struct Impl;

    explicit Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<const Impl> impl_;
};

/// What decrypts. May be used by several threads.
class Key {
  public:
    /// From a PEM file without a passphrase, which others must not be able to read or write.
    /// Errors: System when it cannot be read; Usage when it is no key, or others can.
    static Result<Key> load(const std::string& path);

    /// The text, once all of it is known to be as it was written. Errors: Data.
    [[nodiscard]] Result<std::string> decrypt(std::span<const std::uint8_t> message) const;

  private:
    struct Impl;

    explicit Key(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<const Impl> impl_;
};

/// What `source` gives, decrypted when it begins as a message, which is in memory as a whole then.
/// Without a `key`, which may be null and outlives the result otherwise, that is an error. Errors:
/// Data; those of the source.
compress::ByteSource opened(compress::ByteSource source, const Key* key);

} // namespace nlb::envelope
