// SPDX-License-Identifier: Apache-2.0
#include "delivery/s3.hpp"

#include "delivery/signature.hpp"

#include "io/clock.hpp"

#include "base/check.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <utility>

namespace nlb::delivery {

namespace {

constexpr std::size_t kLongestAnswer = 65'536;
constexpr long kConnectTimeout = 10; ///< seconds
constexpr long kSilenceTimeout = 30; ///< seconds with less than a byte each
constexpr long kAnswerOk = 300;      ///< statuses below are success
constexpr long kNotFound = 404;

struct HeaderCloser {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using HeaderList = std::unique_ptr<curl_slist, HeaderCloser>;

std::size_t take_answer(char* bytes, std::size_t size, std::size_t count, void* to) {
    auto* body = static_cast<std::string*>(to);
    const std::size_t room = kLongestAnswer - std::min(kLongestAnswer, body->size());
    body->append(bytes, std::min(room, size * count));
    return size * count;
}

std::size_t give_body(char* to, std::size_t size, std::size_t count, void* from) {
    auto* left = static_cast<std::string_view*>(from);
    const std::size_t n = std::min(left->size(), size * count);
    std::memcpy(to, left->data(), n);
    left->remove_prefix(n);
    return n;
}

/// libcurl asks at least once a second.
int is_stopped(void* stopped, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<const std::atomic<bool>*>(stopped) ? 1 : 0;
}

HeaderList list_of(const std::map<std::string, std::string>& headers) {
    HeaderList list;
    for (const auto& [name, value] : headers) {
        const std::string line = std::string(name).append(": ").append(value);
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        NLB_CHECK(longer != nullptr);
        (void)list.release();
        list.reset(longer);
    }
    return list;
}

std::string_view content_type(std::string_view name) {
    if (name.ends_with(envelope::kSuffix)) return "application/cms";
    if (name.ends_with(".gz")) return "application/x-gzip";
    return name.ends_with(".zst") ? "application/zstd" : "text/plain";
}

} // namespace

struct S3::Connection {
    CURL* easy = nullptr;
    std::array<char, CURL_ERROR_SIZE> why{};

    Connection() {
        static std::once_flag once;
        std::call_once(once, [] { NLB_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
        easy = curl_easy_init();
        NLB_CHECK(easy != nullptr);
    }

    ~Connection() { curl_easy_cleanup(easy); }

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    template <class T>
    void set(CURLoption option, T value) const {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libcurl's interface
        NLB_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
    }
};

S3::S3(Options options)
    : options_(std::move(options)), connection_(std::make_unique<Connection>()) {
}

S3::~S3() = default;

/// Sets the options of one request; connections are kept over a reset.
Result<S3::Answer> S3::perform(const std::string& url, std::string_view body,
                               const Headers& headers) {
    Connection& c = *connection_;
    Answer answer;
    const HeaderList list = list_of(headers);
    curl_easy_reset(c.easy);
    c.why[0] = '\0';
    c.set(CURLOPT_ERRORBUFFER, c.why.data());
    c.set(CURLOPT_URL, url.c_str());
    c.set(CURLOPT_PROTOCOLS_STR, "http,https");
    c.set(CURLOPT_PATH_AS_IS, 1L); // what is signed is what is sent
    c.set(CURLOPT_NOSIGNAL, 1L);   // a thread must not get SIGALRM
    c.set(CURLOPT_CONNECTTIMEOUT, kConnectTimeout);
    c.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    c.set(CURLOPT_LOW_SPEED_TIME, kSilenceTimeout);
    c.set(CURLOPT_UPLOAD, 1L); // PUT
    c.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
    c.set(CURLOPT_READFUNCTION, &give_body);
    c.set(CURLOPT_READDATA, &body);
    c.set(CURLOPT_WRITEFUNCTION, &take_answer);
    c.set(CURLOPT_WRITEDATA, &answer.body);
    c.set(CURLOPT_HTTPHEADER, list.get());
    c.set(CURLOPT_USERAGENT, "nlb-logs");
    c.set(CURLOPT_NOPROGRESS, 0L);
    c.set(CURLOPT_XFERINFOFUNCTION, &is_stopped);
    c.set(CURLOPT_XFERINFODATA, &stopped_);
    c.set(CURLOPT_QUICK_EXIT, 1L); // no waiting for a resolver that does not answer
    const CURLcode rc = curl_easy_perform(c.easy);
    if (rc == CURLE_ABORTED_BY_CALLBACK) return fail(Errc::System, "no answer before the end");
    if (rc != CURLE_OK)
        return fail(Errc::System, c.why[0] != '\0' ? c.why.data() : curl_easy_strerror(rc));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): libcurl's interface
    curl_easy_getinfo(c.easy, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

/// Signs and sends a PUT.
Result<S3::Answer> S3::send(const std::string& url, std::string_view body, Headers headers) {
    if (stopped_) return fail(Errc::System, "not tried any more");
    auto credentials = find_credentials(options_.environment);
    if (!credentials) return tl::unexpected<Error>(credentials.error());
    const std::size_t host = url.find("://") + 3;
    const std::size_t path = url.find('/', host);
    headers["host"] = url.substr(host, path - host);
    headers["x-amz-date"] = amz_date({io::unix_ms()});
    headers["x-amz-content-sha256"] = sha256_hex(body, 32);
    if (!credentials->session_token.empty())
        headers["x-amz-security-token"] = credentials->session_token;
    SignableRequest request{"PUT", url.substr(path), std::move(headers)};
    std::string signed_by = authorization(request, options_.region, *credentials);
    request.headers["authorization"] = std::move(signed_by);
    return perform(url, body, request.headers);
}

Result<void> S3::put_bytes(const std::string& bucket, const std::string& key,
                           std::string_view bytes, std::string_view type) {
    const std::string attempt = "put s3://" + bucket + '/' + key;
    if (!is_bucket_name(bucket)) return fail(Errc::Usage, attempt + ": no name of a bucket");
    const std::string url = object_url(options_.endpoint, bucket, key);
    Headers headers{{"x-amz-acl", "bucket-owner-full-control"},
                    {"content-type", std::string(type)}};
    if (!options_.sse.empty()) headers["x-amz-server-side-encryption"] = options_.sse;
    if (!options_.sse_kms_key_id.empty())
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = options_.sse_kms_key_id;
    auto answer = send(url, bytes, headers);
    if (answer && answer->status == kNotFound && options_.create_bucket &&
        element(answer->body, "Code") == "NoSuchBucket") {
        if (auto made = make_bucket(bucket); !made) return made;
        answer = send(url, bytes, headers);
    }
    if (!answer) return forward(answer.error(), attempt);
    if (answer->status >= kAnswerOk)
        return fail(Errc::System, attempt + ": " + answer_text(answer->status, answer->body));
    return {};
}

Result<void> S3::make_bucket(const std::string& bucket) {
    std::string body;
    if (options_.region != "us-east-1") { // which has no name as a constraint
        body = R"(<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)"
               "<LocationConstraint>" +
               options_.region + "</LocationConstraint></CreateBucketConfiguration>";
    }
    auto answer = send(object_url(options_.endpoint, bucket, {}), body, {});
    const std::string attempt = "create bucket " + bucket;
    if (!answer) return forward(answer.error(), attempt);
    if (answer->status >= kAnswerOk)
        return fail(Errc::System, attempt + ": " + answer_text(answer->status, answer->body));
    return {};
}

Result<std::string> S3::put(const Object& object, WallTime now) {
    const Place& place = object.head.place;
    const std::string key =
        accesslog::file_folder(object.head.label, place.prefix, now) + object.name;
    auto done = put_bytes(place.bucket, key, object.bytes, content_type(object.name));
    if (!done) return tl::unexpected<Error>(done.error());
    return "s3://" + place.bucket + '/' + key;
}

Result<void> S3::check(const Place& place, const std::string& account) {
    const std::string key =
        accesslog::account_folder(account, place.prefix) + "ELBAccessLogTestFile";
    return put_bytes(place.bucket, key, "Access logging is enabled for this place.\n",
                     "text/plain");
}

} // namespace nlb::delivery
