// SPDX-License-Identifier: Apache-2.0
// Texts of the S3 interface, against the examples of its documentation.
#include "delivery/credentials.hpp"
#include "delivery/s3_text.hpp"
#include "delivery/signature.hpp"

#include "base/digest.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;           // NOLINT(google-build-using-namespace)
using namespace nlb::delivery; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(s3)

BOOST_AUTO_TEST_CASE(the_published_example_of_a_put_has_its_signature) {
    // [AWS: Signature Calculations for the Authorization Header, Example: PUT Object]
    const Credentials credentials{"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", ""};
    const SignableRequest request{
        "PUT",
        "/" + encode_key("test$file.text"),
        {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
         {"host", "examplebucket.s3.amazonaws.com"},
         {"x-amz-content-sha256", sha256_hex("Welcome to Amazon S3.", 32)},
         {"x-amz-date", amz_date({1'369'353'600'000})},
         {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}};
    BOOST_TEST(authorization(request, "us-east-1", credentials) ==
               "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
               "aws4_request,SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;"
               "x-amz-storage-class,Signature="
               "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

BOOST_AUTO_TEST_CASE(keys_are_encoded_byte_by_byte) {
    const auto endpoint = parse_endpoint("http://s3.example:9000/", "", false);
    BOOST_REQUIRE(endpoint.has_value());
    BOOST_TEST(object_url(*endpoint, "logs", "a b/c+d=\xc3\xa4") ==
               "http://logs.s3.example:9000/a%20b/c%2Bd%3D%C3%A4");
}

BOOST_AUTO_TEST_CASE(a_bucket_is_in_the_host_name_where_that_can_be) {
    const auto url = [](std::string_view endpoint, bool path_style) {
        return object_url(*parse_endpoint(endpoint, "eu-west-1", path_style), "logs", "k");
    };
    BOOST_TEST(url("", false) == "https://logs.s3.eu-west-1.amazonaws.com/k");
    BOOST_TEST(url("", true) == "https://s3.eu-west-1.amazonaws.com/logs/k");
    BOOST_TEST(url("http://127.0.0.1:9000", false) == "http://127.0.0.1:9000/logs/k");
    BOOST_TEST(url("http://[::1]:9000", false) == "http://[::1]:9000/logs/k");
    BOOST_TEST(url("http://localhost:9000", false) == "http://localhost:9000/logs/k");
}

BOOST_AUTO_TEST_CASE(what_is_no_endpoint_is_refused) {
    for (const char* url : {"s3.example", "ftp://x", "http://", "http://a/b", "http://u@h",
                            "https://a?b", "http://a b"})
        BOOST_TEST(!parse_endpoint(url, "", false).has_value(), url);
}

BOOST_AUTO_TEST_CASE(names_of_buckets) {
    BOOST_TEST(is_bucket_name("my-logs.1"));
    for (const std::string& name : {std::string("ab"), std::string("-ab"), std::string("ab."),
                                    std::string("aBc"), std::string("a/b"), std::string(64, 'a')})
        BOOST_TEST(!is_bucket_name(name), name);
}

BOOST_AUTO_TEST_CASE(an_answer_is_told_in_one_printable_line) {
    BOOST_TEST(answer_text(403, "<Error><Code>AccessDenied</Code><Message>Access\nDenied</Message>"
                                "</Error>") == "403 AccessDenied: Access?Denied");
    BOOST_TEST(answer_text(500, "<html>") == "500");
    BOOST_TEST(answer_text(500, "<Code>x") == "500");
}

BOOST_AUTO_TEST_CASE(a_profile_ends_where_the_next_begins) {
    constexpr std::string_view kText = "# comment\n[profile a]\nregion = x\n;region = y\nkey\n"
                                       " aws_access_key_id=1=2 \r\n[b]\nregion=z\n[a]\nregion=w\n";
    const auto profile = find_profile(kText, "a");
    BOOST_REQUIRE(profile.has_value());
    BOOST_TEST(profile->at("region") == "x");
    BOOST_TEST(profile->at("aws_access_key_id") == "1=2");
    BOOST_TEST(find_profile(kText, "b")->at("region") == "z");
    BOOST_TEST(!find_profile(kText, "c").has_value());
}

BOOST_AUTO_TEST_CASE(half_a_key_or_a_strange_one_is_refused) {
    const auto found = [](const char* id, const char* secret) {
        return find_credentials([=](const char* name) -> std::string {
            if (std::string_view(name) == "AWS_ACCESS_KEY_ID") return id;
            if (std::string_view(name) == "AWS_SECRET_ACCESS_KEY") return secret;
            return "/nonexistent";
        });
    };
    BOOST_TEST((found("id", "").error().code == Errc::Usage));
    BOOST_TEST((found("id", "a\nX-Header: b").error().code == Errc::Usage));
    BOOST_TEST((found("", "").error().code == Errc::Usage));
}

BOOST_AUTO_TEST_CASE(policies_name_the_place_and_who_delivers) {
    const PolicyOptions service{"my-bucket", "p", "123456789012", "us-east-2", ""};
    const std::string text = bucket_policy(service);
    BOOST_TEST(text.find(R"("arn:aws:s3:::my-bucket/p/AWSLogs/123456789012/*")") !=
               std::string::npos);
    BOOST_TEST(text.find("arn:aws:logs:us-east-2:123456789012:*") != std::string::npos);
    PolicyOptions user = service;
    user.principal = "arn:aws:iam::123456789012:user/nlb";
    BOOST_TEST(bucket_policy(user).find("aws:SourceArn") == std::string::npos);
    BOOST_TEST(key_policy(user).find(user.principal) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
