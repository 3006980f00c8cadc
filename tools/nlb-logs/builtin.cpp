// SPDX-License-Identifier: Apache-2.0
// nlb-logs top, hist, timeline, slow, tls, errors, stats, tail: the questions people ask, as
// clauses of the query language.
#include "commands.hpp"
#include "reading.hpp"

#include <limits>
#include <map>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

struct Asked {
    Reading reading;
    query::Clauses clauses;
    std::string word; ///< what the command is about
    std::uint64_t limit = 10;
};

/// A command whose clauses `make` completes.
template <class Declare, class Make>
app::Command command(const std::string& name, const std::string& summary, Declare more, Make make) {
    return {name, summary, [more, make](app::Options& declare) {
                auto asked = std::make_shared<Asked>();
                more(declare, *asked);
                declare_reading(declare, asked->reading);
                declare_formats(declare, asked->reading);
                declare.text("--where", asked->clauses.where, {"CONDITION"}, "Only these entries");
                return [asked, make](app::Context& context) {
                    make(*asked);
                    return answer(context, asked->reading, asked->clauses);
                };
            }};
}

void declare_limit(app::Options& declare, Asked& asked, const std::string& help) {
    declare.number("--limit", asked.limit, {0, kMost}, {"N"}, help);
}

void only(query::Clauses& clauses, const std::string& condition) {
    clauses.where = clauses.where.empty() ? condition : condition + " and (" + clauses.where + ")";
}

void nothing_more(app::Options&, Asked&) {
}

} // namespace

app::Command top_command() {
    return command(
        "top", "Show who or what has the most connections",
        [](app::Options& declare, Asked& asked) {
            declare.choice("WHAT", asked.word, {"clients", "targets", "domains", "certificates"},
                           {"", true}, "clients, targets, domains or certificates");
            declare_limit(declare, asked, "At most so many (default: 10)");
        },
        [](Asked& asked) {
            const std::map<std::string, std::string> fields = {{"clients", "client_ip"},
                                                               {"targets", "destination_ip"},
                                                               {"domains", "domain_name"},
                                                               {"certificates", "chosen_cert_arn"}};
            asked.clauses.group_by = fields.at(asked.word);
            asked.clauses.select = fields.at(asked.word) +
                                   ", sum(received_bytes) as received_bytes, sum(sent_bytes) as "
                                   "sent_bytes, count as connections";
            asked.clauses.order_by = "connections desc";
            asked.clauses.limit = asked.limit;
            asked.reading.shows_bars = true;
        });
}

app::Command hist_command() {
    return command(
        "hist", "Show how the values of a field are spread",
        [](app::Options& declare, Asked& asked) {
            declare.text("FIELD", asked.word, {"", true},
                         "A number, such as tls_handshake_time or sent_bytes");
        },
        [](Asked& asked) {
            asked.clauses.group_by = "steps(" + asked.word + ")";
            asked.clauses.select =
                asked.clauses.group_by + " as from_" +
                (asked.word.find_first_of(" +-*/()") == std::string::npos ? asked.word : "value") +
                ", count as connections";
            only(asked.clauses, asked.word + " is not null");
            asked.reading.shows_bars = true;
        });
}

app::Command timeline_command() {
    return command(
        "timeline", "Show connections over time",
        [](app::Options& declare, Asked& asked) {
            asked.word = "5m";
            declare.text("--every", asked.word, {"SPAN"}, "Width of a row (default: 5m)");
        },
        [](Asked& asked) {
            asked.clauses.group_by = "time(" + asked.word + ")";
            asked.clauses.select = asked.clauses.group_by +
                                   " as time, count(distinct client_ip) as clients, "
                                   "sum(received_bytes) as received_bytes, sum(sent_bytes) as "
                                   "sent_bytes, count as connections";
            asked.reading.shows_bars = true;
            asked.reading.shows_spark = true;
        });
}

app::Command slow_command() {
    return command(
        "slow", "Show the longest handshakes or connections",
        [](app::Options& declare, Asked& asked) {
            asked.word = "tls_handshake_time";
            declare.choice("--by", asked.word, {"tls_handshake_time", "connection_time"}, {"FIELD"},
                           "tls_handshake_time (default) or connection_time");
            declare_limit(declare, asked, "At most so many (default: 10)");
        },
        [](Asked& asked) {
            asked.clauses.select = "time, client:port, destination:port, domain_name, "
                                   "tls_protocol_version, connection_time, tls_handshake_time";
            only(asked.clauses, asked.word + " is not null");
            asked.clauses.order_by = asked.word + " desc";
            asked.clauses.limit = asked.limit;
        });
}

app::Command tls_command() {
    return command("tls", "Show which versions and ciphers are in use", nothing_more,
                   [](Asked& asked) {
                       only(asked.clauses, "tls_protocol_version is not null");
                       asked.clauses.group_by = "tls_protocol_version, tls_cipher, tls_named_group";
                       asked.clauses.select = asked.clauses.group_by +
                                              ", distinct(client_ip) as clients, max(time) as "
                                              "last, count as connections";
                       asked.clauses.order_by = "tls_protocol_version, connections desc";
                       asked.reading.shows_bars = true;
                   });
}

app::Command errors_command() {
    return command(
        "errors", "Show handshakes that failed",
        [](app::Options& declare, Asked& asked) {
            declare_limit(declare, asked, "At most so many (default: 10)");
        },
        [](Asked& asked) {
            only(asked.clauses, "tls_protocol_version is null");
            asked.clauses.group_by = "client_ip, domain_name, incoming_tls_alert";
            asked.clauses.select =
                asked.clauses.group_by + ", min(time) as first, max(time) as last, count as failed";
            asked.clauses.order_by = "failed desc";
            asked.clauses.limit = asked.limit;
        });
}

app::Command stats_command() {
    return command("stats", "Show totals of everything", nothing_more, [](Asked& asked) {
        asked.clauses.select =
            "count as connections, count - count(tls_protocol_version) as failed, min(time) as "
            "first, max(time) as last, distinct(client_ip) as clients, distinct(domain_name) as "
            "domains, sum(received_bytes) as received_bytes, sum(sent_bytes) as sent_bytes, "
            "p50(tls_handshake_time) as handshake_p50, p99(tls_handshake_time) as handshake_p99, "
            "p50(connection_time) as connection_p50, p99(connection_time) as connection_p99";
    });
}

app::Command tail_command() {
    return command(
        "tail", "Print the latest entries",
        [](app::Options& declare, Asked& asked) {
            declare.number("-n,--lines", asked.limit, {0, 1'000'000}, {"N"},
                           "At most so many (default: 10)");
            declare_follow(declare, asked.reading);
        },
        [](Asked& asked) {
            const Reading& shown = asked.reading;
            asked.reading.raw = !shown.json && !shown.csv && !shown.tsv;
            asked.clauses.order_by = "time desc";
            asked.clauses.limit = asked.limit;
            asked.reading.turned_round = true;
        });
}
