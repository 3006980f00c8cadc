// SPDX-License-Identifier: Apache-2.0
#include "envelope/envelope.hpp"

#include "envelope/form.hpp"

#include "base/text.hpp"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

namespace nlb::envelope {

namespace {

constexpr std::size_t kChunk = 65'536;

template <auto free>
struct Closer {
    template <class T>
    void operator()(T* object) const {
        free(object);
    }
};

using File = std::unique_ptr<std::FILE, Closer<&std::fclose>>;
using Bio = std::unique_ptr<BIO, Closer<&BIO_free_all>>;
using Message = std::unique_ptr<CMS_ContentInfo, Closer<&CMS_ContentInfo_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Closer<&EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Closer<&X509_free>>;

Result<File> open_file(const std::string& path) {
    File file(std::fopen(path.c_str(), "re"));
    if (!file) return fail(Errc::System, "open " + in_quotes(path), errno);
    return file;
}

Bio reads(std::span<const std::uint8_t> bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string content(BIO* memory) {
    char* bytes = nullptr;
    const long n = BIO_get_mem_data(memory, &bytes);
    return n > 0 ? std::string(bytes, static_cast<std::size_t>(n)) : std::string();
}

int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

/// RSA as of today: OAEP with SHA-256 [RFC 3560]. Other keys have one way.
bool add_recipient(CMS_ContentInfo* message, X509* certificate) {
    CMS_RecipientInfo* recipient = CMS_add1_recipient_cert(message, certificate, CMS_KEY_PARAM);
    if (recipient == nullptr) return false;
    if (EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) != EVP_PKEY_RSA) return true;
    EVP_PKEY_CTX* way = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    return way != nullptr && EVP_PKEY_CTX_set_rsa_padding(way, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(way, EVP_sha256()) > 0;
}

} // namespace

struct Certificate::Impl {
    X509Ptr x509;
};

struct Key::Impl {
    Pkey key;
};

Result<Certificate> Certificate::load(const std::string& path) {
    auto file = open_file(path);
    if (!file) return tl::unexpected<Error>(file.error());
    X509Ptr x509(PEM_read_X509(file->get(), nullptr, nullptr, nullptr));
    if (!x509) return fail(Errc::Usage, in_quotes(path) + " is no certificate in PEM");
    Certificate made(std::make_shared<const Impl>(Impl{std::move(x509)}));
    if (!made.encrypt("x"))
        return fail(Errc::Usage, in_quotes(path) + " has a key that nothing can be encrypted to; "
                                                   "RSA and elliptic curves are for that");
    return made;
}

Result<std::string> Certificate::encrypt(std::string_view text) const {
    constexpr unsigned kHow = CMS_BINARY | CMS_PARTIAL;
    const Message message(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), kHow));
    const Bio in = reads({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    const Bio out(BIO_new(BIO_s_mem()));
    if (!message || !in || !out || !add_recipient(message.get(), impl_->x509.get()) ||
        CMS_final(message.get(), in.get(), nullptr, kHow) != 1 ||
        i2d_CMS_bio(out.get(), message.get()) != 1)
        return fail(Errc::System, "encrypt " + std::to_string(text.size()) + " bytes");
    return content(out.get());
}

Result<Key> Key::load(const std::string& path) {
    auto file = open_file(path);
    if (!file) return tl::unexpected<Error>(file.error());

    struct stat status {};

    if (::fstat(::fileno(file->get()), &status) != 0)
        return fail(Errc::System, "look at " + in_quotes(path), errno);
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        return fail(Errc::Usage, in_quotes(path) + " is open to others; a key must not be: chmod "
                                                   "go-w,o-rwx");
    bool has_passphrase = false;
    Pkey key(PEM_read_PrivateKey(file->get(), nullptr, &no_passphrase, &has_passphrase));
    if (has_passphrase)
        return fail(Errc::Usage, in_quotes(path) + " needs a passphrase; a key without is wanted");
    if (!key) return fail(Errc::Usage, in_quotes(path) + " is no private key in PEM");
    return Key(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<std::string> Key::decrypt(std::span<const std::uint8_t> message) const {
    if (auto sound = check_form(message); !sound) return tl::unexpected<Error>(sound.error());
    const Bio in = reads(message);
    const Message parsed(d2i_CMS_bio(in.get(), nullptr));
    const Bio out(BIO_new(BIO_s_mem()));
    if (!parsed || !out) return fail(Errc::Data, "the encrypted data is damaged");
    // Whatever came out before the tag was looked at goes with `out`.
    if (CMS_decrypt(parsed.get(), impl_->key.get(), nullptr, nullptr, out.get(), CMS_BINARY) != 1)
        return fail(Errc::Data, "the encrypted data was changed, or is for another key");
    return content(out.get());
}

namespace {

class Opener {
  public:
    Opener(compress::ByteSource source, const Key* key) : source_(std::move(source)), key_(key) {}

    Result<std::size_t> read(std::span<std::uint8_t> out) {
        if (!is_known_) {
            if (auto known = recognise(); !known) return tl::unexpected<Error>(known.error());
            is_known_ = true;
        }
        if (at_ == held_.size()) return is_message_ ? 0 : source_(out);
        const std::size_t n = std::min(held_.size() - at_, out.size());
        std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(at_), n, out.begin());
        at_ += n;
        if (at_ == held_.size()) held_ = {};
        if (held_.empty()) at_ = 0;
        return n;
    }

  private:
    /// False at the end of the source.
    Result<bool> more() {
        const std::size_t before = held_.size();
        held_.resize(before + kChunk);
        auto n = source_(std::span(held_).subspan(before));
        held_.resize(before + (n ? *n : 0));
        if (!n) return tl::unexpected<Error>(n.error());
        return *n > 0;
    }

    /// No line waits for a later one: the first bytes of an entry tell that it is none.
    Result<void> recognise() {
        Match what = Match::TooShort;
        while (what == Match::TooShort) {
            auto came = more();
            if (!came) return tl::unexpected<Error>(came.error());
            what = *came ? match(held_) : Match::No;
        }
        is_message_ = what == Match::Yes;
        return is_message_ ? decrypt() : Result<void>();
    }

    Result<void> decrypt() {
        if (key_ == nullptr) return fail(Errc::Data, "encrypted, and there is no --key");
        for (bool goes_on = true; goes_on;) {
            auto came = more();
            if (!came) return tl::unexpected<Error>(came.error());
            goes_on = *came;
            if (held_.size() > kMostBytes)
                return fail(Errc::Data, "the encrypted data has more than 128 MiB");
        }
        auto text = key_->decrypt(held_);
        if (!text) return tl::unexpected<Error>(text.error());
        held_.assign(text->begin(), text->end());
        return {};
    }

    compress::ByteSource source_;
    const Key* key_;
    std::vector<std::uint8_t> held_; ///< from at_ on not given out yet
    std::size_t at_ = 0;
    bool is_known_ = false;
    bool is_message_ = false;
};

} // namespace

compress::ByteSource opened(compress::ByteSource source, const Key* key) {
    return [opener = std::make_shared<Opener>(std::move(source), key)](
               std::span<std::uint8_t> out) { return opener->read(out); };
}

} // namespace nlb::envelope
