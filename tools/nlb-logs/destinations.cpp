// SPDX-License-Identifier: Apache-2.0
#include "destinations.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <cstdlib>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr ? std::string() : value;
}

WallTime wall_now() {
    return {io::unix_ms()};
}

} // namespace

Result<Destinations> Destinations::open(const CollectOptions& options) {
    Destinations made;
    if (options.directory.empty()) {
        if (auto opened = made.open_buckets(options); !opened)
            return tl::unexpected<Error>(opened.error());
        return made;
    }
    if (!options.bucket.empty())
        return fail(Errc::Usage, "--directory and --bucket: one of them, not both");
    auto directory = delivery::Directory::open(options.directory);
    if (!directory) return tl::unexpected<Error>(directory.error());
    made.directory_ = std::move(*directory);
    return made;
}

Result<void> Destinations::open_buckets(const CollectOptions& options) {
    if (options.retention_days != 0)
        return fail(Errc::Usage,
                    "--retention-days is for --directory; buckets have lifecycle rules");
    if (options.spool.empty())
        return fail(Errc::Usage, "--spool is needed: entries wait there for their bucket");
    if (!options.bucket.empty() && !delivery::is_bucket_name(options.bucket))
        return fail(Errc::Usage, "--bucket " + in_quotes(options.bucket) +
                                     " must be 3 to 63 lower-case letters, digits, dots and "
                                     "hyphens");
    if (!options.sse_kms_key_id.empty() && options.sse != "aws:kms")
        return fail(Errc::Usage, "--sse-kms-key-id is for --sse aws:kms");
    std::string url = options.endpoint;
    for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
        if (url.empty()) url = variable(name);
    }
    std::string region = delivery::find_region(variable);
    if (region.empty()) region = options.region.empty() ? "us-east-1" : options.region;
    auto endpoint = delivery::parse_endpoint(url, region, options.path_style);
    if (!endpoint) return tl::unexpected<Error>(endpoint.error());
    if (auto known = delivery::find_credentials(variable); !known)
        return tl::unexpected<Error>(known.error());
    buckets_ = std::make_unique<delivery::S3>(
        delivery::S3::Options{std::move(*endpoint), std::move(region), variable, options.sse,
                              options.sse_kms_key_id, options.create_bucket});
    return {};
}

std::vector<sandbox::Folder> Destinations::folders(const CollectOptions& options) {
    if (!options.directory.empty()) return {{options.directory, true, true}};
    // The resolver and its modules, and whom TLS trusts; all of /etc, because its files are
    // replaced.
    std::vector<sandbox::Folder> folders = {{"/etc"},
                                            {"/run/systemd/resolve"},
                                            {"/run/NetworkManager"},
                                            {"/usr/lib"},
                                            {"/usr/lib64"},
                                            {"/usr/share/ca-certificates"},
                                            {"/usr/local/share/ca-certificates"}};
    for (const std::string& file : delivery::credential_files(variable)) {
        const auto more = sandbox::folders_of(file);
        folders.insert(folders.end(), more.begin(), more.end());
    }
    return folders;
}

Result<std::string> Destinations::put(const delivery::Object& object) {
    const bool to_bucket = !object.head.place.bucket.empty();
    if (to_bucket && buckets_) return buckets_->put(object, wall_now());
    if (!to_bucket && directory_) return directory_->put(object, wall_now());
    return fail(Errc::Usage, object.name + " is for " +
                                 (to_bucket ? "bucket " + object.head.place.bucket
                                            : std::string("a directory")) +
                                 ", which this process was not started for");
}

Result<void> Destinations::check(const delivery::Place& place, const std::string& account) {
    if (!buckets_) return {};
    auto checked = buckets_->check(place, account);
    return checked ? checked : forward(checked.error(), "write check");
}

void Destinations::stop() {
    if (buckets_) buckets_->stop();
}

Result<void> Destinations::expire(std::uint64_t days) const {
    if (!directory_) return {};
    const auto removed = directory_->remove_older(
        wall_now().after_seconds(-static_cast<std::int64_t>(days) * 86'400));
    if (!removed) return forward(removed.error(), "--retention-days");
    return {};
}
